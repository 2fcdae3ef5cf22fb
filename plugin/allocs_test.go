//go:build !race

package plugin

import (
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// TestHandlerAllocations holds a promise of the README: the handler's own
// allocations for a token that was verified before, without those of making the
// request. The race detector allocates itself, so it is left out.
func TestHandlerAllocations(t *testing.T) {
	h, raw := newAuth(t, `{"pool":["main"],"require":[{"kind":"group","values":["admins"]}]}`), accessToken(t, nil)
	run := func(h caddyhttp.MiddlewareHandler) float64 {
		return testing.AllocsPerRun(100, func() {
			if err := h.ServeHTTP(httptest.NewRecorder(), bearer(raw), benchNext); err != nil {
				t.Fatal(err)
			}
		})
	}
	if own := run(h) - run(nothing{}); own > 20 {
		t.Errorf("expected at most 20 allocations, got %v", own)
	}
}
