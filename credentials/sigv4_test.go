package credentials_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

// signatureOf is what the SDK makes of the X-Amz headers of a request.
func signatureOf(t testing.TB, sent *http.Request, to credentials.Target, hash, session string) string {
	t.Helper()
	r := sent.Clone(t.Context())
	r.ContentLength, r.Header = 0, make(http.Header)
	for name, values := range sent.Header {
		if strings.HasPrefix(name, "X-Amz-") && name != "X-Amz-Date" && name != "X-Amz-Security-Token" {
			r.Header[name] = values
		}
	}
	at, err := time.Parse("20060102T150405Z", sent.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	creds := aws.Credentials{AccessKeyID: "ASIA-sub-jo-", SecretAccessKey: "secret", SessionToken: session}
	err = v4.NewSigner().SignHTTP(t.Context(), creds, r, hash, to.Service, to.Region, at,
		func(o *v4.SignerOptions) { o.DisableURIPathEscaping = to.Service == "s3" })
	if err != nil {
		t.Fatal(err)
	}
	return r.Header.Get("Authorization")
}

// wireSignature computes the signature for S3 from what arrived alone, as a store
// does, without the SDK.
func wireSignature(r *http.Request) string {
	authorization := r.Header.Get("Authorization")
	between := func(from, to string) string {
		_, after, _ := strings.Cut(authorization, from)
		before, _, _ := strings.Cut(after, to)
		return before
	}
	scope, names := between("Credential=", ","), between("SignedHeaders=", ",")
	_, scope, _ = strings.Cut(scope, "/")
	path, query, _ := strings.Cut(r.RequestURI, "?")
	pairs := strings.Split(query, "&")
	slices.Sort(pairs)
	lines := []string{r.Method, path, strings.Join(pairs, "&")}
	for name := range strings.SplitSeq(names, ";") {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		lines = append(lines, name+":"+value)
	}
	lines = append(lines, "", names, r.Header.Get("X-Amz-Content-Sha256"))
	canonical := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), scope, hex.EncodeToString(canonical[:])}, "\n")
	key := []byte("AWS4secret")
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, toSign))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func TestWhatArrivesIsWhatWasSigned(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("Authorization"), "Signature="+wireSignature(r)) {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for _, row := range []struct{ name, target, host, method, body string }{
		{"a plain path", "/a/b.txt", "", "GET", ""},
		{"no path", "", "", "GET", ""},
		{"a space, a plus, parentheses", "/a%20b+(c)@'!*~", "", "GET", ""},
		{"lower-case escapes and an encoded slash", "/%c3%a9%2fx", "", "GET", ""},
		{"two slashes", "//a//b", "", "GET", ""},
		{"a percent sign", "/100%25", "", "GET", ""},
		{"a query in no order", "/a?versionId=1&b=%20+x&a", "", "GET", ""},
		{"a question mark", "/a?", "", "GET", ""},
		{"another host", "/a", "bucket.example.com", "GET", ""},
		{"a default port", "/a", "bucket.example.com:80", "GET", ""},
		{"a default port of IPv6", "/a", "[::1]:80", "GET", ""},
		{"the default port of another scheme", "/a", "bucket.example.com:443", "GET", ""},
		{"an upload", "/a", "", "PUT", "hello"},
		{"headers of our own", "/a", "", "HEAD", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, checksum := range []bool{false, true} {
				w := newWorld(t, inS3, nil, func(o *credentials.SenderOptions) { o.Base, o.Checksum = transport, checksum })
				r := request(t, row.method, server.URL+row.target, row.body)
				if row.host != "" {
					r.Host = row.host
				}
				r.Header.Set("X-Amz-Meta-Name", "ab")
				r.Header["X-Amz-Meta-List"] = []string{"a", "b"}
				if answer := w.fine(t, r); answer.StatusCode != 200 {
					t.Errorf("checksum %v: the signature does not match", checksum)
				}
			}
		})
	}
}

func TestPresign(t *testing.T) {
	grant := get(t, newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: anHour}}), "jo")
	at := grant.Expires.Add(-time.Hour)
	for _, row := range []struct {
		name, target string
		to           credentials.Target
		lifetime     time.Duration
		left         time.Duration // of the credentials
		wantPrefix   string
		wantExpires  string
		refused      error
	}{
		{"a minute", object, inS3, time.Minute, time.Hour, object + "?", "60", nil},
		{"a path in normal form", "https://b.example.com/(a)%2fb", inS3, time.Minute, time.Hour, "https://b.example.com/%28a%29/b?", "60", nil},
		{"the path of another service stays", "https://b.example.com/(a)", inDynamo, time.Minute, time.Hour, "https://b.example.com/(a)?", "60", nil},
		{"no default port, user or fragment", "https://user:password@b.example.com:443/a#f", inS3, time.Minute, time.Hour, "https://b.example.com/a?", "60", nil},
		{"no longer than the credentials", object, inS3, 2 * time.Hour, time.Minute, object + "?", "60", nil},
		{"never longer than a week", object, inS3, 1000 * time.Hour, 1000 * time.Hour, object + "?", "604800", nil},
		{"credentials that just last", object, inS3, time.Minute, 30 * time.Second, object + "?", "30", nil},
		{"credentials that expire soon", object, inS3, time.Second, 30*time.Second - 1, "", "", credentials.ErrExpiring},
		{"a query that some read differently", "https://b.example.com/a?a;b", inS3, time.Minute, time.Hour, "", "", credentials.ErrQuery},
		{"dot segments", "https://b.example.com/a/..", inS3, time.Minute, time.Hour, "", "", credentials.ErrPath},
	} {
		t.Run(row.name, func(t *testing.T) {
			u, err := url.Parse(row.target)
			if err != nil {
				t.Fatal(err)
			}
			before := *u
			signed, err := grant.Presign(t.Context(), "GET", u, row.to, row.lifetime, at.Add(time.Hour-row.left))
			if !errors.Is(err, row.refused) || !strings.HasPrefix(signed, row.wantPrefix) {
				t.Fatalf("expected %s…, %v, got %s, %v", row.wantPrefix, row.refused, signed, err)
			}
			if *u != before {
				t.Error("the URL was changed")
			}
			if err != nil {
				return
			}
			got, err := url.Parse(signed)
			if err != nil {
				t.Fatal(err)
			}
			q := got.Query()
			if q.Get("X-Amz-Expires") != row.wantExpires || q.Get("X-Amz-Security-Token") != "session" || q.Get("X-Amz-Signature") == "" || q.Get("X-Amz-SignedHeaders") != "host" {
				t.Errorf("unexpected query %v", q)
			}
		})
	}
	if _, err := grant.Presign(t.Context(), "GET", &url.URL{Scheme: "https", Host: "b", Path: "/"}, inS3, 0, at); err == nil {
		t.Error("expected no lifetime to be refused")
	}
}

// TestAPresignedURLCarriesTheSignatureOfItsQuery computes it as a store does.
func TestAPresignedURLCarriesTheSignatureOfItsQuery(t *testing.T) {
	grant := get(t, newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: anHour}}), "jo")
	u := &url.URL{Scheme: "https", Host: "b.example.com", Path: "/a b(c)", RawQuery: "versionId=1"}
	signed, err := grant.Presign(t.Context(), "GET", u, inS3, time.Minute, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	got, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	query, signature, _ := strings.Cut(got.RawQuery, "&X-Amz-Signature=")
	_, scope, _ := strings.Cut(got.Query().Get("X-Amz-Credential"), "/")
	canonical := sha256.Sum256([]byte(strings.Join([]string{"GET", got.EscapedPath(), query, "host:b.example.com", "", "host", "UNSIGNED-PAYLOAD"}, "\n")))
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", got.Query().Get("X-Amz-Date"), scope, hex.EncodeToString(canonical[:])}, "\n")
	key := []byte("AWS4secret")
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	if want := hex.EncodeToString(mac(key, toSign)); signature != want || got.EscapedPath() != "/a%20b%28c%29" {
		t.Errorf("expected %s, got %s", want, signature)
	}
}
