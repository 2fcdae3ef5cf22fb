package credentials_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

const (
	poolIssuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"
	poolID     = "eu-west-1:1d2c3b4a-0000-0000-0000-000000000000"
	readers    = "arn:aws:iam::111122223333:role/readers"
)

// user is somebody whose token was verified.
func user(name string) credentials.Identity {
	return credentials.Identity{
		Token: "token-of-" + name, TokenExpires: time.Now().Add(time.Hour),
		Issuer: poolIssuer, Subject: "sub-" + name, ClientID: "client", Username: name,
	}
}

// fakeAWS answers the calls of the SDK by their operation.
type fakeAWS struct {
	mu    sync.Mutex // guards calls
	calls []string   // operation and body

	answers map[string]func() (status int, body string)
}

func (f *fakeAWS) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !ok {
		operation = "AssumeRoleWithWebIdentity"
	}
	f.mu.Lock()
	f.calls = append(f.calls, operation+" "+string(body))
	f.mu.Unlock()
	status, text := f.answers[operation]()
	return &http.Response{StatusCode: status, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

// answer is always the same one.
func answer(status int, body string) func() (int, string) {
	return func() (int, string) { return status, body }
}

// provider counts exchanges and answers as told.
type provider struct {
	mu       sync.Mutex // guards all below
	calls    int
	retrieve func(credentials.Identity, string) (credentials.Credentials, error)
	delay    time.Duration
}

func (p *provider) Retrieve(ctx context.Context, who credentials.Identity, role string) (credentials.Credentials, error) {
	p.mu.Lock()
	p.calls++
	retrieve, delay := p.retrieve, p.delay
	p.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return credentials.Credentials{}, ctx.Err()
	}
	return retrieve(who, role)
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

func (p *provider) become(retrieve func(credentials.Identity, string) (credentials.Credentials, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retrieve = retrieve
}

// anHour gives everybody credentials that say whose they are.
func anHour(who credentials.Identity, role string) (credentials.Credentials, error) {
	return credentials.Credentials{
		AccessKeyID: "ASIA-" + who.Subject + "-" + role, SecretAccessKey: "secret", SessionToken: "session", Expires: time.Now().Add(time.Hour),
	}, nil
}

func newCache(t testing.TB, opts credentials.CacheOptions) *credentials.Cache {
	t.Helper()
	cache, err := credentials.NewCache(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cache.Close() })
	return cache
}
