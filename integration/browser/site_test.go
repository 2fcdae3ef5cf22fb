//go:build interop

package browser_test

import (
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
	"github.com/caddy-cognito/caddy-cognito/integration/internal/freeport"
)

const (
	appClient = "1browserexample"
	appSecret = "51asecretthatnobodyguesses0000000000000000000000000"
	password  = "Passw0rd!"
)

// site is an application behind Caddy with sign-in, on localhost: where browsers
// take Secure cookies without TLS.
type site struct {
	*testing.T
	cognito *cognitolocal.Server
	pool    *cognitolocal.Pool
	clock   *clock // the pool's
	app     *httptest.Server
	dir     string
	origin  string
	setup   setup
}

// setup is what tests vary.
type setup struct {
	client  cognitolocal.Client // over the defaults
	signIn  cognitolocal.SignIn
	users   []cognitolocal.User // jo, without a second factor, unless set
	page    string              // in the block of page
	signin  string              // after it, in that of cognito_signin
	session string              // in the block session of the pool
	auth    string              // a block for cognito_auth
}

// clock runs ahead by what it is told to.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Store(int64(d)) }

// startSite starts the pool, the application and Caddy.
func startSite(t *testing.T, s setup) *site {
	t.Helper()
	w := &site{T: t, clock: new(clock), origin: "http://localhost:" + freePort(t), setup: s}
	w.startPool()
	w.app = httptest.NewServer(http.HandlerFunc(application))
	t.Cleanup(w.app.Close)
	var err error
	w.dir, err = os.MkdirTemp("", "browser")
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(w.dir)) })
	w.startCaddy()
	return w
}

// freePort is a port that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	address, err := freeport.Take()
	check(t, err)
	_, port, err := net.SplitHostPort(address)
	check(t, err)
	return port
}

func (w *site) startPool() {
	w.Helper()
	cognito, err := cognitolocal.New(cognitolocal.Options{Now: w.clock.now, SignIn: w.setup.signIn})
	check(w.T, err)
	_, err = cognito.Start("")
	check(w.T, err)
	w.Cleanup(func() { check(w.T, cognito.Close()) })
	w.cognito, w.pool = cognito, cognito.Pool()
	check(w.T, w.pool.AddClient(w.client()))
	if w.setup.users == nil {
		w.setup.users = []cognitolocal.User{{Username: "jo"}}
	}
	for _, user := range w.setup.users {
		if user.Password == "" {
			user.Password = password
		}
		_, err := w.pool.AddUser(user)
		check(w.T, err)
	}
}

func (w *site) client() cognitolocal.Client {
	c := w.setup.client
	c.ID, c.Secrets = appClient, []string{appSecret}
	c.AuthFlows = []string{
		cognitolocal.AllowUserPasswordAuth, cognitolocal.AllowUserSRPAuth, cognitolocal.AllowCustomAuth,
		cognitolocal.AllowUserAuth, cognitolocal.AllowRefreshTokenAuth,
	}
	c.OAuthFlows, c.OAuthScopes = []string{cognitolocal.FlowCode}, []string{"openid", "email", "aws.cognito.signin.user.admin"}
	c.CallbackURLs = []string{w.origin + "/_cognito/callback"}
	c.LogoutURLs = []string{w.origin + "/_cognito/signed-out"}
	return c
}

// startCaddy starts Caddy, in place of any that ran before.
func (w *site) startCaddy() {
	w.Helper()
	check(w.T, edge.Stop())
	check(w.T, edge.Load(w.caddyfile()))
	w.Cleanup(func() { check(w.T, edge.Stop()) })
}

func (w *site) caddyfile() string {
	return strings.NewReplacer(
		"$DIR", w.dir, "$POOL", w.pool.ID(), "$ISSUER", w.pool.Issuer(), "$COGNITO", w.pool.DomainURL(), "$ORIGIN", w.origin,
		"$APP", w.app.Listener.Addr().String(), "$CLIENT", appClient, "$SECRET", appSecret,
	).Replace(`{
	admin off
	persist_config off
	auto_https off
	grace_period 1s
	storage file_system $DIR/storage
	log {
		output file $DIR/caddy.log
		level DEBUG
	}
	cognito {
		user_pool main $POOL {
			issuer $ISSUER
			endpoint $COGNITO
			domain $COGNITO
			client $CLIENT {
				secret $SECRET
			}
			session {
				` + w.setup.session + `
			}
		}
	}
}
$ORIGIN {
	bind 127.0.0.1
	cognito_signin main {
		` + w.setup.block() + `
	}
	@admins path /admins
	cognito_auth @admins main {
		require group admins
	}
	@strict path /strict
	cognito_auth @strict main {
		require acr urn:nobody:has
	}
	cognito_auth main {
		` + w.setup.auth + `
	}
	reverse_proxy $APP
}
`)
}

func (s setup) block() string {
	if s.page == "" {
		return s.signin
	}
	return "page {\n" + s.page + "\n}\n" + s.signin
}

// reach is the start of a path that the application answers with a redirect to
// the URL behind it.
const reach = "/go/"

var applicationPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<title>Orders</title>
<main>
<h1>Orders of {{.User}}</h1>
<p id="target">{{.Target}}</p>
<form method="post" action="/_cognito/sign-out"><button>Sign out</button></form>
<p><a href="/_cognito/sign-out">Leave</a></p>
</main>
`))

// application is what sign-in protects.
func application(w http.ResponseWriter, r *http.Request) {
	if target, ok := strings.CutPrefix(r.URL.Path, reach); ok {
		http.Redirect(w, r, "http://"+target, http.StatusFound)
		return
	}
	if r.URL.Path == "/violating" {
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		fmt.Fprint(w, "<!doctype html><title>Bad</title><h1>Bad</h1><style>h1 { color: red }</style>")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = applicationPage.Execute(w, map[string]string{"User": r.Header.Get("X-Cognito-Username"), "Target": r.URL.RequestURI()})
}

// log is what Caddy logged, to read when a test fails.
func (w *site) log() string {
	text, _ := os.ReadFile(filepath.Join(w.dir, "caddy.log"))
	return string(text)
}
