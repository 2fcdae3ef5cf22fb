package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

const (
	testIssuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"
	testClient = "1h57kf5cpq17m0eml12example"
)

func newSigner(t testing.TB) *verifiertest.Signer {
	t.Helper()
	signer, err := verifiertest.NewSigner("k1")
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// newContext is a configuration with the pool "main", whose keys are pinned.
func newContext(t testing.TB) caddy.Context {
	t.Helper()
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, []byte(verifiertest.JWKS(newSigner(t).JWK())), 0o600); err != nil {
		t.Fatal(err)
	}
	return contextWith(t, fmt.Sprintf(`{"user_pool": {"main": {
		"id": "eu-west-1_AbCdEfGhI", "client": [%q], "issuer": [%q], "jwks_file": %q,
		"jwks_url": "http://127.0.0.1:1/jwks.json"}}}`, testClient, testIssuer, file))
}

// contextWith is a configuration with this app, which ends with the test.
func contextWith(t testing.TB, app string) caddy.Context {
	t.Helper()
	base, err := caddy.ProvisionContext(&caddy.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(base)
	t.Cleanup(cancel)
	if _, err := ctx.LoadModuleByID("cognito", json.RawMessage(app)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// load provisions a module.
func load[T any](t testing.TB, ctx caddy.Context, id, config string) T {
	t.Helper()
	module, err := ctx.LoadModuleByID(id, json.RawMessage(config))
	if err != nil {
		t.Fatal(err)
	}
	return module.(T)
}

func newAuth(t testing.TB, config string) *Auth {
	t.Helper()
	return load[*Auth](t, newContext(t), "http.handlers.cognito_auth", config)
}

// newRequest is a request as Caddy's server hands it to handlers.
func newRequest(method, target string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	repl := caddy.NewReplacer()
	ctx := context.WithValue(r.Context(), caddy.ReplacerCtxKey, repl)
	ctx = context.WithValue(ctx, caddyhttp.VarsCtxKey, make(map[string]any))
	return r.WithContext(ctx)
}

func bearer(raw string) *http.Request {
	r := newRequest(http.MethodGet, "/orders")
	r.Header.Set("Authorization", "Bearer "+raw)
	return r
}

func placeholderOf(r *http.Request, key string) (string, bool) {
	return r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer).GetString(key)
}

// upstream is the handler behind the one under test. It keeps what it saw.
type upstream struct{ saw *http.Request }

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	u.saw = r
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// serve runs the handler and returns the status, also that of an error.
func serve(t testing.TB, h caddyhttp.MiddlewareHandler, r *http.Request) (int, http.Header, *upstream) {
	t.Helper()
	w, next := httptest.NewRecorder(), new(upstream)
	if err := h.ServeHTTP(w, r, next); err != nil {
		handlerErr, ok := err.(caddyhttp.HandlerError)
		if !ok {
			t.Fatalf("expected a HandlerError, got %T: %v", err, err)
		}
		return handlerErr.StatusCode, w.Header(), next
	}
	return w.Code, w.Header(), next
}

// accessToken is an access token, changed as wanted.
func accessToken(t testing.TB, change func(claims map[string]any)) string {
	t.Helper()
	claims := map[string]any{
		"sub": "5f0c2f6e-7c1d-4b5a-9d7e-000000000001", "iss": testIssuer, "client_id": testClient,
		"token_use": "access", "scope": "openid orders/read", "username": "jo", "cognito:groups": []string{"admins", "editors"},
		"auth_time": time.Now().Add(-time.Minute).Unix(), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		"jti": "d3f0d7a2-1111-4222-8333-944455556666", "version": 2,
	}
	if change != nil {
		change(claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return newSigner(t).Sign(string(payload))
}

// verified is an access token with more claims, as raw JSON members.
func verified(t testing.TB, members string) *verifier.Token {
	t.Helper()
	keys, err := verifier.ParseKeySet([]byte(verifiertest.JWKS(newSigner(t).JWK())))
	if err != nil {
		t.Fatal(err)
	}
	v, err := verifier.New(verifier.Options{
		KeySets: map[string]verifier.KeySet{testIssuer: verifier.NewStaticKeySet(keys)}, SkipClientCheck: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := v.Verify(t.Context(), newSigner(t).Sign(fmt.Sprintf(
		`{"iss":%q,"sub":"u1","client_id":"c1","token_use":"access","exp":4102444800,%s}`, testIssuer, members)))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}
