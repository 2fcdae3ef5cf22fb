// Package plugin holds the Caddy modules for Amazon Cognito: the app cognito with
// the user pools, the handlers cognito_auth and cognito_strip, the matcher
// cognito, an authentication provider, and the admin endpoints.
//
// What happens to a request: a token is found ([tokenSource]), verified
// (package verifier), checked against the requirements, and its claims become
// identity headers ([identityHeaders]) and placeholders. Everything that is
// shared between configurations, so that a reload loses nothing, is in
// userpool.go and keyset.go.
package plugin
