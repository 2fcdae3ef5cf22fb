package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Defaults of [RefresherOptions].
const (
	DefaultHandoffPath    = "cognito/session/handoff"
	DefaultKeep           = 2 * time.Minute
	DefaultRefreshTimeout = 10 * time.Second
	DefaultRefreshWait    = 2 * time.Second
	DefaultRefresherSize  = 10_000
)

// RefreshFunc asks Cognito for new tokens. ctx has the values of that of the
// request that began the refresh, for tracing, and ends with nobody's. An error
// that matches [ErrRefused] ends the session; with any other error, such as those
// of the network, of throttling, and of our own client secret, it lives on. An
// [UnavailableError] can ask for a pause.
//
// The tokens should be verified before they are returned.
type RefreshFunc func(ctx context.Context, s *Session) (Tokens, error)

// RefresherOptions configures a [Refresher]. Only Refresh is required.
type RefresherOptions struct {
	Refresh RefreshFunc
	// Handoff is the storage through which instances and late requests learn what
	// became of a refresh token that Cognito has rotated. Set it if the app client
	// rotates them, above all without a grace period; else leave it nil. If it is
	// a [Locker], its locks are used as a hint.
	Handoff Storage
	// Path is where the records stand in the storage. Default
	// [DefaultHandoffPath].
	Path string
	// Keep is how long requests with an old cookie get the tokens of a refresh.
	// It should be longer than the grace period, since mobile clients need that,
	// and shorter than the tokens live. Default 2 minutes.
	Keep time.Duration
	// Timeout bounds one call of Refresh. Default 10 seconds.
	Timeout time.Duration
	// Wait is how long a request waits for the refresh that it began while its
	// tokens are still good. Default 2 seconds.
	Wait time.Duration
	// Size bounds how many sessions are remembered. Default 10 000.
	Size int
	// Observe is told of every refresh, on its own goroutine. Optional.
	Observe func(RefreshEvent)
}

// RefreshEvent is one refresh. It holds no secret.
type RefreshEvent struct {
	// Subject is whose session it is.
	Subject string
	// Source is where the tokens came from.
	Source   RefreshSource
	Duration time.Duration
	// Rotated says that a new refresh token came.
	Rotated bool
	// Err is why there are no new tokens: an [EndedError], or an
	// [UnavailableError] with the cause.
	Err error
	// StoreErr is why the hand-off was not stored. The session is well, but a
	// client that misses this answer has to sign in again.
	StoreErr error
}

// RefreshSource is where new tokens came from.
type RefreshSource string

// Where new tokens come from.
const (
	FromCognito RefreshSource = "cognito"
	FromHandoff RefreshSource = "handoff" // another instance had refreshed
)

// Need says which whole token a request needs. A cookie may have had no room.
type Need int

// What a request needs beside claims that are good.
const (
	NeedClaims Need = iota
	NeedAccess
	NeedID
	NeedTokens // both
)

func (n Need) met(s *Session) bool {
	access, id := s.Access != "", s.ID != "" || s.IDClaims == ""
	switch n {
	case NeedAccess:
		return access
	case NeedID:
		return id
	case NeedTokens:
		return access && id
	}
	return true
}

// Refresher keeps the tokens of sessions good. All requests of a session share
// one refresh at an instance; which one begins it is left to chance, so that
// instances rarely begin it together. All methods are safe for concurrent use.
type Refresher struct {
	opts    RefresherOptions
	handoff *handoff
	entries *lru.Cache[tokenDigest, *refreshEntry]
	dice    func() float64

	ctx     context.Context // ends with Close; refreshes go on to their end
	cancel  context.CancelFunc
	running sync.WaitGroup
	closing sync.RWMutex // no refresh may start between cancel and Wait
	start   sync.Once
}

// tokenDigest names a refresh token in memory without keeping it.
type tokenDigest [sha256.Size]byte

// NewRefresher checks opts. The caller must Close the refresher.
func NewRefresher(opts RefresherOptions) (*Refresher, error) {
	if opts.Refresh == nil {
		return nil, errors.New("refresh: required")
	}
	if opts.Path == "" {
		opts.Path = DefaultHandoffPath
	}
	setDefault(&opts.Keep, DefaultKeep)
	setDefault(&opts.Timeout, DefaultRefreshTimeout)
	setDefault(&opts.Wait, DefaultRefreshWait)
	setDefault(&opts.Size, DefaultRefresherSize)
	entries, err := lru.New[tokenDigest, *refreshEntry](opts.Size)
	if err != nil {
		return nil, err
	}
	r := &Refresher{opts: opts, entries: entries, dice: rand.Float64}
	if opts.Handoff != nil {
		r.handoff = &handoff{opts.Handoff, opts.Path, opts.Keep}
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r, nil
}

// Start begins to clear away in the background what is over. Without it memory
// is bounded all the same, but records stay in the storage.
func (r *Refresher) Start() { r.start.Do(func() { r.running.Go(r.clear) }) }

// Close waits for refreshes that run, since a refresh token that Cognito has
// rotated must not be lost; new ones do not begin. It takes no longer than a
// refresh may.
func (r *Refresher) Close() error {
	r.closing.Lock()
	r.cancel()
	r.closing.Unlock()
	if !waitFor(&r.running, 2*r.opts.Timeout+2*handoffTimeout) {
		return errors.New("session refresh: a refresh goes on after Close")
	}
	return nil
}

// Fresh returns the session to go on with. If changed is true it has new tokens,
// and its cookie must be set.
//
// Tokens are renewed ahead of their expiry. While they are good, nobody but the
// request that begins the refresh waits for it, and that not for long; trouble
// with it goes unnoticed. Once they have expired, and for a token that is needed
// and that the cookie had no room for, everybody waits for the one refresh.
//
// The error is an [EndedError] when the user must sign in again, an
// [UnavailableError] when there is nothing to go on with now, or that of ctx.
func (r *Refresher) Fresh(ctx context.Context, s *Session, need Need) (fresh *Session, changed bool, err error) {
	now := time.Now()
	usable := good(s, now) && need.met(s)
	if usable && now.Before(refreshFrom(s)) {
		return s, false, nil
	}
	if s.Refresh == "" {
		return withoutRefresh(s, usable)
	}
	e := r.entry(s.Refresh)
	if known, changed := e.known(s, need, now); known != nil {
		return known, changed, nil
	}
	if usable && !r.chosen(s, now) && !e.ended(now) {
		return s, false, nil
	}
	f, began, err := r.join(ctx, e, s)
	switch {
	case err == nil && (began || !usable):
		return r.await(ctx, f, s, usable)
	case err != nil && !(usable && isUnavailable(err)):
		return nil, false, err
	}
	return s, false, nil
}

// Remember keeps the whole tokens of a session whose cookie had no room for them.
func (r *Refresher) Remember(s *Session) {
	if s.Refresh == "" || !s.whole() {
		return
	}
	e := r.entry(s.Refresh)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.whole = s
}

// await waits for a refresh; with tokens that are good, not for long, and not
// longer than they are.
func (r *Refresher) await(ctx context.Context, f *refreshFlight, s *Session, usable bool) (*Session, bool, error) {
	var enough <-chan time.Time
	if usable {
		timer := time.NewTimer(min(r.opts.Wait, time.Until(s.Expires)-margin))
		defer timer.Stop()
		enough = timer.C
	}
	select {
	case <-f.done:
	case <-enough:
		if time.Now().Before(s.Expires) {
			return s, false, nil
		}
		return r.await(ctx, f, s, false)
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	switch {
	case f.err == nil:
		return f.next, true, nil
	case usable && isUnavailable(f.err) && time.Now().Before(s.Expires):
		return s, false, nil
	}
	return nil, false, f.err
}

// margin is how long tokens must be good for a request to begin with them: they
// are verified a moment later.
const margin = 200 * time.Millisecond

func good(s *Session, now time.Time) bool { return now.Add(margin).Before(s.Expires) }

func withoutRefresh(s *Session, usable bool) (*Session, bool, error) {
	if usable {
		return s, false, nil
	}
	return nil, false, &EndedError{ErrNoRefreshToken}
}

// refreshFrom is when a refresh may begin: for the last tenth of the tokens'
// life, or two minutes, but not for more than half of it.
func refreshFrom(s *Session) time.Time {
	window := max(s.Lifetime/10, 2*time.Minute)
	return s.Expires.Add(-min(window, s.Lifetime/2))
}

// chosen lets chance decide which request begins the refresh. Its odds grow from
// none to certain, which comes a quarter of the window ahead of expiry.
func (r *Refresher) chosen(s *Session, now time.Time) bool {
	from := refreshFrom(s)
	elapsed, window := now.Sub(from).Seconds(), s.Expires.Sub(from).Seconds()
	return r.dice() < elapsed/(window*3/4)
}

func (r *Refresher) entry(token Secret) *refreshEntry {
	digest := tokenDigest(sha256.Sum256([]byte(token)))
	if e, ok := r.entries.Get(digest); ok {
		return e
	}
	made := new(refreshEntry)
	if e, ok, _ := r.entries.PeekOrAdd(digest, made); ok {
		return e
	}
	return made
}

func isUnavailable(err error) bool {
	_, ok := errors.AsType[*UnavailableError](err)
	return ok
}
