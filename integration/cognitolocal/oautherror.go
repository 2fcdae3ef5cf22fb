package cognitolocal

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
)

// The errors of OAuth that Cognito uses.
const (
	invalidRequest       = "invalid_request"
	invalidClient        = "invalid_client"
	invalidGrant         = "invalid_grant"
	invalidScope         = "invalid_scope"
	invalidToken         = "invalid_token"
	unauthorizedClient   = "unauthorized_client"
	unsupportedGrantType = "unsupported_grant_type"
	unsupportedTokenType = "unsupported_token_type"
	loginRequired        = "login_required"
	serverError          = "server_error"
)

// oauthError is an error that the client is told: in JSON, or in the query of
// its callback URL. AWS sends a description only now and then, and warns that
// its words change.
type oauthError struct {
	code        string
	description string
}

func (e *oauthError) Error() string { return e.code + ": " + e.description }

func refusal(code string) error { return &oauthError{code: code} }

// asOAuthError hides what is not meant for clients.
func asOAuthError(err error) *oauthError {
	if e, ok := errors.AsType[*oauthError](err); ok {
		return e
	}
	return &oauthError{code: serverError}
}

// status is that of the token endpoint, where even a client that could not
// authenticate gets 400.
func (e *oauthError) status() int {
	if e.code == serverError {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func (e *oauthError) members() map[string]string {
	members := map[string]string{"error": e.code}
	if e.description != "" {
		members["error_description"] = e.description
	}
	return members
}

func (e *oauthError) write(w http.ResponseWriter, status int) {
	writeOAuthJSON(w, status, e.members())
}

// query is the error for a callback URL.
func (e *oauthError) query() url.Values {
	q := url.Values{}
	for name, value := range e.members() {
		q.Set(name, value)
	}
	return q
}

// writeOAuthJSON ignores write errors, as writeAWSJSON does.
func writeOAuthJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"`+serverError+`"}`)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// FaultOAuth answers with an error of OAuth, such as invalid_grant (400), as
// the token, userInfo and revoke endpoints write it. An empty description is
// left out.
func FaultOAuth(status int, code, description string) Fault {
	e := &oauthError{code, description}
	return answer(func(w http.ResponseWriter, _ *http.Request) { e.write(w, status) })
}
