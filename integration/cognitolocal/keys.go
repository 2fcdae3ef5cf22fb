package cognitolocal

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"
)

// KeyID returns the ID of the key that now signs tokens of the given use.
func (p *Pool) KeyID(use TokenUse) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ring.current(use).kid
}

// KeyIDs returns the IDs of the published keys, oldest first.
func (p *Pool) KeyIDs() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ring.kids()
}

// PublicKey returns the public half of the key that now signs tokens of the
// given use: the raw material of "HMAC with the public key" attacks.
func (p *Pool) PublicKey(use TokenUse) *rsa.PublicKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &p.ring.current(use).private.PublicKey
}

// JWKS returns the key set document, exactly as the server serves it when no
// fault is set.
func (p *Pool) JWKS() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ring.document()
}

// RotateKeys generates a new pair and signs with it from now on. The old keys
// stay published until they are dropped.
func (p *Pool) RotateKeys() error {
	keys, err := NewKeys()
	if err != nil {
		return err
	}
	return p.RotateTo(keys)
}

// RotateTo is RotateKeys with a pair made earlier.
func (p *Pool) RotateTo(keys Keys) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ring.rotate(keys)
}

// DropKey takes one key out of the key set and reports whether it was there.
// Dropping a current key hides it while the pool still signs with it, which
// is what a key set that lags behind a rotation looks like.
func (p *Pool) DropKey(kid string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.ring.find(kid)
	if k == nil || !k.published {
		return false
	}
	k.published = false
	return true
}

// DropOldKeys publishes the current pair only: the end of a rotation.
func (p *Pool) DropOldKeys() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ring.publish(func(k *signingKey) bool { return k == p.ring.id || k == p.ring.access })
}

// PublishOnly publishes exactly the pool's keys with the given IDs; IDs the
// pool does not know are ignored.
func (p *Pool) PublishOnly(kids ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ring.publish(func(k *signingKey) bool { return slices.Contains(kids, k.kid) })
}

// PublishExtra replaces the foreign entries of the key set: raw JSON values
// served after the pool's own keys, such as an elliptic-curve key or one with
// an unknown algorithm. No argument removes them.
func (p *Pool) PublishExtra(entries ...json.RawMessage) error {
	for _, e := range entries {
		if !json.Valid(e) {
			return errors.New("cognitolocal: extra key: not JSON")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ring.extra = slices.Clone(entries)
	return nil
}
