package integration_test

import (
	"bytes"
	"encoding/json"
	"errors"
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
)

const (
	webClient     = "1webclientexample"
	machineClient = "2machineclientexample"
	otherClient   = "3otherclientexample"
	password      = "Passw0rd!"
	userEmail     = "jo@example.org"
)

// world is a user pool, Caddy in front of a recording upstream, and Caddy's log.
type world struct {
	*testing.T
	dir      string // short enough for Unix sockets
	cognito  *cognitolocal.Server
	pool     *cognitolocal.Pool
	upstream *recorder
	web      *http.Client // the site
	admin    *http.Client
}

// newWorld starts everything but Caddy, which load starts.
func newWorld(t *testing.T) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "edge")
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	cognito := newPool(t, cognitolocal.Options{})
	w := &world{
		T: t, dir: dir, cognito: cognito, pool: cognito.Pool(), upstream: newRecorder(t),
		web: edge.Client(filepath.Join(dir, "site.sock")), admin: edge.Admin(filepath.Join(dir, "admin.sock")),
	}
	t.Cleanup(w.close)
	return w
}

func (w *world) close() {
	w.web.CloseIdleConnections()
	check(w.T, edge.Stop())
}

// newPool starts a user pool with jo, mo and three app clients.
func newPool(t *testing.T, o cognitolocal.Options) *cognitolocal.Server {
	t.Helper()
	srv, err := cognitolocal.New(o)
	check(t, err)
	_, err = srv.Start("")
	check(t, err)
	t.Cleanup(func() { check(t, srv.Close()) })
	populate(t, srv.Pool())
	return srv
}

func populate(t *testing.T, p *cognitolocal.Pool) {
	t.Helper()
	flows := []string{cognitolocal.AllowUserPasswordAuth, cognitolocal.AllowRefreshTokenAuth}
	for _, id := range []string{webClient, machineClient, otherClient} {
		check(t, p.AddClient(cognitolocal.Client{ID: id, AuthFlows: flows}))
	}
	check(t, p.AddGroup(cognitolocal.Group{Name: "admins", Precedence: new(1)}))
	check(t, p.AddGroup(cognitolocal.Group{Name: "staff", Precedence: new(2)}))
	for _, u := range []cognitolocal.User{
		{Username: "jo", Groups: []string{"admins", "staff"}, Attributes: map[string]string{"email": userEmail, "email_verified": "true"}},
		{Username: "mo"},
	} {
		u.Password = password
		_, err := p.AddUser(u)
		check(t, err)
	}
}

// setup is what tests vary of the Caddyfile. In all of it, $UPSTREAM is the
// upstream's address, $COGNITO the base URL of the pool and $DIR the world's
// directory.
type setup struct {
	global string // global options
	server string // in the global option servers
	pool   string // in the block of user_pool main
	pools  string // more blocks for the option cognito
	site   string // the site on site.sock
	more   string // more sites
	level  string // of the log; DEBUG unless set
}

const protected = "cognito_auth main\nreverse_proxy $UPSTREAM"

func (w *world) caddyfile(s setup) string {
	if s.level == "" {
		s.level = "DEBUG"
	}
	text := `{
	admin unix/$DIR/admin.sock
	persist_config off
	auto_https off
	grace_period 1s
	storage file_system $DIR/storage
	metrics
	log {
		output file $DIR/caddy.log {
			roll_disabled
		}
		level ` + s.level + `
	}
	servers {
		` + s.server + `
	}
	` + s.global + `
	cognito {
		user_pool main ` + w.pool.ID() + ` {
			client ` + webClient + ` ` + machineClient + `
			issuer ` + w.pool.Issuer() + `
			` + s.pool + `
		}
		` + s.pools + `
	}
}
http:// {
	bind unix/$DIR/site.sock
	log
	` + s.site + `
}
` + s.more
	return w.caddyExpand(text)
}

// load runs Caddy. What ran before is stopped: during a reload, a new connection
// may still get the old configuration.
func (w *world) load(s setup) {
	w.Helper()
	w.loadText(w.caddyfile(s))
}

func (w *world) loadText(caddyfile string) {
	w.Helper()
	w.web.CloseIdleConnections()
	check(w.T, edge.Stop())
	err := edge.Load(caddyfile)
	for range 5 { // Caddy may try to take over the socket that it is still closing
		if err == nil || !strings.Contains(err.Error(), net.ErrClosed.Error()) {
			break
		}
		err = edge.Load(caddyfile)
	}
	check(w.T, err)
}

// reload replaces the running configuration.
func (w *world) reload(s setup) {
	w.Helper()
	w.web.CloseIdleConnections()
	check(w.T, edge.Load(w.caddyfile(s)))
}

// started is a world whose Caddy runs.
func started(t *testing.T, s setup) *world {
	t.Helper()
	w := newWorld(t)
	w.load(s)
	return w
}

// access mints an access token for jo.
func (w *world) access(mutate func(map[string]any)) string {
	w.Helper()
	token, err := w.pool.AccessToken("jo", webClient, mutate)
	check(w.T, err)
	return token
}

// identity mints an ID token for jo.
func (w *world) identity(mutate func(map[string]any)) string {
	w.Helper()
	token, err := w.pool.IDToken("jo", webClient, mutate)
	check(w.T, err)
	return token
}

// with is a change of claims: name, value, …; a nil value deletes.
func with(pairs ...any) func(map[string]any) {
	return func(claims map[string]any) {
		for i := 0; i < len(pairs); i += 2 {
			name := pairs[i].(string)
			if pairs[i+1] == nil {
				delete(claims, name)
			} else {
				claims[name] = pairs[i+1]
			}
		}
	}
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// get requests a path with header lines "Name: value".
func (w *world) get(path string, headers ...string) answer {
	w.Helper()
	return w.do(http.MethodGet, path, "", headers...)
}

// bearer requests / with a token.
func (w *world) bearer(token string) answer {
	w.Helper()
	return w.get("/", "Authorization: Bearer "+token)
}

func (w *world) do(method, path, body string, headers ...string) answer {
	w.Helper()
	return roundTrip(w.T, w.web, method, "http://edge"+path, body, headers...)
}

// roundTrip tries again, since right after a reload Caddy may drop a connection,
// fresh or kept.
func roundTrip(t *testing.T, client *http.Client, method, url, body string, headers ...string) answer {
	t.Helper()
	var got answer
	var err error
	for range 5 {
		if got, err = try(t, client, method, url, body, headers...); err == nil {
			break
		}
		client.CloseIdleConnections()
	}
	check(t, err)
	return got
}

func try(t *testing.T, client *http.Client, method, url, body string, headers ...string) (answer, error) {
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Add(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(text)}, err
}

// wantStatus also fails the test for an answer with another status.
func (w *world) wantStatus(want int, got answer) {
	w.Helper()
	if got.status != want {
		w.Errorf("expected status %d, got %d with %q", want, got.status, got.body)
	}
}

// logLines are the lines of Caddy's log so far, decoded.
func (w *world) logLines() []map[string]any {
	w.Helper()
	return w.linesOf("caddy.log")
}

// linesOf are the lines of a log in the world's directory.
func (w *world) linesOf(name string) (lines []map[string]any) {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	check(w.T, err)
	for line := range bytes.Lines(text) {
		var decoded map[string]any
		if err := json.Unmarshal(line, &decoded); err != nil {
			w.Fatalf("log line %q: %v", line, err)
		}
		lines = append(lines, decoded)
	}
	return lines
}

// logged counts the lines of a level whose message starts with msg.
func (w *world) logged(level, msg string) (n int) {
	w.Helper()
	for _, line := range w.logLines() {
		if text, _ := line["msg"].(string); line["level"] == level && strings.HasPrefix(text, msg) {
			n++
		}
	}
	return n
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for what happens in the background.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func decode(t *testing.T, text string) (value map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("expected a JSON object, got %q", text)
	}
	return value
}

// caddyExpand replaces what setup's texts may hold.
func (w *world) caddyExpand(text string) string {
	return strings.NewReplacer(
		"$UPSTREAM", w.upstream.addr, "$DIR", w.dir, "$COGNITO", strings.TrimSuffix(w.pool.Issuer(), "/"+w.pool.ID()),
	).Replace(text)
}
