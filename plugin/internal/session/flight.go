package session

import (
	"context"
	"errors"
	"sync"
	"time"
)

// refreshEntry is what is known of the session with one refresh token.
type refreshEntry struct {
	mu     sync.Mutex     // guards all below
	flight *refreshFlight // the refresh that runs, if one does
	// next is what the last refresh brought, for requests with the old cookie,
	// until keep is over.
	next *Session
	keep time.Time
	// whole is the session with tokens that its cookie has no room for.
	whole *Session
	// err is why the last refresh failed; none begins before retry.
	err      error
	retry    time.Time
	failures int // in a row
}

// refreshFlight is one refresh, shared by all who wait for it.
type refreshFlight struct {
	done chan struct{}
	next *Session
	err  error
}

var errClosed = errors.New("refresher is closed")

// known returns what a request can go on with without a refresh: what an earlier
// one brought, or the session itself with its whole tokens.
func (e *refreshEntry) known(s *Session, need Need, now time.Time) (known *Session, changed bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if next := e.next; next != nil && now.Before(e.keep) && need.met(next) && now.Before(refreshFrom(next)) &&
		next.AccessClaims != s.AccessClaims && !next.Expires.Before(s.Expires) {
		return next, true
	}
	// The same tokens, not others of the same user: the cookie may be newer.
	if w := e.whole; w != nil && w.AccessClaims == s.AccessClaims && w.IDClaims == s.IDClaims && !need.met(s) && now.Before(refreshFrom(s)) {
		return s.completed(w.Tokens), false
	}
	return nil, false
}

// ended reports whether the session is known to be over: what one request was
// told must be true for all.
func (e *refreshEntry) ended(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, ended := errors.AsType[*EndedError](e.err)
	return ended && now.Before(e.retry)
}

// join returns the refresh that runs, or begins one. While a pause after a
// failure lasts, it returns the error of the failure.
func (r *Refresher) join(ctx context.Context, e *refreshEntry, s *Session) (f *refreshFlight, began bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.flight != nil {
		return e.flight, false, nil
	}
	if pause := time.Until(e.retry); pause > 0 {
		return nil, false, paused(e.err, pause)
	}
	r.closing.RLock()
	defer r.closing.RUnlock()
	if r.ctx.Err() != nil {
		return nil, false, &UnavailableError{time.Second, errClosed}
	}
	e.flight = &refreshFlight{done: make(chan struct{})}
	flight := e.flight
	ctx = context.WithoutCancel(ctx)
	r.running.Go(func() { r.fly(ctx, e, flight, s) })
	return flight, true, nil
}

// paused is the error of a failure for somebody who comes later.
func paused(err error, pause time.Duration) error {
	if unavailable, ok := errors.AsType[*UnavailableError](err); ok {
		return &UnavailableError{pause, unavailable.Err}
	}
	return err
}

// fly is one refresh. What it learns is in place before anybody who waits for it
// goes on.
func (r *Refresher) fly(ctx context.Context, e *refreshEntry, f *refreshFlight, s *Session) {
	began := time.Now()
	event := RefreshEvent{Subject: s.Subject, Source: FromCognito}
	f.next, f.err = r.obtain(ctx, s, &event)
	if f.err == nil && !s.whole() {
		r.Remember(f.next) // its cookie will have no room either
	}
	e.settle(f, r.opts.Keep)
	event.Duration, event.Err = time.Since(began), f.err
	event.Rotated = f.err == nil && f.next.Refresh != s.Refresh
	close(f.done)
	if r.opts.Observe != nil {
		r.opts.Observe(event)
	}
}

// Pauses after trouble, doubled each time.
const (
	minPause = time.Second
	maxPause = 10 * time.Second // a user may wait for the end of it
)

// settle records how a refresh ended.
func (e *refreshEntry) settle(f *refreshFlight, keep time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flight = nil
	now := time.Now()
	if f.err == nil {
		e.next, e.keep = f.next, now.Add(keep)
		e.err, e.retry, e.failures = nil, time.Time{}, 0
		return
	}
	pause := keep // of a refusal: it is final
	if unavailable, ok := errors.AsType[*UnavailableError](f.err); ok {
		pause = max(unavailable.RetryAfter, jitter(min(minPause<<min(e.failures, 10), maxPause)))
		e.failures++
		f.err = &UnavailableError{pause, unavailable.Err}
	}
	e.err, e.retry = f.err, now.Add(pause)
}

// obtain gets new tokens: those of another instance that was quicker, else from
// Cognito. A refusal may mean just that another instance was quicker, and has not
// stored its tokens yet.
func (r *Refresher) obtain(ctx context.Context, s *Session, event *RefreshEvent) (*Session, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*r.opts.Timeout)
	defer cancel()
	if next, ok := r.adopt(ctx, s, event); ok {
		return next, nil
	}
	unlock, contended := r.handoff.lock(ctx, s.Refresh)
	defer unlock()
	if next, ok := r.adopt(ctx, s, event); ok { // what the holder of the lock left
		return next, nil
	}
	tokens, err := r.ask(ctx, s)
	if !errors.Is(err, ErrRefused) {
		return r.accept(ctx, s, tokens, err, event)
	}
	if next, ok := r.recover(ctx, s, contended, event); ok {
		return next, nil
	}
	return nil, &EndedError{err}
}

func (r *Refresher) ask(ctx context.Context, s *Session) (Tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	return r.opts.Refresh(ctx, s)
}

// accept judges Cognito's answer, if it is no refusal.
func (r *Refresher) accept(ctx context.Context, s *Session, t Tokens, err error, event *RefreshEvent) (*Session, error) {
	var next *Session
	if err == nil {
		next, err = s.renewed(t)
	}
	switch {
	case errors.Is(err, ErrSubject):
		return nil, &EndedError{err}
	case err != nil:
		return nil, trouble(err)
	}
	event.StoreErr = r.handoff.store(ctx, s.Refresh, next.Tokens)
	return next, nil
}

// maxRetryAfter bounds the pause that a server can ask for.
const maxRetryAfter = time.Minute

func trouble(err error) error {
	if unavailable, ok := errors.AsType[*UnavailableError](err); ok {
		return &UnavailableError{min(unavailable.RetryAfter, maxRetryAfter), unavailable.Err}
	}
	return &UnavailableError{Err: err}
}

// adopt takes over what another refresh left in the hand-off.
func (r *Refresher) adopt(ctx context.Context, s *Session, event *RefreshEvent) (*Session, bool) {
	tokens, ok := r.handoff.load(ctx, s.Refresh)
	if !ok {
		return nil, false
	}
	next, err := s.renewed(tokens)
	if err != nil || !time.Now().Before(next.Expires) {
		return nil, false
	}
	event.Source = FromHandoff
	return next, true
}

// recover gives another instance a second to store what it got; longer when it
// is known to be at it.
func (r *Refresher) recover(ctx context.Context, s *Session, contended bool, event *RefreshEvent) (*Session, bool) {
	if r.handoff == nil {
		return nil, false
	}
	deadline := time.Now().Add(time.Second)
	if contended {
		deadline = time.Now().Add(r.opts.Timeout)
	}
	for pause := 100 * time.Millisecond; time.Now().Before(deadline) && sleep(ctx, pause); pause = min(2*pause, time.Second) {
		if next, ok := r.adopt(ctx, s, event); ok {
			return next, true
		}
	}
	return nil, false
}

// Intervals of clear.
const (
	clearInterval = time.Minute
	sweepInterval = time.Hour
)

// clear forgets sessions that are over, and sweeps the storage.
func (r *Refresher) clear() {
	swept := time.Now()
	for sleep(r.ctx, jitter(clearInterval)) {
		now := time.Now()
		for _, digest := range r.entries.Keys() {
			if e, ok := r.entries.Peek(digest); ok && e.over(now) {
				r.entries.Remove(digest)
			}
		}
		if r.handoff != nil && now.Sub(swept) >= sweepInterval {
			r.handoff.sweep(r.ctx)
			swept = now
		}
	}
}

// over reports whether nothing is lost with the entry.
func (e *refreshEntry) over(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.whole != nil && !now.Before(e.whole.Expires) {
		e.whole = nil
	}
	return e.flight == nil && e.whole == nil && !now.Before(e.keep) && !now.Before(e.retry)
}
