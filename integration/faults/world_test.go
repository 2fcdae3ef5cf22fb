package faults_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	_ "github.com/caddy-cognito/caddy-cognito/integration/edge" // Caddy and the plugin
)

const (
	clientID     = "4signinexample"
	clientSecret = "51asecretthatnobodyguesses0000000000000000000000000"
	password     = "Passw0rd!"
	bucketName   = "bucket"
	site         = "http://localhost"
)

// setup is what worlds differ in.
type setup struct {
	instances   int           // 1 unless set
	tokens      time.Duration // how long the tokens of sessions live; 4 s unless set
	credentials time.Duration // how long credentials live; 4 s unless set
	rotation    bool          // refresh tokens are good once
	strict      bool          // without a grace period
	level       string        // of the log; INFO unless set
	poolLines   string        // more in the block of the user pool
}

// world is Cognito, a store, a back end, one or more processes of Caddy, and
// people who use them.
type world struct {
	*testing.T
	setup
	dir        string // short enough for Unix sockets
	cognito    *cognitolocal.Server
	pool       *cognitolocal.Pool
	front      *door // of Cognito
	identities *cognitolocal.IdentityPool
	store      *store
	storeDoor  *door
	backend    *door
	clock      *clock // of everybody but Caddy
	at         []*instance
	load       *load
	mended     atomic.Int64      // when the storage of Caddy was, in nanoseconds; negative while it fails
	subs       map[string]string // by user
}

// clock is a clock that can be moved.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) move(d time.Duration) { c.ahead.Store(int64(d)) }

// newWorld starts everything, and people begin to use it.
func newWorld(t *testing.T, s setup) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "faults")
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	w := &world{T: t, setup: s.withDefaults(), dir: dir, clock: new(clock), subs: make(map[string]string)}
	w.startCognito()
	w.store = newStore(w.cognito, w.clock.now)
	w.storeDoor, w.backend = newDoor(t, w.store), newDoor(t, http.HandlerFunc(tellSubject))
	for _, name := range []string{"a", "b"}[:w.instances] {
		w.at = append(w.at, w.newInstance(name))
	}
	for _, i := range w.at {
		i.start()
	}
	for _, i := range w.at {
		i.awaitReady()
	}
	w.load = startLoad(w)
	return w
}

func (s setup) withDefaults() setup {
	if s.instances == 0 {
		s.instances = 1
	}
	if s.tokens == 0 {
		s.tokens = 4 * time.Second
	}
	if s.credentials == 0 {
		s.credentials = 4 * time.Second
	}
	if s.level == "" {
		s.level = "INFO"
	}
	return s
}

func (w *world) startCognito() {
	w.Helper()
	srv, err := cognitolocal.New(cognitolocal.Options{Now: w.clock.now})
	check(w.T, err)
	w.T.Cleanup(func() { check(w.T, srv.Close()) })
	w.cognito, w.pool, w.front = srv, srv.Pool(), newDoor(w.T, srv)
	srv.SetBaseURL(w.front.url())
	check(w.T, w.pool.AddClient(w.client(w.tokens)))
	w.identities, err = srv.AddIdentityPool(cognitolocal.IdentityPoolOptions{
		Region: storeRegion, AuthenticatedRole: "arn:aws:iam::000000000000:role/users", CredentialsLifetime: w.credentials,
	})
	check(w.T, err)
}

// client is the app client, with tokens that live that long.
func (w *world) client(tokens time.Duration) cognitolocal.Client {
	c := cognitolocal.Client{
		ID: clientID, Secrets: []string{clientSecret},
		AuthFlows:           []string{cognitolocal.AllowUserPasswordAuth, cognitolocal.AllowRefreshTokenAuth},
		AccessTokenLifetime: tokens, IDTokenLifetime: tokens,
		OAuthFlows: []string{cognitolocal.FlowCode}, OAuthScopes: []string{"openid", "email"},
		CallbackURLs: []string{site + "/_hosted/callback"}, LogoutURLs: []string{site + "/_hosted/signed-out"},
	}
	if w.rotation {
		c.AuthFlows = []string{cognitolocal.AllowUserPasswordAuth}
		c.RotateRefreshTokens = true
		if !w.strict { // which nothing survives that loses an answer
			c.RotationGrace = 30 * time.Second
		}
	}
	return c
}

// user makes a user and returns the name.
func (w *world) user(name string) string {
	w.Helper()
	sub, err := w.pool.AddUser(cognitolocal.User{Username: name, Password: password, Attributes: map[string]string{"email": name + "@example.org"}})
	check(w.T, err)
	w.subs[name] = sub
	return name
}

// tellSubject is the application: it says who it was told is asking, for how
// long it was told to think about it.
func tellSubject(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	if strings.HasSuffix(r.URL.Path, "/slow") {
		time.Sleep(slowAnswer)
	}
	_, _ = io.WriteString(w, r.Header.Get("X-Cognito-Sub"))
}

// slowAnswer is how long the application takes for some requests, so that there
// are always some on their way.
const slowAnswer = 300 * time.Millisecond

// caddyfile is the configuration of an instance.
func (w *world) caddyfile(i *instance) string {
	rotation := ""
	if w.rotation {
		rotation = "refresh_token_rotation"
	}
	return strings.NewReplacer("$NAME", i.name, "$DIR", w.dir, "$ADDR", i.addr, "$PORT", portOf(i.addr), "$POOLLINES", w.poolLines, "$POOL", w.pool.ID(),
		"$ISSUER", w.pool.Issuer(), "$COGNITO", w.front.url(), "$CLIENT", clientID, "$SECRET", clientSecret, "$IDENTITIES", w.identities.ID(),
		"$ROTATION", rotation, "$STORE", w.storeDoor.url(), "$REGION", storeRegion, "$BUCKET", bucketName, "$BACKEND", w.backend.addr, "$LEVEL", w.level).Replace(template)
}

func portOf(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

// The keep-alive to back ends is short, since Caddy leaves the connections of an
// old configuration to it.
const template = `{
	admin unix/$DIR/$NAME.admin
	persist_config off
	auto_https off
	grace_period 10s
	storage brittle $DIR/storage
	log {
		output file $DIR/$NAME.log {
			roll_disabled
		}
		level $LEVEL
	}
	cognito {
		user_pool main $POOL {
			issuer $ISSUER
			endpoint $COGNITO
			domain $COGNITO
			client $CLIENT {
				secret $SECRET
			}
			refresh_interval 1s
			fetch_timeout 2s
			cooldown 1ms
			session {
				$ROTATION
			}
			$POOLLINES
		}
		identity_pool media $IDENTITIES {
			user_pool main
			endpoint $COGNITO
		}
	}
}
(backend) {
	reverse_proxy $BACKEND {
		transport http {
			keepalive 2s
		}
	}
}
http://:$PORT {
	bind 127.0.0.1
	handle /bare* {
		import backend
	}
	handle /public* {
		cognito_strip
		import backend
	}
	handle /api* {
		cognito_auth main {
			token_source authorization
		}
		import backend
	}
	handle_path /files* {
		cognito_auth main {
			token_source authorization
			token_use id
		}
		cognito_s3 $BUCKET {
			credentials media
			region $REGION
			endpoint $STORE
			prefix u/{http.auth.user.sub}/
			methods GET HEAD PUT
			transport {
				keepalive 2s
				response_header_timeout 3s
			}
		}
	}
	handle {
		cognito_signin main {
			page {
				flow USER_PASSWORD_AUTH
			}
			limit address 100000
			limit user 100000
			limit client 100000
			limit all 100000
		}
		cognito_signin main {
			prefix /_hosted
			hosted
			limit address 100000
			limit user 100000
			limit client 100000
			limit all 100000
		}
		cognito_auth main {
			token_source session
		}
		import backend
	}
	handle_errors {
		respond "{http.cognito.reason}"
	}
}
`

// isolated reports whether instances may not know yet of each other's sign-outs.
func (w *world) isolated() bool {
	mended := w.mended.Load()
	return mended < 0 || time.Since(time.Unix(0, mended)) < spread
}

// breakStorage makes the storage of Caddy fail in one way; "" mends it.
func (w *world) breakStorage(how string) {
	w.Helper()
	file := filepath.Join(w.dir, "storage.fault")
	check(w.T, os.WriteFile(file+".new", []byte(how), 0o600))
	check(w.T, os.Rename(file+".new", file))
	w.mended.Store(-1)
	if how == "" {
		w.mended.Store(time.Now().UnixNano())
	}
}

// noSecretIn checks that a log holds none of what people used.
func (w *world) noSecretIn(i *instance) {
	w.Helper()
	log := i.log()
	secrets := w.load.secrets()
	if len(secrets) < 10 {
		w.Errorf("expected people to have used secrets, got %d", len(secrets))
	}
	for what, secret := range secrets {
		if strings.Contains(log, secret) {
			w.Errorf("%s: expected no %s in the log", i.name, what)
		}
	}
	if !strings.Contains(log, "serving initial configuration") {
		w.Errorf("%s: expected a log, got %.300q", i.name, log)
	}
}
