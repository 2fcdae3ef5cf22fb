package integration_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// otherSites are sites at hosts of their own, each of which differs in one thing
// from the first: the secret, the app client, or the name of the cookie.
func (w *signinWorld) otherSites() (pools, more string) {
	entry := func(name, client, session string) string {
		return "user_pool " + name + " " + w.pool.ID() + " {\nissuer " + w.pool.Issuer() + "\nendpoint $COGNITO\ndomain $COGNITO\nclient " + client + "\nsession {\n" + session + "\n}\n}\n"
	}
	site := func(name string) string {
		return "http://" + name + ".localhost {\nbind unix/$DIR/site.sock\ncognito_signin " + name + "\ncognito_auth " + name + "\nreverse_proxy $UPSTREAM\n}\n"
	}
	const cookie = "cookie " + sessionCookie + "\n"
	pools = entry("key", signinClient+" {\nsecret "+signinSecret+"\n}", cookie+"secret Zq0"+sessionSecret) +
		entry("client", webClient, cookie+"secret "+sessionSecret) +
		entry("name", signinClient+" {\nsecret "+signinSecret+"\n}", "secret "+sessionSecret)
	return pools, site("key") + site("client") + site("name")
}

// TestForgedSessions: what is no session of this site means signed out, quietly and
// once. It is never an error of the server, and never a loop.
func TestForgedSessions(t *testing.T) {
	w := &signinWorld{newWorld(t)}
	w.addClient(cognitolocal.Client{})
	s := w.setup(signinSetup{})
	pools, more := w.otherSites()
	s.pools, s.more = s.pools+"\n"+pools, more
	w.load(s)
	good := strings.TrimPrefix(w.signedIn("jo"), "Cookie: "+sessionCookie+"=")
	mo := strings.TrimPrefix(w.signedIn("mo"), "Cookie: "+sessionCookie+"=")
	w.upstream.none(t)
	for _, row := range []struct {
		name, origin, value string
		status              int
	}{
		{"the session itself, or the rows below say nothing", app, good, 200},
		{"an empty value", app, "", 401},
		{"one letter", app, "A", 401},
		{"rubbish", app, "rubbish", 401},
		{"zeros", app, strings.Repeat("A", 3000), 401},
		{"the session with one bit changed", app, flipped(good), 401},
		{"the session without its last letter", app, good[:len(good)-1], 401},
		{"half a session", app, good[:len(good)/2], 401},
		{"the head of a session", app, good[:8], 401},
		{"the session with a letter more", app, good + "A", 401},
		{"the session with padding", app, good + "==", 401},
		{"the session twice", app, good + good, 401},
		{"the head of jo's and the rest of mo's", app, good[:len(good)/2] + mo[len(good)/2:], 401},
		{"the session in another alphabet", app, strings.NewReplacer("-", "+", "_", "/").Replace(good) + "=", 401},
		{"the session with an escape", app, "%41" + good[1:], 401},
		{"more than a cookie can hold", app, strings.Repeat("A", 20000), 401},
		{"a token", app, w.access(nil), 401},
		{"JSON", app, `{"sub":"root"}`, 401},
		{"bytes that are no text", app, "\xff\xfe\x80", 401},
		{"a placeholder", app, "{env.HOME}", 401},
		{"the session at a site with another secret", "http://key.localhost", good, 401},
		{"the session at a site with another app client", "http://client.localhost", good, 401},
		{"the session at a site whose cookie has another name", "http://name.localhost", good, 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			name := sessionCookie
			if row.origin == "http://name.localhost" {
				name = "__Host-cognito-name"
			}
			line := "Cookie: " + name + "=" + row.value
			for _, accept := range [][]string{fetching, navigating} {
				got := w.sendTo(row.origin, "GET", "/private", "", lines(accept, line)...)
				want := row.status
				if want == 401 && accept[0] == navigating[0] {
					want = 303
				}
				w.wantStatus(want, got)
				if cleared(got, name) != (row.status == 401) || len(got.header["Set-Cookie"]) > 1 {
					t.Errorf("expected the cookie to be cleared once, got %q", got.header["Set-Cookie"])
				}
			}
			if row.status == 200 {
				w.upstream.take()
				return
			}
			for _, path := range []string{"/_cognito/session", "/_cognito/sign-in", "/_cognito/landing", "/_cognito/sign-out"} {
				if got := w.sendTo(row.origin, "GET", path, "", line); got.status >= 500 {
					t.Errorf("expected no error of the server at %s, got %d with %q", path, got.status, got.body)
				}
			}
			if got := w.sendTo(row.origin, "POST", "/_cognito/sign-out", "", line); got.status != 303 || !cleared(got, name) {
				t.Errorf("expected sign-out to clear it, got %d with %v", got.status, got.header)
			}
			w.upstream.none(t)
		})
	}
	for _, line := range w.logLines() {
		if line["level"] == "error" || line["level"] == "warn" && strings.Contains(line["logger"].(string), "cognito") {
			t.Errorf("expected a quiet log, got %v", line)
		}
	}
}

// TestManyCookies: a client may send as many as fit into a request.
func TestManyCookies(t *testing.T) {
	w := startedSignin(t, signinSetup{})
	session := w.signedIn("jo")
	forged := strings.Repeat("; "+sessionCookie+"=AbKYIUwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 200)
	w.wantStatus(401, w.send("GET", "/private", "", "Cookie: a=b"+forged))
	w.wantStatus(401, w.send("GET", "/private", "", "Cookie: "+sessionCookie+".0=a; "+sessionCookie+".1=b; "+sessionCookie+".count=999999999"))
	w.upstream.none(t)
	w.wantStatus(200, w.send("GET", "/private", "", session+"; "+sessionCookie+".count=999999999"))
	w.upstream.take()
}

// TestSealedValuesAreNotMixedUp takes each thing that is sealed to each place where
// another is expected.
func TestSealedValuesAreNotMixedUp(t *testing.T) {
	w := startedHosted(t, signinSetup{
		signIn: cognitolocal.SignIn{MFA: cognitolocal.MFAOptional, Devices: cognitolocal.DevicesAlways},
		client: federated, signin: strings.Replace(unlimited, "page", "page {\nprovider Google\n}", 1),
	})
	_, err := w.pool.AddUser(cognitolocal.User{Username: "mia", Password: password, MFA: []string{cognitolocal.EmailMFA}, Attributes: map[string]string{"email": "mia@example.org", "email_verified": "true"}})
	check(t, err)
	sealed := map[string]string{}
	got := w.send("POST", "/_cognito/sign-in", "username=jo&password=Passw0rd%21", "Content-Type: application/x-www-form-urlencoded")
	sealed["session"] = setCookies(got)[sessionCookie].Value
	sealed["device"] = setCookies(got)["__Secure-cognito-device-signin"].Value
	location, err := url.Parse(got.header.Get("Location"))
	check(t, err)
	sealed["landing"] = location.Query().Get("to")
	sealed["ticket"], _ = decode(t, w.sendJSON("/_cognito/sign-in", map[string]any{"username": "mia", "password": password}).body)["state"].(string)
	state := ""
	for name, cookie := range setCookies(w.send("GET", "/_cognito/sign-in?provider=Google", "", navigating...)) {
		state, sealed["flow"] = strings.TrimPrefix(name, flowPrefix), cookie.Value
	}
	for _, what := range []string{"session", "device", "landing", "ticket", "flow"} {
		if len(sealed[what]) < 20 {
			t.Fatalf("expected a sealed %s, got %q", what, sealed[what])
		}
	}
	for what, value := range sealed {
		places := map[string]func(*signinWorld) answer{
			"session": func(w *signinWorld) answer { return w.send("GET", "/private", "", "Cookie: "+sessionCookie+"="+value) },
			"landing": func(w *signinWorld) answer {
				return w.send("GET", "/_cognito/landing?to="+value, "", "Cookie: "+sessionCookie+"="+sealed["session"])
			},
			"flow": func(w *signinWorld) answer {
				return w.send("GET", "/_cognito/callback?code=x&state="+state, "", "Cookie: "+flowPrefix+state+"="+value)
			},
			"ticket": func(w *signinWorld) answer {
				return w.sendJSON("/_cognito/sign-in", map[string]any{"state": value, "code": "1"})
			},
		}
		for place, try := range places {
			if place == what {
				continue
			}
			t.Run("a "+what+" as a "+place, func(t *testing.T) {
				got := try(w.row(t))
				for name, cookie := range setCookies(got) {
					if name == sessionCookie && cookie.Value != "" {
						t.Errorf("expected no session, got %v", cookie)
					}
				}
				if got.status == http.StatusOK || got.status >= 500 || place == "landing" && got.header.Get("Location") != "/" {
					t.Errorf("expected a refusal, got %d with %v and %.200q", got.status, got.header, got.body)
				}
				w.upstream.none(t)
			})
		}
	}
}
