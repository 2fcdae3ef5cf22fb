package signin_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

const (
	poolID   = "eu-west-1_AbCdEfGhI"
	clientID = "1h57kf5cpq17m0eml12example"
	internal = "11111111-2222-3333-4444-555555555555" // the internal name of "jo@example.org"
	tokens   = `{"AuthenticationResult":{"AccessToken":"the-access-token","IdToken":"the-id-token","RefreshToken":"the-refresh-token","ExpiresIn":3600,"TokenType":"Bearer"}}`
	noTokens = `{"AuthenticationResult":{"TokenType":"Bearer"}}`
)

// request is a call as it came over the wire.
type request struct {
	operation string
	body      map[string]any
}

// text is a member of the body or, with two names, a member of a member.
func (r request) text(path ...string) string {
	var value any = r.body
	for _, key := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return ""
		}
		value = object[key]
	}
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

// values are the texts of a member that is an object.
func (r request) values(key string) map[string]string {
	texts := map[string]string{}
	object, _ := r.body[key].(map[string]any)
	for name := range object {
		texts[name] = r.text(key, name)
	}
	return texts
}

// reply is what the stub answers.
type reply struct {
	status int
	header http.Header
	body   string
}

type handler func(request) reply

// stub speaks the wire protocol of a user pool. Each operation has a script; a
// call that is not in it fails the test.
type stub struct {
	t        testing.TB
	url      string
	mu       sync.Mutex // guards all below
	requests []request
	scripts  map[string][]handler
}

func newStub(t testing.TB) *stub {
	s := &stub{t: t, scripts: map[string][]handler{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// client is one of the stub's pool, with the secrets.
func (s *stub) client(secrets ...signin.Secret) *signin.Client {
	s.t.Helper()
	client, err := signin.NewClient(signin.Options{UserPoolID: poolID, ClientID: clientID, Secrets: secrets, Endpoint: s.url})
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

// on adds to the script of an operation.
func (s *stub) on(operation string, handlers ...handler) *stub {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts[operation] = append(s.scripts[operation], handlers...)
	return s
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if r.Method != http.MethodPost || r.URL.Path != "/" || target != "AWSCognitoIdentityProviderService" ||
		r.Header.Get("Content-Type") != "application/x-amz-json-1.1" || r.Header.Get("Authorization") != "" {
		s.t.Errorf("expected an unsigned call of the API, got %s %s %v", r.Method, r.URL, r.Header)
	}
	call := request{operation: operation}
	if err := json.NewDecoder(r.Body).Decode(&call.body); err != nil {
		s.t.Error(err)
	}
	answer := s.next(call)(call)
	maps.Copy(w.Header(), answer.header)
	w.Header().Set("X-Amzn-Requestid", "request-id-1")
	w.WriteHeader(answer.status)
	_, _ = io.WriteString(w, answer.body)
}

func (s *stub) next(call request) handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, call)
	script := s.scripts[call.operation]
	if len(script) == 0 {
		s.t.Errorf("unexpected call of %s with %v", call.operation, call.body)
		return answer(`{}`)
	}
	s.scripts[call.operation] = script[1:]
	return script[0]
}

// done fails the test when a script was not used up.
func (s *stub) done() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for operation, script := range s.scripts {
		if len(script) > 0 {
			s.t.Errorf("expected %d more calls of %s", len(script), operation)
		}
	}
}

// last is the last call.
func (s *stub) last() request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) == 0 {
		s.t.Fatal("expected a call")
	}
	return s.requests[len(s.requests)-1]
}

func (s *stub) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func answer(body string) handler {
	return func(request) reply { return reply{status: http.StatusOK, body: body} }
}

// challenge is the answer that asks one.
func challenge(name string, params map[string]string) handler {
	body, _ := json.Marshal(map[string]any{"ChallengeName": name, "ChallengeParameters": params, "Session": "session-of-" + name + "-0123456789"})
	return answer(string(body))
}

// exception is one in one of the four forms that Cognito's front ends use.
func exception(form int, name, message string) reply {
	status := http.StatusBadRequest
	if name == "InternalErrorException" {
		status = http.StatusInternalServerError
	}
	header := http.Header{}
	body := map[string]string{"message": message}
	switch form {
	case 0:
		body["__type"] = name
	case 1:
		body["__type"] = "com.amazonaws.cognito.identity.idp#" + name
	case 2:
		header.Set("X-Amzn-Errortype", name+":http://internal.amazon.com/coral/com.amazonaws.cognito/")
	default:
		body = map[string]string{"__type": name, "Message": message}
	}
	text, _ := json.Marshal(body)
	return reply{status, header, string(text)}
}

// fails gives an exception in the plainest form.
func fails(name, message string) handler {
	return func(request) reply { return exception(0, name, message) }
}

// errUnavailable stands for an UnavailableError in tables.
var errUnavailable = errors.New("unavailable")

func unavailableAsError(err error) error {
	if _, ok := errors.AsType[*signin.UnavailableError](err); ok {
		return errUnavailable
	}
	return err
}

// jo is how most sign-ins here begin.
func jo(flow signin.AuthFlow, password signin.Secret) signin.Start {
	return signin.Start{Flow: flow, Username: "jo@example.org", Password: password}
}

// begin starts a sign-in that must come to a challenge.
func begin(t *testing.T, client *signin.Client, in signin.Start) signin.Step {
	t.Helper()
	step, err := client.Start(t.Context(), in)
	return asked(t, step, err)
}

// asked requires a challenge.
func asked(t *testing.T, step signin.Step, err error) signin.Step {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if step.Challenge == nil || step.Tokens != nil {
		t.Fatalf("expected a challenge, got %+v", step)
	}
	return throughCookie(t, step)
}

// throughCookie carries the state as a browser does.
func throughCookie(t *testing.T, step signin.Step) signin.Step {
	t.Helper()
	data, err := step.State.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	step.State = signin.State{}
	if err := step.State.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	return step
}

// signedIn requires tokens.
func signedIn(t *testing.T, step signin.Step, err error) *signin.Tokens {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if step.Tokens == nil || step.Challenge != nil || step.Tokens.ID != "the-id-token" || step.Tokens.Access != "the-access-token" {
		t.Fatalf("expected tokens, got %+v", step)
	}
	return step.Tokens
}

func expectReason(t *testing.T, name string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: expected %v, got %v", name, want, err)
	}
}
