package session

import (
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"sync"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// Keys are what values are sealed with: [Secrets] or a [Keyring].
type Keys interface {
	// sealing is the key for new values; nil when none is known yet.
	sealing() *key
	// opening is a key by its ID, or nil. It may look for it, within ctx.
	opening(ctx context.Context, id keyID) *key
}

// keyID names a key in the values that it sealed. It follows from the key, so two
// instances never mean different keys by one ID.
type keyID [4]byte

// key is a master key. It seals nothing itself: each purpose has its own key
// derived from it, so that a value sealed for one opens for no other.
type key struct {
	id      keyID
	secret  []byte
	created time.Time // of the keys of a keyring
	aeads   sync.Map  // purpose → cipher.AEAD
}

func newKey(secret []byte, created time.Time) *key {
	return &key{id: keyID(derive(secret, "key id", len(keyID{}))), secret: secret, created: created}
}

// aead uses XChaCha20-Poly1305: its nonces of 24 bytes may be random however many
// values a busy fleet seals. With the 12 of AES-GCM, two would be the same some
// day, and give the key away.
func (k *key) aead(purpose string) cipher.AEAD {
	if known, ok := k.aeads.Load(purpose); ok {
		return known.(cipher.AEAD)
	}
	made, err := chacha20poly1305.NewX(derive(k.secret, "seal "+purpose, chacha20poly1305.KeySize))
	if err != nil {
		panic(err) // the length is a constant
	}
	known, _ := k.aeads.LoadOrStore(purpose, made)
	return known.(cipher.AEAD)
}

func derive(secret []byte, info string, length int) []byte {
	derived, err := hkdf.Key(sha256.New, secret, nil, "caddy-cognito 1 "+info, length)
	if err != nil {
		panic(err) // the length is a constant, far below the limit
	}
	return derived
}
