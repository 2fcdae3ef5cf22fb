package cognitolocal

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// The grants of the OAuth endpoints (AllowedOAuthFlows). FlowImplicit may be
// listed, but is not served: a client that uses it is refused as one that may
// not.
const (
	FlowCode              = "code"
	FlowImplicit          = "implicit"
	FlowClientCredentials = "client_credentials"
)

// ProviderCognito is the identity provider that the pool itself is.
const ProviderCognito = "COGNITO"

// Limits of an app client.
const (
	maxRedirectURLs = 100
	maxScopes       = 50
)

var knownOAuthFlows = []string{FlowCode, FlowImplicit, FlowClientCredentials}

func (c Client) withOAuthDefaults() Client {
	c.OAuthFlows = slices.Clone(c.OAuthFlows)
	c.OAuthScopes = slices.Clone(c.OAuthScopes)
	c.CallbackURLs = slices.Clone(c.CallbackURLs)
	c.LogoutURLs = slices.Clone(c.LogoutURLs)
	c.IdentityProviders = slices.Clone(c.IdentityProviders)
	if c.IdentityProviders == nil {
		c.IdentityProviders = []string{ProviderCognito}
	}
	return c
}

// validateOAuth checks the settings of the domain. What Cognito would look up,
// providers and resource servers, is looked up when it is used.
func (c Client) validateOAuth() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("cognitolocal: client %q: "+format, append([]any{c.ID}, args...)...)
	}
	for _, flow := range c.OAuthFlows {
		if !slices.Contains(knownOAuthFlows, flow) {
			return fail("unknown OAuth flow %q", flow)
		}
	}
	for _, scope := range c.OAuthScopes {
		if !slices.Contains(standardScopes, scope) && !customScope.MatchString(scope) {
			return fail("unknown scope %q", scope)
		}
	}
	for _, raw := range slices.Concat(c.CallbackURLs, c.LogoutURLs) {
		if err := checkRedirectURL(raw); err != nil {
			return fail("URL %q: %w", raw, err)
		}
	}
	switch machine := c.allows(FlowClientCredentials); {
	case len(c.OAuthFlows) > 0 && len(c.OAuthScopes) == 0:
		return fail("OAuth flows need a scope")
	case len(c.CallbackURLs) > maxRedirectURLs || len(c.LogoutURLs) > maxRedirectURLs:
		return fail("want at most %d URLs of a kind", maxRedirectURLs)
	case len(c.OAuthScopes) > maxScopes:
		return fail("want at most %d scopes", maxScopes)
	case machine && len(c.OAuthFlows) > 1:
		return fail("%s cannot be combined with other OAuth flows", FlowClientCredentials)
	case machine && len(c.Secrets) == 0:
		return fail("%s needs a client secret", FlowClientCredentials)
	case machine && len(scopes(c.OAuthScopes).custom()) != len(c.OAuthScopes):
		return fail("%s takes custom scopes only", FlowClientCredentials)
	case !machine && len(c.OAuthFlows) > 0 && len(c.CallbackURLs) == 0:
		return fail("OAuth flows need a callback URL")
	}
	return nil
}

func (c Client) allows(flow string) bool { return slices.Contains(c.OAuthFlows, flow) }

// checkRedirectURL checks a URL to register, as Cognito does: absolute,
// without a fragment, and plain HTTP for the own machine only.
func checkRedirectURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("malformed")
	case !u.IsAbs() || (u.Scheme == "http" || u.Scheme == "https") && u.Host == "":
		return errors.New("must be absolute")
	case u.Fragment != "" || raw[len(raw)-1] == '#':
		return errors.New("must not have a fragment")
	case u.Scheme == "http" && !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()):
		return errors.New("must be https, except on localhost")
	}
	return nil
}
