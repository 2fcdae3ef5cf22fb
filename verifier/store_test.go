package verifier_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// memory is a store that forgets nothing until it is told to fail.
type memory struct {
	mu   sync.Mutex // guards all below
	kept map[string][]byte
	err  error
}

func newMemory() *memory { return &memory{kept: make(map[string][]byte)} }

func (m *memory) Load(_ context.Context, url string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if data, ok := m.kept[url]; ok {
		return data, nil
	}
	return nil, errors.New("nothing there")
}

func (m *memory) Save(_ context.Context, url string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.kept[url] = data
	}
	return m.err
}

// storedAgo is what a store holds of a set that was fetched that long ago.
func storedAgo(url string, ago time.Duration, jwks string) []byte {
	return fmt.Appendf(nil, `{"url":%q,"fetched":%q,"jwks":%s}`, url, time.Now().Add(-ago).Format(time.RFC3339Nano), jwks)
}

func TestARestartDuringAnOutageStillVerifies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, k1 := newMemory(), newSigner(t, "k1")
		iss := newFakeIssuer(keySetOf(k1))
		_ = iss.open(t, verifier.RemoteOptions{Store: store}).Close()
		iss.hang()
		time.Sleep(time.Hour)
		set := iss.newSet(t, verifier.RemoteOptions{Store: store})
		v := newVerifier(t, verifier.Options{KeySets: map[string]verifier.KeySet{issuer: set}})
		raw := k1.Sign(edit(t, accessClaims, `{"exp":4102444800}`, ""))
		began := time.Now()
		accept(t, v, raw)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("expected no wait, got %v", waited)
		}
		expectUnavailable(t, keyError(set, "k9"))
		time.Sleep(verifier.DefaultMaxStale - time.Hour - time.Minute)
		accept(t, v, raw)
		time.Sleep(time.Minute) // the age counts from the fetch, not from the restart
		expectUnavailable(t, verify(v, raw))
	})
}

func TestARestoredSetIsRefreshedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.kept[jwksURL] = storedAgo(jwksURL, time.Minute, keySetOf(newSigner(t, "k1")))
		iss := newFakeIssuer("")
		iss.answerAfter(time.Second, keySetOf(newSigner(t, "k2")))
		set := iss.open(t, verifier.RemoteOptions{Store: store})
		expectKey(t, set, "k1")
		time.Sleep(time.Second)
		expectFetches(t, iss, 1)
		expectKey(t, set, "k2")
		if data := string(store.kept[jwksURL]); !strings.Contains(data, `"k2"`) || strings.Contains(data, `"k1"`) {
			t.Errorf("expected the store to hold the new set, got %s", data)
		}
	})
}

func TestWhatTheStoreHoldsIsNotBelievedBlindly(t *testing.T) {
	k1 := newSigner(t, "k1")
	good := keySetOf(k1)
	for _, row := range []struct {
		name string
		data func() []byte
	}{
		{"a set past its hard age", func() []byte { return storedAgo(jwksURL, verifier.DefaultMaxStale, good) }},
		{"a set of another pool", func() []byte {
			return storedAgo("https://cognito-idp.eu-west-1.amazonaws.com/x/jwks.json", time.Minute, good)
		}},
		{"a set without its URL", func() []byte { return storedAgo("", time.Minute, good) }},
		{"a set from the future", func() []byte { return storedAgo(jwksURL, -time.Second, good) }},
		{"a set without a time", func() []byte { return fmt.Appendf(nil, `{"url":%q,"jwks":%s}`, jwksURL, good) }},
		{"a set of the year 1", func() []byte {
			return fmt.Appendf(nil, `{"url":%q,"fetched":"0001-01-01T00:00:00Z","jwks":%s}`, jwksURL, good)
		}},
		{"a set whose time is no time", func() []byte { return fmt.Appendf(nil, `{"url":%q,"fetched":"now","jwks":%s}`, jwksURL, good) }},
		{"a set without keys", func() []byte { return storedAgo(jwksURL, time.Minute, `{"keys":[]}`) }},
		{"a set with two keys of one ID", func() []byte { return storedAgo(jwksURL, time.Minute, keySetOf(k1, k1)) }},
		{"a set that is null", func() []byte { return storedAgo(jwksURL, time.Minute, `null`) }},
		{"a bare key set", func() []byte { return []byte(good) }},
		{"garbage", func() []byte { return []byte("\x00garbage") }},
		{"a file that was cut off", func() []byte { return storedAgo(jwksURL, time.Minute, good)[:100] }},
		{"an empty file", func() []byte { return nil }},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			store := newMemory()
			store.kept[jwksURL] = row.data()
			iss := newFakeIssuer("")
			iss.fail()
			set := iss.open(t, verifier.RemoteOptions{Store: store})
			expectUnavailable(t, keyError(set, "k1"))
			iss.answer(good)
			time.Sleep(time.Second)
			synctest.Wait()
			expectKey(t, set, "k1")
		})
	}
}

// The store never wins over the issuer.
func TestAStoreThatAnswersLateDoesNotReplaceFreshKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{newMemory()}
		store.err = errors.New("disk full") // so what it holds stays old
		store.kept[jwksURL] = storedAgo(jwksURL, time.Minute, keySetOf(newSigner(t, "k1")))
		iss := newFakeIssuer(keySetOf(newSigner(t, "k2")))
		set := iss.open(t, verifier.RemoteOptions{Store: store})
		refresh(t, set)
		iss.fail() // or the fetch at the start would put it right again
		time.Sleep(time.Second)
		synctest.Wait()
		expectKey(t, set, "k2")
		if ids := set.Status().KeyIDs; len(ids) != 1 {
			t.Errorf("expected the keys of the issuer, got %q", ids)
		}
	})
}

type slowStore struct{ *memory }

func (s *slowStore) Load(ctx context.Context, url string) ([]byte, error) {
	time.Sleep(time.Second)
	return s.memory.Load(ctx, url)
}

func TestAFailureToSaveIsReportedAndHarmless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.err = errors.New("disk full")
		var events []verifier.KeySetEvent
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{Store: store, Observe: func(e verifier.KeySetEvent) { events = append(events, e) }})
		expectKey(t, set, "k1")
		if len(events) != 1 || !errors.Is(events[0].StoreErr, store.err) || events[0].Err != nil {
			t.Errorf("expected one event with a store error, got %+v", events)
		}
	})
}

func TestABadAnswerIsNotSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{Store: store})
		before := string(store.kept[jwksURL])
		if !json.Valid([]byte(before)) {
			t.Fatalf("expected JSON in the store, got %q", before)
		}
		iss.answer(`{"keys":[]}`)
		time.Sleep(time.Second)
		if err := set.Refresh(context.Background()); !errors.Is(err, verifier.ErrNoKeys) {
			t.Errorf("expected %v, got %v", verifier.ErrNoKeys, err)
		}
		if after := string(store.kept[jwksURL]); after != before {
			t.Errorf("expected the store not to change, got %s", after)
		}
	})
}
