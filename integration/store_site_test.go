package integration_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/s3root"
)

// pageRow is a request of jo and what comes back. A body of * is any.
type pageRow struct {
	name, method, target string
	status               int
	body                 string
	want                 []string // header lines of the answer
	lines                []string // of the request
}

// pages runs a table against a site.
func (w *storeWorld) pages(t *testing.T, site string, rows []pageRow) {
	t.Helper()
	w.run(setup{site: site})
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			if row.method == "" {
				row.method = "GET"
			}
			got := w.send(row.method, row.target, "", row.lines...)
			w.wantStatus(row.status, got)
			w.wantNoWord(got)
			if row.body != "*" && got.body != row.body {
				t.Errorf("expected %q, got %.200q", row.body, got.body)
			}
			for i, line := range row.want {
				row.want[i] = w.expand(line)
			}
			w.wantLines(got, row.want...)
			if row.method == "GET" {
				w.wantLikeGet(got, w.send("HEAD", row.target, "", row.lines...))
			}
		})
	}
}

func TestASiteInAPrivateBucket(t *testing.T) {
	w := newStoreWorld(t)
	w.put("docs/a:b/index.html", "colon", s3root.ObjectOptions{})
	w.put("docs/ü d/index.html", "umlaut", s3root.ObjectOptions{})
	w.put("docs/evil.example/index.html", "evil", s3root.ObjectOptions{})
	w.put("docs/default.htm", "second", s3root.ObjectOptions{})
	w.put("docs/sub/default.htm", "sub", s3root.ObjectOptions{})
	w.put("docs/both", "an object", s3root.ObjectOptions{})
	t.Run("by default", func(t *testing.T) {
		w.row(t).pages(t, bucketSite(), []pageRow{
			{name: "the start page", target: "/", status: 200, body: "<h1>Home</h1>", want: []string{"Content-Type: text/html"}},
			{name: "the start page with a query", target: "/?a=b", status: 200, body: "<h1>Home</h1>"},
			{name: "an object", target: "/app.js", status: 200, body: "console.log(1)", want: []string{"Cache-Control: private, max-age=60", "Vary: Authorization, Cookie", "X-Content-Type-Options: nosniff"}},
			{name: "an index document in a directory", target: "/docs/", status: 200, body: "<h1>Docs</h1>"},
			{name: "an index document by its name", target: "/docs/index.html", status: 200, body: "<h1>Docs</h1>"},
			{name: "a directory without its slash", target: "/docs", status: 302, want: []string{"Location: ./docs/", "Cache-Control: private"}},
			{name: "a directory without its slash, with a query", target: "/docs?a=b&c=%2F%0d%0aX:y", status: 302, want: []string{"Location: ./docs/?a=b&c=%2F%0d%0aX:y", "X"}},
			{name: "a directory below another", target: "/docs/evil.example", status: 302, want: []string{"Location: ./evil.example/"}},
			{name: "a directory with a colon, which is no scheme", target: "/docs/a:b", status: 302, want: []string{"Location: ./a:b/"}},
			{name: "a directory with what needs escapes", target: "/docs/%C3%BC%20d", status: 302, want: []string{"Location: ./%C3%BC%20d/"}},
			{name: "a directory behind an encoded slash is found by a browser", target: "/docs%2Fevil.example", status: 302, want: []string{"Location: ./docs%2Fevil.example/"}},
			{name: "a directory behind two slashes, which is no host", target: "//docs/evil.example", status: 302, body: "*", want: []string{"Location: ./evil.example/"}},
			{name: "a directory that is not there", target: "/nothing", status: 404, want: []string{"Cache-Control: no-store", "Location"}},
			{name: "a host that is none", target: "//evil.com/x", status: 404, want: []string{"Location"}},
			{name: "an object that is not there, in a directory that is not there", target: "/no/where/", status: 404},
			{name: "a page that jo may not see", target: "/private/plan.html", status: 404},
			{name: "a directory that jo may not see", target: "/private", status: 404},
			{name: "the page of another user", target: "/$MO" + "index.html", status: 404},
			{name: "the page of another user by its directory", target: "/$MO", status: 404},
			{name: "the own page", target: "/$JO", status: 200, body: "jo's page"},
			{name: "an upload", method: "PUT", target: "/$JO" + "x", status: 405, body: "*", want: []string{"Allow: GET, HEAD"}},
			{name: "a DELETE", method: "DELETE", target: "/$JO" + "note.txt", status: 405, body: "*", want: []string{"Allow: GET, HEAD"}},
			{name: "a POST", method: "POST", target: "/", status: 405, body: "*", want: []string{"Allow: GET, HEAD"}},
			{name: "a preflight", method: "OPTIONS", target: "/", status: 405, body: "*", want: []string{"Allow: GET, HEAD"}},
			{name: "an unchanged start page", target: "/", status: 304, lines: []string{`If-None-Match: W/"fe919dfbe925337c176e602ebbf0d15c"`}, want: []string{"Vary: Authorization, Cookie"}},
			{name: "a range of the start page", target: "/", status: 206, body: "Home", lines: []string{"Range: bytes=4-7"}},
		})
	})
	t.Run("with several index documents", func(t *testing.T) {
		w.row(t).pages(t, bucketSite("index index.html default.htm"), []pageRow{
			{name: "the first goes before the second", target: "/docs/", status: 200, body: "<h1>Docs</h1>"},
			{name: "the second, where there is no first", target: "/docs/sub/", status: 200, body: "sub"},
			{name: "a directory of the second", target: "/docs/sub", status: 302, want: []string{"Location: ./sub/"}},
			{name: "none of them", target: "/docs/none/", status: 404},
		})
	})
	t.Run("with no index documents", func(t *testing.T) {
		w.row(t).pages(t, bucketSite("index none"), []pageRow{
			{name: "an object", target: "/docs/index.html", status: 200, body: "<h1>Docs</h1>"},
			{name: "the bucket, which is no list", target: "/", status: 404},
			{name: "the bucket without a path", target: "/?", status: 404},
			{name: "a directory", target: "/docs/", status: 404},
			{name: "a directory without its slash", target: "/docs", status: 404, want: []string{"Location"}},
		})
	})
	t.Run("with a prefix and no index documents", func(t *testing.T) {
		w.row(t).pages(t, bucketSite("index none", "prefix docs/"), []pageRow{
			{name: "an object", target: "/ten.txt", status: 200, body: "0123456789"},
			{name: "the place itself", target: "/", status: 404},
			{name: "an object outside of it", target: "/app.js", status: 404},
		})
	})
	t.Run("behind handle_path", func(t *testing.T) {
		w.row(t).pages(t, "handle_path /files/* {\n"+bucketSite()+"}\nrespond elsewhere", []pageRow{
			{name: "an object", target: "/files/app.js", status: 200, body: "console.log(1)"},
			{name: "the start page", target: "/files/", status: 200, body: "<h1>Home</h1>"},
			{name: "a directory without its slash leads to where it is", target: "/files/docs", status: 302, want: []string{"Location: ./docs/"}},
			{name: "a strange key", target: "/files/docs/a%20b+c.txt", status: 200, body: "strange"},
			{name: "another place", target: "/app.js", status: 200, body: "elsewhere"},
			{name: "dots out of it", target: "/files/../app.js", status: 200, body: "elsewhere"},
		})
	})
}

// TestEncodeInFront: compression is Caddy's, and what it does to entity tags must
// not cost the 304s.
func TestEncodeInFront(t *testing.T) {
	w := newStoreWorld(t)
	w.put("docs/long.txt", strings.Repeat("long ", 1000), s3root.ObjectOptions{ContentType: "text/plain", CacheControl: "max-age=60"})
	w.run(setup{site: "encode gzip\n" + bucketSite()})
	gzip := "Accept-Encoding: gzip"
	plain, packed := w.send("GET", "/docs/long.txt", ""), w.send("GET", "/docs/long.txt", "", gzip)
	tag := packed.header.Get("Etag")
	if packed.header.Get("Content-Encoding") != "gzip" || tag == "" || len(packed.body) >= len(plain.body) {
		t.Fatalf("expected a compressed answer with a tag, got %v", packed.header)
	}
	if vary := strings.Join(packed.header["Vary"], ", "); !strings.Contains(vary, "Accept-Encoding") || !strings.Contains(vary, "Authorization") {
		t.Errorf("expected Vary to name all that counts, got %q", vary)
	}
	for name, row := range map[string]struct {
		lines  []string
		status int
	}{
		"the tag of the compressed answer":        {[]string{gzip, "If-None-Match: " + tag}, 304},
		"that tag as a proxy weakens it":          {[]string{gzip, "If-None-Match: W/" + strings.TrimPrefix(tag, "W/")}, 304},
		"the tag of the plain answer":             {[]string{"If-None-Match: " + plain.header.Get("Etag")}, 304},
		"the tag of the plain answer, compressed": {[]string{gzip, "If-None-Match: " + plain.header.Get("Etag")}, 304},
		"another tag": {[]string{gzip, `If-None-Match: "a"`}, 200},
		"a range with the tag of the compressed answer": {[]string{gzip, "Range: bytes=0-3", "If-Range: " + tag}, 200},
		"a range with the tag of the plain answer":      {[]string{"Range: bytes=0-3", "If-Range: " + plain.header.Get("Etag")}, 206},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.row(t)
			got := w.send("GET", "/docs/long.txt", "", row.lines...)
			w.wantStatus(row.status, got)
			if got.status == 206 && got.body != "long" {
				t.Errorf("expected the range of the plain object, got %q", got.body)
			}
		})
	}
}

func TestWhatCachesMayKeep(t *testing.T) {
	w := newStoreWorld(t)
	rows := []struct{ name, stored, private string }{
		{"nothing is said", "", "private"},
		{"public", "public, max-age=60", "private, max-age=60"},
		{"a lifetime for shared caches", "max-age=60, s-maxage=600", "private, max-age=60"},
		{"in capitals", "PUBLIC, S-MAXAGE=600, Max-Age=60", "private, Max-Age=60"},
		{"not to be stored", "no-store", "private, no-store"},
		{"to be asked again", "no-cache, must-revalidate", "private, no-cache, must-revalidate"},
		{"never to change", "public,max-age=31536000,immutable", "private, max-age=31536000, immutable"},
		{"private already", "private, max-age=5", "private, max-age=5"},
		{"private for one header only", `private="Set-Cookie", max-age=5`, "private, max-age=5"},
		{"a value in quotes with a comma", `max-age=5, ext="a, public", s-maxage=7`, "*"},
		{"a lifetime when the store fails", "public, stale-if-error=60, stale-while-revalidate=5", "private, stale-if-error=60, stale-while-revalidate=5"},
	}
	for i, row := range rows {
		w.put("docs/cache-"+string(rune('a'+i)), "x", s3root.ObjectOptions{CacheControl: row.stored})
	}
	for shared, site := range map[bool]string{false: bucketSite(), true: bucketSite("shared_cache")} {
		w.run(setup{site: site})
		for i, row := range rows {
			name := row.name
			if shared {
				name += ", and caches are shared"
			}
			t.Run(name, func(t *testing.T) {
				w := w.row(t)
				got := w.send("GET", "/docs/cache-"+string(rune('a'+i)), "")
				w.wantStatus(200, got)
				switch {
				case shared:
					w.wantLines(got, "Cache-Control: "+row.stored, "Vary")
				case row.private != "*":
					w.wantLines(got, "Cache-Control: "+row.private, "Vary: Authorization, Cookie")
				}
				if words := strings.Split(strings.ReplaceAll(got.header.Get("Cache-Control"), " ", ""), ","); !shared && words[0] != "private" {
					t.Errorf("expected a private answer, got %q", words)
				}
			})
		}
	}
}

// TestNamesOfUsersInThePrefix: each user's own place is the whole site.
func TestNamesOfUsersInThePrefix(t *testing.T) {
	w := newStoreWorld(t)
	t.Run("the identity", func(t *testing.T) {
		w := w.row(t)
		w.run(setup{site: bucketSite("prefix u/{http.cognito.identity_id}/", "methods GET HEAD PUT DELETE")})
		for _, user := range []string{"jo", "mo"} {
			if got := w.as(user, "GET", "/note.txt", ""); got.status != 200 || got.body != user+"'s note" {
				t.Errorf("expected the note of %s, got %d with %q", user, got.status, got.body)
			}
			w.wantStatus(200, w.as(user, "PUT", "/new.txt", user+"'s upload"))
			if got := w.contents()[w.places[user]+"new.txt"]; got != user+"'s upload" {
				t.Errorf("expected the upload of %s in the own place, got %q", user, got)
			}
			w.wantStatus(400, w.send("GET", "/../"+strings.TrimPrefix(w.places["mo"], "u/")+"note.txt", ""))
			w.wantStatus(400, w.send("DELETE", "/", ""))
		}
	})
	w.put("g/admins/page.txt", "for admins", s3root.ObjectOptions{})
	check(t, w.store.PutPolicy(t.Context(), siteBucket, strings.ReplaceAll(w.policy(), `"arn:aws:s3:::`+siteBucket+`/index.html"`, `"arn:aws:s3:::`+siteBucket+`/*"`)))
	sub := w.sub("jo")
	w.put("s/"+sub+"/page.txt", "by subject", s3root.ObjectOptions{})
	for _, row := range []struct {
		name, prefix string
		claims       func(map[string]any)
		status       int
		body         string
	}{
		{"the subject", "s/{http.auth.user.sub}/", nil, 200, "by subject"},
		{"the subject by its other name", "s/{http.auth.user.id}/", nil, 200, "by subject"},
		{"a group", "g/{http.auth.user.cognito:groups}/", with("cognito:groups", []string{"admins"}), 200, "for admins"},
		{"a claim that is a group", "g/{http.auth.user.custom:team}/", with("custom:team", "admins"), 200, "for admins"},
		{"no group", "g/{http.auth.user.cognito:groups}/", with("cognito:groups", nil), 403, ""},
		{"several groups, which are no place", "g/{http.auth.user.cognito:groups}/", nil, 404, ""},
		{"a claim that is missing", "g/{http.auth.user.custom:team}/", nil, 403, ""},
		{"an empty claim", "g/{http.auth.user.custom:team}/", with("custom:team", ""), 403, ""},
		{"a claim with a slash", "g/{http.auth.user.custom:team}/", with("custom:team", "admins/x"), 403, ""},
		{"a claim with a slash at its end", "g/{http.auth.user.custom:team}/", with("custom:team", "admins/"), 403, ""},
		{"a claim that is two dots", "g/x/{http.auth.user.custom:team}/", with("custom:team", ".."), 403, ""},
		{"a claim that is one dot", "g/admins/{http.auth.user.custom:team}/", with("custom:team", "."), 403, ""},
		{"a claim with a backslash", "g/{http.auth.user.custom:team}/", with("custom:team", `..\admins`), 403, ""},
		{"a claim with a NUL", "g/{http.auth.user.custom:team}/", with("custom:team", "admins\x00"), 403, ""},
		{"a claim that begins dots", "g/{http.auth.user.custom:team}./", with("custom:team", "."), 403, ""},
		{"two claims that make dots", "g/{http.auth.user.custom:team}{http.auth.user.custom:team}/", with("custom:team", "."), 403, ""},
		{"a placeholder that nobody knows", "g/{http.no.such.thing}/", nil, 403, ""},
		{"a header that the client sends", "g/{http.request.header.Nothing}/", nil, 403, ""},
		{"a claim that holds a placeholder", "g/{http.auth.user.custom:team}/", with("custom:team", "{http.request.header.Team}"), 404, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			w.run(setup{site: bucketSite("prefix " + row.prefix)})
			w.tap.forget()
			got := w.get("/page.txt", "Authorization: Bearer "+w.idToken("jo", row.claims), "Team: admins")
			w.wantStatus(row.status, got)
			if got.body != row.body {
				t.Errorf("expected %q, got %q", row.body, got.body)
			}
			w.wantNoWord(got)
			if row.status == http.StatusForbidden {
				w.tap.none(t)
			}
		})
	}
}
