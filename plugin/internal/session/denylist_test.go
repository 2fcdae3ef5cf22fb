package session_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

func newDenyList(t testing.TB, s session.Storage, change func(*session.DenyListOptions)) *session.DenyList {
	t.Helper()
	opts := session.DenyListOptions{Storage: s}
	if change != nil {
		change(&opts)
	}
	list, err := session.NewDenyList(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := list.Close(); err != nil {
			t.Error(err)
		}
	})
	return list
}

func startDenyList(t testing.TB, s session.Storage, change func(*session.DenyListOptions)) *session.DenyList {
	t.Helper()
	list := newDenyList(t, s, change)
	if err := list.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestASignOutReachesTheFleetWithinTenSeconds(t *testing.T) {
	for name, stall := range map[string]time.Duration{"with a quick storage": 0, "with a slow one": 300 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newStorage()
				fleet := make([]*session.DenyList, 4)
				for n := range fleet {
					fleet[n] = startDenyList(t, store, nil)
				}
				store.set(func(s *storage) { s.stall = stall })
				signedIn := time.Now().Add(-time.Hour)
				// All at once, so that they overwrite each other's document.
				for n, list := range fleet {
					go func() {
						if err := list.DenySession(t.Context(), fmt.Sprintf("session-%d", n), time.Now().Add(time.Hour)); err != nil {
							t.Error(err)
						}
						if err := list.DenyUser(t.Context(), fmt.Sprintf("user-%d", n), time.Now().Add(time.Hour)); err != nil {
							t.Error(err)
						}
					}()
				}
				time.Sleep(10 * time.Second)
				for n, list := range fleet {
					for m := range fleet {
						if !list.Denied(fmt.Sprintf("session-%d", m), "", signedIn) || !list.Denied("", fmt.Sprintf("user-%d", m), signedIn) {
							t.Errorf("instance %d does not know of the sign-outs at %d", n, m)
						}
					}
				}
			})
		})
	}
}

func TestWhoIsDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := startDenyList(t, newStorage(), nil)
		hour := time.Now().Add(time.Hour)
		if list.Denied(originJTI, jo, time.Now()) {
			t.Error("expected nobody to be denied at first")
		}
		if err := errors.Join(list.DenySession(t.Context(), "s1", hour), list.DenyUser(t.Context(), "u1", hour)); err != nil {
			t.Fatal(err)
		}
		before, now, after := time.Now().Add(-time.Minute), time.Now(), time.Now().Add(time.Second)
		for name, row := range map[string]struct {
			session, user string
			signedIn      time.Time
			want          bool
		}{
			"the session":                               {"s1", "u2", before, true},
			"the session, whenever it began":            {"s1", "u2", after, true},
			"the user's session of before":              {"s2", "u1", before, true},
			"the user's session of that second":         {"s2", "u1", now, true},
			"not the user's session of after":           {"s2", "u1", after, false},
			"nobody else":                               {"s2", "u2", before, false},
			"not a user who is named like the session":  {"s2", "s1", before, false},
			"not a session that is named like the user": {"u1", "u2", before, false},
			"not a token without either":                {"", "", before, false},
		} {
			if got := list.Denied(row.session, row.user, row.signedIn); got != row.want {
				t.Errorf("%s: expected %v, got %v", name, row.want, got)
			}
		}
		time.Sleep(time.Hour)
		if list.Denied("s1", "u1", before) {
			t.Error("expected nobody to be denied once the tokens have expired")
		}
	})
}

func TestTheListSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		first := startDenyList(t, store, nil)
		if err := first.DenySession(t.Context(), "s1", time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if !startDenyList(t, store, nil).Denied("s1", "", time.Now()) {
			t.Error("expected the session to be denied")
		}
	})
}

func TestASignOutInAnOutageCountsHereAndSpreadsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		var last atomic.Pointer[error]
		a := startDenyList(t, store, func(o *session.DenyListOptions) { o.Observe = func(err error) { last.Store(&err) } })
		b := startDenyList(t, store, nil)
		for _, fault := range []func(*storage){func(s *storage) { s.down = true }, func(s *storage) { s.full = true }} {
			store.set(fault)
			name := uuid()
			if err := a.DenySession(t.Context(), name, time.Now().Add(time.Hour)); !errors.Is(err, errStorage) {
				t.Errorf("expected to hear of the outage, got %v", err)
			}
			if !a.Denied(name, "", time.Now()) || b.Denied(name, "", time.Now()) {
				t.Error("expected the sign-out to count here alone")
			}
			time.Sleep(time.Minute)
			if !errors.Is(*last.Load(), errStorage) {
				t.Errorf("expected the outage to be reported, got %v", *last.Load())
			}
			store.set(func(s *storage) { s.down, s.full = false, false })
			time.Sleep(10 * time.Second)
			if !b.Denied(name, "", time.Now()) {
				t.Error("expected the sign-out to spread after the outage")
			}
		}
	})
}

func TestTheListIsBoundedAndExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		list := startDenyList(t, store, func(o *session.DenyListOptions) { o.Size = 100 })
		if err := list.DenyUser(t.Context(), "u", time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for n := range 500 {
			all.Go(func() {
				_ = list.DenySession(t.Context(), fmt.Sprintf("s%d", n), time.Now().Add(time.Hour+time.Duration(n)*time.Second))
			})
		}
		all.Wait()
		if list.Len() != 100 || !list.Denied("", "u", time.Now()) || !list.Denied("s499", "", time.Now()) || list.Denied("s0", "", time.Now()) {
			t.Errorf("expected the user and the 99 sessions that last longest, got %d", list.Len())
		}
		if size := len(store.file(session.DefaultDenyListPath)); size > 10_000 {
			t.Errorf("expected a bounded document, got %d bytes", size)
		}
		time.Sleep(2 * time.Hour)
		if err := list.DenySession(t.Context(), "later", time.Now().Add(time.Hour)); err != nil || list.Len() != 1 {
			t.Errorf("expected what is over to go, got %d, %v", list.Len(), err)
		}
		if strings.Contains(store.file(session.DefaultDenyListPath), "s499") {
			t.Error("expected what is over to go from the storage")
		}
	})
}

// TestManySignOutsShareAStore holds that a rush of sign-outs is no rush of stores.
func TestManySignOutsShareAStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		list := startDenyList(t, store, nil)
		store.set(func(s *storage) { s.loads, s.stall = 0, 10*time.Millisecond })
		var all sync.WaitGroup
		for n := range 200 {
			all.Go(func() { _ = list.DenySession(t.Context(), fmt.Sprintf("s%d", n), time.Now().Add(time.Hour)) })
		}
		all.Wait()
		if store.looks() > 3 {
			t.Errorf("expected few looks into the storage, got %d", store.looks())
		}
	})
}

func TestADenyListRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStorage()
		list := startDenyList(t, store, nil)
		hour := time.Now().Add(time.Hour)
		for name, err := range map[string]error{
			"a session without a name":  list.DenySession(t.Context(), "", hour),
			"a user without a name":     list.DenyUser(t.Context(), "", hour),
			"a name beyond reason":      list.DenyUser(t.Context(), strings.Repeat("x", 257), hour),
			"a list that never started": newDenyList(t, store, nil).DenySession(t.Context(), "x", hour),
		} {
			if err == nil {
				t.Errorf("%s: expected an error", name)
			}
		}
		if list.Len() != 0 {
			t.Errorf("expected nothing in the list, got %d", list.Len())
		}
		if _, err := session.NewDenyList(session.DenyListOptions{}); err == nil {
			t.Error("expected an error without a storage")
		}
	})
}

func TestADocumentThatIsNoListIsLeftAlone(t *testing.T) {
	for _, document := range []string{"", "rubbish", `{"version":2}`, `{"version":1,"denied":{}}`, `{"version":1,"denied":[{"at":"x"}]}`} {
		synctest.Test(t, func(t *testing.T) {
			store := newStorage()
			store.files[session.DefaultDenyListPath] = []byte(document)
			list := newDenyList(t, store, nil)
			if err := list.Start(t.Context()); err == nil {
				t.Errorf("%q: expected an error", document)
			}
			_ = list.DenySession(t.Context(), "s1", time.Now().Add(time.Hour))
			if !list.Denied("s1", "", time.Now()) || store.file(session.DefaultDenyListPath) != document {
				t.Errorf("%q: expected it to stay, and sign-outs to count here", document)
			}
		})
	}
}
