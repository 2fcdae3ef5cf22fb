//go:build interop

package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestSignInWithAPassword(t *testing.T) {
	p := startSite(t, setup{}).visitor()
	p.visit("/orders?page=2")
	p.sees("sign-in", "Sign in", 200)
	p.fill("Username", "jo")
	p.fill("Password", "not this one")
	p.enter()
	p.sees("wrong-password", "Sign in", 422)
	p.blames("The username or password is not right.", "f-username")
	if got := js[string](p, `document.querySelector("#f-username").value`); got != "jo" {
		t.Errorf("expected the name to stay, got %q", got)
	}
	p.fill("Password", password)
	p.enter()
	p.isSignedIn("jo", "/orders?page=2")
}

// blames expects a summary of what is wrong, which has the focus and leads to the
// input at fault, if there is one.
func (p *person) blames(message, field string) {
	p.T.Helper()
	if got := js[string](p, "document.activeElement.id"); got != "problem" {
		p.T.Errorf("expected the focus on the summary, got it on %q", got)
	}
	if got := p.text("#problem"); !strings.Contains(got, message) {
		p.T.Errorf("expected the summary %q, got %q", message, got)
	}
	if got := js[string](p, "document.title"); !strings.HasPrefix(got, "Error: ") {
		p.T.Errorf("expected a title that tells of an error, got %q", got)
	}
	if field == "" {
		return
	}
	const aim = `document.querySelector("#problem a")?.hash`
	if got := js[string](p, aim); got != "#"+field {
		p.T.Errorf("expected a link to #%s, got %q", field, got)
	}
}

func TestUnknownUsersAreToldNothing(t *testing.T) {
	p := startSite(t, setup{}).visitor()
	p.signIn("nobody")
	p.sees("unknown-user", "Sign in", 422)
	p.blames("The username or password is not right.", "f-username")
}

func TestTooManyAttempts(t *testing.T) {
	p := startSite(t, setup{signin: "limit user 1"}).visitor()
	p.visit("/orders")
	for range 2 {
		p.fill("Username", "jo")
		p.fill("Password", "wrong")
		p.press("Sign in")
	}
	p.sees("too-many", "Sign in", 429)
	p.blames("Too many attempts.", "")
}

func TestExpiredStep(t *testing.T) {
	w := startSite(t, setup{
		signIn: cognitolocal.SignIn{MFA: cognitolocal.MFAOptional},
		users:  []cognitolocal.User{withPhone(cognitolocal.SMSMFA)},
	})
	p := w.visitor()
	p.signIn("jo")
	p.sees("code", "Enter your code", 200)
	w.clock.advance(10 * time.Minute)
	p.fill("Code", w.pool.LastCode("jo"))
	p.press("Continue")
	p.sees("expired", "This step has expired", 422)
	w.clock.advance(0)
	p.follow("Start again")
	p.sees("again", "Sign in", 200)
	p.fill("Username", "jo")
	p.fill("Password", password)
	p.press("Sign in")
	p.fill("Code", w.pool.LastCode("jo"))
	p.press("Continue")
	p.isSignedIn("jo", "/orders?page=2")
}

// withPhone is jo with a phone, an address and second factors.
func withPhone(factors ...string) cognitolocal.User {
	user := cognitolocal.User{Username: "jo", MFA: factors, Attributes: map[string]string{
		"email": "jo@example.org", "email_verified": "true", "phone_number": "+12125550100", "phone_number_verified": "true",
	}}
	if len(factors) == 1 {
		user.PreferredMFA = factors[0]
	}
	return user
}
