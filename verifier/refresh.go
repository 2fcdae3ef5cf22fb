package verifier

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Trigger says why keys were fetched.
type Trigger string

// Why keys are fetched.
const (
	TriggerStart      Trigger = "start"       // the first time
	TriggerRefresh    Trigger = "refresh"     // the keys are stale
	TriggerUnknownKey Trigger = "unknown_key" // a token names a key that is not known
	TriggerManual     Trigger = "manual"      // somebody asked for it
)

// KeySetEvent is what [RemoteOptions].Observe is told. It holds no secrets.
type KeySetEvent struct {
	URL      string
	Trigger  Trigger
	Duration time.Duration
	// Keys is how many keys the set has now.
	Keys int
	// Added and Removed are key IDs that changed with this fetch.
	Added, Removed []string
	// Err is why the fetch failed; nil when it did not.
	Err error
	// StoreErr is why the store could not keep the set.
	StoreErr error
	// Fetched is when the keys that are in use were fetched; zero when there
	// are none.
	Fetched time.Time
}

// Pauses after failures: doubled each time, and jittered so that a fleet does
// not return in step.
const (
	minRetry = time.Second
	maxRetry = 30 * time.Second
	minSoft  = time.Minute // shortest max-age that is followed
)

// run keeps the set fresh until Close.
func (s *RemoteKeySet) run() {
	if s.opts.Store != nil {
		ctx, cancel := context.WithTimeout(s.ctx, s.opts.FetchTimeout)
		_ = s.restore(ctx) // nothing kept is the usual case; the fetch follows anyway
		cancel()
	}
	close(s.restored)
	trigger := TriggerStart
	for s.ctx.Err() == nil {
		if f := s.join(trigger); f != nil {
			_ = wait(s.ctx, f.over) // not done: joining it again would spin
		}
		trigger = TriggerRefresh
		timer := time.NewTimer(time.Until(s.due()))
		select {
		case <-timer.C:
		case <-s.ctx.Done():
			timer.Stop()
		}
	}
}

// due is when the next fetch in the background should begin.
func (s *RemoteKeySet) due() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := s.current.Load()
	switch {
	case s.failures == 0 && snap != nil:
		return snap.refresh
	case s.opts.Lazy && snap == nil: // tokens ask for it, if there are any
		return time.Now().Add(s.opts.RefreshInterval)
	}
	return s.retry // zero, so at once, when Close came before the first answer
}

// Refresh fetches the keys now, also during a cool-down or a pause after a
// failure, and waits for the outcome. A fetch that began before does not count.
func (s *RemoteKeySet) Refresh(ctx context.Context) error {
	s.begin()
	s.mu.Lock()
	running := s.flight
	s.mu.Unlock()
	if running != nil {
		if err := wait(ctx, running.over); err != nil {
			return err
		}
	}
	f := s.join(TriggerManual)
	if f == nil {
		return errors.New("key set is closed")
	}
	if err := wait(ctx, f.done); err != nil {
		return err
	}
	return f.err
}

// join returns the fetch that runs, or starts one. It returns nil after Close
// and, except for [TriggerManual], while a pause after a failure lasts.
func (s *RemoteKeySet) join(trigger Trigger) *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight != nil {
		return s.flight
	}
	if s.ctx.Err() != nil || trigger != TriggerManual && time.Now().Before(s.retry) {
		return nil
	}
	if trigger == TriggerUnknownKey && s.cooling() {
		return nil // somebody else's fetch ended between the look and the lock
	}
	f := &flight{done: make(chan struct{}), over: make(chan struct{})}
	s.flight = f
	s.running.Go(func() { s.fetch(f, trigger) })
	return f
}

// fetch is one flight. What it learns is in place before anybody who waits for
// it goes on, and it is stored and reported before the next one can start: an
// old success must not overwrite a newer one, or be told after a newer failure.
func (s *RemoteKeySet) fetch(f *flight, trigger Trigger) {
	began := time.Now()
	got, err := s.fetcher.fetch(s.ctx)
	now := time.Now()
	event := KeySetEvent{URL: s.opts.URL, Trigger: trigger, Duration: now.Sub(began), Err: err}
	s.mu.Lock()
	if err == nil {
		event.Added, event.Removed = s.install(got, now)
	}
	s.settle(err, now)
	s.mu.Unlock()
	f.err = err
	close(f.done)
	if err == nil && s.opts.Store != nil {
		event.StoreErr = s.save(s.ctx, now, got.body)
	}
	s.report(event)
	s.mu.Lock()
	s.flight = nil
	s.mu.Unlock()
	close(f.over)
}

// install publishes a new snapshot. The caller holds mu.
func (s *RemoteKeySet) install(got fetched, now time.Time) (added, removed []string) {
	old := s.current.Load()
	snap := newSnapshot(got.keys, now, s.opts.MaxStale)
	snap.adopt(old)
	snap.refresh = now.Add(jitter(s.softAge(got.maxAge)))
	s.current.Store(snap)
	return snap.changes(old)
}

// settle records how a fetch ended. The caller holds mu.
func (s *RemoteKeySet) settle(err error, now time.Time) {
	s.lastErr, s.tried = err, now
	if err == nil {
		s.failures, s.retry = 0, time.Time{}
		return
	}
	pause := min(minRetry<<min(s.failures, 10), maxRetry)
	s.failures++
	s.retry = now.Add(jitter(pause))
}

// softAge lets an issuer shorten the interval, within reason, but not lengthen
// it: a long max-age would delay the end of a withdrawn key.
func (s *RemoteKeySet) softAge(maxAge time.Duration) time.Duration {
	if maxAge == 0 {
		return s.opts.RefreshInterval
	}
	return min(max(maxAge, minSoft), s.opts.RefreshInterval)
}

// jitter takes up to a tenth off d.
func jitter(d time.Duration) time.Duration {
	return d - rand.N(d/10+1)
}

func (s *RemoteKeySet) report(event KeySetEvent) {
	if s.opts.Observe == nil || s.ctx.Err() != nil {
		return
	}
	if snap := s.current.Load(); snap != nil {
		event.Keys, event.Fetched = len(snap.keys), snap.fetched
	}
	s.opts.Observe(event)
}

// KeySetStatus describes a set at one moment. It holds no secrets.
type KeySetStatus struct {
	URL string
	// KeyIDs are the keys in use, sorted.
	KeyIDs []string
	// Fetched is when they were fetched; zero when they are pinned or none.
	Fetched time.Time
	// Refresh is when they are due to be fetched anew.
	Refresh time.Time
	// Trusted is false when there are no keys or they are too old.
	Trusted bool
	// Tried is when the last fetch ended, Err why it failed.
	Tried time.Time
	Err   error
}

// Status describes the set now.
func (s *RemoteKeySet) Status() KeySetStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := KeySetStatus{URL: s.opts.URL, Tried: s.tried, Err: s.lastErr}
	if snap := s.current.Load(); snap != nil {
		status.KeyIDs = slices.Sorted(maps.Keys(snap.keys))
		status.Fetched, status.Refresh = snap.fetched, snap.refresh
		status.Trusted = snap.trusted(time.Now())
	}
	return status
}
