package verifier

import (
	"crypto/sha256"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// DefaultCacheSize is how many verified tokens a [Verifier] remembers unless
// told otherwise: about 50 MB when full.
const DefaultCacheSize = 50_000

// digest identifies a token in the cache. It is a cryptographic one: with a
// cheaper hash somebody could search for a forged token that finds the entry of
// a real one. Keeping no token strings, the cache holds nothing worth stealing.
type digest [sha256.Size]byte

func digestOf(raw string) digest {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	return sha256.Sum256(s.bytes(raw))
}

// tokenCache remembers tokens that were verified, the most recently used ones.
// It remembers no refusals: those would let rubbish push out good tokens.
type tokenCache struct {
	tokens *lru.Cache[digest, *Token]
	leeway time.Duration
}

func newTokenCache(size int, leeway time.Duration) (*tokenCache, error) {
	tokens, err := lru.New[digest, *Token](size)
	return &tokenCache{tokens, leeway}, err
}

// get returns a token that is still valid: not expired, and signed by a key that
// its issuer has not withdrawn. Others are forgotten.
func (c *tokenCache) get(d digest, keys map[string]KeySet, now time.Time) (*Token, bool) {
	tok, ok := c.tokens.Get(d)
	if !ok {
		return nil, false
	}
	if expired(tok.expiry, c.leeway, now) || !keys[tok.text("iss")].Trusts(tok.key) {
		c.tokens.Remove(d)
		return nil, false
	}
	return tok, true
}

func (c *tokenCache) add(d digest, tok *Token) { c.tokens.Add(d, tok) }
