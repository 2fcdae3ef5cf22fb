package verifier

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of [RemoteOptions].
const (
	DefaultRefreshInterval = 15 * time.Minute
	DefaultMaxStale        = 24 * time.Hour
	DefaultCooldown        = 10 * time.Second
	DefaultFetchTimeout    = 5 * time.Second
)

// RemoteOptions configures a [RemoteKeySet]. Only URL is required.
type RemoteOptions struct {
	// URL is where the issuer publishes its JSON Web Key Set.
	URL string
	// RefreshInterval is the age at which keys are fetched anew in the
	// background. A shorter max-age of the answer is followed down to a minute,
	// a longer one is not. Default 15 minutes.
	RefreshInterval time.Duration
	// MaxStale is the age at which keys are no longer trusted when they could
	// not be fetched anew. Default 24 hours.
	MaxStale time.Duration
	// Cooldown is how old the keys must be before a token with an unknown key
	// may cause a fetch. Default 10 seconds.
	Cooldown time.Duration
	// FetchTimeout bounds one fetch. Default 5 seconds.
	FetchTimeout time.Duration
	// Pinned keys are used until the first fetch succeeds or the store has some,
	// however long that takes. Optional.
	Pinned []*Key
	// Lazy is for an issuer that may not be in use. Start does not fetch its keys,
	// the first token does, and as long as none were ever fetched, an answer with
	// status 4xx means that there is no such issuer: the token's key is unknown.
	Lazy bool
	// Store keeps the last good set over restarts. Optional.
	Store Store
	// Transport makes the requests. Default: one of its own.
	Transport http.RoundTripper
	// Observe is told of every fetch and every failure to use the store. It is
	// called from the set's own goroutine and should return soon. Optional.
	Observe func(KeySetEvent)
	// Wait is told that a token waits for a fetch, with the ctx and on the
	// goroutine of [RemoteKeySet.Key], and the function that it returns, what came
	// of it. For tracing: a key that is known causes no call. Optional.
	Wait func(ctx context.Context) (over func(error))
}

// RemoteKeySet is a [KeySet] that an issuer publishes at a URL.
//
// Readers load an immutable snapshot and never block on one that has their key:
// a stale snapshot is used while one refresh runs. A failed or rubbish answer
// replaces nothing. All methods are safe for concurrent use.
type RemoteKeySet struct {
	opts    RemoteOptions
	fetcher *fetcher
	current atomic.Pointer[snapshot]

	ctx      context.Context // ends with Close; no caller's cancel ends a fetch
	cancel   context.CancelFunc
	running  sync.WaitGroup
	start    sync.Once
	restored chan struct{} // closed when the store was asked

	mu       sync.Mutex // guards all below
	flight   *flight    // the fetch that runs, if one does
	failures int        // in a row
	retry    time.Time  // no fetch before, after a failure
	lastErr  error      // of the last fetch
	tried    time.Time  // when the last fetch ended
}

// flight is one fetch, shared by all who wait for it.
type flight struct {
	done chan struct{} // closed when the keys are in place
	err  error         // why they are not; to be read after done
	over chan struct{} // closed when another fetch may start
}

// NewRemoteKeySet checks opts. It makes no request: that is for [RemoteKeySet.Start]
// or the first token. The caller must Close the set.
func NewRemoteKeySet(opts RemoteOptions) (*RemoteKeySet, error) {
	setDefault(&opts.RefreshInterval, DefaultRefreshInterval)
	setDefault(&opts.MaxStale, DefaultMaxStale)
	setDefault(&opts.Cooldown, DefaultCooldown)
	setDefault(&opts.FetchTimeout, DefaultFetchTimeout)
	f, err := newFetcher(opts.URL, opts.Transport, opts.FetchTimeout)
	if err != nil {
		return nil, err
	}
	s := &RemoteKeySet{opts: opts, fetcher: f, restored: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if len(opts.Pinned) > 0 {
		s.current.Store(newSnapshot(opts.Pinned, time.Time{}, 0))
	}
	return s, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// Start begins to keep the keys fresh in the background: it asks the store, then
// the issuer. It returns at once; calling it again does nothing.
func (s *RemoteKeySet) Start() {
	if !s.opts.Lazy {
		s.begin()
	}
}

func (s *RemoteKeySet) begin() { s.start.Do(func() { s.running.Go(s.run) }) }

// Close ends the background work and waits for it, but no longer than the fetch
// timeout: a store may hang, and an observer may wait for whoever calls Close.
// Afterwards the set serves the keys that it has, for as long as they may be
// trusted.
func (s *RemoteKeySet) Close() error {
	s.mu.Lock() // no fetch may start between cancel and Wait
	s.cancel()
	s.mu.Unlock()
	s.start.Do(func() { close(s.restored) })
	defer s.fetcher.close()
	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	timer := time.NewTimer(s.opts.FetchTimeout)
	defer timer.Stop()
	select {
	case <-ended:
		return nil
	case <-timer.C:
		return errors.New("key set: background work goes on after Close: its store or observer does not return")
	}
}

// Key implements [KeySet]. It waits only for a key that is not known: for the
// store, at the very start, and for a fetch that it starts or joins, each no
// longer than the fetch timeout.
func (s *RemoteKeySet) Key(ctx context.Context, id string) (*Key, error) {
	if key := s.known(id); key != nil {
		return key, nil
	}
	s.begin()
	if err := wait(ctx, s.restored); err != nil {
		return nil, err
	}
	cooling := s.cooling() // asked first: keys that come between the two looks are found by the second
	if key := s.known(id); key != nil {
		return key, nil
	}
	if cooling {
		return nil, refuse(ErrUnknownKey, "kid", id)
	}
	return s.fetchedKey(ctx, id)
}

// fetchedKey waits for a fetch that it starts or joins.
func (s *RemoteKeySet) fetchedKey(ctx context.Context, id string) (key *Key, err error) {
	if f := s.join(TriggerUnknownKey); f != nil {
		if s.opts.Wait != nil {
			over := s.opts.Wait(ctx)
			defer func() { over(err) }()
		}
		if err := wait(ctx, f.done); err != nil {
			return nil, err
		}
	}
	if key := s.known(id); key != nil {
		return key, nil
	}
	return nil, s.missing(id)
}

// Trusts implements [KeySet].
func (s *RemoteKeySet) Trusts(key *Key) bool {
	snap := s.current.Load()
	return snap != nil && snap.trusted(time.Now()) && snap.keys[key.ID] == key
}

// known finds a key that may be used now, and has a stale set refreshed.
func (s *RemoteKeySet) known(id string) *Key {
	snap, now := s.current.Load(), time.Now()
	if snap == nil || !snap.trusted(now) {
		return nil
	}
	key := snap.keys[id]
	if key != nil && !now.Before(snap.refresh) {
		s.join(TriggerRefresh)
	}
	return key
}

// cooling reports whether the keys are so young that another fetch for an
// unknown key is not worth it. Without this, a flood of made-up key IDs would
// become a flood of fetches. Only a healthy answer makes keys young, so an
// outage never turns into refusals.
func (s *RemoteKeySet) cooling() bool {
	snap, now := s.current.Load(), time.Now()
	return snap != nil && snap.trusted(now) && now.Sub(snap.fetched) < s.opts.Cooldown
}

// missing tells a key that the issuer does not have from one that nobody could
// ask for.
func (s *RemoteKeySet) missing(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() == nil && (s.lastErr == nil || s.opts.Lazy && s.current.Load() == nil && isClientError(s.lastErr)) {
		return refuse(ErrUnknownKey, "kid", id)
	}
	err := s.lastErr
	if err == nil {
		err = errors.New("key set is closed")
	}
	return &UnavailableError{s.opts.URL, max(time.Until(s.retry), time.Second), err}
}

// isClientError reports whether the issuer answered that there is no such thing.
func isClientError(err error) bool {
	status, ok := errors.AsType[*statusError](err)
	return ok && status.status >= 400 && status.status < 500 && status.status != http.StatusTooManyRequests
}

func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
