package verifier_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

// benchToken is an access token of the size that Cognito issues: 1 134 bytes in
// compact form.
func benchToken(n int, exp int64) string {
	return fmt.Sprintf(`{"sub":"5f0c2f6e-7c1d-4b5a-9d7e-%012d","cognito:groups":["admins","editors"],`+
		`"iss":%q,"version":2,"client_id":%q,"origin_jti":"b1f0d7a2-1111-4222-8333-944455556666",`+
		`"event_id":"c2f0d7a2-1111-4222-8333-944455556666","token_use":"access","scope":"openid email orders/read orders/write",`+
		`"auth_time":1790000000,"exp":%d,"iat":1790000000,"jti":"d3f0d7a2-1111-4222-8333-944455556666","username":"jo"}`,
		n, issuer, client, exp)
}

const farFuture = 4_102_444_800 // 2100-01-01

// BenchmarkFloor holds what the others are measured against.
func BenchmarkFloor(b *testing.B) {
	signer := newSigner(b, "k1")
	raw := signer.Sign(benchToken(1, farFuture))
	b.Run("sha256 of the token", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sha256.Sum256([]byte(raw))
		}
	})
	b.Run("rsa.VerifyPKCS1v15", func(b *testing.B) {
		b.ReportAllocs()
		dot := strings.LastIndexByte(raw, '.')
		sum := sha256.Sum256([]byte(raw[:dot]))
		sig, _ := base64.RawURLEncoding.DecodeString(raw[dot+1:])
		public := &rsa.PublicKey{N: signer.Private.N, E: signer.Private.E}
		for b.Loop() {
			if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], sig); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkVerifyHit(b *testing.B) {
	for _, n := range []int{1, 1_000, 50_000} {
		b.Run(fmt.Sprintf("tokens=%d", n), func(b *testing.B) {
			v, tokens := benchTokens(b, n)
			for _, raw := range tokens {
				mustVerify(b, v, raw)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				mustVerify(b, v, tokens[i%n])
				i++
			}
		})
	}
}

func BenchmarkVerifyHitParallel(b *testing.B) {
	v, tokens := benchTokens(b, 1_000)
	for _, raw := range tokens {
		mustVerify(b, v, raw)
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			mustVerify(b, v, tokens[i%len(tokens)])
		}
	})
}

func BenchmarkVerifyMiss(b *testing.B) {
	v, tokens := benchTokens(b, 2)
	tiny, err := verifier.New(verifier.Options{KeySets: keySets(b), Clients: []string{client}, CacheSize: 1})
	if err != nil {
		b.Fatal(err)
	}
	_ = v
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		mustVerify(b, tiny, tokens[i%2]) // each pushes the other out
		i++
	}
}

func BenchmarkRefuse(b *testing.B) {
	signer := newSigner(b, "k1")
	good := signer.Sign(benchToken(1, farFuture))
	for name, row := range map[string]struct {
		raw  string
		want error
	}{
		"algorithm":     {signer.SignWith(`{"kid":"k1","alg":"HS256"}`, benchToken(1, farFuture)), verifier.ErrAlgorithm},
		"expired":       {signer.Sign(benchToken(1, 1)), verifier.ErrExpired},
		"unknown_key":   {signer.SignWith(`{"kid":"nobody","alg":"RS256"}`, benchToken(1, farFuture)), verifier.ErrUnknownKey},
		"bad_signature": {good[:len(good)-4] + "AAAA", verifier.ErrSignature},
		"malformed":     {strings.Repeat("x", 1_134), verifier.ErrMalformed},
	} {
		b.Run(name, func(b *testing.B) {
			v := newVerifier(b, verifier.Options{})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(context.Background(), row.raw); !errors.Is(err, row.want) {
					b.Fatalf("expected %v, got %v", row.want, err)
				}
			}
		})
	}
}

func benchTokens(b *testing.B, n int) (*verifier.Verifier, []string) {
	signer := newSigner(b, "k1")
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i] = signer.Sign(benchToken(i, farFuture))
	}
	return newVerifier(b, verifier.Options{}), tokens
}

func mustVerify(b *testing.B, v *verifier.Verifier, raw string) {
	if _, err := v.Verify(context.Background(), raw); err != nil {
		b.Fatal(err)
	}
}

var _ = verifiertest.Encode
