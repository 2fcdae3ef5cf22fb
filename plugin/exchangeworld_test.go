package plugin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

// cloud answers for an identity pool and an STS.
type cloud struct {
	url string

	mu    sync.Mutex // guards all below
	calls map[string]int
	body  map[string]string // the last of each operation
	fail  int               // status of errors; 0: none
	until time.Time         // of credentials
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{calls: make(map[string]int), body: make(map[string]string), until: time.Now().Add(time.Hour).Truncate(time.Second)}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !ok {
		operation = r.FormValue("Action")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[operation]++
	c.body[operation] = r.Form.Encode()
	if c.fail != 0 {
		w.Header().Set("X-Amzn-ErrorType", map[bool]string{true: "InternalErrorException", false: "NotAuthorizedException"}[c.fail >= 500])
		w.WriteHeader(c.fail)
		_, _ = w.Write([]byte(`{"message":"no"}`))
		return
	}
	switch operation {
	case "GetId":
		_, _ = fmt.Fprintf(w, `{"IdentityId":%q}`, identityID)
	case "GetOpenIdToken":
		_, _ = fmt.Fprintf(w, `{"IdentityId":%q,"Token":"vouched"}`, identityID)
	case "GetCredentialsForIdentity":
		_, _ = fmt.Fprintf(w, `{"IdentityId":%q,"Credentials":{"AccessKeyId":"ASIAKEY","SecretKey":"secret","SessionToken":"session","Expiration":%d}}`,
			identityID, c.until.Unix())
	default:
		_, _ = fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIASTS</AccessKeyId>`+
			`<SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken><Expiration>%s</Expiration></Credentials>`+
			`</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, c.until.UTC().Format(time.RFC3339))
	}
}

func (c *cloud) called(operation string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[operation]
}

func (c *cloud) failing(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = status
}

// context is a configuration with the user pools main, whose keys are pinned, and
// other, the identity pools media, guests and basic, and the web identity sts.
func (c *cloud) context(t testing.TB) caddy.Context {
	t.Helper()
	return contextWith(t, c.app(t, ""))
}

func (c *cloud) app(t testing.TB, media string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, []byte(verifiertest.JWKS(newSigner(t).JWK())), 0o600); err != nil {
		t.Fatal(err)
	}
	pool := func(issuer string) string {
		return fmt.Sprintf(`{"id":"eu-west-1_AbCdEfGhI","client":[%q],"issuer":[%q],"jwks_file":%q,"jwks_url":"http://127.0.0.1:1/jwks.json"}`, testClient, issuer, file)
	}
	return fmt.Sprintf(`{"user_pool":{"main":%s,"other":%s},
		"identity_pool":{
			"media":{"id":%q,"user_pool":["main"],"endpoint":%q%s},
			"guests":{"id":%q,"user_pool":["main"],"guests":true,"endpoint":%q},
			"basic":{"id":%q,"user_pool":["main"],"endpoint":%q,"role_arn":%q,"basic":{"endpoint":%q}}},
		"web_identity":{"sts":{"endpoint":%q,"user_pool":["main"],"role_arn":%q,"outlive_token":true}}}`,
		pool(testIssuer), pool("https://issuer.example/eu-west-1_AbCdEfGhI"),
		testPoolID, c.url, media, testPoolID, c.url, testPoolID, c.url, testRole, c.url, c.url, testRole)
}

// exchangeNamed is one of a configuration.
func exchangeNamed(t testing.TB, ctx caddy.Context, name string) *exchange {
	t.Helper()
	app, err := loadApp(ctx)
	if err != nil {
		t.Fatal(err)
	}
	e, err := app.exchange(name)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// served is a request as Caddy's server hands it to handlers.
func served(method, target string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	return caddyhttp.PrepareRequest(r, caddy.NewReplacer(), httptest.NewRecorder(), new(caddyhttp.Server))
}

// signedIn is a request that a cognito_auth let pass. Its config comes without the
// outer braces; the token is an ID token unless change says otherwise.
func signedIn(t testing.TB, ctx caddy.Context, r *http.Request, auth string, change func(map[string]any)) *http.Request {
	t.Helper()
	handler := load[*Auth](t, ctx, "http.handlers.cognito_auth", `{"token_use":["access","id"],"allow_ambiguous_path":true,`+auth+`}`)
	r.Header.Set("Authorization", "Bearer "+accessToken(t, func(claims map[string]any) {
		idToken(claims)
		if change != nil {
			change(claims)
		}
	}))
	status, _, next := serve(t, handler, r)
	if next.saw == nil {
		t.Fatalf("expected the request to pass, got %d", status)
	}
	return next.saw
}
