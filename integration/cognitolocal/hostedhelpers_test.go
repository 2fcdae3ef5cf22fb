package cognitolocal_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const (
	oauthClient   = "3oauthclientexample"
	confidential  = "4confidentialexample"
	machineClient = "5machineclientexample"
	callback      = "https://app.example.org/callback"
	signedOut     = "https://app.example.org/bye"
	verifier      = "a-verifier-of-at-least-forty-three-characters"
)

// challengeOf is the S256 challenge for a verifier.
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// newHosted is a world with three clients of the domain and two providers.
func newHosted(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	p := w.Pool()
	noError(t, p.AddIdentityProvider(cognitolocal.IdentityProvider{
		Type: cognitolocal.ProviderGoogle,
		Users: []cognitolocal.FederatedUser{
			{ID: "1234", Attributes: map[string]string{"email": "kim@example.org", "name": "Kim"}},
			{ID: "5678", LinkedTo: "jo"},
			{ID: "9999", LinkedTo: "nobody"},
		},
	}))
	noError(t, p.AddIdentityProvider(cognitolocal.IdentityProvider{
		Name: "Corp", Type: cognitolocal.ProviderSAML, Issuer: "https://idp.corp.example", Identifiers: []string{"corp.example"},
		Users: []cognitolocal.FederatedUser{{ID: "lee", Attributes: map[string]string{"email": "lee@corp.example"}}},
	}))
	c := cognitolocal.Client{
		ID: oauthClient, OAuthFlows: []string{cognitolocal.FlowCode},
		OAuthScopes:  []string{"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin", "api/read"},
		CallbackURLs: []string{callback, callback + "?tenant=1"}, LogoutURLs: []string{signedOut},
		IdentityProviders: []string{cognitolocal.ProviderCognito, "Google", "Corp"},
	}
	noError(t, p.AddClient(c))
	c.ID, c.Secrets, c.IdentityProviders = confidential, []string{firstSecret, secondSecret}, nil
	noError(t, p.AddClient(c))
	noError(t, p.AddClient(cognitolocal.Client{
		ID: machineClient, Secrets: []string{firstSecret}, OAuthScopes: []string{"api/read", "api/write"},
		OAuthFlows: []string{cognitolocal.FlowClientCredentials},
	}))
	return w
}

// change updates a client of the world.
func (w *world) change(t *testing.T, c cognitolocal.Client) {
	t.Helper()
	if c.OAuthFlows == nil {
		c.OAuthFlows = []string{cognitolocal.FlowCode}
	}
	if c.OAuthScopes == nil {
		c.OAuthScopes = []string{"openid"}
	}
	c.CallbackURLs = append(c.CallbackURLs, callback)
	noError(t, w.Pool().UpdateClient(c))
}

// browser keeps cookies, and stays where it is until told to follow.
type browser struct {
	w    *world
	http http.Client
}

func (w *world) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	noError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{w, http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// page is an answer a browser got.
type page struct {
	status   int
	location string // where it is redirected to, if so
	header   http.Header
	body     string
	url      string
}

func (b *browser) do(t *testing.T, method, address string, form url.Values) page {
	t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.w.url + address
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	noError(t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.http.Do(req)
	noError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	noError(t, err)
	return page{resp.StatusCode, resp.Header.Get("Location"), resp.Header, string(body), address}
}

// get follows redirects as long as they stay at the domain.
func (b *browser) get(t *testing.T, address string) page {
	t.Helper()
	p := b.do(t, http.MethodGet, address, nil)
	for strings.HasPrefix(p.location, "/") {
		p = b.do(t, http.MethodGet, p.location, nil)
	}
	return p
}

// params are the parameters of a good request, changed by key, value, …; an
// empty value removes.
func params(changes ...string) url.Values {
	q := url.Values{
		"response_type": {"code"}, "client_id": {oauthClient}, "redirect_uri": {callback},
		"state": {"s1"}, "scope": {"openid email"},
	}
	for i := 0; i < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return q
}

// authorize opens the authorize endpoint.
func (b *browser) authorize(t *testing.T, changes ...string) page {
	t.Helper()
	return b.get(t, "/oauth2/authorize?"+params(changes...).Encode())
}

var (
	csrfField = regexp.MustCompile(`name="_csrf" value="([^"]+)"`)
	anchor    = regexp.MustCompile(`<a href="([^"]+)">([^<]+)</a>`)
	samlForm  = regexp.MustCompile(`(?s)name="RelayState" value="([^"]+)">\s*<input type="hidden" name="SAMLResponse" value="([^"]+)">\s*<button>([^<]+)<`)
	errorText = regexp.MustCompile(`id="error">([^<]*)<`)
)

// errorOf is the complaint of a page.
func (p page) error() string {
	if m := errorText.FindStringSubmatch(p.body); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// signIn fills the form of the page in.
func (b *browser) signIn(t *testing.T, p page, username, password string) page {
	t.Helper()
	m := csrfField.FindStringSubmatch(p.body)
	if m == nil {
		t.Fatalf("expected a sign-in page, got %d %q", p.status, p.body)
	}
	return b.do(t, http.MethodPost, p.url, url.Values{"_csrf": {m[1]}, "username": {username}, "password": {password}})
}

// follow clicks the link with this text.
func (b *browser) follow(t *testing.T, p page, label string) page {
	t.Helper()
	for _, m := range anchor.FindAllStringSubmatch(p.body, -1) {
		if m[2] == label {
			return b.get(t, html.UnescapeString(m[1]))
		}
	}
	t.Fatalf("expected a link %q in %q", label, p.body)
	return page{}
}

// post presses the button of the SAML provider with this text.
func (b *browser) post(t *testing.T, p page, label string) page {
	t.Helper()
	for _, m := range samlForm.FindAllStringSubmatch(p.body, -1) {
		if m[3] == label {
			return b.do(t, http.MethodPost, "/saml2/idpresponse", url.Values{
				"RelayState": {html.UnescapeString(m[1])}, "SAMLResponse": {html.UnescapeString(m[2])},
			})
		}
	}
	t.Fatalf("expected a button %q in %q", label, p.body)
	return page{}
}

// query is the query of the redirect to the callback URL.
func (p page) query(t *testing.T) url.Values {
	t.Helper()
	if !strings.HasPrefix(p.location, callback+"?") {
		t.Fatalf("expected a redirect to the callback, got %d %q %q", p.status, p.location, p.error())
	}
	u, err := url.Parse(p.location)
	noError(t, err)
	return u.Query()
}

// code signs jo in with a fresh browser and returns the code.
func (w *world) code(t *testing.T, changes ...string) string {
	t.Helper()
	b := w.browser(t)
	return b.signIn(t, b.authorize(t, changes...), "jo", password).query(t).Get("code")
}

// answer is what an OAuth endpoint answered.
type answer struct {
	status  int
	header  http.Header
	body    string
	members map[string]any
}

func (a answer) text(name string) string {
	s, _ := a.members[name].(string)
	return s
}

// send posts a form; auth is the Authorization header, if any.
func (w *world) send(t *testing.T, method, path, auth string, form url.Values) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.url+path, strings.NewReader(form.Encode()))
	noError(t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	resp, err := http.DefaultClient.Do(req)
	noError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	noError(t, err)
	a := answer{resp.StatusCode, resp.Header, string(body), nil}
	if len(body) > 0 {
		noError(t, json.Unmarshal(body, &a.members))
	}
	return a
}

// values makes a form of key, value, …
func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func (w *world) token(t *testing.T, auth string, pairs ...string) answer {
	t.Helper()
	return w.send(t, http.MethodPost, "/oauth2/token", auth, values(pairs...))
}

// exchange trades a code for tokens as the public client does.
func (w *world) exchange(t *testing.T, code string, more ...string) answer {
	t.Helper()
	return w.token(t, "", append([]string{"grant_type", "authorization_code", "client_id", oauthClient,
		"redirect_uri", callback, "code", code}, more...)...)
}

// tokens signs jo in at the page and returns the tokens.
func (w *world) tokens(t *testing.T, changes ...string) answer {
	t.Helper()
	a := w.exchange(t, w.code(t, changes...))
	if a.status != http.StatusOK {
		t.Fatalf("expected tokens, got %d %s", a.status, a.body)
	}
	return a
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// config is the configuration of an independent OAuth library.
func (w *world) config(id, secret string, scopes ...string) (context.Context, *oauth2.Config) {
	return context.WithValue(context.Background(), oauth2.HTTPClient, http.DefaultClient), &oauth2.Config{
		ClientID: id, ClientSecret: secret, RedirectURL: callback, Scopes: scopes,
		Endpoint: oauth2.Endpoint{AuthURL: w.url + "/oauth2/authorize", TokenURL: w.url + "/oauth2/token"},
	}
}
