// Package peerjose sets the verifier beside a JOSE implementation that nobody
// here wrote, go-jose, under fuzzing: what that refuses, we must not accept. It
// holds tests alone.
package peerjose
