package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-cognito/caddy-cognito/credentials"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

var (
	errNoToken       = errors.New("a token is required")
	errNoScheme      = fmt.Errorf("%w: the Authorization header has no scheme Bearer", errNoToken)
	errAmbiguousPath = errors.New("the path can be read in more than one way")
	errNotServed     = errors.New("the request cannot be served")
	// errSignedOut means that the user, or this session of his, was signed out
	// before the token expired.
	errSignedOut = errors.New("the user is signed out")
)

// statusClientGone is what Caddy answers and logs when nobody waits any more.
const statusClientGone = 499

// refusal is how an error looks to the client.
type refusal struct {
	status     int
	reason     string // a word from a fixed set
	challenge  string // WWW-Authenticate
	retryAfter time.Duration
	signInURL  string
}

// refusalOf maps every error of this package and of verifier.
func refusalOf(err error) refusal {
	// First: its cause can be a token that was issued and is refused here, and the
	// session lives on.
	if unavailable, ok := errors.AsType[*session.UnavailableError](err); ok {
		return refusal{status: http.StatusServiceUnavailable, reason: reasonOf(err), retryAfter: max(unavailable.RetryAfter, time.Second)}
	}
	if tokenErr, ok := errors.AsType[*verifier.TokenError](err); ok {
		return tokenRefusal(tokenErr)
	}
	if unavailable, ok := errors.AsType[*verifier.UnavailableError](err); ok {
		return refusal{status: http.StatusServiceUnavailable, reason: reasonOf(err), retryAfter: unavailable.RetryAfter}
	}
	switch reason := reasonOf(err); reason {
	case "signed_out":
		return refusal{status: http.StatusUnauthorized, reason: reason, challenge: described("invalid_token", err)}
	case "missing": // RFC 6750 §3.1: without a token, no error code
		return refusal{status: http.StatusUnauthorized, reason: reason, challenge: missingChallenge(err)}
	case "ambiguous_token", "ambiguous_path":
		return refusal{status: http.StatusBadRequest, reason: reason, challenge: described("invalid_request", err)}
	case "canceled":
		return refusal{status: statusClientGone, reason: reason}
	default:
		return storeRefusal(err, reason)
	}
}

// storeStatus are the statuses for requests that cannot be sent with the user's
// credentials.
var storeStatus = map[string]int{
	"denied": http.StatusForbidden, "no_role": http.StatusForbidden, "no_prefix": http.StatusForbidden, "cross_origin": http.StatusForbidden,
	"answer": http.StatusBadGateway, "misconfigured": http.StatusBadGateway,
	"body": http.StatusBadRequest, "path": http.StatusBadRequest, "query": http.StatusBadRequest, "store_request": http.StatusBadRequest, "body_length": http.StatusBadRequest,
	"method": http.StatusMethodNotAllowed, "length_required": http.StatusLengthRequired, "too_large": http.StatusRequestEntityTooLarge,
}

// storeRefusal is about credentials and what is done with them. 500 is for a
// configuration that cannot work.
func storeRefusal(err error, reason string) refusal {
	if unavailable, ok := errors.AsType[*credentials.UnavailableError](err); ok {
		return refusal{status: http.StatusServiceUnavailable, reason: reason, retryAfter: max(unavailable.RetryAfter, time.Second)}
	}
	switch reason {
	case "token_rejected", "not_id_token", "foreign_pool":
		return refusal{status: http.StatusUnauthorized, reason: reason, challenge: described("invalid_token", err)}
	}
	if status, ok := storeStatus[reason]; ok {
		return refusal{status: status, reason: reason}
	}
	return refusal{status: http.StatusInternalServerError, reason: reason}
}

// reasonOf is the word for err in metrics, logs and placeholders.
func reasonOf(err error) string {
	if _, ok := errors.AsType[*session.UnavailableError](err); ok {
		return "session_unavailable"
	}
	if reason := verifier.Reason(err); reason != "other" {
		return reason // first: what makes keys unavailable can be a time-out, too
	}
	switch {
	case errors.Is(err, errNoToken):
		return "missing"
	case errors.Is(err, errAmbiguousToken):
		return "ambiguous_token"
	case errors.Is(err, errAmbiguousPath):
		return "ambiguous_path"
	case errors.Is(err, errS3Request):
		return "store_request"
	case errors.Is(err, errSignedOut):
		return "signed_out"
	}
	if _, limited := errors.AsType[*http.MaxBytesError](err); limited && errors.Is(err, errBody) { // by Caddy's request_body
		return "too_large"
	}
	for _, known := range exchangeReasons {
		if errors.Is(err, known.err) {
			return known.reason
		}
	}
	if reason := credentials.Reason(err); reason != "other" {
		return reason
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return "canceled"
	}
	return "other"
}

// exchangeReasons are the words for errors of this package about credentials.
var exchangeReasons = []struct {
	err    error
	reason string
}{
	{errNoAuth, "no_auth"}, {errNotIDToken, "not_id_token"}, {errSessionUse, "session_token_use"}, {errForeignPool, "foreign_pool"},
	{errNoPrefix, "no_prefix"}, {errMethod, "method"}, {errCrossOrigin, "cross_origin"},
	{errUploadTooLarge, "too_large"}, {errKey, "path"}, {errBody, "body"},
}

func tokenRefusal(err *verifier.TokenError) refusal {
	reason := verifier.Reason(err)
	switch err.Reason {
	case verifier.ErrScope:
		return refusal{status: http.StatusForbidden, reason: reason, challenge: described("insufficient_scope", err, "scope", strings.Join(err.Want, " "))}
	case verifier.ErrGroup, verifier.ErrClaim:
		return refusal{status: http.StatusForbidden, reason: reason, challenge: described("insufficient_scope", err)}
	case verifier.ErrAuthContext:
		return refusal{status: http.StatusUnauthorized, reason: reason,
			challenge: described("insufficient_user_authentication", err, "acr_values", strings.Join(err.Want, " "))}
	case verifier.ErrAuthAge:
		return refusal{status: http.StatusUnauthorized, reason: reason,
			challenge: described("insufficient_user_authentication", err, "max_age", seconds(err.Want))}
	}
	return refusal{status: http.StatusUnauthorized, reason: reason,
		challenge: described("invalid_token", err)}
}

func seconds(want []string) string {
	age, _ := time.ParseDuration(strings.Join(want, ""))
	return strconv.Itoa(int(age.Seconds()))
}

// missingChallenge says no more to a client that does not know about tokens.
func missingChallenge(err error) string {
	if errors.Is(err, errNoScheme) {
		return challenge("", "error_description", err.Error())
	}
	return challenge("")
}

// described is a challenge that says why.
func described(code string, err error, parameters ...string) string {
	return challenge(code, append(parameters, "error_description", strings.Map(describable, err.Error()))...)
}

// describable keeps to the characters that RFC 6750 §3 has for descriptions; the
// name of a claim may have others.
func describable(r rune) rune {
	if r < ' ' || r > '~' || r == '"' || r == '\\' {
		return '?'
	}
	return r
}

// challenge writes a WWW-Authenticate value (RFC 6750 §3, RFC 9470 §3). Values
// come from the configuration or from fixed texts, never from a token.
func challenge(code string, parameters ...string) string {
	var b strings.Builder
	b.WriteString(`Bearer realm="cognito"`)
	if code != "" {
		parameters = append([]string{"error", code}, parameters...)
	}
	for i := 0; i+1 < len(parameters); i += 2 {
		b.WriteString(", " + parameters[i] + `="` + quotable.Replace(parameters[i+1]) + `"`)
	}
	return b.String()
}

var quotable = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "")

// refuse answers, or returns an error for Caddy's error routes to answer.
func (a *Auth) refuse(w http.ResponseWriter, r *http.Request, id *identity, re refusal, err error) error {
	re.setHeaders(w.Header(), r)
	if signin := a.signinOf(id); signin != nil {
		if answered, err := signin.invite(w, r, id, &re, a.Redirect); answered {
			return err
		}
	}
	if a.Errors == "json" || re.signInURL != "" {
		return writeProblem(w, re, err)
	}
	return caddyhttp.Error(re.status, err)
}

// signinOf is the sign-in whose sessions this handler takes. Any other would send
// users around in circles.
func (a *Auth) signinOf(id *identity) *Signin {
	for _, signin := range id.signins {
		if slices.ContainsFunc(a.checker.sources, func(source tokenSource) bool {
			session, ok := source.(sessionSource)
			return ok && slices.Contains(session.pools, signin.Pool)
		}) {
			return signin
		}
	}
	return nil
}

// setHeaders prepares the answer to r.
func (re refusal) setHeaders(header http.Header, r *http.Request) {
	setReason(r, re.reason)
	re.describe(header)
	closeUnread(header, r)
}

// describe sets what the refusal says in headers.
func (re refusal) describe(header http.Header) {
	header.Set("Cache-Control", "no-store")
	if re.challenge != "" {
		header.Set("WWW-Authenticate", re.challenge)
	}
	if re.status == http.StatusServiceUnavailable {
		header.Set("Retry-After", strconv.Itoa(int((re.retryAfter+time.Second-1)/time.Second)))
	}
}

// setReason fills the placeholder that error routes read.
func setReason(r *http.Request, reason string) {
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Set(ownPlaceholder+"reason", reason)
	}
}

// closeUnread ends an HTTP/1 connection with the answer to a request whose body
// nobody reads. Caddy reads on for the rest, and a client that waits for the
// answer before it sends on would wait for ever.
func closeUnread(header http.Header, r *http.Request) {
	if r.ProtoMajor == 1 && r.ContentLength != 0 {
		header.Set("Connection", "close")
	}
}

// problem is a problem details object (RFC 9457).
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
	// SignInURL is where a browser can go.
	SignInURL string `json:"sign_in_url,omitempty"`
}

// problemOf tells the client nothing of what only an operator can mend.
func problemOf(re refusal, err error) problem {
	detail := err.Error()
	if re.status == http.StatusBadGateway || re.status == http.StatusInternalServerError {
		detail = errNotServed.Error()
	}
	return problem{http.StatusText(re.status), re.status, detail, re.reason, re.signInURL}
}

const problemType = "application/problem+json"

func writeProblem(w http.ResponseWriter, re refusal, err error) error {
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(re.status)
	return json.NewEncoder(w).Encode(problemOf(re, err))
}

// problemResponse is a refusal that takes the place of an upstream's answer.
func problemResponse(r *http.Request, re refusal, err error) (*http.Response, error) {
	body, jsonErr := json.Marshal(problemOf(re, err))
	if jsonErr != nil {
		return nil, jsonErr
	}
	header := http.Header{"Content-Type": {problemType}}
	re.describe(header)
	return &http.Response{
		StatusCode: re.status, Status: strconv.Itoa(re.status) + " " + http.StatusText(re.status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, Request: r,
		ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
	}, nil
}
