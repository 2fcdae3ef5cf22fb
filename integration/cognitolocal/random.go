package cognitolocal

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// Sizes of the parts of a refresh token: an RSA-OAEP wrapped key, the nonce,
// ciphertext and tag of AES-256-GCM. They add up to about the 1,785
// characters that were seen on real tokens, so that cookie limits bite.
const (
	wrappedKeySize = 256
	nonceSize      = 12
	ciphertextSize = 1000
	tagSize        = 16
)

// refreshTokenHeader is the JWE header that real refresh tokens begin with.
const refreshTokenHeader = `{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}`

// newRefreshToken returns random bytes in the dress of a JWE: clients must
// treat it as opaque, and the pool finds it by lookup.
func newRefreshToken() string {
	parts := []string{encode([]byte(refreshTokenHeader))}
	for _, size := range []int{wrappedKeySize, nonceSize, ciphertextSize, tagSize} {
		parts = append(parts, encode(randomBytes(size)))
	}
	return strings.Join(parts, ".")
}

// newUUID returns a random (version 4) UUID.
func newUUID() string {
	b := randomBytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return b
}
