package integration_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// startedRoute is a site whose handlers stand in this order.
func startedRoute(t *testing.T, signin string, handlers ...string) *signinWorld {
	t.Helper()
	w := &signinWorld{newWorld(t)}
	w.addClient(cognitolocal.Client{})
	s := w.setup(signinSetup{})
	route := strings.ReplaceAll(strings.Join(handlers, "\n"), "SIGNIN", "cognito_signin signin {\n"+signin+"\n}")
	s.site = "route {\n" + route + "\nreverse_proxy $UPSTREAM\n}"
	w.load(s)
	eventually(t, "both pools have their keys", func() bool { // the second may have them from the storage
		status := roundTrip(t, w.admin, http.MethodGet, "http://admin/cognito/status", "").body
		return strings.Count(status, `"trusted":true`)+strings.Count(status, `"trusted": true`) >= 2
	})
	return w
}

// What the doctor says of the order of handlers is so.
func TestOrderBreaksSignIn(t *testing.T) {
	const auth = "cognito_auth signin"
	for _, row := range []struct {
		name     string
		handlers []string
		works    bool
	}{
		{"sign-in first", []string{"SIGNIN", "cognito_strip", auth}, true},
		{"cognito_strip before it", []string{"cognito_strip", "SIGNIN", auth}, true},
		{"an optional cognito_auth before it", []string{auth + " {\noptional\n}", "SIGNIN", auth}, true},
		{"cognito_auth before it", []string{auth, "SIGNIN"}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := startedRoute(t, "hosted", row.handlers...).newBrowser()
			if b.open("/inbox"); b.page.form != nil {
				b.submit("username", "jo", "password", password)
			}
			if came := b.page.status == 200 && b.page.url.Path == "/inbox"; came != row.works {
				t.Errorf("expected to come to the inbox: %v, got %d at %v", row.works, b.page.status, b.page.url)
			}
		})
	}
}

// An operator reads in the log, too, that nobody can get in.
func TestSessionsThatNobodyMakesAreLogged(t *testing.T) {
	const said = "a cognito_auth takes sessions alone, and its user pools have none; it lets nobody in until a cognito_signin names them"
	alone := "cognito_auth main {\ntoken_source session\n}\nreverse_proxy $UPSTREAM"
	for _, row := range []struct {
		name, site string
		want       int
	}{
		{"sessions alone", alone, 1},
		{"sessions alone, of a pool without a name", strings.Replace(alone, "main", "eu-west-1_JkLmNoPqR "+webClient, 1), 1},
		{"sessions alone, with sign-in", "cognito_signin signin\n" + strings.Replace(alone, "main", "signin", 1), 0},
		{"sessions and tokens", strings.Replace(alone, "token_source session", "token_source authorization\ntoken_source session", 1), 0},
		{"an API", protected, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &signinWorld{newWorld(t)}
			w.addClient(cognitolocal.Client{})
			s := w.setup(signinSetup{})
			s.site = row.site
			w.load(s)
			if got := w.logged("warn", said); got != row.want {
				t.Errorf("expected %d warnings, got %d", row.want, got)
			}
			w.wantStatus(401, w.get("/inbox"))
		})
	}
}
