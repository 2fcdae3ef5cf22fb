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

// TestInteropChallenges lets the SDK that browsers use meet the challenges: its
// default flow SRP, an authenticator app, a new password, custom rounds, and a
// remembered device.
func TestInteropChallenges(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("node is missing: install Node.js 20 or later, then run %s", install)
	}
	dir := filepath.Join("testdata", "identityjs")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "amazon-cognito-identity-js")); err != nil {
		t.Fatalf("amazon-cognito-identity-js is missing: run %s", install)
	}
	srv, url := challengePool(t)
	cmd := exec.CommandContext(t.Context(), node, "challenges.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ENDPOINT="+url+"/", "POOL_ID="+srv.Pool().ID(), "CLIENT_ID="+anyClient,
		"PASSWORD="+password, "NEW_PASSWORD="+newPass, "TOTP_SECRET="+seed)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.Bytes())
	}
	checkChallenges(t, out)
}

// challengePool starts a pool with a user for each challenge. The SDK signs the
// time of the machine.
func challengePool(t *testing.T) (*cognitolocal.Server, string) {
	t.Helper()
	srv, err := cognitolocal.New(cognitolocal.Options{SignIn: cognitolocal.SignIn{
		MFA: cognitolocal.MFAOptional, Devices: cognitolocal.DevicesAlways, DevicesSkipMFA: true,
		RequiredAttributes: []string{"name"},
		CustomAuth: &cognitolocal.CustomAuth{Rounds: []cognitolocal.CustomRound{
			{Parameters: map[string]string{"question": "colour?"}, Answer: "blue"},
			{Parameters: map[string]string{"question": "number?"}, Answer: "42"},
		}},
	}})
	noError(t, err)
	url, err := srv.Start("")
	noError(t, err)
	t.Cleanup(func() { noError(t, srv.Close()) })
	addChallengeClients(t, srv.Pool())
	app := []string{cognitolocal.SoftwareTokenMFA}
	for _, u := range []cognitolocal.User{
		{Username: "plain"},
		{Username: "totp", MFA: app, TOTPSecret: seed},
		{Username: "device", MFA: app, TOTPSecret: seed},
		{Username: "invited", Status: cognitolocal.ForceChangePassword},
	} {
		u.Password = password
		_, err := srv.Pool().AddUser(u)
		noError(t, err)
	}
	return srv, url
}

func checkChallenges(t *testing.T, out []byte) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("expected JSON, got %q", out)
	}
	for name, value := range map[string]any{
		"srp":              []any{"signed in"},
		"srpWrong":         []any{notAuthorized},
		"srpNobody":        []any{notAuthorized},
		"totp":             []any{"SOFTWARE_TOKEN_MFA", "signed in"},
		"newPassword":      []any{"new password, name", "signed in"},
		"newPasswordAfter": []any{"signed in"},
		"custom":           []any{"colour?", "colour?", "number?", "signed in"},
		"customWithSRP":    []any{"colour?", "number?", "signed in"},
		"customWrong":      []any{"colour?", "colour?", "colour?", notAuthorized},
		"device":           []any{"SOFTWARE_TOKEN_MFA", "signed in"},
		"deviceAgain":      []any{"signed in", "refreshed"},
		"deviceNew":        []any{"signed in", "refreshed"},
		"inARow":           40.0,
	} {
		if !reflect.DeepEqual(got[name], value) {
			t.Errorf("%s: expected %v, got %v", name, value, got[name])
		}
	}
}
