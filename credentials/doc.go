// Package credentials exchanges the ID tokens of Amazon Cognito user pools for
// temporary AWS credentials, and signs requests with them. It knows neither
// Caddy nor a logger and can be used on its own.
//
// A [Provider] makes the exchange: [IdentityPool] through a Cognito identity
// pool, [WebIdentity] through STS AssumeRoleWithWebIdentity, at AWS or at a store
// that speaks the same protocol. A [Cache] in front of it keeps the credentials
// of each user, refreshes them ahead of time, and never gives one user those of
// another. A [Sender] signs requests with Signature Version 4 and sends them; a
// [Grant] signs one, or a URL.
//
// The calls and the signature are those of aws-sdk-go-v2.
package credentials
