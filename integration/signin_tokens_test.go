package integration_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const deliverTokens = "page\ndeliver tokens" + manyAttempts

// TestApplicationsGetTokens: a terminal goes through the whole flow, and uses,
// refreshes and revokes what it got.
func TestApplicationsGetTokens(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: deliverTokens})
	p := w.addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[2:], TOTPSecret: appSeed})
	v := w.newAPIVisit()
	noCookie := func() {
		t.Helper()
		if len(v.last.header["Set-Cookie"]) > 0 || v.last.header.Get("Cache-Control") != "no-store" {
			t.Errorf("expected no cookie and no-store, got %v", v.last.header)
		}
	}
	v.begin("username", "kit", "password", "wrong")
	v.wantOver("bad_credentials")
	noCookie()
	v.begin("username", "kit", "password", password)
	v.wantAsked(appRound)
	noCookie()
	v.answer(badCode...)
	v.wantProblem(appRound)
	v.answer(appCode(p, v)...)
	noCookie()
	got := v.said
	if v.last.status != 200 || got.TokenType != "Bearer" || got.ExpiresIn < 3500 || got.ExpiresIn > 3600 || got.SignedIn || got.IDToken == "" || got.RefreshToken == "" {
		t.Fatalf("expected tokens, got %d with %s", v.last.status, v.last.body)
	}
	w.wantBearer(p, got.AccessToken)
	v.post("sign-in", "refresh_token", got.RefreshToken)
	noCookie()
	if v.last.status != 200 || v.said.AccessToken == "" || v.said.AccessToken == got.AccessToken || v.said.IDToken == "" || v.said.RefreshToken != got.RefreshToken {
		t.Fatalf("expected new tokens, got %d with %s", v.last.status, v.last.body)
	}
	w.wantBearer(p, v.said.AccessToken)
	for what, token := range map[string]string{"a forged token": flip(got.RefreshToken), "rubbish": "x"} {
		v.post("sign-in", "refresh_token", token)
		if v.last.status != 422 || v.said.Code != "refresh_token_rejected" {
			t.Errorf("%s: expected to be refused, got %d with %s", what, v.last.status, v.last.body)
		}
	}
	v.post("sign-out", "refresh_token", got.RefreshToken)
	noSession := v.last.header["Set-Cookie"]
	if v.last.status != 200 || v.said.SignedIn || len(noSession) > 1 {
		t.Errorf("expected to be signed out, got %d with %s", v.last.status, v.last.body)
	}
	v.post("sign-in", "refresh_token", got.RefreshToken)
	v.wantOver("refresh_token_rejected")
}

// wantBearer requests the private page with a token.
func (w *signinWorld) wantBearer(p *person, token string) {
	w.Helper()
	if got := roundTrip(w.T, w.web, http.MethodGet, app+wanted, "", "Authorization: Bearer "+token); got.status != 200 || got.body != p.sub {
		w.Errorf("expected the private page as %s, got %d with %s", p.name, got.status, got.body)
	}
}

// TestRotatedRefreshTokens: the application gets the next one.
func TestRotatedRefreshTokens(t *testing.T) {
	client := cognitolocal.Client{AuthFlows: []string{cognitolocal.AllowUserSRPAuth}, RotateRefreshTokens: true}
	w := startedSignin(t, signinSetup{client: client, signIn: optionalFactors, signin: deliverTokens})
	v := w.newAPIVisit()
	v.begin("username", "jo", "password", password)
	first := v.said.RefreshToken
	v.post("sign-in", "refresh_token", first)
	if v.last.status != 200 || v.said.RefreshToken == "" || v.said.RefreshToken == first {
		t.Fatalf("expected another refresh token, got %d with %s", v.last.status, v.last.body)
	}
	v.post("sign-in", "refresh_token", first)
	if v.last.status != 422 || !strings.HasPrefix(v.said.Code, "refresh_token_re") {
		t.Errorf("expected the first to be of no more use, got %d with %s", v.last.status, v.last.body)
	}
}

// TestTokensStayInside where they are not to be delivered, and never reach a page.
func TestTokensStayInside(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page" + manyAttempts})
	v := w.newAPIVisit()
	v.begin("username", "jo", "password", password)
	for _, part := range []string{"eyJ", "token"} {
		if strings.Contains(v.last.body, part) {
			t.Errorf("expected no tokens, got %s", v.last.body)
		}
	}
	calls := w.cognito.Requests(cognitolocal.EndpointAPI)
	v.post("sign-in", "refresh_token", "x")
	v.wantFailure(400, "input")
	if n := w.cognito.Requests(cognitolocal.EndpointAPI); n != calls {
		t.Errorf("expected that Cognito is not asked, got %d calls", n-calls)
	}
	w = startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: deliverTokens})
	page := pageVisit{w.newBrowser()}
	page.begin("username", "jo", "password", password)
	u, _ := w.pool.User("jo")
	page.wantIn(&person{signinWorld: w, name: "jo", sub: u.Sub}) // with a session, as people
	got := w.sendFields("application/x-www-form-urlencoded", "sign-in", "refresh_token", "x")
	if got.status != 400 {
		t.Errorf("expected a form not to get tokens, got %d with %s", got.status, got.body)
	}
}
