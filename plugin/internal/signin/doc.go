// Package signin speaks the sign-in protocol of Amazon Cognito user pools: the
// rounds of InitiateAuth and RespondToAuthChallenge, and what belongs to an
// account on the way there and back. It knows neither Caddy, nor a logger, nor
// pages.
//
// A [Client] is one app client of one user pool. [Client.Start] opens a sign-in
// and [Client.Answer] answers a challenge; each returns a [Step], which is tokens
// or the next [Challenge] with a [State]. What needs nothing from the user, such
// as the rounds of SRP and of a remembered device, happens within one call.
//
// Nothing is kept between the calls: the State holds all that the next round
// needs. It carries secrets, so whoever hands it to a browser must seal it.
//
// Errors match the sentinels of this package and their text is safe to show. An
// account that does not exist looks like a wrong password, however the user pool
// is configured.
package signin
