package session

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of [DenyListOptions].
const (
	DefaultDenyListPath = "cognito/session/denied.json"
	DefaultDenyListPoll = 3 * time.Second
	DefaultDenyListSize = 10_000
)

// DenyListOptions configures a [DenyList].
type DenyListOptions struct {
	// Storage is shared by all instances. Required.
	Storage Storage
	// Path is where the list stands in the storage. Default [DefaultDenyListPath].
	Path string
	// Poll is how often the storage is asked for sign-outs at other instances.
	// Default 3 seconds, so that a sign-out reaches all within 10, even when two
	// instances overwrite each other's.
	Poll time.Duration
	// Size bounds the list. When it is full, what would end first makes room,
	// sessions before users. Default 10 000.
	Size int
	// Observe is told of every look into the storage, with the error if it
	// failed, on the list's own goroutine. Optional.
	Observe func(error)
}

// DenyList is who was signed out before his tokens expired: tokens verify until
// then, wherever a copy of them turns up. It is shared through the storage; while
// that cannot be used, each instance goes by what it knows.
type DenyList struct {
	opts    DenyListOptions
	replica *replica
	started atomic.Bool
	start   sync.Once

	denied atomic.Pointer[map[subject]denial] // is never changed, only replaced
	mu     sync.Mutex                         // guards the replacing, and added
	added  int                                // how many denials came from this instance

	// The document that lacked nothing when added was seen. Of the replica's goroutine.
	read []byte
	seen int
}

// subject is what is denied: a session by its origin_jti or a user by sub.
type subject struct {
	user bool
	name string
}

// denial says that what began at or before at is denied, until that no longer
// matters. Both are in seconds since 1970.
type denial struct{ at, until int64 }

// NewDenyList checks opts.
func NewDenyList(opts DenyListOptions) (*DenyList, error) {
	if opts.Storage == nil {
		return nil, errors.New("storage: required to share sign-outs; configure a storage for Caddy")
	}
	if opts.Path == "" {
		opts.Path = DefaultDenyListPath
	}
	setDefault(&opts.Poll, DefaultDenyListPoll)
	setDefault(&opts.Size, DefaultDenyListSize)
	d := &DenyList{opts: opts}
	d.denied.Store(new(map[subject]denial))
	d.replica = newReplica(opts.Storage, opts.Path, opts.Poll, d, d.observe)
	return d, nil
}

// Start begins to follow the storage in the background and waits for the first
// look. Its error is that of this look, and no reason to give up: the list
// works, and looks again.
func (d *DenyList) Start(ctx context.Context) error {
	d.start.Do(func() {
		d.replica.start()
		d.started.Store(true)
	})
	return d.replica.request(ctx)
}

// Close ends the background work. What is known stays denied.
func (d *DenyList) Close() error { return d.replica.close() }

// DenySession denies the session named originJTI until the last of its tokens has
// expired: the caller revokes its refresh token, so there will be no more of them.
//
// It takes effect here at once. The error says that it may not have reached the
// storage; then the list goes on trying by itself.
func (d *DenyList) DenySession(ctx context.Context, originJTI string, until time.Time) error {
	return d.deny(ctx, subject{false, originJTI}, until)
}

// DenyUser denies all sessions of a user that began up to now, until the last of
// them must have ended. The user can sign in anew. See DenySession.
func (d *DenyList) DenyUser(ctx context.Context, sub string, until time.Time) error {
	return d.deny(ctx, subject{true, sub}, until)
}

// maxName bounds a name in the list. Cognito's have 36 characters.
const maxName = 256

func (d *DenyList) deny(ctx context.Context, who subject, until time.Time) error {
	if who.name == "" || len(who.name) > maxName {
		return errors.New("sign-out: expected the claim origin_jti or sub of a token")
	}
	now := time.Now().Unix()
	d.add(map[subject]denial{who: {now, until.Unix()}}, now, 1)
	if !d.started.Load() {
		return errors.New("sign-out: the list of sign-outs was not started")
	}
	return d.replica.request(ctx)
}

// Denied reports whether a session or token is denied: one of the session named
// originJTI, or of the user sub who signed in when it says. It takes no lock and
// asks nobody.
func (d *DenyList) Denied(originJTI, sub string, signedIn time.Time) bool {
	denied := *d.denied.Load()
	if len(denied) == 0 {
		return false
	}
	now := time.Now().Unix()
	if entry, ok := denied[subject{false, originJTI}]; ok && now < entry.until {
		return true
	}
	entry, ok := denied[subject{true, sub}]
	return ok && now < entry.until && signedIn.Unix() <= entry.at
}

// Len is how many entries the list has.
func (d *DenyList) Len() int { return len(*d.denied.Load()) }

// add replaces the list by its union with more, without what is over. It returns
// the union and how many denials this instance has added so far.
func (d *DenyList) add(more map[subject]denial, now int64, own int) (map[subject]denial, int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.added += own
	union := maps.Clone(*d.denied.Load())
	if union == nil {
		union = make(map[subject]denial)
	}
	for who, entry := range more {
		before := union[who]
		union[who] = denial{max(before.at, entry.at), max(before.until, entry.until)}
	}
	maps.DeleteFunc(union, func(_ subject, entry denial) bool { return entry.until <= now })
	d.makeRoom(union)
	d.denied.Store(&union)
	return union, d.added
}

// makeRoom drops what matters least. All instances drop the same.
func (d *DenyList) makeRoom(list map[subject]denial) {
	if len(list) <= d.opts.Size {
		return
	}
	order := slices.SortedFunc(maps.Keys(list), func(a, b subject) int {
		if a.user != b.user {
			if a.user {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(list[a].until, list[b].until), cmp.Compare(a.name, b.name))
	})
	for _, who := range order[:len(list)-d.opts.Size] {
		delete(list, who)
	}
}

func (d *DenyList) observe(err error) {
	if d.opts.Observe != nil {
		d.opts.Observe(err)
	}
}
