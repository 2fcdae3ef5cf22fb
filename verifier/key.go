package verifier

import (
	"crypto/rsa"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// Key is a public key of a user pool.
type Key struct {
	// ID is the key ID (kid).
	ID string

	public *rsa.PublicKey
}

// rs256 is the one signature algorithm of Cognito. The factory only fails for
// algorithms that jwx does not know.
var rs256, rs256Err = jws.NewVerifier(jwa.RS256)

// verify checks an RS256 signature (RFC 7518 §3.3) over signed.
func (k *Key) verify(signed, signature string) error {
	if rs256Err != nil {
		return rs256Err
	}
	sig, err := appendBase64(nil, []byte(signature))
	if err != nil {
		return malformed("")
	}
	if rs256.Verify([]byte(signed), sig, k.public) != nil {
		return refuse(ErrSignature, "", "")
	}
	return nil
}

func (k *Key) equal(other *Key) bool {
	return other != nil && k.ID == other.ID && k.public.Equal(other.public)
}
