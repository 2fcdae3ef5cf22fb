package integration_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// rotations are how an app client can deal with refresh tokens, and what the
// edge must be told of it.
var rotations = []struct {
	name    string
	rotate  bool
	grace   time.Duration
	variant cognitolocal.RotationVariant
	session string
	crash   bool
}{
	{name: "without rotation, and one instance crashes", crash: true},
	{name: "with rotation and a grace period", rotate: true, grace: time.Minute},
	{name: "with rotation and a grace period in which only the latest token stays good", rotate: true, grace: time.Minute,
		variant: cognitolocal.RotationVariant{LatestOnly: true}, session: "refresh_token_rotation"},
	{name: "with rotation and no grace period", rotate: true, session: "refresh_token_rotation"},
}

// TestNoSessionIsLostAroundExpiry: 1 000 requests to each of three instances
// with one session, from ahead of the expiry of its tokens until after it.
func TestNoSessionIsLostAroundExpiry(t *testing.T) {
	t.Parallel()
	for _, row := range rotations { // one storm at a time
		t.Run(row.name, func(t *testing.T) {
			client := shortTokens(4 * time.Second)
			client.RotateRefreshTokens, client.RotationGrace = row.rotate, row.grace
			f := startedFleet(t, fleetSetup{client: client, session: row.session})
			f.pool.SetRotationVariant(row.variant)
			old := f.at[0].signIn("jo")
			from := time.Now().Add(2 * time.Second)
			f.longTokens()
			s := &storm{fleet: f, kept: old, from: from, over: 2 * time.Second}
			s.run(row.crash)
			if n := f.refreshes(); n < 1 || n > 3 {
				t.Errorf("expected at most one refresh for each instance, got %d", n)
			}
			if s.kept == old {
				t.Error("expected a new session cookie in some answer")
			}
			f.everywhere("the session that the browser keeps", s.kept)
			f.everywhere("the session of a client that missed the answers", old)
			before := f.refreshes()
			f.at[2].kill()
			f.at[2].start()
			f.at[2].awaitReady()
			f.everywhere("the session that the browser keeps, after a crash", s.kept)
			f.everywhere("the session of a client that missed the answers, after a crash", old)
			if n := f.refreshes() - before; n > 1 {
				t.Errorf("expected at most one refresh after the crash, got %d", n)
			}
		})
	}
}

// storm is many requests with one session.
type storm struct {
	*fleet
	from time.Time
	over time.Duration

	mu   sync.Mutex // guards kept
	kept string     // what came last, as browsers have it
}

const stormRequests = 1000

// run sends the requests to all instances and waits for them. With crash, the
// last instance is killed in between, and its clients may get no answer.
func (s *storm) run(crash bool) {
	s.Helper()
	var all sync.WaitGroup
	for n, i := range s.at {
		for k := range stormRequests {
			all.Go(func() {
				<-time.After(time.Until(s.from.Add(s.over * time.Duration(k) / stormRequests)))
				s.request(i, crash && n == len(s.at)-1)
			})
		}
	}
	if crash {
		<-time.After(time.Until(s.from.Add(s.over / 2)))
		s.crash(s.at[len(s.at)-1])
	}
	all.Wait()
}

func (s *storm) crash(i *instance) {
	i.kill()
	i.start()
	i.awaitReady()
}

func (s *storm) request(i *instance, lossy bool) {
	s.mu.Lock()
	session := s.kept
	s.mu.Unlock()
	got, err := try(s.T, i.web, http.MethodGet, app+"/", "", "Cookie: "+sessionCookie+"="+session)
	switch {
	case err != nil && lossy:
		return
	case err != nil:
		s.Errorf("%s: %v", i.name, err)
	case got.status != http.StatusOK:
		s.Errorf("%s: expected 200, got %d with %q", i.name, got.status, got.body)
	}
	if value, set := got.kept(); set {
		s.mu.Lock()
		s.kept = value
		s.mu.Unlock()
	}
}
