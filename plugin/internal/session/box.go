package session

import (
	"context"
	"encoding/binary"
	"time"
)

// MaxState bounds what a [Box] opens, sealed. It is more than a cookie or a form
// field should carry.
const MaxState = 16 << 10

// Box seals the small state of flows: what a sign-in must remember from one
// request to the next, where the user wanted to go. A sealed state can be
// replayed until it expires; whoever cannot have that needs something used once
// inside.
type Box struct {
	sealer sealer
	limit  int
}

// NewBox makes a box for one purpose. What it seals opens in no box of another
// purpose or place, and is no session. The place is whatever else the state must
// be bound to: site, pool, cookie name.
func NewBox(keys Keys, purpose string, place ...string) *Box {
	return &Box{newSealer(keys, "state "+purpose, place...), MaxState}
}

// Seal seals state until it expires. The result is base64url.
func (b *Box) Seal(state []byte, expires time.Time) (string, error) {
	return b.sealer.seal(append(binary.AppendVarint(nil, expires.Unix()), state...))
}

// Open returns what was sealed. The error is [ErrMalformed], [ErrUnknownKey],
// [ErrForged] or [ErrExpired].
func (b *Box) Open(ctx context.Context, value string) ([]byte, error) {
	if len(value) > b.limit { // before anything is done with it
		return nil, ErrMalformed
	}
	plain, err := b.sealer.open(ctx, value)
	if err != nil {
		return nil, err
	}
	r := &reader{rest: plain}
	expires := r.varint()
	switch {
	case r.broken:
		return nil, ErrMalformed
	case time.Now().Unix() >= expires:
		return nil, ErrExpired
	}
	return r.rest, nil
}
