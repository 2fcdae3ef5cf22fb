package plugin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// wire is a store that answers as told and keeps the requests as they came.
type wire struct {
	*bucket
	saw    []*http.Request
	answer func(http.ResponseWriter)
}

func newWire(t testing.TB) *wire {
	t.Helper()
	w := &wire{answer: func(w http.ResponseWriter) { _, _ = io.WriteString(w, "object") }}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.saw = append(w.saw, r)
		w.answer(rw)
	}))
	t.Cleanup(server.Close)
	w.bucket = &bucket{url: server.URL}
	return w
}

// asUser asks the handler as one user, whose token was verified once for all.
func asUser(t testing.TB, site *S3, r *http.Request) func(t *testing.T, method string, to *url.URL) asked {
	return func(t *testing.T, method string, to *url.URL) asked {
		t.Helper()
		visit := r.Clone(r.Context())
		visit.Method, visit.URL, visit.RequestURI = method, to, to.RequestURI()
		visit.Header = make(http.Header)
		if method == http.MethodPut {
			visit.Body, visit.ContentLength = io.NopCloser(strings.NewReader("hello")), 5
		}
		return ask(t, site, visit)
	}
}

// targets are paths as clients send them.
var targets = []string{
	"/", "/index.html", "/docs/", "/docs/a%20b+c.txt", "/%61%2Fb%2fc", "/(a)!*'@$,;=:&~", "/%C3%A9/é", "/a//b", "//a", "/a%2f%2fb", "/100%25", "/%252e%252e/x", "/....//...",
	"/../secret", "/docs/../../other/secret", "/%2e%2e/secret", "/.%2E/secret", "/a%2F..%2F..%2Fsecret", "/a/..", "/.", "/./a", "/%00", "/a%00/../b", "/a%5c..%5cb", `/a\..\b`,
	"/a;b/..;/c", "/{http.request.host}", "/{env.HOME}/a", "/%7Bhttp.auth.user.email%7D", "/a?b=c", "/a%3Fb", "/a#b", "/a%23b", "/\ufeff", "/\u202e", "/%ff", "/%zz", "http://other/a", "*", "",
	"/site/secret", "/%2Fsite/secret", "/%0d%0aX: y", "/a%20", "/a.", "/A/B",
}

// FuzzStorePath sends a path through the handler and looks at the wire: what was
// sent is what was signed, and the store reads the user's prefix with the path
// decoded once behind it, or the request went nowhere.
func FuzzStorePath(f *testing.F) {
	for _, target := range targets {
		f.Add(target)
	}
	f.Fuzz(newPathJudge(f, newWire(f)))
}

func TestStorePathsOfAnyShape(t *testing.T) {
	store := newWire(t)
	judge, sent := newPathJudge(t, store), 0
	for target := range mutants(targets, 2000) {
		judge(t, target)
		sent += len(store.saw)
	}
	if sent < 500 {
		t.Errorf("expected more requests to look at, got %d", sent)
	}
}

func newPathJudge(t testing.TB, store *wire) func(t *testing.T, target string) {
	t.Helper()
	ctx := newCloud(t).context(t)
	site := newSite(t, ctx, store.bucket, `,"prefix":"u/{http.auth.user.sub}/","methods":["GET","HEAD","PUT","DELETE"]`)
	visit := asUser(t, site, signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, nil))
	prefix := "u/" + testSub + "/"
	return func(t *testing.T, target string) {
		to, err := url.ParseRequestURI(target) // as net/http does before anybody sees the request
		if err != nil {
			return
		}
		raw, _, _ := strings.Cut(to.EscapedPath(), "?")
		path, err := url.PathUnescape(strings.TrimPrefix(raw, "/"))
		segments := strings.Split(path, "/")
		refused := err != nil || slices.Contains(segments, ".") || slices.Contains(segments, "..") || strings.Contains(path, "\x00")
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			store.saw = nil
			got := visit(t, method, to)
			if refused && (len(store.saw) > 0 || got.status < 400) {
				t.Fatalf("%s %q went to the store and got %d", method, target, got.status)
			}
			for _, sent := range store.saw {
				expectSigned(t, sent)
				expectKey(t, sent, prefix, path)
			}
		}
	}
}

// expectKey decodes the path once, as stores do.
func expectKey(t *testing.T, sent *http.Request, prefix, path string) {
	t.Helper()
	raw, _, _ := strings.Cut(sent.RequestURI, "?")
	key, err := url.PathUnescape(raw)
	if err != nil {
		t.Fatalf("sent %q: %v", raw, err)
	}
	key, inside := strings.CutPrefix(key, "/site/")
	rest, own := strings.CutPrefix(key, prefix)
	switch {
	case !inside || !own:
		t.Fatalf("the store reads %q, which is not below %s", key, prefix)
	case rest == path:
	case sent.Method != http.MethodGet || rest != path+"index.html" && rest != path+"/index.html":
		t.Fatalf("expected the key %q, the store reads %q", path, rest)
	}
}

// expectSigned makes the signature once more from what came over the wire, with
// nothing of ours: AWS Signature Version 4 as its documentation has it, for S3.
func expectSigned(t *testing.T, sent *http.Request) {
	t.Helper()
	raw, query, _ := strings.Cut(sent.RequestURI, "?")
	decoded, err := url.PathUnescape(raw)
	if err != nil || awsEscape(decoded) != raw {
		t.Fatalf("sent %q, where S3 signs %q", raw, awsEscape(decoded))
	}
	if want, got := signatureOf(t, sent, raw, query); got != want {
		t.Fatalf("%s %q: the signature is of something else", sent.Method, sent.RequestURI)
	}
}

// FuzzStoreAnswer has the store answer anything. What it says to a success reaches
// the user as it is; nothing else that it says does, and nothing about itself.
func FuzzStoreAnswer(f *testing.F) {
	for i, body := range storeBodies {
		f.Add(storeStatuses[i%len(storeStatuses)], storeHeaders[i%len(storeHeaders)], body)
	}
	f.Fuzz(newAnswerJudge(f))
}

var (
	storeStatuses = []int{200, 206, 304, 301, 307, 400, 401, 403, 404, 405, 412, 416, 499, 500, 503, 299, 418}
	storeHeaders  = []string{
		"Set-Cookie", "Content-Type", "Location", "X-Amz-Request-Id", "Server", "X-Amz-Meta-A", "Etag", "Cache-Control", "Www-Authenticate", "Content-Encoding",
		"X-Amz-Bucket-Region", "X-Amzn-Errortype", "Strict-Transport-Security", "Last-Modified", "X-Cognito-Sub", "Access-Control-Allow-Origin", "Date",
	}
	storeBodies = []string{
		"object", "", "<Error><Code>NoSuchKey</Code><Key>marker</Key></Error>", "<Error><Code>AccessDenied</Code></Error>", "<Error><Code>ExpiredToken</Code>",
		"<Error><Code>AuthorizationHeaderMalformed</Code><Region>us-east-1</Region></Error>", "<Error><Code>NoSuchBucket</Code></Error>", `{"__type":"a#b"}`, "\x00\xff",
		"<Error><Code>SlowDown</Code></Error>", "<ListBucketResult><Contents><Key>marker</Key></Contents></ListBucketResult>", "public, max-age=5", "a=b; Path=/", "gzip",
	}
)

func TestStoreAnswersOfAnyShape(t *testing.T) {
	judge := newAnswerJudge(t)
	i := 0
	for body := range mutants(storeBodies, 1000) {
		i++
		judge(t, storeStatuses[i%len(storeStatuses)], storeHeaders[i%len(storeHeaders)], body)
	}
}

func newAnswerJudge(t testing.TB) func(t *testing.T, status int, name, text string) {
	t.Helper()
	ctx, store := newCloud(t).context(t), newWire(t)
	site := newSite(t, ctx, store.bucket, "")
	visit := asUser(t, site, signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, nil))
	return func(t *testing.T, status int, name, text string) {
		if status < 200 || status > 599 {
			return
		}
		header := http.Header{}
		if slices.Contains(storeHeaders, name) {
			header.Set(name, text)
		}
		store.answer = func(w http.ResponseWriter) {
			w.Header()["Content-Type"] = nil // no guesses
			for name, values := range header {
				w.Header()[name] = values
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
		judgeAnswer(t, visit(t, "GET", &url.URL{Path: "/a.txt"}), status, text)
	}
}

// aboutObjects are the headers of an answer that say nothing about the store, and
// those that we add.
var aboutObjects = []string{
	"Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Range", "Content-Type",
	"Etag", "Expires", "Last-Modified", "X-Amz-Version-Id", "Vary", "X-Content-Type-Options", "Retry-After",
}

func judgeAnswer(t *testing.T, got asked, status int, text string) {
	t.Helper()
	for name := range got.header {
		if !slices.Contains(aboutObjects, name) && !strings.HasPrefix(name, "X-Amz-Meta-") {
			t.Fatalf("the user gets %s: %q", name, got.header[name])
		}
	}
	if cached := got.header.Get("Cache-Control"); strings.Contains(cached, "public") || strings.Contains(cached, "s-maxage") {
		t.Fatalf("a shared cache may keep it: %q", cached)
	}
	passes := status == http.StatusOK || status == http.StatusPartialContent
	switch {
	case passes && got.status < 300 && got.body != text:
		t.Fatalf("expected the object, got %d of %d bytes", len(got.body), len(text))
	case !passes && got.body != "":
		t.Fatalf("%d: the user gets what the store says: %q", status, got.body)
	case got.status == http.StatusOK && status != http.StatusOK:
		t.Fatalf("%d became 200", status)
	}
}
