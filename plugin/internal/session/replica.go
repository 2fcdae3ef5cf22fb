package session

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"sync"
	"time"
)

// replica is a document in the storage that several instances hold in common: a
// set whose members are added and expire, and are not changed otherwise. Each
// instance knows the union of all that it ever read, and stores it again whenever
// what is stored lacks something. So two who overwrite each other lose nothing
// for longer than a poll, and nobody needs a lock.
type replica struct {
	storage Storage
	path    string
	poll    time.Duration
	set     replicated
	observe func(error)

	ctx      context.Context // ends with close
	cancel   context.CancelFunc
	running  sync.WaitGroup
	requests chan chan error // each wants to know of a sync that begins later
}

// replicated is the set. Its methods are called by one goroutine at a time.
type replicated interface {
	// merge adds what is stored, nil for nothing. It is complete when the stored
	// document lacks nothing.
	merge(stored []byte) (complete bool, err error)
	// encode is the document as it should be.
	encode() []byte
}

func newReplica(storage Storage, path string, poll time.Duration, set replicated, observe func(error)) *replica {
	r := &replica{
		storage: storage, path: path, poll: poll, set: set, observe: observe,
		requests: make(chan chan error),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

func (r *replica) start() { r.running.Go(r.run) }

func (r *replica) close() error {
	r.cancel()
	if !waitFor(&r.running, storageTimeout) {
		return errors.New("session storage: an operation goes on after Close")
	}
	return nil
}

// sync loads, merges and stores, if that is necessary.
func (r *replica) sync(ctx context.Context) (stored bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, storageTimeout)
	defer cancel()
	data, err := r.storage.Load(ctx, r.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err != nil {
		data = nil
	}
	complete, err := r.set.merge(data)
	if err != nil || complete {
		return false, err
	}
	err = r.storage.Store(ctx, r.path, r.set.encode())
	return err == nil, err
}

// request has a sync run at once and waits for its outcome. Requests that come
// while one runs share the next.
func (r *replica) request(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case r.requests <- done:
	case <-ctx.Done():
		return ctx.Err()
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *replica) run() {
	pause := min(jitter(r.poll), settle()) // a fleet that starts together may not agree yet
	for {
		waiting, ok := r.next(pause)
		if !ok {
			return
		}
		stored, err := r.sync(r.ctx)
		if r.ctx.Err() == nil {
			r.observe(err)
		}
		for _, done := range waiting {
			done <- err
		}
		pause = jitter(r.poll)
		if stored {
			pause = min(pause, settle()) // look whether it was overwritten
		}
	}
}

// next waits for the next sync and returns who waits for it.
func (r *replica) next(pause time.Duration) (waiting []chan error, ok bool) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case done := <-r.requests:
		waiting = append(waiting, done)
	case <-r.ctx.Done():
		return nil, false
	}
	for {
		select {
		case done := <-r.requests:
			waiting = append(waiting, done)
		default:
			return waiting, true
		}
	}
}

// settle is how long to wait after a store before looking who was last: longer
// than a store takes, and never the same for two instances.
func settle() time.Duration { return 500*time.Millisecond + rand.N(time.Second) }
