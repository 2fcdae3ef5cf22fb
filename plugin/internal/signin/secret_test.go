package signin_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// hashOf is SECRET_HASH by the formula of Cognito's documentation.
func hashOf(secret, username string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(username))
	mac.Write([]byte(clientID))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// The vector was computed with openssl dgst -sha256 -hmac.
func TestSecretHashVector(t *testing.T) {
	s := newStub(t).on("ForgotPassword", answer(`{}`))
	client, err := signin.NewClient(signin.Options{UserPoolID: poolID, ClientID: "clientid", Secrets: []signin.Secret{"secret"}, Endpoint: s.url})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.ForgotPassword(t.Context(), "user", signin.Caller{}); err != nil {
		t.Fatal(err)
	}
	if got := s.last().text("SecretHash"); got != "E1KXMtDWZqk4xodyW0dfVQzUoSoWg7hMk0yc2ermw4M=" {
		t.Errorf("unexpected hash %s", got)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	const hidden = signin.Secret("hunter2")
	s := newStub(t).on("InitiateAuth", challenge("SOFTWARE_TOKEN_MFA", nil), challenge("SOFTWARE_TOKEN_MFA", nil))
	start := signin.Start{Flow: signin.FlowPassword, Username: "jo", Password: hidden, Session: hidden, Device: signin.Device{Key: "k", Group: "g", Password: hidden}}
	client := s.client(hidden)
	values := map[string]any{
		"a secret": hidden, "a pointer to one": new(hidden), "a list": []signin.Secret{hidden}, "a map": map[string]signin.Secret{"a": hidden},
		"a start": start, "an answer": signin.Answer{Code: hidden, Password: hidden, NewPassword: hidden, Answer: hidden, Credential: hidden},
		"tokens": signin.Tokens{ID: hidden, Access: hidden, Refresh: hidden}, "a challenge": signin.Challenge{Secret: hidden},
		"a step": begin(t, client, start), "options": signin.Options{Secrets: []signin.Secret{hidden}}, "a client": client,
		"what holds a client": struct{ c *signin.Client }{client}, "what holds a state": struct{ s signin.State }{begin(t, client, start).State},
		"a sign-up": signin.SignUp{Password: hidden},
	}
	for name, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%o"} {
			if got := fmt.Sprintf(verb, value); leaks(got) {
				t.Errorf("%s with %s: got %s", name, verb, got)
			}
		}
		if got, err := json.Marshal(value); err != nil || leaks(string(got)) {
			t.Errorf("%s as JSON: got %s, %v", name, got, err)
		}
	}
	if hidden.String() == string(hidden) {
		t.Error("expected String to show no secret")
	}
}

func leaks(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) ||
		strings.Contains(text, "session-of-") || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte("hunter2")))
}

func TestSecretsAreReadFromJSON(t *testing.T) {
	var got struct{ Password signin.Secret }
	if err := json.Unmarshal([]byte(`{"password":"hunter2"}`), &got); err != nil || got.Password != "hunter2" {
		t.Errorf("expected the password, got %v", err)
	}
}
