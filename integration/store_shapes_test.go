package integration_test

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/s3root"
)

// The tables of request shapes are the same for every store.

func TestRequestShapes(t *testing.T) {
	w := newStoreWorld(t)
	testShapes(t, w)
}

func testShapes(t *testing.T, w *storeWorld) {
	w.put("shapes/gzip.txt", "not really gzip", s3root.ObjectOptions{ContentType: "text/plain", ContentEncoding: "gzip"})
	w.put("shapes/meta.txt", "described", s3root.ObjectOptions{ContentType: "text/css", CacheControl: "max-age=5", Metadata: map[string]string{"who": "me"}})
	w.runShapes()
	for _, table := range []struct {
		name string
		test func(*testing.T, *storeWorld)
	}{
		{"reads", testReads}, {"metadata", testMetadata}, {"dot segments", testDotSegments}, {"refused headers", testRefusedHeaders},
		{"dropped headers", testDroppedHeaders}, {"queries", testQueries}, {"methods", testMethods}, {"uploads", testUploads},
		{"interrupted uploads", testInterruptedUploads}, {"deletes", testDeletes}, {"odd clients", testOddClients},
	} {
		t.Run(table.name, func(t *testing.T) { table.test(t, w.row(t)) })
	}
	w.runShapes("checksum")
	t.Run("uploads with checksum", func(t *testing.T) { testUploads(t, w.row(t)) })
	t.Run("interrupted uploads with checksum", func(t *testing.T) { testInterruptedUploads(t, w.row(t)) })
	t.Run("what the store is told with checksum", func(t *testing.T) { testChecksumOnTheWire(t, w.row(t)) })
	t.Run("strange keys with checksum", func(t *testing.T) { testStrangeKeys(t, w.row(t)) })
}

// maxUpload is the max_upload of the tables.
const maxUpload = 1024

func (w *storeWorld) runShapes(lines ...string) {
	w.Helper()
	lines = append(lines, "methods GET HEAD PUT DELETE", "max_upload "+strconv.Itoa(maxUpload))
	// Caddy takes 16 KiB of headers unless told otherwise. As it logs a request, Caddy
	// 2.11.9 reads without a lock how much of the body was read, which goes on for a
	// moment after a store has refused an upload early.
	w.run(setup{server: "max_header_size 64KiB", site: "@others not path */cut\nlog_skip @others\n" + bucketSite(lines...)})
}

// send sends a request of jo, byte by byte as it stands here. A body gets its
// length, unless a header says how it is framed.
func (w *storeWorld) send(method, target, body string, lines ...string) answer {
	w.Helper()
	return w.raw(w.request(method, target, body, lines...))
}

func (w *storeWorld) request(method, target, body string, lines ...string) string {
	w.Helper()
	lines = append([]string{"Authorization: Bearer " + w.bearerOf("jo")}, lines...)
	if body != "" && !framed(lines) {
		lines = append(lines, "Content-Length: "+strconv.Itoa(len(body)))
	}
	return head(method, w.expand(target), lines...) + "\r\n" + body
}

// patient sends a body only when it is asked for with 100 Continue.
func (w *storeWorld) patient(method, target, body string, lines ...string) (continued bool, got answer) {
	w.Helper()
	conn := w.dial()
	defer conn.Close()
	_, err := io.WriteString(conn, w.request(method, target, "", append(lines, "Expect: 100-continue")...))
	check(w.T, err)
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	check(w.T, err)
	if resp.StatusCode == http.StatusContinue {
		continued = true
		_, err = io.WriteString(conn, body)
		check(w.T, err)
		resp, err = http.ReadResponse(r, &http.Request{Method: method})
		check(w.T, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(w.T, err)
	return continued, answer{resp.StatusCode, resp.Header, string(text)}
}

func framed(lines []string) bool {
	for _, line := range lines {
		name, _, _ := strings.Cut(strings.ToLower(line), ":")
		if name == "content-length" || name == "transfer-encoding" {
			return true
		}
	}
	return false
}

// wantNoWord fails the test for an answer that shows what is between the edge and
// the store.
func (w *storeWorld) wantNoWord(got answer) {
	w.Helper()
	for _, word := range []string{"<?xml", "<Error>", "RequestId", "AccessKey", "ASIA", "AWS4-HMAC", siteBucket, "X-Amz-Signature"} {
		if strings.Contains(got.body, word) {
			w.Errorf("status %d: expected no %s in the answer, got %.300q", got.status, word, got.body)
		}
	}
	for name, values := range got.header {
		lower := strings.ToLower(name)
		leaks := strings.HasPrefix(lower, "x-amz-") && !strings.HasPrefix(lower, "x-amz-meta-") && !strings.HasPrefix(lower, "x-amz-checksum-") && lower != "x-amz-version-id"
		if leaks || strings.HasPrefix(lower, "x-minio") || strings.HasPrefix(lower, "x-ratelimit") || lower == "server" && values[0] != "Caddy" {
			w.Errorf("status %d: expected no header %s, got %q", got.status, name, values)
		}
	}
}

// wantRefused is what every refusal has in common: no word of the store, and
// nothing for caches.
func (w *storeWorld) wantRefused(want int, got answer) {
	w.Helper()
	w.wantStatus(want, got)
	w.wantNoWord(got)
	if got.header.Get("Cache-Control") != "no-store" {
		w.Errorf("status %d: expected Cache-Control no-store, got %q", got.status, got.header.Get("Cache-Control"))
	}
}

// wantLines compares headers of an answer; a line without a value asks for none.
func (w *storeWorld) wantLines(got answer, lines ...string) {
	w.Helper()
	for _, line := range lines {
		name, want, _ := strings.Cut(line, ": ")
		if values := strings.Join(got.header[http.CanonicalHeaderKey(name)], " | "); values != want {
			w.Errorf("status %d: expected %s %q, got %q", got.status, name, want, values)
		}
	}
}
