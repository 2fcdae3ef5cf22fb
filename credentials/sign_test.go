package credentials_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

var signedAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestSignSignsHostAndAmzHeadersOnly(t *testing.T) {
	grant := get(t, newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: anHour}}), "jo")
	r := newSigned(t, "https://bucket.s3.eu-west-1.amazonaws.com/a/b.txt?versionId=1")
	r.Header = http.Header{
		"X-Forwarded-For": {"192.0.2.1"}, "Range": {"bytes=0-9"}, "User-Agent": {"x"}, "X-Amz-Meta-Name": {"n"},
		"Authorization": {"Bearer of the client"}, "X-Amz-Security-Token": {"of the client"},
	}
	sign(t, grant, r, "s3", credentials.EmptyPayload)
	authorization := r.Header.Get("Authorization")
	if !strings.Contains(authorization, "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-name;x-amz-security-token,") {
		t.Errorf("unexpected signed headers in %s", authorization)
	}
	if r.Header.Get("X-Amz-Security-Token") != "session" || r.Header.Get("X-Forwarded-For") != "192.0.2.1" {
		t.Errorf("unexpected headers %v", r.Header)
	}
}

// TestSignEqualsTheSDK signs the same minimal request both ways.
func TestSignEqualsTheSDK(t *testing.T) {
	for _, service := range []string{"s3", "dynamodb"} {
		grant := get(t, newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: anHour}}), "jo")
		ours := newSigned(t, "https://example.amazonaws.com/a%20b/c")
		sign(t, grant, ours, service, credentials.EmptyPayload)
		theirs := newSigned(t, "https://example.amazonaws.com/a%20b/c")
		if service == "s3" {
			theirs.Header.Set("X-Amz-Content-Sha256", credentials.EmptyPayload)
		}
		creds := aws.Credentials{AccessKeyID: grant.AccessKeyID, SecretAccessKey: "secret", SessionToken: "session"}
		err := v4.NewSigner().SignHTTP(t.Context(), creds, theirs, credentials.EmptyPayload, service, "eu-west-1", signedAt,
			func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
		if err != nil {
			t.Fatal(err)
		}
		if got, want := ours.Header.Get("Authorization"), theirs.Header.Get("Authorization"); got != want {
			t.Errorf("%s: expected %s, got %s", service, want, got)
		}
	}
}

// TestAGrantMadeByHandSigns as one from a cache does.
func TestAGrantMadeByHandSigns(t *testing.T) {
	cached := get(t, newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: anHour}}), "jo")
	own := &credentials.Grant{Credentials: cached.Credentials}
	var signed, presigned []string
	now := time.Now()
	for _, grant := range []*credentials.Grant{cached, own} {
		r := newSigned(t, "https://example.amazonaws.com/a")
		sign(t, grant, r, "s3", credentials.EmptyPayload)
		signed = append(signed, r.Header.Get("Authorization"))
		link, err := grant.Presign(t.Context(), http.MethodGet, r.URL, inS3, time.Minute, now)
		if err != nil {
			t.Fatal(err)
		}
		presigned = append(presigned, link)
	}
	if signed[0] != signed[1] || presigned[0] != presigned[1] {
		t.Errorf("expected the signatures of %s %s, got %s %s", signed[0], presigned[0], signed[1], presigned[1])
	}
}

// TestASignatureHoldsNothingOfAnother signs in turn, since what is signed is
// gathered in memory that is used again.
func TestASignatureHoldsNothingOfAnother(t *testing.T) {
	cache := newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: func(who credentials.Identity, role string) (credentials.Credentials, error) {
		creds, err := anHour(who, role)
		if creds.SessionToken = "session-of-" + who.Username; who.Username == "li" {
			creds.SessionToken = ""
		}
		return creds, err
	}}})
	for range 100 {
		for _, row := range []struct{ name, service, header, token, signed string }{
			{"jo", "s3", "X-Amz-Meta-Secret", "session-of-jo", "host;x-amz-content-sha256;x-amz-date;x-amz-meta-secret;x-amz-security-token,"},
			{"li", "dynamodb", "X-Amz-Target", "", "host;x-amz-date;x-amz-target,"},
			{"maria", "s3", "Range", "session-of-maria", "host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"},
		} {
			r := newSigned(t, "https://example.amazonaws.com/a")
			r.Header = http.Header{row.header: {"x"}, "X-Amz-Security-Token": {"of the client"}, "X-Amz-Content-Sha256": {"of the client"}}
			sign(t, get(t, cache, row.name), r, row.service, credentials.EmptyPayload)
			if got := r.Header.Get("Authorization"); !strings.Contains(got, "SignedHeaders="+row.signed) {
				t.Fatalf("%s: expected %s in %s", row.name, row.signed, got)
			}
			if got := r.Header.Get("X-Amz-Security-Token"); got != row.token || r.Header.Get("X-Amz-Content-Sha256") == "of the client" {
				t.Fatalf("%s: unexpected headers %v", row.name, r.Header)
			}
		}
	}
}

// The SDK's signer finds the key that it derived by the access key ID alone
// (aws-sdk-go-v2#3350).
func TestUsersWithOneAccessKeyIDHaveSignaturesOfTheirOwn(t *testing.T) {
	cache := newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: func(who credentials.Identity, role string) (credentials.Credentials, error) {
		creds, err := anHour(who, role)
		creds.AccessKeyID, creds.SecretAccessKey, creds.SessionToken = "ASIAEXAMPLE", "secret-of-"+who.Username, ""
		return creds, err
	}}})
	signatures := make(map[string]string)
	for _, name := range []string{"jo", "maria", "jo"} {
		r := newSigned(t, "https://example.amazonaws.com/a")
		sign(t, get(t, cache, name), r, "s3", credentials.EmptyPayload)
		if before, ok := signatures[r.Header.Get("Authorization")]; ok && before != name {
			t.Errorf("expected a signature of their own for %s, got that of %s", name, before)
		}
		signatures[r.Header.Get("Authorization")] = name
	}
	if len(signatures) != 2 {
		t.Errorf("expected two signatures, got %d", len(signatures))
	}
}

func newSigned(t *testing.T, target string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sign(t *testing.T, grant *credentials.Grant, r *http.Request, service, hash string) {
	t.Helper()
	if err := grant.Sign(context.Background(), r, credentials.Target{Service: service, Region: "eu-west-1"}, hash, signedAt); err != nil {
		t.Fatal(err)
	}
}

func TestNormalizePath(t *testing.T) {
	for _, row := range []struct {
		name, path, want string
		refused          bool
	}{
		{name: "a plain path", path: "/a/b-c_d.e~f", want: "/a/b-c_d.e~f"},
		{name: "a space", path: "/a%20b", want: "/a%20b"},
		{name: "a plus is a plus", path: "/a+b", want: "/a%2Bb"},
		{name: "parentheses and an at sign", path: "/(a)@b", want: "/%28a%29%40b"},
		{name: "lower-case escapes", path: "/%c3%a9", want: "/%C3%A9"},
		{name: "an escape that was not needed", path: "/%61", want: "/a"},
		{name: "an encoded slash", path: "/a%2Fb", want: "/a/b"},
		{name: "a double slash stays", path: "/a//b", want: "/a//b"},
		{name: "the colon of an identity", path: "/eu-west-1:1/x", want: "/eu-west-1%3A1/x"},
		{name: "an encoded percent sign", path: "/100%25", want: "/100%25"},
		{name: "dot segments", path: "/a/../b", refused: true},
		{name: "encoded dot segments", path: "/a/%2e%2e/b", refused: true},
		{name: "dot segments behind an encoded slash", path: "/a%2f..%2fb", refused: true},
		{name: "a single dot", path: "/./a", refused: true},
		{name: "dots at the end", path: "/a/..", refused: true},
		{name: "an escape that is none", path: "/%zz", refused: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, ok := credentials.NormalizePath(row.path)
			if got != row.want || ok == row.refused {
				t.Errorf("expected %q, %v, got %q, %v", row.want, !row.refused, got, ok)
			}
			if ok {
				if again, _ := credentials.NormalizePath(got); again != got {
					t.Errorf("expected the normal form to be stable, got %q", again)
				}
				if decoded, err := url.PathUnescape(got); err != nil || decoded == "" {
					t.Errorf("expected a path, got %q", decoded)
				}
			}
		})
	}
}

func TestRoles(t *testing.T) {
	groups := []credentials.GroupRole{{Group: "admins", Role: "arn:admins"}, {Group: "editors", Role: "arn:editors"}}
	for _, row := range []struct {
		name  string
		roles credentials.Roles
		who   credentials.Identity
		want  string
		none  bool
	}{
		{"nothing configured leaves it to the provider", credentials.Roles{}, credentials.Identity{PreferredRole: "arn:p", Groups: []string{"admins"}}, "", false},
		{"the first group decides", credentials.Roles{Groups: groups}, credentials.Identity{Groups: []string{"editors", "admins"}}, "arn:admins", false},
		{"groups before the preferred role", credentials.Roles{Groups: groups, Preferred: true}, credentials.Identity{Groups: []string{"editors"}, PreferredRole: "arn:p"}, "arn:editors", false},
		{"the preferred role before the default", credentials.Roles{Preferred: true, Default: "arn:d"}, credentials.Identity{PreferredRole: "arn:p"}, "arn:p", false},
		{"the default", credentials.Roles{Groups: groups, Preferred: true, Default: "arn:d"}, credentials.Identity{}, "arn:d", false},
		{"in no group and no default", credentials.Roles{Groups: groups}, credentials.Identity{Groups: []string{"others"}}, "", true},
		{"a preferred role that is not asked for", credentials.Roles{Groups: groups}, credentials.Identity{PreferredRole: "arn:p"}, "", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, ok := row.roles.For(row.who); got != row.want || ok == row.none {
				t.Errorf("expected %q, %v, got %q, %v", row.want, !row.none, got, ok)
			}
		})
	}
}
