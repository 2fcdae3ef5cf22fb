// Package cognitolocal is a local Amazon Cognito user pool as a library, with
// identity pools and an STS beside it, for tests and demonstrations that must
// run offline.
//
// A [Server] is an http.Handler with the endpoints of these services:
//
//   - POST / with an X-Amz-Target header: InitiateAuth in every flow but the
//     administrators', RespondToAuthChallenge, and the other operations of the
//     user pool that users call without AWS credentials (those of sign-up,
//     passwords, second factors, devices, passkeys and tokens); GetId,
//     GetCredentialsForIdentity and GetOpenIdToken of identity pools;
//   - POST / with a form: AssumeRoleWithWebIdentity of STS;
//   - GET /<pool ID>/.well-known/jwks.json, the key set;
//   - GET /<pool ID>/.well-known/openid-configuration;
//   - GET /.well-known/jwks_uri, the key set of the identity pools;
//   - the pool's domain: /oauth2/authorize, /login, /logout, /oauth2/token,
//     /oauth2/userInfo, /oauth2/revoke, and /oauth2/idpresponse and
//     /saml2/idpresponse for the fakes of other identity providers, which live
//     below /idp/.
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
// comment, or left to the test by [Pool.SetRotationVariant]: a disabled or
// unconfirmed user is told so only after the right password, unless
// [Variants.StatusFirst] is set, and revoking an unknown token succeeds.
//
// The hosted pages are plain forms, which a browser or a program fills in. After
// the password they ask for what the user's state wants: a new password with the
// required attributes, which second factor, its code, or to set one up.
//
// [SignIn] says how users sign in: which second factors, first factors and
// devices, what a password looks like, and the rules that play the triggers of
// CUSTOM_AUTH ([CustomAuth]). Codes that Cognito would send are in
// [Pool.Outbox] and [Pool.LastCode], [TOTP] and [Pool.CurrentTOTP] are an
// authenticator app, and package authenticator makes passkeys for
// [Pool.AddPasskey]. A pool that tracks devices refreshes a session only for the
// confirmed device that it began with. A Session works once, for its client and
// user, and for three minutes; wrong codes leave it alive, two of them at most.
// Names nobody has are answered with made-up challenges unless the client's
// LegacyUserErrors is set. Where AWS's documents and the service differ,
// [Variants] has both.
//
// [Server.AddIdentityPool] adds an identity pool and [Server.AddRole] a role. Both
// verify tokens as AWS does, and refuse in its words as far as these are known.
// What they issue is a [Session]: a service that is to accept the credentials
// looks the access key up with [Server.Session]. What a role permits, and what a
// session policy takes away, is up to that service.
//
// Tests can go where Cognito would not let them. [Pool.IDToken],
// [Pool.AccessToken], [Pool.OAuthAccessToken] and [Pool.MachineToken] mint
// tokens with changed claims, [Pool.Sign] signs any bytes, and
// [Pool.RotateKeys] and its kin play out key rotations. [Server.SetFault]
// makes one endpoint or operation hang, fail, redirect or talk nonsense,
// [Server.Requests] counts what reached it, and [Server.SetErrorForm] varies the
// form of errors. [Server.RevokeSessions] ends sessions before their time.
//
// Not served: the implicit flow, hosted pages for passkeys, for first factors
// other than the password, for sign-up and for forgotten passwords, changing
// attributes with a token, administrative operations, threat protection,
// principal tags, developer-authenticated identities, and every other action of
// STS.
//
// Passwords are kept in the clear. This is a test double: never let it face a
// network, and never trust its keys outside tests.
package cognitolocal
