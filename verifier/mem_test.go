//go:build !race

package verifier_test

import (
	"runtime"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// TestCacheMemory holds a promise of the README, in bytes that stay alive for
// each remembered token.
func TestCacheMemory(t *testing.T) {
	const tokens = 2_000
	v := newVerifier(t, verifier.Options{})
	signer := newSigner(t, "k1")
	live := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	for i := range tokens {
		if _, err := v.Verify(t.Context(), signer.Sign(benchToken(i, farFuture))); err != nil {
			t.Fatal(err)
		}
	}
	perToken := (live() - before) / tokens
	if perToken > 1_000 {
		t.Errorf("expected at most 1000 bytes for each token, got %d", perToken)
	}
	runtime.KeepAlive(v)
}
