package hosted_test

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

const (
	clientID = "1h57kf5cpq17m0eml12example"
	callback = "https://app.example.org/_cognito/callback"
	code     = "5d1e7a2c-0b7e-4f0e-9a44-1f2e3d4c5b6a"
	tokens   = `{"access_token":"the-access-token","id_token":"the-id-token","refresh_token":"the-refresh-token","token_type":"Bearer","expires_in":3600}`
)

// request is a call of the token endpoint as it came over the wire.
type request struct {
	form           url.Values
	id, secret     string // of the header
	authentication bool   // there was one
}

// reply is what the stub answers.
type reply struct {
	status int
	header http.Header
	body   string
}

type handler func(request) reply

func answer(body string) handler {
	return func(request) reply { return reply{status: 200, body: body} }
}

func status(status int, body string) handler {
	return func(request) reply { return reply{status: status, body: body} }
}

func fails(code string) handler { return status(400, `{"error":"`+code+`"}`) }

// stub is the token endpoint of a domain. It follows a script; a call that is not
// in it fails the test.
type stub struct {
	t        testing.TB
	url      string
	mu       sync.Mutex // guards all below
	requests []request
	script   []handler
}

func newStub(t testing.TB, script ...handler) *stub {
	s := &stub{t: t, script: script}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.URL.String() != "/oauth2/token" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		s.t.Errorf("expected a call of the token endpoint, got %s %s (%v)", r.Method, r.URL, err)
	}
	call := request{form: r.PostForm}
	call.id, call.secret, call.authentication = r.BasicAuth()
	got := s.next(call)(call)
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("X-Amz-Cognito-Request-Id", "request-id-1")
	maps.Copy(w.Header(), got.header)
	w.WriteHeader(got.status)
	_, _ = io.WriteString(w, got.body)
}

func (s *stub) next(call request) handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, call)
	if len(s.script) == 0 {
		s.t.Errorf("expected no further call, got %v", call.form)
		return status(500, "")
	}
	h := s.script[0]
	s.script = s.script[1:]
	return h
}

// client is one of the stub's domain, with the secrets.
func (s *stub) client(secrets ...signin.Secret) *hosted.Client {
	s.t.Helper()
	return newClient(s.t, hosted.Options{BaseURL: s.url, Secrets: secrets})
}

// done fails the test unless the whole script was played.
func (s *stub) done(name string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.script) > 0 {
		s.t.Errorf("%s: expected %d more calls", name, len(s.script))
	}
}

// newClient fills in what is required.
func newClient(t testing.TB, opts hosted.Options) *hosted.Client {
	t.Helper()
	if opts.BaseURL == "" {
		opts.BaseURL = "https://auth.example.com"
	}
	if opts.ClientID == "" {
		opts.ClientID = clientID
	}
	client, err := hosted.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// begin opens a sign-in and gives the parameters of its URL.
func begin(t testing.TB, client *hosted.Client, in hosted.Begin) (url.Values, hosted.Flow) {
	t.Helper()
	raw, flow, err := client.Begin(callback, in)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query(), flow
}

// back is the callback of a flow with the parameters besides state.
func back(t testing.TB, flow hosted.Flow, params ...string) hosted.Callback {
	t.Helper()
	query := url.Values{"state": {flow.State()}}
	for i := 0; i < len(params); i += 2 {
		query.Set(params[i], params[i+1])
	}
	got, err := hosted.ParseCallback(query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// signIn plays a whole sign-in.
func signIn(t testing.TB, client *hosted.Client) (*signin.Tokens, error) {
	t.Helper()
	_, flow := begin(t, client, hosted.Begin{})
	return client.Exchange(t.Context(), flow, back(t, flow, "code", code))
}

func expectReason(t testing.TB, name string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: expected %v, got %v", name, want, err)
	}
}

func detailOf(err error) string {
	refused, ok := errors.AsType[*signin.Error](err)
	if !ok {
		return ""
	}
	return refused.Detail
}
