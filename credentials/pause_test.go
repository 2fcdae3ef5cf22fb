package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

// withToken is jo with another token.
func withToken(token string) credentials.Identity {
	who := user("jo")
	who.Token = token
	return who
}

// refusing accepts no token but the good one.
func refusing(who credentials.Identity, role string) (credentials.Credentials, error) {
	if who.Token != "good" {
		return credentials.Credentials{}, credentials.ErrTokenRejected
	}
	return anHour(who, role)
}

func TestTwoRejectedTokensCauseNoFloodOfExchanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: refusing}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		for i := range 1_000 {
			if _, err := cache.Get(t.Context(), withToken(fmt.Sprint(i%2))); !errors.Is(err, credentials.ErrTokenRejected) {
				t.Fatalf("expected ErrTokenRejected, got %v", err)
			}
		}
		if p.count() != 2 {
			t.Errorf("expected the pause to be broken once, got %d exchanges", p.count())
		}
		time.Sleep(time.Second)
		if _, err := cache.Get(t.Context(), withToken("good")); err != nil || p.count() != 3 {
			t.Errorf("expected the pause to be broken again, got %v after %d exchanges", err, p.count())
		}
	})
}

// TestWhoeverWaitsForAnotherTokenIsJudgedByTheirOwn has one wait for the exchange of another.
func TestWhoeverWaitsForAnotherTokenIsJudgedByTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: refusing, delay: time.Second}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		var all sync.WaitGroup
		for _, token := range []string{"old", "old", "good", "good"} {
			all.Go(func() {
				_, err := cache.Get(t.Context(), withToken(token))
				if refused := errors.Is(err, credentials.ErrTokenRejected); refused != (token == "old") || !refused && err != nil {
					t.Errorf("%s: unexpected %v", token, err)
				}
			})
			synctest.Wait() // the old token's exchange is the one that runs
		}
		all.Wait()
		if p.count() != 2 {
			t.Errorf("expected one exchange for each token, got %d", p.count())
		}
	})
}

// heldUp is the context of somebody who is not scheduled until then: not between
// the end of an exchange and the look at what it brought.
type heldUp struct {
	context.Context
	until <-chan struct{}
}

func (h heldUp) Done() <-chan struct{} {
	<-h.until
	return h.Context.Done()
}

// TestWhoeverIsLateTakesWhatHasLandedMeanwhile: he waited for the exchange of a
// rejected token, and somebody else's is over before he looks.
func TestWhoeverIsLateTakesWhatHasLandedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: refusing, delay: time.Second}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		until := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() { _, _ = cache.Get(t.Context(), withToken("old")) })
		synctest.Wait()
		var late *credentials.Grant
		all.Go(func() { late, _ = cache.Get(heldUp{t.Context(), until}, withToken("good")) })
		synctest.Wait()
		landed, err := cache.Get(t.Context(), withToken("good"))
		close(until)
		all.Wait()
		if err != nil || late != landed || p.count() != 2 {
			t.Errorf("expected one grant for both after 2 exchanges, got %p and %p, %v, after %d", landed, late, err, p.count())
		}
	})
}

func TestPausesGrowWithOutagesInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: down}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		fails := func(pauses ...time.Duration) {
			t.Helper()
			for _, pause := range pauses {
				before := p.count()
				wantUnavailable(t, cache, user("jo"), pause)
				time.Sleep(pause - time.Nanosecond)
				wantUnavailable(t, cache, user("jo"), time.Second) // the least
				if p.count() != before+1 {
					t.Errorf("expected a pause of %v, got another exchange", pause)
				}
				time.Sleep(time.Nanosecond)
			}
		}
		fails(time.Second, 2*time.Second, 4*time.Second, 8*time.Second, 10*time.Second, 10*time.Second)
		wantUnavailable(t, cache, user("maria"), time.Second) // others have pauses of their own
		p.become(anHour)
		get(t, cache, "jo")
		p.become(down)
		time.Sleep(2 * time.Hour)
		fails(time.Second, 2*time.Second)
	})
}

// TestARefusalEndsARowOfOutages, since it is an answer.
func TestARefusalEndsARowOfOutages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: down}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		for _, pause := range []time.Duration{time.Second, 2 * time.Second} {
			wantUnavailable(t, cache, user("jo"), pause)
			time.Sleep(pause)
		}
		p.become(refusing)
		if _, err := cache.Get(t.Context(), user("jo")); !errors.Is(err, credentials.ErrTokenRejected) {
			t.Fatalf("expected ErrTokenRejected, got %v", err)
		}
		time.Sleep(10 * time.Second)
		p.become(down)
		wantUnavailable(t, cache, user("jo"), time.Second)
	})
}

// TestTheRestOfAPauseIsTold, and the error that others hold stays as it is.
func TestTheRestOfAPauseIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttled := &credentials.UnavailableError{RetryAfter: 30 * time.Second, Err: errBroken}
		cache := newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: func(credentials.Identity, string) (credentials.Credentials, error) {
			return credentials.Credentials{}, throttled
		}}})
		wantUnavailable(t, cache, user("jo"), 30*time.Second)
		time.Sleep(12 * time.Second)
		wantUnavailable(t, cache, user("jo"), 18*time.Second)
		if throttled.RetryAfter != 30*time.Second {
			t.Errorf("the provider's error was changed to %v", throttled.RetryAfter)
		}
	})
}

func down(credentials.Identity, string) (credentials.Credentials, error) {
	return credentials.Credentials{}, &credentials.UnavailableError{RetryAfter: time.Second, Err: errBroken}
}

func wantUnavailable(t *testing.T, cache *credentials.Cache, who credentials.Identity, after time.Duration) {
	t.Helper()
	_, err := cache.Get(t.Context(), who)
	unavailable, ok := errors.AsType[*credentials.UnavailableError](err)
	if !ok || credentials.Reason(err) != "unavailable" || unavailable.RetryAfter != after {
		t.Errorf("expected an UnavailableError for %v, got %+v", after, err)
	}
}
