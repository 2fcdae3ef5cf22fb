package integration_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestWhoMaySignOut: another site must not sign a visitor out, nor may a browser
// that looks ahead.
func TestWhoMaySignOut(t *testing.T) {
	w := startedSignin(t, signinSetup{signin: unlimited})
	cross, form := "Sec-Fetch-Site: cross-site", "Content-Type: application/x-www-form-urlencoded"
	link := []string{"Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Fetch-Site: same-origin"}
	for _, row := range []struct {
		name, method, body string
		lines              []string
		status             int // 303: signed out
	}{
		{"a form of this site", "POST", "", []string{"Origin: " + app, "Sec-Fetch-Site: same-origin"}, 303},
		{"a form of this site, of an old browser", "POST", "", []string{"Origin: " + app}, 303},
		{"a program that is no browser", "POST", "", nil, 303},
		{"a link of this site", "GET", "", link, 303},
		{"a link of another site is asked about", "GET", "", []string{"Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", cross}, 200},
		{"a link of a sibling is asked about", "GET", "", []string{"Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Fetch-Site: same-site"}, 200},
		{"an address that was typed is asked about", "GET", "", navigating, 200},
		{"a link of an old browser is asked about", "GET", "", []string{"Accept: text/html"}, 200},
		{"a link of this site that is fetched ahead", "GET", "", lines(link, "Sec-Purpose: prefetch"), 200},
		{"a link of this site that is rendered ahead", "GET", "", lines(link, "Sec-Purpose: prefetch;prerender"), 200},
		{"a link of this site in a frame", "GET", "", []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe", "Sec-Fetch-Site: same-origin"}, 200},
		{"an image of this site", "GET", "", []string{"Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image", "Sec-Fetch-Site: same-origin"}, 200},
		{"a script of this site that only gets", "GET", "", fetching, 200},
		{"a HEAD", "HEAD", "", navigating, 200},
		{"a form of another site", "POST", "", []string{"Origin: https://evil.example", cross}, 403},
		{"a form of another site, of an old browser", "POST", "", []string{"Origin: https://evil.example"}, 403},
		{"a form of a sibling", "POST", "", []string{"Origin: http://other.localhost", "Sec-Fetch-Site: same-site"}, 403},
		{"a form of a sandbox", "POST", "", []string{"Origin: null", cross}, 403},
		{"a form of another port", "POST", "", []string{"Origin: http://localhost:81"}, 403},
		{"a form of another scheme", "POST", "", []string{"Origin: https://localhost", cross}, 403},
		{"a form of another site that names this host to proxies", "POST", "", []string{"Origin: https://evil.example", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https"}, 403},
		{"JSON of another site", "POST", "{}", []string{"Content-Type: application/json", "Origin: https://evil.example"}, 403},
		{"a field that it does not know", "POST", "return_to=https%3A%2F%2Fevil.example", []string{form}, 400},
		{"a field twice", "POST", "refresh_token=a&refresh_token=b", []string{form}, 400},
		{"text", "POST", "a=b", []string{"Content-Type: text/plain"}, 415},
		{"too much", "POST", "refresh_token=" + strings.Repeat("a", 70<<10), []string{form}, 413},
		{"DELETE", "DELETE", "", []string{"Origin: " + app}, 405},
		{"a preflight", "OPTIONS", "", []string{"Origin: https://evil.example", "Access-Control-Request-Method: POST"}, 405},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			session := w.signedIn("jo")
			got := w.send(row.method, "/_cognito/sign-out?return_to=https%3A%2F%2Fevil.example", row.body, lines(row.lines, session)...)
			w.wantStatus(row.status, got)
			out := row.status == 303
			if cleared(got, sessionCookie) != out || out && got.header.Get("Location") != "/_cognito/signed-out" {
				t.Errorf("expected to be signed out: %v, got %v", out, got.header)
			}
			if row.status >= 400 && (len(got.body) < 20 || got.header.Get("Cache-Control") != "no-store") {
				t.Errorf("expected words that help, got %q", got.body)
			}
			want := map[bool]int{true: 401, false: 200}[out]
			w.wantStatus(want, w.send("GET", "/private", "", session)) // a copy of the cookie
			w.upstream.take()
		})
	}
}

// TestSignOutEndsTheSession everywhere: in this browser, in copies of the cookie and
// its tokens, and at the pool; the other sessions of the user go on.
func TestSignOutEndsTheSession(t *testing.T) {
	w := startedSignin(t, signinSetup{})
	first, second := w.signedIn("jo"), w.signedIn("jo")
	revoked := w.cognito.Calls("RevokeToken")
	got := w.send("POST", "/_cognito/sign-out", "{}", first, "Content-Type: application/json")
	w.wantStatus(200, got)
	if answer := decode(t, got.body); answer["signed_in"] != false || answer["return_to"] != "/_cognito/signed-out" {
		t.Errorf("expected the API to say so, got %q", got.body)
	}
	for _, copied := range []string{"/private", "/_cognito/session"} {
		got := w.send("GET", copied, "", first)
		w.wantStatus(401, got)
		if !cleared(got, sessionCookie) {
			t.Errorf("expected the copy to be cleared at %s, got %v", copied, got.header)
		}
	}
	w.wantStatus(303, w.send("GET", "/private", "", lines(navigating, first)...))
	w.wantStatus(200, w.send("GET", "/private", "", second))
	if n := w.cognito.Calls("RevokeToken") - revoked; n != 1 {
		t.Errorf("expected the refresh token to be revoked, got %d calls", n)
	}
	w.wantStatus(303, w.send("POST", "/_cognito/sign-out", "", first)) // once more, without a session
	if n := w.cognito.Calls("RevokeToken") - revoked; n != 1 {
		t.Errorf("expected nothing to be revoked twice, got %d calls", n)
	}
	w.reload(w.setup(signinSetup{})) // what was signed out stays so
	w.wantStatus(401, w.send("GET", "/private", "", first))
	w.wantStatus(200, w.send("GET", "/private", "", second))
}

// TestSignOutDoesNotNeedThePool: the browser forgets the session, and copies die,
// whether the pool answers or not.
func TestSignOutDoesNotNeedThePool(t *testing.T) {
	w := startedSignin(t, signinSetup{signin: "global_sign_out\npage"})
	for name, fault := range map[string]cognitolocal.Fault{
		"down": cognitolocal.FaultDown(), "rubbish": cognitolocal.FaultGarbage(), "throttling": cognitolocal.FaultThrottle(), "a firewall": cognitolocal.FaultWAF(),
	} {
		t.Run(name, func(t *testing.T) {
			w := w.row(t)
			session := w.signedIn("jo")
			w.cognito.SetFault(cognitolocal.EndpointAPI, fault)
			defer w.cognito.SetFault(cognitolocal.EndpointAPI, cognitolocal.Fault{})
			got := w.send("POST", "/_cognito/sign-out", "", session)
			w.wantStatus(303, got)
			if !cleared(got, sessionCookie) {
				t.Errorf("expected the cookie to be cleared, got %v", got.header)
			}
			w.wantStatus(401, w.send("GET", "/private", "", session))
		})
	}
	if w.logged("warn", "a refresh token cannot be revoked") == 0 {
		t.Error("expected operators to learn of it")
	}
}

// TestGlobalSignOut asks the pool to end all sessions of the user, each of which
// then ends at its next refresh.
func TestGlobalSignOut(t *testing.T) {
	w := startedSignin(t, signinSetup{signin: "global_sign_out\npage\nsign_out_to /goodbye?x=1"})
	session := w.signedIn("jo")
	got := w.send("POST", "/_cognito/sign-out", "", session)
	if w.cognito.Calls("GlobalSignOut") != 1 || got.header.Get("Location") != "/goodbye?x=1" {
		t.Errorf("expected a global sign-out that ends at the page that is configured, got %v", got.header)
	}
}

// TestHostedSignOut ends the session at the domain as well: who signs in again is
// asked.
func TestHostedSignOut(t *testing.T) {
	w := startedHosted(t, signinSetup{})
	b := w.newBrowser()
	b.hostedIn("jo")
	if got := b.open("/_cognito/sign-in?return_to=/again"); got.url.Path != "/again" {
		t.Fatalf("expected the pool to know the browser, or the row says nothing, got %v", got.url)
	}
	policy := b.open("/_cognito/sign-out").header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "form-action 'self' "+w.pool.DomainURL()) {
		t.Errorf("expected the form to be allowed to lead to the domain, got %q", policy)
	}
	got := b.submit()
	b.wantPage(got, 200, "You are signed out")
	if logout := b.hop("/logout").Query(); logout.Get("client_id") != signinClient || logout.Get("logout_uri") != app+"/_cognito/signed-out" {
		t.Errorf("expected the logout of the domain, got %q", b.hops)
	}
	b.wantSignedOut()
	b.toPool("/private") // it asks
	w.upstream.take()
}

// TestSignOutURLs land where it is configured, in every way.
func TestSignOutURLs(t *testing.T) {
	for signin, want := range map[string]string{
		"page": "/_cognito/signed-out",
		"page\nsign_out_to https://www.example.com/bye": "https://www.example.com/bye",
		"prefix /account\npage":                         "/account/signed-out",
		"hosted\nsign_out_to /bye":                      app + "/bye",
		"hosted\nsign_out_to https://www.example.com/":  "https://www.example.com/",
		"page {\nprovider Google\n}":                    app + "/_cognito/signed-out",
	} {
		w := &signinWorld{newWorld(t)}
		w.addClient(federated)
		w.load(w.setup(signinSetup{signin: signin}))
		target := "/_cognito/sign-out"
		if strings.Contains(signin, "/account") {
			target = "/account/sign-out"
		}
		got := w.send(http.MethodPost, target, "").header.Get("Location")
		if location, err := url.Parse(got); err == nil && location.Path == "/logout" {
			got = location.Query().Get("logout_uri")
		}
		if got != want {
			t.Errorf("%q: expected %q, got %q", signin, want, got)
		}
	}
}
