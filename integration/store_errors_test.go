package integration_test

import (
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/internal/s3root"
)

func TestPagesForWhatIsMissing(t *testing.T) {
	w := newStoreWorld(t)
	w.put("docs/error.html", "<h1>No docs</h1>", s3root.ObjectOptions{ContentType: "text/html", CacheControl: "public, max-age=3600"})
	document, script := "Sec-Fetch-Dest: document", "Sec-Fetch-Dest: script"
	t.Run("an error document", func(t *testing.T) {
		w.row(t).pages(t, bucketSite("error_document error.html"), []pageRow{
			{name: "an object", target: "/app.js", status: 200, body: "console.log(1)"},
			{name: "a missing object has the page and its own status", target: "/nothing", status: 404, body: "<h1>Sorry</h1>", want: []string{"Content-Type: text/html"}},
			{name: "so has a missing directory", target: "/nothing/", status: 404, body: "<h1>Sorry</h1>"},
			{name: "so has what jo may not see", target: "/private/plan.html", status: 404, body: "<h1>Sorry</h1>"},
			{name: "the page itself", target: "/error.html", status: 200, body: "<h1>Sorry</h1>"},
			{name: "a range is not one of the page", target: "/nothing", status: 404, body: "<h1>Sorry</h1>", lines: []string{"Range: bytes=0-3"}},
			{name: "conditions are not about the page", target: "/nothing", status: 404, body: "<h1>Sorry</h1>", lines: []string{"If-None-Match: *", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"}},
			{name: "a tag is not of the page", target: "/nothing", status: 404, body: "<h1>Sorry</h1>", lines: []string{`If-Match: "a"`}},
			{name: "a method has no page", method: "PUT", target: "/nothing", status: 405, body: "*"},
			{name: "a refused request has no page", target: "/nothing?acl", status: 400, body: "*"},
		})
	})
	t.Run("an error document elsewhere", func(t *testing.T) {
		w.row(t).pages(t, bucketSite("prefix docs/", "error_document /error.html"), []pageRow{
			{name: "the page is not below the prefix", target: "/nothing", status: 404, body: "<h1>Sorry</h1>"},
		})
		w.row(t).pages(t, bucketSite("prefix docs/", "error_document error.html"), []pageRow{
			{name: "the page is below the prefix", target: "/nothing", status: 404, body: "<h1>No docs</h1>"},
		})
		w.row(t).pages(t, bucketSite("error_document docs/{http.request.host}.html"), []pageRow{
			{name: "the page is missing, too", target: "/nothing", status: 404},
		})
		w.row(t).pages(t, bucketSite("error_document docs/{http.auth.user.custom:none}error.html"), []pageRow{
			{name: "the page's placeholder is empty", target: "/nothing", status: 404},
		})
		w.row(t).pages(t, bucketSite("error_document /private/plan.html"), []pageRow{
			{name: "the page may not be seen", target: "/nothing", status: 404},
		})
	})
	t.Run("denied reads shown", func(t *testing.T) {
		w.row(t).pages(t, bucketSite("show_denied", "error_document error.html"), []pageRow{
			{name: "what jo may not see is 403 with the page", target: "/private/plan.html", status: 403, body: "<h1>Sorry</h1>"},
			{name: "what is missing stays 404", target: "/docs/nothing", status: 404, body: "<h1>Sorry</h1>"},
		})
		w.row(t).pages(t, bucketSite("show_denied"), []pageRow{
			{name: "what jo may not see is 403", target: "/private/plan.html", status: 403, want: []string{"Cache-Control: no-store"}},
			{name: "a directory that jo may not see is 403", target: "/private/", status: 403},
		})
	})
	t.Run("a single page", func(t *testing.T) {
		w.row(t).pages(t, bucketSite("fallback index.html"), []pageRow{
			{name: "an object", target: "/app.js", status: 200, body: "console.log(1)"},
			{name: "any path is the page, with status 200", target: "/customers/7", status: 200, body: "<h1>Home</h1>", want: []string{"Content-Type: text/html", "Cache-Control: no-store", "Etag", "Last-Modified"}},
			{name: "so is one that ends in a slash", target: "/customers/", status: 200, body: "<h1>Home</h1>"},
			{name: "so is what jo may not see", target: "/private/plan.html", status: 200, body: "<h1>Home</h1>"},
			{name: "a browser that opens a page gets it", target: "/customers/7", status: 200, body: "<h1>Home</h1>", lines: []string{document}},
			{name: "a missing script is missing", target: "/chunk-1.js", status: 404, lines: []string{script}},
			{name: "so is a style", target: "/chunk-1.css", status: 404, lines: []string{"Sec-Fetch-Dest: style"}},
			{name: "so is an image", target: "/a.png", status: 404, lines: []string{"Sec-Fetch-Dest: image"}},
			{name: "so is a worker", target: "/w.js", status: 404, lines: []string{"Sec-Fetch-Dest: serviceworker"}},
			{name: "so is a font", target: "/f.woff2", status: 404, lines: []string{"Sec-Fetch-Dest: font"}},
			{name: "a directory with an index still leads there", target: "/docs", status: 302},
			{name: "conditions are not about the page", target: "/customers/7", status: 200, body: "<h1>Home</h1>", lines: []string{"If-None-Match: *"}},
			{name: "dots are refused all the same", target: "/a/../b", status: 400, body: "*"},
		})
		w.row(t).pages(t, bucketSite("fallback missing.html"), []pageRow{
			{name: "the page is missing, too", target: "/customers/7", status: 404},
		})
	})
}

// TestErrorRoutes: Caddy's own error routes shape what the store and the edge
// refuse, and get no word of the store.
func TestErrorRoutes(t *testing.T) {
	w := newStoreWorld(t)
	routes := `handle_errors {
		header X-Shaped yes
		respond "sorry: {http.error.status_code} {http.error.message} {http.cognito.reason}" {http.error.status_code}
	}`
	site := bucketSite("methods GET HEAD PUT DELETE", "max_upload 10", "prefix {http.auth.user.custom:none}u") + routes
	open := bucketSite("methods GET HEAD PUT DELETE", "max_upload 10") + routes
	w.run(setup{site: open})
	for _, row := range []struct {
		name, method, target, body string
		lines                      []string
		status                     int
		reason                     string
	}{
		{"a missing object", "GET", "/nothing", "", nil, 404, ""},
		{"a denied read", "GET", "/private/plan.html", "", nil, 404, ""},
		{"a denied upload", "PUT", "/index.html", "x", nil, 403, ""},
		{"a denied DELETE", "DELETE", "/index.html", "", nil, 403, ""},
		{"a range that cannot be satisfied", "GET", "/app.js", "", []string{"Range: bytes=1000-"}, 416, ""},
		{"a failed condition", "GET", "/app.js", "", []string{`If-Match: "a"`}, 412, ""},
		{"a wrong checksum", "PUT", "/$JO" + "x", "x", []string{"Content-MD5: XUFAKrxLKna5cZ2REBfFkg=="}, 400, ""},
		{"a refused header", "PUT", "/$JO" + "x", "x", []string{"X-Amz-Acl: private"}, 400, "store_request"},
		{"a refused query", "GET", "/app.js?acl", "", nil, 400, "store_request"},
		{"a refused method", "POST", "/app.js", "", nil, 405, "method"},
		{"a refused path", "GET", "/a/../b", "", nil, 400, "path"},
		{"an upload without a length", "PUT", "/$JO" + "x", "0\r\n\r\n", []string{"Transfer-Encoding: chunked"}, 411, "length_required"},
		{"an upload that is too large", "PUT", "/$JO" + "x", "12345678901", nil, 413, "too_large"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			got := w.send(row.method, row.target, row.body, row.lines...)
			w.wantStatus(row.status, got)
			w.wantNoWord(got)
			w.wantLines(got, "X-Shaped: yes", "Cache-Control: no-store")
			if !strings.HasPrefix(got.body, "sorry: ") || row.reason != "" && !strings.HasSuffix(got.body, " "+row.reason) {
				t.Errorf("expected the error route to speak, with reason %q, got %q", row.reason, got.body)
			}
		})
	}
	w.run(setup{site: site})
	t.Run("a user without a place", func(t *testing.T) {
		w := w.row(t)
		got := w.send("GET", "/app.js", "")
		w.wantStatus(403, got)
		w.wantLines(got, "X-Shaped: yes")
		if !strings.HasSuffix(got.body, " no_prefix") {
			t.Errorf("expected the reason no_prefix, got %q", got.body)
		}
	})
	t.Run("no token", func(t *testing.T) {
		w := w.row(t)
		got := w.get("/app.js")
		w.wantStatus(401, got)
		w.wantLines(got, "X-Shaped: yes", `Www-Authenticate: Bearer realm="cognito"`)
	})
	t.Run("an exchange that is down", func(t *testing.T) {
		w := w.row(t)
		w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.FaultStatus(500))
		defer w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.Fault{})
		got := w.as("mo", "GET", "/app.js", "")
		w.wantUnavailable(got)
		w.wantLines(got, "X-Shaped: yes")
	})
}
