package diagnose

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path"
	"slices"
)

// storage tries the storage out. Sessions need it; without any, it only keeps keys
// for a start during an outage.
func (e *Examiner) storage(ctx context.Context) {
	sessions := slices.ContainsFunc(e.site.pools, func(p *pool) bool { return p.sessions })
	if err := e.useStorage(ctx); err != nil {
		if sessions {
			e.report("storage", fail("%s; sessions need it: for keys, sign-outs and refreshes", storageText(err)))
			return
		}
		e.report("storage", warn("%s; without it, a start during an outage of Cognito has no keys", storageText(err)))
		return
	}
	e.report("storage", ok("can be written and read"))
}

var errStorage = errors.New("does not return what was written")

func (e *Examiner) useStorage(ctx context.Context) error {
	ctx, cancel := e.within(ctx)
	defer cancel()
	key, value := path.Join("cognito", "doctor", rand.Text()), []byte(rand.Text())
	if err := e.Storage.Store(ctx, key, value); err != nil {
		return err
	}
	got, err := e.Storage.Load(ctx, key)
	if err := errors.Join(err, e.Storage.Delete(ctx, key)); err != nil {
		return err
	}
	if !bytes.Equal(got, value) {
		return errStorage
	}
	return nil
}

// storageText says what to do about the usual cause.
func storageText(err error) string {
	if errors.Is(err, os.ErrPermission) {
		return "this user may not write it: " + err.Error() + "; run this as the user that Caddy runs as, or give it the folder"
	}
	return "it cannot be written and read: " + err.Error()
}
