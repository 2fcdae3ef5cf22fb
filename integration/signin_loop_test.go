package integration_test

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// loopSite has a page for kings, of which there are none.
const loopSite = `@kings path /kings
cognito_auth @kings signin {
	require group kings
}
@strong path /strong
cognito_auth @strong signin {
	require acr urn:example:hardware
}
@scope path /scope
cognito_auth @scope signin {
	require scope orders/read
}
cognito_auth main
reverse_proxy $UPSTREAM`

// TestLoopsEnd: where another sign-in would change nothing, the browser is shown
// why, with a reference for the operator, and goes nowhere by itself.
func TestLoopsEnd(t *testing.T) {
	w := startedHosted(t, signinSetup{site: loopSite})
	for _, row := range []struct {
		name, target   string
		status         int
		heading, cause string
	}{
		{"a group that the user is not in", "/kings", 403, "no access", "does not have the right"},
		{"a scope that nobody gives", "/scope", 403, "no access", "does not have the right"},
		{"a strength that no sign-in has", "/strong", 401, "goes around in circles", "operators of this site find more"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			b := w.newBrowser()
			b.toPool(row.target)
			calls := w.cognito.Requests(cognitolocal.EndpointAuthorize)
			warned := w.logged("warn", "session refused right after sign-in")
			got := b.submit("username", "jo", "password", password)
			b.wantPage(got, row.status, row.cause, row.heading)
			if got.url.Path != row.target || w.cognito.Requests(cognitolocal.EndpointAuthorize) != calls {
				t.Errorf("expected no further sign-in, got %q", b.hops)
			}
			if b.cookie(sessionCookie) == nil {
				t.Error("expected the session to stay: it is good elsewhere")
			}
			if w.logged("warn", "session refused right after sign-in") != warned+1 || !strings.Contains(got.body, w.lastReference()) {
				t.Errorf("expected the reference %q of the log on the page", w.lastReference())
			}
			w.upstream.none(t)
			w.wantStatus(row.status, w.send("GET", row.target, "", lines(fetching, cookieLine(b.cookie(sessionCookie)))...)) // programs are told as ever
		})
	}
}

// lastReference is the request ID of the last warning.
func (w *signinWorld) lastReference() (id string) {
	w.Helper()
	for _, line := range w.logLines() {
		if text, ok := line["request_id"].(string); ok && line["level"] == "warn" {
			id = text
		}
	}
	return id
}

// TestASessionThatIsNotKept: the browser takes the cookie of the flow, but not that
// of the session.
func TestASessionThatIsNotKept(t *testing.T) {
	w := startedSignin(t, signinSetup{})
	for _, row := range []struct {
		name, landing, origin string
		words                 []string
	}{
		{"it keeps no cookies", "", app, []string{"keeps no cookies"}},
		{"it came by another host", "", "http://other.localhost", []string{"goes around in circles", "another address"}},
		{"it came without encryption", "", "http://site.example", []string{"goes around in circles", "another address"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			landing := w.landing(app)
			got := w.sendTo(row.origin, "GET", landing, "", navigating...)
			w.wantStatus(400, got)
			for _, word := range append(row.words, w.lastReference(), "return_to=%2Fdeep") {
				if !strings.Contains(got.body, word) {
					t.Errorf("expected %q on the page, got %q", word, got.body)
				}
			}
			if got.header.Get("Location") != "" || got.header.Get("Refresh") != "" {
				t.Errorf("expected no way around, got %v", got.header)
			}
		})
	}
	for _, row := range []struct{ name, origin, words string }{
		{"the site is on this machine, where browsers need no encryption", "http://127.0.0.2", "keeps no cookies"},
		{"the site has no encryption", "http://site.example", "without encryption"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			got := w.sendTo(row.origin, "GET", w.landing(row.origin), "", navigating...)
			w.wantStatus(400, got)
			if !strings.Contains(got.body, row.words) {
				t.Errorf("expected the cause, got %q", got.body)
			}
		})
	}
}

// landing signs jo in at a host by the form, and returns where that leads to.
func (w *signinWorld) landing(origin string) string {
	w.Helper()
	got := w.sendTo(origin, "POST", "/_cognito/sign-in", "username=jo&return_to=%2Fdeep&password="+strings.ReplaceAll(password, "!", "%21"), "Content-Type: application/x-www-form-urlencoded")
	w.wantStatus(303, got)
	return got.header.Get("Location")
}

// TestAWrongClock: tokens that are expired when they are issued.
func TestAWrongClock(t *testing.T) {
	w, clock := startedAt(t, protected)
	for _, offset := range []time.Duration{-3 * time.Hour, 2 * time.Hour} {
		clock(offset)
		b := w.newBrowser()
		b.toPool("/private")
		got := b.submit("username", "jo", "password", password)
		if offset > 0 && got.status == 200 {
			continue // the pool is ahead: nothing of the token says so
		}
		b.wantPage(got, 500, "goes around in circles", "clock is wrong")
		b.wantSignedOut()
	}
	w.upstream.take()
}

// TestASessionOfAnotherPool: signing in to one pool is of no use where another is
// wanted, so nobody is sent to.
func TestASessionOfAnotherPool(t *testing.T) {
	w := startedHosted(t, signinSetup{site: "@main path *\ncognito_auth @main main\nreverse_proxy $UPSTREAM"})
	got := w.newBrowser().open("/private")
	if got.status != 401 || got.url.Path != "/private" || got.header.Get("Location") != "" {
		t.Errorf("expected a plain refusal, got %d at %v", got.status, got.url)
	}
	if strings.Contains(got.body, "sign_in_url") {
		t.Errorf("expected no sign-in that does not help, got %q", got.body)
	}
}

// TestStripBeforeAuth: where cognito_strip stands before cognito_auth, sessions go
// on to count.
func TestStripBeforeAuth(t *testing.T) {
	w := startedHosted(t, signinSetup{site: "cognito_strip\ncognito_auth main\nreverse_proxy $UPSTREAM"})
	if got := w.newBrowser().hostedIn("jo"); got.status != 200 || got.url.Path != "/private" {
		t.Errorf("expected the page, got %d at %v", got.status, got.url)
	}
	w.wantJo()
}
