package session

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Storage is what several instances share: a part of certmagic's interface, with
// its contract. Load returns [io/fs.ErrNotExist] for a key that is not there.
//
// Nothing here relies on more than that a value that was stored is loaded some
// time later, unless another instance has overwritten it: some storages have
// locks that do not lock, and lists that ignore their prefix.
type Storage interface {
	Store(ctx context.Context, key string, value []byte) error
	Load(ctx context.Context, key string) ([]byte, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string, recursive bool) ([]string, error)
}

// Locker is what a [Storage] may offer as well. A lock saves a failing request
// where it works; nothing is wrong where it does not.
type Locker interface {
	Lock(ctx context.Context, name string) error
	Unlock(ctx context.Context, name string) error
}

// storageTimeout bounds one operation of a storage.
const storageTimeout = 5 * time.Second

// jitter takes up to a tenth off d, so that a fleet does not move in step.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/10+1) }

// sleep returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// waitFor waits for background work to end, but not for ever: a storage may hang
// however its context ends.
func waitFor(work *sync.WaitGroup, atMost time.Duration) bool {
	ended := make(chan struct{})
	go func() {
		work.Wait()
		close(ended)
	}()
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-ended:
		return true
	case <-timer.C:
		return false
	}
}
