package hosted

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/loopback"
)

// passable are the parameters that a visitor may set. Any other belongs to the
// protocol, or decides what the tokens are good for.
var passable = []string{"lang", "login_hint", "identity_provider", "idp_identifier", "acr_values", "max_age"}

const openID = "openid"

func (o Options) check() error {
	if err := checkURL(o.BaseURL, o.InsecureHTTP); err != nil || strings.Contains(o.BaseURL, "?") {
		return errors.New("expected the domain as an https URL without query and fragment") // it may hold a password
	}
	switch {
	case o.ClientID == "":
		return errors.New("expected an app client ID")
	case len(o.Secrets) > 2:
		return fmt.Errorf("expected at most two client secrets, got %d", len(o.Secrets))
	case slices.Contains(o.Secrets, ""):
		return errors.New("expected a client secret, got an empty one")
	case o.IdentityProvider != "" && o.IDPIdentifier != "":
		return errors.New("expected an identity provider or an identifier of one, got both")
	}
	for _, name := range o.Pass {
		if !slices.Contains(passable, name) {
			return fmt.Errorf("expected one of %q to hand through, got %q", passable, name)
		}
	}
	return checkScopes(o.Scopes)
}

// checkScopes allows the characters of RFC 6749 §3.3.
func checkScopes(scopes []string) error {
	for _, scope := range scopes {
		if scope == "" || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return fmt.Errorf("expected a scope, got %q", scope)
		}
	}
	if len(scopes) > 0 && !slices.Contains(scopes, openID) {
		return fmt.Errorf("expected %q among the scopes, got %q; without it there is no ID token", openID, scopes)
	}
	return nil
}

var errURL = errors.New("expected an https URL without a fragment")

// checkURL is about what a redirect URI and a domain have in common. A fragment
// is forbidden by RFC 6749 §3.1.2; http is what Cognito allows for this machine.
func checkURL(raw string, insecure bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Hostname() == "", u.User != nil, strings.Contains(raw, "#"):
		return errURL
	case u.Scheme == "https", u.Scheme == "http" && (insecure || loopback.Host(u.Hostname())):
		return nil
	}
	return errURL
}
