// Package visitor is what the edge must know of a visitor around a sign-in,
// before it knows who he is.
//
//   - [Navigates] tells whether a person looks at the answer, so that a redirect
//     to a page makes sense.
//   - [Targets] judges where users want to go after they signed in, and [Of] says
//     where they wanted to go when they had to.
//   - [Limiter] bounds attempts to sign in.
//
// The package knows neither Caddy nor a logger. It keeps no name of a user and no
// address that anybody could read.
package visitor
