package credentials

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// DefaultCacheSize is how many users' credentials a [Cache] keeps unless told
// otherwise, some 3 kB each.
const DefaultCacheSize = 10_000

// CacheOptions configures a [Cache].
type CacheOptions struct {
	// Provider makes the exchanges. Required.
	Provider Provider
	// Roles chooses the role of a user.
	Roles Roles
	// Size bounds how many users' credentials are kept. Default
	// [DefaultCacheSize].
	Size int
	// Timeout bounds one exchange. Default 10 seconds.
	Timeout time.Duration
	// Observe is told of every exchange. Optional.
	Observe func(Exchange)
}

// Exchange is one exchange, for metrics and logs. It holds no secret.
type Exchange struct {
	Role     string
	Duration time.Duration
	// Refresh says that nobody waited for it: older credentials were in use.
	Refresh bool
	Err     error
}

// Cache keeps the credentials of users. Those that are valid are never waited
// for: near their end one exchange runs in the background, and when it fails
// they are used until they truly expire. All methods are safe for concurrent
// use.
type Cache struct {
	opts    CacheOptions
	entries *lru.Cache[cacheKey, *entry]

	ctx     context.Context // ends with Close; no caller's cancel ends an exchange
	cancel  context.CancelFunc
	running sync.WaitGroup
	closing sync.RWMutex // no exchange may start between cancel and Wait
	last    atomic.Pointer[last]
}

// cacheKey is everything that changes the answer. Two users, or one user with
// other rights, never share a key: a cache keyed by less gave users the
// credentials of others (aws-sdk-js#609).
type cacheKey struct {
	issuer, subject, client, role string
	rights, claims                uint64
	guest                         bool
}

// seed is secret and new with each process, so that nobody can look for rights
// that hash alike. Those who would have to be alike are the same user before and
// after a change of groups: everything else is in the key as it is.
var seed = maphash.MakeSeed()

func keyOf(user *Identity, role string) cacheKey {
	key := cacheKey{
		issuer: user.Issuer, subject: user.Subject, client: user.ClientID, role: role,
		claims: user.Rights, guest: user.guest(),
	}
	if len(user.Groups) > 0 || user.PreferredRole != "" {
		key.rights = rightsOf(user)
	}
	return key
}

// rightsOf hashes each name by itself, so that no group can be named like two
// others, and in order.
func rightsOf(user *Identity) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio: spreads well
	rights := maphash.String(seed, user.PreferredRole)
	for _, group := range user.Groups {
		rights = rights*odd + maphash.String(seed, group)
	}
	return rights
}

// NewCache checks opts. The caller must Close the cache.
func NewCache(opts CacheOptions) (*Cache, error) {
	if opts.Provider == nil {
		return nil, errors.New("provider: required")
	}
	if opts.Size == 0 {
		opts.Size = DefaultCacheSize
	}
	if opts.Timeout <= 0 {
		opts.Timeout = 10 * time.Second
	}
	entries, err := lru.New[cacheKey, *entry](opts.Size)
	if err != nil {
		return nil, err
	}
	c := &Cache{opts: opts, entries: entries}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c, nil
}

// Get returns credentials of the user that can be used now. It waits only when
// there are none; then all who ask for the same user wait for one exchange. The
// exchange sees the values of the first one's ctx, for tracing, and ends with
// nobody's.
func (c *Cache) Get(ctx context.Context, user Identity) (*Grant, error) {
	role, ok := c.opts.Roles.For(user)
	if !ok {
		return nil, ErrNoRole
	}
	e := c.entry(keyOf(&user, role))
	grant, now := e.current.Load(), time.Now()
	if grant.usable(now) {
		if !now.Before(grant.refresh) {
			_, _ = c.join(ctx, e, user, role, grant) // what it will bring is for the next one
		}
		return grant, nil
	}
	return c.wait(ctx, e, user, role, grant)
}

// Len is how many users' places are kept, also of those whose credentials have
// expired, or whose exchange failed.
func (c *Cache) Len() int { return c.entries.Len() }

// Close ends exchanges that run and waits for them.
func (c *Cache) Close() error {
	c.closing.Lock()
	c.cancel()
	c.closing.Unlock()
	c.running.Wait()
	return nil
}

// entry finds or makes the entry of a key.
func (c *Cache) entry(key cacheKey) *entry {
	if e, ok := c.entries.Get(key); ok {
		return e
	}
	made := new(entry)
	if e, ok, _ := c.entries.PeekOrAdd(key, made); ok {
		return e
	}
	return made
}
