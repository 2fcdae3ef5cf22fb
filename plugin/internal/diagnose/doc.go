// Package diagnose says why a token is refused, and what is wrong with a
// configuration and the user pools behind it. It reads the JSON of Caddy and runs
// none of it.
//
// [Read] finds the user pools and everything that refers to them. [Site.Explain]
// is about one token and makes no network calls; [Site.Examine] asks the real
// services, by calls that change nothing and count against no user.
//
// What is printed holds no token, no secret, and nothing that names a user.
package diagnose
