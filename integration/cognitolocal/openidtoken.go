package cognitolocal

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// openIDIssuer is the issuer of every identity pool's tokens, everywhere.
const openIDIssuer = "https://cognito-identity.amazonaws.com"

// openIDLifetime is how long a token of GetOpenIdToken lives.
const openIDLifetime = 10 * time.Minute

// identityKeysPath is where the service publishes the key.
const identityKeysPath = "/.well-known/jwks_uri"

// openIDKey signs the tokens of all identity pools of the process, as the
// service's key signs those of all pools of AWS.
var openIDKey = sync.OnceValues(func() (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("cognitolocal: generate identity pool key: %w", err)
	}
	return newSigningKey(private), nil
})

// openIDToken makes the token that stands for the holder at STS.
func (h holder) openIDToken() (string, error) {
	key, err := openIDKey()
	if err != nil {
		return "", err
	}
	now := h.pool.now()
	payload, err := json.Marshal(map[string]any{
		"iss": openIDIssuer, "aud": h.pool.ID(), "sub": h.identityID, "amr": h.amr(),
		"iat": now.Unix(), "exp": now.Add(openIDLifetime).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("cognitolocal: encode claims: %w", err)
	}
	return key.sign(payload)
}

// signInMark stands between provider and subject in the amr claim.
const signInMark = ":CognitoSignIn:"

// amr says how the holder proved the identity.
func (h holder) amr() []string {
	if len(h.proofs) == 0 {
		return []string{"unauthenticated"}
	}
	out := []string{"authenticated"}
	for _, p := range h.proofs {
		name := p.pool.ProviderName()
		out = append(out, name, name+signInMark+p.sub)
	}
	return out
}

// subjectOfAMR finds the user pool's subject in an amr claim, or "".
func subjectOfAMR(amr []string) string {
	for _, s := range amr {
		if _, sub, ok := strings.Cut(s, signInMark); ok {
			return sub
		}
	}
	return ""
}

// serveIdentityKeys answers with the key set of the identity pools.
func serveIdentityKeys(w http.ResponseWriter, _ *http.Request) {
	key, err := openIDKey()
	if err != nil {
		writeDocument(w, nil, err)
		return
	}
	ring := keyRing{keys: []*signingKey{key}}
	doc, err := ring.document()
	writeDocument(w, doc, err)
}
