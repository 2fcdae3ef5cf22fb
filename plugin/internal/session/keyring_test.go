package session_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

const day = 24 * time.Hour

// instance is one Caddy of a fleet.
type instance struct {
	ring *session.Keyring
	box  *session.Box

	mu     sync.Mutex
	events []session.KeyringEvent
}

func newInstance(t *testing.T, s session.Storage, poll ...time.Duration) *instance {
	t.Helper()
	i := new(instance)
	ring, err := session.NewKeyring(session.KeyringOptions{Storage: s, Lifetime: 30 * day, Poll: append(poll, 0)[0], Observe: func(e session.KeyringEvent) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.events = append(i.events, e)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ring.Close(); err != nil {
			t.Error(err)
		}
	})
	i.ring, i.box = ring, session.NewBox(ring, "test")
	return i
}

func startInstance(t *testing.T, s session.Storage, poll ...time.Duration) *instance {
	t.Helper()
	i := newInstance(t, s, poll...)
	if err := i.ring.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return i
}

func (i *instance) last() session.KeyringEvent {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.events[len(i.events)-1]
}

func (i *instance) seal(t *testing.T) string {
	t.Helper()
	value, err := i.box.Seal([]byte("state"), time.Now().Add(1000*day))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func (i *instance) opens(t *testing.T, value string) bool {
	t.Helper()
	_, err := i.box.Open(t.Context(), value)
	if err != nil && !errors.Is(err, session.ErrUnknownKey) {
		t.Fatal(err)
	}
	return err == nil
}

// keyOf is what a value says of its key.
func keyOf(value string) string { return value[:6] }

func storedKeys(t *testing.T, s *storage) int {
	t.Helper()
	var document struct{ Keys []json.RawMessage }
	if err := json.Unmarshal([]byte(s.file(session.DefaultKeyringPath)), &document); err != nil {
		t.Fatal(err)
	}
	return len(document.Keys)
}

func TestInstancesThatStartTogetherShareKeys(t *testing.T) {
	for name, stall := range map[string]time.Duration{"at once": 0, "with a slow storage": 300 * time.Millisecond, "with a storage slower than they wait": 4 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newStorage()
				store.stall = stall
				fleet := make([]*instance, 5)
				var all sync.WaitGroup
				for n := range fleet {
					fleet[n] = newInstance(t, store)
					all.Go(func() {
						time.Sleep(time.Duration(n) * 100 * time.Millisecond)
						if err := fleet[n].ring.Start(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				time.Sleep(5 * time.Minute) // polls, and the delay of a key
				expectShared(t, fleet)
			})
		})
	}
}

// expectShared checks that every instance opens what each one seals, and that all
// seal with the same key.
func expectShared(t *testing.T, fleet []*instance) {
	t.Helper()
	first := keyOf(fleet[0].seal(t))
	for n, sealing := range fleet {
		value := sealing.seal(t)
		if keyOf(value) != first {
			t.Errorf("instance %d seals with another key", n)
		}
		for m, opening := range fleet {
			if !opening.opens(t, value) {
				t.Errorf("instance %d does not open what %d sealed", m, n)
			}
		}
	}
}

func TestAFirstStartIsUsableAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		first := startInstance(t, store)
		value := first.seal(t)
		time.Sleep(10 * time.Second) // before that, the key might still be overwritten
		began := time.Now()
		second := startInstance(t, store)
		if time.Since(began) != 0 {
			t.Errorf("expected a later start not to wait, took %v", time.Since(began))
		}
		if !second.opens(t, value) || keyOf(second.seal(t)) != keyOf(value) {
			t.Error("expected the second instance to use the first one's key")
		}
	})
}

func TestKeysRotateAndNobodyNotices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		const poll = time.Hour // a hundred days of the usual polls would take a while
		fleet := []*instance{startInstance(t, store, poll), startInstance(t, store, poll), startInstance(t, store, poll)}
		keys := make(map[string]bool)
		first := fleet[0].seal(t)
		var young []string // sealed within the last 30 days, oldest first
		for step := range 200 {
			value := fleet[step%3].seal(t)
			keys[keyOf(value)] = true
			if young = append(young, value); len(young) > 59 {
				if !fleet[(step+1)%3].opens(t, young[0]) {
					t.Fatalf("a value of almost 30 days does not open any more")
				}
				young = young[1:]
			}
			time.Sleep(day / 2)
		}
		expectShared(t, fleet)
		if len(keys) < 14 || len(keys) > 18 {
			t.Errorf("expected a key every 7 days, got %d in 100", len(keys))
		}
		if n := storedKeys(t, store); n > 8 {
			t.Errorf("expected keys that have served to go, %d are kept", n)
		}
		if fleet[0].opens(t, first) {
			t.Error("expected a value of 100 days not to open")
		}
	})
}

// TestAKeyIsPublishedBeforeItIsUsed watches all the time that no instance seals
// with a key that another one does not know.
func TestAKeyIsPublishedBeforeItIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		a, b := startInstance(t, store), startInstance(t, store)
		time.Sleep(6*day + day/4)
		first := keyOf(a.seal(t))
		for began := time.Now(); time.Since(began) < day; time.Sleep(7 * time.Second) {
			before, one, other := store.looks(), a.seal(t), b.seal(t)
			if !b.opens(t, one) || !a.opens(t, other) || store.looks() != before {
				t.Fatal("expected every instance to know a key before it seals, without asking")
			}
			if keyOf(one) != first && keyOf(other) != first {
				return
			}
		}
		t.Error("expected a rotation within 7 days")
	})
}

func TestKnownKeysServeThroughAnOutageOfTheStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		i := startInstance(t, store)
		value := i.seal(t)
		store.set(func(s *storage) { s.down = true })
		time.Sleep(20 * day)
		if again := i.seal(t); !i.opens(t, value) || keyOf(again) != keyOf(value) {
			t.Error("expected the known key to stay in use, and no other")
		}
		if last := i.last(); last.Err == nil || last.Keys != 1 {
			t.Errorf("expected to be told of the outage, got %+v", last)
		}
		store.set(func(s *storage) { s.down = false })
		time.Sleep(5 * time.Minute)
		if keyOf(i.seal(t)) == keyOf(value) || !i.opens(t, value) || i.last().Err != nil {
			t.Error("expected the rotation to follow")
		}
	})
}

// TestAKeyThatCouldNotBePublishedIsNotUsed covers a storage that can be read only.
func TestAKeyThatCouldNotBePublishedIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		i := startInstance(t, store)
		first := keyOf(i.seal(t))
		store.set(func(s *storage) { s.full = true })
		time.Sleep(10 * day)
		if keyOf(i.seal(t)) != first || i.last().Err == nil {
			t.Error("expected the published key to stay in use, and a report")
		}
		if restarted := startInstance(t, store); keyOf(restarted.seal(t)) != first {
			t.Error("expected a restart to go on with it")
		}
	})
}

func TestAKeyringThatWasLostIsStoredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		i := startInstance(t, store)
		value := i.seal(t)
		store.set(func(s *storage) { clear(s.files) })
		time.Sleep(2 * time.Minute)
		if !startInstance(t, store).opens(t, value) {
			t.Error("expected the key to be back in the storage")
		}
	})
}

func TestAnUnknownKeyIsLookedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		a := startInstance(t, store)
		// A key that a has not read yet, as after an outage.
		var other *instance
		{
			elsewhere := newStorage()
			other = startInstance(t, elsewhere)
			mine, theirs := store.file(session.DefaultKeyringPath), elsewhere.file(session.DefaultKeyringPath)
			both := strings.TrimSuffix(mine, "]}") + "," + theirs[strings.Index(theirs, "[")+1:]
			store.set(func(s *storage) { s.files[session.DefaultKeyringPath] = []byte(both) })
		}
		if !a.opens(t, other.seal(t)) {
			t.Error("expected the key to be found in the storage at once")
		}
		store.set(func(s *storage) { s.loads = 0 })
		rubbish := other.seal(t)
		for range 1000 {
			a.opens(t, flip(rubbish, 3))
		}
		if store.looks() != 0 {
			t.Errorf("expected no look within the pause, got %d", store.looks())
		}
		time.Sleep(11 * time.Second)
		for range 1000 {
			a.opens(t, flip(rubbish, 3))
		}
		if store.looks() != 1 {
			t.Errorf("expected one look after the pause, got %d", store.looks())
		}
	})
}

func TestAKeyringDoesNotStart(t *testing.T) {
	for name, row := range map[string]struct {
		break_ func(*storage)
		says   string
	}{
		"without a storage that can be read":    {func(s *storage) { s.down = true }, "make the storage readable and writable, or configure a secret"},
		"without a storage that can be written": {func(s *storage) { s.full = true }, "make the storage readable and writable, or configure a secret"},
		"with rubbish in its place":             {func(s *storage) { s.files[session.DefaultKeyringPath] = []byte("rubbish") }, "restore it, or delete it"},
		"with an empty file in its place":       {func(s *storage) { s.files[session.DefaultKeyringPath] = []byte{} }, "restore it, or delete it"},
		"with keys of a later version":          {func(s *storage) { s.files[session.DefaultKeyringPath] = []byte(`{"version":2,"keys":[]}`) }, "restore it, or delete it"},
		"with a key that is too short": {func(s *storage) {
			s.files[session.DefaultKeyringPath] = []byte(`{"version":1,"keys":[{"secret":"AAAA","created":"2026-01-01T00:00:00Z"}]}`)
		}, "restore it, or delete it"},
		"with something it does not know": {func(s *storage) { s.files[session.DefaultKeyringPath] = []byte(`{"version":1,"keys":[],"more":1}`) }, "restore it, or delete it"},
		"with something after the keys":   {func(s *storage) { s.files[session.DefaultKeyringPath] = []byte(`{"version":1,"keys":[]}}`) }, "restore it, or delete it"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newStorage()
				row.break_(store)
				before := store.file(session.DefaultKeyringPath)
				i := newInstance(t, store)
				err := i.ring.Start(t.Context())
				if err == nil || !strings.Contains(err.Error(), row.says) || !strings.Contains(err.Error(), session.DefaultKeyringPath) {
					t.Errorf("expected an error with %q, got %v", row.says, err)
				}
				if store.file(session.DefaultKeyringPath) != before {
					t.Error("expected what is stored to be left alone")
				}
				if _, err := i.box.Seal(nil, time.Now()); !errors.Is(err, session.ErrNoKeys) {
					t.Errorf("expected %v, got %v", session.ErrNoKeys, err)
				}
			})
		})
	}
}

func TestAStartCanBeGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := newInstance(t, newStorage()).ring.Start(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("expected the caller's own cancel, got %v", err)
		}
	})
}

func TestStartingTwiceDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := startInstance(t, newStorage())
		if err := i.ring.Start(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAClosedKeyringKeepsItsKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := startInstance(t, newStorage())
		value := i.seal(t)
		if err := i.ring.Close(); err != nil {
			t.Fatal(err)
		}
		if !i.opens(t, value) || i.opens(t, flip(value, 3)) {
			t.Error("expected known keys to open, and unknown ones not to be waited for")
		}
	})
}

func TestNewKeyringRefuses(t *testing.T) {
	if _, err := session.NewKeyring(session.KeyringOptions{Lifetime: day}); err == nil || !strings.Contains(err.Error(), "configure") {
		t.Errorf("expected an error that says what to do without a storage, got %v", err)
	}
	if _, err := session.NewKeyring(session.KeyringOptions{Storage: newStorage()}); err == nil {
		t.Error("expected an error without a lifetime")
	}
}

// TestAClockFarAheadDoesNotStopTheRotation covers a key of a machine whose clock
// was wrong when it made one.
func TestAClockFarAheadDoesNotStopTheRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		startInstance(t, store)
		future := strings.ReplaceAll(store.file(session.DefaultKeyringPath), `"created":"2000`, `"created":"2038`)
		store.set(func(s *storage) { s.files[session.DefaultKeyringPath] = []byte(future) })
		i := startInstance(t, store)
		time.Sleep(5 * time.Minute)
		if storedKeys(t, store) < 2 {
			t.Error("expected a key of now beside it")
		}
		value := i.seal(t)
		time.Sleep(8 * day)
		if keyOf(i.seal(t)) == keyOf(value) {
			t.Error("expected a rotation")
		}
	})
}

// TestAFullKeyringWaits: no instance could read a keyring with one key more.
func TestAFullKeyringWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 64
		store, keys := newStorage(), make([]string, most)
		for n := range keys { // none is younger than a week, and all may still open something
			secret := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{byte(n)}, 32))
			created := time.Now().Add(-8*day - time.Duration(n)*time.Hour).Format(time.RFC3339)
			keys[n] = fmt.Sprintf(`{"secret":%q,"created":%q}`, secret, created)
		}
		store.files[session.DefaultKeyringPath] = []byte(`{"version":1,"keys":[` + strings.Join(keys, ",") + `]}`)
		value := startInstance(t, store, time.Hour).seal(t)
		time.Sleep(day)
		if n := storedKeys(t, store); n != most {
			t.Errorf("expected %d keys, got %d", most, n)
		}
		other := startInstance(t, store, time.Hour)
		if !other.opens(t, value) {
			t.Error("expected another instance to start with the same keys")
		}
		time.Sleep(30 * day)
		if keyOf(other.seal(t)) == keyOf(value) {
			t.Error("expected a rotation once old keys have served")
		}
	})
}
