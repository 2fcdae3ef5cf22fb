package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

func TestFirstRequestsOfAUserMakeOneExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: anHour, delay: time.Second}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		var all sync.WaitGroup
		for range 1_000 {
			all.Go(func() {
				if _, err := cache.Get(t.Context(), user("jo")); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if p.count() != 1 {
			t.Errorf("expected 1 exchange, got %d", p.count())
		}
	})
}

func TestACallersCancelEndsNobodyElsesExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: anHour, delay: time.Second}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := cache.Get(ctx, user("jo"))
			gone <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("expected the caller's own cancel, got %v", err)
		}
		if _, err := cache.Get(t.Context(), user("jo")); err != nil || p.count() != 1 {
			t.Errorf("expected the first exchange to serve the second caller, got %v after %d", err, p.count())
		}
	})
}

func TestCredentialsAreRefreshedAheadAndNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: anHour}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		first := get(t, cache, "jo")
		time.Sleep(52 * time.Minute)
		p.delay = 5 * time.Second
		began := time.Now()
		if second := get(t, cache, "jo"); second != first || time.Since(began) != 0 {
			t.Errorf("expected the old credentials at once, got them after %v", time.Since(began))
		}
		time.Sleep(time.Minute)
		if third := get(t, cache, "jo"); third == first || p.count() != 2 {
			t.Errorf("expected new credentials after 2 exchanges, got %d", p.count())
		}
	})
}

func TestCredentialsServeUntilTheyTrulyExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: anHour}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		get(t, cache, "jo")
		p.become(func(credentials.Identity, string) (credentials.Credentials, error) {
			return credentials.Credentials{}, &credentials.UnavailableError{Err: errors.New("down")}
		})
		time.Sleep(59*time.Minute + 59*time.Second)
		get(t, cache, "jo")
		time.Sleep(time.Second)
		var unavailable *credentials.UnavailableError
		if _, err := cache.Get(t.Context(), user("jo")); !errors.As(err, &unavailable) {
			t.Errorf("expected an UnavailableError, got %v", err)
		}
	})
}

func TestARefusalCoolsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: func(credentials.Identity, string) (credentials.Credentials, error) {
			return credentials.Credentials{}, credentials.ErrDenied
		}}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		for range 100 {
			if _, err := cache.Get(t.Context(), user("jo")); !errors.Is(err, credentials.ErrDenied) {
				t.Fatalf("expected ErrDenied, got %v", err)
			}
		}
		if p.count() != 1 {
			t.Errorf("expected 1 exchange, got %d", p.count())
		}
		p.become(anHour)
		time.Sleep(10 * time.Second)
		get(t, cache, "jo")
	})
}

func TestANewTokenNeedNotWaitForTheRefusalOfTheOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{retrieve: func(credentials.Identity, string) (credentials.Credentials, error) {
			return credentials.Credentials{}, credentials.ErrTokenRejected
		}}
		cache := newCache(t, credentials.CacheOptions{Provider: p})
		if _, err := cache.Get(t.Context(), user("jo")); !errors.Is(err, credentials.ErrTokenRejected) {
			t.Fatalf("expected ErrTokenRejected, got %v", err)
		}
		p.become(anHour)
		if _, err := cache.Get(t.Context(), user("jo")); !errors.Is(err, credentials.ErrTokenRejected) {
			t.Errorf("expected the old token to be refused still, got %v", err)
		}
		again := user("jo")
		again.Token = "a new one"
		if _, err := cache.Get(t.Context(), again); err != nil {
			t.Error(err)
		}
	})
}

func TestARejectedGrantIsDroppedOnce(t *testing.T) {
	p := &provider{retrieve: anHour}
	cache := newCache(t, credentials.CacheOptions{Provider: p})
	first := get(t, cache, "jo")
	credentials.Drop(first)
	second := get(t, cache, "jo")
	credentials.Drop(first) // somebody who was late
	if third := get(t, cache, "jo"); third != second || p.count() != 2 {
		t.Errorf("expected 2 exchanges, got %d", p.count())
	}
}

// TestNobodyGetsTheCredentialsOfAnother asks for many users with all kinds of
// differences at once, in a cache that is too small for them.
func TestNobodyGetsTheCredentialsOfAnother(t *testing.T) {
	whose := func(who credentials.Identity, role string) (credentials.Credentials, error) {
		creds, err := anHour(who, role)
		creds.AccessKeyID = fmt.Sprintf("%q", []any{who.Issuer, who.Subject, who.ClientID, who.Groups, who.PreferredRole, role})
		return creds, err
	}
	roles := credentials.Roles{Groups: []credentials.GroupRole{{Group: "a", Role: "arn:a"}}, Preferred: true, Default: "arn:d"}
	cache := newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: whose}, Size: 16, Roles: roles})
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			pick := func(values ...string) string { return values[random.IntN(len(values))] }
			for range 2_000 {
				who := user(pick("jo", "maria", "li"))
				who.Issuer, who.ClientID = pick("https://a", "https://b"), pick("c1", "c2")
				who.Groups, who.PreferredRole = []string{pick("b", "a\x00b", "b\x00c"), pick("a", "c")}, pick("", "arn:p")
				grant, err := cache.Get(t.Context(), who)
				if err != nil {
					t.Error(err)
					return
				}
				role, _ := roles.For(who)
				if want, _ := whose(who, role); grant.AccessKeyID != want.AccessKeyID {
					t.Errorf("expected the credentials of %q, got %q", want.AccessKeyID, grant.AccessKeyID)
				}
			}
		})
	}
	all.Wait()
	if cache.Len() > 16 {
		t.Errorf("expected at most 16 users, got %d", cache.Len())
	}
}

// TestOtherRightsAreOtherCredentials: rules and principal tags look at claims that
// are in no other field.
func TestOtherRightsAreOtherCredentials(t *testing.T) {
	cache := newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: anHour}})
	grants := make(map[*credentials.Grant]uint64)
	for range 2 {
		for _, rights := range []uint64{0, 1, 2, 1 << 63} {
			who := user("jo")
			who.Rights = rights
			grant, err := cache.Get(t.Context(), who)
			if err != nil {
				t.Fatal(err)
			}
			if other, ok := grants[grant]; ok && other != rights {
				t.Errorf("expected credentials of their own for rights %d, got those for %d", rights, other)
			}
			grants[grant] = rights
		}
	}
	if len(grants) != 4 {
		t.Errorf("expected 4 grants, got %d", len(grants))
	}
}

func TestCloseEndsExchanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: anHour, delay: time.Hour}, Timeout: 2 * time.Hour})
		failed := make(chan error)
		go func() {
			_, err := cache.Get(t.Context(), user("jo"))
			failed <- err
		}()
		synctest.Wait()
		go func() { _ = cache.Close() }()
		var unavailable *credentials.UnavailableError
		if err := <-failed; !errors.As(err, &unavailable) || unavailable.RetryAfter != time.Second || credentials.Reason(err) != "unavailable" {
			t.Errorf("expected an UnavailableError for a second, since the caller did not go away, got %v", err)
		}
		if _, err := cache.Get(t.Context(), user("maria")); !errors.As(err, &unavailable) {
			t.Errorf("expected an UnavailableError after Close, got %v", err)
		}
	})
}

func get(t testing.TB, cache *credentials.Cache, name string) *credentials.Grant {
	t.Helper()
	grant, err := cache.Get(t.Context(), user(name))
	if err != nil {
		t.Fatal(err)
	}
	return grant
}
