package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

const object = "https://bucket.s3.eu-west-1.amazonaws.com/a/b.txt"

func TestSendSignsACopy(t *testing.T) {
	w := newWorld(t, inS3, always(200, "fine"))
	r := request(t, "GET", "https://bucket.s3.eu-west-1.amazonaws.com:443/(a)%2fb.txt?versionId=1", "")
	r.RequestURI, r.Trailer = "/(a)", http.Header{"X": nil}
	r.Header.Set("Authorization", "Bearer of the client")
	r.Header.Set("Range", "bytes=0-9")
	before, url := maps.Clone(r.Header), *r.URL
	if answer := w.fine(t, r); text(t, answer) != "fine" {
		t.Error("expected the answer of the store")
	}
	if !reflect.DeepEqual(r.Header, before) || *r.URL != url || r.Host != "bucket.s3.eu-west-1.amazonaws.com:443" {
		t.Errorf("the request was changed: %v %v", r.URL, r.Header)
	}
	sent := w.store.requests[0]
	if sent.Host != "bucket.s3.eu-west-1.amazonaws.com" || sent.URL.EscapedPath() != "/%28a%29/b.txt" || sent.Trailer != nil || sent.RequestURI != "" {
		t.Errorf("unexpected %s %s %v", sent.Host, sent.URL.EscapedPath(), sent.Trailer)
	}
	if got := sent.Header.Get("Authorization"); !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential=ASIA-sub-jo-/") {
		t.Errorf("expected jo's signature, got %q", got)
	}
	if sent.Header.Get("X-Amz-Content-Sha256") != credentials.EmptyPayload || sent.Header.Get("Range") == "" {
		t.Errorf("unexpected headers %v", sent.Header)
	}
}

// TestEachRequestCarriesTheSignatureOfItsUser has many users send at once while
// credentials are rejected, expire and are pushed out of the cache.
func TestEachRequestCarriesTheSignatureOfItsUser(t *testing.T) {
	w := newWorld(t, inS3, nil)
	var sent atomic.Int64
	base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		got, want := r.Header.Get("Authorization"), r.Header.Get("X-Amz-Meta-User")
		if !strings.Contains(got, "Credential=ASIA-sub-"+want+"-/") || r.Header.Get("X-Amz-Security-Token") != "session-of-sub-"+want {
			t.Errorf("expected the signature of %s, got %s", want, got)
		}
		if sent.Add(1)%7 == 0 {
			return says(403, s3Error("ExpiredToken")), nil
		}
		return says(200, ""), nil
	})
	cache := newCache(t, credentials.CacheOptions{Size: 5, Provider: &provider{retrieve: func(who credentials.Identity, role string) (credentials.Credentials, error) {
		creds, err := anHour(who, role)
		creds.SessionToken = "session-of-" + who.Subject
		return creds, err
	}}})
	var err error
	if w.Sender, err = credentials.NewSender(credentials.SenderOptions{Base: base, Cache: cache, Target: inS3}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 200 {
				name := fmt.Sprint((worker*31 + i) % 20)
				r := request(t, "GET", object, "")
				r.Header.Set("X-Amz-Meta-User", name)
				if _, err := w.Send(r, user(name)); err != nil && credentials.Reason(err) != "misconfigured" {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestRequestsThatAreNotSigned(t *testing.T) {
	unknown := func(r *http.Request) { r.ContentLength = -1 }
	broken := func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(errBroken)) }
	for _, row := range []struct {
		name   string
		to     credentials.Target
		path   string
		body   string
		change func(*http.Request)
		want   error
		reason string
		asked  int // exchanges
	}{
		{"dot segments", inS3, "/a/../b", "x", nil, credentials.ErrPath, "path", 0},
		{"encoded dot segments", inS3, "/a/%2e%2e%2fb", "x", nil, credentials.ErrPath, "path", 0},
		{"dot segments elsewhere", inDynamo, "/a/%2e%2e/b", "x", nil, credentials.ErrPath, "path", 0},
		{"a path that is none", inS3, "/", "x", func(r *http.Request) { r.URL.Path = "*" }, credentials.ErrPath, "path", 0},
		{"an opaque URL", inS3, "/", "x", func(r *http.Request) { r.URL.Opaque = "//other/a" }, credentials.ErrPath, "path", 0},
		{"a query with an escape that is none", inS3, "/a?q=100%&x=1", "x", nil, credentials.ErrQuery, "query", 0},
		{"a query with a semicolon elsewhere", inDynamo, "/a?a=1;b=2", "x", nil, credentials.ErrQuery, "query", 0},
		{"a body of unknown length for S3", inS3, "/a", "x", unknown, credentials.ErrLengthRequired, "length_required", 0},
		{"a body that is announced as too large is not even read", inDynamo, "/", strings.Repeat("x", 17), broken, credentials.ErrBodyTooLarge, "too_large", 0},
		{"a body that turns out too large", inDynamo, "/", strings.Repeat("x", 17), unknown, credentials.ErrBodyTooLarge, "too_large", 1},
		{"a body that cannot be read", inDynamo, "/", "x", broken, errBroken, "other", 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, row.to, always(200, ""), func(o *credentials.SenderOptions) { o.MaxBody = 16 })
			r := request(t, "PUT", "https://example.com"+row.path, row.body)
			if row.change != nil {
				row.change(r)
			}
			var closed atomic.Bool
			r.Body = &closing{r.Body, func() { closed.Store(true) }}
			_, err := w.Send(r, user("jo"))
			if !errors.Is(err, row.want) || credentials.Reason(err) != row.reason {
				t.Errorf("expected %v, got %v (%s)", row.want, err, credentials.Reason(err))
			}
			if w.store.count() != 0 || w.provider.count() != row.asked || !closed.Load() {
				t.Errorf("expected nothing sent, %d exchanges and the body closed, got %d requests, %d exchanges, %v", row.asked, w.store.count(), w.provider.count(), closed.Load())
			}
		})
	}
}

var errBroken = errors.New("broken")

func TestAUserWithoutCredentialsSendsNothing(t *testing.T) {
	w := newWorld(t, inS3, always(200, ""))
	w.provider.become(func(credentials.Identity, string) (credentials.Credentials, error) {
		return credentials.Credentials{}, credentials.ErrDenied
	})
	r, closed := request(t, "PUT", object, "x"), false
	r.Body = &closing{r.Body, func() { closed = true }}
	if _, err := w.Send(r, user("jo")); !errors.Is(err, credentials.ErrDenied) || !closed || w.store.count() != 0 {
		t.Errorf("expected ErrDenied, got %v, %d requests", err, w.store.count())
	}
}

func TestPayloads(t *testing.T) {
	const hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	for _, row := range []struct {
		name, body string
		to         credentials.Target
		length     int64 // announced
		wantHash   string
		wantLength int64
	}{
		{"no body", "", inS3, 0, credentials.EmptyPayload, 0},
		{"a body of length 0 is none", "hello", inS3, 0, credentials.EmptyPayload, 0},
		{"a body for S3 is streamed", "hello", inS3, 5, credentials.UnsignedPayload, 5},
		{"a body for others is hashed", "hello", inDynamo, 5, hello, 5},
		{"a body for others gets a length", "hello", inDynamo, -1, hello, 5},
		{"a body for others that turns out empty", "", inDynamo, -1, credentials.EmptyPayload, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, row.to, always(200, ""))
			r := request(t, "PUT", object, "")
			r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(strings.NewReader(row.body)), row.length, []string{"chunked"}
			w.fine(t, r)
			sent, body := w.store.requests[0], w.store.bodies[0]
			if int64(len(body)) != row.wantLength || sent.ContentLength != row.wantLength || sent.TransferEncoding != nil {
				t.Errorf("expected a body of %d, got %d of length %d", row.wantLength, len(body), sent.ContentLength)
			}
			if got := sent.Header.Get("X-Amz-Content-Sha256"); row.to == inS3 && got != row.wantHash || row.to != inS3 && got != "" {
				t.Errorf("unexpected hash header %q", got)
			}
			sent.Body, sent.GetBody = nil, nil
			if want := signatureOf(t, sent, row.to, row.wantHash, "session-1"); sent.Header.Get("Authorization") != want {
				t.Errorf("expected a signature over %s", row.wantHash)
			}
		})
	}
}

func TestABufferedBodyCanBeReadAgain(t *testing.T) {
	w := newWorld(t, inDynamo, always(200, ""))
	w.fine(t, request(t, "POST", "https://dynamodb.eu-west-1.amazonaws.com/", "hello"))
	again, err := w.store.requests[0].GetBody()
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(again); string(b) != "hello" {
		t.Errorf("expected the body, got %q", b)
	}
	w = newWorld(t, inS3, always(200, ""))
	r := request(t, "PUT", object, "hello")
	r.GetBody = func() (io.ReadCloser, error) { return nil, nil }
	if w.fine(t, r); w.store.requests[0].GetBody != nil {
		t.Error("expected a stream to be sent once only")
	}
}

func TestAnErrorOfTheTransportIsReturnedAsItIs(t *testing.T) {
	w := newWorld(t, inS3, nil, func(o *credentials.SenderOptions) {
		o.Base = roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, context.Canceled })
	})
	if _, err := w.Send(request(t, "GET", object, ""), user("jo")); err != context.Canceled {
		t.Errorf("expected the transport's error, got %v", err)
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSenderOptionsThatMakeNoSense(t *testing.T) {
	good := credentials.SenderOptions{Base: &store{}, Cache: newCache(t, credentials.CacheOptions{Provider: &provider{}}), Target: inS3}
	if _, err := credentials.NewSender(good); err != nil {
		t.Error(err)
	}
	for _, row := range []struct {
		want  string
		spoil func(*credentials.SenderOptions)
	}{
		{"base: required", func(o *credentials.SenderOptions) { o.Base = nil }},
		{"cache: required", func(o *credentials.SenderOptions) { o.Cache = nil }},
		{"service: required", func(o *credentials.SenderOptions) { o.Target.Service = "" }},
		{"region: required", func(o *credentials.SenderOptions) { o.Target.Region = "" }},
		{"max_body: expected a size, got a negative one", func(o *credentials.SenderOptions) { o.MaxBody = -1 }},
	} {
		opts := good
		row.spoil(&opts)
		if _, err := credentials.NewSender(opts); fmt.Sprint(err) != row.want {
			t.Errorf("expected %q, got %v", row.want, err)
		}
	}
}
