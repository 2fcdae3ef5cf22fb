package session_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

func newRefresher(t testing.TB, c *cognito, change func(*session.RefresherOptions)) *session.Refresher {
	t.Helper()
	opts := session.RefresherOptions{Refresh: c.refresh}
	if change != nil {
		change(&opts)
	}
	r, err := session.NewRefresher(opts)
	if err != nil {
		t.Fatal(err)
	}
	r.Start()
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func fresh(t testing.TB, r *session.Refresher, s *session.Session) *session.Session {
	t.Helper()
	got, changed, err := r.Fresh(t.Context(), s, session.NeedTokens)
	if err != nil {
		t.Fatal(err)
	}
	if changed != (got.AccessClaims != s.AccessClaims) {
		t.Fatalf("expected to be told of new tokens, got %v", changed)
	}
	return got
}

func TestTokensAreRefreshedAheadAndOthersPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{})
		c.delay = time.Second
		r := newRefresher(t, c, nil)
		s := c.signIn(t)
		time.Sleep(53 * time.Minute)
		if fresh(t, r, s) != s || c.count() != 0 {
			t.Error("expected no refresh before the last tenth")
		}
		time.Sleep(6 * time.Minute) // now chance is certain
		began := time.Now()
		go func() {
			time.Sleep(500 * time.Millisecond)
			if fresh(t, r, s) != s || time.Since(began) != 500*time.Millisecond {
				t.Error("expected a request during the refresh to pass with the old tokens")
			}
		}()
		next := fresh(t, r, s)
		if next == s || time.Since(began) != time.Second {
			t.Errorf("expected the request that begins the refresh to wait for it, took %v", time.Since(began))
		}
		if late := fresh(t, r, s); late != next || c.count() != 1 {
			t.Errorf("expected a late request with the old cookie to share the tokens, %d calls", c.count())
		}
		if fresh(t, r, next) != next {
			t.Error("expected the new tokens to be good")
		}
	})
}

// TestChanceChoosesTheRequest checks the odds: none at first, growing, certain at
// the end, and different from request to request.
func TestChanceChoosesTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{})
		c.delay = 0
		began := make(map[time.Duration]int)
		r := newRefresher(t, c, nil)
		for range 400 {
			s := c.signIn(t)
			start := time.Now()
			time.Sleep(54*time.Minute - time.Second)
			for fresh(t, r, s) == s {
				time.Sleep(20 * time.Second)
			}
			began[time.Since(start).Truncate(time.Minute)]++
		}
		if began[53*time.Minute] > 0 || began[59*time.Minute] > 0 || len(began) < 3 {
			t.Errorf("expected refreshes all over the minutes 54 to 58, got %v", began)
		}
	})
}

func TestAResultIsSharedForAWhileOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{on: true})
		r := newRefresher(t, c, nil)
		s := c.signIn(t)
		time.Sleep(61 * time.Minute)
		next := fresh(t, r, s)
		time.Sleep(2*time.Minute - time.Second)
		if fresh(t, r, s) != next {
			t.Error("expected the old cookie to get the new tokens")
		}
		time.Sleep(time.Second)
		expectEnded(t, r, s, session.ErrRefused)
	})
}

func expectEnded(t *testing.T, r *session.Refresher, s *session.Session, cause error) {
	t.Helper()
	got, _, err := r.Fresh(t.Context(), s, session.NeedClaims)
	if _, ok := errors.AsType[*session.EndedError](err); !ok || !errors.Is(err, cause) || got != nil {
		t.Errorf("expected the session to end with %v, got %v", cause, err)
	}
}

func TestOnlyADefiniteRefusalEndsASession(t *testing.T) {
	down := func(err error) func(session.Tokens) (session.Tokens, error) {
		return func(session.Tokens) (session.Tokens, error) { return session.Tokens{}, err }
	}
	noID := func(t session.Tokens) (session.Tokens, error) { t.ID = ""; return t, nil }
	for name, answer := range map[string]func(session.Tokens) (session.Tokens, error){
		"the network is down":            down(errors.New("dial tcp: refused")),
		"Cognito throttles":              down(&session.UnavailableError{RetryAfter: 3 * time.Second, Err: errors.New("TooManyRequestsException")}),
		"our client secret is not right": down(errors.New("NotAuthorizedException: Unable to verify secret hash")),
		"the request takes too long":     down(context.DeadlineExceeded),
		"the answer is empty":            down(nil),
		"the answer is no JWT":           func(t session.Tokens) (session.Tokens, error) { t.Access = "x"; return t, nil },
		"the ID token is missing":        noID,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCognito(rotation{})
				r := newRefresher(t, c, nil)
				s := c.signIn(t)
				c.become(answer)
				time.Sleep(59 * time.Minute)
				if fresh(t, r, s) != s {
					t.Error("expected good tokens to serve on")
				}
				time.Sleep(2 * time.Minute)
				_, _, err := r.Fresh(t.Context(), s, session.NeedClaims)
				unavailable, ok := errors.AsType[*session.UnavailableError](err)
				if !ok || unavailable.RetryAfter <= 0 || unavailable.RetryAfter > time.Minute {
					t.Fatalf("expected expired tokens to be unavailable, got %v", err)
				}
				c.become(nil)
				time.Sleep(unavailable.RetryAfter)
				if fresh(t, r, s) == s {
					t.Error("expected the session to live on after the trouble")
				}
			})
		})
	}
}

func TestARefusalEndsASessionOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{})
		r := newRefresher(t, c, nil)
		s := c.signIn(t)
		c.revoke()
		time.Sleep(59 * time.Minute)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { _, _, _ = r.Fresh(t.Context(), s, session.NeedClaims) })
		}
		all.Wait()
		expectEnded(t, r, s, session.ErrRefused)
		if c.count() != 1 {
			t.Errorf("expected one call to Cognito, got %d", c.count())
		}
	})
}

func TestTokensOfAnotherUserAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, answer := range map[string]session.Tokens{
			"both tokens":      user{sub: "somebody-else"}.tokens(),
			"the access token": {Access: user{sub: "somebody-else"}.tokens().Access, ID: ourUser().tokens().ID},
		} {
			c := newCognito(rotation{})
			r := newRefresher(t, c, nil)
			s := c.signIn(t)
			c.become(func(session.Tokens) (session.Tokens, error) { return answer, nil })
			time.Sleep(61 * time.Minute)
			if got, _, err := r.Fresh(t.Context(), s, session.NeedClaims); err == nil || got != nil {
				t.Errorf("%s of another user: expected a refusal", name)
			} else if name == "both tokens" && !errors.Is(err, session.ErrSubject) {
				t.Errorf("expected %v, got %v", session.ErrSubject, err)
			}
		}
	})
}

// By its name it is signed out, also where the tokens name none.
func TestASessionKeepsItsNameOverRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, origin := range map[string]string{"the tokens name none": "", "the tokens name another": "another"} {
			c := newCognito(rotation{})
			r := newRefresher(t, c, nil)
			s := newSession(t, user{sub: jo}.tokens())
			c.good[s.Refresh] = time.Time{}
			c.become(func(session.Tokens) (session.Tokens, error) { return user{sub: jo, origin: origin}.tokens(), nil })
			time.Sleep(61 * time.Minute)
			if next := fresh(t, r, s); next == s || next.OriginJTI != s.OriginJTI {
				t.Errorf("%s: expected the name %q to stay, got %q", name, s.OriginJTI, next.OriginJTI)
			}
		}
	})
}

func TestASessionWithoutRefreshTokenLivesAsLongAsItsTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{})
		r := newRefresher(t, c, nil)
		tokens := ourUser().tokens()
		tokens.Refresh = ""
		s := newSession(t, tokens)
		time.Sleep(time.Hour - time.Second)
		if fresh(t, r, s) != s {
			t.Error("expected good tokens to serve")
		}
		time.Sleep(time.Second)
		expectEnded(t, r, s, session.ErrNoRefreshToken)
	})
}

func TestACallersCancelEndsNoRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{on: true})
		c.delay = time.Second
		r := newRefresher(t, c, nil)
		s := c.signIn(t)
		time.Sleep(61 * time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, _, err := r.Fresh(ctx, s, session.NeedClaims)
			gone <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("expected the caller's own cancel, got %v", err)
		}
		if next := fresh(t, r, s); !c.stillGood(next) || c.count() != 1 {
			t.Errorf("expected the refresh to serve the next caller, %d calls", c.count())
		}
	})
}

func TestAHangingRefreshHoldsUpNobodyWithGoodTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{})
		c.delay = time.Hour
		r := newRefresher(t, c, nil)
		s := c.signIn(t)
		time.Sleep(59 * time.Minute)
		began := time.Now()
		if fresh(t, r, s) != s || time.Since(began) != 2*time.Second {
			t.Errorf("expected to go on after 2s, took %v", time.Since(began))
		}
		time.Sleep(time.Minute)
		began = time.Now()
		if _, _, err := r.Fresh(t.Context(), s, session.NeedClaims); session.Reason(err) != "unavailable" || time.Since(began) > 10*time.Second {
			t.Errorf("expected a bounded wait, got %v after %v", err, time.Since(began))
		}
	})
}

func TestFailuresAreAnsweredWithLongerPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{})
		r := newRefresher(t, c, nil)
		s := c.signIn(t)
		time.Sleep(61 * time.Minute)
		c.become(func(session.Tokens) (session.Tokens, error) { return session.Tokens{}, errors.New("down") })
		for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(10 * time.Millisecond) {
			if _, _, err := r.Fresh(t.Context(), s, session.NeedClaims); session.Reason(err) != "unavailable" {
				t.Fatalf("expected the session to live on, got %v", err)
			}
		}
		if n := c.count(); n < 5 || n > 12 {
			t.Errorf("expected some 9 attempts in a minute of trouble, got %d", n)
		}
	})
}

func TestAServerMayAskForAPauseWithinReason(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{0: 0, 30 * time.Second: 30 * time.Second, time.Hour: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			c := newCognito(rotation{})
			r := newRefresher(t, c, nil)
			s := c.signIn(t)
			time.Sleep(61 * time.Minute)
			c.become(func(session.Tokens) (session.Tokens, error) {
				return session.Tokens{}, fmt.Errorf("throttled: %w", &session.UnavailableError{RetryAfter: asked, Err: errors.New("TooManyRequests")})
			})
			_, _, err := r.Fresh(t.Context(), s, session.NeedClaims)
			unavailable, ok := errors.AsType[*session.UnavailableError](err)
			if !ok || unavailable.RetryAfter < max(want, 900*time.Millisecond) || unavailable.RetryAfter > max(want, time.Second) {
				t.Fatalf("asked for %v: expected %v, got %v", asked, want, err)
			}
			time.Sleep(unavailable.RetryAfter - time.Millisecond)
			_, _, err = r.Fresh(t.Context(), s, session.NeedClaims)
			if again, ok := errors.AsType[*session.UnavailableError](err); !ok || again.RetryAfter != time.Millisecond || c.count() != 1 {
				t.Errorf("expected no call within the pause, got %d, and what is left of it, got %v", c.count(), err)
			}
		})
	}
}

func TestCloseWaitsForARefreshAndBeginsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{on: true})
		c.delay = 5 * time.Second
		shared := newStorage()
		r := newRefresher(t, c, func(o *session.RefresherOptions) { o.Handoff = shared })
		s := c.signIn(t)
		time.Sleep(61 * time.Minute)
		go func() { _, _, _ = r.Fresh(t.Context(), s, session.NeedClaims) }()
		synctest.Wait()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		// A rotated refresh token must not be lost with a reload.
		next := fresh(t, newRefresher(t, c, func(o *session.RefresherOptions) { o.Handoff = shared }), s)
		if !c.stillGood(next) || c.count() != 1 {
			t.Errorf("expected the tokens of the refresh that ran, got %d calls", c.count())
		}
		other := c.signIn(t)
		time.Sleep(61 * time.Minute)
		if _, _, err := r.Fresh(t.Context(), other, session.NeedClaims); session.Reason(err) != "unavailable" {
			t.Errorf("expected no refresh after Close, got %v", err)
		}
	})
}

func TestRefreshesAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCognito(rotation{on: true})
		shared := newStorage()
		var events []session.RefreshEvent
		observe := func(o *session.RefresherOptions) {
			o.Handoff, o.Observe = shared, func(e session.RefreshEvent) { events = append(events, e) }
		}
		a, b := newRefresher(t, c, observe), newRefresher(t, c, observe)
		s := c.signIn(t)
		time.Sleep(61 * time.Minute)
		fresh(t, a, s)
		synctest.Wait()
		next := fresh(t, b, s)
		synctest.Wait()
		c.become(func(session.Tokens) (session.Tokens, error) { return session.Tokens{}, errors.New("down") })
		time.Sleep(61 * time.Minute)
		_, _, _ = b.Fresh(t.Context(), next, session.NeedClaims)
		synctest.Wait()
		if len(events) != 3 {
			t.Fatalf("expected 3 events, got %d", len(events))
		}
		if e := events[0]; e.Source != session.FromCognito || !e.Rotated || e.Duration <= 0 || e.Err != nil || e.StoreErr != nil {
			t.Errorf("expected a refresh, got %+v", e)
		}
		if e := events[1]; e.Source != session.FromHandoff || !e.Rotated || e.Err != nil {
			t.Errorf("expected a hand-off, got %+v", e)
		}
		if e := events[2]; session.Reason(e.Err) != "unavailable" || errors.Unwrap(e.Err).Error() != "down" {
			t.Errorf("expected a failure with its cause, got %+v", e)
		}
	})
}

func TestNewRefresherNeedsAFunction(t *testing.T) {
	if _, err := session.NewRefresher(session.RefresherOptions{}); err == nil {
		t.Error("expected an error")
	}
}
