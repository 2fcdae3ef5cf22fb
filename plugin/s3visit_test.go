package plugin

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// bucket is a store with one bucket in path style, that shows everything to
// everybody who signs.
type bucket struct {
	url string

	mu      sync.Mutex // guards all below
	objects map[string]string
	fails   int // status of everything; 0: none
	asked   []string
}

func newBucket(t testing.TB, objects map[string]string) *bucket {
	t.Helper()
	b := &bucket{objects: objects}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, r.Method+" "+r.URL.RequestURI())
	key, inside := strings.CutPrefix(r.URL.Path, "/site/")
	body, found := b.objects[key]
	switch {
	case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=ASIA") || !inside:
		w.WriteHeader(http.StatusForbidden)
	case b.fails != 0:
		w.Header().Set("Content-Range", "bytes */5")
		w.WriteHeader(b.fails)
		_, _ = io.WriteString(w, "<Error><Code>Anything</Code><Resource>/site</Resource></Error>")
	case r.Method == http.MethodPut:
		uploaded, _ := io.ReadAll(r.Body)
		b.objects[key] = string(uploaded)
	case r.Method == http.MethodDelete:
		delete(b.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case strings.HasPrefix(body, "denied"):
		w.WriteHeader(http.StatusForbidden)
	case !found:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
	default:
		w.Header().Set("Etag", `"`+fmt.Sprint(len(body))+`"`)
		http.ServeContent(w, r, key, time.Time{}, strings.NewReader(body))
	}
}

// take returns what was asked for and forgets it.
func (b *bucket) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked := b.asked
	b.asked = nil
	return asked
}

// newSite is a handler for the bucket. Config is more of its JSON.
func newSite(t testing.TB, ctx caddy.Context, b *bucket, config string) *S3 {
	t.Helper()
	return load[*S3](t, ctx, "http.handlers.cognito_s3", fmt.Sprintf(`{"bucket":"site","credentials":"media","endpoint":%q%s}`, b.url, config))
}

// asked is an answer of a handler.
type asked struct {
	status int
	header http.Header
	body   string
}

// ask serves a request, and answers for errors as Caddy does.
func ask(t testing.TB, h caddyhttp.MiddlewareHandler, r *http.Request) asked {
	t.Helper()
	w := httptest.NewRecorder()
	err := h.ServeHTTP(w, r, new(upstream))
	if err == nil {
		return asked{w.Code, w.Result().Header, w.Body.String()}
	}
	handlerErr, ok := err.(caddyhttp.HandlerError)
	if !ok {
		t.Fatalf("expected a HandlerError, got %T: %v", err, err)
	}
	return asked{handlerErr.StatusCode, w.Header(), w.Body.String()}
}

func TestVisitsOfABucket(t *testing.T) {
	objects := func() map[string]string {
		return map[string]string{
			"index.html": "home", "docs/index.html": "docs", "docs/default.htm": "default", "a b+c.txt": "strange", "big": strings.Repeat("a", 100),
			"error.html": "sorry", "secret": "denied", "u/" + identityID + "/a": "own", testSub + "/a": "of the subject", "x;y%z": "odd",
		}
	}
	rows := []struct {
		name, config, method, target string
		lines                        map[string]string
		status                       int
		body                         string
		asks                         int // at most, of the store
	}{
		{"an index document", ``, "GET", "/", nil, 200, "home", 1},
		{"one of a directory", ``, "GET", "/docs/", nil, 200, "docs", 1},
		{"the second name of index documents", `,"index":["none.html","default.htm"]`, "GET", "/docs/", nil, 200, "default", 2},
		{"no index documents", `,"index_none":true`, "GET", "/docs/", nil, 404, "", 1},
		{"no index document of a bucket, whose own answer is a list", `,"index_none":true`, "GET", "/", nil, 404, "", 0},
		{"an object", ``, "GET", "/a%20b+c.txt", nil, 200, "strange", 1},
		{"an odd key", ``, "GET", "/x%3By%25z", nil, 200, "odd", 1},
		{"HEAD", ``, "HEAD", "/a%20b+c.txt", nil, 200, "", 1},
		{"a part", ``, "GET", "/index.html", map[string]string{"Range": "bytes=0-1"}, 206, "ho", 1},
		{"a part of the version that the client has", ``, "GET", "/index.html", map[string]string{"Range": "bytes=0-1", "If-Range": `"4"`}, 206, "ho", 1},
		{"a part of a version that is gone", ``, "GET", "/index.html", map[string]string{"Range": "bytes=0-1", "If-Range": `"5"`}, 200, "home", 2},
		{"what the client has", ``, "GET", "/index.html", map[string]string{"If-None-Match": `W/"4"`}, 304, "", 1},
		{"what the client does not have", ``, "GET", "/index.html", map[string]string{"If-Match": `"5"`}, 412, "", 1},
		{"a directory without its slash", ``, "GET", "/docs?a=b", nil, 302, "", 2},
		{"nothing", ``, "GET", "/none", nil, 404, "", 2},
		{"nothing in a directory", ``, "GET", "/none/", nil, 404, "", 1},
		{"an object that is not for this user", ``, "GET", "/secret", nil, 404, "", 2},
		{"one that is not for this user, and may be known", `,"show_denied":true`, "GET", "/secret", nil, 403, "", 2},
		{"an error document", `,"error_document":"error.html"`, "GET", "/none", nil, 404, "sorry", 3},
		{"an error document at the root", `,"prefix":"docs/","error_document":"/error.html"`, "GET", "/none", nil, 404, "sorry", 3},
		{"an error document that is not there", `,"error_document":"none.html"`, "GET", "/none", nil, 404, "", 3},
		{"an error document that needs what is not there", `,"error_document":"{http.request.header.None}.html"`, "GET", "/none", nil, 404, "", 2},
		{"a page for all pages", `,"fallback":"index.html"`, "GET", "/app/page", nil, 200, "home", 3},
		{"a page for all pages, but not for scripts", `,"fallback":"index.html"`, "GET", "/app.js", map[string]string{"Sec-Fetch-Dest": "script"}, 404, "", 2},
		{"a page for all pages, whole", `,"fallback":"index.html"`, "GET", "/app/page", map[string]string{"Range": "bytes=0-1"}, 200, "home", 3},
		{"a prefix", `,"prefix":"docs/"`, "GET", "/index.html", nil, 200, "docs", 1},
		{"a prefix of the identity", `,"prefix":"u/{http.cognito.identity_id}/"`, "GET", "/a", nil, 200, "own", 1},
		{"a prefix of the subject", `,"prefix":"{http.auth.user.sub}/"`, "GET", "/a", nil, 200, "of the subject", 1},
		{"an upload", `,"methods":["PUT"]`, "PUT", "/new", nil, 200, "", 1},
		{"an empty upload", `,"methods":["PUT"]`, "PUT", "/empty", nil, 200, "", 1},
		{"a deletion", `,"methods":["DELETE"]`, "DELETE", "/secret", nil, 204, "", 1},
		{"a large object is redirected", `,"redirect_over":50`, "GET", "/big", nil, 302, "Found\n", 1},
		{"a small one is not", `,"redirect_over":500`, "GET", "/big", nil, 200, strings.Repeat("a", 100), 2},
		{"HEAD of a large object is not", `,"redirect_over":50`, "HEAD", "/big", nil, 200, "", 1},
		{"what nobody knows in a query is left out", ``, "GET", "/?utm_source=a", nil, 200, "home", 1},

		{"a prefix of a claim that the user lacks", `,"prefix":"{http.auth.user.none}/"`, "GET", "/a", nil, 403, "", 0},
		{"a prefix of a claim with a slash", `,"prefix":"{http.auth.user.custom:slash}/"`, "GET", "/a", nil, 403, "", 0},
		{"a prefix of a claim of dots", `,"prefix":"{http.auth.user.custom:dots}/"`, "GET", "/a", nil, 403, "", 0},
		{"a prefix that nobody knows", `,"prefix":"{http.nothing}/"`, "GET", "/a", nil, 403, "", 0},
		{"another method", ``, "PUT", "/new", nil, 405, "", 0},
		{"POST", `,"methods":["PUT"]`, "POST", "/new", nil, 405, "", 0},
		{"an ACL", ``, "GET", "/?acl", nil, 400, "", 0},
		{"a copy", `,"methods":["PUT"]`, "PUT", "/new", map[string]string{"X-Amz-Copy-Source": "/site/secret"}, 400, "", 0},
		{"what nobody knows in the query of an upload", `,"methods":["PUT"]`, "PUT", "/new?utm_source=a", nil, 400, "", 0},
		{"dot segments", ``, "GET", "/docs/../secret", nil, 400, "", 0},
		{"dot segments, encoded", ``, "GET", "/docs/%2e%2e/secret", nil, 400, "", 0},
		{"dot segments behind an encoded slash", ``, "GET", "/docs%2f..%2fsecret", nil, 400, "", 0},
		{"dot segments of an upload", `,"methods":["PUT"]`, "PUT", "/docs/../secret", nil, 400, "", 0},
		{"a NUL", ``, "GET", "/docs%00", nil, 400, "", 0},
		{"an upload of a directory", `,"methods":["PUT"]`, "PUT", "/docs/", nil, 400, "", 0},
		{"an upload of the bucket", `,"methods":["PUT"]`, "PUT", "/", nil, 400, "", 0},
		{"an upload that is too large", `,"methods":["PUT"],"max_upload":4`, "PUT", "/new", nil, 413, "", 0},
	}
	c := newCloud(t)
	ctx := c.context(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			b := newBucket(t, objects())
			site := newSite(t, ctx, b, row.config)
			r := served(row.method, row.target)
			if row.method == "PUT" {
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader("hello")), 5
				if row.name == "an empty upload" {
					r.Body, r.ContentLength = http.NoBody, 0
				}
			}
			for name, value := range row.lines {
				r.Header.Set(name, value)
			}
			r = signedIn(t, ctx, r, `"pool":["main"]`, func(c map[string]any) { c["custom:slash"], c["custom:dots"] = "a/b", ".." })
			got := ask(t, site, r)
			if got.status != row.status || got.body != row.body {
				t.Errorf("expected %d %q, got %d %q", row.status, row.body, got.status, got.body)
			}
			if asks := b.take(); len(asks) > row.asks {
				t.Errorf("expected the store to be asked %d times at most, got %q", row.asks, asks)
			}
			checkVisit(t, row.name, got, b)
		})
	}
}

// checkVisit looks at what is particular to a row, and at what holds for all.
func checkVisit(t *testing.T, name string, got asked, b *bucket) {
	t.Helper()
	cacheControl, location := got.header.Get("Cache-Control"), got.header.Get("Location")
	if got.status != http.StatusNotModified && !strings.Contains(cacheControl, "private") && !strings.Contains(cacheControl, "no-store") {
		t.Errorf("expected no shared cache to keep it, got %q", cacheControl)
	}
	switch name {
	case "a directory without its slash":
		if location != "./docs/?a=b" {
			t.Errorf("expected a relative redirect, got %q", location)
		}
	case "a large object is redirected":
		if !strings.HasPrefix(location, b.url+"/site/big?") || !strings.Contains(location, "X-Amz-Signature=") || cacheControl != "no-store" {
			t.Errorf("expected a presigned URL, got %q", location)
		}
	case "an upload":
		if b.objects["new"] != "hello" {
			t.Errorf("expected the upload, got %q", b.objects["new"])
		}
	case "another method", "POST":
		if got.header.Get("Allow") == "" {
			t.Error("expected to be told which methods are allowed")
		}
	}
}

// TestUploadsNeedALength.
func TestUploadsNeedALength(t *testing.T) {
	ctx := newCloud(t).context(t)
	b := newBucket(t, map[string]string{})
	r := served("PUT", "/new")
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader("hello")), -1
	got := ask(t, newSite(t, ctx, b, `,"methods":["PUT"]`), signedIn(t, ctx, r, `"pool":["main"]`, nil))
	if got.status != 411 || got.header.Get("Connection") != "close" || len(b.take()) > 0 {
		t.Errorf("expected 411 and the end of the connection, got %+v", got)
	}
}

// TestFailuresOfTheStoreAreItsOwn: its words do not reach browsers.
func TestFailuresOfTheStoreAreItsOwn(t *testing.T) {
	ctx := newCloud(t).context(t)
	for store, want := range map[int]int{
		400: 400, 409: 409, 411: 411, 412: 412, 413: 413, 416: 416, 429: 503, 503: 503, 500: 502, 501: 502, 301: 502, 307: 502, 401: 502, 402: 502, 202: 502,
	} {
		for _, method := range []string{"GET", "PUT"} {
			b := newBucket(t, map[string]string{})
			b.fails = store
			r := served(method, "/a")
			if method == "PUT" {
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader("hello")), 5
			}
			got := ask(t, newSite(t, ctx, b, `,"methods":["GET","PUT"]`), signedIn(t, ctx, r, `"pool":["main"]`, nil))
			if got.status != want || got.body != "" || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s, %d of the store: expected %d, got %+v", method, store, want, got)
			}
			if (got.header.Get("Retry-After") != "") != (want == 503) || (got.header.Get("Content-Range") != "") != (want == 416) {
				t.Errorf("%s, %d of the store: unexpected headers %v", method, store, got.header)
			}
		}
	}
}

func TestVisitsWithoutCredentials(t *testing.T) {
	c := newCloud(t)
	ctx := c.context(t)
	site := newSite(t, ctx, newBucket(t, map[string]string{"index.html": "home"}), "")
	if got := ask(t, site, served("GET", "/")); got.status != 500 {
		t.Errorf("expected a configuration that cannot work to be told, got %d", got.status)
	}
	c.failing(400)
	if got := ask(t, site, signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, nil)); got.status != 403 || got.body != "" {
		t.Errorf("expected a denial, got %+v", got)
	}
	c.failing(503)
	got := ask(t, site, signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, set("sub", "5f0c2f6e-7c1d-4b5a-9d7e-000000000002")))
	if got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("expected an outage, got %+v", got)
	}
}

// TestARefusalOnTheWayIsNoAnswerOfTheStore: the store rejects everything, so that
// the transport answers in its place.
func TestARefusalOnTheWayIsNoAnswerOfTheStore(t *testing.T) {
	ctx := newCloud(t).context(t)
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>InvalidAccessKeyId</Code></Error>")
	}))
	defer store.Close()
	site := newSite(t, ctx, &bucket{url: store.URL}, `,"error_document":"error.html"`)
	r := signedIn(t, ctx, served("GET", "/a"), `"pool":["main"]`, nil)
	if got := ask(t, site, r); got.status != 502 || got.body != "" {
		t.Errorf("expected 502, got %+v", got)
	}
	if reason, _ := placeholderOf(r, "http.cognito.reason"); reason != "misconfigured" {
		t.Errorf("expected the reason, got %q", reason)
	}
}

func TestBucketsHaveURLs(t *testing.T) {
	ctx := newCloud(t).context(t)
	for _, row := range []struct{ name, config, url, dial string }{
		{"at AWS", `"bucket":"site"`, "https://site.s3.eu-west-1.amazonaws.com", "site.s3.eu-west-1.amazonaws.com:443"},
		{"in another region", `"bucket":"site","region":"eu-south-1"`, "https://site.s3.eu-south-1.amazonaws.com", "site.s3.eu-south-1.amazonaws.com:443"},
		{"in another partition", `"bucket":"site","region":"cn-north-1"`, "https://site.s3.cn-north-1.amazonaws.com.cn", "site.s3.cn-north-1.amazonaws.com.cn:443"},
		{"with dots, which no certificate covers", `"bucket":"www.example.com"`, "https://s3.eu-west-1.amazonaws.com/www.example.com", "s3.eu-west-1.amazonaws.com:443"},
		{"in path style", `"bucket":"site","addressing":"path"`, "https://s3.eu-west-1.amazonaws.com/site", "s3.eu-west-1.amazonaws.com:443"},
		{"at a store", `"bucket":"site","endpoint":"http://127.0.0.1:9000/"`, "http://127.0.0.1:9000/site", "127.0.0.1:9000"},
		{"at a store below a path", `"bucket":"site","endpoint":"http://127.0.0.1/s3"`, "http://127.0.0.1/s3/site", "127.0.0.1:80"},
		{"at a store that finds buckets by host", `"bucket":"site","endpoint":"https://store.example:9000","addressing":"virtual_host"`, "https://site.store.example:9000", "site.store.example:9000"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := load[*S3](t, ctx, "http.handlers.cognito_s3", `{"credentials":"media",`+row.config+`}`)
			if got := s.base.String(); got != row.url || dialAddress(s.base) != row.dial {
				t.Errorf("expected %s at %s, got %s at %s", row.url, row.dial, got, dialAddress(s.base))
			}
		})
	}
}

func TestBucketsRefuse(t *testing.T) {
	ctx := newCloud(t).context(t)
	for _, row := range []struct{ name, config, want string }{
		{"no bucket", `{"credentials":"media"}`, "bucket"},
		{"an unset variable", `{"bucket":"{env.COGNITO_TEST_UNSET}","credentials":"media"}`, "bucket"},
		{"no credentials", `{"bucket":"site"}`, "credentials"},
		{"credentials that nobody configured", `{"bucket":"site","credentials":"nobody"}`, "nobody"},
		{"a place by identities that the exchange does not know", `{"bucket":"site","credentials":"sts","prefix":"{http.cognito.identity_id}/"}`, "prefix"},
		{"options of a transport that are none", `{"bucket":"site","credentials":"media","transport":[]}`, "transport"},
		{"options of a transport that it does not know", `{"bucket":"site","credentials":"media","transport":{"none":1}}`, `transport: expected options of Caddy's HTTP transport alone: `},
		{"another service", `{"bucket":"site","credentials":"media","transport":{"service":"dynamodb"}}`, `unknown field "service"`},
	} {
		if _, err := ctx.LoadModuleByID("http.handlers.cognito_s3", json.RawMessage(row.config)); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: expected an error with %q, got %v", row.name, row.want, err)
		}
	}
}

func TestBucketsTakeOptionsOfTheTransport(t *testing.T) {
	var s S3
	if err := s.UnmarshalCaddyfile(caddyfile.NewTestDispenser("cognito_s3 site {\ncredentials media\ntransport {\ndial_timeout 2s\n}\n}")); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(s.Transport), `"dial_timeout":2000000000`) {
		t.Errorf("expected the option, got %s", s.Transport)
	}
	if err := new(S3).UnmarshalCaddyfile(caddyfile.NewTestDispenser("cognito_s3 site {\ncredentials media\ntransport {\nnonsense\n}\n}")); err == nil {
		t.Error("expected an unknown option to be refused")
	}
}
