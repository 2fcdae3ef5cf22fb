//go:build interop

package integration_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/freeport"
)

// peers is where the npm packages are, install what brings them there.
const (
	peers   = "testdata/cognitolocal-npm"
	install = "(cd integration/testdata/cognitolocal-npm && npm install --package-lock=false)"
)

// node prepares a Node program below peers. It never skips: who asks for the
// interop tests wants to know that they ran.
func node(t *testing.T, needs string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("node is missing: install Node.js 20 or later, then run %s", install)
	}
	if _, err := os.Stat(filepath.Join(peers, "node_modules", needs)); err != nil {
		t.Fatalf("%s is missing: run %s", needs, install)
	}
	return exec.CommandContext(t.Context(), program, args...)
}

// TestInteropTokensOfCognitoLocal lets an independent pool sign a user in, create the
// tokens and publish the keys.
func TestInteropTokensOfCognitoLocal(t *testing.T) {
	base := startCognitoLocal(t)
	pool := call(t, base, "CreateUserPool", map[string]any{"PoolName": "peer"})["UserPool"].(map[string]any)["Id"].(string)
	client := call(t, base, "CreateUserPoolClient", map[string]any{"UserPoolId": pool, "ClientName": "web"})["UserPoolClient"].(map[string]any)["ClientId"].(string)
	call(t, base, "AdminCreateUser", map[string]any{"UserPoolId": pool, "Username": userEmail, "MessageAction": "SUPPRESS",
		"UserAttributes": []any{map[string]any{"Name": "email", "Value": userEmail}}})
	call(t, base, "AdminSetUserPassword", map[string]any{"UserPoolId": pool, "Username": userEmail, "Password": password, "Permanent": true})
	call(t, base, "CreateGroup", map[string]any{"UserPoolId": pool, "GroupName": "admins"})
	call(t, base, "AdminAddUserToGroup", map[string]any{"UserPoolId": pool, "Username": userEmail, "GroupName": "admins"})
	signedIn := call(t, base, "InitiateAuth", map[string]any{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client,
		"AuthParameters": map[string]any{"USERNAME": userEmail, "PASSWORD": password}})["AuthenticationResult"].(map[string]any)

	w := started(t, setup{
		pools: "user_pool peer " + pool + " {\nclient " + client + "\nissuer " + base + "/" + pool + "\n}",
		site:  "cognito_auth peer {\ntoken_use access id\n}\nreverse_proxy $UPSTREAM",
	})
	for use, token := range map[string]string{"access": signedIn["AccessToken"].(string), "id": signedIn["IdToken"].(string)} {
		w.wantStatus(200, w.bearer(token))
		got := w.upstream.one(t)
		w.wantHeader(got, "X-Cognito-Token-Use", use)
		w.wantHeader(got, "X-Cognito-Client-Id", client)
		w.wantHeader(got, "X-Cognito-Groups", "admins")
		w.wantStatus(401, w.bearer(token[:len(token)-6]+"AAAAAA"))
	}
}

func startCognitoLocal(t *testing.T) (base string) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join(peers, "node_modules", "cognito-local", "lib", "bin", "start.js"))
	check(t, err)
	address, err := freeport.Take() // cognito-local tells nobody which port it got
	check(t, err)
	_, port, err := net.SplitHostPort(address)
	check(t, err)
	cmd := node(t, "cognito-local", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "HOST=127.0.0.1", "PORT="+port)
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	base = "http://127.0.0.1:" + port
	eventually(t, "cognito-local answers", func() bool {
		got, err := try(t, http.DefaultClient, http.MethodGet, base+"/health", "")
		return err == nil && got.status == 200
	})
	return base
}

// call is an operation of the user pool API.
func call(t *testing.T, base, operation string, input map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(input)
	check(t, err)
	got := roundTrip(t, http.DefaultClient, http.MethodPost, base+"/", string(text),
		"Content-Type: application/x-amz-json-1.1", "X-Amz-Target: AWSCognitoIdentityProviderService."+operation,
		// It reads the access key out of the signature and checks nothing.
		"Authorization: AWS4-HMAC-SHA256 Credential=local/20261122/local/cognito-idp/aws4_request, SignedHeaders=host, Signature=x")
	if got.status != 200 {
		t.Fatalf("%s: %d %s", operation, got.status, got.body)
	}
	return decode(t, got.body)
}

// TestInteropTokensSignedByJose, another library than those on either side of here.
func TestInteropTokensSignedByJose(t *testing.T) {
	w := newWorld(t)
	cmd := node(t, "jose", "sign.mjs")
	cmd.Dir = peers
	cmd.Env = append(os.Environ(), "CLAIMS="+forge{w}.claims())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.Bytes())
	}
	var signed struct {
		JWK   json.RawMessage
		Token string
	}
	check(t, json.Unmarshal(out, &signed))
	check(t, w.pool.PublishExtra(signed.JWK))
	w.load(setup{site: protected})
	w.wantStatus(200, w.bearer(signed.Token))
	w.upstream.one(t).wantIdentity(t, w.joHeaders()...)
	w.wantStatus(401, w.bearer(fmt.Sprint(signed.Token[:len(signed.Token)-6], "AAAAAA")))
}
