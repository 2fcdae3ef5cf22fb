package verifier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// fetcher gets one key set document over HTTP.
type fetcher struct {
	url     string
	client  *http.Client
	timeout time.Duration
}

func newFetcher(rawURL string, transport http.RoundTripper, timeout time.Duration) (*fetcher, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, fmt.Errorf("key set: expected an http or https URL, got %q", rawURL)
	}
	if transport == nil {
		transport = newTransport(timeout)
	}
	client := &http.Client{Transport: transport, CheckRedirect: sameHost}
	return &fetcher{rawURL, client, timeout}, nil
}

// newTransport bounds dialing and the TLS handshake by itself: net/http lets both
// go on when the request that wanted them has ended, and an endpoint that accepts
// connections and stays silent would collect a goroutine for every attempt.
func newTransport(timeout time.Duration) http.RoundTripper {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute,
		DialContext: (&net.Dialer{Timeout: timeout}).DialContext, TLSHandshakeTimeout: timeout,
	}
}

// statusError is an answer that is not 200 OK.
type statusError struct {
	url    string
	status int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("key set %s: expected status 200, got %d", e.url, e.status)
}

// sameHost refuses redirects that leave the issuer's host or its protection:
// whoever controls a redirect (an open one, a captive portal) would otherwise
// supply the keys.
func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) > 3 {
		return errors.New("too many redirects")
	}
	if first := via[0].URL; req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
		return fmt.Errorf("redirect to another host refused: %s", req.URL.Host)
	}
	return nil
}

// fetched is a healthy answer.
type fetched struct {
	keys   []*Key
	body   []byte
	maxAge time.Duration // 0: not given
}

// fetch ends within the timeout, reads a bounded body and never quotes it in an
// error.
func (f *fetcher) fetch(ctx context.Context) (fetched, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return fetched{}, err
	}
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	resp, err := f.client.Do(req)
	if err != nil {
		return fetched{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fetched{}, &statusError{f.url, resp.StatusCode}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySetSize+1))
	if err != nil {
		return fetched{}, fmt.Errorf("key set %s: reading the answer, %w", f.url, err)
	}
	keys, err := ParseKeySet(body)
	if err != nil {
		return fetched{}, fmt.Errorf("key set %s: %w", f.url, err)
	}
	return fetched{keys, body, maxAge(resp.Header)}, nil
}

func maxAge(h http.Header) time.Duration {
	for directive := range strings.SplitSeq(h.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if !strings.EqualFold(name, "max-age") {
			continue
		}
		if seconds, err := strconv.ParseInt(value, 10, 32); err == nil && seconds > 0 {
			return time.Duration(seconds) * time.Second
		}
	}
	return 0
}

func (f *fetcher) close() { f.client.CloseIdleConnections() }
