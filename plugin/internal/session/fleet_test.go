package session_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

// TestAThousandRequestsAtThreeInstancesLoseNoSession is the measure of the issue:
// around the expiry, with the old cookie all of them, in every mode.
func TestAThousandRequestsAtThreeInstancesLoseNoSession(t *testing.T) {
	for name, row := range map[string]struct {
		mode    rotation
		handoff func() session.Storage
		calls   int // at most
	}{
		"rotation off":                                {rotation{}, nil, 3},
		"rotation with grace":                         {rotation{on: true, grace: time.Minute}, func() session.Storage { return newStorage() }, 3},
		"rotation with grace and nothing shared":      {rotation{on: true, grace: time.Minute}, nil, 3},
		"rotation with grace, the last one counts":    {rotation{on: true, grace: time.Minute, strict: true}, func() session.Storage { return newLockingStorage() }, 1},
		"rotation without grace":                      {rotation{on: true}, func() session.Storage { return newStorage() }, 3},
		"rotation without grace, and locks that work": {rotation{on: true}, func() session.Storage { return newLockingStorage() }, 1},
		"rotation without grace, and locks that fail": {rotation{on: true}, func() session.Storage { return brokenLocks{newStorage()} }, 3},
		"rotation without grace, and locks for all":   {rotation{on: true}, func() session.Storage { return openLocks{newStorage()} }, 3},
	} {
		for when, age := range map[string]time.Duration{"ahead of expiry": 59 * time.Minute, "after expiry": 61 * time.Minute} {
			t.Run(name+", "+when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := newCognito(row.mode)
					fleet := make([]*session.Refresher, 3)
					var shared session.Storage
					if row.handoff != nil {
						shared = row.handoff()
					}
					for n := range fleet {
						fleet[n] = newRefresher(t, c, func(o *session.RefresherOptions) { o.Handoff = shared })
					}
					s := c.signIn(t)
					time.Sleep(age)
					expectNoneLost(t, c, fleet, s)
					if c.count() > row.calls {
						t.Errorf("expected at most %d calls to Cognito, got %d", row.calls, c.count())
					}
				})
			})
		}
	}
}

func expectNoneLost(t *testing.T, c *cognito, fleet []*session.Refresher, s *session.Session) {
	t.Helper()
	var all sync.WaitGroup
	for n := range 3000 {
		all.Go(func() {
			time.Sleep(time.Duration(n/3) * time.Millisecond) // a second in all
			got, changed, err := fleet[n%3].Fresh(t.Context(), s, session.NeedTokens)
			switch {
			case err != nil:
				t.Errorf("lost the session: %v, %v", err, errors.Unwrap(err))
			case !time.Now().Before(got.Expires):
				t.Error("got tokens that have expired")
			case changed && !c.stillGood(got):
				t.Error("got a refresh token that is worth nothing")
			case got.Subject != jo || !got.Created.Equal(s.Created) || got.OriginJTI != originJTI:
				t.Error("got another session")
			}
		})
	}
	all.Wait()
}

// brokenLocks has locks that return errors, as postgres-storage does.
type brokenLocks struct{ *storage }

func (brokenLocks) Lock(context.Context, string) error   { return errStorage }
func (brokenLocks) Unlock(context.Context, string) error { return errStorage }

// openLocks has locks that everybody gets, as certmagic-s3 does.
type openLocks struct{ *storage }

func (openLocks) Lock(context.Context, string) error   { return nil }
func (openLocks) Unlock(context.Context, string) error { return nil }

// TestCaddysFileStorageServes runs two instances on the real thing, locks and all.
func TestCaddysFileStorageServes(t *testing.T) {
	shared := certmagic.Storage(&certmagic.FileStorage{Path: t.TempDir()})
	a, b := startInstance(t, shared), startInstance(t, shared)
	if !b.opens(t, a.seal(t)) || keyOf(a.seal(t)) != keyOf(b.seal(t)) {
		t.Error("expected both instances to use one key")
	}
	list := startDenyList(t, shared, nil)
	if err := list.DenySession(t.Context(), originJTI, time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if !startDenyList(t, shared, nil).Denied(originJTI, "", time.Now()) {
		t.Error("expected the sign-out to be known elsewhere")
	}
	c := newCognito(rotation{on: true})
	c.life = time.Nanosecond // has expired at once
	s := c.signIn(t)
	c.life = time.Hour
	with := func(o *session.RefresherOptions) { o.Handoff = shared }
	next := fresh(t, newRefresher(t, c, with), s)
	if got := fresh(t, newRefresher(t, c, with), s); got.Tokens != next.Tokens || c.count() != 1 {
		t.Errorf("expected one refresh, got %d", c.count())
	}
}

// Interface guards
var (
	_ session.Storage = certmagic.Storage(nil)
	_ session.Locker  = certmagic.Storage(nil)
)

// TestAKeyThatIsOverwrittenDuringTheStartIsNotUsed, neither by the instance that
// made it nor by one that has just read it.
func TestAKeyThatIsOverwrittenDuringTheStartIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		elsewhere := newStorage()
		quicker := startInstance(t, elsewhere)
		store := newStorage()
		fleet := []*instance{newInstance(t, store), newInstance(t, store)}
		for _, i := range fleet {
			go func() {
				if err := i.ring.Start(t.Context()); err != nil {
					t.Error(err)
				}
			}()
			time.Sleep(100 * time.Millisecond)
		}
		if err := store.Store(t.Context(), session.DefaultKeyringPath, []byte(elsewhere.file(session.DefaultKeyringPath))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		expectShared(t, append(fleet, quicker))
	})
}
