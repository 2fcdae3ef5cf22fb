//go:build interop

package browser_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestCognitoIsDown(t *testing.T) {
	w := startSite(t, setup{})
	p := w.visitor()
	w.cognito.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultDown())
	p.signIn("jo")
	p.sees("down", "Sign in", 503)
	p.blames("Sign-in is not available just now.", "")
	w.cognito.SetFault(cognitolocal.EndpointAPI, cognitolocal.Fault{})
	p.fill("Password", password)
	p.press("Sign in")
	p.isSignedIn("jo", "/orders?page=2")
}

// A session whose tokens cannot be refreshed waits for Cognito, on a page that
// tries again by itself.
func TestCognitoIsDownForASession(t *testing.T) {
	w := startSite(t, setup{client: cognitolocal.Client{AccessTokenLifetime: 2 * time.Second}})
	p := w.visitor()
	p.signIn("jo")
	p.isSignedIn("jo", "/orders?page=2")
	w.cognito.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultDown())
	p.until("the token expires", func() bool {
		p.load(chromedp.Reload())
		return p.status() == 503
	})
	p.sees("unavailable", "Sign-in is not available just now", 503)
	w.cognito.SetFault(cognitolocal.EndpointAPI, cognitolocal.Fault{})
	p.until("the page tries again", func() bool { return p.text("h1") == "Orders of jo" })
}

// until waits for what happens by itself.
func (p *person) until(what string, done func() bool) {
	p.T.Helper()
	ctx, cancel := context.WithTimeout(p.tab, patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.T.Fatalf("waited in vain until %s, at %s: %s", what, p.url(), p.text("body"))
		}
	}
}

func TestBlockedCookies(t *testing.T) {
	w := startSite(t, setup{})
	p := w.visitorIn(withoutCookies(t), "")
	p.signIn("jo")
	p.sees("blocked", "Your browser keeps no cookies", 400)
	p.follow("Try again")
	p.sees("again", "Sign in", 200)
}

func TestBlockedCookiesOnTheWayThroughAProvider(t *testing.T) {
	w := startSite(t, byProvider)
	w.addProvider()
	p := w.visitorIn(withoutCookies(t), "")
	p.visit("/orders")
	p.follow("Continue with Google")
	p.follow("ann")
	p.sees("back", p.text("h1"), p.status())
}

func TestLoop(t *testing.T) {
	w := startSite(t, setup{})
	p := w.visitor()
	p.visit("/admins")
	p.fill("Username", "jo")
	p.fill("Password", password)
	p.press("Sign in")
	p.sees("no right", "You have no access to this page", 403)
	p.visit("/strict")
	p.sees("loop", "Signing in goes around in circles", 401)
}

func TestStepThatIsNoStep(t *testing.T) {
	w := startSite(t, setup{users: []cognitolocal.User{withPhone()}, page: "sign_up email"})
	for _, row := range []struct{ name, path, button string }{
		{"a password to reset", "/_cognito/forgot-password", "Save the password"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := w.visitor()
			p.visit(row.path)
			p.fill("Username", "jo")
			p.press("Send code")
			p.do(chromedp.Evaluate(`document.querySelector("#main-form [name=state]").value = "x"`, nil))
			p.fill("Code", "000000")
			p.fill("New password", newPassword)
			p.press(row.button)
			p.sees("expired", "This step has expired", 422)
		})
	}
}

// The console is looked at: else no test would find what a policy blocks.
func TestViolationsAreSeen(t *testing.T) {
	w := startSite(t, setup{})
	p := w.visitor()
	p.signIn("jo")
	p.visit("/violating")
	p.until("the browser complains", func() bool { return len(p.console.String()) > 0 })
	p.console.take()
}

func TestSessionCookie(t *testing.T) {
	w := startSite(t, setup{})
	p := w.visitor()
	p.signIn("jo")
	if names := p.cookieNames(); !slices.Contains(names, "__Host-cognito-main") {
		t.Errorf("expected the session, got the cookies %q", names)
	}
	if visible := js[string](p, "document.cookie"); visible != "" {
		t.Errorf("expected no cookie for scripts, got %q", visible)
	}
}
