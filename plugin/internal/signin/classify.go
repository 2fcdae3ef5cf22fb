package signin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// retryAfter is what is told when Cognito names no time, which it never does.
const retryAfter = time.Second

// classify maps what the SDK returns to the errors of this package.
func (s situation) classify(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	cause := causeOf(s.operation, err)
	api, ok := errors.AsType[smithy.APIError](err)
	switch {
	case !ok || api.ErrorCode() == "UnknownError": // the SDK's word for JSON without a name
		return classifyTransport(cause, err)
	case throttles(api.ErrorCode()) || cause.Status == http.StatusTooManyRequests:
		return &UnavailableError{RetryAfter: retryAfter, Throttled: true, Cause: cause}
	case cause.Status >= http.StatusInternalServerError || api.ErrorCode() == "ConcurrentModificationException":
		return &UnavailableError{RetryAfter: retryAfter, Cause: cause}
	}
	refusal := meaningOf(api.ErrorCode(), api.ErrorMessage())
	refusal.Cause = cause
	return s.adapt(refusal)
}

// adapt gives a refusal the meaning that it has in this situation.
func (s situation) adapt(refusal *Error) error {
	if instead, ok := s.instead[refusal.Reason]; ok {
		return &Error{Reason: instead, Cause: refusal.Cause}
	}
	return refusal
}

// causeOf keeps what a log may have. The SDK's error itself is dropped: it holds
// messages that repeat input, and of a broken answer the bytes.
func causeOf(operation string, err error) Cause {
	cause := Cause{Operation: operation}
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		cause.Status = response.HTTPStatusCode()
		if id := response.ServiceRequestID(); id != "" {
			cause.RequestID = NameOf(id)
		}
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		cause.Code = NameOf(api.ErrorCode())
	}
	return cause
}

// classifyTransport is about what is no answer of Cognito: of a firewall in front
// of it, of something else that listens there, or none at all.
func classifyTransport(cause Cause, err error) error {
	_, broken := errors.AsType[*smithy.DeserializationError](err)
	_, cut := errors.AsType[net.Error](err) // while the answer was read
	switch {
	case cut && cause.Status < http.StatusMultipleChoices:
		return &UnavailableError{RetryAfter: retryAfter, Cause: cause, Err: networkError(err)}
	case cause.Status == http.StatusTooManyRequests:
		return &UnavailableError{RetryAfter: retryAfter, Throttled: true, Cause: cause}
	case cause.Status >= http.StatusInternalServerError || cause.Status == 0 && !broken:
		return &UnavailableError{RetryAfter: retryAfter, Cause: cause, Err: networkError(err)}
	case cause.Status > http.StatusBadRequest: // Cognito itself says 400 to everything
		return &Error{Reason: ErrBlocked, Cause: cause}
	}
	return &Error{Reason: ErrAnswer, Cause: cause}
}

// networkError is the part that the HTTP client reported.
func networkError(err error) error {
	if send, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return send.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return nil
}

func throttles(code string) bool {
	return code == "TooManyRequestsException" || strings.HasPrefix(code, "Throttl")
}

// meaningOf is the refusal that an exception stands for.
func meaningOf(code, message string) *Error {
	switch code {
	case "NotAuthorizedException":
		return notAuthorized(strings.ToLower(message))
	case "InvalidParameterException":
		return invalidParameter(strings.ToLower(message))
	case "InvalidPasswordException", "PasswordHistoryPolicyViolationException":
		return &Error{Reason: ErrPassword, Detail: passwordRule(code, strings.ToLower(message)), Text: passwordText(message)}
	case "UserLambdaValidationException":
		return &Error{Reason: ErrRejected, Text: lambdaText(message)}
	case "UnauthorizedException":
		if strings.Contains(strings.ToLower(message), "secret") {
			return &Error{Reason: ErrMisconfigured, Detail: "secret"}
		}
	case "ResourceNotFoundException":
		if strings.Contains(strings.ToLower(message), "device") {
			return &Error{Reason: ErrDevice}
		}
	}
	if known, ok := meanings[code]; ok {
		return &Error{Reason: known.reason, Detail: known.detail}
	}
	return &Error{Reason: ErrAnswer}
}

// notAuthorized tells apart by text what Cognito says with one name. The texts
// change over time, so each is recognized by its most stable word.
func notAuthorized(message string) *Error {
	switch {
	case strings.Contains(message, "secret"):
		return &Error{Reason: ErrMisconfigured, Detail: "secret"}
	case strings.Contains(message, "attempts"):
		return &Error{Reason: ErrAttempts}
	case strings.Contains(message, "temporary password"):
		return &Error{Reason: ErrTemporaryPassword}
	case strings.Contains(message, "session"):
		return &Error{Reason: ErrSession}
	}
	return &Error{Reason: ErrCredentials} // a disabled user too: that it is disabled tells that it exists
}

// invalidParameter looks for a complaint about a value first: it repeats the
// value, by which a visitor could otherwise pass for a fault of the operator.
func invalidParameter(message string) *Error {
	switch {
	case strings.Contains(message, "failed to satisfy constraint"), strings.Contains(message, "validation error"):
		return &Error{Reason: ErrInput, Detail: "value"}
	case strings.Contains(message, "secret"):
		return &Error{Reason: ErrMisconfigured, Detail: "secret"}
	case strings.Contains(message, "flow"), strings.Contains(message, "not enabled"), strings.Contains(message, "not configured"):
		return &Error{Reason: ErrMisconfigured, Detail: "flow"}
	case strings.Contains(message, "session"):
		return &Error{Reason: ErrSession}
	}
	return &Error{Reason: ErrInput, Detail: "value"}
}

// passwordRules are the words of Cognito's sentences about a password, in the
// order in which they are looked for.
var passwordRules = []struct{ word, detail string }{
	{"uppercase", "uppercase"}, {"lowercase", "lowercase"}, {"numeric", "digit"}, {"symbol", "symbol"},
	{"long enough", "length"}, {"length", "length"}, {"regular expression", "space"}, {"history", "history"},
}

func passwordRule(code, message string) string {
	if code == "PasswordHistoryPolicyViolationException" {
		return "history"
	}
	for _, rule := range passwordRules {
		if strings.Contains(message, rule.word) {
			return rule.detail
		}
	}
	return "other"
}

func passwordText(message string) string {
	_, rule, ok := strings.Cut(message, "policy: ")
	if !ok {
		rule = message
	}
	return Plain(rule, MaxText)
}

// lambdaText is what a trigger says, without what Cognito puts before it.
func lambdaText(message string) string {
	if trigger, said, ok := strings.Cut(message, " failed with error "); ok && !strings.Contains(trigger, " ") {
		message = said
	}
	return Plain(message, MaxText)
}
