package integration_test

import (
	"testing"
)

func TestASiteInAPrivateBucket(t *testing.T) {
	w := startedStore(t, setup{site: bucketSite("")})
	for _, row := range []struct {
		name, path string
		status     int
		body       string
	}{
		{"the start page", "/", 200, "<h1>Home</h1>"},
		{"an object", "/app.js", 200, "console.log(1)"},
		{"an index document in a directory", "/docs/", 200, "<h1>Docs</h1>"},
		{"a directory without its slash is a redirect", "/docs", 302, ""},
		{"a strange key", "/docs/a%20b+c.txt", 200, "strange"},
		{"an object that is not there", "/nothing", 404, ""},
		{"an object that is not there, in a directory that is not there", "/no/where/", 404, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.as("jo", "GET", row.path, "")
			w.wantStatus(row.status, got)
			if got.body != row.body {
				t.Errorf("expected %q, got %q", row.body, got.body)
			}
			t.Log(got.header)
		})
	}
}
