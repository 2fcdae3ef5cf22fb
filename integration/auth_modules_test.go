package integration_test

import (
	"encoding/json"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// TestSecondAuthChecksTheTokenThatTheFirstVerified, since Authorization is gone
// by then.
func TestSecondAuthChecksTheTokenThatTheFirstVerified(t *testing.T) {
	w := started(t, setup{site: `route {
	cognito_auth main {
		forward sub > X-User-Id
	}
	@kings path /kings
	cognito_auth @kings main {
		require group kings
	}
	@fresh path /admins
	cognito_auth @fresh main {
		optional
		require group admins
		forward token
	}
	reverse_proxy $UPSTREAM
}`})
	token := w.access(nil)
	bearer := "Authorization: Bearer " + token
	w.wantStatus(403, w.get("/kings", bearer))
	w.upstream.none(t)
	w.wantStatus(200, w.get("/admins", bearer, "X-User-Id: mallory"))
	w.upstream.one(t).wantIdentity(t, w.joHeaders("X-User-Id", w.sub("jo"), "Authorization", bearer[len("Authorization: "):])...)
	w.wantStatus(200, w.get("/", bearer))
	w.upstream.one(t).wantIdentity(t, w.joHeaders("X-User-Id", w.sub("jo"))...)
}

func TestMatcherRoutesByVerifiedClaims(t *testing.T) {
	w := started(t, setup{site: `route {
	cognito_auth main {
		optional
	}
	@admins cognito group admins
	respond @admins "admins"
	@cel expression cognito('scope', 'orders/read') && path('/orders')
	respond @cel "orders"
	@any cognito
	respond @any "somebody"
	respond "nobody"
}`})
	mo, err := w.pool.AccessToken("mo", webClient, nil)
	check(t, err)
	scoped, err := w.pool.MachineToken(machineClient, "orders/read")
	check(t, err)
	rows := []struct{ name, path, token, want string }{
		{"a group", "/", w.access(nil), "admins"},
		{"a scope in an expression", "/orders", scoped, "orders"},
		{"a scope on another path", "/", scoped, "somebody"},
		{"any verified token", "/", mo, "somebody"},
		{"no token", "/orders", "", "nobody"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var lines []string
			if row.token != "" {
				lines = []string{"Authorization: Bearer " + row.token}
			}
			if got := w.get(row.path, lines...); got.body != row.want {
				t.Errorf("expected %q, got %q", row.want, got.body)
			}
		})
	}
}

// TestMatcherKnowsNoUnverifiedToken: on a route without cognito_auth before it,
// it matches nothing.
func TestMatcherKnowsNoUnverifiedToken(t *testing.T) {
	w := started(t, setup{site: "@any cognito\nrespond @any \"somebody\"\nrespond \"nobody\""})
	if got := w.bearer(w.access(nil)); got.body != "nobody" {
		t.Errorf("expected nobody, got %q", got.body)
	}
}

func TestStripKeepsWhatAuthSaid(t *testing.T) {
	w := started(t, setup{site: "route {\ncognito_strip\ncognito_auth main {\noptional\n}\ncognito_strip\nreverse_proxy $UPSTREAM\n}"})
	w.wantStatus(200, w.get("/", "X-Cognito-Sub: mallory"))
	w.upstream.one(t).wantIdentity(t)
	w.wantStatus(200, w.get("/", "X-Cognito-Sub: mallory", "Authorization: Bearer "+w.access(nil)))
	w.upstream.one(t).wantIdentity(t, w.joHeaders()...)
}

func TestStripLeavesSessionsToTheHandlersBehindIt(t *testing.T) {
	w := startedSignin(t, signinSetup{site: "route {\ncognito_strip\ncognito_auth main\nreverse_proxy $UPSTREAM\n}"})
	w.newBrowser().signIn("jo")
	if cookie := w.upstream.one(t).header.Get("Cookie"); cookie != "" {
		t.Errorf("expected no session at the upstream, got %q", cookie)
	}
}

func TestPlaceholdersAndTheUserInTheAccessLog(t *testing.T) {
	w := started(t, setup{site: `cognito_auth main
	reverse_proxy $UPSTREAM {
		header_up A-Id {http.auth.user.id}
		header_up A-Groups {http.auth.user.cognito:groups}
		header_up A-Tenant {http.auth.user.custom:tenant}
		header_up A-Time {http.auth.user.auth_time}
	}`})
	w.wantStatus(200, w.bearer(w.access(with("auth_time", 1790000000))))
	got := w.upstream.one(t)
	w.wantHeader(got, "A-Id", w.sub("jo"))
	w.wantHeader(got, "A-Groups", "admins,staff")
	w.wantHeader(got, "A-Tenant", "")
	w.wantHeader(got, "A-Time", "1790000000")
	w.wantStatus(401, w.get("/"))
	eventually(t, "both requests are in the access log", func() bool { return len(w.logUsers()) == 2 })
	if users := w.logUsers(); users[0] != w.sub("jo") || users[1] != "" {
		t.Errorf("expected the user and nobody, got %q", users)
	}
}

// logUsers are the user_id fields of the access log, in order.
func (w *world) logUsers() (users []string) {
	w.Helper()
	for _, line := range w.logLines() {
		if line["msg"] == "handled request" {
			user, _ := line["user_id"].(string)
			users = append(users, user)
		}
	}
	return users
}

// withProvider puts Caddy's authentication handler with our provider in front of
// every route of the site.
func (w *world) withProvider(caddyfile string, provider map[string]any) []byte {
	w.Helper()
	raw, err := edge.Adapt(caddyfile)
	check(w.T, err)
	var config map[string]any
	check(w.T, json.Unmarshal(raw, &config))
	auth := map[string]any{"handler": "authentication", "providers": map[string]any{"cognito": provider}}
	servers := config["apps"].(map[string]any)["http"].(map[string]any)["servers"].(map[string]any)
	for _, server := range servers {
		routes := server.(map[string]any)["routes"].([]any)
		server.(map[string]any)["routes"] = append([]any{map[string]any{"handle": []any{auth}}}, routes...)
	}
	raw, err = json.Marshal(config)
	check(w.T, err)
	return raw
}

func TestProviderForCaddysOwnAuthentication(t *testing.T) {
	w := newWorld(t)
	config := w.withProvider(w.caddyfile(setup{site: `cognito_strip
	reverse_proxy $UPSTREAM {
		header_up X-User-Id {http.auth.user.id}
	}
	handle_errors {
		header X-Reason {http.cognito.reason}
		respond "" {http.error.status_code}
	}`}), map[string]any{"pool": []string{"main"}, "require": []any{map[string]any{"kind": "group", "values": []string{"admins"}}}})
	check(t, caddy.Load(config, true))
	token := w.access(with("id", "mallory"))
	w.wantStatus(200, w.get("/", "Authorization: Bearer "+token, "X-User-Id: mallory", "X-Cognito-Sub: mallory"))
	// This handler leaves the token where it is.
	w.upstream.one(t).wantIdentity(t, "X-User-Id", w.sub("jo"), "Authorization", "Bearer "+token)
	for reason, lines := range map[string][]string{
		"missing": nil, "malformed": {"Authorization: Bearer x"}, "group": {"Authorization: Bearer " + w.access(with("cognito:groups", nil))},
	} {
		got := w.get("/", lines...)
		w.wantStatus(401, got)
		if got.header.Get("X-Reason") != reason {
			t.Errorf("expected reason %q, got %q", reason, got.header.Get("X-Reason"))
		}
	}
	w.upstream.none(t)
}

// TestLaterForwardReplacesTheEarlier, also by nothing.
func TestLaterForwardReplacesTheEarlier(t *testing.T) {
	w := started(t, setup{site: `route {
	cognito_auth main {
		forward sub > X-User-Id
	}
	cognito_auth main {
		forward custom:user > X-User-Id
	}
	reverse_proxy $UPSTREAM
}`})
	w.wantStatus(200, w.bearer(w.access(nil)))
	w.upstream.one(t).wantIdentity(t, w.joHeaders()...)
	w.wantStatus(200, w.bearer(w.access(with("custom:user", "42"))))
	w.upstream.one(t).wantIdentity(t, w.joHeaders("X-User-Id", "42")...)
}
