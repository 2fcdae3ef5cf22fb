//go:build interop

package cognitolocal_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// install is what makes the Node script work.
const install = "(cd integration/cognitolocal/testdata/identityjs && npm install --package-lock=false)"

// TestInteropIdentityJS lets the SDK that browsers use sign in. It never skips: who
// asks for the interop tests wants to know that they ran.
func TestInteropIdentityJS(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("node is missing: install Node.js 20 or later, then run %s", install)
	}
	dir := filepath.Join("testdata", "identityjs")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "amazon-cognito-identity-js")); err != nil {
		t.Fatalf("amazon-cognito-identity-js is missing: run %s", install)
	}
	// The SDK compares expiry with the clock of the machine.
	srv, err := cognitolocal.New(cognitolocal.Options{})
	noError(t, err)
	url, err := srv.Start("")
	noError(t, err)
	t.Cleanup(func() { noError(t, srv.Close()) })
	populate(t, srv.Pool())

	cmd := exec.CommandContext(t.Context(), node, "sign_in.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ENDPOINT="+url+"/", "POOL_ID="+srv.Pool().ID(),
		"CLIENT_ID="+webClient, "USERNAME=jo", "PASSWORD="+password)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.Bytes())
	}
	checkIdentityJS(t, srv.Pool(), out)
}

func checkIdentityJS(t *testing.T, p *cognitolocal.Pool, out []byte) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("expected JSON, got %q", out)
	}
	user, _ := p.User("jo")
	want := map[string]any{
		"wrongPassword": "NotAuthorizedException",
		"valid":         true, "username": "jo", "groups": []any{"admins", "staff"},
		"attributes": map[string]any{
			"sub": user.Sub, "email": email, "email_verified": "true", "custom:tenant": "42",
		},
		"refreshed": true, "newAccessToken": true, "sameRefreshToken": true,
		"afterSignOut": "NotAuthorizedException",
	}
	for name, value := range want {
		if !reflect.DeepEqual(got[name], value) {
			t.Errorf("%s: expected %v, got %v", name, value, got[name])
		}
	}
}
