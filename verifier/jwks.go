package verifier

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// Faults of a key set document.
var (
	// ErrNoKeys means that a document holds no key that can be used. Believing
	// it would lock out every user, so it never replaces a set that works.
	ErrNoKeys = errors.New("key set holds no usable key")
	// ErrDuplicateKeyID means that two usable keys share an ID: which of them
	// verifies a token would be a matter of chance.
	ErrDuplicateKeyID = errors.New("key set holds two keys with one ID")
	// ErrNotKeySet means that a document is not a JSON Web Key Set.
	ErrNotKeySet = errors.New("not a JSON Web Key Set")
)

// Bounds of a key set document. Cognito's have two keys in about 1 kB.
const (
	maxKeySetSize = 256 << 10
	maxKeys       = 64
	minRSABits    = 2048
	maxRSABits    = 8192 // a huge key would make every verification slow
)

// ParseKeySet reads a JSON Web Key Set (RFC 7517 §5). Keys that cannot verify an
// RS256 signature (another type, use or algorithm, no ID, fewer than 2048 bits,
// an even exponent) are skipped, as RFC 7517 §5 asks. The keys that are left are
// never none and have distinct IDs.
func ParseKeySet(document []byte) ([]*Key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if len(document) > maxKeySetSize {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrNotKeySet, maxKeySetSize)
	}
	if json.Unmarshal(document, &set) != nil || len(set.Keys) > maxKeys {
		return nil, ErrNotKeySet
	}
	var keys []*Key
	seen := make(map[string]bool)
	for _, raw := range set.Keys {
		key, ok := parseKey(raw)
		if !ok {
			continue
		}
		if seen[key.ID] {
			return nil, ErrDuplicateKeyID
		}
		seen[key.ID] = true
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, ErrNoKeys
	}
	return keys, nil
}

func parseKey(raw []byte) (*Key, bool) {
	key, err := jwk.ParseKey(raw)
	if err != nil || !forRS256(key) {
		return nil, false
	}
	var public rsa.PublicKey
	if err := key.Raw(&public); err != nil {
		return nil, false // another key type, or a private key by mistake
	}
	if bits := public.N.BitLen(); bits < minRSABits || bits > maxRSABits || !usableExponent(public.E) {
		return nil, false
	}
	return &Key{ID: key.KeyID(), public: &public}, true
}

// usableExponent: with another one, crypto/rsa refuses every signature.
func usableExponent(e int) bool { return e >= 3 && e <= 1<<31-1 && e%2 == 1 }

// forRS256 checks what the key says of itself: Cognito's say use "sig" and alg
// "RS256"; both are optional in RFC 7517.
func forRS256(key jwk.Key) bool {
	if key.KeyID() == "" || len(key.KeyID()) > maxKeyID || key.KeyType() != jwa.RSA {
		return false
	}
	if use := key.KeyUsage(); use != "" && use != string(jwk.ForSignature) {
		return false
	}
	if ops := key.KeyOps(); len(ops) > 0 && !slices.Contains(ops, jwk.KeyOpVerify) {
		return false
	}
	alg := key.Algorithm().String()
	return alg == "" || alg == jwa.RS256.String()
}
