package plugin

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

const otherIssuer = testIssuer + "Other"

// Whoever looks for the users that are refused must find them at their pool.
func TestRefusalsCountForThePoolOfTheToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, []byte(verifiertest.JWKS(newSigner(t).JWK())), 0o600); err != nil {
		t.Fatal(err)
	}
	pool := func(issuer string) string {
		return fmt.Sprintf(`{"id":"local_1","client":[%q],"issuer":[%q],"jwks_file":%q,"jwks_url":"http://127.0.0.1:1"}`, testClient, issuer, file)
	}
	ctx := contextWith(t, `{"user_pool":{"first":`+pool(testIssuer)+`,"other":`+pool(otherIssuer)+`}}`)
	auth := load[*Auth](t, ctx, "http.handlers.cognito_auth",
		`{"pool":["first","other"],"optional":true,"require":[{"kind":"group","values":["editors"]}]}`)
	ofOther := func(members map[string]any) string {
		return accessToken(t, func(claims map[string]any) {
			claims["iss"] = otherIssuer
			maps.Copy(claims, members)
		})
	}
	for _, row := range []struct {
		name              string
		r                 *http.Request
		pool, use, result string
	}{
		{"accepted", bearer(ofOther(nil)), "other", "access", "ok"},
		{"verified, without the group", bearer(ofOther(map[string]any{"cognito:groups": []string{"guests"}})), "other", "access", "group"},
		{"verified, of a kind that is not accepted", bearer(ofOther(map[string]any{"token_use": "id", "aud": testClient})), "other", "id", "token_use"},
		{"expired, so nobody knows whose it is", bearer(ofOther(map[string]any{"exp": 1})), "first", "", "expired"},
		{"no token", newRequest(http.MethodGet, "/"), "first", "", "anonymous"},
	} {
		counter := metrics.verified.WithLabelValues(row.pool, row.use, row.result)
		before := testutil.ToFloat64(counter)
		serve(t, auth, row.r)
		if got := testutil.ToFloat64(counter) - before; got != 1 {
			t.Errorf("%s: expected 1 more for pool %q, token_use %q, result %q, got %v", row.name, row.pool, row.use, row.result, got)
		}
	}
}
