package integration_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestTokensInBodiesAreNone: a form could come from any page, and reading it would
// take it away from the upstream (RFC 6750 §2.2).
func TestTokensInBodiesAreNone(t *testing.T) {
	w := started(t, carriers)
	token := w.access(nil)
	for _, row := range []struct{ name, mediaType, body string }{
		{"a form", "application/x-www-form-urlencoded", "access_token=" + token + "&token=" + token},
		{"a form of parts", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"access_token\"\r\n\r\n" + token + "\r\n--x--\r\n"},
		{"JSON", "application/json", `{"access_token":"` + token + `"}`},
	} {
		got := w.do("POST", "/", row.body, "Content-Type: "+row.mediaType)
		if got.status != 401 || got.header.Get("X-Reason") != "missing" {
			t.Errorf("%s: expected no token to be found, got %d for %q", row.name, got.status, got.header.Get("X-Reason"))
		}
		w.upstream.none(t)
	}
}

// TestCachesKeepNoAnswersToTokensElsewhere: caches spare requests with an
// Authorization header by themselves (RFC 9111 §3.5), and no others. RFC 6750 §2.3
// asks for it where the token is in the query.
func TestCachesKeepNoAnswersToTokensElsewhere(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
	}))
	defer upstream.Close()
	w := started(t, setup{site: strings.ReplaceAll(carriers.site, "$UPSTREAM", upstream.Listener.Addr().String())})
	token := w.access(nil)
	for _, row := range []struct {
		name, target, line string
		private            bool
	}{
		{"in a header of its own", "/", "X-Id-Token: " + token, true},
		{"in a cookie", "/", "Cookie: session=" + token, true},
		{"in the query", "/?token=" + token, "X-Nothing: x", true},
		{"in the usual header", "/", "Authorization: Bearer " + token, false},
	} {
		got := w.get(row.target, row.line)
		w.wantStatus(200, got)
		if control := strings.Join(got.header["Cache-Control"], ", "); strings.Contains(control, "private") != row.private {
			t.Errorf("%s: expected private to be %v, got %q", row.name, row.private, control)
		}
	}
}
