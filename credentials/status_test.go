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

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: anHour}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		if got := cache.Status(); got != (credentials.Status{}) {
			t.Errorf("expected nothing, got %+v", got)
		}
		began := time.Now()
		get(t, cache, "jo")
		time.Sleep(time.Minute)
		get(t, cache, "maria")
		p.become(func(credentials.Identity, string) (credentials.Credentials, error) {
			return credentials.Credentials{}, credentials.ErrDenied
		})
		time.Sleep(time.Minute)
		if _, err := cache.Get(t.Context(), user("li")); !errors.Is(err, credentials.ErrDenied) {
			t.Fatal(err)
		}
		got, want := cache.Status(), credentials.Status{
			Entries: 2, OldestObtained: began, NextExpiry: began.Add(time.Hour), LastExchange: began.Add(2 * time.Minute), LastReason: "denied", LastErr: credentials.ErrDenied,
		}
		wantStatus(t, got, want)
		time.Sleep(58*time.Minute + time.Second) // jo's have expired
		want.Entries, want.OldestObtained, want.NextExpiry = 1, began.Add(time.Minute), began.Add(time.Hour+time.Minute)
		wantStatus(t, cache.Status(), want)
	})
}

func wantStatus(t *testing.T, got, want credentials.Status) {
	t.Helper()
	if got.Entries != want.Entries || !got.OldestObtained.Equal(want.OldestObtained) || !got.NextExpiry.Equal(want.NextExpiry) ||
		!got.LastExchange.Equal(want.LastExchange) || got.LastReason != want.LastReason ||
		!errors.Is(got.LastErr, want.LastErr) {
		t.Errorf("expected %+v, got %+v", want, got)
	}
}

func TestAThousandUsersMakeAThousandExchanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: anHour, delay: time.Second}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		began := time.Now()
		var all sync.WaitGroup
		for i := range 3_000 {
			all.Go(func() { get(t, cache, fmt.Sprint(i%1_000)) })
		}
		all.Wait()
		if p.count() != 1_000 || cache.Len() != 1_000 || time.Since(began) != time.Second {
			t.Errorf("expected 1,000 exchanges side by side, got %d in %v", p.count(), time.Since(began))
		}
	})
}

func TestAnExchangeSeesTheValuesOfTheRequestThatBeganIt(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		seen := make(chan any, 2)
		p := credentials.ProviderFunc(func(ctx context.Context, who credentials.Identity, role string) (credentials.Credentials, error) {
			time.Sleep(time.Second)
			if ctx.Err() != nil {
				return credentials.Credentials{}, ctx.Err()
			}
			if _, ok := ctx.Deadline(); !ok {
				t.Error("expected a deadline of the cache's own")
			}
			seen <- ctx.Value(key{})
			return anHour(who, role)
		})
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		for _, span := range []string{"first", "refresh"} {
			ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, span), time.Millisecond)
			if grant, err := cache.Get(ctx, user("jo")); span == "first" != errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("unexpected %v, %v", grant, err)
			}
			cancel()
			if got := <-seen; got != span {
				t.Errorf("expected the values of the %s request, got %v", span, got)
			}
			synctest.Wait()
			time.Sleep(55 * time.Minute)
		}
	})
}

func TestAnExchangeThatHangsEndsWithItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: anHour, delay: time.Hour}, Timeout: 3 * time.Second})
		began := time.Now()
		if _, err := cache.Get(t.Context(), user("jo")); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("expected the timeout after 3s, got %v after %v", err, time.Since(began))
		}
	})
}

func TestAGuestAndAUserNeverShare(t *testing.T) {
	p := &provider{retrieve: func(who credentials.Identity, role string) (credentials.Credentials, error) {
		creds, err := anHour(who, role)
		creds.AccessKeyID = "of " + who.Token
		return creds, err
	}}
	cache := newCache(t, credentials.CacheOptions{Provider: p})
	guest := user("jo")
	guest.Token = ""
	for _, who := range []credentials.Identity{guest, user("jo"), guest, user("jo")} {
		if grant, err := cache.Get(t.Context(), who); err != nil || grant.AccessKeyID != "of "+who.Token {
			t.Errorf("expected the credentials of %q, got %q, %v", who.Token, grant.AccessKeyID, err)
		}
	}
}

func TestAGrantIsNotDroppedSoonAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: anHour}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		for range 100 {
			credentials.Drop(get(t, cache, "jo"))
		}
		if p.count() != 2 {
			t.Errorf("expected 2 exchanges, got %d", p.count())
		}
		time.Sleep(30 * time.Second)
		old := get(t, cache, "jo")
		credentials.Drop(old)
		get(t, cache, "jo")
		time.Sleep(30 * time.Second)
		credentials.Drop(old) // somebody who was very late
		if get(t, cache, "jo"); p.count() != 3 {
			t.Errorf("expected 3 exchanges, got %d", p.count())
		}
	})
}

// TestAWarmGetAllocatesLittle holds what the benchmark shows.
func TestAWarmGetAllocatesLittle(t *testing.T) {
	cache := newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: anHour}})
	who := user("jo")
	who.Groups = []string{"admins", "editors"}
	ctx := t.Context()
	if got := testing.AllocsPerRun(100, func() { _, _ = cache.Get(ctx, who) }); got > 3 {
		t.Errorf("expected at most 3 allocations, got %v", got)
	}
}
