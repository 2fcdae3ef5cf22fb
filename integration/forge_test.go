package integration_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// A forge makes the tokens of attackers.
type forge struct{ *world }

var b64 = base64.RawURLEncoding.EncodeToString

// parts are the three parts of a genuine token.
func (f forge) parts() (header, payload, signature string) {
	f.Helper()
	parts := strings.Split(f.access(nil), ".")
	return parts[0], parts[1], parts[2]
}

// claims is the JSON of genuine claims with some changes.
func (f forge) claims(pairs ...any) string {
	f.Helper()
	return f.payload(f.access(with(pairs...)))
}

func (f forge) payload(token string) string {
	f.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	check(f.T, err)
	return string(payload)
}

// signed signs any payload under the genuine header with some changes.
func (f forge) signed(payload string, pairs ...any) string {
	f.Helper()
	header := f.pool.Header(cognitolocal.AccessToken)
	with(pairs...)(header)
	token, err := f.pool.Sign(cognitolocal.AccessToken, header, []byte(payload))
	check(f.T, err)
	return token
}

// headed signs genuine claims under a changed header.
func (f forge) headed(pairs ...any) string {
	f.Helper()
	return f.signed(f.claims(), pairs...)
}

// rawHeader signs genuine claims under any header bytes; $KID is the key's ID.
func (f forge) rawHeader(header string) string {
	f.Helper()
	header = strings.ReplaceAll(header, "$KID", f.pool.KeyID(cognitolocal.AccessToken))
	token, err := f.pool.SignRaw(cognitolocal.AccessToken, []byte(header), []byte(f.claims()))
	check(f.T, err)
	return token
}

// edited signs genuine claims after a change of their JSON text: the last brace
// becomes what is given.
func (f forge) edited(end string) string {
	f.Helper()
	return f.signed(strings.TrimSuffix(f.claims(), "}") + end)
}

// unsigned has a header of one's own and a chosen signature.
func (f forge) unsigned(header map[string]any, signature string) string {
	f.Helper()
	text, err := json.Marshal(header)
	check(f.T, err)
	return b64(text) + "." + b64([]byte(f.claims())) + "." + signature
}

// hmac signs with HS256 and a key that everybody knows.
func (f forge) hmac(key []byte, pairs ...any) string {
	f.Helper()
	header := map[string]any{"alg": "HS256", "kid": f.pool.KeyID(cognitolocal.AccessToken)}
	with(pairs...)(header)
	input := strings.TrimSuffix(f.unsigned(header, ""), ".")
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

func (f forge) publicPEM() []byte {
	f.Helper()
	der, err := x509.MarshalPKIXPublicKey(f.pool.PublicKey(cognitolocal.AccessToken))
	check(f.T, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// own signs with a key of the attacker's.
func (f forge) own(key *rsa.PrivateKey, payload string, header map[string]any) string {
	f.Helper()
	full := map[string]any{"alg": "RS256", "kid": f.pool.KeyID(cognitolocal.AccessToken)}
	maps.Copy(full, header)
	text, err := json.Marshal(full)
	check(f.T, err)
	input := b64(text) + "." + b64([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	check(f.T, err)
	return input + "." + b64(signature)
}

// jwkOf is a public key as a JWK with more members.
func jwkOf(key *rsa.PublicKey, members map[string]any) map[string]any {
	jwk := map[string]any{"kty": "RSA", "n": b64(key.N.Bytes()), "e": "AQAB"}
	maps.Copy(jwk, members)
	return jwk
}

// rawNull is a member that is null; a nil would delete it.
var rawNull = json.RawMessage("null")
