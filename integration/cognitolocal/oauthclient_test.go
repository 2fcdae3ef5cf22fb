package cognitolocal_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// codeOf is the code of an API error.
func codeOf(t *testing.T, err error) string {
	t.Helper()
	apiErr, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Errorf("expected an API error, got %v", err)
		return ""
	}
	return apiErr.ErrorCode()
}

func TestOAuthClientRefusals(t *testing.T) {
	p := newWorld(t).Pool()
	many := make([]string, 101)
	for i := range many {
		many[i] = callback
	}
	tests := map[string]func(*cognitolocal.Client){
		"an unknown flow":                  func(c *cognitolocal.Client) { c.OAuthFlows = []string{"password"} },
		"flows without a scope":            func(c *cognitolocal.Client) { c.OAuthScopes = nil },
		"flows without a callback URL":     func(c *cognitolocal.Client) { c.CallbackURLs = nil },
		"an unknown scope":                 func(c *cognitolocal.Client) { c.OAuthScopes = []string{"offline_access"} },
		"a scope without a name":           func(c *cognitolocal.Client) { c.OAuthScopes = []string{"api/"} },
		"a scope with a blank":             func(c *cognitolocal.Client) { c.OAuthScopes = []string{"api/a b"} },
		"too many scopes":                  func(c *cognitolocal.Client) { c.OAuthScopes = slices.Repeat([]string{"openid"}, 51) },
		"an empty callback URL":            func(c *cognitolocal.Client) { c.CallbackURLs = []string{""} },
		"a relative callback URL":          func(c *cognitolocal.Client) { c.CallbackURLs = []string{"/callback"} },
		"a callback URL without a host":    func(c *cognitolocal.Client) { c.CallbackURLs = []string{"https:///callback"} },
		"a callback URL with a fragment":   func(c *cognitolocal.Client) { c.CallbackURLs = []string{callback + "#x"} },
		"a callback URL with a bare hash":  func(c *cognitolocal.Client) { c.CallbackURLs = []string{callback + "#"} },
		"a callback URL by plain HTTP":     func(c *cognitolocal.Client) { c.CallbackURLs = []string{"http://app.example.org/"} },
		"a callback URL that is malformed": func(c *cognitolocal.Client) { c.CallbackURLs = []string{"https://a b"} },
		"too many callback URLs":           func(c *cognitolocal.Client) { c.CallbackURLs = many },
		"a sign-out URL by plain HTTP":     func(c *cognitolocal.Client) { c.LogoutURLs = []string{"http://localhost.example.org/"} },
		"too many sign-out URLs":           func(c *cognitolocal.Client) { c.LogoutURLs = many },
		"credentials beside another flow": func(c *cognitolocal.Client) {
			c.OAuthFlows, c.OAuthScopes = []string{"code", "client_credentials"}, []string{"api/read"}
			c.Secrets = []string{firstSecret}
		},
		"credentials without a secret": func(c *cognitolocal.Client) {
			c.OAuthFlows, c.OAuthScopes = []string{"client_credentials"}, []string{"api/read"}
		},
		"credentials with a scope of users": func(c *cognitolocal.Client) {
			c.OAuthFlows, c.Secrets = []string{"client_credentials"}, []string{firstSecret}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			c := cognitolocal.Client{ID: "x", OAuthFlows: []string{"code"}, OAuthScopes: []string{"openid"}, CallbackURLs: []string{callback}}
			change(&c)
			if p.AddClient(c) == nil {
				t.Error("expected an error")
			}
		})
	}
	noError(t, p.AddClient(cognitolocal.Client{
		ID: "x", OAuthFlows: []string{"code", "implicit"}, OAuthScopes: []string{"openid", "https://api.example/read"},
		CallbackURLs: []string{callback, "http://localhost:1/", "http://127.0.0.1:2/", "http://[::1]:3/", "myapp://callback"},
	}))
}

func TestDiscoveryNamesTheDomain(t *testing.T) {
	w := newHosted(t)
	provider, err := oidc.NewProvider(t.Context(), w.Pool().Issuer())
	noError(t, err)
	var more struct {
		UserInfo   string `json:"userinfo_endpoint"`
		Revocation string `json:"revocation_endpoint"`
		EndSession string `json:"end_session_endpoint"`
	}
	noError(t, provider.Claims(&more))
	e, base := provider.Endpoint(), w.Pool().DomainURL()
	got := []string{e.AuthURL, e.TokenURL, more.UserInfo, more.Revocation, more.EndSession}
	want := []string{base + "/oauth2/authorize", base + "/oauth2/token", base + "/oauth2/userInfo", base + "/oauth2/revoke", base + "/logout"}
	if base != w.url || !slices.Equal(got, want) {
		t.Errorf("expected %q, got %q", want, got)
	}
}

// TestIndependentLibrary walks the code flow, the refresh and userInfo with
// x/oauth2 and go-oidc.
func TestIndependentLibrary(t *testing.T) {
	w := newHosted(t)
	w.clock.Advance(time.Since(w.clock.Now())) // x/oauth2 goes by the clock of the machine
	for id, secret := range map[string]string{oauthClient: "", confidential: secondSecret} {
		t.Run(id, func(t *testing.T) {
			ctx, config := w.config(id, secret, "openid", "email")
			verifier := oauth2.GenerateVerifier()
			b := w.browser(t)
			p := b.get(t, config.AuthCodeURL("s1", oauth2.S256ChallengeOption(verifier), oidc.Nonce("n1")))
			token, err := config.Exchange(ctx, b.signIn(t, p, "jo", password).query(t).Get("code"), oauth2.VerifierOption(verifier))
			noError(t, err)

			provider, err := oidc.NewProvider(ctx, w.Pool().Issuer())
			noError(t, err)
			raw, _ := token.Extra("id_token").(string)
			idToken, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: id, Now: w.clock.Now}).Verify(ctx, raw)
			noError(t, err)
			noError(t, idToken.VerifyAccessToken(token.AccessToken))
			if idToken.Nonce != "n1" {
				t.Errorf("expected the nonce, got %q", idToken.Nonce)
			}
			info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
			noError(t, err)
			if info.Subject != idToken.Subject || info.Email != email || !info.EmailVerified {
				t.Errorf("expected the user, got %+v", info)
			}
			again, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
			noError(t, err)
			if again.AccessToken == token.AccessToken || again.RefreshToken != token.RefreshToken {
				t.Error("expected a new access token and the old refresh token")
			}
			_, err = config.Exchange(ctx, "x", oauth2.VerifierOption(verifier))
			if e, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || e.ErrorCode != "invalid_grant" {
				t.Errorf("expected invalid_grant, got %v", err)
			}
		})
	}
}

func TestIndependentLibraryAsAMachine(t *testing.T) {
	w := newHosted(t)
	ctx, _ := w.config("", "")
	config := clientcredentials.Config{
		ClientID: machineClient, ClientSecret: firstSecret, TokenURL: w.url + "/oauth2/token", Scopes: []string{"api/read"},
	}
	token, err := config.Token(ctx)
	noError(t, err)
	if got := claims(t, token.AccessToken)["scope"]; got != "api/read" {
		t.Errorf("expected %q, got %q", "api/read", got)
	}
	config.ClientSecret = "x"
	_, err = config.Token(ctx)
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || e.ErrorCode != "invalid_client" || e.Response.StatusCode != http.StatusBadRequest {
		t.Errorf("expected invalid_client, got %v", err)
	}
}

// TestSDKAcceptsTokensOfTheDomain: with the scope of the API.
func TestSDKAcceptsTokensOfTheDomain(t *testing.T) {
	w := newHosted(t)
	out, err := w.getUser(t, w.tokens(t, "scope", "openid aws.cognito.signin.user.admin").text("access_token"))
	noError(t, err)
	if *out.Username != "jo" {
		t.Errorf("expected jo, got %q", *out.Username)
	}
	_, err = w.getUser(t, w.tokens(t, "scope", "openid").text("access_token"))
	wantCode(t, err, "NotAuthorizedException", "")
	if !strings.Contains(err.Error(), "scope") {
		t.Errorf("expected the scopes to be blamed, got %v", err)
	}
}
