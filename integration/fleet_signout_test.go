package integration_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// signOut signs a user out by the admin API.
func (i *instance) signOut(username string) answer {
	i.Helper()
	return i.ask(http.MethodPost, "/cognito/sign-out", fmt.Sprintf(`{"pool": "signin", "sub": %q}`, i.sub(username)))
}

func (f *fleet) sub(username string) string {
	f.Helper()
	user, ok := f.pool.User(username)
	if !ok {
		f.Fatalf("expected a user %s", username)
	}
	return user.Sub
}

// refusedEverywhere reports whether all instances refuse a session and the token
// that it had.
func (f *fleet) refusedEverywhere(session, token string) bool {
	f.Helper()
	for _, i := range f.at {
		if i.status(session) != http.StatusUnauthorized || i.bearer(token) != http.StatusUnauthorized {
			return false
		}
	}
	return true
}

// tokenOf is the access token of a session, as an Authorization header.
func (i *instance) tokenOf(session string) string {
	i.Helper()
	got := i.get("/token", session)
	i.wantOK(got)
	return got.body
}

// TestSignOutReachesTheFleet: copies of the cookie and of its token die at all
// instances; another session of the user lives.
func TestSignOutReachesTheFleet(t *testing.T) {
	t.Parallel()
	f := startedFleet(t, fleetSetup{})
	a := f.at[0]
	b := a.newBrowser()
	b.signIn("jo")
	session, other := b.cookie(sessionCookie).Value, f.at[1].signIn("jo")
	token := a.tokenOf(session)
	f.everywhere("the session", session)
	b.open("/_cognito/sign-out")
	b.submit()
	if b.cookie(sessionCookie) != nil {
		t.Error("expected the browser to forget its session")
	}
	if a.status(session) != http.StatusUnauthorized || a.bearer(token) != http.StatusUnauthorized {
		t.Error("expected copies of the session to die at once at the instance of the sign-out")
	}
	within(t, "the sign-out reaches the fleet", func() bool { return f.refusedEverywhere(session, token) })
	f.everywhere("another session of the user", other)
	f.at[1].kill()
	f.at[1].start()
	f.at[1].awaitReady()
	if !f.refusedEverywhere(session, token) {
		t.Error("expected an instance that has just started to know of the sign-out")
	}
	f.everywhere("another session of the user, after a crash", other)
}

// TestUserIsSignedOutEverywhere by an administrator, who has two ways.
func TestUserIsSignedOutEverywhere(t *testing.T) {
	for _, row := range []struct {
		name string
		out  func(*instance)
	}{
		{"by the admin API", func(i *instance) {
			got := i.signOut("jo")
			i.wantOK(got)
			answer := decode(i.T, got.body)
			until, err := time.Parse(time.RFC3339, fmt.Sprint(answer["until"]))
			if answer["pool"] != "signin" || answer["sub"] != i.sub("jo") || err != nil || time.Until(until) < 6*24*time.Hour {
				i.Errorf("expected pool, sub and until, got %q", got.body)
			}
		}},
		{"by the command", func(i *instance) {
			out, err := i.command("cognito", "sign-out", "--pool", "signin", "--sub", i.sub("jo"), "--address", "unix/"+i.dir+"/"+i.name+".admin").CombinedOutput()
			if err != nil || !strings.HasPrefix(string(out), i.sub("jo")+" is signed out of signin") {
				i.Errorf("expected to be told of it, got %v with %q", err, out)
			}
		}},
		{"by the command, which looks into the configuration", func(i *instance) {
			out, err := i.command("cognito", "sign-out", "--pool", "signin", "--sub", i.sub("jo"), "--config", i.dir+"/"+i.name+".caddyfile", "--adapter", "caddyfile").CombinedOutput()
			if err != nil {
				i.Errorf("expected success, got %v with %q", err, out)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := startedFleet(t, fleetSetup{})
			a, b := f.at[0], f.at[1]
			one, two, mo := a.signIn("jo"), b.signIn("jo"), a.signIn("mo")
			first, second := a.tokenOf(one), b.tokenOf(two)
			row.out(b)
			again := b.signIn("jo") // at once
			f.everywhere("the session after it", again)
			within(t, "the sign-out reaches the fleet", func() bool {
				return f.refusedEverywhere(one, first) && f.refusedEverywhere(two, second)
			})
			f.everywhere("the session after it, when all know", again)
			f.everywhere("the session of another user", mo)
			if got := a.bearer(a.tokenOf(again)); got != http.StatusOK {
				t.Errorf("expected the token after it to be good, got %d", got)
			}
		})
	}
}

// TestCommandSaysWhatIsWrong and shows the status.
func TestCommandSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	i := startedFleet(t, fleetSetup{instances: 1}).at[0]
	admin := "unix/" + i.dir + "/" + i.name + ".admin"
	for _, row := range []struct {
		name string
		args []string
		want string
		ok   bool
	}{
		{"nobody to sign out", []string{"sign-out", "--pool", "signin", "--address", admin}, "--sub", false},
		{"an unknown pool, and nothing around it", []string{"sign-out", "--pool", "nosuch", "--sub", "5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a", "--address", admin}, `"msg":"pool: no user_pool is named \"nosuch\"; there are: plain, signin"`, false},
		{"a user name for the sub, which nobody is asked", []string{"sign-out", "--pool", "signin", "--sub", "jose", "--address", admin + "x"}, "sub: expected the claim sub", false},
		{"a sub that is longer than a request may be", []string{"sign-out", "--pool", "signin", "--sub", strings.Repeat("x", 100_000), "--address", admin}, "sub: expected the claim sub", false},
		{"a misspelt command, which must not succeed", []string{"docter"}, `unknown command \"docter\": expected one of doctor, explain, sign-out, status`, false},
		{"a token instead of a command, which is not repeated", []string{strings.Repeat("x", 100)}, `unknown command \"` + strings.Repeat("x", 20) + `\"`, false},
		{"no command", nil, "caddy cognito [command]", true},
		{"no Caddy there", []string{"sign-out", "--pool", "signin", "--sub", "5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a", "--address", admin + "x"}, "no such file", false},
		{"the status", []string{"status", "--address", admin}, `"signed_out": 0`, true},
	} {
		out, err := i.command(append([]string{"cognito"}, row.args...)...).CombinedOutput()
		if (err == nil) != row.ok || !strings.Contains(string(out), row.want) {
			t.Errorf("%s: expected %q, got %v with %q", row.name, row.want, err, out)
		}
	}
}

// TestAdminSignOutIsStrict: a request that is misspelt signs nobody out and says
// what is wrong.
func TestAdminSignOutIsStrict(t *testing.T) {
	t.Parallel()
	i := startedFleet(t, fleetSetup{instances: 1}).at[0]
	for _, row := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"no body", ``, 400, `expected {\"pool\"`},
		{"no object", `"jo"`, 400, "body: expected"},
		{"no object, as people read it", `"jo"`, 400, `\"sub\": \"the claim sub of the user\"}: `},
		{"an unknown member", `{"pool": "signin", "sub": "5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a", "all": true}`, 400, "all"},
		{"a misspelt member", `{"pool": "signin", "user": "x"}`, 400, "user"},
		{"no pool", `{"sub": "5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a"}`, 400, "pool: required"},
		{"no sub", `{"pool": "signin"}`, 400, "sub: required"},
		{"an empty sub", `{"pool": "signin", "sub": ""}`, 400, "sub: required"},
		{"a sub that is none", `{"pool": "signin", "sub": "` + strings.Repeat("x", 257) + `"}`, 400, "sub: expected the claim sub"},
		{"a user name for the sub", `{"pool": "signin", "sub": "jose"}`, 400, "sub: expected the claim sub"},
		{"two objects", `{"pool": "signin", "sub": "5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a"}{}`, 400, "one JSON object"},
		{"a number for the sub", `{"pool": "signin", "sub": 1}`, 400, "sub"},
		{"a large body", `{"pool": "signin", "sub": "` + strings.Repeat("x", 1<<16) + `"}`, 400, "body"},
		{"an unknown pool", `{"pool": "nosuch", "sub": "5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a"}`, 404, `no user_pool is named \"nosuch\"; there are: plain, signin`},
		{"a pool without sessions", `{"pool": "plain", "sub": "5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a"}`, 409, "keeps no sessions"},
	} {
		if got := i.ask(http.MethodPost, "/cognito/sign-out", row.body); got.status != row.status || !strings.Contains(got.body, row.want) {
			t.Errorf("%s: expected %d with %q, got %d with %q", row.name, row.status, row.want, got.status, got.body)
		}
	}
	if got := i.ask(http.MethodGet, "/cognito/sign-out", ""); got.status != http.StatusMethodNotAllowed {
		t.Errorf("expected GET to be refused, got %d", got.status)
	}
	if text := i.ask(http.MethodGet, "/cognito/status", "").body; !strings.Contains(text, `"signed_out":0`) {
		t.Errorf("expected nobody to be signed out, got %q", text)
	}
}

// TestAdminSignOutIsReported in an event, a metric and the log.
func TestAdminSignOutIsReported(t *testing.T) {
	recorded.mu.Lock()
	recorded.events = nil
	recorded.mu.Unlock()
	w := &signinWorld{newWorld(t)}
	w.addClient(cognitolocal.Client{})
	s := w.setup(signinSetup{})
	s.global = "events {\non cognito_sign_out test_recorder\n}"
	w.load(s)
	user, _ := w.pool.User("jo")
	before := w.metric("caddy_cognito_sign_outs_total", `by="admin",pool="signin"`)
	got := roundTrip(t, w.admin, http.MethodPost, "http://admin/cognito/sign-out", fmt.Sprintf(`{"pool":"signin","sub":%q}`, user.Sub))
	w.wantStatus(200, got)
	if n := w.metric("caddy_cognito_sign_outs_total", `by="admin",pool="signin"`) - before; n != 1 {
		t.Errorf("expected one sign-out in the metric, got %v", n)
	}
	if n := w.logged("info", "signed out by an administrator"); n != 1 {
		t.Errorf("expected one line in the log, got %d", n)
	}
	events := eventsNamed("cognito_sign_out")
	if len(events) != 1 || events[0]["by"] != "admin" || events[0]["sub"] != user.Sub || events[0]["pool"] != "signin" {
		t.Errorf("expected an event, got %v", events)
	}
}
