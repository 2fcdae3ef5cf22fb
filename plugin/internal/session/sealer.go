package session

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// version is the first byte of a sealed value. A change of the envelope or of
// what is packed into it takes another one.
const version = 1

// The envelope: version, key ID, nonce, then the sealed text with its tag, all of
// it base64url.
const (
	headSize     = 1 + len(keyID{})
	envelopeSize = headSize + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead
)

// sealer seals for one purpose at one place. The place is bound in as associated
// data: a value that a client moves to another site, pool or cookie does not open
// there (traefikoidc#87).
type sealer struct {
	keys    Keys
	purpose string
	place   string
}

func newSealer(keys Keys, purpose string, place ...string) sealer {
	var b []byte
	for _, part := range place {
		b = appendString(b, part) // with lengths, so that no two places are one
	}
	return sealer{keys, purpose, string(b)}
}

func (s *sealer) seal(plain []byte) (string, error) {
	k := s.keys.sealing()
	if k == nil {
		return "", ErrNoKeys
	}
	b := make([]byte, headSize+chacha20poly1305.NonceSizeX, envelopeSize+len(plain))
	b[0] = version
	copy(b[1:], k.id[:])
	nonce := b[headSize:]
	_, _ = rand.Read(nonce) // never fails
	b = k.aead(s.purpose).Seal(b, nonce, plain, s.bound(b))
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// bound is the associated data: the place, and the head of the envelope.
func (s *sealer) bound(envelope []byte) []byte {
	return append([]byte(s.place), envelope[:headSize]...)
}

// open refuses anything but the very text that seal returned.
func (s *sealer) open(ctx context.Context, value string) ([]byte, error) {
	// Strict, and Go's decoder skips line breaks: one value must not have two
	// spellings.
	b, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(b) < envelopeSize || b[0] != version || strings.ContainsAny(value, "\r\n") {
		return nil, ErrMalformed
	}
	k := s.keys.opening(ctx, keyID(b[1:headSize]))
	if k == nil {
		return nil, ErrUnknownKey
	}
	nonce, sealed := b[headSize:headSize+chacha20poly1305.NonceSizeX], b[headSize+chacha20poly1305.NonceSizeX:]
	plain, err := k.aead(s.purpose).Open(sealed[:0], nonce, sealed, s.bound(b))
	if err != nil {
		return nil, ErrForged
	}
	return plain, nil
}

// sealedSize is how long seal makes a text of n bytes.
func sealedSize(n int) int { return base64.RawURLEncoding.EncodedLen(envelopeSize + n) }
