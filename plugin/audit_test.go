package plugin

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-cognito/caddy-cognito/credentials"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// recorded are the fields of the line that an audit log writes.
func recorded(t *testing.T, r *http.Request, e auditEvent) map[string]any {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	newAuditLog(zap.New(core)).record(zap.DebugLevel, "request refused", r, e)
	lines := logs.TakeAll()
	if len(lines) != 1 || lines[0].LoggerName != "audit" {
		t.Fatalf("expected a line of the audit log, got %v", lines)
	}
	return lines[0].ContextMap()
}

func TestAuditedTextsAreBounded(t *testing.T) {
	long := strings.Repeat("é\x1b\n\u009b\u202e", 3000)
	r := newRequest(http.MethodGet, "/")
	r.Method, r.Host, r.URL.Path = long, long, "/"+long
	r.Header.Set("User-Agent", long)
	caddyhttp.SetVar(r.Context(), caddyhttp.ClientIPVarKey, long)
	fields := recorded(t, r, auditEvent{err: errors.New(long)})
	for name, most := range map[string]int{"method": 32, "host": 256, "path": 512, "user_agent": 256, "client_ip": 256, "detail": 256} {
		text, _ := fields[name].(string)
		if n := utf8.RuneCountInString(text); n == 0 || n > most {
			t.Errorf("%s: expected up to %d characters, got %d", name, most, n)
		}
		if strings.ContainsAny(text, "\x1b\n\u009b\u202e") {
			t.Errorf("%s: expected no control characters, got %q", name, text)
		}
	}
}

func TestDetailsTellNoSecret(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqbyJ9.c2lnbmF0dXJl"
	for _, row := range []struct {
		name string
		err  error
		want string
	}{
		{"no error", nil, ""},
		{"a token that is refused", &verifier.TokenError{Reason: verifier.ErrClient, Claim: "aud", Got: "a", Want: []string{"b"}}, `token issued to another app client (aud): got "a", want ["b"]`},
		{"a token that cannot be read", &verifier.TokenError{Reason: verifier.ErrMalformed}, "malformed token"},
		{"a user who is in no group", &verifier.TokenError{Reason: verifier.ErrGroup, Claim: "cognito:groups", Want: []string{"root"}}, `user is in none of the required groups (cognito:groups): want ["root"]`},
		{"a token that expired", &verifier.TokenError{Reason: verifier.ErrExpired, Claim: "exp", Got: "946684800"}, `token expired (exp): got "2000-01-01T00:00:00Z"`},
		{"a time that is none", &verifier.TokenError{Reason: verifier.ErrMalformed, Claim: "exp", Got: "soon"}, `malformed token (exp): got "soon"`},
		{"a number that is no time", &verifier.TokenError{Reason: verifier.ErrIssuer, Claim: "iss", Got: "946684800"}, `token issuer not accepted (iss): got "946684800"`},
		{"a user pool that refuses", &signin.Error{Reason: signin.ErrCode, Cause: signin.Cause{Operation: "SignUp", Code: "CodeMismatchException", RequestID: "id"}}, "SignUp CodeMismatchException id"},
		{"a sentence for the user is not repeated", &signin.Error{Reason: signin.ErrRejected, Text: "secret", Cause: signin.Cause{Operation: "SignUp", Code: "E"}}, "SignUp E"},
		{"a service that repeats the token", fmt.Errorf("%w: %w", credentials.ErrDenied, errors.New("no "+token)), credentials.ErrDenied.Error() + ": no [token]"},
		{"a cause that the text leaves out", &verifier.UnavailableError{Err: errors.New("connection refused")}, "token keys are not available: connection refused"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := detailOf(row.err); got != row.want {
				t.Errorf("expected %q, got %q", row.want, got)
			}
		})
	}
}

func TestResultsOfRefusals(t *testing.T) {
	for status, want := range map[int]string{400: "refused", 401: "refused", 403: "refused", 429: "refused", 499: "failed", 500: "failed", 503: "failed"} {
		if got := resultOf(status); got != want {
			t.Errorf("%d: expected %s, got %s", status, want, got)
		}
	}
}
