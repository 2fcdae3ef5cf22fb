package session_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

// deaf ignores how its contexts end, until it is let go.
type deaf struct {
	*storage
	stuck atomic.Pointer[chan struct{}] // nil while it works
}

// hang makes it deaf until release.
func (d *deaf) hang() (release func()) {
	stuck := make(chan struct{})
	d.stuck.Store(&stuck)
	return func() { close(stuck) }
}

func (d *deaf) Load(ctx context.Context, key string) ([]byte, error) {
	if stuck := d.stuck.Load(); stuck != nil {
		<-*stuck
	}
	return d.storage.Load(ctx, key)
}

// TestCloseDoesNotWaitForEver covers storages that hang whatever their context
// says: a reload must go on.
func TestCloseDoesNotWaitForEver(t *testing.T) {
	for name, start := range map[string]func(t *testing.T, s *deaf) (closer func() error){
		"a keyring": func(t *testing.T, s *deaf) func() error {
			ring, err := session.NewKeyring(session.KeyringOptions{Storage: s, Lifetime: day})
			if err != nil {
				t.Fatal(err)
			}
			if err := ring.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			return ring.Close
		},
		"a deny list": func(t *testing.T, s *deaf) func() error {
			list, err := session.NewDenyList(session.DenyListOptions{Storage: s})
			if err != nil {
				t.Fatal(err)
			}
			if err := list.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			return list.Close
		},
		"a refresher": func(t *testing.T, s *deaf) func() error {
			r, err := session.NewRefresher(session.RefresherOptions{Refresh: newCognito(rotation{}).refresh, Handoff: s})
			if err != nil {
				t.Fatal(err)
			}
			expired := newCognito(rotation{}).signIn(t)
			go func() {
				time.Sleep(61 * time.Minute)
				_, _, _ = r.Fresh(t.Context(), expired, session.NeedClaims)
			}()
			return r.Close
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &deaf{storage: newStorage()}
				closer := start(t, s)
				release := s.hang()
				time.Sleep(62 * time.Minute)
				began := time.Now()
				if err := closer(); err == nil || time.Since(began) > 30*time.Second {
					t.Errorf("expected an error soon, got %v after %v", err, time.Since(began))
				}
				release()
			})
		})
	}
}

func TestARequestForASignOutEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &deaf{storage: newStorage()}
		list := startDenyList(t, s, nil)
		release := s.hang()
		for range 2 { // the first hangs in the storage, the second waits for its turn
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := list.DenySession(ctx, "s1", time.Now().Add(time.Hour)); err == nil || !list.Denied("s1", "", time.Now()) {
				t.Errorf("expected an error, and the sign-out to count here, got %v", err)
			}
			cancel()
		}
		release()
		synctest.Wait()
		if err := list.Close(); err != nil {
			t.Fatal(err)
		}
		if err := list.DenySession(t.Context(), "s2", time.Now().Add(time.Hour)); err == nil || !list.Denied("s2", "", time.Now()) {
			t.Errorf("expected the same after Close, got %v", err)
		}
	})
}

func TestClosingWhatNeverStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		newInstance(t, newStorage())
		newDenyList(t, newStorage(), nil)
		r, err := session.NewRefresher(session.RefresherOptions{Refresh: newCognito(rotation{}).refresh})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}
