package cognitolocal_test

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// federated signs in at a provider and returns the claims of the ID token.
func (w *world) federated(t *testing.T, p page) map[string]any {
	t.Helper()
	a := w.exchange(t, p.query(t).Get("code"))
	if a.status != http.StatusOK {
		t.Fatalf("expected tokens, got %d %s", a.status, a.body)
	}
	return claims(t, a.text("id_token"))
}

func TestSocialSignIn(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	p := b.follow(t, b.follow(t, b.authorize(t, "scope", "openid", "nonce", "n1"), "Continue with Google"), "1234")
	id := w.federated(t, p)
	created := w.clock.Now().UnixMilli()
	want := map[string]any{
		"cognito:username": "Google_1234", "email": "kim@example.org", "name": "Kim", "nonce": "n1",
		"auth_time": float64(created / 1000),
	}
	for name, value := range want {
		if id[name] != value {
			t.Errorf("%s: expected %v, got %v", name, value, id[name])
		}
	}
	got, err := json.Marshal(map[string]any{"identities": id["identities"], "groups": id["cognito:groups"]})
	noError(t, err)
	const shape = `{"groups":["eu-west-1_LocaLPooL_Google"],"identities":[{"dateCreated":"1790000000000","issuer":null,` +
		`"primary":"true","providerName":"Google","providerType":"Google","userId":"1234"}]}`
	if string(got) != shape {
		t.Errorf("expected %s, got %s", shape, got)
	}
	if q := p.query(t); q.Get("state") != "s1" {
		t.Errorf("expected the state of the client, got %q", q)
	}
}

func TestSAMLSignIn(t *testing.T) {
	w := newHosted(t)
	for _, changes := range [][]string{{"identity_provider", "Corp"}, {"idp_identifier", "CORP.example"}} {
		b := w.browser(t)
		p := b.post(t, b.authorize(t, changes...), "lee")
		id := w.federated(t, p)
		entry, _ := id["identities"].([]any)[0].(map[string]any)
		if id["cognito:username"] != "Corp_lee" || entry["issuer"] != "https://idp.corp.example" || entry["providerType"] != "SAML" {
			t.Errorf("expected the user of the company, got %v", id)
		}
		if q := p.query(t); q.Get("state") != "s1" {
			t.Errorf("expected the state of the client, got %q", q)
		}
	}
}

func TestFederatedUserIsBroughtUpToDateAndKeepsTheSubject(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	first := w.federated(t, b.follow(t, b.authorize(t, "scope", "openid", "identity_provider", "Google"), "1234"))
	noError(t, w.Pool().AddIdentityProvider(cognitolocal.IdentityProvider{
		Type:  cognitolocal.ProviderGoogle,
		Users: []cognitolocal.FederatedUser{{ID: "1234", Attributes: map[string]string{"name": "Kim Q"}}},
	}))
	w.clock.Advance(time.Minute)
	b = w.browser(t)
	second := w.federated(t, b.follow(t, b.authorize(t, "scope", "openid", "identity_provider", "Google"), "1234"))
	if second["sub"] != first["sub"] || second["name"] != "Kim Q" || second["email"] != nil {
		t.Errorf("expected the same user with the new attributes, got %v", second)
	}
	if ids, _ := second["identities"].([]any); len(ids) != 1 {
		t.Errorf("expected one identity, got %v", ids)
	}
}

func TestLinkedUserIsTheUserOfThePool(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	id := w.federated(t, b.follow(t, b.authorize(t, "scope", "openid", "identity_provider", "Google"), "5678"))
	jo, _ := w.Pool().User("jo")
	entry, _ := id["identities"].([]any)[0].(map[string]any)
	if id["sub"] != jo.Sub || id["email"] != email || entry["primary"] != "false" {
		t.Errorf("expected jo with an identity beside, got %v", id)
	}
}

func TestIdentitiesAreTextInUserInfoAndGetUser(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	p := b.follow(t, b.authorize(t, "scope", "openid aws.cognito.signin.user.admin", "identity_provider", "Google"), "1234")
	access := w.exchange(t, p.query(t).Get("code")).text("access_token")
	const want = `"providerName":"Google"`
	if got := w.userInfo(t, "Bearer "+access).text("identities"); !strings.Contains(got, want) {
		t.Errorf("expected %s, got %q", want, got)
	}
	out, err := w.getUser(t, access)
	noError(t, err)
	last := out.UserAttributes[len(out.UserAttributes)-1]
	if *last.Name != "identities" || !strings.Contains(*last.Value, want) {
		t.Errorf("expected %s, got %q", want, *last.Value)
	}
}

func TestFederatedUserCannotUseTheAPI(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	b.follow(t, b.authorize(t, "identity_provider", "Google"), "1234")
	noError(t, w.Pool().SetPassword("Google_1234", password))
	_, err := w.auth(t, "USER_PASSWORD_AUTH", webClient, "USERNAME", "Google_1234", "PASSWORD", password)
	wantCode(t, err, "NotAuthorizedException", "Incorrect username or password.")
	if _, err = w.auth(t, "USER_PASSWORD_AUTH", webClient, "USERNAME", email, "PASSWORD", password); err != nil {
		t.Errorf("expected jo to be found beside, got %v", err)
	}
}

func TestSessionFromAProvider(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	b.follow(t, b.authorize(t, "identity_provider", "Google"), "1234")
	for _, changes := range [][]string{nil, {"identity_provider", "Google"}, {"prompt", "none"}} {
		if q := b.authorize(t, changes...).query(t); q.Get("code") == "" {
			t.Errorf("%q: expected a code, got %q", changes, q)
		}
	}
	for name, changes := range map[string][]string{
		"another provider":                    {"identity_provider", "Corp"},
		"a client that does not take Google":  {"client_id", confidential},
		"a request to choose at the provider": {"identity_provider", "Google", "prompt", "select_account"},
	} {
		if p := b.authorize(t, changes...); p.status != http.StatusOK {
			t.Errorf("%s: expected a page, got %d %q", name, p.status, p.location)
		}
	}
}

func TestOnlyProviderNeedsNoPage(t *testing.T) {
	w := newHosted(t)
	w.change(t, cognitolocal.Client{ID: oauthClient, IdentityProviders: []string{"Google"}})
	p := w.browser(t).authorize(t, "scope", "openid")
	if !strings.HasPrefix(p.url, w.url+"/idp/Google?") {
		t.Errorf("expected to be at the provider, got %q", p.url)
	}
	w.change(t, cognitolocal.Client{ID: oauthClient, IdentityProviders: []string{"Gone"}})
	if p = w.browser(t).authorize(t, "scope", "openid"); p.status != http.StatusBadRequest {
		t.Errorf("expected the error page for a provider that is not there, got %d", p.status)
	}
}

// TestStateIsWrapped: the provider gets the whole request as its state, so a
// state of the client makes it longer.
func TestStateIsWrapped(t *testing.T) {
	w := newHosted(t)
	const urlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
	wrapped := func(state string) string {
		p := w.browser(t).authorize(t, "state", state, "identity_provider", "Google", "login_hint", "kim@example.org")
		u, err := url.Parse(p.url)
		noError(t, err)
		q := u.Query()
		if q.Get("redirect_uri") != w.url+"/oauth2/idpresponse" || q.Get("login_hint") != "kim@example.org" {
			t.Errorf("expected a request of the pool, got %q", q)
		}
		return q.Get("state")
	}
	short, long := wrapped("s1"), wrapped(base64.StdEncoding.EncodeToString(randomText(2000)))
	if len(short) < 300 || len(long) < 2000 || strings.Trim(short, urlSafe) != "" {
		t.Errorf("expected long states of URL-safe characters, got %d and %d of them", len(short), len(long))
	}
}

// randomText is text that does not compress well.
func randomText(n int) []byte {
	out := make([]byte, n)
	for i, x := 0, uint32(1); i < n; i++ {
		x = x*1664525 + 1013904223
		out[i] = byte(x >> 24)
	}
	return out
}

func TestProviderErrorsReachTheClient(t *testing.T) {
	tests := []struct {
		name, code, words string
		leave             func(*testing.T, *world, *browser) page
	}{
		{"cancelled at a social provider", "access_denied", "User cancelled", func(t *testing.T, _ *world, b *browser) page {
			return b.follow(t, b.authorize(t, "identity_provider", "Google"), "Cancel")
		}},
		{"cancelled at a SAML provider", "server_error", "Error in SAML response processing: AuthnFailed", func(t *testing.T, _ *world, b *browser) page {
			return b.post(t, b.authorize(t, "identity_provider", "Corp"), "Cancel")
		}},
		{"a code the provider does not know", "invalid_request", "Google Error - 400 error getting token", func(t *testing.T, _ *world, b *browser) page {
			p := b.follow(t, b.authorize(t, "identity_provider", "Google"), "1234")
			return b.get(t, p.url) // the code has been used
		}},
		{"a provider that refuses the pool", "invalid_request", "Google Error - 400 invalid_client", func(t *testing.T, w *world, b *browser) page {
			noError(t, w.Pool().AddIdentityProvider(cognitolocal.IdentityProvider{
				Type: cognitolocal.ProviderGoogle, TokenError: "invalid_client", Users: []cognitolocal.FederatedUser{{ID: "1"}},
			}))
			return b.follow(t, b.authorize(t, "identity_provider", "Google"), "1")
		}},
		{"a link to nobody", "invalid_request", "User does not exist.", func(t *testing.T, _ *world, b *browser) page {
			return b.follow(t, b.authorize(t, "identity_provider", "Google"), "9999")
		}},
		{"a disabled user", "invalid_request", "User is disabled.", func(t *testing.T, w *world, b *browser) page {
			noError(t, w.Pool().SetDisabled("jo", true))
			return b.follow(t, b.authorize(t, "identity_provider", "Google"), "5678")
		}},
		{"a request that has become a bad one", "invalid_scope", "", func(t *testing.T, w *world, b *browser) page {
			p := b.authorize(t, "identity_provider", "Google")
			w.change(t, cognitolocal.Client{ID: oauthClient, IdentityProviders: []string{"Google"}})
			return b.follow(t, p, "1234")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newHosted(t)
			b := w.browser(t)
			q := tt.leave(t, w, b).query(t)
			if q.Get("error") != tt.code || q.Get("error_description") != tt.words || q.Get("state") != "s1" || q.Has("code") {
				t.Errorf("expected %q %q and the state, got %q", tt.code, tt.words, q)
			}
			if strings.HasPrefix(tt.name, "cancelled") && b.authorize(t).status != http.StatusOK {
				t.Error("expected no session of the browser")
			}
		})
	}
}

func TestIDPResponseRefusals(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	at := func(raw string) url.Values {
		u, err := url.Parse(raw)
		noError(t, err)
		return u.Query()
	}
	state := at(b.authorize(t, "identity_provider", "Google").url).Get("state")
	swapped := at(b.authorize(t, "identity_provider", "Google", "state", "s2").url).Get("state")
	head, _, _ := strings.Cut(state, ".")
	_, mac, _ := strings.Cut(swapped, ".")
	other := newHosted(t)
	foreign := at(other.browser(t).authorize(t, "identity_provider", "Google").url).Get("state")
	const wrong = "Invalid state"
	for name, s := range map[string]string{
		"no state": "", "text": "x.y", "no signature": head, "the signature of another state": head + "." + mac,
		"the state of another pool": foreign,
	} {
		t.Run(name, func(t *testing.T) {
			p := b.get(t, "/oauth2/idpresponse?"+values("code", "x", "state", s).Encode())
			if p.status != http.StatusBadRequest || p.error() != wrong {
				t.Errorf("expected 400 and %q, got %d %q", wrong, p.status, p.error())
			}
		})
	}
	for name, form := range map[string]url.Values{
		"an empty form":              {},
		"a response that is no XML":  values("RelayState", state, "SAMLResponse", base64.StdEncoding.EncodeToString([]byte("x"))),
		"a response that is no text": values("RelayState", state, "SAMLResponse", "%%"),
	} {
		t.Run(name, func(t *testing.T) {
			p := b.get(t, b.do(t, http.MethodPost, "/saml2/idpresponse", form).location)
			if p.status != http.StatusBadRequest || !strings.HasPrefix(p.error(), "Invalid samlResponse") {
				t.Errorf("expected 400, got %d %q", p.status, p.error())
			}
		})
	}
	w.clock.Advance(5 * time.Minute)
	if p := b.get(t, "/oauth2/idpresponse?"+values("code", "x", "state", state).Encode()); p.error() != wrong {
		t.Errorf("expected an old state to be refused, got %d %q", p.status, p.error())
	}
	if p := b.get(t, "/idp/Nobody?state=x"); p.status != http.StatusNotFound {
		t.Errorf("expected no such provider, got %d", p.status)
	}
}

func TestTicketOfOneProviderIsNoGoodForAnother(t *testing.T) {
	w := newHosted(t)
	noError(t, w.Pool().AddIdentityProvider(cognitolocal.IdentityProvider{
		Name: "Other", Type: cognitolocal.ProviderOIDC, Users: []cognitolocal.FederatedUser{{ID: "1234"}},
	}))
	w.change(t, cognitolocal.Client{ID: oauthClient, IdentityProviders: []string{"Google", "Other"}})
	b := w.browser(t)
	state := func(provider string) string {
		u, err := url.Parse(b.authorize(t, "scope", "openid", "identity_provider", provider).url)
		noError(t, err)
		return u.Query().Get("state")
	}
	p := b.do(t, http.MethodGet, "/idp/Other?"+values("state", state("Google")).Encode(), nil)
	if q := b.follow(t, p, "1234").query(t); q.Get("error") != "invalid_request" || q.Has("code") {
		t.Errorf("expected a refusal, got %q", q)
	}
}

func TestProviderTakenFromTheClientInBetween(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	p := b.follow(t, b.authorize(t, "scope", "openid"), "Continue with Google")
	w.change(t, cognitolocal.Client{ID: oauthClient})
	if p = b.follow(t, p, "1234"); p.status != http.StatusBadRequest || !strings.HasPrefix(p.error(), "Login option") {
		t.Errorf("expected the error page, got %d %q", p.status, p.location)
	}
	// The client asked for no provider by itself.
	w.change(t, cognitolocal.Client{ID: oauthClient, IdentityProviders: []string{"Google"}})
	p = b.authorize(t, "scope", "openid")
	w.change(t, cognitolocal.Client{ID: oauthClient})
	if p = b.follow(t, p, "1234"); p.status != http.StatusBadRequest || !strings.HasPrefix(p.error(), "Login option") {
		t.Errorf("expected the error page, got %d %q", p.status, p.location)
	}
}

func TestOldTicketIsNoGoodForANewRequest(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	old := anchor.FindStringSubmatch(b.authorize(t, "identity_provider", "Google").body)
	w.clock.Advance(5 * time.Minute)
	// The stand-in's page is not opened again: it would sweep the old ticket.
	request := "/oauth2/authorize?" + params("identity_provider", "Google").Encode()
	fresh, err := url.Parse(b.do(t, http.MethodGet, request, nil).location)
	noError(t, err)
	u, err := url.Parse(html.UnescapeString(old[1]))
	noError(t, err)
	q := u.Query()
	q.Set("state", fresh.Query().Get("state"))
	if got := b.get(t, "/oauth2/idpresponse?"+q.Encode()).query(t); got.Get("error") != "invalid_request" {
		t.Errorf("expected a refusal, got %q", got)
	}
}

func TestIdentityProviderRefusals(t *testing.T) {
	p := newWorld(t).Pool()
	tests := map[string]cognitolocal.IdentityProvider{
		"no type":                         {Name: "Corp"},
		"an unknown type":                 {Name: "Corp", Type: "Kerberos"},
		"no name":                         {Type: cognitolocal.ProviderOIDC},
		"a short name":                    {Name: "ab", Type: cognitolocal.ProviderOIDC},
		"a name with a blank":             {Name: "a b c", Type: cognitolocal.ProviderOIDC},
		"a name with a line below":        {Name: "a_b_c", Type: cognitolocal.ProviderOIDC},
		"the name of the pool itself":     {Name: "COGNITO", Type: cognitolocal.ProviderOIDC},
		"a company under another name":    {Name: "MyGoogle", Type: cognitolocal.ProviderGoogle},
		"the name of a company":           {Name: "Google", Type: cognitolocal.ProviderOIDC},
		"a user without an ID":            {Name: "Corp", Type: cognitolocal.ProviderSAML, Users: []cognitolocal.FederatedUser{{}}},
		"an attribute Cognito lacks":      {Name: "Corp", Type: cognitolocal.ProviderSAML, Users: []cognitolocal.FederatedUser{{ID: "1", Attributes: map[string]string{"tenant": "1"}}}},
		"a name of more than 32 letters":  {Name: strings.Repeat("a", 33), Type: cognitolocal.ProviderOIDC},
		"a name that would split the URL": {Name: "a/b/c", Type: cognitolocal.ProviderOIDC},
	}
	for name, idp := range tests {
		t.Run(name, func(t *testing.T) {
			if p.AddIdentityProvider(idp) == nil {
				t.Error("expected an error")
			}
		})
	}
}
