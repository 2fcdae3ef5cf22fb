package diagnose_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/diagnose"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

const (
	issuer      = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"
	otherIssuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other"
	client      = "1h57kf5cpq17m0eml12example"
	subject     = "5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a"
)

// site is a configuration with one pool and three handlers that name it, in the
// JSON of Caddy. $FILE is a key set.
const site = `{"apps": {
	"cognito": {"user_pool": {"main": {"id": "eu-west-1_AbCdEfGhI", "client": ["` + client + `"], "jwks_file": "$FILE"}}},
	"http": {"servers": {"srv0": {"listen": [":443"], "routes": [
		{"match": [{"host": ["api.example.com"]}], "handle": [{"handler": "subroute", "routes": [
			{"match": [{"path": ["/admin/*"]}], "handle": [{"handler": "cognito_auth", "pool": ["main"], "require": [{"kind": "group", "values": ["admins"]}]}]},
			{"handle": [{"handler": "cognito_auth", "pool": ["main"]}]}
		]}]},
		{"match": [{"host": ["files.example.com"]}], "handle": [{"handler": "cognito_auth", "pool": ["main"], "token_use": ["id"]}]}
	]}}}
}}`

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func signer(t testing.TB) *verifiertest.Signer {
	t.Helper()
	s, err := verifiertest.NewSigner("k1")
	check(t, err)
	return s
}

// keysFile is a key set with the key of signer.
func keysFile(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "jwks.json")
	check(t, os.WriteFile(file, []byte(verifiertest.JWKS(signer(t).JWK())), 0o600))
	return file
}

// noStore is a storage without keys.
type noStore struct{}

func (noStore) Load(context.Context, string) ([]byte, error) { return nil, errors.New("none") }
func (noStore) Save(context.Context, string, []byte) error   { return errors.New("read-only") }

// with changes one claim; nil removes it.
func with(name string, value any) func(map[string]any) {
	return func(claims map[string]any) {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
}

// payload are the claims of an access token, ten minutes old.
func payload(t testing.TB, changes ...func(map[string]any)) string {
	t.Helper()
	now := time.Now()
	claims := map[string]any{
		"sub": subject, "iss": issuer, "client_id": client, "token_use": "access", "scope": "openid", "username": "jo@example.org",
		"cognito:groups": []string{"staff"}, "auth_time": now.Add(-10 * time.Minute).Unix(), "iat": now.Add(-10 * time.Minute).Unix(),
		"exp": now.Add(50 * time.Minute).Unix(), "jti": "d3f0d7a2-1111-4222-8333-944455556666",
	}
	for _, change := range changes {
		change(claims)
	}
	text, err := json.Marshal(claims)
	check(t, err)
	return string(text)
}

// explained is what is said of a token.
func explained(t testing.TB, config string, q diagnose.Question) (text string, accepted bool) {
	t.Helper()
	s, err := diagnose.Read([]byte(config))
	check(t, err)
	if q.Store == nil {
		q.Store = noStore{}
	}
	var b strings.Builder
	accepted, err = s.Explain(t.Context(), &b, q)
	check(t, err)
	return b.String(), accepted
}

// wantNothingOf checks that no part of a token longer than eight characters stands
// in a text, nor who the user is.
func wantNothingOf(t testing.TB, token, text string) {
	t.Helper()
	for i := range max(0, len(token)-8) {
		if strings.Contains(text, token[i:i+9]) {
			t.Fatalf("expected nothing of the token, got %q in\n%s", token[i:i+9], text)
		}
	}
	for _, personal := range []string{subject, "jo@example.org"} {
		if strings.Contains(text, personal) {
			t.Fatalf("expected nothing that names the user, got\n%s", text)
		}
	}
}

var update = flag.Bool("update", false, "write what is there into the golden files")

func wantGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		check(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	check(t, err)
	if got != string(want) {
		t.Errorf("%s: expected\n%s\ngot\n%s", file, want, got)
	}
}

func withFile(config, file string) string {
	return strings.ReplaceAll(config, `"$FILE"`, fmt.Sprintf("%q", file))
}
