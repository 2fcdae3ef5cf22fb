package plugin

import (
	"context"
	"errors"
	"time"

	"github.com/caddyserver/certmagic"
)

// boundedStorage is Caddy's storage with operations that end with their context.
// The one on disk looks at no context, and a file system of another machine may
// hang for as long as it likes: nobody's request waits for that.
type boundedStorage struct {
	certmagic.Storage
	slots chan struct{} // one for each operation that runs
}

// maxOperations bounds what hangs, for each configuration. Who comes then waits for
// a place, or for the end of his context.
const maxOperations = 64

func newBoundedStorage(storage certmagic.Storage) *boundedStorage {
	return &boundedStorage{storage, make(chan struct{}, maxOperations)}
}

// run returns when ctx ends, even if the operation goes on. Late gets the outcome of
// one that does; nil when it does not matter.
func (s *boundedStorage) run(ctx context.Context, operation func() error, late func(error)) error {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	done, left := make(chan error), make(chan struct{})
	go func() {
		defer func() { <-s.slots }()
		err := operation()
		select {
		case done <- err:
		case <-left:
			if late != nil {
				late(err)
			}
		}
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-patience(ctx):
		close(left)
		return ctx.Err()
	}
}

// lastWait is how long an operation may go on that was canceled: nobody waits for
// its outcome, but what is closed should not write any more.
const lastWait = time.Second

// patience ends at once where a time-out has passed.
func patience(ctx context.Context) <-chan time.Time {
	if errors.Is(ctx.Err(), context.Canceled) {
		return time.After(lastWait)
	}
	return time.After(0)
}

// Store implements [certmagic.Storage].
func (s *boundedStorage) Store(ctx context.Context, key string, value []byte) error {
	return s.run(ctx, func() error { return s.Storage.Store(ctx, key, value) }, nil)
}

// Load implements [certmagic.Storage].
func (s *boundedStorage) Load(ctx context.Context, key string) ([]byte, error) {
	return boundedResult(ctx, s, func() ([]byte, error) { return s.Storage.Load(ctx, key) })
}

// Delete implements [certmagic.Storage].
func (s *boundedStorage) Delete(ctx context.Context, key string) error {
	return s.run(ctx, func() error { return s.Storage.Delete(ctx, key) }, nil)
}

// List implements [certmagic.Storage].
func (s *boundedStorage) List(ctx context.Context, prefix string, recursive bool) ([]string, error) {
	return boundedResult(ctx, s, func() ([]string, error) { return s.Storage.List(ctx, prefix, recursive) })
}

// Lock implements [certmagic.Locker]. A lock that comes too late is given back, or
// nobody would ever get it: whoever holds one keeps it fresh.
func (s *boundedStorage) Lock(ctx context.Context, name string) error {
	return s.run(ctx, func() error { return s.Storage.Lock(ctx, name) }, func(err error) {
		if err == nil {
			_ = s.Storage.Unlock(context.WithoutCancel(ctx), name)
		}
	})
}

// Unlock implements [certmagic.Locker]. It is done for sure, and needs no place: a
// lock that is held was there before, and one on disk is kept fresh until it is
// given back.
func (s *boundedStorage) Unlock(ctx context.Context, name string) error {
	done := make(chan error, 1)
	go func() { done <- s.Storage.Unlock(context.WithoutCancel(ctx), name) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// boundedResult is run for what returns something. The value is handed over, since
// the operation may still write when nobody waits for it any more.
func boundedResult[T any](ctx context.Context, s *boundedStorage, operation func() (T, error)) (T, error) {
	value := make(chan T, 1)
	err := s.run(ctx, func() error {
		found, err := operation()
		value <- found
		return err
	}, nil)
	if err != nil {
		var none T
		return none, err
	}
	return <-value, nil
}

// Interface guard
var _ certmagic.Storage = (*boundedStorage)(nil)
