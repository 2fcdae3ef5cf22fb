package verifier_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// newObserved also counts the answers that came from the cache.
func newObserved(t testing.TB, opts verifier.Options) (v *verifier.Verifier, cached *int) {
	t.Helper()
	cached = new(int)
	opts.Observe = func(outcome verifier.Verification) {
		if outcome.Cached {
			*cached++
		}
	}
	return newVerifier(t, opts), cached
}

func expectCached(t *testing.T, cached *int, want int) {
	t.Helper()
	if *cached != want {
		t.Fatalf("expected %d answers from the cache, got %d", want, *cached)
	}
}

func userToken(t testing.TB, user int) string {
	t.Helper()
	return newSigner(t, "k1").Sign(edit(t, accessClaims, fmt.Sprintf(`{"sub":"user-%d"}`, user), ""))
}

func TestTheCacheIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, cached := newObserved(t, verifier.Options{CacheSize: 3})
		for user := range 10 {
			accept(t, v, userToken(t, user))
		}
		if got := v.CachedTokens(); got != 3 {
			t.Errorf("expected 3 remembered tokens, got %d", got)
		}
		accept(t, v, userToken(t, 9))
		expectCached(t, cached, 1)
		accept(t, v, userToken(t, 0)) // pushed out
		expectCached(t, cached, 1)
	})
}

// An issuer that varies its headers costs digests, not memory: from the 65th header
// on, those before are forgotten.
func TestTheHeadersOfTheCacheAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, cached := newObserved(t, verifier.Options{})
		with := func(header int) string {
			return newSigner(t, "k1").SignWith(fmt.Sprintf(`{"kid":"k1","alg":"RS256","n":%d}`, header), accessClaims)
		}
		for header := range 64 {
			accept(t, v, with(header))
		}
		accept(t, v, with(0))
		expectCached(t, cached, 1)
		accept(t, v, with(64))
		accept(t, v, with(64))
		expectCached(t, cached, 2)
		accept(t, v, with(1)) // verified anew
		expectCached(t, cached, 2)
	})
}

func TestAnEntryDiesAtExp(t *testing.T) {
	for _, leeway := range []time.Duration{0, time.Minute} {
		inBubble(t, fmt.Sprintf("with a leeway of %v", leeway), func(t *testing.T) {
			v, cached := newObserved(t, verifier.Options{Leeway: leeway})
			raw := newSigner(t, "k1").Sign(edit(t, accessClaims, `{"exp":946684810}`, ""))
			accept(t, v, raw)
			time.Sleep(10*time.Second + leeway - time.Nanosecond)
			accept(t, v, raw)
			expectCached(t, cached, 1)
			time.Sleep(time.Nanosecond)
			expectReason(t, verify(v, raw), verifier.ErrExpired)
			if got := v.CachedTokens(); got != 0 {
				t.Errorf("expected the entry to be forgotten, got %d", got)
			}
		})
	}
}

func TestAnEntryDiesWithItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k1, k2 := newSigner(t, "k1"), newSigner(t, "k2")
		iss := newFakeIssuer(keySetOf(k1, k2))
		set := iss.open(t, verifier.RemoteOptions{})
		v, cached := newObserved(t, verifier.Options{KeySets: map[string]verifier.KeySet{issuer: set}})
		access, id := k1.Sign(accessClaims), k2.Sign(idClaims)
		for range 2 {
			accept(t, v, access)
			accept(t, v, id)
		}
		expectCached(t, cached, 2)
		iss.answer(keySetOf(k2)) // k1 is withdrawn
		refresh(t, set)
		expectReason(t, verify(v, access), verifier.ErrUnknownKey)
		accept(t, v, id)
		expectCached(t, cached, 3)
		if got := v.CachedTokens(); got != 1 {
			t.Errorf("expected 1 remembered token, got %d", got)
		}
	})
}

// A key that was replaced under its old ID no longer vouches for anything.
func TestAnEntryDiesWhenItsKeyIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := newSigner(t, "k1"), newKeySigner(t, "k1")
		iss := newFakeIssuer(keySetOf(before))
		set := iss.open(t, verifier.RemoteOptions{})
		v, _ := newObserved(t, verifier.Options{KeySets: map[string]verifier.KeySet{issuer: set}})
		accept(t, v, before.Sign(accessClaims))
		iss.answer(keySetOf(after))
		refresh(t, set)
		expectReason(t, verify(v, before.Sign(accessClaims)), verifier.ErrSignature)
		accept(t, v, after.Sign(accessClaims))
	})
}

func TestAnEntrySurvivesARefreshThatChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k1 := newSigner(t, "k1")
		iss := newFakeIssuer(keySetOf(k1))
		set := iss.open(t, verifier.RemoteOptions{})
		v, cached := newObserved(t, verifier.Options{KeySets: map[string]verifier.KeySet{issuer: set}})
		accept(t, v, k1.Sign(accessClaims))
		iss.answer(keySetOf(newSigner(t, "k2"), k1))
		refresh(t, set)
		accept(t, v, k1.Sign(accessClaims))
		expectCached(t, cached, 1)
	})
}

func TestAnEntryDiesWithTheTrustInItsKeySet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k1 := newSigner(t, "k1")
		iss := newFakeIssuer(keySetOf(k1))
		set := iss.open(t, verifier.RemoteOptions{MaxStale: time.Hour})
		v, cached := newObserved(t, verifier.Options{KeySets: map[string]verifier.KeySet{issuer: set}})
		raw := k1.Sign(edit(t, accessClaims, `{"exp":4102444800}`, ""))
		accept(t, v, raw)
		iss.fail()
		time.Sleep(time.Hour - time.Nanosecond)
		accept(t, v, raw)
		expectCached(t, cached, 1)
		time.Sleep(time.Nanosecond)
		expectUnavailable(t, verify(v, raw))
	})
}

func TestRefusalsAreNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, cached := newObserved(t, verifier.Options{CacheSize: 1})
		good := userToken(t, 1)
		accept(t, v, good)
		early := newSigner(t, "k1").Sign(edit(t, accessClaims, `{"nbf":946684801}`, ""))
		for range 2 {
			expectReason(t, verify(v, "x"), verifier.ErrMalformed)
			expectReason(t, verify(v, newKeySigner(t, "k1").Sign(accessClaims)), verifier.ErrSignature)
			expectReason(t, verify(v, early), verifier.ErrNotYetValid)
		}
		accept(t, v, good) // pushed out by nothing
		expectCached(t, cached, 1)
		time.Sleep(time.Second)
		accept(t, v, early)
	})
}

// A token that differs in a single byte of its signature is another token.
func TestAForgedTokenDoesNotFindTheEntryOfARealOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, cached := newObserved(t, verifier.Options{})
		raw := userToken(t, 1)
		accept(t, v, raw)
		for i := range len(raw) {
			if forged := raw[:i] + "_" + raw[i+1:]; forged != raw && verify(v, forged) == nil {
				t.Fatalf("expected a token with another byte %d to be refused", i)
			}
		}
		expectCached(t, cached, 0)
	})
}

func TestNobodyGetsTheTokenOfAnother(t *testing.T) {
	const users, rounds = 40, 50
	tokens := make([]string, users)
	for user := range tokens {
		tokens[user] = newSigner(t, "k1").Sign(edit(t, accessClaims, fmt.Sprintf(`{"sub":"user-%d","exp":4102444800}`, user), ""))
	}
	v := newVerifier(t, verifier.Options{CacheSize: users / 2})
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for round := range rounds {
				user := (worker*7 + round) % users
				tok, err := v.Verify(context.Background(), tokens[user])
				if err != nil {
					t.Errorf("expected user %d to pass, got %v", user, err)
					return
				}
				if got, want := tok.Subject(), fmt.Sprintf("user-%d", user); got != want {
					t.Errorf("expected %q, got %q", want, got)
				}
				if _, err := v.Verify(context.Background(), tokens[user][:len(tokens[user])-2]); err == nil {
					t.Error("expected a cut token to be refused")
				}
			}
		})
	}
	group.Wait()
}
