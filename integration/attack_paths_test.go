package integration_test

import (
	"strings"
	"testing"
)

// gates protects a prefix, leaves another public, and refuses by default nothing
// else: the layout in which a path that two parties read differently hurts.
// gates answers with the name of the gate that a request went through.
const gates = `handle /public/* {
	cognito_auth main {
		optional
	}
	reverse_proxy $UPSTREAM {
		header_up Gate public
	}
}
handle /admin/* {
	cognito_auth main {
		require group kings
	}
	reverse_proxy $UPSTREAM
}
handle {
	cognito_auth main
	reverse_proxy $UPSTREAM
}`

// TestPaths sends requests without a token. Status 200 means that the public
// gate let it pass, so the path must be public to every reader.
func TestPaths(t *testing.T) {
	rows := []struct {
		name, target string
		status       int
	}{
		{"a public path", "/public/a", 200},
		{"a public path with an escape", "/public/a%20b", 200},
		{"a public path with an escaped slash", "/public/a%2Fb", 200},
		{"a public path with a percent sign", "/public/100%25", 200},
		{"a public path with a percent sign before a letter", "/public/100%25zz", 200},
		{"a protected path", "/admin/x", 401},
		{"the prefix without its slash", "/admin", 401},
		{"a double slash", "//admin/x", 401},
		{"a double slash inside", "/public//admin/x", 200}, // to every reader below /public/
		{"a dot segment", "/./admin/x", 400},
		{"two dots out of public", "/public/../admin/x", 400},
		{"two dots at the end", "/public/..", 400},
		{"encoded dots", "/public/%2e%2e/admin/x", 400},
		{"half encoded dots", "/public/.%2E/admin/x", 400},
		{"an encoded slash after dots", "/public/..%2fadmin/x", 400},
		{"all encoded", "/public%2f%2e%2e%2fadmin%2fx", 400},
		{"dots and a doubled slash", "/public//..//..//admin/x", 400},
		{"dots out of a protected prefix", "/admin/delete/../../public/a", 400},
		{"encoded dots out of a protected prefix", "/admin/delete/%2e%2e/%2e%2e/public/a", 400},
		{"dots behind encoded slashes out of a protected prefix", "/admin/delete%2f..%2f..%2fpublic/a", 400},
		{"three dots are a name", "/public/.../x", 200},
		{"upper case", "/ADMIN/x", 401},
		{"mixed case below public", "/PuBlic/../AdMin/x", 400},
		{"an encoded first letter", "/%61dmin/x", 401},
		{"an encoded upper case letter", "/%41dmin/x", 401},
		{"a letter that lower-casing turns into k or i", "/adm\u0130n/x", 401},
		{"fullwidth letters", "/\uff41dmin/x", 401},
		{"fullwidth dots", "/public/\uff0e\uff0e/admin/x", 200}, // no reader takes them for dots
		{"a path parameter", "/admin;a=b/x", 400},
		{"a path parameter below public", "/public/;a=b", 400},
		{"dots with a path parameter", "/public/..;/admin/x", 400},
		{"dots with a parameter and a value", "/public/..;a=b/admin/x", 400},
		{"encoded dots with a path parameter", "/public/%2e%2e;/admin/x", 400},
		{"a parameter before the slash", "/public;/../admin/x", 400},
		{"a backslash", `/public\..\admin/x`, 400},
		{"dots and a backslash", `/public/..\admin/x`, 400},
		{"an encoded backslash", "/public/..%5cadmin/x", 400},
		{"an encoded backslash in upper case", "/public/..%5Cadmin/x", 400},
		{"an encoded NUL", "/public/a%00/../admin/x", 400},
		{"an encoded NUL at the end", "/admin%00", 400},
		{"double encoded dots", "/public/%252e%252e/admin/x", 400},
		{"a double encoded slash", "/public/..%252fadmin/x", 400},
		{"a double encoded letter", "/%2561dmin/x", 400},
		{"thrice encoded dots", "/public/%25252e%25252e/admin/x", 400},
		{"double encoding of which each digit is encoded", "/public/%25%32%65%25%32%65/admin/x", 400},
		{"double encoding of which one digit is encoded", "/public/%252%65%252%65/admin/x", 400},
		{"a double encoded backslash", "/public/..%255cadmin/x", 400},
		{"an overlong dot", "/public/%c0%ae%c0%ae/admin/x", 200}, // not UTF-8, so no dot to any reader of today
		{"a tab", "/public/%09../admin/x", 200},
		{"a fragment", "/public/#/../../admin/x", 400},
		{"an encoded fragment", "/public/%23/../../admin/x", 400},
		{"a query that looks public", "/admin/x?/public/", 401},
		{"an encoded question mark", "/admin/x%3f/../public/", 400},
		{"an escape that is none", "/public/%zz", 400},
		{"an escape cut short", "/public/%2", 400},
		{"the absolute form", "http://edge/admin/x", 401},
		{"the absolute form of another host", "http://evil.example/admin/x", 401},
		{"the absolute form with dots", "http://edge/public/../admin/x", 400},
		{"the absolute form without a path", "http://edge", 401},
		{"a target without a slash", "admin/x", 400},
		{"an empty target", "", 400},
		{"a long path", "/" + strings.Repeat("a/", 6000) + "../admin", 400},
	}
	w := started(t, setup{site: gates})
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, upstream: w.upstream}
			got := w.raw(rawGet(row.target))
			w.wantStatus(row.status, got)
			if row.status != 200 {
				w.upstream.none(t)
			} else if request := w.upstream.one(t); request.header.Get("Gate") != "public" || len(request.identity()) > 0 {
				t.Errorf("expected the public gate and no identity, got %+v", request)
			}
		})
	}
}

// TestPathsInOtherMethods: a method without a path, or a path without a method's
// usual meaning, is no way in.
func TestPathsInOtherMethods(t *testing.T) {
	w := started(t, setup{site: gates})
	rows := []struct {
		name, request string
		status        int
	}{
		{"CONNECT", "CONNECT admin:443 HTTP/1.1\r\nHost: admin:443\r\n\r\n", 401},
		{"TRACE", head("TRACE", "/admin/x") + "\r\n", 401},
		{"a method of one's own", head("JEFF", "/admin/x") + "\r\n", 401},
		{"HEAD", head("HEAD", "/admin/x") + "\r\n", 401},
		{"HTTP/1.0 without a Host", "GET /admin/x HTTP/1.0\r\n\r\n", 401},
		{"no Host", "GET /admin/x HTTP/1.1\r\n\r\n", 400},
		{"two Hosts", "GET /public/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		{"OPTIONS for the whole server", "OPTIONS * HTTP/1.1\r\nHost: edge\r\n\r\n", 200}, // net/http's own answer
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, upstream: w.upstream}
			w.wantStatus(row.status, w.raw(row.request))
			w.upstream.none(t)
		})
	}
}

func TestAmbiguousPathsPassOnlyWhenAllowed(t *testing.T) {
	w := newWorld(t)
	token := w.access(nil)
	w.load(setup{site: "cognito_auth main {\nallow_ambiguous_path\n}\nreverse_proxy $UPSTREAM"})
	for _, target := range []string{"/a;b=c", "/a%252fb", "/a%00", "/a%5Cb"} {
		w.wantStatus(200, w.raw(rawGet(target, "Authorization: Bearer "+token)))
		if got := w.upstream.one(t); got.uri != target {
			t.Errorf("expected %q, got %q", target, got.uri)
		}
	}
	w.load(refusing(""))
	got := w.raw(rawGet("/a;b=c", "Authorization: Bearer "+token))
	w.wantStatus(400, got)
	if got.header.Get("X-Reason") != "ambiguous_path" || !strings.Contains(got.header.Get("Www-Authenticate"), `error="invalid_request"`) {
		t.Errorf("expected reason ambiguous_path, and that in words, got %v", got.header)
	}
}

// TestPathsBelowStrip: the public routes of cognito_strip are no way round the
// gates either.
func TestPathsBelowStrip(t *testing.T) {
	w := started(t, setup{site: "cognito_strip\nreverse_proxy $UPSTREAM"})
	for target, status := range map[string]int{
		"/public/a": 200, "/public/../admin/x": 400, "/public/..;/admin/x": 400, "/public/%252e%252e/admin/x": 400, `/public\..\admin`: 400,
	} {
		w.wantStatus(status, w.raw(rawGet(target)))
	}
}
