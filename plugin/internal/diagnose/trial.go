package diagnose

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// failure is a stage that a token did not pass.
type failure struct {
	stage
	*verifier.TokenError
}

// trial is what a pool makes of a token.
type trial struct {
	pool     *pool
	failures []failure
	noKeys   bool            // nothing could be decided for want of keys
	tok      *verifier.Token // as far as it can be known; nil when it is refused
}

// refused is the first failure, nil when there is none.
func (t *trial) refused() *verifier.TokenError {
	if len(t.failures) == 0 {
		return nil
	}
	return t.failures[0].TokenError
}

// foreman runs trials of one token.
type foreman struct {
	raw   string
	facts facts
	given []*verifier.Key
	store verifier.Store
}

// try lets a pool verify the token. One that is out of its lifetime is verified
// once more, without regard to that, so that the next fault is known, too.
func (f *foreman) try(ctx context.Context, p *pool) (*trial, error) {
	keys, err := newKeySets(p.cfg, f.given, f.store)
	if err != nil {
		return nil, fmt.Errorf("user_pool %s: %w", p.name, err)
	}
	t := &trial{pool: p}
	err = f.verify(ctx, t, keys.byIssuer, time.Duration(p.cfg.Leeway))
	return t, errors.Join(err, keys.close())
}

func (f *foreman) verify(ctx context.Context, t *trial, keys map[string]verifier.KeySet, leeway time.Duration) error {
	tok, err := verifyWith(ctx, f.raw, t.pool, keys, leeway)
	if refusal, ok := errors.AsType[*verifier.TokenError](err); ok {
		again := isLifetime(err) && len(t.failures) == 0
		if again || !isLifetime(err) {
			t.failures = append(t.failures, failure{stageOf(refusal, f.facts), refusal})
		}
		if again {
			return f.verify(ctx, t, keys, anyTime)
		}
		return nil
	}
	if _, ok := errors.AsType[*verifier.UnavailableError](err); ok {
		t.noKeys = true
		return f.assume(ctx, t)
	}
	t.tok = tok
	return err
}

// anyTime is a leeway that accepts every lifetime of this age.
const anyTime = 150 * 365 * 24 * time.Hour

func verifyWith(ctx context.Context, raw string, p *pool, keys map[string]verifier.KeySet, leeway time.Duration) (*verifier.Token, error) {
	v, err := verifier.New(verifier.Options{
		Name: p.name, KeySets: keys, Clients: p.cfg.Clients, SkipClientCheck: p.cfg.AnyClient,
		Audiences: p.cfg.Audiences, Leeway: leeway, CacheSize: 1,
	})
	if err != nil {
		return nil, err
	}
	return v.Verify(ctx, raw)
}

// assume finds out what the token would be good for if its signature were right:
// its claims, signed with a key that is made for that and forgotten.
func (f *foreman) assume(ctx context.Context, t *trial) error {
	raw, keys, err := signedHere(f.raw)
	if err != nil {
		return err
	}
	sets := make(map[string]verifier.KeySet)
	for _, issuer := range t.pool.cfg.IssuerKeys() {
		sets[issuer.Issuer] = verifier.NewStaticKeySet(keys)
	}
	tok, err := verifyWith(ctx, raw, t.pool, sets, anyTime)
	if refusal, ok := errors.AsType[*verifier.TokenError](err); ok {
		t.failures = append(t.failures, failure{stageOf(refusal, f.facts), refusal})
		return nil
	}
	t.tok = tok
	return err
}

// signedHere is a token with the same claims under a key of our own.
func signedHere(raw string) (string, []*verifier.Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", nil, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	jwks, err := json.Marshal(map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "here", "e": "AQAB", "n": encode(private.N.Bytes()),
	}}})
	if err != nil {
		return "", nil, err
	}
	keys, err := verifier.ParseKeySet(jwks)
	if err != nil {
		return "", nil, err
	}
	signed := encode([]byte(`{"alg":"RS256","kid":"here"}`)) + "." + strings.Split(raw, ".")[1]
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, sum[:])
	return signed + "." + encode(signature), keys, err
}
