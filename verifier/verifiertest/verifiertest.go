// Package verifiertest makes tokens and key sets for tests of code that uses
// package verifier. Nothing in it is fit for production.
package verifiertest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// Signer signs tokens as a user pool would.
type Signer struct {
	KeyID   string
	Private *rsa.PrivateKey
}

var private = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// NewSigner returns a signer whose key is made once per process, since making
// one is slow: signers differ in their key IDs only.
func NewSigner(keyID string) (*Signer, error) {
	key, err := private()
	return &Signer{keyID, key}, err
}

// NewKeySigner returns a signer with a key of its own.
func NewKeySigner(keyID string, bits int) (*Signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	return &Signer{keyID, key}, err
}

// Header is the JOSE header that Cognito gives its tokens.
func (s *Signer) Header() string {
	header, _ := json.Marshal(map[string]string{"kid": s.KeyID, "alg": "RS256"})
	return string(header)
}

// Sign signs a payload, which need not be JSON, under the usual header.
func (s *Signer) Sign(payload string) string { return s.SignWith(s.Header(), payload) }

// SignWith signs any header and payload with RS256, whatever the header says. It
// works below the level of a JOSE library, which would not make broken tokens.
func (s *Signer) SignWith(header, payload string) string {
	signed := Encode(header) + "." + Encode(payload)
	return signed + "." + Encode(string(s.Signature(signed)))
}

// Signature is the RS256 signature over signed.
func (s *Signer) Signature(signed string) []byte {
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, s.Private, crypto.SHA256, sum[:])
	if err != nil {
		return nil // a key that is too small for the hash; no test can use it
	}
	return signature
}

// JWK is the public key as Cognito publishes it.
func (s *Signer) JWK() string {
	jwk, _ := json.Marshal(map[string]string{
		"alg": "RS256", "e": "AQAB", "kid": s.KeyID, "kty": "RSA",
		"n": Encode(string(s.Private.N.Bytes())), "use": "sig",
	})
	return string(jwk)
}

// JWKS is a key set of JWKs in JSON.
func JWKS(jwks ...string) string { return `{"keys":[` + strings.Join(jwks, ",") + `]}` }

// Encode is base64url without padding.
func Encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// RoundTripFunc lets a function answer requests instead of the network, so that
// tests can run under testing/synctest.
type RoundTripFunc func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f RoundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
