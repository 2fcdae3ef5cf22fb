package integration_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// seen is a request as it reached the upstream.
type seen struct {
	method, uri, host, body string
	header, trailer         http.Header
}

// recorder is an upstream that remembers what it was asked. It speaks HTTP/1.1
// and HTTP/2 without TLS, and tells the user's subject in its answer.
type recorder struct {
	addr string // host:port

	mu       sync.Mutex // guards requests
	requests []seen
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	rec := new(recorder)
	srv := httptest.NewUnstartedServer(rec)
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetHTTP1(true)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	t.Cleanup(srv.Close)
	rec.addr = srv.Listener.Addr().String()
	return rec
}

func (rec *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // trailers come with the end
	if err != nil {
		return // nobody believes half a request
	}
	rec.mu.Lock()
	rec.requests = append(rec.requests, seen{
		r.Method, r.RequestURI, r.Host, string(body), r.Header.Clone(), r.Trailer.Clone(),
	})
	rec.mu.Unlock()
	if r.Header.Get("X-Fail") != "" {
		panic(http.ErrAbortHandler) // a broken upstream
	}
	_, _ = io.WriteString(w, r.Header.Get("X-Cognito-Sub"))
}

// take returns what was recorded and forgets it.
func (rec *recorder) take() []seen {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	requests := rec.requests
	rec.requests = nil
	return requests
}

// one is the only request since the last take.
func (rec *recorder) one(t *testing.T) seen {
	t.Helper()
	requests := rec.take()
	if len(requests) != 1 {
		t.Fatalf("expected 1 request at the upstream, got %d: %+v", len(requests), requests)
	}
	return requests[0]
}

// none fails the test when anything reached the upstream.
func (rec *recorder) none(t *testing.T) {
	t.Helper()
	if requests := rec.take(); len(requests) > 0 {
		t.Errorf("expected nothing at the upstream, got %+v", requests)
	}
}

// fold is how CGI and its kin may read a header name: all that is neither a
// letter nor a digit is one and the same character.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
}

// identity is every header and trailer that the upstream may take for one of
// X-Cognito-*, X-User-Id and Authorization, by folded name.
func (s seen) identity() map[string][]string {
	found := make(map[string][]string)
	for _, fields := range []http.Header{s.header, s.trailer} {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			folded := fold(name)
			if strings.HasPrefix(folded, "x-cognito-") || folded == "x-user-id" || folded == "authorization" {
				found[folded] = append(found[folded], fields[name]...)
			}
		}
	}
	return found
}

// wantIdentity compares all identity headers: name, value, …
func (s seen) wantIdentity(t *testing.T, pairs ...string) {
	t.Helper()
	want := make(map[string][]string)
	for i := 0; i < len(pairs); i += 2 {
		want[fold(pairs[i])] = []string{pairs[i+1]}
	}
	if got := s.identity(); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("expected identity %q, got %q", want, got)
	}
}
