package credentials_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

var (
	inS3     = credentials.Target{Service: "s3", Region: "eu-west-1"}
	inDynamo = credentials.Target{Service: "dynamodb", Region: "eu-west-1"}
)

// store is a service: it keeps what it is sent and answers as told.
type store struct {
	mu       sync.Mutex // guards all below
	requests []*http.Request
	bodies   []string
	closed   int // answers whose body was closed

	answer func(n int, r *http.Request) *http.Response // n counts from 1
}

func (s *store) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.bodies = append(s.requests, r), append(s.bodies, string(body))
	answer := s.answer(len(s.requests), r)
	answer.Body = &closing{answer.Body, func() { s.mu.Lock(); defer s.mu.Unlock(); s.closed++ }}
	return answer, nil
}

func (s *store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

type closing struct {
	io.Reader
	close func()
}

func (c *closing) Close() error { c.close(); return nil }

// says is an answer. Headers are pairs of name and value.
func says(status int, body string, headers ...string) *http.Response {
	r := &http.Response{StatusCode: status, Header: make(http.Header), ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body))}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// always gives the same answer.
func always(status int, body string, headers ...string) func(int, *http.Request) *http.Response {
	return func(int, *http.Request) *http.Response { return says(status, body, headers...) }
}

// first gives an answer to the first request and 200 to all others.
func first(status int, body string, headers ...string) func(int, *http.Request) *http.Response {
	return func(n int, _ *http.Request) *http.Response {
		if n == 1 {
			return says(status, body, headers...)
		}
		return says(200, "fine")
	}
}

func s3Error(code string, more ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\n<Error><Code>" + code + "</Code><Message>m</Message>" + strings.Join(more, "") + "<RequestId>1</RequestId></Error>"
}

// world is a sender with all that it needs.
type world struct {
	*credentials.Sender
	provider *provider
	store    *store

	mu       sync.Mutex // guards problems
	problems []error
}

func newWorld(t testing.TB, to credentials.Target, answer func(int, *http.Request) *http.Response, change ...func(*credentials.SenderOptions)) *world {
	t.Helper()
	w := &world{provider: &provider{}, store: &store{answer: answer}}
	w.provider.retrieve = func(who credentials.Identity, role string) (credentials.Credentials, error) {
		creds, err := anHour(who, role)
		creds.SessionToken = "session-" + string(rune('0'+w.provider.count()))
		return creds, err
	}
	opts := credentials.SenderOptions{
		Base: w.store, Target: to, Cache: newCache(t, credentials.CacheOptions{Provider: w.provider}),
		Problem: func(err error) { w.mu.Lock(); defer w.mu.Unlock(); w.problems = append(w.problems, err) },
	}
	for _, f := range change {
		f(&opts)
	}
	var err error
	if w.Sender, err = credentials.NewSender(opts); err != nil {
		t.Fatal(err)
	}
	return w
}

// request is one as a server has it.
func request(t testing.TB, method, target, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	return r
}

// fine sends a request of jo and expects an answer.
func (w *world) fine(t testing.TB, r *http.Request) *http.Response {
	t.Helper()
	answer, err := w.Send(r, user("jo"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func text(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func dated(at time.Time) string { return at.UTC().Format(http.TimeFormat) }
