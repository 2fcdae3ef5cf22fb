package credentials

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The reasons for which an exchange gives no credentials.
var (
	// ErrTokenRejected means that the exchange does not accept the token, though
	// it was verified: expired by its clock, signed out, or of a client or pool
	// that it does not know. The user must sign in again.
	ErrTokenRejected = errors.New("token not accepted by the credentials exchange")
	// ErrDenied means that the user may not have the role.
	ErrDenied = errors.New("credentials denied")
	// ErrNoRole means that no role is configured for the user.
	ErrNoRole = errors.New("no role for this user")
	// ErrAnswer means that the exchange answered something that cannot be used.
	ErrAnswer = errors.New("credentials exchange gave an answer that cannot be read")
)

// The reasons for which a request is not signed.
var (
	// ErrPath means that the path has dot segments or cannot be decoded.
	ErrPath = errors.New("path cannot be signed")
	// ErrQuery means that the query has escapes that are none or semicolons, which
	// not everybody reads alike, or more parameters than can be read.
	ErrQuery = errors.New("query cannot be signed")
	// ErrLengthRequired means that a body for S3 came without its length.
	ErrLengthRequired = errors.New("length of the body required")
	// ErrBodyTooLarge means that a body that has to be hashed is too large.
	ErrBodyTooLarge = errors.New("body too large")
	// ErrBodyLength means that a body was not as long as announced.
	ErrBodyLength = errors.New("body not as long as announced")
	// ErrExpiring means that credentials expire too soon for a presigned URL.
	ErrExpiring = errors.New("credentials expire too soon")
)

// UnavailableError means that no decision is possible now: the exchange is down,
// slow or throttles.
type UnavailableError struct {
	// RetryAfter is how long to wait before another try makes sense.
	RetryAfter time.Duration
	Err        error
}

// Error names no more than the situation.
func (e *UnavailableError) Error() string { return "credentials exchange is not available" }

// Unwrap is the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

// exchangeError is a refusal with its cause, which is for logs.
type exchangeError struct {
	reason error
	cause  error
}

func (e *exchangeError) Error() string   { return e.reason.Error() }
func (e *exchangeError) Unwrap() []error { return []error{e.reason, e.cause} }

// reasons are the words for sentinels.
var reasons = []struct {
	err  error
	word string
}{
	{ErrTokenRejected, "token_rejected"},
	{ErrDenied, "denied"},
	{ErrNoRole, "no_role"},
	{ErrAnswer, "answer"},
	{ErrPath, "path"},
	{ErrQuery, "query"},
	{ErrLengthRequired, "length_required"},
	{ErrBodyTooLarge, "too_large"},
	{ErrBodyLength, "body_length"},
	{ErrExpiring, "expiring"},
}

// Reason is the word for err from a fixed set: ok, token_rejected, denied,
// no_role, answer, path, query, length_required, too_large, body_length,
// expiring, misconfigured, unavailable, canceled or other.
func Reason(err error) string {
	if err == nil {
		return "ok"
	}
	for _, reason := range reasons {
		if errors.Is(err, reason.err) {
			return reason.word
		}
	}
	if _, ok := errors.AsType[*MisconfiguredError](err); ok {
		return "misconfigured"
	}
	if _, ok := errors.AsType[*UnavailableError](err); ok {
		return "unavailable"
	}
	if errors.Is(err, context.Canceled) {
		return "canceled"
	}
	return "other"
}

// rejected and denied are the error codes of Cognito identity pools, AWS
// STS and stores with an STS of their own, which spell some of them differently.
// What is in neither list, and not told apart by its text, is taken for an outage.
var (
	rejected = []string{
		"ExpiredTokenException", "ExpiredToken", "InvalidIdentityToken", "InvalidIdentityTokenException",
		"IDPRejectedClaim", "IDPRejectedClaimException", "InvalidToken",
	}
	denied = []string{
		"AccessDenied", "AccessDeniedException", "InvalidIdentityPoolConfigurationException",
		"ResourceNotFoundException", "ResourceConflictException", "ValidationException", "MalformedPolicyDocument", "MalformedPolicyDocumentException",
		"PackedPolicyTooLarge", "PackedPolicyTooLargeException", "RegionDisabledException", "ValidationError", "InvalidParameterException",
	}
)

// classify maps what the SDK returns.
func classify(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return classifyTransport(err)
	}
	code, message := api.ErrorCode(), strings.ToLower(api.ErrorMessage())
	switch {
	case slices.Contains(rejected, code):
		return &exchangeError{ErrTokenRejected, err}
	case code == "NotAuthorizedException": // identity pools say everything with this one
		return &exchangeError{notAuthorized(message), err}
	case code == "InvalidParameterValue": // MinIO: any token it does not like, told apart by text only
		return &exchangeError{invalidParameter(message), err}
	case slices.Contains(denied, code):
		return &exchangeError{ErrDenied, err}
	}
	var response *smithyhttp.ResponseError
	if code == "UnknownError" && errors.As(err, &response) && lasting(response.HTTPStatusCode()) {
		return &exchangeError{ErrAnswer, err} // a page: the SDK found no code in it
	}
	return &UnavailableError{RetryAfter: time.Second, Err: err}
}

func notAuthorized(message string) error {
	for _, text := range []string{"invalid login token", "token is not from", "logins don't match", "token expired", "signed out", "revoked"} {
		if strings.Contains(message, text) {
			return ErrTokenRejected
		}
	}
	return ErrDenied
}

func invalidParameter(message string) error {
	if strings.Contains(message, "polic") || strings.Contains(message, "claim missing") {
		return ErrDenied
	}
	return ErrTokenRejected
}

// classifyTransport: an answer that is no AWS answer is broken, unless its status
// says that it is an outage; no answer at all is an outage.
func classifyTransport(err error) error {
	var response *smithyhttp.ResponseError
	var broken *smithy.DeserializationError
	if errors.As(err, &broken) && (!errors.As(err, &response) || lasting(response.HTTPStatusCode()) || response.HTTPStatusCode() < http.StatusBadRequest) {
		return &exchangeError{ErrAnswer, err}
	}
	return &UnavailableError{RetryAfter: time.Second, Err: err}
}

// lasting reports whether a status means that the next try will not be better.
func lasting(status int) bool {
	return status >= http.StatusBadRequest && status < http.StatusInternalServerError && status != http.StatusTooManyRequests
}
