package verifier_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// Rule 8. A bubble of synctest fails when a goroutine outlives its test, so every
// test that closes a set also shows that nothing is left behind.
func TestCloseEndsAllWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{})
		if err := set.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		expectFetches(t, iss, 1)
	})
}

func TestUseAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{})
		key := expectKey(t, set, "k1")
		_ = set.Close()
		_ = set.Close()
		set.Start()
		time.Sleep(time.Hour) // stale, but trusted
		expectKey(t, set, "k1")
		if !set.Trusts(key) {
			t.Error("expected the key to be trusted")
		}
		expectUnavailable(t, keyError(set, "k9"))
		if err := set.Refresh(context.Background()); err == nil {
			t.Error("expected an error")
		}
		time.Sleep(verifier.DefaultMaxStale)
		expectUnavailable(t, keyError(set, "k1"))
		expectFetches(t, iss, 1)
	})
}

func TestCloseBeforeTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		set := iss.newSet(t, verifier.RemoteOptions{})
		_ = set.Close()
		expectUnavailable(t, keyError(set, "k1"))
		expectFetches(t, iss, 0)
	})
}

// The transport of net/http needs a moment to notice a cancel. Within it, the
// set has no keys and no failure yet.
func TestCloseDuringAFirstFetchThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		iss.set(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			time.Sleep(time.Millisecond)
			return nil, r.Context().Err()
		})
		set := iss.open(t, verifier.RemoteOptions{})
		var group sync.WaitGroup
		group.Go(func() { expectUnavailable(t, keyError(set, "k1")) })
		synctest.Wait()
		began := time.Now()
		_ = set.Close()
		if waited := time.Since(began); waited != time.Millisecond {
			t.Errorf("expected Close to cancel the fetch and wait for its end, waited %v", waited)
		}
		group.Wait()
	})
}

func TestCloseDuringARefreshThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{})
		iss.hang()
		time.Sleep(verifier.DefaultCooldown)
		go func() { _ = keyError(set, "k9") }()
		synctest.Wait()
		_ = set.Close()
		expectKey(t, set, "k1")
	})
}

func TestConcurrentUseAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		iss.answerAfter(time.Millisecond, keySetOf(newSigner(t, "k1")))
		set := iss.newSet(t, verifier.RemoteOptions{Observe: func(verifier.KeySetEvent) {}})
		var group sync.WaitGroup
		for range 20 {
			group.Go(set.Start)
			group.Go(func() { _ = keyError(set, "k1") })
			group.Go(func() { _ = set.Refresh(context.Background()) })
			group.Go(func() { _ = set.Status() })
			group.Go(func() { _ = set.Close() })
		}
		group.Wait()
	})
}

// A manual refresh serves an operator who fixed something: it does not wait for
// a pause to end.
func TestAManualRefreshIgnoresPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		iss.fail()
		set := iss.open(t, verifier.RemoteOptions{})
		if err := set.Refresh(context.Background()); err == nil {
			t.Error("expected the fetch to fail")
		}
		expectFetches(t, iss, 2)
		iss.answer(keySetOf(newSigner(t, "k1")))
		refresh(t, set)
		refresh(t, set) // within the cool-down
		expectFetches(t, iss, 4)
		expectKey(t, set, "k1")
	})
}

// The fetch that is under way fails while the operator waits, and begins a pause.
func TestAManualRefreshFollowsAFetchThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		iss.set(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return nil, fmt.Errorf("fetch %d failed", iss.count())
		})
		set := iss.open(t, verifier.RemoteOptions{})
		time.Sleep(500 * time.Millisecond)
		err := set.Refresh(context.Background())
		if err == nil || !strings.Contains(err.Error(), "fetch 2 failed") {
			t.Errorf("expected the error of a second fetch, got %v", err)
		}
		expectFetches(t, iss, 2)
	})
}

func TestAManualRefreshEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		iss.hang()
		set := iss.open(t, verifier.RemoteOptions{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := set.Refresh(ctx); err != context.DeadlineExceeded {
			t.Errorf("expected %v, got %v", context.DeadlineExceeded, err)
		}
	})
}

// A store that hangs delays the first key no longer than the fetch timeout.
func TestACallerDoesNotWaitForTheStoreForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.newSet(t, verifier.RemoteOptions{Store: &hangingStore{}})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := set.Key(ctx, "k1"); err != context.DeadlineExceeded {
			t.Errorf("expected %v, got %v", context.DeadlineExceeded, err)
		}
		if err := keyError(set, "k1"); err != nil {
			t.Errorf("expected the key of the issuer, got %v", err)
		}
	})
}

type hangingStore struct{}

func (hangingStore) Load(ctx context.Context, _ string) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (hangingStore) Save(ctx context.Context, _ string, _ []byte) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestASaveThatHangsEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []verifier.KeySetEvent
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		iss.open(t, verifier.RemoteOptions{Store: &hangingStore{}, Observe: func(e verifier.KeySetEvent) { events = append(events, e) }})
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(events) != 1 || !errors.Is(events[0].StoreErr, context.DeadlineExceeded) {
			t.Errorf("expected one event with a store error, got %+v", events)
		}
	})
}

// Observe need not be safe for concurrent use: the next fetch may end while it
// still runs, and has to wait to be told.
func TestObserveIsCalledOnceAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running, calls := false, 0
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{Observe: func(verifier.KeySetEvent) {
			if running {
				t.Error("expected the call before to have ended")
			}
			running = true
			calls++
			time.Sleep(time.Second)
			running = false
		}})
		for range 3 {
			refresh(t, set)
		}
		expectKey(t, set, "k1") // a slow Observe holds up nobody else
		time.Sleep(time.Minute)
		synctest.Wait()
		if calls != 4 {
			t.Errorf("expected 4 calls, got %d", calls)
		}
	})
}

// A fetch that is over for its callers but not yet reported must not make the
// background spin: under synctest, that would hang.
func TestASlowObserveAfterAFailureDoesNotSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		iss.fail()
		iss.open(t, verifier.RemoteOptions{Observe: func(verifier.KeySetEvent) { time.Sleep(3 * time.Second) }})
		time.Sleep(time.Minute)
		if got := iss.count(); got > 10 {
			t.Errorf("expected pauses between the fetches, got %d", got)
		}
	})
}

func TestEveryFetchIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []verifier.KeySetEvent
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1"), newSigner(t, "k2")))
		set := iss.open(t, verifier.RemoteOptions{Observe: func(e verifier.KeySetEvent) { events = append(events, e) }})
		iss.answer(keySetOf(newSigner(t, "k2"), newSigner(t, "k3")))
		time.Sleep(verifier.DefaultCooldown)
		_ = keyError(set, "k3")
		synctest.Wait() // waiters go on before Observe is called
		iss.fail()
		_ = set.Refresh(context.Background())
		synctest.Wait()
		iss.answer(keySetOf(newSigner(t, "k2"), newSigner(t, "k3")))
		time.Sleep(time.Hour)
		_ = set.Close()
		want := []struct {
			trigger        verifier.Trigger
			added, removed []string
			failed         bool
		}{
			{verifier.TriggerStart, []string{"k1", "k2"}, nil, false},
			{verifier.TriggerUnknownKey, []string{"k3"}, []string{"k1"}, false},
			{verifier.TriggerManual, nil, nil, true},
			{verifier.TriggerRefresh, nil, nil, false},
		}
		if len(events) < len(want) {
			t.Fatalf("expected %d events at least, got %d", len(want), len(events))
		}
		for i, row := range want {
			got := events[i]
			slices.Sort(got.Added)
			if got.Trigger != row.trigger || !slices.Equal(got.Added, row.added) || !slices.Equal(got.Removed, row.removed) || (got.Err != nil) != row.failed {
				t.Errorf("event %d: expected %+v, got %+v", i, row, got)
			}
			if got.URL != jwksURL || got.Keys != 2 || got.Fetched.IsZero() {
				t.Errorf("event %d: expected the state of the set, got %+v", i, got)
			}
		}
	})
}

// Pinned keys bridge any outage, until the issuer speaks.
func TestPinnedKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		iss.fail()
		set := iss.open(t, verifier.RemoteOptions{Pinned: parseKeys(t, newSigner(t, "k1"))})
		time.Sleep(10 * verifier.DefaultMaxStale)
		pinned := expectKey(t, set, "k1")
		if status := set.Status(); !status.Trusted || !status.Fetched.IsZero() {
			t.Errorf("expected trusted keys that were never fetched, got %+v", status)
		}
		expectUnavailable(t, keyError(set, "k9"))
		iss.answer(keySetOf(newSigner(t, "k2")))
		refresh(t, set)
		if set.Trusts(pinned) {
			t.Error("expected the issuer to have the last word")
		}
		expectKey(t, set, "k2")
	})
}

func TestURLsThatMakeNoSense(t *testing.T) {
	for _, url := range []string{"", "jwks.json", "//example.org/jwks.json", "ftp://example.org/", "file:///etc/passwd", "https://", "://", "https://a b/"} {
		if _, err := verifier.NewRemoteKeySet(verifier.RemoteOptions{URL: url}); err == nil {
			t.Errorf("expected an error for %q", url)
		}
	}
}
