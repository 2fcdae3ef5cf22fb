//go:build interop

package cognitolocal_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestInteropIdentityPoolJS lets the AWS SDK for JavaScript get credentials.
func TestInteropIdentityPoolJS(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("node is missing: install Node.js 20 or later, then run %s", install)
	}
	dir := filepath.Join("testdata", "identityjs")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@aws-sdk", "client-cognito-identity")); err != nil {
		t.Fatalf("@aws-sdk/client-cognito-identity is missing: run %s", install)
	}
	c := newCloud(t)
	access, err := c.Pool().AccessToken("jo", webClient, nil)
	noError(t, err)
	name := c.Pool().ProviderName()
	cmd := exec.CommandContext(t.Context(), node, "get_credentials.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ENDPOINT="+c.url, "IDENTITY_POOL_ID="+c.pool(t, open()).ID(),
		"PROVIDER="+name, "TOKEN="+c.logins(t, nil)[name], "ACCESS_TOKEN="+access)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.Bytes())
	}
	c.checkCredentials(t, out)
}

func (c *cloud) checkCredentials(t *testing.T, out []byte) {
	t.Helper()
	var got struct {
		AccessToken, AccessKeyID string
		SecretLength             int
		Expiration               float64
		Vouched                  bool
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("expected JSON, got %q", out)
	}
	if want := "NotAuthorizedException: Invalid login token. Missing a required claim: aud"; got.AccessToken != want {
		t.Errorf("expected %q, got %q", want, got.AccessToken)
	}
	session := c.session(t, got.AccessKeyID)
	if got.SecretLength != len(session.SecretAccessKey) || int64(got.Expiration) != session.Expires.Unix() {
		t.Errorf("unexpected length %d or expiry %v of %v", got.SecretLength, got.Expiration, session)
	}
	if !got.Vouched {
		t.Error("expected the token of the basic flow to name the identity")
	}
}
