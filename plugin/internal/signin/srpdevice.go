package signin

import (
	"crypto/rand"
	"encoding/base64"
	"math/big"
)

// deviceVerifier is what the pool keeps of a device, and the password that stays
// with the browser. Both halves of the verifier are base64 of padded numbers.
type deviceVerifier struct {
	verifier, salt string
	password       Secret
}

// newDeviceVerifier draws a password for a device and computes its verifier.
func newDeviceVerifier(group, key string) deviceVerifier {
	secret, salt := make([]byte, 40), make([]byte, 16)
	_, _ = rand.Read(secret) // never fails
	_, _ = rand.Read(salt)
	return deviceVerifierOf(group, key, Secret(base64.StdEncoding.EncodeToString(secret)), new(big.Int).SetBytes(salt))
}

func deviceVerifierOf(group, key string, password Secret, salt *big.Int) deviceVerifier {
	x := identity{realm: group, id: key, password: password}.secretX(salt)
	return deviceVerifier{
		verifier: base64.StdEncoding.EncodeToString(pad(x.Exp(srpG, x, srpN))),
		salt:     base64.StdEncoding.EncodeToString(pad(salt)),
		password: password,
	}
}
