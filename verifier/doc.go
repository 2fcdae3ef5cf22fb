// Package verifier verifies the tokens of Amazon Cognito user pools offline,
// against cached key sets. It knows neither Caddy nor a logger and can be used
// on its own.
//
// A [Verifier] checks one user pool: the shape of the token, its algorithm,
// issuer, token use, lifetime, app client, key and signature, in that order, so
// that a token that must be refused is refused as cheaply as possible: every
// check before the last needs no public-key operation. What a route demands on
// top, such as scopes and groups, is a [Requirement], checked on each request.
//
// Keys come from a [KeySet]. [RemoteKeySet] keeps the keys of an issuer fresh in
// the background and never makes a request for a known key wait.
//
// The signature check and the parsing of keys are those of lestrrat-go/jwx; the
// token itself is read here, once and strictly, because general-purpose parsers
// accept much that Cognito never issues (RFC 8725 §2 and §3).
package verifier
