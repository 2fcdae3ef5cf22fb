package integration_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
	"github.com/caddy-cognito/caddy-cognito/integration/internal/caddyprocess"
)

// fleet is several Caddy processes with one user pool and one storage. Each has a
// site that answers with the subject of the user, and at /token with his token.
type fleet struct {
	*testing.T
	fleetSetup
	dir  string // short enough for Unix sockets
	srv  *cognitolocal.Server
	pool *cognitolocal.Pool
	at   []*instance
}

// fleetSetup is what tests vary.
type fleetSetup struct {
	instances int                 // 3 unless set
	client    cognitolocal.Client // over the defaults
	session   string              // in the block session
	secrets   string              // of the app client, as Caddy knows them
	endpoint  string              // of the user pool; its own unless set
	global    string              // more of the configuration
}

// instance is one process.
type instance struct {
	*fleet
	name       string
	web, admin *http.Client
	process    *caddyprocess.Process
}

// newFleet starts everything but Caddy.
func newFleet(t *testing.T, s fleetSetup) *fleet {
	t.Helper()
	dir, err := os.MkdirTemp("", "fleet")
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	srv := newPool(t, cognitolocal.Options{})
	f := &fleet{T: t, fleetSetup: s, dir: dir, srv: srv, pool: srv.Pool()}
	check(t, f.pool.AddClient(f.withClient(s.client)))
	for _, name := range []string{"a", "b", "c"}[:max(1, min(s.instances, 3))] {
		f.at = append(f.at, f.newInstance(name))
	}
	return f
}

// startedFleet is a fleet whose instances all start at the same moment, on an
// empty storage.
func startedFleet(t *testing.T, s fleetSetup) *fleet {
	t.Helper()
	if s.instances == 0 {
		s.instances = 3
	}
	f := newFleet(t, s)
	for _, i := range f.at {
		i.start()
	}
	for _, i := range f.at {
		i.awaitReady()
	}
	return f
}

// withClient is the app client of sign-in.
func (f *fleet) withClient(c cognitolocal.Client) cognitolocal.Client {
	c.ID = signinClient
	if c.Secrets == nil {
		c.Secrets = []string{signinSecret}
	}
	return c
}

// change changes the app client. Tokens that were issued stay as they are.
func (f *fleet) change(change func(*cognitolocal.Client)) {
	f.Helper()
	change(&f.client)
	check(f.T, f.pool.UpdateClient(f.withClient(f.client)))
}

// longTokens makes new tokens live so long that no test sees them expire.
func (f *fleet) longTokens() {
	f.Helper()
	f.change(func(c *cognitolocal.Client) { c.AccessTokenLifetime, c.IDTokenLifetime = time.Hour, time.Hour })
}

// shortTokens is an app client whose tokens live that long.
func shortTokens(lifetime time.Duration) cognitolocal.Client {
	return cognitolocal.Client{AccessTokenLifetime: lifetime, IDTokenLifetime: lifetime}
}

func (f *fleet) newInstance(name string) *instance {
	i := &instance{
		fleet: f, name: name,
		web: edge.Client(filepath.Join(f.dir, name+".sock")), admin: edge.Admin(filepath.Join(f.dir, name+".admin")),
	}
	i.web.Transport.(*http.Transport).MaxConnsPerHost = 30
	f.Cleanup(func() {
		i.web.CloseIdleConnections()
		i.stop()
	})
	return i
}

func (i *instance) caddyfile() string {
	secrets, endpoint := i.secrets, i.endpoint
	if secrets == "" {
		secrets = signinSecret
	}
	if endpoint == "" {
		endpoint = strings.TrimSuffix(i.pool.Issuer(), "/"+i.pool.ID())
	}
	return strings.NewReplacer("$NAME", i.name, "$DIR", i.dir, "$POOL", i.pool.ID(), "$ISSUER", i.pool.Issuer(), "$ENDPOINT", endpoint,
		"$SECRETS", secrets, "$SESSION", i.session, "$GLOBAL", i.global, "$CLIENT", signinClient, "$WEB", webClient).Replace(`{
	admin unix/$DIR/$NAME.admin
	persist_config off
	auto_https off
	grace_period 1s
	storage file_system $DIR/storage
	log {
		output file $DIR/$NAME.log
		level INFO
	}
	$GLOBAL
	cognito {
		user_pool plain $POOL {
			client $WEB
			issuer $ISSUER
		}
		user_pool signin $POOL {
			issuer $ISSUER
			endpoint $ENDPOINT
			client $CLIENT {
				secret $SECRETS
			}
			session {
				$SESSION
			}
		}
	}
}
http:// {
	bind unix/$DIR/$NAME.sock
	cognito_signin signin
	cognito_auth signin {
		forward token
	}
	respond /token "{http.request.header.Authorization}"
	respond "{http.auth.user.id}"
}
`)
}

// newBrowser is a browser that reaches localhost at the instance.
func (i *instance) newBrowser() *browser {
	socket := filepath.Join(i.dir, i.name+".sock")
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	i.Cleanup(transport.CloseIdleConnections)
	return &browser{T: i.T, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// signIn signs somebody in with a fresh browser and returns its session.
func (i *instance) signIn(username string) string {
	i.Helper()
	b := i.newBrowser()
	b.signIn(username)
	return b.cookie(sessionCookie).Value
}

// get requests a path as a script does, with a session.
func (i *instance) get(path, session string, headers ...string) answer {
	i.Helper()
	return roundTrip(i.T, i.web, http.MethodGet, app+path, "", append(headers, "Cookie: "+sessionCookie+"="+session)...)
}

// status is that of a request with a session.
func (i *instance) status(session string) int {
	i.Helper()
	return i.get("/", session).status
}

// bearer is the status of a request with a token.
func (i *instance) bearer(token string) int {
	i.Helper()
	return roundTrip(i.T, i.web, http.MethodGet, app+"/", "", "Authorization: "+token).status
}

// navigation is what browsers send when somebody follows a link.
const navigation = "Sec-Fetch-Mode: navigate"

// kept is the session cookie of an answer: set, and its value, which is empty
// when the browser is told to forget it.
func (a answer) kept() (value string, set bool) {
	for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
		if cookie.Name == sessionCookie {
			return cookie.Value, true
		}
	}
	return "", false
}

// everywhere checks that a session works at all instances.
func (f *fleet) everywhere(what, session string) {
	f.Helper()
	for _, i := range f.at {
		if got := i.get("/", session); got.status != http.StatusOK {
			f.Errorf("%s at %s: expected 200, got %d with %q", what, i.name, got.status, got.body)
		}
	}
}

// refreshes is how often Cognito was asked for new tokens.
func (f *fleet) refreshes() int { return f.srv.Calls("GetTokensFromRefreshToken") }

// logged counts the lines of a level whose message starts with msg.
func (i *instance) logged(level, msg string) int {
	i.Helper()
	text, err := os.ReadFile(filepath.Join(i.dir, i.name+".log"))
	check(i.T, err)
	n := 0
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, `"level":"`+level+`"`) && strings.Contains(line, `"msg":"`+msg) {
			n++
		}
	}
	return n
}

// ask makes a request to the admin API.
func (i *instance) ask(method, path, body string) answer {
	i.Helper()
	return roundTrip(i.T, i.admin, method, "http://127.0.0.1"+path, body)
}

// reload has the instance load its configuration, which may have changed.
func (i *instance) reload() answer {
	i.Helper()
	i.web.CloseIdleConnections()
	req, err := http.NewRequestWithContext(i.Context(), http.MethodPost, "http://127.0.0.1/load", strings.NewReader(i.caddyfile()))
	check(i.T, err)
	req.Header.Set("Content-Type", "text/caddyfile")
	resp, err := i.admin.Do(req)
	check(i.T, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(i.T, err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}
