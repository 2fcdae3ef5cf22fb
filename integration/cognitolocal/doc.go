// Package cognitolocal is a local Amazon Cognito user pool as a library, for
// tests and demonstrations that must run offline.
//
// A [Server] is an http.Handler with the endpoints of a user pool:
//
//   - POST / with an X-Amz-Target header: InitiateAuth (password and refresh
//     flows), GetTokensFromRefreshToken, RevokeToken and GetUser;
//   - GET /<pool ID>/.well-known/jwks.json, the key set;
//   - GET /<pool ID>/.well-known/openid-configuration.
//
// Behind it stands a [Pool] with users, groups and app clients, which a test
// may change at any time. The SDKs of AWS and amazon-cognito-identity-js work
// against it when their endpoint is set to the base URL.
//
// It aims to behave as Cognito does, also where that is inconvenient: a client
// without AuthFlows cannot sign in with a password, refresh tokens are opaque,
// the two tokens of a session are signed by different keys, an app client with
// a secret wants SECRET_HASH, five wrong passwords lock the name, groups
// change at the next refresh, and revocation is invisible to a verifier that
// works offline. What AWS does not document is decided here and said in a
// comment: a disabled or unconfirmed user is told so only after the right
// password, and revoking an unknown token succeeds.
//
// Tests can go where Cognito would not let them. [Pool.IDToken],
// [Pool.AccessToken], [Pool.OAuthAccessToken] and [Pool.MachineToken] mint
// tokens with changed claims, [Pool.Sign] signs any bytes, and
// [Pool.RotateKeys] and its kin play out key rotations. [Server.SetFault]
// makes one endpoint hang, fail, redirect or talk nonsense, [Server.Requests]
// counts what reached it, and [Server.SetErrorForm] varies the form of errors.
//
// Not served: SRP, challenges, the hosted pages with their OAuth endpoints,
// sign-up, administrative operations and identity pools.
//
// Passwords are kept in the clear. This is a test double: never let it face a
// network, and never trust its keys outside tests.
package cognitolocal
