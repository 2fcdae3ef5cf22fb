//go:build !race

package plugin

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
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

// Whatever a client sends must not be costly where nobody reads it.
func TestNothingIsWrittenBelowTheLevel(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	audit, r := newAuditLog(zap.New(core)), newRequest(http.MethodGet, "/")
	denied := func() {
		audit.denied(r, "cognito_auth", "main", nil, refusal{status: 401, reason: "missing"}, errNoToken)
	}
	if n := testing.AllocsPerRun(100, denied); n != 0 || logs.Len() != 0 {
		t.Errorf("expected no line and no allocation, got %d and %v", logs.Len(), n)
	}
}

// A request that is not traced costs next to nothing, and has no span.
func TestNoSpanWithoutTracing(t *testing.T) {
	ctx := t.Context()
	n := testing.AllocsPerRun(100, func() {
		inner, end := beginSpan(ctx, "cognito key fetch")
		if end("ok"); inner != context.Context(ctx) {
			t.Fatal("expected the same context")
		}
	})
	if n != 0 {
		t.Errorf("expected no allocation, got %v", n)
	}
}
