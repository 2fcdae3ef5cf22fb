package cognitolocal_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestCodeGrantTokens(t *testing.T) {
	w := newHosted(t)
	a := w.exchange(t, w.code(t, "nonce", "n1"))
	if a.status != http.StatusOK || a.text("token_type") != "Bearer" || a.members["expires_in"] != float64(3600) {
		t.Fatalf("expected tokens for an hour, got %d %s", a.status, a.body)
	}
	id, access := claims(t, a.text("id_token")), claims(t, a.text("access_token"))
	noError(t, w.verify(t, a.text("id_token")))
	for _, name := range []string{"origin_jti", "sub", "auth_time", "event_id"} {
		if id[name] == nil || id[name] != access[name] {
			t.Errorf("%s: expected one value in both tokens, got %v and %v", name, id[name], access[name])
		}
	}
	sum := sha256.Sum256([]byte(a.text("access_token")))
	want := map[string]any{
		"nonce": "n1", "aud": oauthClient, "token_use": "id", "cognito:username": "jo", "email": email,
		"email_verified": true, "custom:tenant": nil, // by the scope email
		"at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]),
	}
	for name, value := range want {
		if id[name] != value {
			t.Errorf("%s: expected %v, got %v", name, value, id[name])
		}
	}
	want = map[string]any{
		"scope": "openid email", "version": float64(2), "client_id": oauthClient, "username": "jo",
		"token_use": "access", "nonce": nil, "aud": nil, "at_hash": nil,
	}
	for name, value := range want {
		if access[name] != value {
			t.Errorf("%s: expected %v, got %v", name, value, access[name])
		}
	}
	if strings.Count(a.text("refresh_token"), ".") != 4 {
		t.Errorf("expected an opaque refresh token, got %q", a.text("refresh_token"))
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json;charset=UTF-8", "Access-Control-Allow-Origin": "*",
		"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
	} {
		if got := a.header.Get(name); got != value {
			t.Errorf("%s: expected %q, got %q", name, value, got)
		}
	}
	if a.header.Get("x-amz-cognito-request-id") == "" {
		t.Error("expected a request ID")
	}
}

func TestScopesDecideAboutTheIDToken(t *testing.T) {
	w := newHosted(t)
	if a := w.tokens(t, "scope", "aws.cognito.signin.user.admin"); a.members["id_token"] != nil {
		t.Error("expected no ID token without openid")
	}
	tests := map[string]map[string]any{
		"openid":               {"email": email, "custom:tenant": "42"},
		"openid email":         {"email": email, "custom:tenant": nil},
		"openid profile":       {"email": nil, "custom:tenant": "42"},
		"openid email profile": {"email": email, "custom:tenant": "42"},
	}
	for scope, want := range tests {
		t.Run(scope, func(t *testing.T) {
			id := claims(t, w.tokens(t, "scope", scope).text("id_token"))
			for name, value := range want {
				if id[name] != value {
					t.Errorf("%s: expected %v, got %v", name, value, id[name])
				}
			}
			if _, ok := id["nonce"]; ok {
				t.Error("expected no nonce that was not sent")
			}
		})
	}
}

func TestCodeGrantWithPKCE(t *testing.T) {
	w := newHosted(t)
	pkce := []string{"code_challenge", challengeOf(verifier), "code_challenge_method", "S256"}
	if a := w.exchange(t, w.code(t, pkce...), "code_verifier", verifier); a.status != http.StatusOK {
		t.Errorf("expected tokens, got %d %s", a.status, a.body)
	}
	for name, more := range map[string][]string{
		"without a verifier":               nil,
		"with another verifier":            {"code_verifier", "x" + verifier},
		"with the challenge as a verifier": {"code_verifier", challengeOf(verifier)},
	} {
		t.Run(name, func(t *testing.T) {
			if a := w.exchange(t, w.code(t, pkce...), more...); a.status != http.StatusBadRequest || a.text("error") != "invalid_grant" {
				t.Errorf("expected invalid_grant, got %d %s", a.status, a.body)
			}
		})
	}
	if a := w.exchange(t, w.code(t), "code_verifier", verifier); a.text("error") != "invalid_grant" {
		t.Errorf("expected a verifier without a challenge to be refused, got %s", a.body)
	}
}

func TestCodeIsUsedOnce(t *testing.T) {
	w := newHosted(t)
	code := w.code(t)
	first := w.exchange(t, code)
	if a := w.exchange(t, code); a.status != http.StatusBadRequest || a.text("error") != "invalid_grant" {
		t.Errorf("expected invalid_grant, got %d %s", a.status, a.body)
	}
	a := w.token(t, "", "grant_type", "refresh_token", "client_id", oauthClient, "refresh_token", first.text("refresh_token"))
	if a.status != http.StatusOK {
		t.Errorf("expected the tokens of the first use to go on, got %d %s", a.status, a.body)
	}
}

func TestCodeIsUsedOnceByManyAtATime(t *testing.T) {
	w := newHosted(t)
	code := w.code(t)
	var wg sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		wg.Go(func() {
			resp, err := http.PostForm(w.url+"/oauth2/token", values("grant_type", "authorization_code",
				"client_id", oauthClient, "redirect_uri", callback, "code", code))
			if err == nil {
				statuses[i] = resp.StatusCode
				_ = resp.Body.Close()
			}
		})
	}
	wg.Wait()
	slices.Sort(statuses)
	if statuses[0] != http.StatusOK || statuses[1] != http.StatusBadRequest {
		t.Errorf("expected one success, got %v", statuses)
	}
}

func TestFailedExchangeUsesTheCodeUp(t *testing.T) {
	w := newHosted(t)
	code := w.code(t)
	w.exchange(t, code, "redirect_uri", callback+"/x")
	if a := w.exchange(t, code); a.text("error") != "invalid_grant" {
		t.Errorf("expected invalid_grant, got %d %s", a.status, a.body)
	}
	code = w.code(t)
	w.token(t, basic(confidential, firstSecret), "grant_type", "authorization_code", "redirect_uri", callback, "code", code)
	if a := w.exchange(t, code); a.status != http.StatusOK {
		t.Errorf("expected another client's attempt to change nothing, got %d %s", a.status, a.body)
	}
}

func TestTokenRefusals(t *testing.T) {
	w := newHosted(t)
	noError(t, w.Pool().AddClient(cognitolocal.Client{
		ID: "norefresh", AuthFlows: []string{cognitolocal.AllowUserPasswordAuth},
		OAuthFlows: []string{cognitolocal.FlowCode}, OAuthScopes: []string{"openid"}, CallbackURLs: []string{callback},
	}))
	code := func(changes ...string) string { return w.code(t, changes...) }
	grant := func(pairs ...string) url.Values {
		v := values(append([]string{"grant_type", "authorization_code", "client_id", oauthClient, "redirect_uri", callback, "code", "x"}, pairs...)...)
		for name := range v {
			if v.Get(name) == "" {
				v.Del(name)
			}
		}
		return v
	}
	refresh := *w.signIn(t).RefreshToken
	m := func(pairs ...string) url.Values {
		return values(append([]string{"grant_type", "client_credentials"}, pairs...)...)
	}
	tests := []struct {
		name, auth string
		form       url.Values
		want       string
	}{
		{"an empty form", "", url.Values{}, "invalid_request"},
		{"no grant type", "", grant("grant_type", ""), "invalid_request"},
		{"an unknown grant type", "", grant("grant_type", "password"), "unsupported_grant_type"},
		{"no client", "", grant("client_id", ""), "invalid_request"},
		{"an unknown client", "", grant("client_id", "nobody"), "invalid_client"},
		{"an unknown client in the header", basic("nobody", "x"), grant("client_id", ""), "invalid_client"},
		{"a header that is not Basic", "Bearer x", grant(), "invalid_client"},
		{"a header that is not base64", "Basic %%", grant(), "invalid_client"},
		{"a public client in the header", basic(oauthClient, ""), grant(), "invalid_client"},
		{"a public client with a secret", "", grant("client_secret", "x"), "invalid_client"},
		{"a confidential client without its secret", "", grant("client_id", confidential), "invalid_client"},
		{"a confidential client with a wrong secret", "", grant("client_id", confidential, "client_secret", "x"), "invalid_client"},
		{"a confidential client with a wrong secret in the header", basic(confidential, "x"), grant("client_id", ""), "invalid_client"},
		{"a hash in place of the secret", basic(confidential, cognitolocal.SecretHash(firstSecret, "jo", confidential)), grant("client_id", ""), "invalid_client"},
		{"a header and a secret in the form", basic(confidential, firstSecret), grant("client_id", confidential, "client_secret", firstSecret), "invalid_request"},
		{"a header and another client in the form", basic(confidential, firstSecret), grant(), "invalid_request"},

		{"no code", "", grant("code", ""), "invalid_request"},
		{"no callback URL", "", grant("redirect_uri", ""), "invalid_request"},
		{"an invented code", "", grant(), "invalid_grant"},
		{"another callback URL", "", grant("code", code(), "redirect_uri", callback+"?tenant=1"), "invalid_grant"},
		{"another client's code", basic(confidential, firstSecret), grant("client_id", "", "code", code()), "invalid_grant"},
		{"a client without OAuth", "", grant("client_id", webClient), "unauthorized_client"},
		{"a machine with a code", basic(machineClient, firstSecret), grant("client_id", ""), "unauthorized_client"},

		{"no refresh token", "", values("grant_type", "refresh_token", "client_id", oauthClient), "invalid_request"},
		{"an invented refresh token", "", values("grant_type", "refresh_token", "client_id", oauthClient, "refresh_token", "x"), "invalid_grant"},
		{"another client's refresh token", "", values("grant_type", "refresh_token", "client_id", oauthClient, "refresh_token", refresh), "invalid_grant"},
		{"a refresh by a client without OAuth", "", values("grant_type", "refresh_token", "client_id", webClient, "refresh_token", refresh), "unauthorized_client"},
		{"a refresh by a client that may not", "", values("grant_type", "refresh_token", "client_id", "norefresh", "refresh_token", refresh), "unauthorized_client"},
		{"a refresh by a machine", basic(machineClient, firstSecret), values("grant_type", "refresh_token", "refresh_token", refresh), "unauthorized_client"},

		{"credentials of a client for users", basic(confidential, firstSecret), m(), "unauthorized_client"},
		{"credentials for a scope the client does not have", basic(machineClient, firstSecret), m("scope", "api/read api/admin"), "invalid_scope"},
		{"credentials for a scope of users", basic(machineClient, firstSecret), m("scope", "openid"), "invalid_scope"},
		{"credentials without a secret", "", m("client_id", machineClient), "invalid_client"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := w.send(t, http.MethodPost, "/oauth2/token", tt.auth, tt.form)
			if a.status != http.StatusBadRequest || a.text("error") != tt.want || a.members["access_token"] != nil {
				t.Errorf("expected 400 and %q, got %d %s", tt.want, a.status, a.body)
			}
		})
	}
}

func TestTokenTakesAFormByPost(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	if p := b.do(t, http.MethodGet, "/oauth2/token?grant_type=authorization_code", nil); p.status != http.StatusMethodNotAllowed {
		t.Errorf("expected 405, got %d", p.status)
	}
	form := values("grant_type", "authorization_code", "client_id", oauthClient, "redirect_uri", callback, "code", w.code(t))
	if p := b.do(t, http.MethodPost, "/oauth2/token?"+form.Encode(), nil); p.status != http.StatusBadRequest || !strings.Contains(p.body, "invalid_request") {
		t.Errorf("expected parameters in the query to be ignored, got %d %s", p.status, p.body)
	}
	resp, err := http.Post(w.url+"/oauth2/token", "application/json", strings.NewReader(form.Encode()))
	noError(t, err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("expected another content type to be refused, got %d", resp.StatusCode)
	}
	huge := values("grant_type", strings.Repeat("x", 2<<20))
	if p := b.do(t, http.MethodPost, "/oauth2/token", huge); p.status != http.StatusBadRequest {
		t.Errorf("expected a huge form to be refused, got %d", p.status)
	}
}

func TestExchangeLooksAtTheUserAndTheTime(t *testing.T) {
	tests := map[string]func(*testing.T, *world){
		"a code after five minutes":      func(_ *testing.T, w *world) { w.clock.Advance(5 * time.Minute) },
		"a user disabled in between":     func(t *testing.T, w *world) { noError(t, w.Pool().SetDisabled("jo", true)) },
		"a user removed in between":      func(t *testing.T, w *world) { noError(t, w.Pool().RemoveUser("jo")) },
		"a user who must reset the word": func(t *testing.T, w *world) { noError(t, w.Pool().SetStatus("jo", cognitolocal.ResetRequired)) },
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			w := newHosted(t)
			code := w.code(t)
			prepare(t, w)
			if a := w.exchange(t, code); a.status != http.StatusBadRequest || a.text("error") != "invalid_grant" {
				t.Errorf("expected invalid_grant, got %d %s", a.status, a.body)
			}
		})
	}
	w := newHosted(t)
	code := w.code(t)
	w.clock.Advance(5*time.Minute - time.Second)
	if a := w.exchange(t, code); a.status != http.StatusOK {
		t.Errorf("expected tokens just before five minutes, got %d %s", a.status, a.body)
	}
}

func TestBothSecretsAuthenticateBothWays(t *testing.T) {
	w := newHosted(t)
	for _, secret := range []string{firstSecret, secondSecret} {
		for name, auth := range map[string]string{"basic": basic(confidential, secret), "post": ""} {
			form := []string{"grant_type", "authorization_code", "redirect_uri", callback, "code", w.code(t, "client_id", confidential)}
			if auth == "" {
				form = append(form, "client_id", confidential, "client_secret", secret)
			}
			if a := w.token(t, auth, form...); a.status != http.StatusOK {
				t.Errorf("%s: expected tokens, got %d %s", name, a.status, a.body)
			}
		}
	}
}

func TestSecretThatWasTakenAwayIsRefused(t *testing.T) {
	w := newHosted(t)
	w.change(t, cognitolocal.Client{ID: confidential, Secrets: []string{secondSecret}})
	code := w.code(t, "client_id", confidential, "scope", "openid")
	form := []string{"grant_type", "authorization_code", "redirect_uri", callback, "code", code}
	if a := w.token(t, basic(confidential, firstSecret), form...); a.text("error") != "invalid_client" {
		t.Errorf("expected invalid_client, got %d %s", a.status, a.body)
	}
	if a := w.token(t, basic(confidential, secondSecret), form...); a.status != http.StatusOK {
		t.Errorf("expected the code to have survived, got %d %s", a.status, a.body)
	}
}

func TestBasicCredentialsMayBeEncoded(t *testing.T) {
	const secret = "a secret+with/odd:characters%41"
	w := newHosted(t)
	w.change(t, cognitolocal.Client{ID: confidential, Secrets: []string{secret}})
	for _, sent := range []string{secret, url.QueryEscape(secret)} {
		a := w.token(t, basic(confidential, sent), "grant_type", "refresh_token", "refresh_token", "x")
		if a.text("error") != "invalid_grant" {
			t.Errorf("%q: expected the client to be known, got %s", sent, a.body)
		}
	}
}

func TestMachineTokens(t *testing.T) {
	w := newHosted(t)
	for scope, want := range map[string]string{"": "api/read api/write", "api/write": "api/write", "api/read api/read": "api/read"} {
		a := w.token(t, basic(machineClient, firstSecret), "grant_type", "client_credentials", "scope", scope)
		if a.members["id_token"] != nil || a.members["refresh_token"] != nil || a.members["expires_in"] != float64(3600) {
			t.Errorf("expected an access token only, got %d %s", a.status, a.body)
		}
		c := claims(t, a.text("access_token"))
		if c["scope"] != want || c["sub"] != machineClient || c["username"] != nil {
			t.Errorf("expected a token for %q, got %v", want, c)
		}
	}
}

func TestRefreshGrant(t *testing.T) {
	w := newHosted(t)
	first := w.exchange(t, w.code(t, "nonce", "n1"))
	w.clock.Advance(time.Minute)
	noError(t, w.Pool().SetGroups("jo", "staff"))
	a := w.token(t, "", "grant_type", "refresh_token", "client_id", oauthClient, "refresh_token", first.text("refresh_token"), "scope", "openid profile")
	if a.status != http.StatusOK || a.members["refresh_token"] != nil {
		t.Fatalf("expected tokens, and no refresh token without rotation, got %d %s", a.status, a.body)
	}
	before, after := claims(t, first.text("id_token")), claims(t, a.text("id_token"))
	for _, name := range []string{"sub", "auth_time", "origin_jti"} {
		if before[name] != after[name] {
			t.Errorf("%s: expected %v, got %v", name, before[name], after[name])
		}
	}
	groups, _ := after["cognito:groups"].([]any)
	if after["nonce"] != nil || after["iat"] == before["iat"] || !slices.Equal(groups, []any{"staff"}) {
		t.Errorf("expected a new token without nonce and with the new groups, got %v", after)
	}
	if got := claims(t, a.text("access_token"))["scope"]; got != "openid email" {
		t.Errorf("expected the scopes of the sign-in, got %q", got)
	}
}

func TestRefreshGrantWithoutOpenID(t *testing.T) {
	w := newHosted(t)
	first := w.tokens(t, "scope", "api/read")
	a := w.token(t, "", "grant_type", "refresh_token", "client_id", oauthClient, "refresh_token", first.text("refresh_token"))
	if a.status != http.StatusOK || a.members["id_token"] != nil || claims(t, a.text("access_token"))["scope"] != "api/read" {
		t.Errorf("expected an access token only, got %d %s", a.status, a.body)
	}
}

func TestRefreshGrantRefusals(t *testing.T) {
	tests := map[string]func(*testing.T, *world, string){
		"an expired token":             func(_ *testing.T, w *world, _ string) { w.clock.Advance(30 * 24 * time.Hour) },
		"a disabled user":              func(t *testing.T, w *world, _ string) { noError(t, w.Pool().SetDisabled("jo", true)) },
		"a removed user":               func(t *testing.T, w *world, _ string) { noError(t, w.Pool().RemoveUser("jo")) },
		"a user signed out everywhere": func(t *testing.T, w *world, _ string) { noError(t, w.Pool().SignOut("jo")) },
		"a token revoked by the API":   func(t *testing.T, w *world, token string) { noError(t, w.revoke(t, oauthClient, token)) },
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			w := newHosted(t)
			token := w.tokens(t).text("refresh_token")
			prepare(t, w, token)
			a := w.token(t, "", "grant_type", "refresh_token", "client_id", oauthClient, "refresh_token", token)
			if a.status != http.StatusBadRequest || a.text("error") != "invalid_grant" {
				t.Errorf("expected invalid_grant, got %d %s", a.status, a.body)
			}
		})
	}
}

// TestBothHalvesRefreshEachOthersTokens: a refresh token does not know where
// it came from, and neither half changes the scopes.
func TestBothHalvesRefreshEachOthersTokens(t *testing.T) {
	w := newHosted(t)
	w.change(t, cognitolocal.Client{
		ID: oauthClient, AuthFlows: []string{cognitolocal.AllowUserPasswordAuth, cognitolocal.AllowRefreshTokenAuth},
	})
	r, err := w.getTokens(t, oauthClient, w.tokens(t, "scope", "openid").text("refresh_token"))
	noError(t, err)
	if c := claims(t, *r.AccessToken); c["scope"] != "openid" || c["version"] != float64(2) {
		t.Errorf("expected the scopes of the hosted sign-in, got %v", c["scope"])
	}
	r, err = w.auth(t, "USER_PASSWORD_AUTH", oauthClient, "USERNAME", "jo", "PASSWORD", password)
	noError(t, err)
	a := w.token(t, "", "grant_type", "refresh_token", "client_id", oauthClient, "refresh_token", *r.RefreshToken)
	if a.text("id_token") == "" || claims(t, a.text("access_token"))["scope"] != "aws.cognito.signin.user.admin" {
		t.Errorf("expected the scope of the API and an ID token, got %d %s", a.status, a.body)
	}
}

func TestPreflight(t *testing.T) {
	w := newHosted(t)
	for _, path := range []string{"/oauth2/token", "/oauth2/userInfo", "/oauth2/revoke"} {
		p := w.browser(t).do(t, http.MethodOptions, path, nil)
		if p.status != http.StatusOK || p.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: expected every origin to be allowed, got %d", path, p.status)
		}
	}
}
