package plugin

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyserver/certmagic"
)

// deafStorage looks at no context: its operations end when it is let go.
type deafStorage struct {
	certmagic.Storage // none: what is not here is not called
	letGo             chan struct{}
	unlocked          []string
}

func (d *deafStorage) Load(context.Context, string) ([]byte, error) {
	<-d.letGo
	return []byte("value"), nil
}

func (d *deafStorage) Store(context.Context, string, []byte) error {
	<-d.letGo
	return nil
}

func (d *deafStorage) Delete(context.Context, string) error {
	<-d.letGo
	return fs.ErrNotExist
}

func (d *deafStorage) List(context.Context, string, bool) ([]string, error) {
	<-d.letGo
	return []string{"key"}, nil
}

func (d *deafStorage) Lock(context.Context, string) error {
	<-d.letGo
	return nil
}

func (d *deafStorage) Unlock(_ context.Context, name string) error {
	d.unlocked = append(d.unlocked, name)
	return nil
}

// operations are all, by name.
func operations(s certmagic.Storage) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"loading": func(ctx context.Context) error {
			value, err := s.Load(ctx, "key")
			if err == nil && string(value) != "value" {
				return errors.New("expected the value")
			}
			return err
		},
		"storing":  func(ctx context.Context) error { return s.Store(ctx, "key", nil) },
		"deleting": func(ctx context.Context) error { return s.Delete(ctx, "key") },
		"listing": func(ctx context.Context) error {
			keys, err := s.List(ctx, "", true)
			if err == nil && !slices.Equal(keys, []string{"key"}) {
				return errors.New("expected the key")
			}
			return err
		},
		"locking": func(ctx context.Context) error { return s.Lock(ctx, "name") },
	}
}

func TestNobodyWaitsForAStorageThatHangs(t *testing.T) {
	for name := range operations(nil) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				deaf := &deafStorage{letGo: make(chan struct{})}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := operations(newBoundedStorage(deaf))[name](ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("expected the end of the context, got %v", err)
				}
				close(deaf.letGo)
				synctest.Wait()
				if late := len(deaf.unlocked) == 1; late != (name == "locking") {
					t.Errorf("expected a lock that came too late to be given back, got %q", deaf.unlocked)
				}
			})
		})
	}
}

// Whoever closes something must find it still afterwards.
func TestWhatIsCanceledIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf := &deafStorage{letGo: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		time.AfterFunc(lastWait/2, func() { close(deaf.letGo) })
		if err := newBoundedStorage(deaf).Store(ctx, "key", nil); err != nil {
			t.Errorf("expected it to go on to its end, got %v", err)
		}
	})
}

func TestALockIsGivenBackWhileOthersHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf := &deafStorage{letGo: make(chan struct{})}
		storage := newBoundedStorage(deaf)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range maxOperations {
			go func() { _ = storage.Store(ctx, "key", nil) }()
		}
		synctest.Wait()
		if err := storage.Unlock(ctx, "name"); err != nil || len(deaf.unlocked) != 1 {
			t.Errorf("expected the lock to be given back, got %v and %q", err, deaf.unlocked)
		}
		close(deaf.letGo)
	})
}

func TestAStorageThatWorksIsAsItIs(t *testing.T) {
	deaf := &deafStorage{letGo: make(chan struct{})}
	close(deaf.letGo)
	for name, operation := range operations(newBoundedStorage(deaf)) {
		if err := operation(t.Context()); err != nil && (name != "deleting" || !errors.Is(err, fs.ErrNotExist)) {
			t.Errorf("%s: expected what the storage says, got %v", name, err)
		}
	}
	if len(deaf.unlocked) > 0 {
		t.Errorf("expected the lock to be held, got %q unlocked", deaf.unlocked)
	}
}

// A storage that hangs must not be asked again and again for ever.
func TestWhatHangsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf := &deafStorage{letGo: make(chan struct{})}
		s := newBoundedStorage(deaf)
		for range 3 * maxOperations {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_ = s.Store(ctx, "key", nil)
			cancel()
		}
		if n := len(s.slots); n != maxOperations {
			t.Errorf("expected %d operations at most, got %d", maxOperations, n)
		}
		close(deaf.letGo)
		synctest.Wait()
		if n := len(s.slots); n != 0 {
			t.Errorf("expected none to be left, got %d", n)
		}
	})
}
