package integration_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// presigned follows a redirect of jo's to the store as anybody would.
func (w *storeWorld) presigned(target string, lines ...string) *url.URL {
	w.Helper()
	got := w.send("GET", target, "", lines...)
	w.wantStatus(302, got)
	w.wantLines(got, "Cache-Control: no-store")
	if got.body != "Found\n" {
		w.Errorf("expected no more than the status in words, got %q", got.body)
	}
	location, err := url.Parse(got.header.Get("Location"))
	check(w.T, err)
	if "http://"+location.Host != w.tap.url {
		w.Fatalf("expected the store, got %s", location.Host)
	}
	return location
}

func TestLargeObjectsComeFromTheStore(t *testing.T) {
	w := newStoreWorld(t)
	w.put("docs/large + ü.bin", strings.Repeat("large", 100), objectOptions{ContentType: "text/plain"})
	w.put("docs/500.txt", strings.Repeat("x", 500), objectOptions{})
	w.put("docs/499.txt", strings.Repeat("x", 499), objectOptions{})
	w.run(setup{site: bucketSite("redirect_over 500", "methods GET HEAD PUT")})
	t.Run("a plain client reads the object", func(t *testing.T) {
		w := w.row(t)
		location := w.presigned("/docs/large%20+%20%c3%bc.bin")
		got := roundTrip(t, http.DefaultClient, "GET", location.String(), "")
		if got.status != 200 || got.body != strings.Repeat("large", 100) {
			t.Errorf("expected the object, got %d with %.100q", got.status, got.body)
		}
		got = roundTrip(t, http.DefaultClient, "GET", location.String(), "", "Range: bytes=0-4")
		if got.status != 206 || got.body != "large" {
			t.Errorf("expected a range of it, got %d with %.100q", got.status, got.body)
		}
		w.wantNowhere("the link", location.String(), []string{w.bearerOf("jo")})
		if seconds, err := strconv.Atoi(location.Query().Get("X-Amz-Expires")); err != nil || seconds < 1 || seconds > 60 {
			t.Errorf("expected the link to die within a minute, got %q", location.Query().Get("X-Amz-Expires"))
		}
	})
	t.Run("the link is good for this object and method only", func(t *testing.T) {
		w := w.row(t)
		location := w.presigned("/docs/500.txt")
		other := *location
		other.Path = "/" + siteBucket + "/docs/499.txt"
		query := location.Query()
		query.Set("X-Amz-Expires", "604800")
		longer := *location
		longer.RawQuery = query.Encode()
		for name, url := range map[string]string{"another object": other.String(), "a longer life": longer.String(), "an operation": location.String() + "&acl"} {
			if got := roundTrip(t, http.DefaultClient, "GET", url, ""); got.status != 403 {
				t.Errorf("%s: expected 403, got %d", name, got.status)
			}
		}
		for _, method := range []string{"PUT", "DELETE", "POST"} {
			if got := roundTrip(t, http.DefaultClient, method, location.String(), "x"); got.status < 400 {
				t.Errorf("%s: expected a refusal, got %d", method, got.status)
			}
		}
	})
	for _, row := range []struct {
		name, method, target string
		status               int
	}{
		{"an object of just that size is redirected", "GET", "/docs/500.txt", 302},
		{"a smaller one is not", "GET", "/docs/499.txt", 200},
		{"a HEAD is not", "HEAD", "/docs/500.txt", 200},
		{"a missing one is not", "GET", "/docs/nothing", 404},
		{"one that jo may not see is not", "GET", "/private/plan.html", 404},
		{"a directory leads to its index", "GET", "/docs", 302},
		{"a refused query is refused", "GET", "/docs/500.txt?response-content-type=text/html", 400},
		{"an upload goes through the edge", "PUT", "/$JO" + "up", 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			got := w.send(row.method, row.target, strings.Repeat("x", 600*b2i(row.method == "PUT")))
			w.wantStatus(row.status, got)
			w.wantNoWord(got)
			if row.status == 302 && strings.Contains(got.header.Get("Location"), "X-Amz-") == (row.target == "/docs") {
				t.Errorf("expected another location, got %q", got.header.Get("Location"))
			}
		})
	}
	t.Run("the link is in no log", func(t *testing.T) {
		w := w.row(t)
		secrets := make(map[string]string)
		mark := len(w.logLines())
		location := w.presigned("/docs/500.txt")
		w.remember(secrets)
		secrets["signature"] = location.Query().Get("X-Amz-Signature")
		w.wantNoSecret("the log", fmt.Sprint(w.logSince(mark)), secrets)
	})
}

// silentHead is a store that says no more than 400 to a HEAD with credentials that
// it does not know, as S3 does.
func (w *storeWorld) silentHead() string {
	w.Helper()
	store, err := url.Parse(w.store.URL())
	check(w.T, err)
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", store.Host, r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			if r.Request.Method == http.MethodHead && r.StatusCode == http.StatusForbidden {
				r.StatusCode, r.Header = http.StatusBadRequest, http.Header{"Date": r.Header["Date"]}
			}
			return nil
		},
	})
	w.Cleanup(proxy.Close)
	return proxy.URL
}

func TestLinksDieWithTheSession(t *testing.T) {
	for _, row := range []struct {
		name   string
		store  func(*storeWorld) string
		status int // of the edge, once the session is gone
	}{
		{"a store that denies a HEAD", func(w *storeWorld) string { return w.store.URL() }, 200},
		{"a store that takes a HEAD for a bad request", (*storeWorld).silentHead, 302},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newStoreWorld(t)
			w.tap = newTap(t, row.store(w))
			w.run(setup{site: bucketSite("redirect_over 1")})
			location := w.presigned("/app.js")
			w.cognito.RevokeSessions(nil)
			if got := roundTrip(t, http.DefaultClient, "GET", location.String(), ""); got.status != 403 && got.status != 400 {
				t.Errorf("expected a refusal, got %d", got.status)
			}
			got := w.send("GET", "/app.js", "")
			w.wantStatus(row.status, got)
			if row.status == 302 { // with new credentials, or nobody could follow it
				got = roundTrip(t, http.DefaultClient, "GET", got.header.Get("Location"), "")
			}
			if got.status != 200 || got.body != "console.log(1)" {
				t.Errorf("expected the object with new credentials, got %d with %.100q", got.status, got.body)
			}
		})
	}
}

func TestLinksDoNotOutliveCredentials(t *testing.T) {
	for _, row := range []struct {
		name     string
		lifetime time.Duration
		status   int
	}{
		{"credentials that last 45 seconds", 45 * time.Second, 302},
		{"credentials that last too short for a link", 25 * time.Second, 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newStoreWorld(t, func(o *cognitolocal.IdentityPoolOptions) { o.CredentialsLifetime = row.lifetime })
			w.run(setup{site: bucketSite("redirect_over 1")})
			got := w.send("GET", "/app.js", "")
			w.wantStatus(row.status, got)
			location, err := url.Parse(got.header.Get("Location"))
			check(t, err)
			seconds, _ := strconv.Atoi(location.Query().Get("X-Amz-Expires"))
			signed, _ := time.Parse("20060102T150405Z", location.Query().Get("X-Amz-Date"))
			if dies := signed.Add(time.Duration(seconds) * time.Second); dies.After(time.Now().Add(row.lifetime)) || (seconds > 0) != (row.status == 302) {
				t.Errorf("expected the link to die with the credentials, got %d s from %v", seconds, signed)
			}
		})
	}
}
