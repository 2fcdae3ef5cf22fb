package cognitolocal

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// TokenUse tells which of the pool's two keys signs: Cognito signs ID tokens
// and access tokens with different keys.
type TokenUse string

// The values of the token_use claim.
const (
	IDToken     TokenUse = "id"
	AccessToken TokenUse = "access"
)

// keyBits is the size of Cognito's keys.
const keyBits = 2048

// Keys is the pair of signing keys a pool uses at one time.
type Keys struct {
	// ID signs ID tokens, Access signs access tokens. They must differ.
	ID, Access *rsa.PrivateKey
}

// NewKeys generates a fresh pair. It takes a noticeable part of a second.
func NewKeys() (Keys, error) {
	id, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return Keys{}, fmt.Errorf("cognitolocal: generate ID token key: %w", err)
	}
	access, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return Keys{}, fmt.Errorf("cognitolocal: generate access token key: %w", err)
	}
	return Keys{ID: id, Access: access}, nil
}

// processKeys is the pair shared by every pool that brings no keys of its own.
var processKeys = sync.OnceValues(NewKeys)

func (k Keys) validate() error {
	if k.ID == nil || k.Access == nil {
		return errors.New("cognitolocal: keys: both the ID and the access token key are required")
	}
	if k.ID.Equal(k.Access) {
		return errors.New("cognitolocal: keys: the ID and the access token key must differ")
	}
	return nil
}

// signingKey is a private key with the key ID it is published under.
type signingKey struct {
	kid       string
	private   *rsa.PrivateKey
	published bool
}

// keyRing holds the pool's keys, oldest first. It is not safe for concurrent
// use: Pool locks around it.
type keyRing struct {
	keys   []*signingKey
	id     *signingKey // signs ID tokens
	access *signingKey // signs access tokens
	extra  []json.RawMessage
}

// rotate makes the pair current and published; older keys stay as they are.
func (r *keyRing) rotate(k Keys) error {
	if err := k.validate(); err != nil {
		return err
	}
	id, access := newSigningKey(k.ID), newSigningKey(k.Access)
	if r.find(id.kid) != nil || r.find(access.kid) != nil {
		return errors.New("cognitolocal: keys: already in use by this pool")
	}
	r.keys = append(r.keys, id, access)
	r.id, r.access = id, access
	return nil
}

func newSigningKey(private *rsa.PrivateKey) *signingKey {
	// Cognito's key IDs are base64 of a 32-byte hash, so they end in "=" and
	// may hold "+" and "/": a client must not treat them as URL-safe.
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&private.PublicKey))
	kid := base64.StdEncoding.EncodeToString(sum[:])
	return &signingKey{kid: kid, private: private, published: true}
}

func (r *keyRing) find(kid string) *signingKey {
	for _, k := range r.keys {
		if k.kid == kid {
			return k
		}
	}
	return nil
}

func (r *keyRing) current(use TokenUse) *signingKey {
	if use == AccessToken {
		return r.access
	}
	return r.id
}

// trusted returns the key a token of the pool may be signed with: any
// published key, or a current one that a test has hidden from the key set.
func (r *keyRing) trusted(kid string) *signingKey {
	k := r.find(kid)
	if k == nil || !k.published && k != r.id && k != r.access {
		return nil
	}
	return k
}

// publish makes exactly the keys for which keep is true visible.
func (r *keyRing) publish(keep func(*signingKey) bool) {
	for _, k := range r.keys {
		k.published = keep(k)
	}
}

// document is the key set as Cognito serves it: the members of an entry in
// alphabetical order, nothing but keys at the top.
func (r *keyRing) document() ([]byte, error) {
	keys := make([]json.RawMessage, 0, len(r.keys)+len(r.extra))
	for _, k := range r.keys {
		if !k.published {
			continue
		}
		entry, err := k.entry()
		if err != nil {
			return nil, err
		}
		keys = append(keys, entry)
	}
	keys = append(keys, r.extra...)
	return json.Marshal(map[string]any{"keys": keys})
}

func (k *signingKey) entry() (json.RawMessage, error) {
	raw, err := jose.JSONWebKey{
		Key: &k.private.PublicKey, KeyID: k.kid, Algorithm: string(jose.RS256), Use: "sig",
	}.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("cognitolocal: encode key %s: %w", k.kid, err)
	}
	var members map[string]any
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, fmt.Errorf("cognitolocal: encode key %s: %w", k.kid, err)
	}
	return json.Marshal(members)
}

// kids lists the published key IDs, oldest first.
func (r *keyRing) kids() []string {
	var out []string
	for _, k := range r.keys {
		if k.published {
			out = append(out, k.kid)
		}
	}
	return slices.Clip(out)
}
