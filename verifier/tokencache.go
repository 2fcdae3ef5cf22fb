package verifier

import (
	"crypto/sha256"
	"maps"
	"strings"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// DefaultCacheSize is how many verified tokens a [Verifier] remembers unless
// told otherwise: about 45 MB when full.
const DefaultCacheSize = 50_000

// digest identifies a token in the cache. It is a cryptographic one: with a
// cheaper hash somebody could search for a forged token that finds the entry of
// a real one. Half of SHA-256 is enough for that, since both tokens of a mere
// collision would have to be signed. Keeping no token strings, the cache holds
// nothing worth stealing.
type digest [sha256.Size / 2]byte

func digestOf(raw string) digest {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	sum := sha256.Sum256(s.bytes(raw))
	return digest(sum[:])
}

// tokenCache remembers tokens that were verified, the most recently used ones.
// It remembers no refusals: those would let rubbish push out good tokens.
type tokenCache struct {
	tokens *lru.Cache[digest, *Token]
	leeway time.Duration
	// headers are the encoded headers of tokens that were verified: one for each
	// key. A token with another header cannot be in the cache, and rubbish is not
	// worth a digest.
	headers atomic.Pointer[map[string]struct{}]
}

// maxHeaders bounds the headers, should an issuer vary them.
const maxHeaders = 64

func newTokenCache(size int, leeway time.Duration) (*tokenCache, error) {
	tokens, err := lru.New[digest, *Token](size)
	c := &tokenCache{tokens: tokens, leeway: leeway}
	c.headers.Store(new(map[string]struct{}))
	return c, err
}

// get returns a token that is still valid: not expired, and signed by a key that
// its issuer has not withdrawn. Others are forgotten.
func (c *tokenCache) get(raw string, keys map[string]KeySet, now time.Time) (*Token, bool) {
	header, _, _ := strings.Cut(raw, ".")
	if _, ok := (*c.headers.Load())[header]; !ok {
		return nil, false
	}
	d := digestOf(raw)
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

func (c *tokenCache) add(raw string, tok *Token) {
	header, _, _ := strings.Cut(raw, ".")
	for {
		known := c.headers.Load()
		if _, ok := (*known)[header]; ok {
			break
		}
		more := make(map[string]struct{})
		if len(*known) < maxHeaders {
			maps.Copy(more, *known)
		}
		more[strings.Clone(header)] = struct{}{}
		c.headers.CompareAndSwap(known, &more)
	}
	c.tokens.Add(digestOf(raw), tok)
}
