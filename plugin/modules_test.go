package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

func recorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func TestMatch(t *testing.T) {
	ctx := newContext(t)
	auth := load[*Auth](t, ctx, "http.handlers.cognito_auth", `{"pool":["main"],"optional":true}`)
	_, _, signedIn := serve(t, auth, bearer(accessToken(t, nil)))
	_, _, anonymous := serve(t, auth, newRequest(http.MethodGet, "/"))
	for _, row := range []struct {
		name, config string
		r            *http.Request
		want         bool
	}{
		{"any user", `{}`, signedIn.saw, true},
		{"a group that the user is in", `{"require":[{"kind":"group","values":["x","editors"]}]}`, signedIn.saw, true},
		{"a group that the user is not in", `{"require":[{"kind":"group","values":["owners"]}]}`, signedIn.saw, false},
		{"all requirements must hold", `{"require":[{"kind":"group","values":["editors"]},{"kind":"scope","values":["none"]}]}`, signedIn.saw, false},
		{"nobody is no user", `{}`, anonymous.saw, false},
		{"a request that no cognito_auth saw", `{}`, bearer(accessToken(t, nil)), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			match := load[*Match](t, ctx, "http.matchers.cognito", row.config)
			if got, err := match.MatchWithError(row.r); got != row.want || err != nil {
				t.Errorf("expected %v, got %v, %v", row.want, got, err)
			}
		})
	}
}

func TestMatchInExpressions(t *testing.T) {
	ctx := newContext(t)
	auth := load[*Auth](t, ctx, "http.handlers.cognito_auth", `{"pool":["main"]}`)
	_, _, signedIn := serve(t, auth, bearer(accessToken(t, nil)))
	for expression, want := range map[string]bool{
		"cognito('group', 'editors')":                              true,
		"cognito('group', 'owners')":                               false,
		"cognito('group', 'owners') || cognito('scope', 'openid')": true,
	} {
		match := load[*caddyhttp.MatchExpression](t, ctx, "http.matchers.expression", string(mustJSON(t, expression)))
		if got, err := match.MatchWithError(signedIn.saw); got != want || err != nil {
			t.Errorf("%s: expected %v, got %v, %v", expression, want, got, err)
		}
	}
}

func TestStripHandler(t *testing.T) {
	ctx := newContext(t)
	load[*Auth](t, ctx, "http.handlers.cognito_auth", `{"pool":["main"],"forward":[{"claim":"sub","header":"X-User-Id"}]}`)
	strip := load[*Strip](t, ctx, "http.handlers.cognito_strip", `{}`)
	r := newRequest(http.MethodGet, "/")
	r.Header = http.Header{"X-Cognito-Sub": {"evil"}, "X-User-Id": {"evil"}, "X_user_id": {"evil"}, "Accept": {"*/*"}}
	_, _, next := serve(t, strip, r)
	if len(next.saw.Header) != 1 {
		t.Errorf("expected only Accept, got %v", next.saw.Header)
	}
}

func TestStripRefusesAmbiguousPaths(t *testing.T) {
	ctx := newContext(t)
	for config, want := range map[string]int{`{}`: http.StatusBadRequest, `{"allow_ambiguous_path":true}`: http.StatusNoContent} {
		r := newRequest(http.MethodGet, "/")
		r.URL.Path = "/public/..;/admin"
		if status, _, _ := serve(t, load[*Strip](t, ctx, "http.handlers.cognito_strip", config), r); status != want {
			t.Errorf("%s: expected %d, got %d", config, want, status)
		}
		if reason, _ := placeholderOf(r, "http.cognito.reason"); (reason == "ambiguous_path") != (want == http.StatusBadRequest) {
			t.Errorf("%s: unexpected reason %q", config, reason)
		}
	}
}

func TestStripLeavesTokensToTheHandlersBehindIt(t *testing.T) {
	ctx := newContext(t)
	strip := load[*Strip](t, ctx, "http.handlers.cognito_strip", `{}`)
	auth := load[*Auth](t, ctx, "http.handlers.cognito_auth", `{"pool":["main"],"token_source":[{"from":"header","name":"X-Partner-Token"}]}`)
	r := newRequest(http.MethodGet, "/")
	r.Header = http.Header{"X-Partner-Token": {accessToken(t, nil)}, "X_partner_token": {"other"}}
	_, _, between := serve(t, strip, r)
	status, _, next := serve(t, auth, between.saw)
	if status != http.StatusNoContent {
		t.Fatalf("expected 204, got %d", status)
	}
	for name := range next.saw.Header {
		if strings.Contains(strings.ToLower(name), "partner") {
			t.Errorf("the upstream got %s", name)
		}
	}
}

func TestStripAfterAuthKeepsTheIdentity(t *testing.T) {
	ctx := newContext(t)
	auth := load[*Auth](t, ctx, "http.handlers.cognito_auth", `{"pool":["main"]}`)
	strip := load[*Strip](t, ctx, "http.handlers.cognito_strip", `{}`)
	_, _, next := serve(t, auth, bearer(accessToken(t, nil)))
	_, _, next = serve(t, strip, next.saw)
	if next.saw.Header.Get("X-Cognito-Username") != "jo" {
		t.Errorf("the verified identity is gone: %v", next.saw.Header)
	}
}

func TestProvider(t *testing.T) {
	provider := load[*Provider](t, newContext(t), "http.authentication.providers.cognito",
		`{"pool":["main"],"require":[{"kind":"group","values":["admins"]}]}`)
	w := recorder()
	user, ok, err := provider.Authenticate(w, bearer(accessToken(t, set("id", "forged"))))
	if !ok || err != nil || user.ID != "5f0c2f6e-7c1d-4b5a-9d7e-000000000001" {
		t.Fatalf("expected the user, got %+v, %v, %v", user, ok, err)
	}
	if user.Metadata["username"] != "jo" || user.Metadata["cognito:groups"] != "admins,editors" || user.Metadata["id"] != "" {
		t.Errorf("unexpected metadata %v", user.Metadata)
	}
	for name, r := range map[string]*http.Request{
		"no token":                newRequest(http.MethodGet, "/"),
		"a token that is refused": bearer("rubbish"),
		"a missing group":         bearer(accessToken(t, remove("cognito:groups"))),
	} {
		w := recorder()
		if user, ok, err := provider.Authenticate(w, r); ok || err != nil || user.ID != "" || w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: got %+v, %v, %v, %v", name, user, ok, err, w.Header())
		}
	}
}

func TestProviderKeepsAnswersFromCaches(t *testing.T) {
	provider := load[*Provider](t, newContext(t), "http.authentication.providers.cognito",
		`{"pool":["main"],"token_source":[{"from":"authorization"},{"from":"query","name":"token"}]}`)
	token := accessToken(t, nil)
	for _, row := range []struct {
		name, want string
		request    *http.Request
	}{
		{"in the query", "private", newRequest(http.MethodGet, "/?token="+token)},
		{"in the usual header", "", bearer(token)},
	} {
		w := recorder()
		if _, ok, err := provider.Authenticate(w, row.request); !ok || err != nil || w.Header().Get("Cache-Control") != row.want {
			t.Errorf("%s: expected %q, got %v, %v, %v", row.name, row.want, ok, err, w.Header())
		}
	}
}

func TestProvisionRefuses(t *testing.T) {
	const auth, provider, match = "http.handlers.cognito_auth", "http.authentication.providers.cognito", "http.matchers.cognito"
	for _, row := range []struct{ name, module, config, want string }{
		{"no pool", auth, `{}`, "pool: required"},
		{"a pool that nobody configured", auth, `{"pool":["other"]}`, `no user_pool is named "other"`},
		{"an inline pool without clients", auth, `{"user_pool":{"id":"eu-west-1_AbCdEfGhI"}}`, "client: required"},
		{"an inline pool with an unset variable", auth, `{"user_pool":{"id":"{env.COGNITO_TEST_UNSET}","client":["c"]}}`, "id:"},
		{"an unknown key", auth, `{"pool":["main"],"requires":[]}`, `unknown field "requires"`},
		{"an unknown requirement", provider, `{"pool":["main"],"require":[{"kind":"role","values":["x"]}]}`, `unknown requirement "role"`},
		{"an unknown requirement of a matcher", match, `{"require":[{"kind":"role","values":["x"]}]}`, `unknown requirement "role"`},
		{"a file of pinned keys that is missing", auth, `{"user_pool":{"id":"eu-west-1_AbCdEfGhI","client":["c"],"jwks_file":"/nowhere/jwks.json"}}`, "jwks_file"},
		{"a file of pinned keys that holds none", auth, `{"user_pool":{"id":"eu-west-1_AbCdEfGhI","client":["c"],"jwks_file":"/dev/null"}}`, "jwks_file"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := newContext(t).LoadModuleByID(row.module, json.RawMessage(row.config))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("expected an error with %q, got %v", row.want, err)
			}
		})
	}
}

func TestUserPoolsAreShared(t *testing.T) {
	const auth = "http.handlers.cognito_auth"
	inline := `{"user_pool":{"id":"eu-west-1_Shared","client":["c"]}}`
	first, second := newContext(t), newContext(t)
	a := load[*Auth](t, first, auth, inline)
	b := load[*Auth](t, second, auth, inline)
	if a.checker.pools[0] != b.checker.pools[0] {
		t.Error("two configurations with the same pool have a verifier each")
	}
	c := load[*Auth](t, second, auth, `{"user_pool":{"id":"eu-west-1_Shared","client":["c"],"leeway":"5s"}}`)
	if a.checker.pools[0] == c.checker.pools[0] {
		t.Error("two configurations with different pools share a verifier")
	}
}

func TestFailedConfigurationReleasesOnlyItsOwn(t *testing.T) {
	const auth = "http.handlers.cognito_auth"
	inline := `{"user_pool":{"id":"eu-west-1_Kept","client":["c"]}}`
	h := load[*Auth](t, newContext(t), auth, inline)
	t.Run("a configuration that fails", func(t *testing.T) {
		ctx := newContext(t)
		load[*Auth](t, ctx, auth, inline)
		if _, err := ctx.LoadModuleByID(auth, json.RawMessage(`{"pool":["nobody"]}`)); err == nil {
			t.Fatal("expected an error")
		}
	})
	pools := 0
	for _, pool := range livePools("") {
		if pool.verifier == h.checker.pools[0] {
			pools++
		}
	}
	if pools != 1 {
		t.Errorf("expected the pool of the running configuration to live on, got %d", pools)
	}
}

func TestAConfigurationThatFailsGivesThePoolsBack(t *testing.T) {
	for name, end := range map[string]func(*App) error{
		"another app fails to start":       (*App).Stop,
		"what follows all the apps' start": (*App).Cleanup, // Caddy does not stop them then
	} {
		running, failing := startedApp(t), startedApp(t)
		set := running.acquired[0].keySets[0]
		if set.env.Load() != failing.env {
			t.Fatalf("%s: expected the newer configuration to have taken over", name)
		}
		if err := end(failing); err != nil {
			t.Fatal(err)
		}
		if set.env.Load() != running.env {
			t.Errorf("%s: expected the pools to work for the running configuration again", name)
		}
	}
}

func TestAConfigurationThatWasReplacedTakesNothingBack(t *testing.T) {
	replaced, running := startedApp(t), startedApp(t)
	if err := replaced.Stop(); err != nil {
		t.Fatal(err)
	}
	if running.acquired[0].keySets[0].env.Load() != running.env {
		t.Error("expected the pools to go on working for the running configuration")
	}
}

// startedApp is one of several apps with the same pool.
func startedApp(t *testing.T) *App {
	t.Helper()
	app, err := loadApp(contextWith(t, `{"user_pool":{"main":{"id":"eu-west-1_Same","client":["c"],"jwks_url":"http://127.0.0.1:1/jwks.json"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	return app
}

func TestAdminAPI(t *testing.T) {
	load[*Auth](t, newContext(t), "http.handlers.cognito_auth", `{"pool":["main"]}`)
	for _, row := range []struct {
		name, method, target string
		status               int
		want                 string
	}{
		{"status", http.MethodGet, "/cognito/status", 200, `"pool":"main"`},
		{"status by another method", http.MethodPost, "/cognito/status", 405, "use GET"},
		{"refresh by another method", http.MethodGet, "/cognito/refresh", 405, "use POST"},
		{"refresh of a pool that is not there", http.MethodPost, "/cognito/refresh?pool=nobody", 404, `"nobody"`},
		{"refresh when the issuer cannot be reached", http.MethodPost, "/cognito/refresh?pool=main", 502, "pool main"},
	} {
		t.Run(row.name, func(t *testing.T) {
			status, body := callAdmin(t, row.method, row.target)
			if status != row.status || !strings.Contains(body, row.want) {
				t.Errorf("expected %d with %q, got %d %s", row.status, row.want, status, body)
			}
		})
	}
}

// callAdmin calls the route whose pattern is the path.
func callAdmin(t *testing.T, method, target string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for _, route := range (adminAPI{}).Routes() {
		if route.Pattern != r.URL.Path {
			continue
		}
		w := recorder()
		err := route.Handler.ServeHTTP(w, r)
		if apiErr, ok := errors.AsType[caddy.APIError](err); ok {
			return apiErr.HTTPStatus, apiErr.Err.Error()
		}
		return w.Code, w.Body.String()
	}
	t.Fatalf("no route for %s", target)
	return 0, ""
}

func TestRefusalOf(t *testing.T) {
	for _, row := range []struct {
		name   string
		err    error
		status int
		reason string
	}{
		{"no decision is possible", &verifier.UnavailableError{}, 503, "unavailable"},
		{"no decision is possible because a fetch timed out", &verifier.UnavailableError{Err: context.DeadlineExceeded}, 503, "unavailable"},
		{"a session cannot be refreshed", &session.UnavailableError{Err: context.DeadlineExceeded}, 503, "session_unavailable"},
		{"a session gets tokens that are refused here", &session.UnavailableError{Err: &verifier.TokenError{Reason: verifier.ErrExpired}}, 503, "session_unavailable"},
		{"a session gets tokens while there are no keys", &session.UnavailableError{Err: &verifier.UnavailableError{}}, 503, "session_unavailable"},
		{"nobody waits any more", context.Canceled, 499, "canceled"},
		{"the request's time is up", context.DeadlineExceeded, 499, "canceled"},
		{"an error of somebody else", http.ErrAbortHandler, 500, "other"},
	} {
		if got := refusalOf(row.err); got.status != row.status || got.reason != row.reason {
			t.Errorf("%s: expected %d %s, got %+v", row.name, row.status, row.reason, got)
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
