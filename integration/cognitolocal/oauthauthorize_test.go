package cognitolocal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestAuthorizeGoesToThePageWithAllParameters(t *testing.T) {
	w := newHosted(t)
	q := params("login_hint", "jo", "lang", "de").Encode()
	p := w.browser(t).do(t, http.MethodGet, "/oauth2/authorize?"+q, nil)
	if p.status != http.StatusFound || p.location != "/login?"+q {
		t.Errorf("expected the login page with the same query, got %d %q", p.status, p.location)
	}
}

func TestAuthorizeReturnsACodeAndTheState(t *testing.T) {
	w := newHosted(t)
	for name, state := range map[string]string{
		"plain": "s1", "odd characters": "a b+c/d&e=f%20ü", "long": strings.Repeat("x", 3000), "none": "",
	} {
		t.Run(name, func(t *testing.T) {
			b := w.browser(t)
			p := b.signIn(t, b.authorize(t, "state", state), "jo", password)
			got := p.query(t)
			if len(got.Get("code")) != 36 || got.Get("state") != state || got.Has("state") != (state != "") {
				t.Errorf("expected a code and the state, got %q", got)
			}
		})
	}
}

func TestCallbackKeepsItsOwnQuery(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	q := b.signIn(t, b.authorize(t, "redirect_uri", callback+"?tenant=1"), "jo", password).query(t)
	if q.Get("tenant") != "1" || q.Get("code") == "" {
		t.Errorf("expected the registered parameter and the code, got %q", q)
	}
}

// TestAuthorizeErrorsAtTheCallback: client and callback URL are good, so the
// client gets to know.
func TestAuthorizeErrorsAtTheCallback(t *testing.T) {
	tests := []struct {
		name    string
		changes []string
		want    string
	}{
		{"no response type", []string{"response_type", ""}, "invalid_request"},
		{"an unknown response type", []string{"response_type", "id_token"}, "invalid_request"},
		{"two response types", []string{"response_type", "code token"}, "invalid_request"},
		{"the implicit flow", []string{"response_type", "token"}, "unauthorized_client"},
		{"an unknown scope", []string{"scope", "openid nonsense"}, "invalid_scope"},
		{"phone without openid", []string{"scope", "phone"}, "invalid_scope"},
		{"a custom scope the client does not have", []string{"scope", "openid api/write"}, "invalid_scope"},
		{"email without openid", []string{"scope", "email"}, "invalid_scope"},
		{"profile without openid", []string{"scope", "profile api/read"}, "invalid_scope"},
		{"a challenge without a method", []string{"code_challenge", challengeOf(verifier)}, "invalid_request"},
		{"a method without a challenge", []string{"code_challenge_method", "S256"}, "invalid_request"},
		{"the method plain", []string{"code_challenge", challengeOf(verifier), "code_challenge_method", "plain"}, "invalid_request"},
		{"the method in small letters", []string{"code_challenge", challengeOf(verifier), "code_challenge_method", "s256"}, "invalid_request"},
		{"a challenge that is too short", []string{"code_challenge", "abc", "code_challenge_method", "S256"}, "invalid_request"},
		{"a challenge in standard base64", []string{"code_challenge", strings.Repeat("+", 43), "code_challenge_method", "S256"}, "invalid_request"},
		{"an unknown prompt", []string{"prompt", "never"}, "invalid_request"},
		{"prompt none among others", []string{"prompt", "none login"}, "invalid_request"},
		{"prompt none without a session", []string{"prompt", "none"}, "login_required"},
		{"a negative age", []string{"max_age", "-1"}, "invalid_request"},
		{"an age that is no number", []string{"max_age", "1h"}, "invalid_request"},
	}
	for _, path := range []string{"/oauth2/authorize?", "/login?"} {
		w := newHosted(t)
		for _, tt := range tests {
			t.Run(path+" "+tt.name, func(t *testing.T) {
				p := w.browser(t).do(t, http.MethodGet, path+params(tt.changes...).Encode(), nil)
				q := p.query(t)
				if p.status != http.StatusFound || q.Get("error") != tt.want || q.Get("state") != "s1" || q.Has("code") {
					t.Errorf("expected %q, got %d %q", tt.want, p.status, q)
				}
			})
		}
	}
}

// TestAuthorizeErrorsAtTheDomain: there is no callback URL to trust, so the
// browser stays.
func TestAuthorizeErrorsAtTheDomain(t *testing.T) {
	tests := []struct {
		name    string
		changes []string
		want    string
	}{
		{"no client", []string{"client_id", ""}, "Required String parameter 'client_id' is not present"},
		{"an unknown client", []string{"client_id", "nobody"}, "Client does not exist."},
		{"a client without OAuth", []string{"client_id", webClient}, "Client is not enabled for OAuth2.0 flows."},
		{"no callback URL", []string{"redirect_uri", ""}, "Required String parameter 'redirect_uri' is not present"},
		{"another host", []string{"redirect_uri", "https://evil.example/callback"}, "redirect_mismatch"},
		{"a slash more", []string{"redirect_uri", callback + "/"}, "redirect_mismatch"},
		{"a query more", []string{"redirect_uri", callback + "?x=1"}, "redirect_mismatch"},
		{"a path below", []string{"redirect_uri", callback + "/../evil"}, "redirect_mismatch"},
		{"another scheme", []string{"redirect_uri", "http://app.example.org/callback"}, "redirect_mismatch"},
		{"capital letters", []string{"redirect_uri", "https://APP.example.org/callback"}, "redirect_mismatch"},
		{"a port", []string{"redirect_uri", "https://app.example.org:443/callback"}, "redirect_mismatch"},
		{"a sign-out URL", []string{"redirect_uri", signedOut}, "redirect_mismatch"},
		{"an unknown provider", []string{"identity_provider", "Facebook"}, "Login option is not available. Please try another one"},
		{"a provider in small letters", []string{"identity_provider", "google"}, "Login option is not available. Please try another one"},
		{"an unknown identifier", []string{"idp_identifier", "other.example"}, "Login option is not available. Please try another one"},
		{"a provider the client does not have", []string{"client_id", confidential, "identity_provider", "Google"}, "Login option is not available. Please try another one"},
	}
	for _, path := range []string{"/oauth2/authorize?", "/login?"} {
		w := newHosted(t)
		for _, tt := range tests {
			t.Run(path+" "+tt.name, func(t *testing.T) {
				b := w.browser(t)
				first := b.do(t, http.MethodGet, path+params(tt.changes...).Encode(), nil)
				if first.status != http.StatusFound || !strings.HasPrefix(first.location, "/error?") {
					t.Fatalf("expected the error page of the domain, got %d %q", first.status, first.location)
				}
				if p := b.get(t, first.location); p.status != http.StatusBadRequest || p.error() != tt.want {
					t.Errorf("expected 400 and %q, got %d and %q", tt.want, p.status, p.error())
				}
			})
		}
	}
}

func TestAuthorizeTakesGetOnly(t *testing.T) {
	w := newHosted(t)
	p := w.browser(t).do(t, http.MethodPost, "/oauth2/authorize", params())
	if p.status != http.StatusMethodNotAllowed {
		t.Errorf("expected 405, got %d", p.status)
	}
}

func TestFlowTheClientDoesNotAllow(t *testing.T) {
	w := newHosted(t)
	w.change(t, cognitolocal.Client{ID: oauthClient, OAuthFlows: []string{cognitolocal.FlowImplicit}})
	if got := w.browser(t).authorize(t).query(t).Get("error"); got != "unauthorized_client" {
		t.Errorf("expected %q, got %q", "unauthorized_client", got)
	}
}

func TestOmittedScopesAreAllOfTheClient(t *testing.T) {
	w := newHosted(t)
	const want = "openid email phone profile aws.cognito.signin.user.admin api/read"
	if got := claims(t, w.tokens(t, "scope", "").text("access_token"))["scope"]; got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
}

func TestSessionOfTheBrowserSignsInSilently(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	b.signIn(t, b.authorize(t), "jo", password)
	for _, changes := range [][]string{
		nil, {"prompt", "none"}, {"prompt", "consent"}, {"client_id", confidential},
		{"identity_provider", "COGNITO"}, {"max_age", "60"},
	} {
		if q := b.authorize(t, changes...).query(t); q.Get("code") == "" {
			t.Errorf("%q: expected a code without a page, got %q", changes, q)
		}
	}
}

func TestSessionOfTheBrowserDoesNotDo(t *testing.T) {
	tests := []struct {
		name    string
		changes []string
		prepare func(*testing.T, *world)
	}{
		{name: "when the request says login", changes: []string{"prompt", "login"}},
		{name: "when the user is to choose", changes: []string{"prompt", "select_account"}},
		{name: "when it is too old", changes: []string{"max_age", "60"}, prepare: func(_ *testing.T, w *world) { w.clock.Advance(61 * time.Second) }},
		{name: "after an hour", prepare: func(_ *testing.T, w *world) { w.clock.Advance(time.Hour) }},
		{name: "when the user was disabled", prepare: func(t *testing.T, w *world) { noError(t, w.Pool().SetDisabled("jo", true)) }},
		{name: "when the user is gone", prepare: func(t *testing.T, w *world) { noError(t, w.Pool().RemoveUser("jo")) }},
		{
			name: "when the client no longer takes users of the pool", changes: []string{"client_id", confidential},
			prepare: func(t *testing.T, w *world) {
				w.change(t, cognitolocal.Client{ID: confidential, OAuthScopes: []string{"openid", "email"}, IdentityProviders: []string{"Google", "Corp"}})
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newHosted(t)
			b := w.browser(t)
			b.signIn(t, b.authorize(t), "jo", password)
			if tt.prepare != nil {
				tt.prepare(t, w)
			}
			p := b.authorize(t, tt.changes...)
			if p.status != http.StatusOK || !strings.HasPrefix(p.url, w.url+"/login?") {
				t.Errorf("expected the sign-in page, got %d %q", p.status, p.location)
			}
		})
	}
}

func TestSilentSignInTellsTheOldTime(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	b.signIn(t, b.authorize(t), "jo", password)
	signedIn := w.clock.Now().Unix()
	w.clock.Advance(30 * time.Minute)
	id := w.exchange(t, b.authorize(t).query(t).Get("code")).text("id_token")
	if got := claims(t, id)["auth_time"]; got != float64(signedIn) {
		t.Errorf("expected the time of the sign-in %d, got %v", signedIn, got)
	}
	w.clock.Advance(time.Minute)
	if q := b.authorize(t, "prompt", "none", "max_age", "60").query(t); q.Get("error") != "login_required" {
		t.Errorf("expected login_required for an old session, got %q", q)
	}
}

func TestSignOutAtTheAPILeavesTheBrowserSignedIn(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	b.signIn(t, b.authorize(t), "jo", password)
	noError(t, w.Pool().SignOut("jo"))
	if q := b.authorize(t).query(t); q.Get("code") == "" {
		t.Errorf("expected the session of the browser to go on, got %q", q)
	}
}

func TestForgedSessionCookieIsIgnored(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	u, err := url.Parse(w.url)
	noError(t, err)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: "cognito", Value: "forged"}})
	if p := b.authorize(t); p.status != http.StatusOK {
		t.Errorf("expected the sign-in page, got %d", p.status)
	}
}
