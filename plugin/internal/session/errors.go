package session

import (
	"errors"
	"fmt"
	"time"
)

// Why a sealed value does not open. All of them mean the same to a user: signed
// out, or begin again. None is ever a reason for an error page.
var (
	ErrMalformed  = errors.New("sealed value is malformed")
	ErrUnknownKey = errors.New("sealed value was sealed with an unknown key")
	// ErrForged also covers a value that is genuine but was sealed for another
	// site, pool, cookie or purpose: nobody can tell these apart.
	ErrForged  = errors.New("sealed value was not sealed for this place")
	ErrExpired = errors.New("sealed value is past its lifetime")
	ErrIdle    = errors.New("session was idle for too long")
)

// ErrNoKeys means that a [Keyring] was used before its Start succeeded.
var ErrNoKeys = errors.New("no session keys are known; the keyring was not started")

// Why a session ended. An [EndedError] matches one of them.
var (
	// ErrRefused is for a [RefreshFunc] to return, alone or wrapped: Cognito says
	// definitely that the refresh token is no longer good.
	ErrRefused = errors.New("refresh token was refused")
	ErrSubject = errors.New("refreshed tokens belong to another user")
	// ErrNoRefreshToken means that the tokens expired and nothing can renew them.
	ErrNoRefreshToken = errors.New("session has no refresh token")
)

// ErrTokens means that tokens are not what Cognito issues: one is missing, is no
// JWT or lacks a claim. It says nothing about their signatures.
var ErrTokens = errors.New("tokens are incomplete or unreadable")

var reasons = []struct {
	err  error
	word string
}{
	{ErrMalformed, "malformed"}, {ErrUnknownKey, "unknown_key"}, {ErrForged, "forged"}, {ErrExpired, "expired"},
	{ErrIdle, "idle"}, {ErrNoKeys, "no_keys"}, {ErrSubject, "subject"}, {ErrNoRefreshToken, "no_refresh_token"},
	{ErrRefused, "refused"}, {ErrTokens, "tokens"},
}

// Reason is the word for err from a fixed set, for metrics: "ok" for nil,
// "malformed", "forged" and so on, "too_large", "unavailable", and "other" for an
// error of another package.
func Reason(err error) string {
	if err == nil {
		return "ok"
	}
	if _, ok := errors.AsType[*UnavailableError](err); ok {
		return "unavailable" // whatever its cause, it is no verdict
	}
	if _, ok := errors.AsType[*SizeError](err); ok {
		return "too_large"
	}
	for _, reason := range reasons {
		if errors.Is(err, reason.err) {
			return reason.word
		}
	}
	return "other"
}

// EndedError says that a session is over: the user must sign in again.
type EndedError struct {
	// Err is the cause. It matches ErrRefused, ErrSubject or ErrNoRefreshToken.
	Err error
}

// Error says no more than that: the cause can carry words of a server.
func (e *EndedError) Error() string { return "session has ended" }

// Unwrap is the cause.
func (e *EndedError) Unwrap() error { return e.Err }

// UnavailableError says that tokens cannot be refreshed now. The session lives
// on. A [RefreshFunc] returns one to ask for a longer pause.
type UnavailableError struct {
	// RetryAfter is how long to wait before the next attempt makes sense.
	RetryAfter time.Duration
	// Err is the cause.
	Err error
}

// Error names no more than the situation: the cause can be an internal address.
func (e *UnavailableError) Error() string { return "session cannot be refreshed now" }

// Unwrap is the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

// SizeError says that a session does not fit into one cookie, even without the
// signatures of its tokens.
type SizeError struct {
	// Size is what the smallest cookie would have, Limit what one may have, with
	// name and attributes.
	Size, Limit int
	// Cause is what takes the most room: `the claim "cognito:groups"` or "the
	// refresh token"; CauseSize is its share of Size, in bytes.
	Cause     string
	CauseSize int
}

func (e *SizeError) Error() string {
	return fmt.Sprintf(
		"session needs a cookie of %d bytes, but browsers keep no more than %d: %s takes %d of them",
		e.Size, e.Limit, e.Cause, e.CauseSize)
}
