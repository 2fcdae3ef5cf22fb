package cognitolocal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestLoginPage(t *testing.T) {
	w := newHosted(t)
	p := w.browser(t).authorize(t, "login_hint", `jo"><script>`, "lang", "de")
	for _, want := range []string{
		`value="jo&#34;&gt;&lt;script&gt;"`, `<html lang="de">`, "Continue with Google", "Continue with Corp",
		`autocomplete="username"`, `autocomplete="current-password"`,
	} {
		if !strings.Contains(p.body, want) {
			t.Errorf("expected %q in %q", want, p.body)
		}
	}
	if strings.Contains(p.body, "<script") || p.header.Get("X-Frame-Options") != "DENY" {
		t.Error("expected the hint to be escaped, and no frames")
	}
}

func TestLoginSetsACookieForAnHour(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	p := b.signIn(t, b.authorize(t), email, password) // by the alias
	cookie := p.header.Get("Set-Cookie")
	for _, want := range []string{"cognito=", "Path=/", "Max-Age=3600", "HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("expected %q in %q", want, cookie)
		}
	}
	if strings.Contains(cookie, "Secure") || strings.Contains(cookie, "Domain") {
		t.Errorf("expected a cookie that plain HTTP on this host takes, got %q", cookie)
	}
}

func TestLoginRefusals(t *testing.T) {
	tests := []struct {
		name, username, password, want string
		prepare                        func(*testing.T, *world)
	}{
		{name: "a wrong password", username: "jo", password: "x", want: "Incorrect username or password."},
		{name: "an unknown user", username: "nobody", password: password, want: "Incorrect username or password."},
		{name: "no username", password: password, want: "Incorrect username or password."},
		{name: "no password", username: "jo", want: "Incorrect username or password."},
		{
			name: "a user of another provider", username: "Google_1234", password: "x", want: "Incorrect username or password.",
			prepare: func(t *testing.T, w *world) {
				b := w.browser(t)
				b.follow(t, b.authorize(t, "identity_provider", "Google"), "1234")
			},
		},
		{
			name: "a user who is disabled", username: "jo", password: password, want: "User is disabled.",
			prepare: func(t *testing.T, w *world) { noError(t, w.Pool().SetDisabled("jo", true)) },
		},
		{
			name: "a user who has yet to confirm", username: "jo", password: password, want: "User is not confirmed.",
			prepare: func(t *testing.T, w *world) { noError(t, w.Pool().SetStatus("jo", cognitolocal.Unconfirmed)) },
		},
		{
			name: "a user who must reset the password", username: "jo", password: password, want: "Password reset required for the user",
			prepare: func(t *testing.T, w *world) { noError(t, w.Pool().SetStatus("jo", cognitolocal.ResetRequired)) },
		},
		{
			name: "a user who is locked out", username: "jo", password: password, want: "Password attempts exceeded",
			prepare: func(t *testing.T, w *world) {
				b := w.browser(t)
				for p := b.authorize(t); p.error() != "Password attempts exceeded"; {
					p = b.signIn(t, p, "jo", "x")
				}
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newHosted(t)
			if tt.prepare != nil {
				tt.prepare(t, w)
			}
			b := w.browser(t)
			p := b.signIn(t, b.authorize(t), tt.username, tt.password)
			if p.status != http.StatusOK || p.error() != tt.want || strings.Contains(p.header.Get("Set-Cookie"), "cognito=") {
				t.Errorf("expected the page with %q, got %d %q", tt.want, p.status, p.error())
			}
		})
	}
}

func TestLoginGoesOnAfterARefusal(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	p := b.signIn(t, b.authorize(t), "jo", "x")
	if q := b.signIn(t, p, "jo", password).query(t); q.Get("code") == "" || q.Get("state") != "s1" {
		t.Errorf("expected a code, got %q", q)
	}
}

func TestLoginWorksInTwoTabs(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	first, second := b.authorize(t, "state", "one"), b.authorize(t, "state", "two")
	for state, p := range map[string]page{"two": second, "one": first} {
		if q := b.signIn(t, p, "jo", password).query(t); q.Get("code") == "" || q.Get("state") != state {
			t.Errorf("expected a code for %q, got %q", state, q)
		}
	}
}

func TestLoginRefusesFormsOfOtherSites(t *testing.T) {
	w := newHosted(t)
	form := url.Values{"username": {"jo"}, "password": {password}}
	path := "/login?" + params().Encode()
	tests := map[string]func(*browser) page{
		"without a cookie and a token": func(b *browser) page { return b.do(t, http.MethodPost, path, form) },
		"without a cookie": func(b *browser) page {
			return b.signIn(t, page{url: path, body: `name="_csrf" value="x"`}, "jo", password)
		},
		"without a token": func(b *browser) page {
			b.authorize(t)
			return b.do(t, http.MethodPost, path, form)
		},
		"with the token of another browser": func(b *browser) page {
			b.authorize(t)
			return b.signIn(t, w.browser(t).authorize(t), "jo", password)
		},
	}
	for name, post := range tests {
		t.Run(name, func(t *testing.T) {
			if p := post(w.browser(t)); p.status != http.StatusForbidden || p.error() == "" || p.location != "" {
				t.Errorf("expected 403 and a page, got %d %q", p.status, p.body)
			}
		})
	}
}

func TestLoginChecksTheRequestAgain(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	p := b.authorize(t)
	w.change(t, cognitolocal.Client{ID: oauthClient, OAuthScopes: []string{"openid"}})
	if got := b.signIn(t, p, "jo", password).query(t).Get("error"); got != "invalid_scope" {
		t.Errorf("expected %q, got %q", "invalid_scope", got)
	}
	p = b.authorize(t, "scope", "openid")
	w.change(t, cognitolocal.Client{ID: oauthClient, IdentityProviders: []string{"Corp", "Google"}})
	if got := b.signIn(t, p, "jo", password).error(); got != "Incorrect username or password." {
		t.Errorf("expected no users of the pool, got %q", got)
	}
}

func TestErrorPageEscapes(t *testing.T) {
	w := newHosted(t)
	p := w.browser(t).get(t, "/error?error="+url.QueryEscape("<script>alert(1)</script>"))
	if p.status != http.StatusBadRequest || strings.Contains(p.body, "<script") || !strings.Contains(p.body, "&lt;script") {
		t.Errorf("expected 400 and escaped text, got %d %q", p.status, p.body)
	}
}

func TestLogout(t *testing.T) {
	w := newHosted(t)
	logout := func(pairs ...string) string { return "/logout?" + values(pairs...).Encode() }
	tests := []struct{ name, address, want string }{
		{"to a registered URL", logout("client_id", oauthClient, "logout_uri", signedOut), signedOut},
		{"to a registered URL, whatever else is sent", logout("client_id", oauthClient, "logout_uri", signedOut, "redirect_uri", "https://evil.example"), signedOut},
		{"to sign in again", "/logout?" + params("scope", "openid").Encode(), "/login?" + params("scope", "openid").Encode()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := w.browser(t)
			before := w.tokens(t)
			b.signIn(t, b.authorize(t), "jo", password)
			u, err := url.Parse(w.url)
			noError(t, err)
			old := b.http.Jar.Cookies(u)
			p := b.do(t, http.MethodGet, tt.address, nil)
			if p.status != http.StatusFound || p.location != tt.want {
				t.Fatalf("expected %q, got %d %q", tt.want, p.status, p.location)
			}
			if p = b.authorize(t); p.status != http.StatusOK {
				t.Errorf("expected the sign-in page afterwards, got %d", p.status)
			}
			b.http.Jar.SetCookies(u, old)
			if p = b.authorize(t); p.status != http.StatusOK {
				t.Errorf("expected a copied cookie to be dead, got %d", p.status)
			}
			if a := w.token(t, "", "grant_type", "refresh_token", "client_id", oauthClient, "refresh_token", before.text("refresh_token")); a.status != http.StatusOK {
				t.Errorf("expected tokens to go on, got %d %s", a.status, a.body)
			}
		})
	}
}

func TestLogoutRefusals(t *testing.T) {
	const needsRedirect = "Required String parameter 'redirect_uri' is not present"
	tests := []struct {
		name  string
		pairs []string
		want  string
	}{
		{"no client", []string{"logout_uri", signedOut}, "Required String parameter 'client_id' is not present"},
		{"an unknown client", []string{"client_id", "nobody", "logout_uri", signedOut}, "Client does not exist."},
		{"nowhere to go", []string{"client_id", oauthClient}, needsRedirect},
		{"an unregistered sign-out URL", []string{"client_id", oauthClient, "logout_uri", "https://evil.example"}, needsRedirect},
		{"a sign-out URL with a slash more", []string{"client_id", oauthClient, "logout_uri", signedOut + "/"}, needsRedirect},
		{"a callback URL to sign out to", []string{"client_id", oauthClient, "logout_uri", callback}, needsRedirect},
		{"an unregistered callback URL", []string{"client_id", oauthClient, "response_type", "code", "redirect_uri", "https://evil.example"}, "redirect_mismatch"},
		{"the parameter of the standard", []string{"client_id", oauthClient, "post_logout_redirect_uri", signedOut}, needsRedirect},
	}
	w := newHosted(t)
	b := w.browser(t)
	b.signIn(t, b.authorize(t), "jo", password)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := b.get(t, "/logout?"+values(tt.pairs...).Encode())
			if p.status != http.StatusBadRequest || p.error() != tt.want {
				t.Errorf("expected 400 and %q, got %d %q", tt.want, p.status, p.error())
			}
			if q := b.authorize(t).query(t); q.Get("code") == "" {
				t.Errorf("expected the session to go on, got %q", q)
			}
		})
	}
}

func TestLogoutLeavesThePageToTheRequest(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	p := b.get(t, "/logout?"+params("response_type", "").Encode())
	if got := p.query(t).Get("error"); got != "invalid_request" {
		t.Errorf("expected the login endpoint to refuse, got %q", got)
	}
}

func TestFaultsOfTheDomain(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	endpoints := map[cognitolocal.Endpoint]func() int{
		cognitolocal.EndpointAuthorize:   func() int { return b.do(t, http.MethodGet, "/oauth2/authorize?"+params().Encode(), nil).status },
		cognitolocal.EndpointLogin:       func() int { return b.do(t, http.MethodGet, "/login?"+params().Encode(), nil).status },
		cognitolocal.EndpointIDPResponse: func() int { return b.do(t, http.MethodGet, "/oauth2/idpresponse", nil).status },
		cognitolocal.EndpointToken:       func() int { return b.do(t, http.MethodPost, "/oauth2/token", url.Values{}).status },
		cognitolocal.EndpointUserInfo:    func() int { return b.do(t, http.MethodGet, "/oauth2/userInfo", nil).status },
		cognitolocal.EndpointRevoke:      func() int { return b.do(t, http.MethodPost, "/oauth2/revoke", url.Values{}).status },
		cognitolocal.EndpointLogout:      func() int { return b.do(t, http.MethodGet, "/logout", nil).status },
	}
	for e, call := range endpoints {
		t.Run(string(e), func(t *testing.T) {
			w.SetFault(e, cognitolocal.FaultStatus(http.StatusServiceUnavailable).Times(1))
			for other, callOther := range endpoints {
				if other != e && callOther() == http.StatusServiceUnavailable {
					t.Errorf("expected %s to be spared", other)
				}
			}
			before := w.Requests(e)
			if got := call(); got != http.StatusServiceUnavailable {
				t.Errorf("expected 503, got %d", got)
			}
			if got := call(); got == http.StatusServiceUnavailable || w.Requests(e) != before+2 {
				t.Errorf("expected the fault to be over and two requests, got %d and %d", got, w.Requests(e)-before)
			}
		})
	}
}

func TestFaultOAuth(t *testing.T) {
	w := newHosted(t)
	w.SetFault(cognitolocal.EndpointToken, cognitolocal.FaultOAuth(http.StatusTooManyRequests, "slow_down", "Rate exceeded").Times(1))
	a := w.token(t, "")
	if a.status != http.StatusTooManyRequests || a.text("error") != "slow_down" || a.text("error_description") != "Rate exceeded" {
		t.Errorf("expected the fault, got %d %s", a.status, a.body)
	}
	if a = w.token(t, ""); a.status != http.StatusBadRequest || a.members["error_description"] != nil {
		t.Errorf("expected a bare error, got %d %s", a.status, a.body)
	}
}

func TestSlowTokenEndpointAnswersInTheEnd(t *testing.T) {
	w := newHosted(t)
	code := w.code(t)
	w.SetFault(cognitolocal.EndpointToken, cognitolocal.FaultSlow(time.Millisecond))
	if a := w.exchange(t, code); a.status != http.StatusOK {
		t.Errorf("expected the form to survive the wait, got %d %s", a.status, a.body)
	}
}
