package session

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// handoff passes on what a refresh brought to whoever still comes with the old
// refresh token, at any instance, once Cognito has rotated it: parallel requests,
// and clients that never got the answer. Nil does nothing.
//
// A record is sealed with a key that follows from the old refresh token, as does
// its name: only a holder of the old cookie can find or open it, not a reader of
// the storage.
type handoff struct {
	storage Storage
	path    string
	keep    time.Duration
}

// maxHandoff bounds a record: three of the largest tokens.
const maxHandoff = 4 * verifier.MaxTokenSize

// handoffTimeout bounds one operation: a user may wait for it.
const handoffTimeout = 2 * time.Second

// bucket is how the records are grouped, so that those that are over can be
// deleted without opening them: storages expire nothing by themselves.
const bucket = time.Hour

// handoffName is the length of a record's name, in bytes; it stands in hexadecimal.
const handoffName = 16

// tokenKeys is the key that follows from a refresh token, as [Keys].
type tokenKeys struct{ key *key }

func (t tokenKeys) sealing() *key { return t.key }

func (t tokenKeys) opening(_ context.Context, id keyID) *key {
	if id == t.key.id {
		return t.key
	}
	return nil
}

// of returns the box for the successors of a refresh token, and the name of its
// record.
func (h *handoff) of(old Secret) (*Box, string) {
	secret, err := hkdf.Extract(sha256.New, []byte(old), []byte("caddy-cognito 1 handoff"))
	if err != nil {
		panic(err) // SHA-256 is always there
	}
	name := hex.EncodeToString(derive(secret, "handoff name", handoffName))
	box := NewBox(tokenKeys{newKey(secret, time.Time{})}, "handoff", name)
	box.limit = maxHandoff
	return box, name
}

func (h *handoff) recordPath(at time.Time, name string) string {
	return path.Join(h.path, strconv.FormatInt(at.Unix()/int64(bucket/time.Second), 10), name)
}

// load finds the successors of a refresh token.
func (h *handoff) load(ctx context.Context, old Secret) (Tokens, bool) {
	if h == nil {
		return Tokens{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, handoffTimeout)
	defer cancel()
	box, name := h.of(old)
	now := time.Now()
	before := ""
	// The record lies in the bucket of the writer's clock when it wrote.
	for _, at := range [...]time.Time{now, now.Add(-h.keep), now.Add(time.Minute)} {
		place := h.recordPath(at, name)
		if place == before {
			continue
		}
		before = place
		data, err := h.storage.Load(ctx, place)
		if err != nil {
			continue
		}
		if plain, err := box.Open(ctx, string(data)); err == nil {
			r := &reader{rest: plain}
			return Tokens{Secret(r.text()), Secret(r.text()), Secret(r.text())}, !r.broken
		}
	}
	return Tokens{}, false
}

// store keeps the successors of a refresh token. It is called when Cognito has
// rotated it already, so it does not end with the request.
func (h *handoff) store(ctx context.Context, old Secret, t Tokens) error {
	if h == nil || t.Refresh == "" || t.Refresh == old {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handoffTimeout)
	defer cancel()
	box, name := h.of(old)
	plain := appendText(appendText(appendText(nil, string(t.ID)), string(t.Access)), string(t.Refresh))
	now := time.Now()
	sealed, err := box.Seal(plain, now.Add(h.keep))
	if err != nil {
		return err
	}
	return h.storage.Store(ctx, h.recordPath(now, name), []byte(sealed))
}

// lockWait is how long to wait for a lock. Some storages look for a lock that was
// released once a second, some let everybody in, some fail: it is a hint.
const lockWait = 2 * time.Second

// lock tries to keep other instances from refreshing the same session meanwhile.
// It is contended when another one seems to hold the lock for longer.
func (h *handoff) lock(ctx context.Context, old Secret) (unlock func(), contended bool) {
	unlock = func() {}
	if h == nil {
		return unlock, false
	}
	locker, ok := h.storage.(Locker)
	if !ok {
		return unlock, false
	}
	_, name := h.of(old)
	name = path.Join(h.path, name)
	waiting, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	if locker.Lock(waiting, name) != nil {
		return unlock, waiting.Err() != nil
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handoffTimeout)
		defer cancel()
		_ = locker.Unlock(ctx, name) // it expires by itself
	}, false
}

// maxSweep bounds one sweep; the rest waits for the next.
const maxSweep = 1000

// sweep deletes records that are over. It deletes nothing that is not surely one:
// some storages list other things than they were asked for, such as the private
// keys of certificates.
func (h *handoff) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	found, err := h.storage.List(ctx, h.path, true)
	if err != nil {
		return
	}
	deleted := 0
	for _, place := range found {
		if deleted == maxSweep || ctx.Err() != nil {
			return
		}
		if h.over(place) && h.storage.Delete(ctx, place) == nil {
			deleted++
		}
	}
}

// over reports whether place is a record whose time is over.
func (h *handoff) over(place string) bool {
	rest, ok := strings.CutPrefix(place, h.path+"/")
	number, name, ok2 := strings.Cut(rest, "/")
	decoded, err := hex.DecodeString(name)
	if !ok || !ok2 || err != nil || len(decoded) != handoffName {
		return false
	}
	hour, err := strconv.ParseInt(number, 10, 32)
	if err != nil {
		return false
	}
	end := time.Unix((hour+1)*int64(bucket/time.Second), 0)
	return time.Since(end) > h.keep+time.Hour // the hour is for clocks
}
