package integration_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// refusing is a site that refuses requests, with error routes that tell why.
func refusing(lines string) setup {
	return setup{site: "cognito_auth main {\n" + lines + "\n}\nreverse_proxy $UPSTREAM\n" +
		"handle_errors {\nheader X-Reason {http.cognito.reason}\nrespond \"{http.error.message}\" {http.error.status_code}\n}"}
}

func TestRequirements(t *testing.T) {
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	rows := []struct {
		name, require string
		claims        func(map[string]any)
		status        int
		challenge     string // after the realm
		reason        string
	}{
		{"a scope that is there", "require scope orders/read", with("scope", "openid orders/read"), 200, "", ""},
		{"one of several scopes", "require scope a b", with("scope", "b"), 200, "", ""},
		{"a missing scope", "require scope orders/read orders/write", nil, 403,
			`, error="insufficient_scope", scope="orders/read orders/write", error_description="token lacks a required scope (scope)"`, "scope"},
		{"a scope that only begins alike", "require scope orders/read", with("scope", "orders/readwrite"), 403,
			`, error="insufficient_scope", scope="orders/read", error_description="token lacks a required scope (scope)"`, "scope"},
		{"a scope in another case", "require scope orders/read", with("scope", "Orders/Read"), 403,
			`, error="insufficient_scope", scope="orders/read", error_description="token lacks a required scope (scope)"`, "scope"},
		{"two lines, one of them unmet", "require scope a\nrequire scope b", with("scope", "a"), 403,
			`, error="insufficient_scope", scope="b", error_description="token lacks a required scope (scope)"`, "scope"},
		{"a group that is there", "require group admins", nil, 200, "", ""},
		{"a missing group", "require group kings", nil, 403, `, error="insufficient_scope", error_description="user is in none of the required groups (cognito:groups)"`, "group"},
		{"no groups at all", "require group admins", with("cognito:groups", nil), 403, `, error="insufficient_scope", error_description="user is in none of the required groups (cognito:groups)"`, "group"},
		{"a group with a comma is not two groups", "require group admins", with("cognito:groups", []string{"staff,admins"}), 403,
			`, error="insufficient_scope", error_description="user is in none of the required groups (cognito:groups)"`, "group"},
		{"a group in another claim", "require group kings", with("groups", []string{"kings"}), 403, `, error="insufficient_scope", error_description="user is in none of the required groups (cognito:groups)"`, "group"},
		{"a claim with the value", "require claim custom:tenant 42", with("custom:tenant", "42"), 200, "", ""},
		{"a claim that is a number", "require claim n 42", with("n", 42), 200, "", ""},
		{"a claim that is true", "require claim yes true", with("yes", true), 200, "", ""},
		{"a claim that is a list", "require claim l x", with("l", []string{"y", "x"}), 200, "", ""},
		{"a claim with another value", "require claim custom:tenant 42", with("custom:tenant", "43"), 403,
			`, error="insufficient_scope", error_description="token claim does not have a required value (custom:tenant)"`, "claim"},
		{"an absent claim", "require claim custom:tenant 42", nil, 403, `, error="insufficient_scope", error_description="token claim does not have a required value (custom:tenant)"`, "claim"},
		{"a strong authentication", "require acr urn:cognito:loa:3 urn:cognito:loa:4", with("acr", "urn:cognito:loa:4"), 200, "", ""},
		{"a weak authentication", "require acr urn:cognito:loa:3 urn:cognito:loa:4", with("acr", "urn:cognito:loa:1"), 401,
			`, error="insufficient_user_authentication", acr_values="urn:cognito:loa:3 urn:cognito:loa:4", error_description="authentication is not strong enough (acr)"`, "auth_context"},
		{"an unknown authentication", "require acr urn:cognito:loa:3", nil, 401,
			`, error="insufficient_user_authentication", acr_values="urn:cognito:loa:3", error_description="authentication is not strong enough (acr)"`, "auth_context"},
		{"a recent sign-in", "require max_age 5m", with("auth_time", ago(time.Minute)), 200, "", ""},
		{"an old sign-in", "require max_age 5m", with("auth_time", ago(time.Hour)), 401,
			`, error="insufficient_user_authentication", max_age="300", error_description="authentication is too old (auth_time)"`, "auth_age"},
		{"a sign-in at an unknown time", "require max_age 5m", with("auth_time", nil), 401,
			`, error="insufficient_user_authentication", max_age="300", error_description="authentication is too old (auth_time)"`, "auth_age"},
	}
	w := newWorld(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w.load(refusing(row.require))
			got := w.bearer(w.access(row.claims))
			w.wantStatus(row.status, got)
			if row.status == 200 {
				w.upstream.one(t)
				return
			}
			w.upstream.none(t)
			w.wantChallenge(`Bearer realm="cognito"`+row.challenge, got)
			if got.header.Get("X-Reason") != row.reason {
				t.Errorf("expected reason %q, got %q", row.reason, got.header.Get("X-Reason"))
			}
		})
	}
}

func (w *world) wantChallenge(want string, got answer) {
	w.Helper()
	if lines := got.header["Www-Authenticate"]; len(lines) != 1 || lines[0] != want {
		w.Errorf("expected challenge %q, got %q", want, lines)
	}
}

func TestMissingTokenIsChallengedWithoutAnErrorCode(t *testing.T) {
	w := started(t, refusing(""))
	got := w.get("/")
	w.wantStatus(401, got)
	w.wantChallenge(`Bearer realm="cognito"`, got)
	if got.body != "a token is required" || got.header.Get("X-Reason") != "missing" {
		t.Errorf("expected message and reason, got %q and %q", got.body, got.header.Get("X-Reason"))
	}
	w.upstream.none(t)
}

func TestTokenWithoutTheSchemeIsMissing(t *testing.T) {
	const bare = "a token is required: the Authorization header has no scheme Bearer"
	w := started(t, refusing(""))
	token := w.access(nil)
	got := w.get("/", "Authorization: "+token)
	w.wantStatus(401, got)
	w.wantChallenge(`Bearer realm="cognito", error_description="`+bare+`"`, got)
	if got.body != bare || got.header.Get("X-Reason") != "missing" {
		t.Errorf("expected message and reason, got %q and %q", got.body, got.header.Get("X-Reason"))
	}
	w.load(refusing("optional"))
	w.wantStatus(200, w.get("/", "Authorization: "+token))
}

func TestRefusalNamesTheClaimButNotItsValue(t *testing.T) {
	w := started(t, refusing(""))
	got := w.bearer(w.access(with("client_id", "evil-client")))
	w.wantStatus(401, got)
	w.wantChallenge(`Bearer realm="cognito", error="invalid_token", error_description="token issued to another app client (client_id)"`, got)
	if strings.Contains(got.body, "evil-client") {
		t.Errorf("the answer repeats the token: %q", got.body)
	}
}

func TestJSONErrors(t *testing.T) {
	w := started(t, setup{site: "cognito_auth main {\nerrors json\nrequire group kings\n}\nreverse_proxy $UPSTREAM"})
	rows := []struct {
		name, header, title, code string
		status                    int
	}{
		{"without a token", "", "Unauthorized", "missing", 401},
		{"with a bad token", "Authorization: Bearer x", "Unauthorized", "malformed", 401},
		{"with two tokens", "Authorization: Bearer x\nAuthorization: Bearer y", "Bad Request", "ambiguous_token", 400},
		{"without the group", "Authorization: Bearer " + w.access(nil), "Forbidden", "group", 403},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var lines []string
			if row.header != "" {
				lines = strings.Split(row.header, "\n")
			}
			got := w.get("/", lines...)
			w.wantStatus(row.status, got)
			if got.header.Get("Content-Type") != "application/problem+json" || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("expected uncached problem details, got %v", got.header)
			}
			var problem struct {
				Title, Detail, Code string
				Status              int
			}
			check(t, json.Unmarshal([]byte(got.body), &problem))
			if problem.Title != row.title || problem.Status != row.status || problem.Code != row.code || problem.Detail == "" {
				t.Errorf("expected %q %d %q, got %+v", row.title, row.status, row.code, problem)
			}
		})
	}
}

func TestOptionalLetsOnlyTokenlessRequestsPass(t *testing.T) {
	w := started(t, setup{site: "cognito_auth main {\noptional\n}\nreverse_proxy $UPSTREAM"})
	w.wantStatus(200, w.get("/", "X-Cognito-Sub: mallory"))
	w.upstream.one(t).wantIdentity(t)
	w.wantStatus(200, w.bearer(w.access(nil)))
	w.upstream.one(t).wantIdentity(t, w.joHeaders()...)
	// CVE-2021-21378: a bad token is not a missing one.
	for _, bad := range []string{"x", "", w.access(with("exp", 1)), w.access(with("iss", "https://evil.example"))} {
		w.wantStatus(401, w.bearer(bad))
	}
	w.wantStatus(401, w.get("/", "Authorization: Bearer"))
	w.wantStatus(400, w.get("/", "Authorization: Bearer x", "Authorization: Bearer y"))
	w.upstream.none(t)
}

func TestPreflightPassesOnlyWhenAllowed(t *testing.T) {
	preflight := []string{"Origin: https://app.example", "Access-Control-Request-Method: PUT", "X-Cognito-Sub: mallory"}
	w := started(t, setup{site: "handle /closed {\ncognito_auth main\nreverse_proxy $UPSTREAM\n}\n" +
		"handle {\ncognito_auth main {\nallow_preflight\n}\nreverse_proxy $UPSTREAM\n}"})
	w.wantStatus(401, w.do(http.MethodOptions, "/closed", "", preflight...))
	w.wantStatus(401, w.do(http.MethodOptions, "/", "", preflight[0]))
	w.wantStatus(401, w.do(http.MethodGet, "/", "", preflight...))
	w.wantStatus(401, w.do(http.MethodOptions, "/", "", append(preflight, "Authorization: Bearer x")...))
	w.upstream.none(t)
	w.wantStatus(200, w.do(http.MethodOptions, "/", "", preflight...))
	w.upstream.one(t).wantIdentity(t)
}
