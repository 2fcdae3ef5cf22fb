package signin

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The reasons for which a call does not go on. Their text is safe to show; it
// never tells whether an account exists.
var (
	// ErrCredentials means that the user name or the password, or whatever stands
	// for it, is not right, or that nobody may sign in by it. The sign-in is over.
	ErrCredentials = errors.New("the user name or password is not right")
	// ErrCode means that a code is not right. The State can be answered again.
	ErrCode = errors.New("the code is not right")
	// ErrCodeExpired means that a code was right once. A new sign-in sends another.
	ErrCodeExpired = errors.New("the code has expired")
	// ErrSession means that the sign-in took too long or that its State was used
	// before: it must start again. With an access token it means that the user is
	// signed out.
	ErrSession = errors.New("the sign-in has expired")
	// ErrUnconfirmed means that the sign-up is unfinished. There are reports of pools
	// that say so whatever the password (amazon-cognito-identity-js 288).
	ErrUnconfirmed = errors.New("the account is not confirmed yet")
	// ErrPasswordReset means that the password must be reset first.
	ErrPasswordReset = errors.New("the password must be reset")
	// ErrTemporaryPassword means that the password was a temporary one and that an
	// administrator must give another.
	ErrTemporaryPassword = errors.New("the temporary password has expired")
	// ErrPassword means that a new password breaks the rules. Detail is length,
	// uppercase, lowercase, digit, symbol, space, history or other; Text is
	// Cognito's sentence.
	ErrPassword = errors.New("the new password does not follow the rules")
	// ErrAttempts means that too many attempts failed; waiting helps.
	ErrAttempts = errors.New("too many attempts")
	// ErrRejected means that a Lambda trigger refuses. Text is what it says.
	ErrRejected = errors.New("the sign-in was refused")
	// ErrBlocked means that a firewall in front of the user pool refuses.
	ErrBlocked = errors.New("the request was blocked")
	// ErrExists means that the address of a finished sign-up belongs to another
	// account. Whoever gets it has proved to own the address.
	ErrExists = errors.New("the address belongs to another account")
	// ErrDevice means that the remembered device is not accepted: forget it and
	// start again without.
	ErrDevice = errors.New("the device is not known")
	// ErrRefreshToken means that the refresh token is of no more use.
	ErrRefreshToken = errors.New("the session has ended")
	// ErrRefreshTokenReused means the same, since another took its place: a race,
	// or theft.
	ErrRefreshTokenReused = errors.New("the session was renewed elsewhere")
	// ErrInput means that a field is missing, too long or impossible. Detail is the
	// [Field], or "value" when it was Cognito that did not like one.
	ErrInput = errors.New("a field is missing or not valid")
	// ErrUnsupported means a challenge that cannot be answered here. Detail names
	// it.
	ErrUnsupported = errors.New("sign-in challenge is not supported")
	// ErrMisconfigured means that only the operator can help. Detail is client,
	// secret, flow, delivery, lambda, mfa, passkey, tier, region, pool or operation.
	ErrMisconfigured = errors.New("sign-in is not configured correctly")
	// ErrAnswer means that Cognito answered something that cannot be used.
	ErrAnswer = errors.New("sign-in service gave an answer that cannot be read")

	errSRP = errors.New("SRP values cannot be used")
)

// reasons gives each sentinel the word that metrics, logs and pages use.
var reasons = map[error]string{
	ErrCredentials: "bad_credentials", ErrCode: "wrong_code", ErrCodeExpired: "code_expired",
	ErrSession: "session_expired", ErrUnconfirmed: "user_unconfirmed", ErrPasswordReset: "password_reset_required",
	ErrTemporaryPassword: "temporary_password_expired", ErrPassword: "password_policy", ErrAttempts: "too_many_attempts",
	ErrRejected: "rejected", ErrBlocked: "blocked", ErrExists: "exists", ErrDevice: "device",
	ErrRefreshToken: "refresh_token_rejected", ErrRefreshTokenReused: "refresh_token_reused", ErrInput: "input",
	ErrUnsupported: "unsupported_challenge", ErrMisconfigured: "misconfigured", ErrAnswer: "answer",
}

// Reason is the word for err from a fixed set: "ok" for nil, "throttled" or
// "unavailable" when nothing was decided, "canceled" when the visitor left, the
// word of a sentinel, and "other" for an error of another package.
func Reason(err error) string {
	if err == nil {
		return "ok"
	}
	if refusal, ok := errors.AsType[*Error](err); ok {
		return reasons[refusal.Reason]
	}
	if unavailable, ok := errors.AsType[*UnavailableError](err); ok {
		return unavailable.word()
	}
	if errors.Is(err, context.Canceled) {
		return "canceled"
	}
	return "other"
}

// Cause is what Cognito said, as far as a log may have it: messages are left
// out, since they repeat what a user typed.
type Cause struct {
	// Operation is the call, such as InitiateAuth; empty when none was made.
	Operation string
	// Code is the name of the exception.
	Code string
	// RequestID is what AWS support asks for.
	RequestID string
	// Status is the HTTP status; zero without an answer.
	Status int
}

// Error is a refusal. Its text is safe to show to anybody.
type Error struct {
	// Reason is one of the sentinels of this package.
	Reason error
	// Detail is a word from the set that the sentinel names.
	Detail string
	// Text is a sentence of the user pool that is meant for the user: bounded and
	// without control characters, but of foreign words, so escape it.
	Text string
	// Cause is for logs.
	Cause Cause
}

// Error is the reason, and the field or challenge that it is about.
func (e *Error) Error() string {
	if e.Reason == ErrInput || e.Reason == ErrUnsupported {
		return fmt.Sprintf("%v (%s)", e.Reason, e.Detail)
	}
	return e.Reason.Error()
}

// Unwrap makes the error match its reason.
func (e *Error) Unwrap() error { return e.Reason }

// UnavailableError means that nothing was decided: Cognito is down, slow or
// throttles. The same call may succeed later.
type UnavailableError struct {
	// RetryAfter is how long to wait before another try makes sense.
	RetryAfter time.Duration
	// Throttled tells that the calls of the account are too many.
	Throttled bool
	// Cause is for logs.
	Cause Cause
	// Err is what the network reported, if it was that.
	Err error
}

// Error names no more than the situation: the cause can be an internal address.
func (e *UnavailableError) Error() string { return "sign-in is not available" }

// Unwrap is what the network reported.
func (e *UnavailableError) Unwrap() error { return e.Err }

func (e *UnavailableError) word() string {
	if e.Throttled {
		return "throttled"
	}
	return "unavailable"
}

func refuse(reason error, detail string) error { return &Error{Reason: reason, Detail: detail} }

func badInput(field Field) error { return refuse(ErrInput, string(field)) }
