package verifier_test

import (
	"testing"

	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

const (
	issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"
	client = "1h57kf5cpq17m0eml12example"
)

func newSigner(t testing.TB, keyID string) *verifiertest.Signer {
	t.Helper()
	signer, err := verifiertest.NewSigner(keyID)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// keySets holds the issuer with the keys k1 (access) and k2 (ID).
func keySets(t testing.TB) map[string]verifier.KeySet {
	t.Helper()
	keys, err := verifier.ParseKeySet([]byte(verifiertest.JWKS(newSigner(t, "k1").JWK(), newSigner(t, "k2").JWK())))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]verifier.KeySet{issuer: verifier.NewStaticKeySet(keys)}
}

// newVerifier fills in what a test leaves out.
func newVerifier(t testing.TB, opts verifier.Options) *verifier.Verifier {
	t.Helper()
	if opts.KeySets == nil {
		opts.KeySets = keySets(t)
	}
	if opts.Clients == nil && !opts.SkipClientCheck {
		opts.Clients = []string{client}
	}
	v, err := verifier.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
