//go:build interop

package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// addProvider lets the pool federate with Google, where Ann has an account.
func (w *site) addProvider() {
	w.Helper()
	check(w.T, w.pool.AddIdentityProvider(cognitolocal.IdentityProvider{
		Type:  cognitolocal.ProviderGoogle,
		Users: []cognitolocal.FederatedUser{{ID: "ann", Attributes: map[string]string{"email": "ann@example.org"}}},
	}))
	c := w.client()
	c.IdentityProviders = []string{cognitolocal.ProviderCognito, "Google"}
	check(w.T, w.pool.UpdateClient(c))
}

func TestHostedSignIn(t *testing.T) {
	w := startSite(t, setup{signin: "hosted"})
	p := w.visitor()
	p.visit("/orders?page=2")
	p.isAtThePool()
	p.fill("Username", "jo")
	p.fill("Password", "wrong")
	p.enter()
	p.isAtThePool()
	p.fill("Username", "jo")
	p.fill("Password", password)
	p.enter()
	p.isSignedIn("jo", "/orders?page=2")
	if names := p.cookieNames(); slices.ContainsFunc(names, isFlow) {
		t.Errorf("expected no trace of the way, got the cookies %q", names)
	}
}

func isFlow(name string) bool { return strings.HasPrefix(name, "__Secure-cognito-flow-") }

// isAtThePool expects a page of the domain of the pool.
func (p *person) isAtThePool() {
	p.T.Helper()
	if !strings.HasPrefix(p.url(), p.pool.DomainURL()+"/") {
		p.T.Fatalf("expected a page of the pool, got %s: %s", p.url(), p.text("body"))
	}
}

// The hosted session ends, too: else the next sign-in would ask nobody anything.
func TestHostedSignOut(t *testing.T) {
	for _, row := range []struct {
		name  string
		leave func(*person)
	}{
		{"by a form of the application", func(p *person) { p.press("Sign out") }},
		{"by a link of the application", func(p *person) { p.follow("Leave") }},
		{"by our own page, whose policy names the domain", func(p *person) {
			p.visit("/_cognito/sign-out")
			p.sees("ask", "Sign out?", 200)
			p.press("Sign out")
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := startSite(t, setup{signin: "hosted"})
			p := w.visitor()
			p.visit("/orders")
			p.fill("Username", "jo")
			p.fill("Password", password)
			p.enter()
			p.isSignedIn("jo", "/orders")
			row.leave(p)
			p.sees("signed-out", "You are signed out", 200)
			if calls := w.cognito.Requests(cognitolocal.EndpointLogout); calls != 1 {
				t.Errorf("expected a visit of the logout endpoint, got %d", calls)
			}
			p.follow("Sign in again")
			p.isAtThePool()
			if p.text("h1") != "Sign in" {
				t.Errorf("expected to be asked again, got %q", p.text("body"))
			}
		})
	}
}

// byProvider is a page of ours with a way through Google.
var byProvider = setup{page: "provider Google"}

func TestSignInWithAProvider(t *testing.T) {
	w := startSite(t, byProvider)
	w.addProvider()
	p := w.visitor()
	p.visit("/orders?page=2")
	p.sees("sign-in", "Sign in", 200)
	p.follow("Continue with Google")
	p.isAtThePool()
	p.follow("ann")
	p.isSignedIn("Google_ann", "/orders?page=2")
	p.press("Sign out")
	p.sees("signed-out", "You are signed out", 200)
}

func TestProviderThatIsCancelled(t *testing.T) {
	w := startSite(t, byProvider)
	w.addProvider()
	p := w.visitor()
	p.visit("/orders?page=2")
	p.follow("Continue with Google")
	p.follow("Cancel")
	p.sees("cancelled", "Sign in", 422)
	p.blames("The sign-in was refused.", "")
	p.fill("Username", "jo")
	p.fill("Password", password)
	p.press("Sign in")
	p.isSignedIn("jo", "/orders?page=2")
}

func TestHostedPagesAreDown(t *testing.T) {
	w := startSite(t, setup{signin: "hosted"})
	p := w.visitor()
	p.visit("/orders")
	w.cognito.SetFault(cognitolocal.EndpointToken, cognitolocal.FaultStatus(http.StatusServiceUnavailable))
	p.fill("Username", "jo")
	p.fill("Password", password)
	p.enter()
	p.sees("unavailable", "Sign-in is not available just now", 503)
	w.cognito.SetFault(cognitolocal.EndpointToken, cognitolocal.Fault{})
	p.follow("Try again")
	p.isSignedIn("jo", "/orders") // the hosted session is there already
}

func TestCallbackThatIsBookmarked(t *testing.T) {
	w := startSite(t, setup{signin: "hosted"})
	p := w.visitor()
	p.visit("/_cognito/callback?code=abc&state=def")
	p.isAtThePool() // begins again
	p.fill("Username", "jo")
	p.fill("Password", password)
	p.enter()
	p.isSignedIn("jo", "/")
}

// The application may send visitors on to anywhere. Browsers hold redirects against
// the policy of the page whose form they began with, so the way from our form must
// have ended by then.
func TestApplicationThatRedirectsElsewhere(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>Elsewhere</title><h1>Elsewhere</h1>")
	}))
	t.Cleanup(elsewhere.Close)
	target := reach + elsewhere.Listener.Addr().String() + "/"
	p := startSite(t, setup{}).visitor()
	p.visit(target)
	p.fill("Username", "jo")
	p.fill("Password", password)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until("the visitor is elsewhere", func() bool { return p.text("h1") == "Elsewhere" })
}
