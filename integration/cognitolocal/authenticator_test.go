package cognitolocal_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal/authenticator"
)

// newAuthenticator is a passkey for a page on localhost.
func newAuthenticator(t *testing.T) *authenticator.Authenticator {
	t.Helper()
	a, err := authenticator.New("localhost", "http://localhost:8080")
	noError(t, err)
	return a
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// created is the answer to creation options with this challenge.
func created(t *testing.T, a *authenticator.Authenticator, challenge string) map[string]any {
	t.Helper()
	raw, err := a.Create([]byte(`{"challenge":"` + challenge + `"}`))
	noError(t, err)
	var out map[string]any
	noError(t, json.Unmarshal(raw, &out))
	return out
}

// asserted is the answer to request options with this challenge, in the name of
// the user.
func asserted(t *testing.T, a *authenticator.Authenticator, challenge, user string) string {
	t.Helper()
	a.UserHandle = []byte(user)
	raw, err := a.Get([]byte(`{"challenge":"` + challenge + `"}`))
	noError(t, err)
	return string(raw)
}
