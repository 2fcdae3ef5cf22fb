package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

// cutSession is a session whose cookie had room for its claims only, as it comes
// back from the cookie, and as it was.
func cutSession(t *testing.T, c *cognito) (cut, whole *session.Session) {
	t.Helper()
	codec := newCodec(t, nil)
	tokens := bulk(800).tokens()
	c.good[tokens.Refresh] = time.Time{}
	whole = newSession(t, tokens)
	sealed := seal(t, codec, whole)
	opened, err := codec.Open(t.Context(), sealed.Cookie.Value)
	if err != nil || opened.Rung != session.ClaimsOnly {
		t.Fatalf("expected claims only, got %v, %v", opened.Rung, err)
	}
	return opened.Session, whole
}

func TestClaimsServeWithoutTheTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{})
		cut, _ := cutSession(t, c)
		got, changed, err := newRefresher(t, c, nil).Fresh(t.Context(), cut, session.NeedClaims)
		if err != nil || changed || got != cut || c.count() != 0 {
			t.Errorf("expected no refresh for claims, got %d, %v", c.count(), err)
		}
	})
}

func TestATokenThatTheCookieHadNoRoomForIsFetchedOnce(t *testing.T) {
	for name, need := range map[string]session.Need{"access": session.NeedAccess, "ID": session.NeedID, "both": session.NeedTokens} {
		for mode, rotate := range map[string]rotation{"off": {}, "on": {on: true}} {
			t.Run(name+", rotation "+mode, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := newCognito(rotate)
					cut, _ := cutSession(t, c)
					r := newRefresher(t, c, nil)
					got, changed, err := r.Fresh(t.Context(), cut, need)
					if err != nil || !changed || got.Access == "" || got.ID == "" {
						t.Fatalf("expected whole tokens, got %v", err)
					}
					time.Sleep(10 * time.Minute) // longer than results are shared
					// What the next cookie brings back, as little as the one before.
					next := *got
					next.Access, next.ID = "", ""
					again, changed, err := r.Fresh(t.Context(), &next, need)
					if err != nil || changed || again.Tokens != got.Tokens || c.count() != 1 {
						t.Errorf("expected the remembered tokens and no new cookie, got %d calls, %v", c.count(), err)
					}
				})
			})
		}
	}
}

func TestRememberedTokensCompleteTheirOwnSessionOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{})
		cut, whole := cutSession(t, c)
		r := newRefresher(t, c, nil)
		r.Remember(whole)
		got, changed, err := r.Fresh(t.Context(), cut, session.NeedTokens)
		if err != nil || changed || *got != *whole || c.count() != 0 {
			t.Errorf("expected the tokens of sign-in, got %d calls, %v", c.count(), err)
		}
		// Another cookie of the session: its claims are not those of the tokens.
		other := *cut
		other.AccessClaims = ourUser().claims("access")
		if got, changed, err := r.Fresh(t.Context(), &other, session.NeedTokens); err != nil || !changed || got.Tokens == whole.Tokens {
			t.Errorf("expected tokens of its own, got %v", err)
		}
	})
}

func TestAResultIsNotOlderThanTheCookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{})
		a, b := newRefresher(t, c, nil), newRefresher(t, c, nil)
		s := c.signIn(t)
		time.Sleep(61 * time.Minute)
		fresh(t, a, s)
		time.Sleep(time.Minute)
		newer := *fresh(t, b, s)
		newer.Access, newer.ID = "", "" // for want of room
		if got, _, err := a.Fresh(t.Context(), &newer, session.NeedTokens); err != nil || got.Expires.Before(newer.Expires) {
			t.Errorf("expected no tokens older than those of the cookie, got %v", err)
		}
	})
}

func TestRememberedTokensAreForgottenWhenTheyExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{})
		cut, whole := cutSession(t, c)
		r := newRefresher(t, c, nil)
		r.Remember(whole)
		r.Remember(cut) // it has none: nothing to remember, nothing to lose
		time.Sleep(62 * time.Minute)
		if got, changed, err := r.Fresh(t.Context(), cut, session.NeedTokens); err != nil || !changed || got.Tokens == whole.Tokens {
			t.Errorf("expected new tokens, got %v", err)
		}
	})
}
