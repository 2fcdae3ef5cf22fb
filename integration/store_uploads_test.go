package integration_test

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/edge"
	"github.com/caddy-cognito/caddy-cognito/integration/internal/s3root"
)

type uploadRow struct {
	name, key, body string // the key is below jo's place
	lines           []string
	status          int
}

// uploadRows that succeed leave the body in the store; the others leave nothing.
// The checksums are those of hello.
var uploadRows = []uploadRow{
	{"a body with its length", "a", "hello", nil, 200},
	{"an empty body with its length", "empty", "", []string{"Content-Length: 0"}, 200},
	{"no body and no length, which is an empty one", "none", "", nil, 200},
	{"a body as long as is allowed", "full", strings.Repeat("x", maxUpload), nil, 200},
	{"what it is", "typed", "hello", []string{"Content-Type: text/css; charset=utf-8", "Cache-Control: max-age=9", "Content-Disposition: attachment", "Content-Language: de"}, 200},
	{"metadata", "meta", "hello", []string{"x-amz-meta-a: b", "X-Amz-Meta-Long-Name: two  spaces,and a comma"}, 200},
	{"metadata twice", "meta2", "hello", []string{"x-amz-meta-a: b", "x-amz-meta-a: c"}, 200},
	{"the right Content-MD5", "md5", "hello", []string{"Content-MD5: XUFAKrxLKna5cZ2REBfFkg=="}, 200},
	{"the wrong Content-MD5", "bad-md5", "jello", []string{"Content-MD5: XUFAKrxLKna5cZ2REBfFkg=="}, 400},
	{"the right checksum", "crc", "hello", []string{"x-amz-checksum-crc32: NhCmhg=="}, 200},
	{"the wrong checksum", "bad-crc", "jello", []string{"x-amz-checksum-crc32: NhCmhg=="}, 400},
	{"the right SHA-256", "sha", "hello", []string{"x-amz-checksum-sha256: LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="}, 200},
	{"the wrong SHA-256", "bad-sha", "jello", []string{"x-amz-checksum-sha256: LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="}, 400},
	{"an encoding of its own", "gz", "hello", []string{"Content-Encoding: gzip"}, 200},
	{"only where nothing is", "once", "hello", []string{"If-None-Match: *"}, 200},

	{"only where nothing is, where something is", "once", "other", []string{"If-None-Match: *"}, 412},
	{"only over an object that is another", "once", "other", []string{`If-Match: "a"`}, 412},
	{"chunks without a length", "chunked", "5\r\nhello\r\n0\r\n\r\n", []string{"Transfer-Encoding: chunked"}, 411},
	{"chunks with a length in a header of another name", "chunked", "5\r\nhello\r\n0\r\n\r\n", []string{"Transfer-Encoding: chunked", "X-File-Size: 5"}, 411},
	{"chunks with trailers", "chunked", "5\r\nhello\r\n0\r\nX-Amz-Acl: public-read\r\n\r\n", []string{"Transfer-Encoding: chunked", "Trailer: X-Amz-Acl"}, 411},
	{"an octet more than is allowed", "long", strings.Repeat("x", maxUpload+1), nil, 413},
	{"much more than is allowed", "long", strings.Repeat("x", 1<<20), nil, 413},
	{"much more than is allowed, announced only", "long", "", []string{"Content-Length: 99999999999", "Expect: 100-continue"}, 413},
	{"the place itself", "", "hello", nil, 400},
	{"a directory", "dir/", "hello", nil, 400},
	{"a directory, encoded", "dir%2F", "hello", nil, 400},
}

func testUploads(t *testing.T, w *storeWorld) {
	place := w.places["jo"] + "uploads/" + strings.ReplaceAll(t.Name(), "/", "-") + "/"
	for _, row := range uploadRows {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			before := w.contents()
			got := w.send("PUT", "/"+place+row.key, row.body, row.lines...)
			w.wantNoWord(got)
			if row.status != 200 {
				w.wantRefused(row.status, got)
				w.wantContents(before)
				return
			}
			w.wantStatus(200, got)
			body, err := w.store.GetObject(t.Context(), siteBucket, place+row.key)
			if err != nil || string(body) != row.body {
				t.Errorf("expected root to find the upload, got %.100q and %v", body, err)
			}
			back := w.send("GET", "/"+place+row.key, "")
			if !slices.Contains(row.lines, "Content-Encoding: gzip") {
				w.wantLines(back, "Content-Encoding")
			}
			if back.body != row.body || back.header.Get("Etag") != got.header.Get("Etag") {
				t.Errorf("expected the upload with tag %s, got %.100q with %s", got.header.Get("Etag"), back.body, back.header.Get("Etag"))
			}
		})
	}
	t.Run("what was said of an object is said to its readers", func(t *testing.T) {
		w := w.row(t)
		w.wantLines(w.send("GET", "/"+place+"typed", ""), "Content-Type: text/css; charset=utf-8", "Content-Disposition: attachment", "Content-Language: de", "Cache-Control: private, max-age=9")
		w.wantLines(w.send("GET", "/"+place+"gz", ""), "Content-Encoding: gzip", "Content-Length: 5")
		w.wantLines(w.send("GET", "/"+place+"meta", ""), "X-Amz-Meta-A: b")
	})
	w.testForeignUploads(t)
}

// testForeignUploads: the store decides.
func (w *storeWorld) testForeignUploads(t *testing.T) {
	for name, target := range map[string]string{
		"the site": "/index.html", "a new page": "/new.html", "another user's object": "/$MO" + "note.txt", "another user's place": "/$MO" + "new.txt",
		"another user's place, encoded": "/" + strings.ReplaceAll(w.places["mo"], "/", "%2F") + "new.txt", "a place that nobody has": "/u/nobody/x",
	} {
		t.Run("an upload to "+name+" is denied", func(t *testing.T) {
			w := w.row(t)
			before := w.contents()
			w.wantRefused(403, w.send("PUT", target, "mallory's"))
			w.wantContents(before)
		})
	}
}

func testInterruptedUploads(t *testing.T, w *storeWorld) {
	for name, sent := range map[string]string{"before the first octet": "", "in the middle": "hell", "before the last octet": "hello hell"} {
		t.Run("a client that goes "+name+" leaves nothing", func(t *testing.T) {
			w := w.row(t)
			before := w.contents()
			conn, mark := w.dial(), len(w.logLines())
			_, err := io.WriteString(conn, w.request("PUT", "/$JO"+"cut", sent, "Content-Length: 11"))
			check(t, err)
			check(t, conn.Close())
			eventually(t, "the request ends", func() bool {
				return count(w.logSince(mark), "info", "handled request")+count(w.logSince(mark), "error", "handled request") > 0
			})
			w.wantContents(before)
		})
	}
	t.Run("a client that waits for 100 Continue gets it", func(t *testing.T) {
		w := w.row(t)
		continued, got := w.patient("PUT", "/$JO"+"continued", "hello", "Content-Length: 5")
		w.wantStatus(200, got)
		body, err := w.store.GetObject(t.Context(), siteBucket, w.places["jo"]+"continued")
		if !continued || err != nil || string(body) != "hello" {
			t.Errorf("expected the upload, got %q and %v", body, err)
		}
	})
	for _, row := range []struct {
		name, target, line string
		status             int
		continued          bool // only the store can tell
	}{
		{"asks for what it may not", "/$JO" + "x", "X-Amz-Acl: public-read", 400, false},
		{"has no length", "/$JO" + "x", "Transfer-Encoding: chunked", 411, false},
		{"announces too much", "/$JO" + "x", "Content-Length: 1000000", 413, false},
		{"goes where nobody may go", "/$JO" + "../x", "Content-Length: 5", 400, false},
		{"uses another method", "/$JO" + "note.txt", "X: y", 405, false},
		{"goes where only somebody else may", "/$MO" + "x", "Content-Length: 5", 403, true},
		{"would replace what must stay there", "/$JO" + "note.txt", "If-None-Match: *", 412, true},
	} {
		t.Run("a client that waits for 100 Continue and "+row.name+" is not kept waiting", func(t *testing.T) {
			w := w.row(t)
			before := w.contents()
			lines, method := []string{row.line}, "PUT"
			if !framed(lines) {
				lines = append(lines, "Content-Length: 5")
			}
			if row.status == 405 {
				method = "POST"
			}
			continued, got := w.patient(method, row.target, "hello", lines...)
			w.wantRefused(row.status, got)
			if continued && !row.continued {
				t.Error("expected the refusal before the body")
			}
			w.wantContents(before)
		})
	}
}

func testDeletes(t *testing.T, w *storeWorld) {
	w.put(w.places["jo"]+"gone.txt", "x", s3root.ObjectOptions{})
	w.wantStatus(204, w.send("DELETE", "/$JO"+"gone.txt", ""))
	if _, ok := w.contents()[w.places["jo"]+"gone.txt"]; ok {
		t.Error("expected the object to be gone")
	}
	w.wantStatus(204, w.send("DELETE", "/$JO"+"gone.txt", "")) // as S3 has it
	for _, row := range []struct {
		name, target string
		status       int
		lines        []string
	}{
		{"the bucket", "/", 400, nil},
		{"the bucket without a path", "", 400, nil},
		{"a directory", "/docs/", 400, nil},
		{"the own place", "/$JO", 400, nil},
		{"two slashes", "//", 400, nil},
		{"an encoded slash", "/%2F", 400, nil},
		{"the site", "/index.html", 403, nil},
		{"another user's object", "/$MO" + "note.txt", 403, nil},
		{"many objects at once", "/$JO" + "note.txt?delete", 400, nil},
	} {
		t.Run(row.name+" is not deleted", func(t *testing.T) {
			w := w.row(t)
			before := w.contents()
			got := w.send("DELETE", row.target, "", row.lines...)
			w.wantStatus(row.status, got)
			w.wantNoWord(got)
			w.wantContents(before)
		})
	}
	t.Run("a body of a DELETE does not reach the store", func(t *testing.T) {
		w := w.row(t)
		w.tap.forget()
		w.wantStatus(204, w.send("DELETE", "/$JO"+"nothing.txt", "<Delete><Object><Key>index.html</Key></Object></Delete>"))
		if strings.Contains(w.tap.text(), "<Delete>") {
			t.Error("expected no body at the store")
		}
	})
}

func testOddClients(t *testing.T, w *storeWorld) {
	t.Run("a body of a GET does not reach the store", func(t *testing.T) {
		w := w.row(t)
		w.tap.forget()
		w.wantStatus(200, w.send("GET", "/docs/ten.txt", "smuggled body"))
		if strings.Contains(w.tap.text(), "smuggled") {
			t.Error("expected no body at the store")
		}
	})
	t.Run("HTTP/1.0 is served", func(t *testing.T) {
		w := w.row(t)
		request := strings.Replace(w.request("GET", "/docs/ten.txt", ""), "HTTP/1.1", "HTTP/1.0", 1)
		if got := w.raw(request); got.status != 200 || got.body != "0123456789" {
			t.Errorf("expected the object, got %d with %q", got.status, got.body)
		}
	})
	t.Run("a list of the bucket is no page", func(t *testing.T) {
		w := w.row(t)
		// versitygw takes two slashes for one, MinIO for no name.
		for _, target := range []string{"//", "/%2F", "/docs/%2F", "/u/", "/private/", "/" + siteBucket + "/"} {
			got := w.send("GET", target, "")
			if got.status != 404 && got.status != 400 && !strings.HasPrefix(got.body, "<h1>") {
				t.Errorf("%s: expected a page, 404 or 400, got %d with %.100q", target, got.status, got.body)
			}
			w.wantNoWord(got)
		}
	})
	t.Run("an object name with an empty segment, where the store has no such names, is a client's error", func(t *testing.T) {
		w := w.row(t)
		got := w.send("GET", "/docs//nothing.txt", "")
		if got.status != 404 && got.status != 400 {
			t.Errorf("expected 404 or 400, got %d", got.status)
		}
		w.wantNoWord(got)
	})
	for _, row := range []struct {
		name   string
		end    bool
		fields []string
		status string
	}{
		{"an upload over HTTP/2 without a length", false, nil, "411"},
		{"an empty upload over HTTP/2 without a length", true, nil, "200"},
		{"an upload over HTTP/2 with a length", false, []string{"content-length", "5"}, "200"},
		{"an upload over HTTP/2 that announces too much", false, []string{"content-length", "1000000"}, "413"},
		{"an upload over HTTP/2 with a refused header", false, []string{"content-length", "5", "x-amz-acl", "public-read"}, "400"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			before := w.contents()
			key := w.places["jo"] + fmt.Sprintf("h2-%t-%d", row.end, len(row.fields))
			c := w.h2()
			c.request("PUT", "/"+key, row.end, append([]string{"authorization", "Bearer " + w.bearerOf("jo")}, row.fields...)...)
			if !row.end {
				check(t, c.framer.WriteData(1, true, []byte("hello")))
			}
			if got := c.status(); got != row.status {
				t.Errorf("expected %s, got %s", row.status, got)
			}
			if row.status != "200" {
				w.wantContents(before)
			} else if body, err := w.store.GetObject(t.Context(), siteBucket, key); err != nil || len(body) != len(strings.Repeat("hello", b2i(!row.end))) {
				t.Errorf("expected the upload, got %q and %v", body, err)
			}
		})
	}
	t.Run("a client of the standard library keeps its connection", func(t *testing.T) {
		w := w.row(t)
		client := edge.Client(filepath.Join(w.dir, "site.sock"))
		defer client.CloseIdleConnections()
		for i := range 3 {
			got := roundTrip(t, client, "PUT", "http://edge/"+w.places["jo"]+"kept", strings.Repeat("y", i), "Authorization: Bearer "+w.bearerOf("jo"))
			w.wantStatus(200, got)
		}
	})
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// testChecksumOnTheWire: the store gets a checksum behind what it can check, and an
// upload that brings its own keeps that one.
func testChecksumOnTheWire(t *testing.T, w *storeWorld) {
	for _, row := range []struct {
		name string
		line string
		want string // x-amz-content-sha256
	}{
		{"an upload", "Content-Type: text/plain", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
		{"an upload with a checksum of its own", "x-amz-checksum-crc32: NhCmhg==", "UNSIGNED-PAYLOAD"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			w.tap.forget()
			w.wantStatus(200, w.send("PUT", "/$JO"+"sum", "hello", row.line))
			requests := w.tap.requests(t)
			if len(requests) != 1 || requests[0].Header.Get("X-Amz-Content-Sha256") != row.want {
				t.Fatalf("expected 1 request with %s, got %v", row.want, requests)
			}
			body, err := io.ReadAll(requests[0].Body)
			check(t, err)
			if strings.Contains(string(body), "x-amz-checksum-crc32:NhCmhg==") == (row.want == "UNSIGNED-PAYLOAD") {
				t.Errorf("expected the checksum at one place, got body %q", body)
			}
		})
	}
}
