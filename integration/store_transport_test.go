package integration_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// signedProxy is a proxy to an address that signs, with more lines for the transport.
func signedProxy(to string, lines ...string) string {
	return idOnly + "reverse_proxy " + to + " {\ntransport cognito_aws {\ncredentials media\n" + strings.Join(lines, "\n") + "\n}\n}\n"
}

// TestAProxyThatSignsForAStore has the operator name the bucket in a rewrite.
func TestAProxyThatSignsForAStore(t *testing.T) {
	w := newStoreWorld(t)
	w.run(setup{site: "rewrite * /" + siteBucket + "{uri}\n" + signedProxy("$STORE")})
	before := w.contents()
	for _, row := range []struct {
		name, method, target, body string
		lines                      []string
		status                     int
	}{
		{"an object", "GET", "/app.js", "", nil, 200},
		{"a range of it", "GET", "/app.js", "", []string{"Range: bytes=0-6"}, 206},
		{"a strange key", "GET", "/docs/a%20b+c.txt", "", nil, 200},
		{"what jo may not see", "GET", "/private/plan.html", "", nil, 403},
		{"a copy of what others may not see", "PUT", "/$JO" + "x", "", []string{"X-Amz-Copy-Source: /" + siteBucket + "/$MO" + "note.txt"}, 400},
		{"an open object", "PUT", "/$JO" + "x", "x", []string{"X-Amz-Acl: public-read"}, 400},
		{"the client's own signature", "GET", "/app.js?X-Amz-Signature=x", "", nil, 400},
		{"a sub-resource", "GET", "/app.js?acl", "", nil, 400},
		{"a query that nobody knows", "GET", "/app.js?v=1", "", nil, 400},
		{"many objects at once", "POST", "/?delete", "<Delete/>", nil, 400},
		{"chunks without a length", "PUT", "/$JO" + "x", "0\r\n\r\n", []string{"Transfer-Encoding: chunked"}, 411},
		{"a chunked encoding of Amazon's", "PUT", "/$JO" + "x", "x", []string{"Content-Encoding: aws-chunked"}, 400},
		{"dots", "GET", "/docs/../app.js", "", nil, 400},
		{"encoded dots", "GET", "/docs/%2e%2e/app.js", "", nil, 400},
		{"a session token", "GET", "/app.js", "", []string{"X-Amz-Security-Token: x"}, 400},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			for i := range row.lines {
				row.lines[i] = w.expand(row.lines[i])
			}
			got := w.send(row.method, row.target, row.body, row.lines...)
			w.wantStatus(row.status, got)
			w.wantContents(before)
			if strings.Contains(got.body, "AWS4-HMAC-SHA256") {
				t.Errorf("expected no signature in the answer, got %.300q", got.body)
			}
		})
	}
	w.wantStatus(200, w.send("PUT", "/$JO"+"x", "signed"))
	if got := w.contents()[w.places["jo"]+"x"]; got != "signed" {
		t.Errorf("expected the upload, got %q", got)
	}
}

// TestBucketsThatAreHosts: the store finds the bucket in the name of the host, which
// a forward proxy resolves here.
func TestBucketsThatAreHosts(t *testing.T) {
	w := newStoreWorld(t)
	store, err := url.Parse(w.store.URL())
	check(t, err)
	forward := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Host, r.Out.Host = store.Host, r.In.Host
		if !strings.HasPrefix(r.In.Host, siteBucket+"."+storeDomain) {
			t.Errorf("expected the bucket in the host, got %s", r.In.Host)
		}
	}})
	defer forward.Close()
	site := strings.ReplaceAll(bucketSite("addressing virtual_host", "insecure_http", "methods GET HEAD PUT", "transport {\nnetwork_proxy url "+forward.URL+"\n}"),
		"$STORE", "http://"+storeDomain+":"+store.Port())
	w.pages(t, site, []pageRow{
		{name: "an object", target: "/app.js", status: 200, body: "console.log(1)"},
		{name: "the start page", target: "/", status: 200, body: "<h1>Home</h1>"},
		{name: "a directory without its slash", target: "/docs", status: 302, want: []string{"Location: ./docs/"}},
		{name: "a strange key", target: "/docs/a%20b+c.txt", status: 200, body: "strange"},
		{name: "another bucket in the client's Host", target: "/app.js", status: 200, body: "console.log(1)", lines: []string{"X-Forwarded-Host: other." + storeDomain}},
		{name: "a bucket in the path, which is a key", target: "/" + siteBucket + "/app.js", status: 404},
		{name: "a missing object", target: "/nothing", status: 404},
	})
	w.wantStatus(200, w.send("PUT", "/$JO"+"x", "by host"))
	if got := w.contents()[w.places["jo"]+"x"]; got != "by host" {
		t.Errorf("expected the upload, got %q", got)
	}
	w.wantStatus(http.StatusBadRequest, w.send("GET", "/docs/../app.js", ""))
}
