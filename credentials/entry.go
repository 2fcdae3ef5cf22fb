package credentials

import (
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Grant is the credentials of one user with what belongs to them. It is
// immutable. A [Cache] makes them; one that is made from mere Credentials signs
// as well, but derives its key anew each time.
type Grant struct {
	Credentials
	// Role is the role that was asked for; empty for the provider's choice.
	Role string

	obtained time.Time
	refresh  time.Time // from then on they are refreshed
	signer   *signer   // nil, like entry, when no Cache made it
	entry    *entry
}

func (g *Grant) usable(now time.Time) bool { return g != nil && now.Before(g.Expires) }

// entry is the place of one user's credentials in a [Cache].
type entry struct {
	current atomic.Pointer[Grant]

	mu      sync.Mutex        // guards all below
	flight  *flight           // the exchange that runs, if one does
	retry   time.Time         // no exchange before, after one that failed
	err     error             // of the last exchange
	token   [sha256.Size]byte // that err is about
	broken  time.Time         // no new token ends the pause before, after one that did
	outages int               // in a row
	keep    time.Time         // no grant is dropped before, after one that was
}

// flight is one exchange, shared by all who wait for it.
type flight struct {
	done  chan struct{}
	token string
	grant *Grant
	err   error
}

// Pauses after an exchange that failed.
const (
	refusalPause = 10 * time.Second // the answer will hardly change
	outagePause  = time.Second      // the first; each one in a row doubles it
	longestPause = 10 * time.Second // that an outage gets for its duration alone
)

// dropPause is the least time between two grants of one user that are dropped. A
// service that rejects everything would otherwise have each request make an
// exchange, until Cognito throttles those of all users.
const dropPause = 30 * time.Second

var errClosed = errors.New("credentials cache is closed")

// wait returns what an exchange brings. When that is the refusal of another token,
// it asks once more: the user may have signed in again meanwhile.
func (c *Cache) wait(ctx context.Context, e *entry, user Identity, role string, seen *Grant) (*Grant, error) {
	for asked := false; ; asked = true {
		f, err := c.join(ctx, e, user, role, seen)
		if err != nil {
			return nil, err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if asked || f.token == user.Token || !errors.Is(f.err, ErrTokenRejected) {
			return f.grant, f.err
		}
	}
}

// join returns the exchange that runs, or starts one. While a pause after a
// failure lasts, it returns the error of the failure. Seen is the grant that the
// caller found wanting: one that has landed since needs no exchange.
func (c *Cache) join(ctx context.Context, e *entry, user Identity, role string, seen *Grant) (*flight, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.flight != nil {
		return e.flight, nil
	}
	now := time.Now()
	if grant := e.current.Load(); grant != seen && grant.usable(now) {
		return landed(grant), nil
	}
	if err := e.paused(user, now); err != nil {
		return nil, err
	}
	c.closing.RLock()
	defer c.closing.RUnlock()
	if c.ctx.Err() != nil {
		return nil, &UnavailableError{RetryAfter: time.Second, Err: errClosed}
	}
	f := &flight{done: make(chan struct{}), token: user.Token}
	e.flight = f
	ctx = context.WithoutCancel(ctx)
	refresh := seen.usable(now)
	c.running.Go(func() { c.exchange(ctx, e, f, user, role, refresh) })
	return f, nil
}

// landed is a flight that has ended.
func landed(grant *Grant) *flight {
	f := &flight{done: make(chan struct{}), grant: grant}
	close(f.done)
	return f
}

// paused is the error while a pause lasts. A token other than the one that was
// rejected ends the pause: whoever signed in again must not wait for it. But it
// does so once in a while only, or somebody with two rejected tokens could have
// each request make an exchange. The caller holds mu.
func (e *entry) paused(user Identity, now time.Time) error {
	if !now.Before(e.retry) {
		return nil
	}
	if !e.newToken(user) || now.Before(e.broken) {
		return remaining(e.err, e.retry.Sub(now))
	}
	e.broken = now.Add(outagePause)
	return nil
}

// newToken reports whether a token was rejected and the user has another one
// now. The caller holds mu.
func (e *entry) newToken(user Identity) bool {
	return errors.Is(e.err, ErrTokenRejected) && e.token != sha256.Sum256([]byte(user.Token))
}

// remaining is err with what is left of its pause, if it is an outage. It is a
// new error: others still hold err.
func remaining(err error, pause time.Duration) error {
	if _, ok := errors.AsType[*UnavailableError](err); !ok {
		return err
	}
	return &UnavailableError{RetryAfter: max(pause, outagePause), Err: err}
}

// exchange is one flight. What it learns is in place before anybody who waits
// for it goes on.
func (c *Cache) exchange(ctx context.Context, e *entry, f *flight, user Identity, role string, refresh bool) {
	defer close(f.done)
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	creds, err := c.opts.Provider.Retrieve(ctx, user, role)
	err = c.closed(err)
	now := time.Now()
	c.last.Store(&last{now, err})
	if c.opts.Observe != nil {
		c.opts.Observe(Exchange{Role: role, Duration: now.Sub(began), Refresh: refresh, Err: err})
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flight = nil
	if err == nil {
		f.grant = newGrant(creds, role, now, e)
		e.succeed(f.grant)
	} else {
		f.err = e.fail(err, user, now)
	}
}

// closed says that it was Close that canceled an exchange: nobody who waits for
// it went away.
func (c *Cache) closed(err error) error {
	if c.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return &UnavailableError{RetryAfter: time.Second, Err: errClosed}
	}
	return err
}

// succeed ends whatever was wrong. The caller holds mu.
func (e *entry) succeed(grant *Grant) {
	e.current.Store(grant)
	e.retry, e.err, e.outages = time.Time{}, nil, 0
}

// fail begins a pause and returns err with its length. The caller holds mu.
func (e *entry) fail(err error, user Identity, now time.Time) error {
	pause := e.pauseAfter(err)
	e.retry, e.err, e.token = now.Add(pause), err, sha256.Sum256([]byte(user.Token))
	return remaining(err, pause)
}

// newGrant plans the refresh at some 80 % of the lifetime, jittered so that
// users who came together do not return together.
func newGrant(creds Credentials, role string, now time.Time, e *entry) *Grant {
	life := creds.Expires.Sub(now)
	creds.Expires = creds.Expires.Round(0) // wall clock, for machines that sleep
	return &Grant{
		Credentials: creds, Role: role, obtained: now, refresh: now.Add(life*3/4 + rand.N(life/10+1)),
		signer: newSigner(), entry: e,
	}
}

// drop forgets a grant that the service rejected, unless one was dropped a moment
// ago: what is wrong then is not its age. Another one that took its place
// meanwhile stays. It reports whether the next Get gives another one.
func (e *entry) drop(grant *Grant) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current.Load() != grant {
		return true
	}
	now := time.Now()
	if now.Before(e.keep) {
		return false
	}
	e.keep = now.Add(dropPause)
	e.current.Store(nil)
	return true
}

// pauseAfter doubles the pause with each outage in a row: users who keep asking
// would otherwise keep an exchange down that is overloaded. A refusal ends the
// row, since it is an answer. The caller holds mu.
func (e *entry) pauseAfter(err error) time.Duration {
	unavailable, ok := errors.AsType[*UnavailableError](err)
	if !ok {
		e.outages = 0
		return refusalPause
	}
	pause := longestPause
	if e.outages < 4 {
		pause = outagePause << e.outages
	}
	e.outages++
	return max(unavailable.RetryAfter, pause)
}
