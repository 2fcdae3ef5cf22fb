package authenticator_test

import (
	"bytes"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal/authenticator"
)

func newKey(t *testing.T) *authenticator.Authenticator {
	t.Helper()
	a, err := authenticator.New("localhost", "http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestBothAnswersParse(t *testing.T) {
	a := newKey(t)
	raw, err := a.Create([]byte(`{"challenge":"AAAA","user":{"id":"am8"}}`))
	if err != nil {
		t.Fatal(err)
	}
	made, err := protocol.ParseCredentialCreationResponseBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made.RawID, a.ID) || made.Response.CollectedClientData.Challenge != "AAAA" {
		t.Errorf("expected the credential and the challenge, got %+v", made)
	}
	if raw, err = a.Get([]byte(`{"challenge":"BBBB"}`)); err != nil {
		t.Fatal(err)
	}
	used, err := protocol.ParseCredentialRequestResponseBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	if string(used.Response.UserHandle) != "jo" || used.Response.AuthenticatorData.Counter != 2 {
		t.Errorf("expected the handle of the registration and the second signature, got %+v", used.Response)
	}
}

func TestOptionsThatAreNone(t *testing.T) {
	for name, options := range map[string]string{
		"no JSON": "{", "no challenge": `{}`, "a handle that is not base64url": `{"challenge":"AAAA","user":{"id":"+"}}`,
	} {
		if _, err := newKey(t).Create([]byte(options)); err == nil {
			t.Errorf("%s: expected an error", name)
		}
	}
	if _, err := newKey(t).Get([]byte(`{}`)); err == nil {
		t.Error("expected an error")
	}
}
