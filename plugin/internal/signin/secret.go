package signin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// Secret is text that must not be seen: a password, a code, a token. Printing it
// with any verb, or making JSON of it, gives "[redacted]"; string(s) is the way
// to the text. Reading it from JSON works as for any string.
type Secret string

const redacted = "[redacted]"

// String shows no secret.
func (s Secret) String() string { return redacted }

// Format shows no secret. Without it, %d would print the text in its complaint
// about the verb, and %#v would print the text itself.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText shows no secret, in JSON neither.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// pointer is the secret as the SDK takes it, nil when there is none.
func (s Secret) pointer() *string { return optional(string(s)) }

// secretHash proves that the app client knows its secret. Cognito checks it
// against the very user name that the same request sends.
func secretHash(secret Secret, username, clientID string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(username + clientID))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
