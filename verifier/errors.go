package verifier

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The reasons for which a token is refused. A [TokenError] matches exactly one
// of them with [errors.Is].
var (
	ErrMalformed   = errors.New("malformed token")
	ErrAlgorithm   = errors.New("token algorithm not accepted")
	ErrIssuer      = errors.New("token issuer not accepted")
	ErrTokenUse    = errors.New("token use not accepted")
	ErrExpired     = errors.New("token expired")
	ErrNotYetValid = errors.New("token not yet valid")
	ErrClient      = errors.New("token issued to another app client")
	ErrUnknownKey  = errors.New("token signed with an unknown key")
	ErrSignature   = errors.New("token signature does not match")

	ErrScope       = errors.New("token lacks a required scope")
	ErrGroup       = errors.New("user is in none of the required groups")
	ErrClaim       = errors.New("token claim does not have a required value")
	ErrAuthContext = errors.New("authentication is not strong enough")
	ErrAuthAge     = errors.New("authentication is too old")
)

// reasons gives each sentinel the word that metrics, logs and placeholders use.
var reasons = map[error]string{
	ErrMalformed: "malformed", ErrAlgorithm: "algorithm", ErrIssuer: "issuer",
	ErrTokenUse: "token_use", ErrExpired: "expired", ErrNotYetValid: "not_yet_valid",
	ErrClient: "client", ErrUnknownKey: "unknown_key", ErrSignature: "signature",
	ErrScope: "scope", ErrGroup: "group", ErrClaim: "claim",
	ErrAuthContext: "auth_context", ErrAuthAge: "auth_age",
}

// Reason is the word for err from a fixed set: "ok" for nil, "unavailable" when
// no decision was possible, "malformed", "expired" and so on for a refused
// token, "other" for an error of another package.
func Reason(err error) string {
	if err == nil {
		return "ok"
	}
	if tokenErr, ok := errors.AsType[*TokenError](err); ok {
		return reasons[tokenErr.Reason]
	}
	if _, ok := errors.AsType[*UnavailableError](err); ok {
		return "unavailable"
	}
	return "other"
}

// TokenError says why a token was refused. It does not say that nothing else is
// wrong with the token: checking stops at the first fault.
//
// The text of Error is safe to show to anybody; Got comes from the token, which
// may be hostile, and belongs in debug logs only.
type TokenError struct {
	// Reason is one of the sentinels of this package.
	Reason error
	// Claim is the header parameter or claim at fault, if it was a single one.
	Claim string
	// Got is the offending value, cut to a length that is fit for a log: of scopes
	// and groups all that there are, of a time its number. It is empty where there
	// is none, and for claims that are required, which may be personal.
	Got string
	// Want lists what would have been accepted. It is the error's own: whoever
	// sorts or redacts it changes nothing else.
	Want []string
}

// Error is the reason and the claim; it repeats nothing from the token.
func (e *TokenError) Error() string {
	if e.Claim == "" {
		return e.Reason.Error()
	}
	return fmt.Sprintf("%v (%s)", e.Reason, e.Claim)
}

// Unwrap makes the error match its reason.
func (e *TokenError) Unwrap() error { return e.Reason }

// UnavailableError says that no decision is possible now: the keys that the
// token needs could not be fetched. It is never the token's fault.
type UnavailableError struct {
	// URL is where the keys should have come from.
	URL string
	// RetryAfter is how long to wait before the next attempt makes sense.
	RetryAfter time.Duration
	// Err is the cause.
	Err error
}

// Error names no more than the situation: the cause can be an internal address.
func (e *UnavailableError) Error() string { return "token keys are not available" }

// Unwrap is the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

// maxGot bounds what an error keeps of a hostile token.
const maxGot = 64

// refuse copies want, which may be a list of the configuration: who writes to
// that of an error must not decide which clients are accepted.
func refuse(reason error, claim, got string, want ...string) error {
	if len(got) > maxGot {
		got = got[:maxGot] + "…"
	}
	return &TokenError{Reason: reason, Claim: claim, Got: got, Want: slices.Clone(want)}
}

func malformed(claim string) error { return refuse(ErrMalformed, claim, "") }
