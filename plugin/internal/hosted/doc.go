// Package hosted signs users in through the domain of an Amazon Cognito user
// pool: the authorization code grant of RFC 6749 with PKCE (RFC 7636), as
// RFC 9700 wants it. It knows neither Caddy, nor a logger, nor pages.
//
// A [Client] is one app client behind one domain. [Client.Begin] makes the URL to
// send a browser to, and a [Flow]; [ParseCallback] reads what the browser comes
// back with, and [Client.Exchange] makes tokens of both. The tokens are not
// verified here: whoever verifies the ID token then calls [Flow.CheckNonce].
//
// Nothing is kept between the calls: the Flow holds all that the callback needs.
// It carries secrets, so whoever hands it to a browser must seal it. It can be
// replayed until it expires, but its code works once.
//
// Errors are those of package signin and their text is safe to show. The Detail
// of [signin.ErrMisconfigured] is client, secret, flow or lambda, as there, or
// scope, redirect, attribute or request.
package hosted
