package hosted_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

func TestOptionsThatAreRefused(t *testing.T) {
	const base = "https://auth.example.com"
	for name, opts := range map[string]hosted.Options{
		"no domain":                      {ClientID: clientID},
		"a domain that is no URL":        {BaseURL: "auth.example.com", ClientID: clientID},
		"a URL that cannot be parsed":    {BaseURL: "https://auth.example.com:port", ClientID: clientID},
		"a URL of nowhere":               {BaseURL: "https://", ClientID: clientID},
		"a URL of another kind":          {BaseURL: "ftp://auth.example.com", ClientID: clientID},
		"http to another machine":        {BaseURL: "http://auth.example.com", ClientID: clientID},
		"http to what looks like ours":   {BaseURL: "http://127.0.0.1.example.com", ClientID: clientID},
		"a domain with a query":          {BaseURL: base + "?x=1", ClientID: clientID},
		"a domain with an empty query":   {BaseURL: base + "?", ClientID: clientID},
		"a domain with a fragment":       {BaseURL: base + "#", ClientID: clientID},
		"a domain with a password":       {BaseURL: "https://a:hunter2@auth.example.com", ClientID: clientID},
		"no app client":                  {BaseURL: base},
		"an empty secret":                {BaseURL: base, ClientID: clientID, Secrets: []signin.Secret{"a", ""}},
		"too many secrets":               {BaseURL: base, ClientID: clientID, Secrets: []signin.Secret{"a", "b", "c"}},
		"scopes without openid":          {BaseURL: base, ClientID: clientID, Scopes: []string{"email"}},
		"scopes in one":                  {BaseURL: base, ClientID: clientID, Scopes: []string{"openid email"}},
		"an empty scope":                 {BaseURL: base, ClientID: clientID, Scopes: []string{"openid", ""}},
		"a scope in quotes":              {BaseURL: base, ClientID: clientID, Scopes: []string{"openid", `"email"`}},
		"a scope beyond ASCII":           {BaseURL: base, ClientID: clientID, Scopes: []string{"openid", "größe"}},
		"two ways to name a provider":    {BaseURL: base, ClientID: clientID, IdentityProvider: "Google", IDPIdentifier: "example.com"},
		"the state from outside":         {BaseURL: base, ClientID: clientID, Pass: []string{"state"}},
		"the redirect URI from outside":  {BaseURL: base, ClientID: clientID, Pass: []string{"lang", "redirect_uri"}},
		"the scope from outside":         {BaseURL: base, ClientID: clientID, Pass: []string{"scope"}},
		"the PKCE method from outside":   {BaseURL: base, ClientID: clientID, Pass: []string{"code_challenge_method"}},
		"the response type from outside": {BaseURL: base, ClientID: clientID, Pass: []string{"response_type"}},
		"the audience from outside":      {BaseURL: base, ClientID: clientID, Pass: []string{"resource"}},
	} {
		if client, err := hosted.New(opts); err == nil || client != nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: expected a refusal, got %v", name, err)
		}
	}
}

func TestDomainsThatAreTaken(t *testing.T) {
	for _, opts := range []hosted.Options{
		{BaseURL: "https://auth.example.com/"}, {BaseURL: "http://localhost:9229"}, {BaseURL: "http://127.0.0.1:9229"}, {BaseURL: "http://[::1]:9229"}, {BaseURL: "http://auth.localhost:9229"},
		{BaseURL: "http://cognito:9229", InsecureHTTP: true}, {Scopes: []string{"openid", "email", "https://api.example.com/orders.read"}},
	} {
		client := newClient(t, opts)
		if raw, _, err := client.Begin(callback, hosted.Begin{}); err != nil || strings.Contains(raw, "//oauth2") {
			t.Errorf("%s: got %s, %v", opts.BaseURL, raw, err)
		}
	}
}

func TestTheLogoutURLIsCognitos(t *testing.T) {
	got := newClient(t, hosted.Options{}).LogoutURL("https://app.example.org/bye?a=b&c")
	want := "https://auth.example.com/logout?client_id=" + clientID + "&logout_uri=" + url.QueryEscape("https://app.example.org/bye?a=b&c")
	if got != want {
		t.Errorf("expected %s, got %s", want, got)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	const hidden = signin.Secret("hunter2")
	client := newClient(t, hosted.Options{Secrets: []signin.Secret{hidden}})
	query, flow := begin(t, client, hosted.Begin{Return: "/hunter2"})
	for name, value := range map[string]any{
		"options": hosted.Options{Secrets: []signin.Secret{hidden}}, "a client": client, "what holds a client": struct{ c *hosted.Client }{client},
		"a flow": flow, "a pointer to one": &flow, "what holds a flow": struct{ f hosted.Flow }{flow}, "a list": []hosted.Flow{flow},
		"a callback": hosted.Callback{Code: hidden}, "a refusal": back(t, flow, "error", "invalid_request", "error_description", "hunter2"),
		"an error": back(t, flow, "error", "invalid_request", "error_description", "A failed with error hunter2").Err(),
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			got := fmt.Sprintf(verb, value)
			if strings.Contains(got, "hunter2") || strings.Contains(got, query.Get("nonce")) || strings.Contains(got, fmt.Sprintf("%x", "hunter2")) {
				t.Errorf("%s with %s: got %s", name, verb, got)
			}
		}
		if got, err := json.Marshal(value); err != nil || strings.Contains(string(got), "hunter2") || strings.Contains(string(got), query.Get("nonce")) {
			t.Errorf("%s as JSON: got %s, %v", name, got, err)
		}
	}
}
