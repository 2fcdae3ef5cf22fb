package cognitolocal

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// ProviderType is the protocol of an identity provider, or the company.
type ProviderType string

// The provider types. The first four have exactly one provider each, of the
// same name.
const (
	ProviderFacebook        ProviderType = "Facebook"
	ProviderGoogle          ProviderType = "Google"
	ProviderLoginWithAmazon ProviderType = "LoginWithAmazon"
	ProviderSignInWithApple ProviderType = "SignInWithApple"
	ProviderSAML            ProviderType = "SAML"
	ProviderOIDC            ProviderType = "OIDC"
)

// IdentityProvider is a fake of a social, SAML or OIDC provider that the pool
// federates with. In place of its sign-in page the server shows a list of its
// users, and a way to cancel.
type IdentityProvider struct {
	// Name is 3 to 32 characters without blanks and "_". For a social provider
	// it is the type and may be left out.
	Name string

	Type ProviderType

	// Issuer is the issuer in the identities claim; empty for none, as the
	// social providers have.
	Issuer string

	// Identifiers are values of idp_identifier that select the provider, such
	// as domains of e-mail addresses.
	Identifiers []string

	// Users are the people who have an account there.
	Users []FederatedUser

	// TokenError makes the exchange with the provider fail, after the user has
	// signed in there, with an error such as "invalid_client".
	TokenError string
}

// FederatedUser is a user of another identity provider.
type FederatedUser struct {
	// ID is the user's ID at the provider. In the pool the user is called
	// <provider>_<ID>, and appears there with the first sign-in.
	ID string

	// Attributes are the attributes after mapping. They replace those in the
	// pool at each sign-in.
	Attributes map[string]string

	// LinkedTo names a user of the pool who gets signed in instead
	// (AdminLinkProviderForUser). Attributes are then not used.
	LinkedTo string
}

var providerNamePattern = regexp.MustCompile(`^[^_\p{Z}\p{C}/]{3,32}$`)

// AddIdentityProvider adds a provider, or replaces the one of the same name.
// Clients offer it when they list it in IdentityProviders.
func (p *Pool) AddIdentityProvider(idp IdentityProvider) error {
	if idp.Name == "" && idp.Type.social() {
		idp.Name = string(idp.Type)
	}
	if err := idp.validate(); err != nil {
		return fmt.Errorf("cognitolocal: identity provider %q: %w", idp.Name, err)
	}
	idp.Identifiers = slices.Clone(idp.Identifiers)
	idp.Users = slices.Clone(idp.Users)
	for i := range idp.Users {
		idp.Users[i].Attributes = maps.Clone(idp.Users[i].Attributes)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.domain.providers[idp.Name] = idp
	return nil
}

func (t ProviderType) social() bool {
	return slices.Contains([]ProviderType{
		ProviderFacebook, ProviderGoogle, ProviderLoginWithAmazon, ProviderSignInWithApple,
	}, t)
}

func (idp IdentityProvider) validate() error {
	switch {
	case !idp.Type.social() && idp.Type != ProviderSAML && idp.Type != ProviderOIDC:
		return fmt.Errorf("unknown type %q", idp.Type)
	case idp.Type.social() != ProviderType(idp.Name).social() || idp.Type.social() && idp.Name != string(idp.Type):
		return fmt.Errorf("type %q does not go with the name", idp.Type)
	case idp.Name == ProviderCognito || !providerNamePattern.MatchString(idp.Name):
		return errors.New("want a name of 3 to 32 characters without blanks, / and _, not COGNITO")
	}
	for _, u := range idp.Users {
		if u.ID == "" {
			return errors.New("a user without an ID")
		}
		if err := checkAttributes(u.Attributes); err != nil {
			return err
		}
	}
	return nil
}

func (idp IdentityProvider) user(id string) (FederatedUser, bool) {
	for _, u := range idp.Users {
		if u.ID == id {
			return u, true
		}
	}
	return FederatedUser{}, false
}

// provider returns the provider of that name.
func (p *Pool) identityProvider(name string) (IdentityProvider, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	idp, ok := p.domain.providers[name]
	return idp, ok
}

// requestedProvider is the provider that a request for sign-in names, or "".
func (p *Pool) requestedProvider(c Client, q url.Values) (string, error) {
	name, identifier := q.Get("identity_provider"), q.Get("idp_identifier")
	if name == "" && identifier == "" {
		return "", nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, allowed := range c.IdentityProviders {
		idp, known := p.domain.providers[allowed]
		switch {
		case name != "" && (allowed != name || !known && name != ProviderCognito):
		case name == "" && !idp.identifiedBy(identifier):
		default:
			return allowed, nil
		}
	}
	return "", &pageError{loginOption, c.ID}
}

func (idp IdentityProvider) identifiedBy(identifier string) bool {
	return slices.ContainsFunc(idp.Identifiers, func(i string) bool { return strings.EqualFold(i, identifier) })
}

// loginOption is what the error page says about a provider that is not to be
// had.
const loginOption = "Login option is not available. Please try another one"

// onlyProvider is the provider to send the user to: the one asked for, or the
// only one the client has. ProviderCognito stands for the page, which may
// offer others as well.
func (r *authorizeRequest) onlyProvider() string {
	switch {
	case r.provider != "":
		return r.provider
	case len(r.client.IdentityProviders) == 1:
		return r.client.IdentityProviders[0]
	}
	return ProviderCognito
}

// providerLinks are the buttons of the sign-in page. Each starts the request
// anew, with the choice made.
func (r *authorizeRequest) providerLinks() []providerLink {
	var out []providerLink
	for _, name := range r.client.IdentityProviders {
		if name == ProviderCognito {
			continue
		}
		q := maps.Clone(r.query)
		q.Del("idp_identifier")
		q.Set("identity_provider", name)
		out = append(out, providerLink{name, authorizePath + "?" + q.Encode()})
	}
	return out
}
