package session_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

// strictFleet is two instances at an app client that rotates without grace.
func strictFleet(t *testing.T, shared session.Storage) (c *cognito, a, b *session.Refresher) {
	t.Helper()
	c = newCognito(rotation{on: true})
	with := func(o *session.RefresherOptions) { o.Handoff = shared }
	return c, newRefresher(t, c, with), newRefresher(t, c, with)
}

func TestALateRequestElsewhereGetsTheRotatedTokens(t *testing.T) {
	// At the turn of an hour the record lies in another bucket.
	for name, start := range map[string]time.Duration{"within an hour": 10 * time.Minute, "over the turn of an hour": 59 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shared := newStorage()
				c, a, b := strictFleet(t, shared)
				s := c.signIn(t)
				time.Sleep(2*time.Hour + start)
				next := fresh(t, a, s)
				time.Sleep(time.Minute + 55*time.Second)
				if got := fresh(t, b, s); got.Tokens != next.Tokens || c.count() != 1 {
					t.Errorf("expected the tokens that the other instance got, %d calls", c.count())
				}
				time.Sleep(time.Minute)
				other := newRefresher(t, c, func(o *session.RefresherOptions) { o.Handoff = shared })
				expectEnded(t, other, s, session.ErrRefused)
			})
		})
	}
}

func TestTokensThatExpiredMeanwhileAreNotAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newStorage()
		c := newCognito(rotation{on: true})
		c.life = 5 * time.Minute
		with := func(o *session.RefresherOptions) { o.Handoff, o.Keep = shared, 10*time.Minute }
		s := c.signIn(t)
		time.Sleep(6 * time.Minute)
		fresh(t, newRefresher(t, c, with), s)
		time.Sleep(6 * time.Minute)
		expectEnded(t, newRefresher(t, c, with), s, session.ErrRefused)
	})
}

// TestWithoutTheStorageASessionLivesOnAtItsInstance covers a storage that fails:
// it is no shared state, but no reason to sign anybody out.
func TestWithoutTheStorageASessionLivesOnAtItsInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newStorage()
		var last session.RefreshEvent
		c := newCognito(rotation{on: true})
		r := newRefresher(t, c, func(o *session.RefresherOptions) {
			o.Handoff, o.Observe = shared, func(e session.RefreshEvent) { last = e }
		})
		shared.set(func(s *storage) { s.down = true })
		s := c.signIn(t)
		time.Sleep(61 * time.Minute)
		next := fresh(t, r, s)
		synctest.Wait()
		if !c.stillGood(next) || fresh(t, r, s) != next {
			t.Error("expected new tokens, for late requests too")
		}
		if last.StoreErr == nil || last.Err != nil {
			t.Errorf("expected the failure to be reported, got %+v", last)
		}
	})
}

// hanging never answers before its context ends.
type hanging struct{ *storage }

func (hanging) Load(ctx context.Context, _ string) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
func (hanging) Store(ctx context.Context, _ string, _ []byte) error { <-ctx.Done(); return ctx.Err() }
func (hanging) Lock(ctx context.Context, _ string) error            { <-ctx.Done(); return ctx.Err() }
func (hanging) Unlock(context.Context, string) error                { return nil }

func TestAHangingStorageDelaysARefreshAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, a, _ := strictFleet(t, hanging{newStorage()})
		s := c.signIn(t)
		time.Sleep(61 * time.Minute)
		began := time.Now()
		if next := fresh(t, a, s); !c.stillGood(next) || time.Since(began) > 10*time.Second {
			t.Errorf("expected new tokens within 10s, took %v", time.Since(began))
		}
	})
}

// TestASlowWinnerIsWaitedFor has an instance refused while another one, which
// holds the lock, still waits for its answer.
func TestASlowWinnerIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, a, b := strictFleet(t, newLockingStorage())
		c.delay = 9 * time.Second
		s := c.signIn(t)
		time.Sleep(61 * time.Minute)
		won := make(chan *session.Session)
		go func() { won <- fresh(t, a, s) }()
		synctest.Wait()
		got := fresh(t, b, s)
		if first := <-won; got.Tokens != first.Tokens || c.refused != 1 {
			t.Errorf("expected the tokens of the winner, after %d refusals", c.refused)
		}
	})
}

func TestARecordSaysNothingToAReaderOfTheStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newStorage()
		c, a, _ := strictFleet(t, shared)
		s := c.signIn(t)
		time.Sleep(61 * time.Minute)
		next := fresh(t, a, s)
		if len(shared.files) != 1 {
			t.Fatalf("expected one record, got %d", len(shared.files))
		}
		for place, value := range shared.files {
			for _, secret := range []session.Secret{s.Refresh, next.Refresh, next.Access, next.ID} {
				for _, part := range strings.Split(string(secret), ".") {
					decoded, err := base64.RawURLEncoding.DecodeString(part)
					if strings.Contains(place+string(value), part) || err == nil && bytes.Contains(value, decoded) {
						t.Error("expected a record to be sealed")
					}
				}
			}
		}
	})
}

func TestARecordOfAnotherSessionIsNotAdopted(t *testing.T) {
	for name, forge := range map[string]func(record []byte) []byte{
		"moved from another session": nil,
		"changed":                    func(record []byte) []byte { return []byte(flip(string(record), 100)) },
		"cut":                        func(record []byte) []byte { return record[:len(record)/2] },
		"emptied":                    func([]byte) []byte { return []byte{} },
		"of another size":            func([]byte) []byte { return make([]byte, 1<<20) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shared := newStorage()
				c, a, b := strictFleet(t, shared)
				mine, other := c.signIn(t), c.signIn(t)
				time.Sleep(61 * time.Minute)
				fresh(t, a, other)
				var record []byte
				for _, value := range shared.files {
					record = value
				}
				fresh(t, a, mine)
				for place := range shared.files {
					if forge == nil {
						shared.files[place] = record
					} else {
						shared.files[place] = forge(shared.files[place])
					}
				}
				expectEnded(t, b, mine, session.ErrRefused)
			})
		})
	}
}

func TestRecordsAreSweptAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newStorage()
		c := newCognito(rotation{on: true})
		newRefresher(t, c, func(o *session.RefresherOptions) { o.Handoff = shared })
		hour := time.Now().Unix() / 3600
		record := func(hours int64) string {
			return fmt.Sprintf("%s/%d/%x", session.DefaultHandoffPath, hour+hours, random(16))
		}
		keep := []string{
			record(100), session.DefaultKeyringPath, "certificates/acme/example.com/example.com.key",
			session.DefaultHandoffPath + "/0/short", session.DefaultHandoffPath + "/0/x" + record(0)[len(record(0))-31:],
			session.DefaultHandoffPath + "/zero/" + record(0)[len(record(0))-32:], record(0)[1:],
			strings.Replace(record(-5), "handoff", "handoff2", 1),
		}
		old := []string{record(-1000), record(-5), record(-1)}
		shared.set(func(s *storage) {
			for _, place := range append(old, keep...) {
				s.files[place] = []byte("x")
			}
			s.listed = keep // as a storage that ignores the prefix
		})
		time.Sleep(3*time.Hour + time.Minute)
		for _, place := range keep {
			if shared.file(place) == "" {
				t.Errorf("deleted %s", place)
			}
		}
		for _, place := range old {
			if shared.file(place) != "" {
				t.Errorf("kept %s", place)
			}
		}
	})
}

func TestASweepIsBoundedAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newStorage()
		for range 2500 {
			shared.files[fmt.Sprintf("%s/0/%x", session.DefaultHandoffPath, random(16))] = []byte("x")
		}
		shared.down = true
		newRefresher(t, newCognito(rotation{}), func(o *session.RefresherOptions) { o.Handoff = shared })
		for _, want := range []int{2500, 1500, 500, 0} {
			time.Sleep(time.Hour + time.Minute)
			if got := len(shared.places()); got != want {
				t.Errorf("expected %d records to be left, got %d", want, got)
			}
			shared.set(func(s *storage) { s.down = false })
		}
	})
}

func TestNothingIsStoredWithoutRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newStorage()
		c := newCognito(rotation{})
		r := newRefresher(t, c, func(o *session.RefresherOptions) { o.Handoff = shared })
		s := c.signIn(t)
		time.Sleep(61 * time.Minute)
		if next := fresh(t, r, s); next.Refresh != s.Refresh || len(shared.places()) != 0 {
			t.Errorf("expected the refresh token to stay and no record, got %d", len(shared.places()))
		}
	})
}
