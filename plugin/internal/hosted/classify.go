package hosted

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// How long to wait when Cognito is not available: what it says, within bounds.
const (
	minRetryAfter = time.Second
	maxRetryAfter = time.Minute
)

// meaning is a reason with its detail.
type meaning struct {
	reason error
	detail string
}

// meanings are the error codes of RFC 6749 §4.1.2.1 and §5.2, of OpenID Connect
// Core §3.1.2.6, and Cognito's own.
var meanings = map[string]meaning{
	"access_denied":              {reason: ErrDenied},
	"login_required":             {reason: ErrInteraction},
	"interaction_required":       {reason: ErrInteraction},
	"consent_required":           {reason: ErrInteraction},
	"account_selection_required": {reason: ErrInteraction},
	// invalid_grant is a code that was used before, has expired, or is of another
	// flow.
	"invalid_grant":             {reason: signin.ErrSession},
	"invalid_client":            {signin.ErrMisconfigured, "secret"},
	"unauthorized_client":       {signin.ErrMisconfigured, "client"},
	"unsupported_grant_type":    {signin.ErrMisconfigured, "flow"},
	"unsupported_response_type": {signin.ErrMisconfigured, "flow"},
	"invalid_scope":             {signin.ErrMisconfigured, "scope"},
	"redirect_mismatch":         {signin.ErrMisconfigured, "redirect"},
	"invalid_request":           {signin.ErrMisconfigured, "request"},
}

// meaningOf is the error that a code stands for.
func meaningOf(cause signin.Cause) error {
	if cause.Code == "server_error" || cause.Code == "temporarily_unavailable" {
		return &signin.UnavailableError{RetryAfter: minRetryAfter, Cause: cause}
	}
	known, ok := meanings[cause.Code]
	if !ok {
		return refuse(signin.ErrAnswer, "", cause)
	}
	return refuse(known.reason, known.detail, cause)
}

// words are the descriptions that tell what the code does not, each by its most
// stable part, in the order in which they are looked for.
var words = []struct {
	part string
	meaning
}{
	{"invocation failed due to", meaning{signin.ErrMisconfigured, "lambda"}},
	{"lambda output", meaning{signin.ErrMisconfigured, "lambda"}},
	// A trigger has just linked the user to an account. The next try succeeds.
	{"already found an entry", meaning{reason: signin.ErrSession}},
	// A mapped attribute is missing, or the app client may not write it.
	{"attributes required", meaning{signin.ErrMisconfigured, "attribute"}},
	{"attribute cannot be updated", meaning{signin.ErrMisconfigured, "attribute"}},
	{"user is disabled", meaning{reason: signin.ErrRejected}},
	{"user is not enabled", meaning{reason: signin.ErrRejected}},
}

// meaningOfWords is the error that a description stands for, nil when it says
// nothing known. The words of a Lambda trigger are the only ones to be shown.
func meaningOfWords(description string, cause signin.Cause) error {
	trigger, said, ok := strings.Cut(description, " failed with error ")
	if ok && !strings.Contains(trigger, " ") {
		return &signin.Error{Reason: signin.ErrRejected, Text: signin.Plain(said, signin.MaxText), Cause: cause}
	}
	description = strings.ToLower(description)
	for _, known := range words {
		if strings.Contains(description, known.part) {
			return refuse(known.reason, known.detail, cause)
		}
	}
	return nil
}

// classify maps what package oauth2 returns to the errors of package signin. Its
// own error is dropped: it holds the bytes of the answer.
func classify(err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	if answer, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return classifyAnswer(answer)
	}
	cause := signin.Cause{Operation: operation}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return &signin.UnavailableError{RetryAfter: minRetryAfter, Cause: cause, Err: networkError(err)}
	}
	return refuse(signin.ErrAnswer, "", cause)
}

// classifyAnswer is about a refusal, of Cognito or of a firewall in front of it.
func classifyAnswer(answer *oauth2.RetrieveError) error {
	header := answer.Response.Header
	cause := signin.Cause{Operation: operation, Status: answer.Response.StatusCode}
	if answer.ErrorCode != "" {
		cause.Code = signin.NameOf(answer.ErrorCode)
	}
	if id := header.Get("X-Amz-Cognito-Request-Id"); id != "" {
		cause.RequestID = signin.NameOf(id)
	}
	switch {
	case cause.Status == http.StatusTooManyRequests:
		return &signin.UnavailableError{RetryAfter: retryAfter(header), Throttled: true, Cause: cause}
	case cause.Status >= http.StatusInternalServerError:
		return &signin.UnavailableError{RetryAfter: retryAfter(header), Cause: cause}
	case cause.Code != "":
		return meaningOf(cause)
	case cause.Status > http.StatusBadRequest: // Cognito itself says 400 to everything
		return refuse(signin.ErrBlocked, "", cause)
	}
	return refuse(signin.ErrAnswer, "", cause)
}

// networkError is the part that does not name the URL.
func networkError(err error) error {
	for {
		sent, ok := errors.AsType[*url.Error](err)
		if !ok {
			return err
		}
		err = sent.Err
	}
}

func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil {
		return minRetryAfter
	}
	return time.Duration(min(max(seconds, 1), int(maxRetryAfter/time.Second))) * time.Second
}
