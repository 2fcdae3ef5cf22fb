package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of [KeyringOptions].
const (
	DefaultKeyringPath = "cognito/session/keyring.json"
	DefaultRotate      = 7 * 24 * time.Hour
	DefaultKeyringPoll = time.Minute
)

// KeyringOptions configures a [Keyring].
type KeyringOptions struct {
	// Storage is shared by all instances. Required.
	Storage Storage
	// Path is where the keys stand in the storage. Default
	// [DefaultKeyringPath]. Whoever can read it can forge sessions.
	Path string
	// Lifetime is the longest that anything sealed must open: the absolute
	// lifetime of sessions. Required.
	Lifetime time.Duration
	// Rotate is how often a new key is made. Default 7 days.
	Rotate time.Duration
	// Poll is how often the storage is asked for keys of other instances. A new
	// key is used after two polls and a minute, when all must know it; all
	// instances need the same value. Default 1 minute.
	Poll time.Duration
	// Observe is told of every look into the storage, on the keyring's own
	// goroutine. Optional.
	Observe func(KeyringEvent)
}

// KeyringEvent is one look into the storage. It holds no secrets.
type KeyringEvent struct {
	// Keys is how many keys are known, Newest when the latest was made.
	Keys   int
	Newest time.Time
	// Err is why the storage could not be used. The keys that are known stay in
	// use.
	Err error
}

// Keyring is [Keys] that the instances of a fleet make, share and rotate
// themselves. A key is published before it is used, and opens until everything
// that it sealed has ended.
type Keyring struct {
	opts    KeyringOptions
	replica *replica
	known   atomic.Pointer[[]*key] // oldest first; all were read from the storage
	started atomic.Bool
	asked   atomic.Int64 // when a value with an unknown key last caused a look

	starting sync.Mutex // one Start at a time
	next     []*key     // what should be stored
	rotate   time.Duration
}

// NewKeyring checks opts. Nothing works before Start.
func NewKeyring(opts KeyringOptions) (*Keyring, error) {
	if opts.Storage == nil {
		return nil, errors.New("storage: required to share session keys; configure a storage for Caddy, or a secret for sessions")
	}
	if opts.Lifetime <= 0 {
		return nil, errors.New("lifetime: required, or nobody could tell when a key has served")
	}
	if opts.Path == "" {
		opts.Path = DefaultKeyringPath
	}
	setDefault(&opts.Rotate, DefaultRotate)
	setDefault(&opts.Poll, DefaultKeyringPoll)
	// Not the same for all, so that usually one instance makes the next key.
	k := &Keyring{opts: opts, rotate: jitter(opts.Rotate)}
	k.known.Store(new([]*key))
	k.replica = newReplica(opts.Storage, opts.Path, opts.Poll, k, k.observe)
	return k, nil
}

// Start loads the keys, or makes the first one, and begins to keep them fresh in
// the background. Without a storage that works it fails: an instance with keys of
// its own would sign out the users of all others. Only the first start of a fleet
// takes longer than one look into the storage, a second or two.
func (k *Keyring) Start(ctx context.Context) error {
	k.starting.Lock()
	defer k.starting.Unlock()
	if k.started.Load() {
		return nil
	}
	if err := k.load(ctx); err != nil {
		return fmt.Errorf(
			"cannot use the storage for session keys (%s): %w; make the storage readable and writable, or configure a secret for sessions instead",
			k.opts.Path, err)
	}
	k.started.Store(true)
	k.replica.start()
	return nil
}

// young is the age of a keyring within which instances that start at the same
// time may still overwrite it.
const young = 5 * time.Second

// load looks until there are keys. Those that were just made, here or elsewhere,
// count only once they are found again after a pause: another instance that
// starts at the same time may have overwritten them, and then all must use its.
func (k *Keyring) load(ctx context.Context) error {
	for look := range 5 {
		_, err := k.replica.sync(ctx)
		known := *k.known.Load()
		if len(known) > 0 && (look > 0 || time.Since(known[0].created) > young) {
			return nil // a failure to rotate can wait
		}
		if err != nil {
			return err
		}
		k.known.Store(new([]*key))
		if !sleep(ctx, settle()) {
			return ctx.Err()
		}
	}
	return errors.New("what is stored cannot be read back")
}

// Close ends the background work. The keys that are known stay usable.
func (k *Keyring) Close() error { return k.replica.close() }

// sealing chooses alike on all instances that know the same keys: the newest key
// that all must have read by now, else the oldest.
func (k *Keyring) sealing() *key {
	known := *k.known.Load()
	if len(known) == 0 {
		return nil
	}
	ripe := time.Now().Add(-k.delay())
	for _, candidate := range slices.Backward(known) {
		if !candidate.created.After(ripe) {
			return candidate
		}
	}
	return known[0]
}

// delay is how long a key is known before it is used. The minute is for clocks.
func (k *Keyring) delay() time.Duration { return 2*k.opts.Poll + time.Minute }

// unknownPause is how often values with unknown keys may cause a look into the
// storage: anybody can make such values.
const unknownPause = 10 * time.Second

// unknownWait is how long a request waits for that look.
const unknownWait = 2 * time.Second

func (k *Keyring) opening(ctx context.Context, id keyID) *key {
	if found := k.find(id); found != nil || !k.started.Load() {
		return found
	}
	now, asked := time.Now().UnixNano(), k.asked.Load()
	if now-asked < int64(unknownPause) || !k.asked.CompareAndSwap(asked, now) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, unknownWait)
	defer cancel()
	_ = k.replica.request(ctx) // was observed
	return k.find(id)
}

func (k *Keyring) find(id keyID) *key {
	for _, candidate := range *k.known.Load() {
		if candidate.id == id {
			return candidate
		}
	}
	return nil
}

// merge implements replicated. A document that cannot be read is left alone: it
// may be of a later version.
func (k *Keyring) merge(stored []byte) (complete bool, err error) {
	read, err := parseKeyring(stored)
	if err != nil {
		return false, err
	}
	now := time.Now()
	union := unite(*k.known.Load(), read)
	live := k.withoutRetired(union, now)
	if len(live) > maxKeys {
		return false, errKeyring
	}
	k.known.Store(&live)
	k.next = live
	if k.rotationDue(live, now) {
		// Not known before it is read back, see load.
		k.next = append(slices.Clip(slices.Clone(live)), makeKey(now))
	}
	return len(unite(read, k.next)) == len(read), nil
}

func (k *Keyring) encode() []byte { return formatKeyring(k.next) }

// rotationDue ignores keys of a clock that is far ahead: they would stop the
// rotation.
func (k *Keyring) rotationDue(live []*key, now time.Time) bool {
	return len(live) < maxKeys && !slices.ContainsFunc(live, func(known *key) bool {
		age := now.Sub(known.created)
		return age < k.rotate && age > -k.delay()
	})
}

// withoutRetired drops keys that sealed nothing that could still open: a key
// seals no longer once its successor is ripe. The hour is for instances that
// could not read the storage when that was.
func (k *Keyring) withoutRetired(keys []*key, now time.Time) []*key {
	for len(keys) > 1 && now.Sub(keys[1].created) > k.delay()+k.opts.Lifetime+time.Hour {
		keys = keys[1:]
	}
	return keys
}

func (k *Keyring) observe(err error) {
	if k.opts.Observe == nil {
		return
	}
	event := k.State()
	event.Err = err
	k.opts.Observe(event)
}

// State is what is known, without a look into the storage.
func (k *Keyring) State() KeyringEvent {
	known := *k.known.Load()
	if len(known) == 0 {
		return KeyringEvent{}
	}
	return KeyringEvent{Keys: len(known), Newest: known[len(known)-1].created}
}

func makeKey(now time.Time) *key {
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // never fails
	return newKey(secret, now.Truncate(time.Second))
}
