package integration_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// examined is a configuration with a fault, and what `caddy cognito doctor` says.
type examined struct {
	name string
	make func(*clinic)
	code int
	want []string
}

// How lines begin, and where nobody listens.
const (
	ofClient = "user_pool main: client " + signinClient + ": "
	ofSignin = "cognito_signin at app.example.com (srv0, route 1.1): "
	down     = "http://127.0.0.1:1"
)

func examineAll(t *testing.T, rows []examined) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := newClinic(t)
			row.make(c)
			got := c.run("", "doctor", "--timeout", c.timeout)
			got.want(t, row.code, row.want...)
			got.wantNothingOf(t, signinSecret)
		})
	}
}

func TestDoctorOfPools(t *testing.T) {
	examineAll(t, []examined{
		{"all is well", func(*clinic) {}, 0, []string{
			"ok    configuration: can be loaded\n", "ok    routes: fit together\n", "ok    user_pool main: keys: ", ": 2 keys\n", "ok    user_pool main: clock: ", "ok    user_pool main: issuer: http",
			"ok    " + ofClient + "exists, and its secret is right\n", "note  " + ofSignin + "flow: not asked", "ALLOW_USER_SRP_AUTH\n",
			"ok    " + ofSignin + "refresh tokens: as the app client has it\n",
			"ok    " + ofSignin + "callback URL: " + app + "/_cognito/callback is accepted\n",
			"ok    " + ofSignin + "sign-out URL: " + app + "/_cognito/signed-out is accepted\n", "ok    storage: can be written and read\n",
		}},
		{"a local pool without its issuer", func(c *clinic) { c.issuer = "https://cognito-idp.eu-west-1.amazonaws.com/" + c.id }, 1, []string{
			"FAIL  user_pool main: issuer: tokens of the endpoint are of another issuer than those accepted, so all are refused; add issuer http",
		}},
		{"an endpoint that does not say its issuer", func(c *clinic) {
			c.endpoint = c.between(func(answer *http.Response) error {
				if strings.HasSuffix(answer.Request.URL.Path, "openid-configuration") {
					answer.StatusCode = http.StatusNotFound
				}
				return nil
			})
		}, 0, []string{"note  user_pool main: issuer: not known"}},
		{"a configuration that is not one", func(c *clinic) { c.id = "AbCdEfGhI" }, 1, []string{"FAIL  configuration: "}},
		{"a configuration that cannot be loaded", func(c *clinic) { c.session = "secret short" }, 1, []string{"FAIL  configuration: "}},
		{"another app client", func(c *clinic) { c.client = "9nosuchclient" }, 1, []string{"FAIL  user_pool main: client 9nosuchclient: does not exist in this pool"}},
		{"another secret", func(c *clinic) { c.secret = "another" + signinSecret }, 1, []string{"FAIL  " + ofClient + "the secret is not right"}},
		{"a secret to come", func(c *clinic) { c.secret += " next" + signinSecret }, 0, []string{
			"ok    user_pool main: client " + signinClient + ", secret 1: exists", "WARN  user_pool main: client " + signinClient + ", secret 2: the app client does not take it, but the other one",
		}},
		{"a secret of an app client without", func(c *clinic) {
			c.change(func(client *cognitolocal.Client) { client.Secrets = nil })
		}, 1, []string{"FAIL  " + ofClient + "the secret is not right; take it from the app client, or remove it"}},
		{"another pool", func(c *clinic) { c.id = "eu-west-1_NoSuchPool" }, 1, []string{"FAIL  user_pool main: keys: key set ", "got 404; check the pool ID"}},
		{"nobody listens", func(c *clinic) { c.endpoint, c.domain = down, down }, 1, []string{
			"FAIL  user_pool main: keys: " + down, "connection refused", "FAIL  " + ofClient + "the user pool API: nothing listens there",
			"FAIL  " + ofSignin + "callback URL: the domain: nothing listens there", "FAIL  " + ofSignin + "sign-out URL: the domain: nothing listens there",
		}},
		{"keys that do not come", func(c *clinic) { c.hangs(cognitolocal.EndpointJWKS) }, 1, []string{"FAIL  user_pool main: keys: ", "no answer within 1s"}},
		{"an API that does not answer", func(c *clinic) { c.hangs(cognitolocal.EndpointAPI) }, 1, []string{"FAIL  " + ofClient + "the user pool API: no answer within 1s"}},
		{"keys that are none", func(c *clinic) { c.srv.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultGarbage()) }, 1, []string{"not a JSON Web Key Set; check the URL"}},
		{"no keys", func(c *clinic) { c.srv.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultEmptyKeySet()) }, 1, []string{"key set holds no usable key; check the URL"}},
		{"keys elsewhere", func(c *clinic) {
			c.srv.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultRedirect("https://portal.example.com/"))
		}, 1, []string{"redirects to another host, which is not followed"}},
		{"a broken API", func(c *clinic) { c.srv.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultStatus(503)) }, 1, []string{"FAIL  " + ofClient + "the user pool API answers with status 503"}},
		{"a throttled API", func(c *clinic) { c.srv.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultThrottle()) }, 0, []string{"WARN  " + ofClient + "Cognito says that there are too many calls"}},
		{"a firewall", func(c *clinic) { c.srv.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultWAF()) }, 0, []string{"WARN  " + ofClient + "a firewall in front of the pool refuses this machine"}},
		{"a clock that is a little fast", func(c *clinic) { c.endpoint = c.skewed(-20 * time.Second) }, 0, []string{"WARN  user_pool main: clock: ", "s ahead of that of the issuer: tokens are refused too early"}},
		{"a clock that is slow", func(c *clinic) { c.endpoint = c.skewed(5 * time.Minute) }, 1, []string{"FAIL  user_pool main: clock: ", " behind that of the issuer: tokens are accepted for too long"}},
	})
}

func TestDoctorOfSigninAndStores(t *testing.T) {
	examineAll(t, []examined{
		{"a name that is none", func(c *clinic) { c.domain = "https://auth.caddy-cognito.invalid" }, 1, []string{"callback URL: the domain: DNS does not know auth.caddy-cognito.invalid"}},
		{"not TLS", func(c *clinic) { c.domain = strings.Replace(c.domain, "http://", "https://", 1) }, 1, []string{"callback URL: the domain: "}},
		{"a certificate that nobody trusts", func(c *clinic) {
			c.domain = c.served(httptest.NewTLSServer(http.NotFoundHandler()))
		}, 1, []string{"callback URL: the domain: TLS: the certificate is not trusted"}},
		{"a domain that does not answer", func(c *clinic) { c.hangs(cognitolocal.EndpointAuthorize) }, 1, []string{"FAIL  " + ofSignin + "callback URL: the domain: no answer within 1s"}},
		{"another callback URL", func(c *clinic) { c.origin = "https://www.example.com" }, 1, []string{
			"FAIL  " + ofSignin + "callback URL: the domain refuses the app client or the callback URL; add https://www.example.com/_cognito/callback to the callback URLs",
			"FAIL  " + ofSignin + "sign-out URL: the domain refuses it; add https://www.example.com/_cognito/signed-out to the sign-out URLs",
		}},
		{"no code grant", func(c *clinic) {
			c.change(func(client *cognitolocal.Client) { client.OAuthFlows = []string{cognitolocal.FlowImplicit} })
		}, 1, []string{"callback URL: the app client does not allow the code grant; allow it"}},
		{"another domain", func(c *clinic) {
			c.domain = c.served(httptest.NewServer(http.NotFoundHandler()))
		}, 1, []string{"callback URL: there are no hosted pages at the domain"}},
		{"refresh tokens that rotate", func(c *clinic) {
			c.change(func(client *cognitolocal.Client) { client.RotateRefreshTokens = true })
		}, 0, []string{"WARN  " + ofSignin + "refresh tokens: the app client does not allow ALLOW_REFRESH_TOKEN_AUTH", "set refresh_token_rotation"}},
		{"refresh tokens that do not rotate", func(c *clinic) { c.session = "refresh_token_rotation" }, 0, []string{"WARN  " + ofSignin + "refresh tokens: refresh_token_rotation is set, but"}},
		{"a storage that cannot be written", func(c *clinic) {
			check(c.T, os.WriteFile(filepath.Join(c.dir, "file"), nil, 0o600))
			c.storage = "file/storage"
		}, 1, []string{"FAIL  storage: it cannot be written and read: ", "sessions need it"}},
		{"a bucket that is not there", func(c *clinic) {
			c.pools, c.site = c.bucketAt(c.served(httptest.NewServer(http.NotFoundHandler())))
		}, 1, []string{"FAIL  bucket files: ", "/files: there is no such bucket"}},
		{"a bucket of another region", func(c *clinic) {
			c.pools, c.site = c.bucketAt(c.served(httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Amz-Bucket-Region", "eu-west-3")
				w.WriteHeader(http.StatusMovedPermanently)
			}))))
		}, 1, []string{"FAIL  bucket files: the bucket is in the region eu-west-3, not us-east-1; set region"}},
		{"access tokens for a bucket", func(c *clinic) {
			c.pools, c.site = c.bucketAt(c.served(httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))))
		}, 1, []string{"FAIL  cognito_s3 at app.example.com (srv0, route 1.3): token_use: exchanges take ID tokens, and the cognito_auth at app.example.com (srv0, route 1.3) before it"}},
		{"hosted pages that nobody gets to", func(c *clinic) { c.provider = "" }, 0, []string{"WARN  " + ofSignin + "hosted: beside page, hosted is for providers, of which there is none"}},
		{"services for credentials", func(c *clinic) {
			c.pools, c.site = c.bucketAt(down)
			c.pools += "\nidentity_pool media eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {\nuser_pool main\nendpoint " + c.endpoint + "\n}"
		}, 1, []string{"ok    identity_pool media: API: ", "note  identity_pool media: roles: whether it exists,", "note  web_identity store: roles: ", "FAIL  web_identity store: STS: " + down + ": nothing listens there", "FAIL  bucket files: " + down + "/files: nothing listens there"}},
	})
}

// The questions count against nobody: a user can sign in afterwards, and no sign-in
// was begun.
func TestDoctorSignsNobodyIn(t *testing.T) {
	c := newClinic(t)
	c.run("", "doctor").want(t, 0)
	if got := c.srv.Calls("GetTokensFromRefreshToken"); got != 1 {
		t.Errorf("expected one question about the app client, got %d", got)
	}
	if c.srv.Calls("RespondToAuthChallenge")+c.srv.Calls("SignUp")+c.srv.Calls("ForgotPassword")+c.srv.Requests(cognitolocal.EndpointLogin) != 0 {
		t.Error("expected no step of a sign-in")
	}
	left, err := filepath.Glob(filepath.Join(c.dir, "storage", "cognito", "doctor", "*"))
	if check(t, err); len(left) != 0 {
		t.Errorf("expected nothing to be left in the storage, got %v", left)
	}
}

func (c *clinic) token(change func(map[string]any)) string {
	c.Helper()
	token, err := c.pool.AccessToken("jo", signinClient, change)
	check(c.T, err)
	return token
}

// keys writes the key set of the pool into a file.
func (c *clinic) keys() string {
	c.Helper()
	got := roundTrip(c.T, http.DefaultClient, http.MethodGet, c.pool.JWKSURL(), "")
	file := filepath.Join(c.dir, "jwks.json")
	check(c.T, os.WriteFile(file, []byte(got.body), 0o600))
	return file
}

func TestExplain(t *testing.T) {
	c := newClinic(t)
	const auth = "cognito_auth at app.example.com (srv0, route 1.3): "
	file := c.keys()
	before := c.srv.Requests(cognitolocal.EndpointJWKS)
	for _, row := range []struct {
		name   string
		change func(map[string]any)
		args   []string
		code   int
		want   []string
	}{
		{"a good one", nil, []string{"--jwks", file}, 0, []string{
			"  signature   ok\n", "cognito_auth at app.example.com/admin/* (srv0, route 1.2): 403, require group owners: the token has admins, staff", auth + "accepted\n",
		}},
		{"without keys", nil, nil, 1, []string{"  signature   not checked  no keys on disk", auth + "accepted, if the signature is right\n"}},
		{"expired", with("exp", 1), []string{"--jwks", file}, 1, []string{"  lifetime    FAILED       exp: expired ", auth + "401, expired\n"}},
		{"of another client", with("client_id", otherClient), []string{"--jwks", file, "--pool", "main"}, 1, []string{"issued to app client " + otherClient + ", the pool accepts " + signinClient}},
		{"of another pool", with("iss", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other"), nil, 1, []string{"which no user_pool names", auth + "401, issuer\n"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			token := c.token(row.change)
			got := c.run("Bearer "+token+"\n", "explain", row.args...)
			got.want(t, row.code, row.want...)
			got.wantNothingOf(t, token, userEmail, signinSecret)
		})
	}
	if c.srv.Requests(cognitolocal.EndpointJWKS) != before {
		t.Error("expected no network call")
	}
}

// A Caddy that ran leaves its keys in the storage.
func TestExplainWithKeysOfTheStorage(t *testing.T) {
	c := newClinic(t)
	f := &fleet{T: t, dir: c.dir, srv: c.srv, pool: c.pool}
	i := f.newInstance("a")
	i.start()
	i.awaitReady()
	i.eventuallyKept()
	token := c.token(nil)
	c.run(token, "explain").want(t, 0, "  signature   ok\n")
	c.pool.RotateKeys()
	c.run(c.token(nil), "explain").want(t, 1, "  key         FAILED       kid: ")
}

// eventuallyKept waits until the keys are in the storage.
func (i *instance) eventuallyKept() {
	i.Helper()
	eventually(i.T, "the keys are kept", func() bool {
		kept, err := filepath.Glob(filepath.Join(i.dir, "storage", "cognito", "keys", "*.json"))
		return err == nil && len(kept) > 0
	})
}

func TestExplainRefusesWhatWouldTell(t *testing.T) {
	c := newClinic(t)
	token := c.token(nil)
	for name, args := range map[string][]string{
		"a token as an argument":        {token},
		"a token as a flag":             {"--" + token},
		"a token as the name of a pool": {"--pool", token},
		"a token as a file":             {"--jwks", token},
	} {
		got := c.run(token, "explain", args...)
		if got.code != 2 || got.stdout != "" {
			t.Errorf("%s: expected exit code 2 and no report, got %d with\n%s", name, got.code, got.all())
		}
		got.wantNothingOf(t, token)
	}
	if got := c.run("\n", "explain"); got.code != 2 || !strings.Contains(got.stderr, "got nothing") {
		t.Errorf("expected exit code 2 without a token, got %d with\n%s", got.code, got.all())
	}
	c.id = "nosuchpool"
	if got := c.run(token, "explain"); got.code != 2 {
		t.Errorf("expected exit code 2 without a configuration, got %d with\n%s", got.code, got.all())
	}
}
