package verifier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Options configures a [Verifier].
type Options struct {
	// Name is what [Token.Pool] reports. Optional.
	Name string
	// KeySets are the accepted issuers, each with its keys: a token's key is
	// looked for in the set of its own issuer only. Required. The Verifier does
	// not close them.
	KeySets map[string]KeySet
	// Clients are the IDs of the accepted app clients. Required, unless
	// SkipClientCheck is set.
	Clients []string
	// SkipClientCheck accepts tokens of every app client of the pool.
	SkipClientCheck bool
	// Audiences are accepted in the aud claim of an access token, beside the
	// Clients. Cognito sets it for resource-bound tokens (RFC 8707).
	Audiences []string
	// Leeway is the clock tolerance for exp and nbf. Default 0.
	Leeway time.Duration
	// CacheSize bounds how many verified tokens are remembered. Default
	// [DefaultCacheSize].
	CacheSize int
	// Observe is told of every outcome, on the caller's goroutine. Optional.
	Observe func(Verification)
}

// Verification is one outcome of [Verify]. It holds nothing of the token.
type Verification struct {
	// Use is empty when the token was refused.
	Use TokenUse
	// Cached says that the token had been verified before.
	Cached   bool
	Duration time.Duration
	// Err is what Verify returned.
	Err error
}

// Verifier verifies the tokens of one user pool. It is safe for concurrent use.
type Verifier struct {
	opts  Options
	cache *tokenCache
	now   func() time.Time
}

// New checks opts. It copies them: what the caller does to its lists and its map
// afterwards changes nothing.
func New(opts Options) (*Verifier, error) {
	if len(opts.KeySets) == 0 {
		return nil, errors.New("issuer: at least one is required")
	}
	if _, ok := opts.KeySets[""]; ok {
		return nil, errors.New("issuer: expected none to be empty, since that would accept tokens that name none")
	}
	if slices.Contains(opts.Clients, "") {
		return nil, errors.New("client: expected none to be empty")
	}
	if len(opts.Clients) == 0 && !opts.SkipClientCheck {
		return nil, errors.New("client: at least one is required, unless the check is switched off")
	}
	if opts.Leeway < 0 {
		return nil, fmt.Errorf("leeway: expected 0 or more, got %v", opts.Leeway)
	}
	if opts.CacheSize == 0 {
		opts.CacheSize = DefaultCacheSize
	}
	cache, err := newTokenCache(opts.CacheSize, opts.Leeway)
	if err != nil {
		return nil, fmt.Errorf("cache size: expected 1 or more, got %d", opts.CacheSize)
	}
	opts.KeySets = maps.Clone(opts.KeySets)
	opts.Clients, opts.Audiences = slices.Clone(opts.Clients), slices.Clone(opts.Audiences)
	return &Verifier{opts, cache, time.Now}, nil
}

// Verify verifies a token in compact form. See the function [Verify].
func (v *Verifier) Verify(ctx context.Context, raw string) (*Token, error) {
	return Verify(ctx, raw, v)
}

// CachedTokens is how many verified tokens are remembered now.
func (v *Verifier) CachedTokens() int { return v.cache.tokens.Len() }

// Verify verifies a token in compact form with the pool that its issuer belongs
// to; there must be one pool at least. It checks, in this order: size and shape, algorithm and header, issuer,
// token use, expiry, app client, key, signature, types of the remaining claims.
//
// The error is a [TokenError] when the token is refused, an [UnavailableError]
// when its key cannot be known now, or that of ctx. Verify waits only for a key
// that is not known.
func Verify(ctx context.Context, raw string, pools ...*Verifier) (*Token, error) {
	began := pools[0].now()
	if len(raw) > MaxTokenSize { // before anything is done with it: a megabyte of rubbish must cost nothing
		err := malformed("")
		pools[0].observe(Verification{Err: err}, began)
		return nil, err
	}
	for _, v := range pools {
		if tok, ok := v.cache.get(raw, v.opts.KeySets, began); ok {
			v.observe(Verification{Use: tok.Use(), Cached: true}, began)
			return tok, nil
		}
	}
	v, tok, err := verifyNew(ctx, raw, pools)
	if err != nil {
		v.observe(Verification{Err: err}, began)
		return nil, err
	}
	v.cache.add(raw, tok)
	v.observe(Verification{Use: tok.Use()}, began)
	return tok, nil
}

// verifyNew also names the pool that decided: the first when none was concerned.
func verifyNew(ctx context.Context, raw string, pools []*Verifier) (*Verifier, *Token, error) {
	parsed, err := parseCompact(raw)
	if err != nil {
		return pools[0], nil, err
	}
	issuer, _, err := parsed.claims.stringMember("iss")
	if err != nil {
		return pools[0], nil, err
	}
	var decided *Verifier
	refusal := refuse(ErrIssuer, "iss", issuer)
	for _, v := range pools {
		keys, ok := v.opts.KeySets[issuer]
		if !ok {
			continue
		}
		tok, err := v.check(ctx, &parsed, keys)
		if err == nil {
			return v, tok, nil
		}
		// Of pools that share an issuer, one that the token was not meant for says
		// less than any other; above all it must not turn an outage into a refusal.
		if decided == nil || !errors.Is(err, ErrClient) {
			decided, refusal = v, err
		}
	}
	if decided == nil {
		decided = pools[0]
	}
	return decided, nil, refusal
}

// check does what follows the issuer. The signature alone is expensive, so it
// comes after all that can refuse a token for less.
func (v *Verifier) check(ctx context.Context, parsed *compact, keys KeySet) (*Token, error) {
	claims := &parsed.claims
	use, err := checkTokenUse(claims)
	if err != nil {
		return nil, err
	}
	expiry, err := checkTimes(claims, v.opts.Leeway, v.now())
	if err != nil {
		return nil, err
	}
	if err := v.checkClient(claims, use); err != nil {
		return nil, err
	}
	key, err := keys.Key(ctx, parsed.keyID)
	if err != nil {
		return nil, err
	}
	if err := key.verify(parsed.signed, parsed.signature); err != nil {
		return nil, err
	}
	if err := checkTypes(claims); err != nil {
		return nil, err
	}
	return &Token{claims: *claims, verifier: v, expiry: expiry, key: key}, nil
}

func (v *Verifier) observe(outcome Verification, began time.Time) {
	if v.opts.Observe == nil {
		return
	}
	outcome.Duration = v.now().Sub(began)
	v.opts.Observe(outcome)
}

// Name is the name from the options.
func (v *Verifier) Name() string { return v.opts.Name }
