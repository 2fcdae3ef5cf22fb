package session_test

import (
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

// TestARepeatedCookieAllocatesNothing holds the hot path: open, freshness, deny
// list, touch.
func TestARepeatedCookieAllocatesNothing(t *testing.T) {
	codec := newCodec(t, nil)
	value := seal(t, codec, newSession(t, ourUser().tokens())).Cookie.Value
	list := newDenyList(t, newStorage(), nil)
	_ = list.DenySession(t.Context(), "other", time.Now().Add(time.Hour))
	r := newRefresher(t, newCognito(rotation{}), nil)
	allocs := testing.AllocsPerRun(1000, func() {
		opened, err := codec.Open(t.Context(), value)
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := r.Fresh(t.Context(), opened.Session, session.NeedTokens)
		if err != nil || list.Denied(s.OriginJTI, s.Subject, s.Created) {
			t.Fatal(err)
		}
		if _, touched := codec.Touch(s); touched {
			t.Fatal("expected no new cookie")
		}
	})
	if allocs > 0 {
		t.Errorf("expected no allocations, got %v", allocs)
	}
}
