package integration_test

import (
	"cmp"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestWhoIsInvited: who navigates is sent to sign in, everybody else is told where
// in words that programs understand, and nobody gets to the upstream.
func TestWhoIsInvited(t *testing.T) {
	w := startedSignin(t, signinSetup{site: `@always path /always
cognito_auth @always signin {
	redirect always
}
@never path /never
cognito_auth @never signin {
	redirect never
}
cognito_auth main
reverse_proxy $UPSTREAM`})
	const invited, told = 303, 401
	page := "Accept: text/html,application/xhtml+xml,*/*;q=0.8"
	for _, row := range []struct {
		name, method, target string
		lines                []string
		want                 int
	}{
		{"a navigation", "GET", "/private", navigating, invited},
		{"a navigation of a browser that says no more than what it accepts", "GET", "/private", []string{page}, invited},
		{"a HEAD of the same", "HEAD", "/private", []string{page}, invited},
		{"a form that was sent", "POST", "/private", navigating, invited},
		{"a navigation for which always was configured", "GET", "/always", navigating, invited},
		{"a program for which always was configured", "GET", "/always", []string{"Accept: application/json"}, invited},
		{"a WebSocket for which always was configured", "GET", "/always", []string{"Connection: Upgrade", "Upgrade: websocket"}, invited},
		{"a navigation for which never was configured", "GET", "/never", navigating, told},
		{"a script", "GET", "/private", fetching, told},
		{"a script that accepts pages", "GET", "/private", lines(fetching, page), told},
		{"a script from another site", "GET", "/private", []string{"Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty", "Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, told},
		{"an image", "GET", "/private", []string{"Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image", page}, told},
		{"a frame", "GET", "/private", []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe", page}, told},
		{"a page fetched ahead", "GET", "/private", lines(navigating, "Sec-Purpose: prefetch"), told},
		{"a page rendered ahead", "GET", "/private", lines(navigating, "Sec-Purpose: prefetch;prerender"), told},
		{"a script of old", "GET", "/private", []string{page, "X-Requested-With: XMLHttpRequest"}, told},
		{"a program that accepts everything", "GET", "/private", []string{"Accept: */*"}, told},
		{"a program that accepts nothing", "GET", "/private", nil, told},
		{"a program that prefers JSON", "GET", "/private", []string{"Accept: application/json, text/html;q=0.5"}, told},
		{"a program that pretends to be gRPC", "POST", "/private", []string{"Content-Type: application/grpc", page}, told},
		{"an event stream", "GET", "/private", []string{"Accept: text/event-stream"}, told},
		{"a WebSocket", "GET", "/private", []string{"Connection: Upgrade", "Upgrade: websocket", page}, told},
		{"a part of a file", "GET", "/private", []string{"Range: bytes=0-9", page}, told},
		{"a form of a browser that says no more", "POST", "/private", []string{page}, told},
		{"a DELETE", "DELETE", "/private", navigating, told},
		{"a preflight", "OPTIONS", "/private", []string{"Origin: https://evil.example", "Access-Control-Request-Method: GET"}, told},
		{"a bad token, whoever brings it", "GET", "/private", lines(navigating, "Authorization: Bearer rubbish"), told},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			got := w.send(row.method, row.target, "", row.lines...)
			w.wantStatus(row.want, got)
			w.upstream.none(t)
			if got.header.Get("Cache-Control") != "no-store" || len(setCookies(got)) > 0 || got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("expected nothing that stays or lets others read, got %v", got.header)
			}
			location, signIn := got.header.Get("Location"), "/_cognito/sign-in?return_to="+url.QueryEscape(row.target)
			switch {
			case row.want == invited && row.method != "POST" && location != signIn:
				t.Errorf("expected %q, got %q", signIn, location)
			case row.want == told && location != "":
				t.Errorf("expected no redirect, got %q", location)
			case row.want == told && (decode(t, got.body)["sign_in_url"] != app+"/_cognito/sign-in" || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer")):
				t.Errorf("expected to be told where to sign in, got %q with %q", got.body, got.header["Www-Authenticate"])
			}
		})
	}
}

// TestReturnTo lets users come back to where they may, and nowhere else.
func TestReturnTo(t *testing.T) {
	w := startedSignin(t, signinSetup{signin: "return_to https://app.example.com\npage"})
	const state = "return_to"
	for _, row := range []struct{ name, value, want string }{
		{"a path", "/private", "/private"},
		{"a path with a query and a fragment", "/private?x=1&y=%2F#z", "/private?x=1&y=%2F#z"},
		{"a path with letters of all kinds", "/ü b", "/"},
		{"a URL of this site", app + "/private", "/private"},
		{"a URL of a listed origin", "https://app.example.com/deep?x", "https://app.example.com/deep?x"},
		{"a listed origin without a path", "https://app.example.com", "https://app.example.com/"},
		{"nothing", "", "/"},
		{"another host", "https://evil.example/", "/"},
		{"a host without a scheme", "//evil.example/", "/"},
		{"a host behind a backslash", `/\evil.example/`, "/"},
		{"a host behind two backslashes", `\\evil.example/`, "/"},
		{"a host behind an encoded slash", "/%2fevil.example/", "/"},
		{"a host behind a slash that is encoded twice", "/%252fevil.example/", "/"},
		{"a host behind an encoded backslash", "/%5cevil.example/", "/"},
		{"a host behind a tab", "/\t/evil.example/", "/"},
		{"a host behind an encoded tab", "/%09/evil.example", "/"},
		{"a host behind three slashes", "https:///evil.example", "/"},
		{"a scheme without slashes", "https:evil.example", "/"},
		{"a script", "javascript:alert(1)", "/"},
		{"data", "data:text/html,x", "/"},
		{"a longer host than the listed", "https://app.example.com.evil.example/", "/"},
		{"a user named like the listed host", "https://app.example.com@evil.example/", "/"},
		{"the listed host with another port", "https://app.example.com:444/", "/"},
		{"the listed host without encryption", "http://app.example.com/", "/"},
		{"a host below the listed", "https://x.app.example.com/", "/"},
		{"dot segments", "/x/..//evil.example", "/"},
		{"line breaks that would be headers", "/x\r\nSet-Cookie: a=b", "/"},
		{"encoded line breaks that would be headers", "/x%0d%0aSet-Cookie:%20a=b", "/"},
		{"a NUL", "/x\x00", "/"},
		{"sign-out", "/_cognito/sign-out", "/"},
		{"sign-in", "/_cognito/sign-in?return_to=/x", "/"},
		{"sign-out in capitals", "/_COGNITO/sign-out", "/"},
		{"sign-out, encoded", "/_cognito%2fsign-out", "/"},
		{"sign-out behind two slashes", "//_cognito/sign-out", "/"},
		{"sign-out at this site's URL", app + "/_cognito/sign-out", "/"},
		{"more than a cookie could hold", "/" + strings.Repeat("a", 1500), "/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := w.row(t).newBrowser()
			got := b.open("/_cognito/sign-in?" + url.Values{state: {row.value}}.Encode())
			if value := cmp.Or(got.form.fields.Get(state), "/"); value != row.want {
				t.Errorf("expected the form to keep %q, got %q", row.want, value)
			}
		})
	}
	t.Run("what a form brings is judged as well", func(t *testing.T) {
		w := w.row(t)
		for value, want := range map[string]string{"//evil.example": "/", "https://evil.example": "/", "/x\r\nA: b": "/", "/fine": "/fine", "https://app.example.com/x": "https://app.example.com/x"} {
			got := w.sendJSON("/_cognito/sign-in", map[string]any{"username": "jo", "password": password, state: value})
			w.wantStatus(200, got)
			if to := decode(t, got.body)["return_to"]; to != want {
				t.Errorf("expected %q for %q, got %q", want, value, to)
			}
			form := url.Values{"username": {"jo"}, "password": {password}, state: {value}}.Encode()
			got = w.send("POST", "/_cognito/sign-in", form, "Content-Type: application/x-www-form-urlencoded", "Origin: "+app)
			landed := w.send("GET", got.header.Get("Location"), "", cookieLine(setCookies(got)[sessionCookie]))
			if landed.status != 200 || landed.leadsTo() != want {
				t.Errorf("expected the landing to lead to %q, got %d to %q", want, landed.status, landed.leadsTo())
			}
		}
	})
	t.Run("a form that was refused leads back to its page", func(t *testing.T) {
		w := w.row(t)
		for referer, want := range map[string]string{
			app + "/form?x=1": "/form?x=1", "https://evil.example/form": "/", "": "/", app + "//evil.example": "/", "http://localhost.evil.example/x": "/", app + "/_cognito/sign-out": "/",
		} {
			got := w.send("POST", "/private", "a=b", lines(navigating, "Referer: "+referer)...)
			w.wantStatus(303, got)
			if location := got.header.Get("Location"); location != "/_cognito/sign-in?return_to="+url.QueryEscape(want) {
				t.Errorf("expected %q for %q, got %q", want, referer, location)
			}
		}
	})
}

// TestTargetsAsTheyWereSent: the way back is the path before any rewrite.
func TestTargetsAsTheyWereSent(t *testing.T) {
	w := startedSignin(t, signinSetup{site: "rewrite /old* /new{uri}\nroute {\ncognito_auth main\nreverse_proxy $UPSTREAM\n}"})
	for target, want := range map[string]string{
		"/old/a?b=c": "/old/a?b=c", "/x%2Fy?z=%20": "/x%2Fy?z=%20", "//evil.example/x": "/", "/%2fevil.example": "/", "/a;b": "/a;b",
		"/_cognito/nothing": "/", "/_cognito/sign-in/": "/", "/_COGNITO/sign-in": "/", "//_cognito/sign-in": "/", "/./_cognito/sign-in": "/",
		"http://evil.example/x": "/", "/" + strings.Repeat("a", 2000): "/",
	} {
		got := w.raw("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + strings.Join(navigating, "\r\n") + "\r\n\r\n")
		location, err := url.Parse(got.header.Get("Location"))
		check(t, err)
		if got.status == 400 && location.String() == "" {
			continue // a path of two readings is refused outright
		}
		if got.status != 303 || location.Path != "/_cognito/sign-in" || location.Query().Get("return_to") != want {
			t.Errorf("expected %.60q to come back to %q, got %d to %.200q", target, want, got.status, location)
		}
	}
	w.upstream.none(t)
}

// TestAProxyNamesNoOtherScheme than the web's, since it may pass on what a client
// said (CVE-2024-21499).
func TestAProxyNamesNoOtherScheme(t *testing.T) {
	w := &signinWorld{newWorld(t)}
	w.addClient(cognitolocal.Client{})
	s := w.setup(signinSetup{})
	s.server = "trusted_proxies_unix"
	w.load(s)
	for _, proto := range []string{"javascript", "HTTPS", "https, http", "evil.example/", "ftp", " "} {
		told := w.send("GET", "/private", "", lines(fetching, "X-Forwarded-Proto: "+proto)...)
		if got := decode(t, told.body)["sign_in_url"]; got != app+"/_cognito/sign-in" {
			t.Errorf("%q: expected sign-in at %s, got %v", proto, app, got)
		}
	}
}

// TestTheHostIsNotBelieved: what a client says of hosts and schemes changes no
// link, unless it comes through a proxy that is trusted.
func TestTheHostIsNotBelieved(t *testing.T) {
	forwarded := []string{"X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "X-Forwarded-Uri: /evil", "X-Forwarded-Prefix: /evil", "Forwarded: host=evil.example;proto=https", "X-Original-Url: /evil", "X-Rewrite-Url: /evil"}
	for _, row := range []struct{ name, server, signin, want string }{
		{"a stranger", "", "hosted", app},
		{"a trusted proxy", "trusted_proxies_unix", "hosted", "https://evil.example"},
		{"a trusted proxy, where the origin is configured", "trusted_proxies_unix", "origin https://site.example\nhosted", "https://site.example"},
		{"a stranger, where the origin is configured", "", "origin https://site.example\nhosted", "https://site.example"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &signinWorld{newWorld(t)}
			w.addClient(federated)
			s := w.setup(signinSetup{signin: row.signin})
			s.server = row.server
			w.load(s)
			told := w.send("GET", "/private", "", lines(fetching, forwarded...)...)
			if got := decode(t, told.body)["sign_in_url"]; got != row.want+"/_cognito/sign-in" {
				t.Errorf("expected sign-in at %s, got %v", row.want, got)
			}
			invited := w.send("GET", "/private", "", lines(navigating, forwarded...)...)
			if got := invited.header.Get("Location"); got != "/_cognito/sign-in?return_to=%2Fprivate" {
				t.Errorf("expected a path of this site, got %q", got)
			}
			begun := w.send("GET", "/_cognito/sign-in", "", lines(navigating, forwarded...)...)
			location, err := url.Parse(begun.header.Get("Location"))
			check(t, err)
			if got := location.Query().Get("redirect_uri"); got != row.want+"/_cognito/callback" {
				t.Errorf("expected to come back to %s, got %q", row.want, got)
			}
			out := w.send("POST", "/_cognito/sign-out", "", forwarded...)
			location, err = url.Parse(out.header.Get("Location"))
			check(t, err)
			if got := location.Query().Get("logout_uri"); got != row.want+"/_cognito/signed-out" {
				t.Errorf("expected sign-out to end at %s, got %q", row.want, got)
			}
		})
	}
}
