package integration_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// sessionSite has pages for either token, public ones, and one that takes no
// session.
const sessionSite = `@id path /id*
cognito_auth @id signin {
	token_use id
}
@both path /both*
cognito_auth @both signin {
	token_use id access
}
@optional path /optional*
cognito_auth @optional signin {
	optional
}
@bearer path /bearer*
cognito_auth @bearer signin {
	token_source authorization
	optional
}
@public path /public*
cognito_strip @public
@rest path /access*
cognito_auth @rest signin
reverse_proxy $UPSTREAM`

// TestSessionsAreTokens: a session stands for the token that a page wants, a token
// in the header goes first, and no upstream sees a cookie of ours.
func TestSessionsAreTokens(t *testing.T) {
	w := startedSignin(t, signinSetup{site: sessionSite})
	session := w.signedIn("jo")
	mine, ofMo := strings.TrimPrefix(session, "Cookie: "), strings.TrimPrefix(w.signedIn("mo"), "Cookie: ")
	w.upstream.none(t)
	mo, err := w.pool.AccessToken("mo", signinClient, nil)
	check(t, err)
	bearer := "Authorization: Bearer "
	for _, row := range []struct {
		name, target   string
		lines          []string
		status         int
		user, use      string // at the upstream; "": anonymous
		cookies, token string // at the upstream
	}{
		{"an access token of the session", "/access", []string{session}, 200, "jo", "access", "", ""},
		{"an ID token of the session", "/id", []string{session}, 200, "jo", "id", "", ""},
		{"either of the two", "/both", []string{session}, 200, "jo", "access", "", ""},
		{"a session where none is needed", "/optional", []string{session}, 200, "jo", "access", "", ""},
		{"other cookies stay as they were", "/access", []string{"Cookie: a=1;" + mine + "; b=\"2\"; __Host-cognito-signin2=x"}, 200, "jo", "access", "a=1; b=\"2\"; __Host-cognito-signin2=x", ""},
		{"a session in several lines", "/access", []string{"Cookie: a=1", session, "Cookie: b=2"}, 200, "jo", "access", "a=1; b=2", ""},
		{"a forged session before the good one", "/access", []string{"Cookie: " + sessionCookie + "=forged; " + mine}, 200, "jo", "access", "", ""},
		{"cookies of sign-ins on their way and of devices", "/access", []string{session + "; " + flowPrefix + "sX=1; __Secure-cognito-device-signin=2"}, 200, "jo", "access", "", ""},
		{"a token of mo beside the session of jo", "/access", []string{session, bearer + mo}, 200, "mo", "access", "", ""},
		{"another scheme beside the session", "/access", []string{session, "Authorization: Basic am86cHc="}, 200, "jo", "access", "", ""},
		{"a page that takes no session", "/bearer", []string{session + "; a=1"}, 200, "", "", "a=1", ""},
		{"a public page", "/public", []string{session + "; a=1; " + flowPrefix + "sX=1"}, 200, "", "", "a=1", ""},
		{"a page without a directive of ours", "/open", []string{session + "; a=1; " + flowPrefix + "sX=1; __Secure-cognito-device-signin=2"}, 200, "", "", "a=1", ""},
		{"a session of a sibling host, whose name begins with a space of Unicode", "/access", []string{"Cookie: \u2000" + mine}, 401, "", "", "", ""},
		{"a session of a sibling host before the good one", "/access", []string{"Cookie: \u2000" + ofMo + "; \u00a0" + ofMo + "; " + mine}, 200, "jo", "access", "", ""},
		{"identity headers beside a session on a public page", "/public", []string{session, "X-Cognito-Username: root", "x_cognito_sub: root"}, 200, "", "", "", ""},
		{"a bad token beside a good session", "/access", []string{session, bearer + "rubbish"}, 401, "", "", "", ""},
		{"an empty token beside a good session", "/access", []string{session, bearer}, 401, "", "", "", ""},
		{"two tokens beside a good session", "/access", []string{session, bearer + mo, bearer + mo}, 400, "", "", "", ""},
		{"a bad token beside a good session, where none is needed", "/optional", []string{session, bearer + "rubbish"}, 401, "", "", "", ""},
		{"the session as a token", "/access", []string{bearer + strings.TrimPrefix(mine, sessionCookie+"=")}, 401, "", "", "", ""},
		{"the token as a session", "/access", []string{"Cookie: " + sessionCookie + "=" + mo}, 401, "", "", "", ""},
		{"the session under another name", "/access", []string{"Cookie: __Host-cognito-main=" + strings.TrimPrefix(mine, sessionCookie+"=")}, 401, "", "", "", ""},
		{"the session in another case", "/access", []string{"Cookie: " + strings.ToLower(mine)}, 401, "", "", "", ""},
		{"the session as a header", "/access", []string{sessionCookie + ": " + strings.TrimPrefix(mine, sessionCookie+"=")}, 401, "", "", "", ""},
		{"the session in the query", "/access?" + mine, nil, 401, "", "", "", ""},
		{"nothing", "/access", nil, 401, "", "", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			got := w.send("GET", row.target, "", row.lines...)
			w.wantStatus(row.status, got)
			if row.status != 200 {
				w.upstream.none(t)
				return
			}
			saw := w.upstream.one(t)
			if user, use := saw.header.Get("X-Cognito-Username"), saw.header.Get("X-Cognito-Token-Use"); user != row.user || use != row.use {
				t.Errorf("expected %q by %q, got %q by %q", row.user, row.use, user, use)
			}
			if cookies := strings.Join(saw.header["Cookie"], "|"); cookies != row.cookies {
				t.Errorf("expected the cookies %q at the upstream, got %.80q", row.cookies, cookies)
			}
			if saw.header.Get("Authorization") != "" && row.user != "" {
				t.Error("expected no token at the upstream")
			}
			w.wantPrivate(got, row.user != "" && !strings.Contains(strings.Join(row.lines, ""), bearer))
		})
	}
}

// TestSessionsAreRemovedWithoutSignin: cognito_auth and cognito_strip leave none to
// upstreams of routes that cognito_signin does not see.
func TestSessionsAreRemovedWithoutSignin(t *testing.T) {
	w := startedSignin(t, signinSetup{})
	s := w.setup(signinSetup{})
	s.site = `@pages path /_cognito/*
cognito_signin @pages signin
@mine path /mine*
cognito_auth @mine signin
@public path /public*
cognito_strip @public
reverse_proxy $UPSTREAM`
	w.load(s)
	session := w.signedIn("jo")
	for _, target := range []string{"/mine", "/public"} {
		w.upstream.none(t)
		w.wantStatus(200, w.get(target, session+"; a=1; __Secure-cognito-device-signin=2"))
		if cookies := w.upstream.one(t).header["Cookie"]; !slices.Equal(cookies, []string{"a=1"}) {
			t.Errorf("%s: expected a=1 alone at the upstream, got %.80q", target, cookies)
		}
	}
}

// wantPrivate: what a session brought is for nobody else.
func (w *signinWorld) wantPrivate(got answer, private bool) {
	w.Helper()
	control, vary := strings.Join(got.header["Cache-Control"], ", "), strings.Join(got.header["Vary"], ", ")
	if private != (strings.Contains(control, "private") && strings.Contains(vary, "Cookie")) {
		w.Errorf("expected private to be %v, got Cache-Control: %q and Vary: %q", private, control, vary)
	}
}

// TestCachesKeepNoSessions, whatever the upstream says.
func TestCachesKeepNoSessions(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		w.Header().Set("Vary", "Accept-Encoding")
		_, _ = io.WriteString(w, "of "+r.Header.Get("X-Cognito-Username"))
	}))
	defer upstream.Close()
	w := startedSignin(t, signinSetup{site: "cognito_auth main\nreverse_proxy " + upstream.Listener.Addr().String()})
	got := w.send("GET", "/", "", w.signedIn("jo"))
	if got.body != "of jo" {
		t.Fatalf("expected the page of jo, got %d with %q", got.status, got.body)
	}
	w.wantPrivate(got, true)
	if vary := strings.Join(got.header["Vary"], ", "); !strings.Contains(vary, "Accept-Encoding") {
		t.Errorf("expected what the upstream says of Vary to stay, got %q", vary)
	}
	got = w.send("GET", "/", "", "Cookie: "+sessionCookie+"=forged")
	if control := strings.Join(got.header["Cache-Control"], ", "); !cleared(got, sessionCookie) || !strings.Contains(control, "no-store") {
		t.Errorf("expected no cache to keep an answer with a cookie, got %v", got.header)
	}
}

// TestCachesTellUsersApart where a page is for users and for nobody, and whatever a
// handler before says.
func TestCachesTellUsersApart(t *testing.T) {
	w := startedSignin(t, signinSetup{site: "header Cache-Control \"public, max-age=60\"\ncognito_auth main {\noptional\n}\nreverse_proxy $UPSTREAM"})
	session := w.signedIn("jo")
	w.upstream.none(t)
	got := w.send("GET", "/", "")
	if control, vary := got.header["Cache-Control"], got.header["Vary"]; !slices.Equal(control, []string{"public, max-age=60"}) || !slices.Contains(vary, "Cookie") {
		t.Errorf("nobody: expected the answer to be for requests without cookies, got %q with Vary: %q", control, vary)
	}
	got = w.send("GET", "/", "", session)
	if w.wantPrivate(got, true); strings.Contains(strings.Join(got.header["Cache-Control"], ", "), "public") {
		t.Errorf("jo: expected nothing public, got %q", got.header["Cache-Control"])
	}
}

// TestCachesKeepNoRefreshedSessions: an answer of the upstream can carry a cookie
// of ours, too.
func TestCachesKeepNoRefreshedSessions(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
	}))
	defer upstream.Close()
	w := startedSignin(t, signinSetup{
		client: cognitolocal.Client{AccessTokenLifetime: 3 * time.Second},
		site:   "cognito_auth main\nreverse_proxy " + upstream.Listener.Addr().String(),
	})
	session := w.signedIn("jo")
	var got answer
	eventually(t, "the session has new tokens", func() bool {
		got = w.send("GET", "/", "", session)
		return setCookies(got)[sessionCookie] != nil
	})
	if control := strings.Join(got.header["Cache-Control"], ", "); got.status != 200 || !strings.Contains(control, "no-store") {
		t.Errorf("expected no cache to keep it, got %d with %v", got.status, got.header)
	}
}

// TestSessionEndpoint tells an application of the session, and nobody else.
func TestSessionEndpoint(t *testing.T) {
	w := startedSignin(t, signinSetup{signin: "claim email cognito:groups nothing"})
	session := w.signedIn("jo")
	got := w.send("GET", "/_cognito/session", "", lines(fetching, session)...)
	w.wantStatus(200, got)
	document := decode(t, got.body)
	claims, _ := document["claims"].(map[string]any)
	if document["sub"] != w.sub("jo") || claims["email"] != userEmail || len(claims) != 2 || len(document) != 3 {
		t.Errorf("expected sub, exp and the two claims that are allowed, got %s", got.body)
	}
	ends := time.Unix(int64(document["exp"].(float64)), 0)
	if left := time.Until(ends); left < 23*time.Hour || left > 24*time.Hour {
		t.Errorf("expected it to end in a day, got %v", left)
	}
	if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Access-Control-Allow-Origin") != "" || len(setCookies(got)) > 0 {
		t.Errorf("expected nothing that stays, got %v", got.header)
	}
	for _, row := range []struct {
		name, method string
		lines        []string
		status       int
		clears       bool
	}{
		{"nobody", "GET", nil, 401, false},
		{"a navigation of nobody, which is told like a script", "GET", navigating, 401, false},
		{"a forged session", "GET", []string{"Cookie: " + sessionCookie + "=forged"}, 401, true},
		{"a token instead of a session", "GET", []string{"Authorization: Bearer " + w.access(nil)}, 401, false},
		{"a POST", "POST", []string{session}, 405, false},
		{"a DELETE", "DELETE", []string{session}, 405, false},
		{"a preflight from another site", "OPTIONS", []string{session, "Origin: https://evil.example", "Access-Control-Request-Method: GET"}, 405, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			got := w.send(row.method, "/_cognito/session", "", row.lines...)
			w.wantStatus(row.status, got)
			if cleared(got, sessionCookie) != row.clears || strings.Contains(got.body, userEmail) {
				t.Errorf("expected the cookie to be cleared: %v, got %v with %q", row.clears, got.header, got.body)
			}
			if row.status == 401 && decode(t, got.body)["sign_in_url"] != app+"/_cognito/sign-in" {
				t.Errorf("expected to be told where to sign in, got %q", got.body)
			}
		})
	}
	if len(w.upstream.take()) > 0 {
		t.Error("expected the upstream to hear nothing of it")
	}
}

// TestSessionsAndCredentials: a session is ambient. Browsers send it along when
// another site makes them, which must not bring out credentials or store anything.
func TestSessionsAndCredentials(t *testing.T) {
	store := newStoreWorld(t)
	w := &signinWorld{store.world}
	w.addClient(cognitolocal.Client{})
	setup := w.setup(signinSetup{signin: "page", site: strings.ReplaceAll(idOnly, "main", "signin") + "cognito_credentials media\n" + bucket("methods GET PUT")})
	store.media = strings.Replace(store.media, "user_pool main", "user_pool signin", 1)
	store.run(setup)
	session, origin := w.signedIn("jo"), "Origin: "+app
	for _, row := range []struct {
		name, method, target string
		lines                []string
		status               int
	}{
		{"an object", "GET", "/app.js", []string{session}, 200},
		{"an upload from a page of this site", "PUT", "/" + store.places["jo"] + "new.txt", []string{session, origin, "Sec-Fetch-Site: same-origin"}, 200},
		{"credentials for a page of this site", "POST", credentialsPath, []string{session, origin, "Sec-Fetch-Site: same-origin"}, 200},
		{"credentials by a link", "GET", credentialsPath, lines(navigating, session), 403},
		{"credentials for another site", "POST", credentialsPath, []string{session, "Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}, 403},
		{"credentials for a sibling", "POST", credentialsPath, []string{session, "Origin: http://other.localhost", "Sec-Fetch-Site: same-site"}, 403},
		{"credentials for who says nothing", "POST", credentialsPath, []string{session}, 403},
		{"what browsers ask before an upload from another site", "OPTIONS", "/" + store.places["jo"] + "evil.txt", []string{"Origin: https://evil.example", "Access-Control-Request-Method: PUT"}, 401},
		{"the same with a session", "OPTIONS", "/" + store.places["jo"] + "evil.txt", []string{session, "Origin: http://other.localhost", "Access-Control-Request-Method: PUT"}, 405},
		{"an upload of nobody", "PUT", "/" + store.places["jo"] + "evil.txt", []string{origin}, 401},
		{"credentials for nobody", "POST", credentialsPath, []string{origin}, 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			body := map[bool]string{true: "text"}[row.method == "PUT"]
			got := w.send(row.method, row.target, body, row.lines...)
			if got.status != row.status && (row.status != 200 || got.status > 299) {
				t.Errorf("expected status %d, got %d with %q", row.status, got.status, got.body)
			}
			if row.status != 200 && strings.Contains(got.body, "SecretAccessKey") || got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("expected no credentials and nothing for other sites")
			}
		})
	}
}

// TestWebSocketsWithASession pass with the identity and without the cookie.
func TestWebSocketsWithASession(t *testing.T) {
	cookies := make(chan string, 1)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies <- strings.Join(r.Header["Cookie"], "|")
		echo(w, r)
	}))
	defer upstream.Close()
	w := startedSignin(t, signinSetup{site: "cognito_auth main\nreverse_proxy " + upstream.Listener.Addr().String()})
	upgrade := []string{"Connection: Upgrade, Cookie", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="}
	w.wantStatus(401, w.raw(rawGet("/", upgrade...)))
	session := w.signedIn("jo")
	conn, reader := w.tunnel("/", append(upgrade, session+"; a=1")...)
	defer conn.Close()
	who, err := reader.ReadString('\n')
	check(t, err)
	if saw := <-cookies; who != w.sub("jo")+"\n" || strings.Contains(saw, "cognito") {
		t.Errorf("expected jo and no session, got %q and %.60q", who, saw)
	}
	w.closeTunnel(conn, 3)
}

// TestSessionSizes signs users of many groups in: there is one cookie that browsers
// keep and that brings the groups to the upstream, or a page that says what is
// wrong, and never a cookie that browsers drop in silence.
func TestSessionSizes(t *testing.T) {
	w := startedHosted(t, signinSetup{})
	var groups []string
	for i := range 101 {
		groups = append(groups, fmt.Sprintf("tenant-%03d/department-of-%x", i, (i+1)*2654435761))
		check(t, w.pool.AddGroup(cognitolocal.Group{Name: groups[i]}))
	}
	var fits []bool
	for n := 0; n <= 100; n += 4 {
		check(t, w.pool.SetGroups("jo", groups[:n]...))
		b := w.newBrowser()
		got := b.hostedIn("jo")
		requests := w.upstream.take()
		fits = append(fits, len(requests) > 0)
		if len(requests) == 0 {
			b.wantPage(got, 500, "does not fit into a cookie")
			b.wantSignedOut()
			continue
		}
		cookie := b.cookie(sessionCookie)
		if cookie == nil || len(cookie.Raw) > 3900 || !cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" {
			t.Fatalf("%d groups: expected a cookie that browsers keep, got %v", n, cookie)
		}
		for range 2 {
			b.open("/private")
		}
		for _, saw := range append(requests, w.upstream.take()...) {
			if list := strings.FieldsFunc(saw.header.Get("X-Cognito-Groups"), func(r rune) bool { return r == ',' }); len(list) != n {
				t.Errorf("%d groups: expected them at the upstream, got %d", n, len(list))
			}
		}
	}
	if limit := slices.Index(fits, false); !fits[0] || !fits[7] || limit >= 0 && slices.Contains(fits[limit:], true) {
		t.Errorf("expected 28 groups to fit, and no more than fewer, got %v", fits)
	}
}
