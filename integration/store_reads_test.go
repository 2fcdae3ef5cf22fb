package integration_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// tenTag is the entity tag of 0123456789.
const tenTag = `"781e5e245d69b566979b86e28d23f2c7"`

type readRow struct {
	name   string
	lines  string // of the request, with $TAG, $DATE, $BEFORE and $AFTER
	status int
	body   string
	want   []string // header lines of the answer
}

// readRows ask for docs/ten.txt, which holds 0123456789.
var readRows = []readRow{
	{"a plain request", "", 200, "0123456789", []string{"Content-Length: 10", "Content-Type: text/plain", "Etag: " + tenTag, "Accept-Ranges: bytes"}},
	{"a single range", "Range: bytes=2-4", 206, "234", []string{"Content-Range: bytes 2-4/10", "Content-Length: 3", "Etag: " + tenTag}},
	{"the first octet", "Range: bytes=0-0", 206, "0", []string{"Content-Range: bytes 0-0/10"}},
	{"the last octet", "Range: bytes=9-9", 206, "9", []string{"Content-Range: bytes 9-9/10"}},
	{"a range without an end", "Range: bytes=7-", 206, "789", []string{"Content-Range: bytes 7-9/10"}},
	{"a range over the end", "Range: bytes=7-99", 206, "789", []string{"Content-Range: bytes 7-9/10"}},
	{"a suffix", "Range: bytes=-3", 206, "789", []string{"Content-Range: bytes 7-9/10"}},
	{"a suffix longer than the object", "Range: bytes=-30", 206, "0123456789", []string{"Content-Range: bytes 0-9/10"}},
	{"a range behind the end cannot be satisfied", "Range: bytes=10-20", 416, "", nil},
	{"an empty suffix cannot be satisfied", "Range: bytes=-0", 416, "", nil},
	{"several ranges get the whole object", "Range: bytes=0-1,4-5", 200, "0123456789", []string{"Content-Range"}},
	{"a range with two hyphens is ignored", "Range: bytes=2-4-6", 200, "0123456789", []string{"Content-Range"}},
	{"a unit that nobody knows is ignored", "Range: lines=0-1", 200, "0123456789", []string{"Content-Range"}},

	{"If-None-Match with the tag", "If-None-Match: $TAG", 304, "", nil},
	{"If-None-Match with the weak tag, as encode has it", "If-None-Match: W/$TAG", 304, "", nil},
	{"If-None-Match with the tag at the end of a list", `If-None-Match: "a", $TAG`, 304, "", nil},
	{"If-None-Match with the tag at the start of a list", `If-None-Match: $TAG, "a"`, 304, "", nil},
	{"If-None-Match with the weak tag in a list", `If-None-Match: W/"a",W/$TAG,W/"b"`, 304, "", nil},
	{"If-None-Match in two lines", "If-None-Match: \"a\"\nIf-None-Match: $TAG", 304, "", nil},
	{"If-None-Match with any tag", "If-None-Match: *", 304, "", nil},
	{"If-None-Match with another tag", `If-None-Match: "a"`, 200, "0123456789", nil},
	{"If-None-Match with another weak tag", `If-None-Match: W/"a"`, 200, "0123456789", nil},
	{"If-None-Match with a list of others", `If-None-Match: "a", "b", W/"c"`, 200, "0123456789", nil},
	{"If-None-Match goes before Range", "If-None-Match: $TAG\nRange: bytes=2-4", 304, "", nil},
	{"If-None-Match with another tag and Range", "If-None-Match: \"a\"\nRange: bytes=2-4", 206, "234", nil},

	{"If-Modified-Since with its date", "If-Modified-Since: $DATE", 304, "", nil},
	{"If-Modified-Since with a date before", "If-Modified-Since: $BEFORE", 200, "0123456789", nil},
	{"If-Modified-Since with a date behind", "If-Modified-Since: $AFTER", 304, "", nil},
	{"If-Modified-Since with no date is ignored", "If-Modified-Since: yesterday", 200, "0123456789", nil},
	{"If-None-Match goes before If-Modified-Since", "If-None-Match: \"a\"\nIf-Modified-Since: $AFTER", 200, "0123456789", nil},
	{"If-None-Match and an old If-Modified-Since", "If-None-Match: $TAG\nIf-Modified-Since: $BEFORE", 304, "", nil},
	{"If-Unmodified-Since with a date behind", "If-Unmodified-Since: $AFTER", 200, "0123456789", nil},
	{"If-Unmodified-Since with a date before", "If-Unmodified-Since: $BEFORE", 412, "", nil},

	{"If-Match with the tag", "If-Match: $TAG", 200, "0123456789", nil},
	{"If-Match goes before If-Unmodified-Since", "If-Match: $TAG\nIf-Unmodified-Since: $BEFORE", 200, "0123456789", nil},
	{"If-Match with any tag", "If-Match: *", 200, "0123456789", nil},
	{"If-Match with another tag", `If-Match: "a"`, 412, "", nil},
	{"If-Match with the weak tag never matches", "If-Match: W/$TAG", 412, "", nil},
	{"If-Match with the tag and Range", "If-Match: $TAG\nRange: bytes=2-4", 206, "234", nil},
	{"If-Match with another tag and Range", "If-Match: \"a\"\nRange: bytes=2-4", 412, "", nil},

	{"If-Range with the tag", "Range: bytes=2-4\nIf-Range: $TAG", 206, "234", []string{"Content-Range: bytes 2-4/10"}},
	{"If-Range with another tag", "Range: bytes=2-4\nIf-Range: \"a\"", 200, "0123456789", []string{"Content-Range", "Content-Length: 10"}},
	{"If-Range with the weak tag never matches", "Range: bytes=2-4\nIf-Range: W/$TAG", 200, "0123456789", []string{"Content-Range"}},
	{"If-Range with the date", "Range: bytes=2-4\nIf-Range: $DATE", 206, "234", nil},
	{"If-Range with a date before", "Range: bytes=2-4\nIf-Range: $BEFORE", 200, "0123456789", []string{"Content-Range"}},
	{"If-Range with a date that is not the object's", "Range: bytes=2-4\nIf-Range: $AFTER", 200, "0123456789", []string{"Content-Range"}},
	{"If-Range with rubbish", "Range: bytes=2-4\nIf-Range: rubbish", 200, "0123456789", []string{"Content-Range"}},
	{"If-Range without Range", `If-Range: "a"`, 200, "0123456789", nil},
	{"If-Range with another tag and a range behind the end", "Range: bytes=20-\nIf-Range: \"a\"", 200, "0123456789", nil},
	{"If-Range with another tag and If-Match with the tag", "Range: bytes=2-4\nIf-Range: \"a\"\nIf-Match: $TAG", 200, "0123456789", nil},
	{"If-Range with the tag and If-Match with another", "Range: bytes=2-4\nIf-Range: $TAG\nIf-Match: \"a\"", 412, "", nil},
	{"If-Range with the tag and If-None-Match with it", "Range: bytes=2-4\nIf-Range: $TAG\nIf-None-Match: $TAG", 304, "", nil},

	{"a client that takes gzip gets it as it is", "Accept-Encoding: gzip, br", 200, "0123456789", []string{"Content-Encoding"}},
	{"a body of the request is ignored", "Content-Length: 0", 200, "0123456789", nil},
	{"Connection cannot take the signature away", "Connection: Authorization, X-Amz-Date, X-Amz-Security-Token, X-Amz-Content-Sha256, Host, close", 200, "0123456789", nil},
	{"Connection cannot take Range away from one only", "Connection: Range, close\nRange: bytes=2-4\nIf-Range: \"a\"", 200, "0123456789", nil},
	{"a header named like a method", "X-Http-Method-Override: DELETE", 200, "0123456789", nil},
	{"another Host in a header", "X-Forwarded-Host: evil.example\nForwarded: host=evil.example", 200, "0123456789", nil},
}

func testReads(t *testing.T, w *storeWorld) {
	lastModified := w.send("HEAD", "/docs/ten.txt", "").header.Get("Last-Modified")
	date, err := http.ParseTime(lastModified)
	check(t, err)
	replacer := strings.NewReplacer("$TAG", tenTag, "$DATE", lastModified,
		"$BEFORE", date.Add(-time.Hour).Format(http.TimeFormat), "$AFTER", date.Add(time.Second).Format(http.TimeFormat))
	eventually(t, "the date is past", func() bool { return time.Since(date) > 2*time.Second }) // dates in the future are no dates
	for _, row := range readRows {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			var lines []string
			if row.lines != "" {
				lines = strings.Split(replacer.Replace(row.lines), "\n")
			}
			got := w.send("GET", "/docs/ten.txt", "", lines...)
			w.wantStatus(row.status, got)
			w.wantNoWord(got)
			w.wantLines(got, row.want...)
			if got.body != row.body {
				t.Errorf("expected %q, got %q", row.body, got.body)
			}
			switch row.status {
			case 200, 206:
				w.wantLines(got, "Cache-Control: private, max-age=60", "X-Content-Type-Options: nosniff", "Last-Modified: "+lastModified, "Etag: "+tenTag)
			case 304: // what versitygw leaves out may be missing, but a browser keeps what it is told
				for name, want := range map[string]string{"Etag": tenTag, "Cache-Control": "private, max-age=60", "Last-Modified": lastModified} {
					if value := got.header.Get(name); value != "" && value != want {
						t.Errorf("expected %s %q or none, got %q", name, want, value)
					}
				}
			default:
				w.wantRefused(row.status, got)
			}
			if row.status == 206 || strings.Contains(row.name, "range") { // RFC 9110 §14.2: Range is for GET
				return
			}
			w.wantLikeGet(got, w.send("HEAD", "/docs/ten.txt", "", lines...))
		})
	}
}

// wantLikeGet compares an answer to HEAD with that to GET.
func (w *storeWorld) wantLikeGet(get, head answer) {
	w.Helper()
	if head.status != get.status || head.body != "" {
		w.Errorf("expected HEAD to get status %d without a body, got %d with %q", get.status, head.status, head.body)
	}
	for _, name := range slices.Sorted(maps.Keys(get.header)) {
		if name == "Date" || name == "Connection" || name == "Content-Length" && get.status >= 300 {
			continue
		}
		if want, got := get.header[name], head.header[name]; !slices.Equal(got, want) {
			w.Errorf("expected HEAD to get %s %q, got %q", name, want, got)
		}
	}
}

func testMetadata(t *testing.T, w *storeWorld) {
	for _, row := range []struct {
		name, path string
		lines      []string
		body       string
		want       []string
	}{
		{"an object without an octet", "/docs/empty.txt", nil, "", []string{"Content-Length: 0", `Etag: "d41d8cd98f00b204e9800998ecf8427e"`}},
		{"an object stored compressed, to a client that takes it", "/shapes/gzip.txt", []string{"Accept-Encoding: gzip"}, "not really gzip",
			[]string{"Content-Encoding: gzip", "Content-Length: 15"}},
		{"an object stored compressed, to a client that says nothing", "/shapes/gzip.txt", nil, "not really gzip",
			[]string{"Content-Encoding: gzip", "Content-Length: 15"}},
		{"what the uploader said of the object", "/shapes/meta.txt", nil, "described",
			[]string{"Content-Type: text/css", "X-Amz-Meta-Who: me", "Cache-Control: private, max-age=5"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			got := w.send("GET", row.path, "", row.lines...)
			w.wantStatus(200, got)
			w.wantLines(got, row.want...)
			w.wantLines(got, "Vary: Authorization, Cookie")
			if got.body != row.body {
				t.Errorf("expected %q, got %q", row.body, got.body)
			}
			w.wantLikeGet(got, w.send("HEAD", row.path, "", row.lines...))
		})
	}
	t.Run("a range of an object without an octet cannot be satisfied", func(t *testing.T) {
		w := w.row(t)
		w.wantRefused(416, w.send("GET", "/docs/empty.txt", "", "Range: bytes=0-"))
	})
}
