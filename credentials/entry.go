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
// immutable.
type Grant struct {
	Credentials
	// Role is the role that was asked for; empty for the provider's choice.
	Role string

	obtained time.Time
	refresh  time.Time // from then on they are refreshed
	signer   *signer
	entry    *entry
}

func (g *Grant) usable(now time.Time) bool { return g != nil && now.Before(g.Expires) }

// entry is the place of one user's credentials in a [Cache].
type entry struct {
	current atomic.Pointer[Grant]

	mu     sync.Mutex        // guards all below
	flight *flight           // the exchange that runs, if one does
	retry  time.Time         // no exchange before, after one that failed
	err    error             // of the last exchange
	token  [sha256.Size]byte // that err is about
	keep   time.Time         // no grant is dropped before, after one that was
}

// flight is one exchange, shared by all who wait for it.
type flight struct {
	done  chan struct{}
	grant *Grant
	err   error
}

// Pauses after an exchange that failed.
const (
	refusalPause = 10 * time.Second // the answer will hardly change
	outagePause  = time.Second
)

// dropPause is the least time between two grants of one user that are dropped. A
// service that rejects everything would otherwise have each request make an
// exchange, until Cognito throttles those of all users.
const dropPause = 30 * time.Second

var errClosed = errors.New("credentials cache is closed")

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
	if now.Before(e.retry) && !e.newToken(user) {
		return nil, e.err
	}
	c.closing.RLock()
	defer c.closing.RUnlock()
	if c.ctx.Err() != nil {
		return nil, &UnavailableError{RetryAfter: time.Second, Err: errClosed}
	}
	f := &flight{done: make(chan struct{})}
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

// newToken reports whether a token was rejected and the user has another one
// now: whoever signed in again must not wait for the pause to end. The caller
// holds mu.
func (e *entry) newToken(user Identity) bool {
	return errors.Is(e.err, ErrTokenRejected) && e.token != sha256.Sum256([]byte(user.Token))
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
	now := time.Now()
	c.last.Store(&last{now, Reason(err)})
	if c.opts.Observe != nil {
		c.opts.Observe(Exchange{Role: role, Duration: now.Sub(began), Refresh: refresh, Err: err})
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flight = nil
	if err == nil {
		f.grant = newGrant(creds, role, now, e)
		e.current.Store(f.grant)
		e.retry, e.err = time.Time{}, nil
	} else {
		f.err = err
		e.retry, e.err, e.token = now.Add(pauseAfter(err)), err, sha256.Sum256([]byte(user.Token))
	}
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

// drop forgets the grant unless one was dropped a moment ago. It reports whether
// the next Get gives another one.
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

func pauseAfter(err error) time.Duration {
	if unavailable, ok := errors.AsType[*UnavailableError](err); ok {
		return max(unavailable.RetryAfter, outagePause)
	}
	return refusalPause
}
