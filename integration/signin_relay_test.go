package integration_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// relay stands between the edge and the API of Cognito.
type relay struct {
	url    string
	change func(body string) string // of an answer; nil leaves them

	mu             sync.Mutex // guards sent and answered
	sent, answered []string
}

func (w *signinWorld) newRelay() *relay {
	w.Helper()
	to, err := url.Parse(w.caddyExpand("$COGNITO"))
	check(w.T, err)
	r := new(relay)
	srv := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:        func(p *httputil.ProxyRequest) { p.SetURL(to); p.Out.Body = r.keep(p.Out.Body) },
		ModifyResponse: r.pass,
	})
	w.Cleanup(srv.Close)
	r.url = srv.URL
	return r
}

// between makes the edge call the relay.
func (r *relay) between(pools string) string {
	return strings.ReplaceAll(pools, "endpoint $COGNITO", "endpoint "+r.url)
}

func (r *relay) keep(body io.ReadCloser) io.ReadCloser {
	if body == nil {
		return nil // the key set is asked for
	}
	text, _ := io.ReadAll(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, string(text))
	return io.NopCloser(bytes.NewReader(text))
}

func (r *relay) pass(answer *http.Response) error {
	text, err := io.ReadAll(answer.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered = append(r.answered, string(text))
	if r.change != nil {
		text = []byte(r.change(string(text)))
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	answer.Header.Del("Content-Length")
	answer.Header.Del("X-Amz-Crc32")
	return err
}

// requests are the bodies that were sent so far.
func (r *relay) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.sent)
}

// answers are the bodies that came back so far.
func (r *relay) answers() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.answered)
}
