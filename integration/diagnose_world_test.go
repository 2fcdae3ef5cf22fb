package integration_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/internal/caddyprocess"
)

// clinic is a user pool and a configuration that `caddy cognito` examines. Nothing
// of it runs.
type clinic struct {
	*testing.T
	dir  string
	srv  *cognitolocal.Server
	pool *cognitolocal.Pool
	// What tests make wrong.
	id, client, secret, endpoint, domain, issuer, origin, storage, session, provider, pools, site string

	timeout string // of each question
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	srv := newPool(t, cognitolocal.Options{})
	c := &clinic{
		T: t, dir: t.TempDir(), srv: srv, pool: srv.Pool(), id: srv.Pool().ID(), client: signinClient, secret: signinSecret,
		domain: srv.Pool().DomainURL(), endpoint: srv.Pool().DomainURL(), issuer: srv.Pool().Issuer(), origin: app, storage: "storage", provider: "provider COGNITO",
		timeout: "30s",
	}
	check(t, c.pool.AddClient(c.appClient()))
	return c
}

// appClient is that of sign-in, as it should be.
func (c *clinic) appClient() cognitolocal.Client {
	return cognitolocal.Client{
		ID: signinClient, Secrets: []string{signinSecret}, OAuthFlows: []string{cognitolocal.FlowCode}, OAuthScopes: []string{"openid"},
		CallbackURLs: []string{app + "/_cognito/callback"}, LogoutURLs: []string{app + "/_cognito/signed-out"},
	}
}

// change makes the app client another one.
func (c *clinic) change(change func(*cognitolocal.Client)) {
	c.Helper()
	client := c.appClient()
	change(&client)
	check(c.T, c.pool.UpdateClient(client))
}

// hangs has an endpoint never answer, which need not be waited for long.
func (c *clinic) hangs(endpoint cognitolocal.Endpoint) {
	c.srv.SetFault(endpoint, cognitolocal.FaultHang())
	c.timeout = "1s"
}

func (c *clinic) caddyfile() string {
	return strings.NewReplacer("$DIR", c.dir, "$STORAGE", c.storage, "$ID", c.id, "$ISSUER", c.issuer, "$ENDPOINT", c.endpoint, "$DOMAIN", c.domain,
		"$CLIENT", c.client, "$SECRET", c.secret, "$ORIGIN", c.origin, "$SESSION", c.session, "$PROVIDER", c.provider, "$POOLS", c.pools, "$SITE", c.site).Replace(`{
	admin off
	persist_config off
	auto_https off
	storage file_system $DIR/$STORAGE
	cognito {
		user_pool main $ID {
			issuer $ISSUER
			endpoint $ENDPOINT
			domain $DOMAIN
			client $CLIENT {
				secret $SECRET
			}
			session {
				$SESSION
			}
		}
		$POOLS
	}
}
http://app.example.com {
	bind unix/$DIR/site.sock
	cognito_signin main {
		page {
			$PROVIDER
		}
		hosted
		origin $ORIGIN
	}
	@admin path /admin/*
	cognito_auth @admin main {
		require group owners
	}
	cognito_auth main
	$SITE
	respond "ok"
}
`)
}

// outcome is what a command did.
type outcome struct {
	stdout, stderr string
	code           int
}

func (o outcome) all() string { return o.stdout + o.stderr }

// run runs `caddy cognito` with the configuration.
func (c *clinic) run(stdin, command string, args ...string) outcome {
	c.Helper()
	file := filepath.Join(c.dir, "site.caddyfile")
	check(c.T, os.WriteFile(file, []byte(c.caddyfile()), 0o600))
	cmd, err := caddyprocess.Command(c.Context(), c.dir, append([]string{"cognito", command, "--config", file, "--adapter", "caddyfile"}, args...)...)
	check(c.T, err)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		c.Fatal(err)
	} else if ok {
		return outcome{stdout.String(), stderr.String(), exit.ExitCode()}
	}
	return outcome{stdout.String(), stderr.String(), 0}
}

// want checks the exit code and lines of what was printed.
func (o outcome) want(t *testing.T, code int, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(o.stdout, line) {
			t.Errorf("expected %q, got\n%s%s", line, o.stdout, o.stderr)
		}
	}
	if o.code != code {
		t.Errorf("expected exit code %d, got %d with\n%s%s", code, o.code, o.stdout, o.stderr)
	}
}

// wantNothingOf checks that no part of a secret longer than eight characters is told.
func (o outcome) wantNothingOf(t *testing.T, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for i := range max(0, len(secret)-8) {
			if strings.Contains(o.all(), secret[i:i+9]) {
				t.Fatalf("expected nothing of the secret, got %q in\n%s", secret[i:i+9], o.all())
			}
		}
	}
}

// between is a server in front of the pool that changes its answers.
func (c *clinic) between(change func(*http.Response) error) string {
	c.Helper()
	target, err := url.Parse(c.pool.DomainURL())
	check(c.T, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = change
	srv := httptest.NewServer(proxy)
	c.Cleanup(srv.Close)
	return srv.URL
}

// skewed has a clock that is off.
func (c *clinic) skewed(by time.Duration) string {
	return c.between(func(answer *http.Response) error {
		answer.Header.Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
		return nil
	})
}

// served is the URL of a server that ends with the test.
func (c *clinic) served(srv *httptest.Server) string {
	c.Cleanup(srv.Close)
	return srv.URL
}

// bucketAt is a bucket of a store, whose STS is there, too.
func (c *clinic) bucketAt(endpoint string) (pools, site string) {
	return "web_identity store " + endpoint + " {\nuser_pool main\nrole_arn arn:aws:iam::000000000000:role/any\n}",
		"cognito_s3 files {\ncredentials store\nendpoint " + endpoint + "\n}"
}
