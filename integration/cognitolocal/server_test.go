package cognitolocal_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestOptionsRefusals(t *testing.T) {
	keys, err := cognitolocal.NewKeys()
	noError(t, err)
	tests := map[string]cognitolocal.Options{
		"a pool ID without a name":        {PoolID: "eu-west-1"},
		"a pool ID with a slash":          {PoolID: "eu-west-1_A/b"},
		"a pool ID that is too long":      {PoolID: "eu-west-1_" + strings.Repeat("A", 46)},
		"an issuer that ends in a slash":  {Issuer: "http://localhost/"},
		"an alias that is none":           {AliasAttributes: []string{"nickname"}},
		"a missing key":                   {Keys: cognitolocal.Keys{Access: keys.Access}},
		"one key for both kinds of token": {Keys: cognitolocal.Keys{ID: keys.ID, Access: keys.ID}},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			if s, err := cognitolocal.New(o); err == nil || s != nil {
				t.Error("expected an error and no server")
			}
		})
	}
}

func TestDirectoryRefusals(t *testing.T) {
	p := newWorld(t).Pool()
	user := func(u cognitolocal.User) error { _, err := p.AddUser(u); return err }
	tests := map[string]error{
		"a user without a name":               user(cognitolocal.User{}),
		"a user whose name is taken":          user(cognitolocal.User{Username: "Jo"}),
		"a user in an unknown group":          user(cognitolocal.User{Username: "a", Groups: []string{"x"}}),
		"an attribute without custom:":        user(cognitolocal.User{Username: "a", Attributes: map[string]string{"tenant": "1"}}),
		"the subject as an attribute":         p.SetAttributes("jo", map[string]string{"sub": "1"}),
		"an attribute that is too long":       p.SetAttributes("jo", map[string]string{"name": strings.Repeat("x", 2049)}),
		"an unknown group":                    p.SetGroups("jo", "x"),
		"a change to an unknown user":         p.SetDisabled("no", true),
		"a group without a name":              p.AddGroup(cognitolocal.Group{}),
		"a negative precedence":               p.AddGroup(cognitolocal.Group{Name: "x", Precedence: new(-1)}),
		"a client ID with a space":            p.AddClient(cognitolocal.Client{ID: "a b"}),
		"a client that exists":                p.AddClient(cognitolocal.Client{ID: webClient}),
		"an update of an unknown client":      p.UpdateClient(cognitolocal.Client{ID: "x"}),
		"three secrets":                       p.AddClient(cognitolocal.Client{ID: "x", Secrets: []string{"a", "b", "c"}}),
		"an empty secret":                     p.AddClient(cognitolocal.Client{ID: "x", Secrets: []string{""}}),
		"an unknown flow":                     p.AddClient(cognitolocal.Client{ID: "x", AuthFlows: []string{"USER_PASSWORD_AUTH"}}),
		"a negative lifetime":                 p.AddClient(cognitolocal.Client{ID: "x", IDTokenLifetime: -1}),
		"a grace period of over a minute":     p.AddClient(cognitolocal.Client{ID: "x", RotationGrace: time.Hour}),
		"rotation next to the flow it breaks": p.AddClient(cognitolocal.Client{ID: "x", RotateRefreshTokens: true, AuthFlows: []string{cognitolocal.AllowRefreshTokenAuth}}),
	}
	for name, err := range tests {
		t.Run(name, func(t *testing.T) {
			if err == nil {
				t.Error("expected an error")
			}
		})
	}
	if u, ok := p.User("JO"); !ok || u.Password != "" || u.Username != "jo" {
		t.Error("expected a copy of the user without the password")
	}
	if _, ok := p.User("no"); ok {
		t.Error("expected no such user")
	}
}

func TestStartAndClose(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Start(""); err == nil {
		t.Error("expected a second start to be refused")
	}
	other, err := cognitolocal.New(cognitolocal.Options{})
	noError(t, err)
	_, err = other.Start(strings.TrimPrefix(w.url, "http://"))
	if err == nil || !strings.Contains(err.Error(), "in use by another program") {
		t.Errorf("expected a clear error, got %v", err)
	}
	if _, err := other.Start("nowhere"); err == nil {
		t.Error("expected an address without a port to be refused")
	}
	url, err := other.Start(":0")
	noError(t, err)
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("expected an address that clients can use, got %q", url)
	}
	noError(t, other.Close())
	noError(t, other.Close())
	if _, err := net.Dial("tcp", strings.TrimPrefix(url, "http://")); err == nil {
		t.Error("expected the port to be closed")
	}
	if _, err := other.Start(""); err == nil {
		t.Error("expected a closed server to stay closed")
	}
}

func TestIssuerFollowsTheAddressUnlessConfigured(t *testing.T) {
	w := newWorld(t)
	if got, want := w.Pool().Issuer(), w.url+"/"+w.Pool().ID(); got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
	const fixed = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC"
	s, err := cognitolocal.New(cognitolocal.Options{PoolID: "eu-west-1_AbC", Issuer: fixed, BaseURL: "http://a.test/"})
	noError(t, err)
	if got := s.Pool().Issuer(); got != fixed {
		t.Errorf("expected %q, got %q", fixed, got)
	}
	const want = "http://a.test/eu-west-1_AbC/.well-known/jwks.json"
	if got := s.Pool().JWKSURL(); got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
}

func TestDiscovery(t *testing.T) {
	w := newWorld(t)
	_, body := w.get(t, discovery)
	var doc map[string]any
	noError(t, json.Unmarshal([]byte(body), &doc))
	if doc["issuer"] != w.Pool().Issuer() || doc["jwks_uri"] != w.url+jwks {
		t.Errorf("unexpected addresses %q and %q", doc["issuer"], doc["jwks_uri"])
	}
	if _, ok := doc["token_endpoint"]; ok {
		t.Error("expected no token endpoint in a pool without a domain")
	}
	if w.Requests(cognitolocal.EndpointDiscovery) != 1 || w.Requests("x") != 0 {
		t.Error("expected one request to be counted")
	}
}

func TestWireRefusals(t *testing.T) {
	const target, jsonType = "AWSCognitoIdentityProviderService.InitiateAuth", "application/x-amz-json-1.1"
	tests := []struct {
		name, method, path, target, contentType, body string
		status                                        int
		wantType                                      string
	}{
		{name: "an unknown operation", target: "AWSCognitoIdentityProviderService.NoSuch", status: 400, wantType: "UnknownOperationException"},
		{name: "another service", target: "AWSCognitoIdentityService.GetUser", status: 400, wantType: "UnknownOperationException"},
		{name: "no target", target: "-", status: 400, wantType: "UnknownOperationException"},
		{name: "another content type", contentType: "application/json", status: 400, wantType: "UnknownOperationException"},
		{name: "a body that is not JSON", body: "x", status: 400, wantType: "SerializationException"},
		{name: "a body that is too long", body: strings.Repeat(" ", 2<<20), status: 400, wantType: "SerializationException"},
		{name: "an empty object", status: 400, wantType: "InvalidParameterException"},
		{name: "GET on the API", method: http.MethodGet, status: 405},
		{name: "POST on the key set", path: jwks, status: 405},
		{name: "another pool", method: http.MethodGet, path: "/eu-west-1_Other/.well-known/jwks.json", status: 404},
	}
	s, err := cognitolocal.New(cognitolocal.Options{})
	noError(t, err)
	or := func(value, otherwise string) string {
		if value == "" {
			return otherwise
		}
		return strings.Trim(value, "-")
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(or(tt.method, http.MethodPost), or(tt.path, "/"), strings.NewReader(or(tt.body, "{}")))
			r.Header.Set("X-Amz-Target", or(tt.target, target))
			r.Header.Set("Content-Type", or(tt.contentType, jsonType))
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("expected status %d, got %d", tt.status, w.Code)
			}
			if got := w.Header().Get("x-amzn-errortype"); got != tt.wantType {
				t.Errorf("expected error type %q, got %q", tt.wantType, got)
			}
			if !uuid.MatchString(w.Header().Get("x-amzn-requestid")) {
				t.Error("expected a request ID")
			}
			if body, _ := io.ReadAll(w.Body); tt.wantType != "" && !strings.Contains(string(body), `"__type":"`+tt.wantType+`"`) {
				t.Errorf("expected the type in the body, got %q", body)
			}
		})
	}
}

func TestSignInWithoutAnAddressIsAnInternalError(t *testing.T) {
	s, err := cognitolocal.New(cognitolocal.Options{})
	noError(t, err)
	populate(t, s.Pool())
	body := `{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"` + webClient +
		`","AuthParameters":{"USERNAME":"jo","PASSWORD":"` + password + `"}}`
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.InitiateAuth")
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "issuer") {
		t.Errorf("expected 500 without details, got %d %q", w.Code, w.Body)
	}
	s.SetBaseURL("http://a.test/")
	if got, want := s.Pool().Issuer(), "http://a.test/"+cognitolocal.DefaultPoolID; got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
}

// TestConcurrentUse is for the race detector: everything a test may do while
// clients are busy.
func TestConcurrentUse(t *testing.T) {
	w := newWorld(t)
	p := w.Pool()
	keys, err := cognitolocal.NewKeys()
	noError(t, err)
	client := func() error {
		r, err := w.auth(t, types.AuthFlowTypeUserPasswordAuth, webClient, "USERNAME", "jo", "PASSWORD", password)
		if err != nil {
			return err
		}
		if _, err := w.refresh(t, *r.RefreshToken); err != nil {
			return err
		}
		_, err = w.getUser(t, *r.AccessToken)
		return err
	}
	change := func() error {
		w.SetErrorForm(cognitolocal.ErrorForm{Namespace: true})
		w.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultGarbage())
		w.clock.Advance(time.Second)
		p.DropKey("unknown") // dropping a real one would refuse live tokens
		p.KeyIDs()
		p.User("jo")
		_, _ = p.AddUser(cognitolocal.User{Username: "other"})
		_ = p.AddGroup(cognitolocal.Group{Name: "new"})
		_ = p.UpdateClient(cognitolocal.Client{ID: secretClient})
		_ = p.RotateTo(keys) // only the first one succeeds
		_ = p.SetAttributes("jo", map[string]string{"name": "Jo"})
		return p.SetGroups("jo", "staff")
	}
	var wg sync.WaitGroup
	for range 4 {
		for _, run := range []func() error{client, change} {
			wg.Go(func() {
				for range 5 {
					if err := run(); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
}
