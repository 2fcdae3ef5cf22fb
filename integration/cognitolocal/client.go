package cognitolocal

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// The flows an app client can allow (ExplicitAuthFlows). The administrators'
// one may be listed, but this pool does not serve it.
const (
	AllowUserPasswordAuth  = "ALLOW_USER_PASSWORD_AUTH"
	AllowUserSRPAuth       = "ALLOW_USER_SRP_AUTH"
	AllowCustomAuth        = "ALLOW_CUSTOM_AUTH"
	AllowUserAuth          = "ALLOW_USER_AUTH"
	AllowRefreshTokenAuth  = "ALLOW_REFRESH_TOKEN_AUTH"
	AllowAdminPasswordAuth = "ALLOW_ADMIN_USER_PASSWORD_AUTH"
)

var knownFlows = []string{
	AllowUserPasswordAuth, AllowUserSRPAuth, AllowCustomAuth, AllowUserAuth,
	AllowRefreshTokenAuth, AllowAdminPasswordAuth,
}

// Default token lifetimes, and the limits of Cognito that this pool shares.
const (
	defaultTokenLifetime   = time.Hour
	defaultRefreshLifetime = 30 * 24 * time.Hour
	defaultSessionValidity = 3 * time.Minute
	maxRotationGrace       = time.Minute
	maxSecrets             = 2
)

var clientIDPattern = regexp.MustCompile(`^[\w+]{1,128}$`)

// Client is an app client of the pool.
type Client struct {
	// ID is the client ID: letters, digits, "_" and "+".
	ID string

	// Secrets are the client secrets, at most two. With none the client is
	// public and must not send a secret hash.
	Secrets []string

	// AuthFlows are the allowed flows (ExplicitAuthFlows). Nil means what
	// Cognito takes when none is set, which leaves USER_PASSWORD_AUTH out.
	AuthFlows []string

	// AccessTokenLifetime and IDTokenLifetime default to an hour,
	// RefreshTokenLifetime to 30 days. Cognito asks for at least five minutes
	// and an hour; here any positive value is good, so that a test can see a
	// token expire.
	AccessTokenLifetime, IDTokenLifetime, RefreshTokenLifetime time.Duration

	// AuthSessionValidity is how long the user has for each answer to a
	// challenge. Default three minutes. Cognito takes 3 to 15 minutes, here any
	// positive value is good.
	AuthSessionValidity time.Duration

	// RotateRefreshTokens turns refresh token rotation on. Such a client must
	// not allow ALLOW_REFRESH_TOKEN_AUTH: only GetTokensFromRefreshToken and
	// the token endpoint serve it.
	RotateRefreshTokens bool

	// RotationGrace is how long a rotated refresh token goes on working,
	// up to a minute.
	RotationGrace time.Duration

	// DisableRevocation turns EnableTokenRevocation off: tokens then carry no
	// origin_jti and RevokeToken is refused.
	DisableRevocation bool

	// LegacyUserErrors is PreventUserExistenceErrors=LEGACY: an unknown user is
	// told apart from a wrong password.
	LegacyUserErrors bool

	// ReadAttributes are the attributes the client may see. Nil means all.
	ReadAttributes []string

	// OAuthFlows are the grants of the OAuth endpoints the client may use
	// (AllowedOAuthFlows): FlowCode, FlowImplicit, FlowClientCredentials. With
	// none the client may use neither these endpoints nor the hosted pages.
	OAuthFlows []string

	// OAuthScopes are the scopes the client may ask for. A client with
	// OAuthFlows needs at least one.
	OAuthScopes []string

	// CallbackURLs and LogoutURLs are where the hosted pages may send a
	// browser after sign-in and sign-out. They are compared as they stand.
	CallbackURLs, LogoutURLs []string

	// IdentityProviders are ProviderCognito and names given to
	// AddIdentityProvider (SupportedIdentityProviders). Nil means the users of
	// the pool only.
	IdentityProviders []string
}

// AddClient adds an app client. It fails when the ID is in use or a setting is
// one Cognito refuses.
func (p *Pool) AddClient(c Client) error {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.clients[c.ID]; ok {
		return fmt.Errorf("cognitolocal: client %q already exists", c.ID)
	}
	p.clients[c.ID] = c
	return nil
}

// UpdateClient replaces an app client. Sessions go on under the new settings.
func (p *Pool) UpdateClient(c Client) error {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.clients[c.ID]; !ok {
		return fmt.Errorf("cognitolocal: client %q does not exist", c.ID)
	}
	p.clients[c.ID] = c
	return nil
}

func (c Client) withDefaults() Client {
	c.Secrets = slices.Clone(c.Secrets)
	c.ReadAttributes = slices.Clone(c.ReadAttributes)
	c = c.withOAuthDefaults()
	c.AuthFlows = c.flows()
	for _, d := range []*time.Duration{&c.AccessTokenLifetime, &c.IDTokenLifetime} {
		if *d == 0 {
			*d = defaultTokenLifetime
		}
	}
	if c.AuthSessionValidity == 0 {
		c.AuthSessionValidity = defaultSessionValidity
	}
	if c.RefreshTokenLifetime == 0 {
		c.RefreshTokenLifetime = defaultRefreshLifetime
	}
	return c
}

func (c Client) flows() []string {
	if c.AuthFlows != nil {
		return slices.Clone(c.AuthFlows)
	}
	if c.RotateRefreshTokens {
		return []string{AllowUserSRPAuth, AllowCustomAuth}
	}
	return []string{AllowRefreshTokenAuth, AllowUserSRPAuth, AllowCustomAuth}
}

func (c Client) validate() error {
	switch {
	case !clientIDPattern.MatchString(c.ID):
		return fmt.Errorf("cognitolocal: client ID %q: want 1 to 128 letters, digits, _ or +", c.ID)
	case len(c.Secrets) > maxSecrets || slices.Contains(c.Secrets, ""):
		return fmt.Errorf("cognitolocal: client %q: want at most %d secrets, none empty", c.ID, maxSecrets)
	case min(c.AccessTokenLifetime, c.IDTokenLifetime, c.RefreshTokenLifetime, c.AuthSessionValidity) < 0:
		return fmt.Errorf("cognitolocal: client %q: lifetimes must be positive", c.ID)
	case c.RotationGrace < 0 || c.RotationGrace > maxRotationGrace:
		return fmt.Errorf("cognitolocal: client %q: rotation grace: want 0 to %s", c.ID, maxRotationGrace)
	case c.RotateRefreshTokens && slices.Contains(c.AuthFlows, AllowRefreshTokenAuth):
		return errors.New("cognitolocal: refresh token rotation excludes " + AllowRefreshTokenAuth)
	}
	for _, flow := range c.AuthFlows {
		if !slices.Contains(knownFlows, flow) {
			return fmt.Errorf("cognitolocal: client %q: unknown flow %q", c.ID, flow)
		}
	}
	return c.validateOAuth()
}

// mayRead reports whether the client sees the attribute.
func (c Client) mayRead(attribute string) bool {
	return c.ReadAttributes == nil || slices.Contains(c.ReadAttributes, attribute)
}
