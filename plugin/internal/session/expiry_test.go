package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

// TestNobodyGoesOnWithTokensThatExpireDuringTheWait for new ones.
func TestNobodyGoesOnWithTokensThatExpireDuringTheWait(t *testing.T) {
	for _, rest := range []time.Duration{3 * time.Second, time.Second, 100 * time.Millisecond, time.Millisecond, 0} {
		synctest.Test(t, func(t *testing.T) {
			c := newCognito(rotation{})
			c.delay = 5 * time.Second
			r := newRefresher(t, c, nil)
			s := c.signIn(t)
			time.Sleep(time.Until(s.Expires) - rest)
			if got := fresh(t, r, s); !time.Now().Before(got.Expires) {
				t.Errorf("%v ahead of the expiry: expected tokens that are good, got some that expired", rest)
			}
			time.Sleep(c.delay)
		})
	}
}

// TestARefusalIsForAll, not only for the request that chance let ask.
func TestARefusalIsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{})
		r := newRefresher(t, c, nil)
		s := c.signIn(t)
		c.revoke()
		time.Sleep(55 * time.Minute)
		for range 1000 { // until one asks
			if _, _, err := r.Fresh(t.Context(), s, session.NeedClaims); err != nil {
				break
			}
		}
		for range 50 {
			expectEnded(t, r, s, session.ErrRefused)
		}
		if c.count() != 1 {
			t.Errorf("expected one call to Cognito, got %d", c.count())
		}
	})
}
