package hosted_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// counted answers every call alike, and counts them.
func counted(status int, body string, calls *int) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		*calls++
		header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Retry-After": {body}}
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

// FuzzAnswer has the token endpoint, or what stands in front of it, say anything.
// Tokens are those of one JSON object of success; everything else is an error of a
// known word that repeats nothing.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		tokens, strings.Replace(tokens, "Bearer", "mac", 1), strings.Replace(tokens, "id_token", "ID_TOKEN", 1), strings.Replace(tokens, "3600", `"3600"`, 1),
		strings.Replace(tokens, "3600", "-1", 1), strings.Replace(tokens, "3600", "1e30", 1), tokens + "{}", tokens[:20], `{"access_token":"a"}`, `{"id_token":5,"access_token":"a"}`,
		"access_token=a&id_token=b&token_type=bearer", "<html>", "", "null", "[]",
	} {
		f.Add(200, body)
	}
	for _, refusal := range []string{"invalid_grant", "invalid_client", "invalid_request", "server_error", "x\r\ny"} {
		body, _ := json.Marshal(map[string]string{"error": refusal, "error_description": "secret-of-the-pool failed with error <script>"})
		f.Add(400, string(body))
	}
	f.Add(429, "7")
	f.Add(503, "99999999999999999999")
	f.Add(403, "<html>secret-of-the-pool</html>")
	f.Add(302, tokens)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 999 {
			return
		}
		calls := 0
		client := newClient(t, hosted.Options{Secrets: []signin.Secret{"a", "b"}, HTTPClient: counted(status, body, &calls)})
		got, err := signIn(t, client)
		if err != nil {
			expectRefusal(t, got, err, body)
			return
		}
		if status > 299 || calls != 1 {
			t.Fatalf("expected one call and a success, got %d calls and %d", calls, status)
		}
		expectTokens(t, got, body)
	})
}

func expectRefusal(t *testing.T, got *signin.Tokens, err error, body string) {
	t.Helper()
	reason := signin.Reason(err)
	if got != nil || reason == "other" || reason == "ok" || reason == "" {
		t.Fatalf("expected one of the known words, got %q for %v", reason, err)
	}
	if len(body) > 24 && strings.Contains(err.Error(), body) || strings.Contains(err.Error(), "secret-of-the-pool") {
		t.Fatalf("the error repeats the answer: %v", err)
	}
	if unavailable, ok := err.(*signin.UnavailableError); ok && (unavailable.RetryAfter < time.Second || unavailable.RetryAfter > time.Minute) {
		t.Fatalf("expected a pause within bounds, got %v", unavailable.RetryAfter)
	}
}

func expectTokens(t *testing.T, got *signin.Tokens, body string) {
	t.Helper()
	var answer map[string]any
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("made tokens of what is no JSON: %v", err)
	}
	if id, _ := answer["id_token"].(string); id == "" || string(got.ID) != id || got.Access == "" {
		t.Fatal("expected the tokens of the answer")
	}
	if !got.Expires.IsZero() && got.Expires.Before(time.Now()) {
		t.Fatalf("expected tokens that live, until %v", got.Expires)
	}
}
