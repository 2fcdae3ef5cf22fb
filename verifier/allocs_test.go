//go:build !race

package verifier_test

import (
	"context"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// TestHitAllocations holds a promise of the README. The race detector allocates
// itself, so it is left out.
func TestHitAllocations(t *testing.T) {
	v := newVerifier(t, verifier.Options{})
	raw := newSigner(t, "k1").Sign(benchToken(1, farFuture))
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := v.Verify(context.Background(), raw); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 2 {
		t.Errorf("expected at most 2 allocations for a token that was verified before, got %v", allocs)
	}
}
