package plugin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

// BenchmarkSession compares a request with a session to one with the same token
// as Bearer, in turns: the metric x-bearer is the median of their ratios.
func BenchmarkSession(b *testing.B) {
	h, s := sessionHandler(b)
	raw, cookie := sessionTokensOf(b, s)
	withCookie := func() *http.Request {
		r := newRequest(http.MethodGet, "/orders")
		r.Header.Set("Cookie", cookie)
		return r
	}
	withBearer := func() *http.Request { return bearer(raw) }
	var ratios []float64
	b.ReportAllocs()
	for b.Loop() {
		ratios = append(ratios, float64(lap(b, h, withCookie))/float64(lap(b, h, withBearer)))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "x-bearer")
}

// lap is how long some requests take, without the making of them.
func lap(b *testing.B, h caddyhttp.MiddlewareHandler, make func() *http.Request) time.Duration {
	const requests = 200
	var prepared [requests]*http.Request
	var answers [requests]*httptest.ResponseRecorder
	for i := range prepared {
		prepared[i], answers[i] = make(), httptest.NewRecorder()
	}
	began := time.Now()
	for i := range prepared {
		if err := h.ServeHTTP(answers[i], prepared[i], benchNext); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

// sessionHandler is a cognito_auth whose pool has sessions.
func sessionHandler(t testing.TB) (*Auth, *sessions) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, []byte(verifiertest.JWKS(newSigner(t).JWK())), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := contextWith(t, fmt.Sprintf(`{"user_pool": {"main": {
		"id": "eu-west-1_AbCdEfGhI", "client": [%q], "issuer": [%q], "jwks_file": %q, "jwks_url": "http://127.0.0.1:1/jwks.json",
		"session": {"secret": ["0c6f9a1b2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f50"]}}}}`, testClient, testIssuer, file))
	h := load[*Auth](t, ctx, "http.handlers.cognito_auth", `{"pool": ["main"], "require": [{"kind": "group", "values": ["admins"]}]}`)
	s := h.checker.app.sessions["main"]
	s.begin()
	return h, s
}

// sessionTokensOf is an access token, and the Cookie header of a session with it.
func sessionTokensOf(t testing.TB, s *sessions) (access, cookie string) {
	t.Helper()
	access = accessToken(t, nil)
	identity, err := json.Marshal(map[string]any{
		"sub": "5f0c2f6e-7c1d-4b5a-9d7e-000000000001", "iss": testIssuer, "aud": testClient, "token_use": "id", "cognito:username": "jo",
		"cognito:groups": []string{"admins", "editors"}, "email": "jo@example.org",
		"auth_time": time.Now().Add(-time.Minute).Unix(), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	current, err := session.New(session.Tokens{ID: session.Secret(newSigner(t).Sign(string(identity))), Access: session.Secret(access), Refresh: "refresh"}, "")
	if err != nil {
		t.Fatal(err)
	}
	answer := make(http.Header)
	if err := s.seal(answer, current); err != nil {
		t.Fatal(err)
	}
	set, err := http.ParseSetCookie(answer.Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	return access, set.Name + "=" + set.Value
}
