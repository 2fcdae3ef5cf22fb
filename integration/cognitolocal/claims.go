package cognitolocal

import (
	"strings"
	"time"
)

// adminScope is the only scope of tokens that the API issues.
const adminScope = "aws.cognito.signin.user.admin"

// oauthVersion is the version claim of OAuth-issued access tokens; tokens of
// InitiateAuth come without it.
const oauthVersion = 2

// grant is what tokens are made from: a consistent snapshot of the user, the
// client and the session, taken with the pool locked.
type grant struct {
	issuer  string
	now     time.Time
	user    User
	groups  []Group
	client  Client
	session family
	refresh string // new refresh token; empty: the client keeps its own

	identities []federatedIdentity // of a user who comes from another provider
}

// grant takes the snapshot. The caller holds the lock.
func (p *Pool) grant(u *User, c Client, f *family) grant {
	return grant{
		issuer: p.issuer(), now: p.now(), user: u.clone(), groups: p.groupsOf(u), client: c, session: *f,
		identities: p.domain.identities[u.Sub],
	}
}

// common are the claims shared by ID and access tokens of a user.
func (g grant) common(use TokenUse, lifetime time.Duration) map[string]any {
	claims := map[string]any{
		"iss": g.issuer, "sub": g.user.Sub, "token_use": string(use),
		"iat": g.now.Unix(), "exp": g.now.Add(lifetime).Unix(),
		"auth_time": g.session.authTime.Unix(), "event_id": g.session.eventID, "jti": newUUID(),
	}
	if !g.client.DisableRevocation {
		claims["origin_jti"] = g.session.originJTI
	}
	// Without groups the claim is absent, not empty.
	if len(g.groups) > 0 {
		names := make([]string, 0, len(g.groups))
		for _, group := range g.groups {
			names = append(names, group.Name)
		}
		claims["cognito:groups"] = names
	}
	return claims
}

// idClaims are the claims of an ID token.
func (g grant) idClaims() map[string]any {
	claims := g.common(IDToken, g.client.IDTokenLifetime)
	claims["aud"] = g.client.ID
	claims["cognito:username"] = g.user.Username
	if r := roles(g.groups); r != nil {
		claims["cognito:roles"] = r
	}
	if role := preferredRole(g.groups); role != "" {
		claims["cognito:preferred_role"] = role
	}
	for name, value := range g.user.Attributes {
		if g.client.mayRead(name) && g.session.scopes.show(name) {
			claims[name] = attributeClaim(name, value)
		}
	}
	if len(g.identities) > 0 {
		claims["identities"] = g.identities
	}
	return claims
}

// attributeClaim gives an attribute its type in an ID token: the two verified
// flags are booleans, the address is an object, all else is a string, custom
// numbers and dates included.
func attributeClaim(name, value string) any {
	switch {
	case name == "email_verified" || name == "phone_number_verified":
		return strings.EqualFold(value, "true")
	case name == "address":
		return map[string]string{"formatted": value}
	}
	return value
}

// accessClaims are the claims of an access token. Its scopes are those of the
// sign-in, also when the other half of the service refreshes it.
func (g grant) accessClaims() map[string]any {
	claims := g.common(AccessToken, g.client.AccessTokenLifetime)
	claims["client_id"] = g.client.ID
	claims["username"] = g.user.Username
	claims["scope"] = adminScope
	if g.session.deviceKey != "" {
		claims["device_key"] = g.session.deviceKey
	}
	if g.session.scopes != nil {
		claims["scope"], claims["version"] = g.session.scopes.String(), oauthVersion
	}
	return claims
}

// oauthClaims are the claims of an access token of the OAuth endpoints.
func (g grant) oauthClaims(scopes []string) map[string]any {
	claims := g.accessClaims()
	claims["scope"] = strings.Join(scopes, " ")
	claims["version"] = oauthVersion
	return claims
}
