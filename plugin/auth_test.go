package plugin

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAuth(t *testing.T) {
	const minimal = `{"pool":["main"]}`
	for _, row := range []struct {
		name, config string
		claims       func(map[string]any)
		change       func(*http.Request)
		status       int
		challenge    string
		headers      map[string]string // what the upstream saw; "" for absent
	}{
		{name: "a good token passes, and its identity with it", config: minimal, status: 204, headers: map[string]string{
			"X-Cognito-Sub": "5f0c2f6e-7c1d-4b5a-9d7e-000000000001", "X-Cognito-Username": "jo", "X-Cognito-Groups": "admins,editors",
			"X-Cognito-Scope": "openid orders/read", "X-Cognito-Client-Id": testClient, "X-Cognito-Token-Use": "access",
			"X-Cognito-Email": "", "Authorization": "",
		}},
		{name: "no token", config: minimal, change: noToken, status: 401, challenge: `Bearer realm="cognito"`},
		{name: "an expired token", config: minimal, claims: set("exp", time.Now().Unix()-1), status: 401,
			challenge: `Bearer realm="cognito", error="invalid_token", error_description="token expired (exp)"`},
		{name: "an ID token where access tokens are wanted", config: minimal, claims: idToken, status: 401,
			challenge: `Bearer realm="cognito", error="invalid_token", error_description="token use not accepted (token_use)"`},
		{name: "an ID token where it is wanted", config: `{"pool":["main"],"token_use":["id"]}`, claims: idToken, status: 204,
			headers: map[string]string{"X-Cognito-Email": "jo@example.com", "X-Cognito-Username": "jo", "X-Cognito-Client-Id": testClient, "X-Cognito-Scope": ""}},
		{name: "a required scope that is missing", config: `{"pool":["main"],"require":[{"kind":"scope","values":["orders/write","orders/admin"]}]}`, status: 403,
			challenge: `Bearer realm="cognito", error="insufficient_scope", scope="orders/write orders/admin", error_description="token lacks a required scope (scope)"`},
		{name: "a required group that is missing", config: `{"pool":["main"],"require":[{"kind":"group","values":["owners"]}]}`, status: 403,
			challenge: `Bearer realm="cognito", error="insufficient_scope", error_description="user is in none of the required groups (cognito:groups)"`},
		{name: "two requirements of which one is missing", config: `{"pool":["main"],"require":[{"kind":"group","values":["admins"]},{"kind":"group","values":["owners"]}]}`, status: 403,
			challenge: `Bearer realm="cognito", error="insufficient_scope", error_description="user is in none of the required groups (cognito:groups)"`},
		{name: "one of several values is enough", config: `{"pool":["main"],"require":[{"kind":"group","values":["owners","editors"]}]}`, status: 204},
		{name: "a weak authentication", config: `{"pool":["main"],"require":[{"kind":"acr","values":["urn:cognito:loa:3","urn:cognito:loa:4"]}]}`, status: 401,
			challenge: `Bearer realm="cognito", error="insufficient_user_authentication", acr_values="urn:cognito:loa:3 urn:cognito:loa:4", error_description="authentication is not strong enough (acr)"`},
		{name: "an old authentication", config: `{"pool":["main"],"require":[{"kind":"max_age","values":["30s"]}]}`, status: 401,
			challenge: `Bearer realm="cognito", error="insufficient_user_authentication", max_age="30", error_description="authentication is too old (auth_time)"`},
		{name: "optional without a token passes without identity", config: `{"pool":["main"],"optional":true}`, change: noToken, status: 204,
			headers: map[string]string{"X-Cognito-Sub": ""}},
		{name: "optional with a bad token is refused", config: `{"pool":["main"],"optional":true}`, claims: set("exp", 1), status: 401,
			challenge: `Bearer realm="cognito", error="invalid_token", error_description="token expired (exp)"`},
		{name: "spoofed headers go, also on the optional path", config: `{"pool":["main"],"optional":true}`, status: 204,
			change:  func(r *http.Request) { noToken(r); r.Header["X-Cognito-Sub"] = []string{"evil"} },
			headers: map[string]string{"X-Cognito-Sub": ""}},
		{name: "a claim that the token lacks leaves no room for a client's header", config: minimal, status: 204,
			claims: remove("cognito:groups"), change: func(r *http.Request) { r.Header["X-Cognito-Groups"] = []string{"admins"} },
			headers: map[string]string{"X-Cognito-Groups": ""}},
		{name: "an ambiguous path", config: minimal, change: func(r *http.Request) { r.URL.Path = "/a;b" }, status: 400,
			challenge: `Bearer realm="cognito", error="invalid_request", error_description="the path can be read in more than one way"`},
		{name: "an ambiguous path that is allowed", config: `{"pool":["main"],"allow_ambiguous_path":true}`, change: func(r *http.Request) { r.URL.Path = "/a;b" }, status: 204},
		{name: "two tokens", config: minimal, change: func(r *http.Request) { r.Header.Add("Authorization", "Bearer x") }, status: 400,
			challenge: `Bearer realm="cognito", error="invalid_request", error_description="more than one token in the request"`},
		{name: "a required claim whose name not every header may have", config: `{"pool":["main"],"require":[{"kind":"claim","values":["custom:größe\\\"","9"]}]}`, status: 403,
			challenge: `Bearer realm="cognito", error="insufficient_scope", error_description="token claim does not have a required value (custom:gr??e??)"`},
		{name: "a preflight is refused by default", config: minimal, change: preflight, status: 401, challenge: `Bearer realm="cognito"`},
		{name: "a preflight that is allowed", config: `{"pool":["main"],"allow_preflight":true}`, change: preflight, status: 204},
		{name: "OPTIONS that is no preflight", config: `{"pool":["main"],"allow_preflight":true}`, status: 401, challenge: `Bearer realm="cognito"`,
			change: func(r *http.Request) { noToken(r); r.Method = http.MethodOptions }},
		{name: "forward token", config: `{"pool":["main"],"forward_token":true,"forward_none":true,"forward":[{"claim":"username","header":"X-User"}]}`, status: 204,
			headers: map[string]string{"X-User": "jo", "X-Cognito-Sub": ""}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := bearer(accessToken(t, row.claims))
			raw := r.Header.Get("Authorization")
			if row.change != nil {
				row.change(r)
			}
			status, header, next := serve(t, newAuth(t, row.config), r)
			if status != row.status || header.Get("WWW-Authenticate") != row.challenge {
				t.Fatalf("expected %d %q, got %d %q", row.status, row.challenge, status, header.Get("WWW-Authenticate"))
			}
			if passed := next.saw != nil; passed != (status == 204) {
				t.Fatalf("expected the upstream to be reached: %v", status == 204)
			}
			for name, want := range row.headers {
				if got := strings.Join(next.saw.Header[name], "|"); got != want {
					t.Errorf("%s: expected %q, got %q", name, want, got)
				}
			}
			if row.name == "forward token" && next.saw.Header.Get("Authorization") != raw {
				t.Error("the upstream did not get the token")
			}
		})
	}
}

func noToken(r *http.Request) { r.Header.Del("Authorization") }

func preflight(r *http.Request) {
	noToken(r)
	r.Method = http.MethodOptions
	r.Header.Set("Origin", "https://app.example.com")
	r.Header.Set("Access-Control-Request-Method", "PUT")
}

func set(claim string, value any) func(map[string]any) {
	return func(claims map[string]any) { claims[claim] = value }
}

func remove(claim string) func(map[string]any) {
	return func(claims map[string]any) { delete(claims, claim) }
}

func idToken(claims map[string]any) {
	for _, claim := range []string{"client_id", "scope", "username", "version"} {
		delete(claims, claim)
	}
	claims["token_use"], claims["aud"] = "id", testClient
	claims["cognito:username"], claims["email"] = "jo", "jo@example.com"
}

func TestAuthRefusesWithoutHanging(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*http.Request)
		want   string
	}{
		{"an HTTP/1 request with a body closes", func(r *http.Request) { r.ContentLength = 10 }, "close"},
		{"one of unknown length closes", func(r *http.Request) { r.ContentLength = -1 }, "close"},
		{"one without a body does not", func(*http.Request) {}, ""},
		{"HTTP/2 does not", func(r *http.Request) { r.ContentLength, r.ProtoMajor = 10, 2 }, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRequest(http.MethodPost, "/")
			row.change(r)
			_, header, _ := serve(t, newAuth(t, `{"pool":["main"]}`), r)
			if got := header.Get("Connection"); got != row.want {
				t.Errorf("expected %q, got %q", row.want, got)
			}
		})
	}
}

func TestAuthDropsTrailers(t *testing.T) {
	r := bearer(accessToken(t, nil))
	r.Trailer = http.Header{"X-Cognito-Sub": {"evil"}}
	_, _, next := serve(t, newAuth(t, `{"pool":["main"]}`), r)
	r.Trailer = http.Header{"X-Cognito-Sub": {"evil"}} // as net/http does at the end of the body
	if next.saw.Trailer != nil {
		t.Errorf("the upstream got trailers: %v", next.saw.Trailer)
	}
}

func TestAuthAgainOnTheSameRoute(t *testing.T) {
	ctx := newContext(t)
	const id = "http.handlers.cognito_auth"
	first := load[*Auth](t, ctx, id, `{"pool":["main"],"forward":[{"claim":"username","header":"X-User"}],"forward_token":true}`)
	for _, row := range []struct {
		name, config string
		status       int
	}{
		{"re-checks the token that the first one took away", `{"pool":["main"],"require":[{"kind":"group","values":["editors"]}]}`, 204},
		{"refuses what the first one let pass", `{"pool":["main"],"require":[{"kind":"group","values":["owners"]}]}`, 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			second := load[*Auth](t, ctx, id, row.config)
			next := new(upstream)
			_, _, between := serve(t, first, bearer(accessToken(t, nil)))
			status, _, next := serve(t, second, between.saw)
			if status != row.status {
				t.Fatalf("expected %d, got %d", row.status, status)
			}
			if next.saw == nil {
				return
			}
			for _, name := range []string{"X-User", "X-Cognito-Sub", "Authorization"} {
				if next.saw.Header.Get(name) == "" {
					t.Errorf("%s, which the first one set, is gone", name)
				}
			}
		})
	}
}

func TestPlaceholders(t *testing.T) {
	token := accessToken(t, func(c map[string]any) {
		c["custom:tenant"], c["flag"], c["id"], c["list"] = "42 %é", true, "forged", []string{"a,b", "c"}
	})
	r := bearer(token)
	repl := "http.auth.user."
	if _, known := placeholderOf(r, repl+"id"); known {
		t.Error("a placeholder is known before any handler")
	}
	_, _, next := serve(t, newAuth(t, `{"pool":["main"]}`), r)
	for key, want := range map[string]string{
		repl + "id": "5f0c2f6e-7c1d-4b5a-9d7e-000000000001", repl + "sub": "5f0c2f6e-7c1d-4b5a-9d7e-000000000001",
		repl + "custom:tenant": "42 %é", repl + "flag": "true", repl + "cognito:groups": "admins,editors",
		repl + "list": "a%2Cb,c", repl + "none": "", "http.cognito.pool": "main", "http.cognito.token_use": "access",
	} {
		if got, known := placeholderOf(next.saw, key); got != want || !known {
			t.Errorf("%s: expected %q, got %q, %v", key, want, got, known)
		}
	}
}

func TestRefusalSetsReason(t *testing.T) {
	r := newRequest(http.MethodGet, "/")
	serve(t, newAuth(t, `{"pool":["main"]}`), r)
	if got, _ := placeholderOf(r, "http.cognito.reason"); got != "missing" {
		t.Errorf("expected missing, got %q", got)
	}
}

func TestErrorsJSON(t *testing.T) {
	h := newAuth(t, `{"pool":["main"],"errors":"json"}`)
	w := recorder()
	if err := h.ServeHTTP(w, bearer("not.a.token"), new(upstream)); err != nil {
		t.Fatal(err)
	}
	const want = `{"title":"Unauthorized","status":401,"detail":"malformed token","code":"malformed"}` + "\n"
	if w.Body.String() != want || w.Header().Get("Content-Type") != "application/problem+json" || w.Code != 401 {
		t.Errorf("expected %s, got %d %v %s", want, w.Code, w.Header(), w.Body)
	}
}
