package credentials

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	lru "github.com/hashicorp/golang-lru/v2"
)

// benchUsers is how many users are in the caches that are measured.
const benchUsers = 1_000

// The first benchmark of each pair is ours, the second is the floor beneath it:
//
//	go test -run '^$' -bench . -count 5 ./credentials/

func BenchmarkGetWarm(b *testing.B)       { benchmarkGet(b, nil) }
func BenchmarkGetWarmGroups(b *testing.B) { benchmarkGet(b, []string{"admins", "editors", "readers"}) }

func benchmarkGet(b *testing.B, groups []string) {
	cache, users := warm(b, groups)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := cache.Get(b.Context(), users[i%benchUsers]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetFloorLRU(b *testing.B) {
	_, users := warm(b, nil)
	entries, err := lru.New[cacheKey, *entry](DefaultCacheSize)
	if err != nil {
		b.Fatal(err)
	}
	keys := make([]cacheKey, 0, benchUsers)
	for _, user := range users {
		keys = append(keys, keyOf(&user, ""))
		entries.Add(keys[len(keys)-1], new(entry))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, ok := entries.Get(keys[i%benchUsers]); !ok {
			b.Fatal("expected a hit")
		}
	}
}

func warm(t testing.TB, groups []string) (*Cache, []Identity) {
	cache, err := NewCache(CacheOptions{Provider: ProviderFunc(func(context.Context, Identity, string) (Credentials, error) {
		return Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "secret", SessionToken: "session", Expires: time.Now().Add(12 * time.Hour)}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cache.Close() })
	users := make([]Identity, 0, benchUsers)
	for i := range benchUsers {
		user := Identity{
			Token: "token", Issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI",
			Subject: fmt.Sprintf("1d2c3b4a-0000-0000-0000-%012d", i), ClientID: "1h57kf5cpq17m0eml12example", Groups: groups,
		}
		if _, err := cache.Get(t.Context(), user); err != nil {
			t.Fatal(err)
		}
		users = append(users, user)
	}
	return cache, users
}

func BenchmarkSign(b *testing.B) {
	grant, r := benchGrant(b), benchRequest(b)
	to := Target{Service: "s3", Region: "eu-west-1"}
	b.ReportAllocs()
	for b.Loop() {
		if err := grant.Sign(b.Context(), r, to, EmptyPayload, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSignFloorSDK(b *testing.B) {
	grant, r := benchGrant(b), benchRequest(b)
	r.Header.Set("X-Amz-Content-Sha256", EmptyPayload)
	signer := v4.NewSigner()
	b.ReportAllocs()
	for b.Loop() {
		err := signer.SignHTTP(b.Context(), grant.aws(), r, EmptyPayload, "s3", "eu-west-1", time.Now(),
			func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		if err != nil {
			b.Fatal(err)
		}
	}
}

func benchGrant(b *testing.B) *Grant {
	cache, users := warm(b, nil)
	grant, err := cache.Get(b.Context(), users[0])
	if err != nil {
		b.Fatal(err)
	}
	return grant
}

func benchRequest(b *testing.B) *http.Request {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "https://bucket.s3.eu-west-1.amazonaws.com/a/b.txt", nil)
	if err != nil {
		b.Fatal(err)
	}
	return r
}
