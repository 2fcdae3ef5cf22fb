package integration_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestAnyNumberOfTabs begins many sign-ins in one browser and ends them in another
// order: each tab comes back to its own page.
func TestAnyNumberOfTabs(t *testing.T) {
	w := startedHosted(t, signinSetup{})
	b := w.newBrowser()
	var tabs []visited
	for i := range 12 {
		b.toPool("/tab/" + strconv.Itoa(i))
		tabs = append(tabs, b.page)
	}
	if n := len(b.flows()); n != len(tabs) {
		t.Fatalf("expected a cookie for each of %d tabs, got %d", len(tabs), n)
	}
	got := b.request(http.MethodGet, b.resolve(app, "/public"), "")
	if got.status != 303 || strings.Contains(strings.Join(b.sent(app+"/public"), ""), flowPrefix) {
		t.Errorf("expected pages to get no cookie of a sign-in on its way, got %d and %q", got.status, b.sent(app+"/public"))
	}
	for _, i := range []int{7, 0, 11, 3} {
		b.page = tabs[i]
		if got := b.submit("username", "jo", "password", password); got.url.Path != "/tab/"+strconv.Itoa(i) {
			t.Errorf("expected tab %d to come back to its page, got %d at %v", i, got.status, got.url)
		}
	}
	if n := len(b.flows()); n != len(tabs)-4 {
		t.Errorf("expected the tabs that are done to leave no cookie, got %d", n)
	}
	w.upstream.take()
}

// sent are the names of the cookies that go with a request.
func (b *browser) sent(target string) (names []string) {
	u := b.resolve(app, target)
	for _, cookie := range b.cookies {
		if cookie.Domain == u.Hostname() && strings.HasPrefix(u.Path, cookie.Path) {
			names = append(names, cookie.Name)
		}
	}
	return names
}

// TestCallbacks brings callbacks to the wrong place. None makes a session, none is
// an error of the server, and none sends the browser round and round.
func TestCallbacks(t *testing.T) {
	w := startedHosted(t, signinSetup{})
	for _, row := range []struct {
		name string
		// attack returns the target to open. It begins with two browsers: that of the
		// victim with a sign-in on its way, and that of the attacker.
		attack func(victim, attacker *browser) string
		status int
		path   string // where the victim ends; /login is the page of the pool
	}{
		{"the attacker's callback in the victim's browser", func(_, attacker *browser) string {
			return attacker.stopped("/private", "mo").String()
		}, 200, "/login"},
		{"the attacker's code with the victim's state", func(victim, attacker *browser) string {
			code := attacker.stopped("/private", "mo").Query().Get("code")
			return "/_cognito/callback?code=" + code + "&state=" + victim.toPool("/private").Get("state")
		}, 422, "/_cognito/callback"},
		{"the attacker's state with the victim's code", func(victim, attacker *browser) string {
			code := victim.stopped("/private", "jo").Query().Get("code")
			return "/_cognito/callback?code=" + code + "&state=" + attacker.toPool("/private").Get("state")
		}, 200, "/"}, // begins again, and the pool knows the victim by now
		{"the code of one tab with the state of another", func(victim, _ *browser) string {
			code := victim.stopped("/a", "jo").Query().Get("code")
			return "/_cognito/callback?code=" + code + "&state=" + victim.toPoolAgain("/b")
		}, 422, "/_cognito/callback"},
		{"the victim's cookie under the attacker's state", func(victim, attacker *browser) string {
			callback := attacker.stopped("/private", "mo")
			victim.toPool("/private")
			flow := victim.cookie(victim.flows()[0])
			victim.keep(victim.resolve(app, "/"), []*http.Cookie{{Name: flowPrefix + callback.Query().Get("state"), Value: flow.Value, Path: "/_cognito/callback"}})
			return callback.String()
		}, 422, "/_cognito/callback"},
		{"the attacker's sign-in, whose cookie a sibling host has set", func(victim, attacker *browser) string {
			callback := attacker.stopped("/private", "mo")
			flow := attacker.cookie(attacker.flows()[0])
			victim.keep(victim.resolve(app, "/"), []*http.Cookie{{Name: flow.Name, Value: flow.Value, Path: "/_cognito/callback"}})
			return callback.String()
		}, 200, "/login"},
		{"the attacker's sign-in, of a sibling host, beside one of the victim's", func(victim, attacker *browser) string {
			callback := attacker.stopped("/private", "mo")
			victim.toPool("/private")
			flow := attacker.cookie(attacker.flows()[0])
			victim.keep(victim.resolve(app, "/"), []*http.Cookie{{Name: flow.Name, Value: flow.Value, Path: "/_cognito/callback"}})
			return callback.String()
		}, 200, "/login"},
		{"a flow that was changed", func(victim, _ *browser) string {
			callback := victim.stopped("/private", "jo")
			flow := victim.cookie(victim.flows()[0])
			flow.Value = flipped(flow.Value)
			return callback.String()
		}, 200, "/"}, // begins again, and nobody knows where
		{"a flow that was cut", func(victim, _ *browser) string {
			callback := victim.stopped("/private", "jo")
			flow := victim.cookie(victim.flows()[0])
			flow.Value = flow.Value[:len(flow.Value)/2]
			return callback.String()
		}, 200, "/"},
		{"a state that was changed", func(victim, _ *browser) string {
			return strings.Replace(victim.stopped("/private", "jo").String(), "state=s", "state=t", 1)
		}, 200, "/"},
		{"a code that was made up", func(victim, _ *browser) string {
			return "/_cognito/callback?code=00000000-0000-4000-8000-000000000000&state=" + victim.toPool("/private").Get("state")
		}, 422, "/_cognito/callback"},
		{"two codes", func(victim, _ *browser) string {
			callback := victim.stopped("/private", "jo")
			return callback.String() + "&code=" + callback.Query().Get("code")
		}, 200, "/"},
		{"two states", func(victim, _ *browser) string {
			callback := victim.stopped("/private", "jo")
			return callback.String() + "&state=" + callback.Query().Get("state")
		}, 200, "/"},
		{"a code and an error", func(victim, _ *browser) string {
			return victim.stopped("/private", "jo").String() + "&error=access_denied"
		}, 200, "/"},
		{"neither a code nor an error", func(victim, _ *browser) string {
			return "/_cognito/callback?state=" + victim.toPool("/private").Get("state")
		}, 200, "/login"},
		{"tokens in the query, of the implicit grant", func(victim, _ *browser) string {
			return "/_cognito/callback?access_token=" + w.access(nil) + "&id_token=x&state=" + victim.toPool("/private").Get("state")
		}, 200, "/login"},
		{"a bookmark of the callback without a query", func(*browser, *browser) string { return "/_cognito/callback" }, 200, "/login"},
		{"a query that cannot be read", func(*browser, *browser) string { return "/_cognito/callback?code=%zz&state=s;x" }, 200, "/login"},
		{"a state that is no name of a cookie", func(*browser, *browser) string {
			return "/_cognito/callback?code=x&state=" + strings.Repeat("s", 5000)
		}, 200, "/login"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			victim, attacker := w.newBrowser(), w.newBrowser()
			w.upstream.take()
			got := victim.open(row.attack(victim, attacker))
			if got.status != row.status || got.url.Path != row.path {
				t.Errorf("expected %d at %s, got %d at %v after %q", row.status, row.path, got.status, got.url, victim.hops)
			}
			if row.path != "/" {
				victim.wantSignedOut()
				w.upstream.none(t)
			}
			for _, saw := range w.upstream.take() {
				if name := saw.header.Get("X-Cognito-Username"); name != "jo" {
					t.Errorf("expected the victim to stay himself, got %q", name)
				}
			}
		})
	}
}

// toPoolAgain begins a sign-in with a browser that the pool knows, and stops it at
// once. It returns the state.
func (b *browser) toPoolAgain(target string) string {
	b.Helper()
	got := b.request(http.MethodGet, b.resolve(app, target), "")
	got = b.request(http.MethodGet, b.resolve(app, got.header.Get("Location")), "")
	return b.resolve(app, got.header.Get("Location")).Query().Get("state")
}

// flipped changes one bit in the middle of a sealed value.
func flipped(value string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	middle := len(value) / 2
	next := alphabet[strings.IndexByte(alphabet, value[middle])^1]
	return value[:middle] + string(next) + value[middle+1:]
}

// TestACallbackWorksOnce goes back in the history to a callback.
func TestACallbackWorksOnce(t *testing.T) {
	w := startedHosted(t, signinSetup{})
	b := w.newBrowser()
	b.hostedIn("jo")
	callback := b.hop("/_cognito/callback").String()
	calls := w.cognito.Requests(cognitolocal.EndpointToken)
	session := b.cookie(sessionCookie).Value
	if got := b.open(callback); got.url.Path != "/" || got.status != 200 {
		t.Errorf("expected somebody with a session to get to the site, got %d at %v", got.status, got.url)
	}
	if n := w.cognito.Requests(cognitolocal.EndpointToken); n != calls || b.cookie(sessionCookie).Value != session {
		t.Errorf("expected no code to be sent twice, got %d calls", n-calls)
	}
	thief := w.newBrowser()
	thief.cookies = []*http.Cookie{}
	if got := thief.open(callback); got.url.Path != "/login" || thief.cookie(sessionCookie) != nil {
		t.Errorf("expected a stolen callback to lead to the pool's page, got %d at %v", got.status, got.url)
	}
	w.upstream.take()
}

// TestACallbackWithoutCookiesBeginsAgainOnce: a browser that keeps no cookies is
// told so, instead of going round, also where the pool does not ask any more.
func TestACallbackWithoutCookiesBeginsAgainOnce(t *testing.T) {
	w := startedHosted(t, signinSetup{})
	b := w.newBrowser()
	b.hostedIn("jo")
	keepsPool := func(cookie *http.Cookie) bool { return cookie.Domain == "localhost" }
	b.cookies = slices.DeleteFunc(b.cookies, keepsPool)
	b.blocked = true
	w.upstream.take()
	b.wantPage(b.open("/private?x=1"), 400, "keeps no cookies")
	if n := w.cognito.Requests(cognitolocal.EndpointAuthorize); n != 3 {
		t.Errorf("expected one more try and no third, got %d and %q", n, b.hops)
	}
	w.upstream.none(t)
}

// TestTwoSignins has two pools on one site, each below its prefix: what belongs to
// one is nothing at the other (RFC 9700 §4.4).
func TestTwoSignins(t *testing.T) {
	w := &signinWorld{newWorld(t)}
	w.addClient(cognitolocal.Client{})
	other := &signinWorld{&world{T: t, cognito: newPool(t, cognitolocal.Options{PoolID: "eu-west-1_Otherpool"})}}
	other.pool = other.cognito.Pool()
	check(t, other.pool.AddClient(cognitolocal.Client{
		ID: signinClient, Secrets: []string{signinSecret}, OAuthFlows: []string{cognitolocal.FlowCode},
		OAuthScopes: []string{"openid"}, CallbackURLs: []string{app + "/b/callback"},
	}))
	s := w.setup(signinSetup{signin: "hosted", site: "cognito_signin other {\nprefix /b\nhosted\n}\n@b path /b*\ncognito_auth @b other\n@a not path /b*\ncognito_auth @a signin\nreverse_proxy $UPSTREAM"})
	s.pools += strings.NewReplacer("$ID", other.pool.ID(), "$ISSUER", other.pool.Issuer(), "$BASE", other.pool.DomainURL(), "$CLIENT", signinClient, "$SECRET", signinSecret, "$SEAL", sessionSecret).Replace(`
	user_pool other $ID {
		issuer $ISSUER
		endpoint $BASE
		domain $BASE
		client $CLIENT {
			secret $SECRET
		}
		session {
			secret $SEAL
		}
	}`)
	w.load(s)
	const otherCookie = "__Host-cognito-other"
	t.Run("both sign in side by side", func(t *testing.T) {
		b := w.row(t).newBrowser()
		b.toPool("/a")
		b.submit("username", "jo", "password", password)
		b.toPool("/b/sign-in")
		b.submit("username", "mo", "password", password)
		if b.cookie(sessionCookie) == nil || b.cookie(otherCookie) == nil {
			t.Errorf("expected two sessions, got %v", b.cookies)
		}
		w.upstream.take()
		w := w.row(t)
		w.wantStatus(200, w.send("GET", "/a", "", cookieLine(b.cookie(sessionCookie))))
		w.wantStatus(401, w.send("GET", "/bb", "", cookieLine(b.cookie(sessionCookie))))
		for _, renamed := range []struct{ target, line string }{
			{"/bb", "Cookie: " + otherCookie + "=" + b.cookie(sessionCookie).Value},
			{"/a", "Cookie: " + sessionCookie + "=" + b.cookie(otherCookie).Value},
		} {
			got := w.send("GET", renamed.target, "", renamed.line)
			w.wantStatus(401, got)
			if !cleared(got, strings.TrimPrefix(strings.Split(renamed.line, "=")[0], "Cookie: ")) {
				t.Errorf("expected a cookie of the other pool to be cleared, got %v", got.header)
			}
		}
	})
	t.Run("the code of one pool at the other's callback", func(t *testing.T) {
		w := w.row(t)
		w.upstream.take()
		b := w.newBrowser()
		callback := b.stopped("/a", "jo")
		flow := b.cookie(b.flows()[0])
		b.keep(callback, []*http.Cookie{{Name: flow.Name, Value: flow.Value, Path: "/b/callback"}})
		got := b.open("/b/callback?" + callback.RawQuery)
		if got.url.Path != "/login" || b.cookie(otherCookie) != nil || b.cookie(sessionCookie) != nil {
			t.Errorf("expected the other pool's page, got %d at %v", got.status, got.url)
		}
		if n := other.cognito.Requests(cognitolocal.EndpointToken); n != 1 {
			t.Errorf("expected the other pool to get no code of this one, got %d calls", n)
		}
		w.upstream.none(t)
	})
}
