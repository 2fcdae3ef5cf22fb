package cognitolocal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const (
	webClient    = "1webclientexample"
	secretClient = "2secretclientexample"
	firstSecret  = "first-secret-of-the-test-client"
	secondSecret = "second-secret-of-the-test-client"
	password     = "Passw0rd!"
	email        = "jo@example.org"
)

// clock is a clock that tests move by hand.
type clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a started pool with a user "jo" and an SDK client.
type world struct {
	*cognitolocal.Server
	clock *clock
	url   string
	sdk   *idp.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c := &clock{now: time.Unix(1_790_000_000, 0)}
	srv, err := cognitolocal.New(cognitolocal.Options{Now: c.Now, AliasAttributes: []string{"email"}})
	noError(t, err)
	url, err := srv.Start("")
	noError(t, err)
	t.Cleanup(func() { noError(t, srv.Close()) })
	populate(t, srv.Pool())
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	sdk := idp.New(idp.Options{
		Region: "eu-west-1", BaseEndpoint: &url, Credentials: aws.AnonymousCredentials{},
		HTTPClient:       bodyCopier{http.Client{Transport: transport}},
		RetryMaxAttempts: 1, // the tests count requests
	})
	return &world{srv, c, url, sdk}
}

// bodyCopier keeps smithy's request bodies away from net/http. Smithy-go
// 1.28.8 closes the body when the answer begins; its WriteTo then reports
// io.EOF as an error, and if net/http is still looking for surplus bytes it
// drops the connection in the middle of the answer. A server as fast as this
// one loses about one sign-in in a thousand to that.
type bodyCopier struct{ http.Client }

func (c bodyCopier) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return c.Client.Do(r)
}

func populate(t *testing.T, p *cognitolocal.Pool) {
	t.Helper()
	flows := []string{cognitolocal.AllowUserPasswordAuth, cognitolocal.AllowRefreshTokenAuth}
	noError(t, p.AddClient(cognitolocal.Client{ID: webClient, AuthFlows: flows}))
	noError(t, p.AddClient(cognitolocal.Client{
		ID: secretClient, AuthFlows: flows, Secrets: []string{firstSecret, secondSecret},
	}))
	noError(t, p.AddGroup(cognitolocal.Group{
		Name: "admins", Precedence: new(1), RoleARN: "arn:aws:iam::111122223333:role/Admins",
	}))
	noError(t, p.AddGroup(cognitolocal.Group{Name: "staff"}))
	_, err := p.AddUser(cognitolocal.User{
		Username: "jo", Password: password, Groups: []string{"staff", "admins"},
		Attributes: map[string]string{"email": email, "email_verified": "true", "custom:tenant": "42"},
	})
	noError(t, err)
}

// auth runs InitiateAuth with the parameters given as key, value, …
func (w *world) auth(
	t *testing.T, flow types.AuthFlowType, client string, params ...string,
) (*types.AuthenticationResultType, error) {
	t.Helper()
	in := &idp.InitiateAuthInput{AuthFlow: flow, ClientId: &client, AuthParameters: map[string]string{}}
	for i := 0; i < len(params); i += 2 {
		in.AuthParameters[params[i]] = params[i+1]
	}
	out, err := w.sdk.InitiateAuth(t.Context(), in)
	if err != nil {
		return nil, err
	}
	return out.AuthenticationResult, nil
}

// signIn signs jo in with the public client.
func (w *world) signIn(t *testing.T) *types.AuthenticationResultType {
	t.Helper()
	r, err := w.auth(t, types.AuthFlowTypeUserPasswordAuth, webClient, "USERNAME", "jo", "PASSWORD", password)
	noError(t, err)
	return r
}

func (w *world) refresh(t *testing.T, token string) (*types.AuthenticationResultType, error) {
	t.Helper()
	return w.auth(t, types.AuthFlowTypeRefreshTokenAuth, webClient, "REFRESH_TOKEN", token)
}

func (w *world) getUser(t *testing.T, token string) (*idp.GetUserOutput, error) {
	t.Helper()
	return w.sdk.GetUser(t.Context(), &idp.GetUserInput{AccessToken: &token})
}

// claims decodes a token without checking it.
func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	return part(t, token, 1)
}

func part(t *testing.T, token string, i int) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("expected a token of 3 parts, got %d", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[i])
	noError(t, err)
	var out map[string]any
	noError(t, json.Unmarshal(raw, &out))
	return out
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode checks the code and, if not empty, the message of an API error.
func wantCode(t *testing.T, err error, code, message string) {
	t.Helper()
	apiErr, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Fatalf("expected API error %q, got %v", code, err)
	}
	if apiErr.ErrorCode() != code {
		t.Errorf("expected error %q, got %q", code, apiErr.ErrorCode())
	}
	if message != "" && apiErr.ErrorMessage() != message {
		t.Errorf("expected message %q, got %q", message, apiErr.ErrorMessage())
	}
}
