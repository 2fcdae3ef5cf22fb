package integration_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/s3root"
)

// strangeKeys are names of objects with the ways in which clients may write them.
var strangeKeys = []struct {
	name, key string
	targets   []string // beside the one with all of it escaped
	empty     bool     // it has an empty segment
}{
	{name: "a space", key: "a b.txt", targets: []string{"a%20b.txt"}},
	{name: "two spaces", key: "a  b.txt", targets: []string{"a%20%20b.txt"}},
	{name: "a plus sign, which is no space", key: "a+b.txt", targets: []string{"a+b.txt", "a%2Bb.txt", "a%2bb.txt"}},
	{name: "parentheses", key: "a(b).txt", targets: []string{"a(b).txt", "a%28b%29.txt", "a%28b).txt"}},
	{name: "an at sign", key: "a@b.txt", targets: []string{"a@b.txt", "a%40b.txt"}},
	{name: "a quote", key: "a'b.txt", targets: []string{"a'b.txt", "a%27b.txt"}},
	{name: "an exclamation mark", key: "a!b.txt", targets: []string{"a!b.txt", "a%21b.txt"}},
	{name: "an asterisk", key: "a*b.txt", targets: []string{"a*b.txt", "a%2Ab.txt", "a%2ab.txt"}},
	{name: "a tilde", key: "a~b.txt", targets: []string{"a~b.txt", "a%7Eb.txt", "a%7eb.txt"}},
	{name: "unreserved letters that are escaped", key: "abc-1_2.txt", targets: []string{"%61b%63%2D1%5f2%2Etxt"}},
	{name: "an escaped slash", key: "dir/b.txt", targets: []string{"dir/b.txt", "dir%2Fb.txt", "dir%2fb.txt"}},
	{name: "UTF-8", key: "äöü.txt", targets: []string{"%C3%A4%C3%B6%C3%BC.txt", "%c3%a4%c3%b6%c3%bc.txt", "äöü.txt"}},
	{name: "UTF-8 of four octets", key: "😀.txt", targets: []string{"%F0%9F%98%80.txt", "😀.txt"}},
	{name: "an accent of its own", key: "u\u0308.txt", targets: []string{"u%CC%88.txt"}},
	{name: "a double slash", key: "two//slashes.txt", targets: []string{"two//slashes.txt"}, empty: true},
	{name: "a semicolon", key: "a;b=c.txt", targets: []string{"a;b=c.txt", "a%3Bb=c.txt"}},
	{name: "an equals sign", key: "a=b.txt", targets: []string{"a=b.txt", "a%3Db.txt"}},
	{name: "an ampersand", key: "a&b.txt", targets: []string{"a&b.txt", "a%26b.txt"}},
	{name: "a percent sign", key: "100%.txt", targets: []string{"100%25.txt"}},
	{name: "what looks like an escape", key: "a%20b.txt.%2F", targets: []string{"a%2520b.txt.%252F"}},
	{name: "what looks like escaped dots", key: "%2e%2e.txt", targets: []string{"%252e%252e.txt"}},
	{name: "a question mark", key: "a?b.txt", targets: []string{"a%3Fb.txt"}},
	{name: "a number sign", key: "a#b.txt", targets: []string{"a%23b.txt"}},
	{name: "a colon, a comma and a dollar sign", key: "a:b,c$d.txt", targets: []string{"a:b,c$d.txt", "a%3Ab%2Cc%24d.txt"}},
	{name: "brackets and braces", key: "[a]{b}.txt", targets: []string{"[a]{b}.txt", "%5Ba%5D%7Bb%7D.txt"}},
	{name: "a placeholder", key: "{http.request.host}.txt", targets: []string{"{http.request.host}.txt"}},
	{name: "angle brackets and a double quote", key: `<a>"b".txt`, targets: []string{`%3Ca%3E%22b%22.txt`, `<a>"b".txt`}},
	{name: "a caret, a grave accent and a bar", key: "^`|.txt", targets: []string{"%5E%60%7C.txt", "^`|.txt"}},
	{name: "three dots", key: "....txt/...", targets: []string{"....txt/..."}},
	{name: "a hidden file", key: ".hidden", targets: []string{".hidden"}},
	{name: "a dot at the end", key: "end.", targets: []string{"end."}},
	{name: "a long name", key: strings.Repeat("é", 100) + ".txt"},
}

// testStrangeKeys reads what root has stored, and has root find what was uploaded.
func testStrangeKeys(t *testing.T, w *storeWorld) {
	for _, row := range strangeKeys {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			if row.empty && w.refusesEmptySegments {
				w.wantRefused(400, w.send("PUT", "/$JO"+row.key, "x"))
				w.wantRefused(400, w.send("GET", "/$JO"+row.key, ""))
				return
			}
			w.put("shapes/"+row.key, "object "+row.key, s3root.ObjectOptions{})
			for _, target := range append(row.targets, url.PathEscape(row.key)) {
				got := w.send("GET", "/shapes/"+target, "")
				w.wantStatus(200, got)
				w.wantNoWord(got)
				if got.body != "object "+row.key {
					t.Errorf("%s: expected the object, got %q", target, got.body)
				}
				w.wantLikeGet(got, w.send("HEAD", "/shapes/"+target, ""))
				w.wantStatus(200, w.send("PUT", "/$JO"+target, "upload "+target))
				body, err := w.store.GetObject(t.Context(), siteBucket, w.places["jo"]+row.key)
				if err != nil || string(body) != "upload "+target {
					t.Errorf("%s: expected root to find the upload, got %q and %v", target, body, err)
				}
			}
			w.wantStatus(204, w.send("DELETE", "/$JO"+url.PathEscape(row.key), ""))
			if body, err := w.store.GetObject(t.Context(), siteBucket, w.places["jo"]+row.key); err == nil {
				t.Errorf("expected the object to be deleted, got %q", body)
			}
		})
	}
}

// testDotSegments: some stores resolve them, some do not, so they are the way round
// a policy for a prefix.
func testDotSegments(t *testing.T, w *storeWorld) {
	before := w.contents()
	for name, target := range map[string]string{
		"two dots":                               "/docs/../index.html",
		"one dot":                                "/docs/./ten.txt",
		"a dot at the start":                     "/./docs/ten.txt",
		"two dots at the start":                  "/../" + siteBucket + "/docs/ten.txt",
		"two dots out of the bucket":             "/../other-bucket/x",
		"two dots at the end":                    "/docs/..",
		"one dot at the end":                     "/docs/.",
		"two dots and a slash at the end":        "/docs/../",
		"only two dots":                          "/..",
		"only one dot":                           "/.",
		"encoded dots":                           "/docs/%2e%2e/index.html",
		"encoded dots in upper case":             "/docs/%2E%2E/index.html",
		"a half encoded pair":                    "/docs/.%2e/index.html",
		"the other half encoded":                 "/docs/%2e./index.html",
		"an encoded single dot":                  "/docs/%2e/ten.txt",
		"dots before an encoded slash":           "/docs/..%2findex.html",
		"dots behind an encoded slash":           "/docs%2f../index.html",
		"dots between encoded slashes":           "/docs%2F..%2Findex.html",
		"all of it encoded":                      "/docs%2F%2E%2E%2Findex.html",
		"dots behind a double slash":             "/docs//..//index.html",
		"another user's place":                   "/$JO../../$MO" + "note.txt",
		"another user's place, encoded":          "/$JO%2e%2e%2F%2e%2e%2F$MO" + "note.txt",
		"back into the own place":                "/$MO../../$JO" + "note.txt",
		"dots behind an object":                  "/index.html/../docs/ten.txt",
		"the absolute form with dots":            "http://edge/docs/../index.html",
		"dots and an empty query":                "/docs/../index.html?",
		"dots and a fragment that is no such":    "/docs/..%23/../index.html",
		"dots with a NUL behind":                 "/docs/..%00/../index.html",
		"a NUL":                                  "/docs/ten.txt%00.html",
		"an escape that is none":                 "/docs/%zz",
		"an escape that is cut short":            "/docs/%2",
		"two dots in a deep path":                "/a/b/c/d/../../../../docs/ten.txt",
		"dots in a path that starts with //":     "//../docs/ten.txt",
		"dots before a path parameter's segment": "/docs/..;/../index.html",
	} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
			t.Run(method+" "+name, func(t *testing.T) {
				w := w.row(t)
				w.tap.forget()
				body := ""
				if method == "PUT" {
					body = "written"
				}
				got := w.send(method, target, body)
				w.wantStatus(400, got)
				w.wantNoWord(got)
				w.tap.none(t)
			})
		}
	}
	w.wantContents(before)
}
