package plugin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// BenchmarkHandlerHit is the whole handler for a token that was verified before:
// source, verify, require, forward.
func BenchmarkHandlerHit(b *testing.B) {
	for _, n := range []int{1, 1_000, 50_000} {
		b.Run(fmt.Sprintf("tokens=%d", n), func(b *testing.B) {
			h, tokens := benchHandler(b, n)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				benchServe(b, h, tokens[i%n])
				i++
			}
		})
	}
}

// BenchmarkHandlerHitParallel is the same on all cores.
func BenchmarkHandlerHitParallel(b *testing.B) {
	h, tokens := benchHandler(b, 1_000)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			benchServe(b, h, tokens[i%len(tokens)])
		}
	})
}

// BenchmarkHandlerNothing is what making the request costs in the benchmarks
// above; their own figures are the difference.
func BenchmarkHandlerNothing(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		benchServe(b, nothing{}, "x")
	}
}

// BenchmarkForward is the setting of the default identity headers.
func BenchmarkForward(b *testing.B) {
	h, tokens := benchHandler(b, 1)
	tok, err := h.checker.check(b.Context(), tokens[0])
	if err != nil {
		b.Fatal(err)
	}
	header := make(http.Header)
	b.ReportAllocs()
	for b.Loop() {
		setIdentity(header, h.headers, tok)
	}
}

// BenchmarkStrip is the removal of clients' identity headers from a browser's
// request.
func BenchmarkStrip(b *testing.B) {
	h, _ := benchHandler(b, 1)
	header := bearer("x").Header
	for _, name := range []string{"Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Cookie", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "User-Agent"} {
		header.Set(name, "x")
	}
	b.ReportAllocs()
	for b.Loop() {
		h.checker.app.protected.strip(header)
	}
}

func benchHandler(b *testing.B, n int) (*Auth, []string) {
	b.Helper()
	h := newAuth(b, `{"pool": ["main"], "require": [{"kind": "group", "values": ["admins"]}]}`)
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i] = accessToken(b, func(c map[string]any) { c["sub"] = fmt.Sprintf("5f0c2f6e-7c1d-4b5a-9d7e-%012d", i) })
		benchServe(b, h, tokens[i])
	}
	return h, tokens
}

var benchNext = caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })

func benchServe(b *testing.B, h caddyhttp.MiddlewareHandler, raw string) {
	if err := h.ServeHTTP(httptest.NewRecorder(), bearer(raw), benchNext); err != nil {
		b.Fatal(err)
	}
}

type nothing struct{}

func (nothing) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return next.ServeHTTP(w, r)
}
