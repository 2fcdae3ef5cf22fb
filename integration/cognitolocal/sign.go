package cognitolocal

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// errUnsigned says that a token failed the pool's own signature check. It is
// deliberately blunt: no caller may learn which part was wrong.
var errUnsigned = errors.New("cognitolocal: token is not signed by this pool")

// signClaims makes a well-formed token. The header holds alg and kid only:
// real Cognito tokens carry no typ.
func (p *Pool) signClaims(use TokenUse, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("cognitolocal: encode claims: %w", err)
	}
	return p.signingKey(use).sign(payload)
}

// sign makes a token of the payload.
func (k *signingKey) sign(payload []byte) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.RS256,
		Key:       jose.JSONWebKey{Key: k.private, KeyID: k.kid},
	}, nil)
	if err != nil {
		return "", fmt.Errorf("cognitolocal: signer: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("cognitolocal: sign: %w", err)
	}
	return signed.CompactSerialize()
}

func (p *Pool) signingKey(use TokenUse) *signingKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ring.current(use)
}

// Header returns the JOSE header of a genuine token of the given use, for a
// test to change before it calls Sign.
func (p *Pool) Header(use TokenUse) map[string]any {
	return map[string]any{"alg": string(jose.RS256), "kid": p.KeyID(use)}
}

// Sign signs any header and any payload bytes with the current key for use,
// always by RSASSA-PKCS1-v1_5 with SHA-256 whatever the header claims. A nil
// header means the genuine one. Nothing is checked: this is how attack tests
// get a valid signature over odd JSON.
func (p *Pool) Sign(use TokenUse, header map[string]any, payload []byte) (string, error) {
	if header == nil {
		header = p.Header(use)
	}
	raw, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("cognitolocal: encode header: %w", err)
	}
	return p.SignRaw(use, raw, payload)
}

// SignRaw is Sign for header bytes that need not be JSON, such as a header
// with a duplicate member.
func (p *Pool) SignRaw(use TokenUse, header, payload []byte) (string, error) {
	// go-jose refuses headers it cannot model (a wrong alg, duplicates), and
	// those are the point here, so this signs with crypto/rsa directly.
	input := encode(header) + "." + encode(payload)
	sum := sha256.Sum256([]byte(input))
	sig, err := rsa.SignPKCS1v15(nil, p.signingKey(use).private, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("cognitolocal: sign: %w", err)
	}
	return input + "." + encode(sig), nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// openToken checks the signature and returns the claims, unchecked.
func (p *Pool) openToken(raw string) (map[string]any, error) {
	return openToken(raw, p.trustedKey)
}

// openToken checks the signature by the key of its key ID and returns the
// claims, unchecked.
func openToken(raw string, keyOf func(kid string) *signingKey) (map[string]any, error) {
	signed, err := jose.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(signed.Signatures) != 1 {
		return nil, errUnsigned
	}
	key := keyOf(signed.Signatures[0].Header.KeyID)
	if key == nil {
		return nil, errUnsigned
	}
	payload, err := signed.Verify(&key.private.PublicKey)
	if err != nil {
		return nil, errUnsigned
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, errUnsigned
	}
	return claims, nil
}

// peekToken reads the claims of a token without any check, to find out whose
// keys it has to be checked with.
func peekToken(raw string) (map[string]any, error) {
	signed, err := jose.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, errUnsigned
	}
	var claims map[string]any
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &claims); err != nil {
		return nil, errUnsigned
	}
	return claims, nil
}

func (p *Pool) trustedKey(kid string) *signingKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ring.trusted(kid)
}
