package verifier

import "context"

// KeySet finds the public keys of one issuer.
type KeySet interface {
	// Key returns the key with this ID. It fails with a [TokenError] for
	// [ErrUnknownKey] when the issuer has no such key, with an
	// [UnavailableError] when that cannot be known now, and with the error of
	// ctx when that ends first.
	Key(ctx context.Context, id string) (*Key, error)
	// Trusts reports, without waiting, whether a key that Key returned earlier
	// may still be relied on.
	Trusts(key *Key) bool
}

// StaticKeySet is a [KeySet] that never changes.
type StaticKeySet map[string]*Key

// NewStaticKeySet indexes keys, as they come from [ParseKeySet], by their IDs.
func NewStaticKeySet(keys []*Key) StaticKeySet {
	set := make(StaticKeySet, len(keys))
	for _, key := range keys {
		set[key.ID] = key
	}
	return set
}

// Key implements [KeySet].
func (s StaticKeySet) Key(_ context.Context, id string) (*Key, error) {
	if key, ok := s[id]; ok {
		return key, nil
	}
	return nil, refuse(ErrUnknownKey, "kid", id)
}

// Trusts implements [KeySet].
func (s StaticKeySet) Trusts(key *Key) bool { return s[key.ID] == key }
