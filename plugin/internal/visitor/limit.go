package visitor

import (
	"hash/maphash"
	"math"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// Defaults of [Limits].
const (
	DefaultPerAddress = 60
	DefaultPerUser    = 12
	DefaultPerClient  = 1200
	DefaultForAll     = 2400
)

// MaxLimit is the highest limit there is, far above what user pools let through
// unless AWS raises their quotas. It bounds the memory of a [Limiter] to some 200 MB;
// with the defaults, it is 5 MB.
const MaxLimit = 100_000

// Limits are how many attempts a minute are allowed, and at once.
type Limits struct {
	// Address is for each address. Default 60: an office behind one address can
	// sign in on a Monday morning, and guessing from one address is not worth it.
	Address int
	// User is for each user name. Default 12: more than a person types, and few
	// enough that all addresses of the world together guess 12 passwords a minute.
	User int
	// Client is for each app client. Default 1200.
	Client int
	// All is for all together. Default 2400.
	All int
}

// Attempt is what is known of an attempt to sign in.
type Attempt struct {
	// Address is the visitor's, which must not be that of a proxy before us. An
	// IPv6 address counts as its /64, which is what one subscriber has; invalid
	// ones count as one.
	Address netip.Addr
	// User is the name that was given, whether or not there is such a user. Case
	// and surrounding space make no difference. Attempts without one are not
	// counted by user.
	User string
	// Client is the app client, as configured: no visitor has a say in it. Users of
	// two clients are two users.
	Client string
}

// Limiter bounds attempts to sign in, with a token bucket for each address, user
// and client and one for all. It is safe for concurrent use, starts no goroutine
// and knows its visitors only by a keyed digest whose key ends with the process.
//
// What it remembers is bounded, and nobody can make it forget: a bucket that was
// left alone for a minute is full again and as good as forgotten; before that,
// the limit for all does not let through enough attempts to push it out.
//
// What it does not do: someone can keep a user from signing in by trying in his
// name, and everybody by trying from dozens of addresses. The first is the price of
// a bound on guesses; the wait is short, and ends with the attack. A user who has
// several names, such as an e-mail address, has a bucket for each.
type Limiter struct {
	seed   maphash.Seed
	limits [kinds]int

	mu      sync.Mutex // guards buckets: an attempt is judged and counted at once
	buckets *simplelru.LRU[bucketKey, *rate.Limiter]
}

// The words for what ran out. They are those of the configuration.
const (
	PerAddress = "address"
	PerUser    = "user"
	PerClient  = "client"
	PerAll     = "all"
)

// kinds of buckets. The index of a kind is its rank among those that are as empty.
const kinds = 4

var kindNames = [kinds]string{PerAddress, PerUser, PerClient, PerAll}

type bucketKey struct {
	kind   int
	digest uint64
}

// NewLimiter makes a Limiter whose buckets are full. Limits that are not positive
// are the defaults, those above [MaxLimit] are MaxLimit.
func NewLimiter(limits Limits) *Limiter {
	l := &Limiter{seed: maphash.MakeSeed(), limits: [kinds]int{limits.Address, limits.User, limits.Client, limits.All}}
	for kind, standard := range [kinds]int{DefaultPerAddress, DefaultPerUser, DefaultPerClient, DefaultForAll} {
		if l.limits[kind] <= 0 {
			l.limits[kind] = standard
		}
		l.limits[kind] = min(l.limits[kind], MaxLimit)
	}
	// An attacker who guesses at one user could try thousands of other names in
	// between, until the bucket of that user is the oldest and makes room: the
	// next bucket of his would be full. Within the minute in which a bucket fills,
	// the one for all lets through what it holds and what flows in, twice its
	// limit, and each attempt uses as many buckets as there are kinds. With room
	// for those, only full buckets ever make room.
	l.buckets, _ = simplelru.NewLRU[bucketKey, *rate.Limiter](2*l.limits[kinds-1]*kinds, nil) // fails for no size
	return l
}

// Allow counts an attempt, unless one of its buckets is empty: then it returns how
// long that takes to change, in whole seconds for Retry-After, and which it is:
// [PerAddress], [PerUser], [PerClient] or [PerAll], the one that takes longest.
// A wait of 0 means that the attempt is allowed.
//
// What is refused is not counted anywhere: whoever goes on trying neither waits
// longer nor makes others wait.
func (l *Limiter) Allow(a Attempt) (wait time.Duration, per string) {
	var room [kinds]bucketKey
	keys := l.keys(room[:0], a)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, key := range keys {
		if w := l.wait(key, now); w > wait {
			wait, per = w, kindNames[key.kind]
		}
	}
	if wait == 0 {
		l.take(keys, now)
	}
	return wait, per
}

// wait does not count as use of the bucket. Otherwise refused attempts, of which
// there is no bound, could make the bucket of another user the oldest.
func (l *Limiter) wait(key bucketKey, now time.Time) time.Duration {
	bucket, ok := l.buckets.Peek(key)
	if !ok {
		return 0
	}
	missing := 1 - bucket.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	const rounding = 1e-6 // is no reason to wait a second more, unless the bucket says so
	wait := time.Duration(math.Ceil(missing/float64(bucket.Limit())-rounding)) * time.Second
	if bucket.TokensAt(now.Add(wait)) < 1 {
		wait += time.Second
	}
	return wait
}

func (l *Limiter) take(keys []bucketKey, now time.Time) {
	for _, key := range keys {
		bucket, ok := l.buckets.Get(key)
		if !ok {
			perMinute := l.limits[key.kind]
			bucket = rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute)
			l.buckets.Add(key, bucket)
		}
		bucket.AllowN(now, 1)
	}
}

// keys appends those of the buckets for a.
func (l *Limiter) keys(keys []bucketKey, a Attempt) []bucketKey {
	keys = append(keys, bucketKey{0, l.address(a.Address)})
	client := maphash.String(l.seed, a.Client)
	if user := strings.ToLower(strings.TrimSpace(a.User)); user != "" {
		keys = append(keys, bucketKey{1, maphash.Comparable(l.seed, [2]uint64{client, maphash.String(l.seed, user)})})
	}
	return append(keys, bucketKey{2, client}, bucketKey{3, 0})
}

func (l *Limiter) address(addr netip.Addr) uint64 {
	addr = addr.Unmap()
	if !addr.IsValid() {
		return maphash.String(l.seed, "")
	}
	if addr.Is6() {
		// Whoever has a /64 could use another of its addresses for each attempt.
		network, _ := addr.Prefix(64) // fails for no such address
		addr = network.Addr()
	}
	bytes := addr.As16() // an IPv4 address is ::ffff:0:0/96 there, which is no /64
	return maphash.Bytes(l.seed, bytes[:])
}
