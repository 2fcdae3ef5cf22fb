package cognitolocal

import (
	"fmt"
	"strings"
)

// IDToken mints the ID token the user would get by signing in with the client
// now. Mutate, if not nil, changes the claims before they are signed: it may
// add, replace and delete at will.
//
// Minted tokens need no password and open no session: they cannot be
// refreshed, and RevokeToken does not reach them.
func (p *Pool) IDToken(username, clientID string, mutate func(claims map[string]any)) (string, error) {
	g, err := p.mintGrant(username, clientID)
	if err != nil {
		return "", err
	}
	return p.mint(IDToken, g.idClaims(), mutate)
}

// AccessToken is IDToken for the access token of the API, whose only scope is
// aws.cognito.signin.user.admin.
func (p *Pool) AccessToken(username, clientID string, mutate func(claims map[string]any)) (string, error) {
	g, err := p.mintGrant(username, clientID)
	if err != nil {
		return "", err
	}
	return p.mint(AccessToken, g.accessClaims(), mutate)
}

// OAuthAccessToken is AccessToken as the OAuth token endpoint issues it: with
// the version claim and the given scopes.
func (p *Pool) OAuthAccessToken(
	username, clientID string, scopes []string, mutate func(claims map[string]any),
) (string, error) {
	g, err := p.mintGrant(username, clientID)
	if err != nil {
		return "", err
	}
	return p.mint(AccessToken, g.oauthClaims(scopes), mutate)
}

// MachineToken mints the access token of the client credentials grant: the
// subject is the client, the scopes are custom ones, and there is no user.
func (p *Pool) MachineToken(clientID string, scopes ...string) (string, error) {
	claims, err := p.machineClaims(clientID, scopes)
	if err != nil {
		return "", err
	}
	return p.mint(AccessToken, claims, nil)
}

func (p *Pool) machineClaims(clientID string, scopes []string) (map[string]any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.clients[clientID]
	if !ok {
		return nil, fmt.Errorf("cognitolocal: client %q does not exist", clientID)
	}
	if p.issuer() == "" {
		return nil, errNoIssuer
	}
	now := p.now()
	return map[string]any{
		"iss": p.issuer(), "sub": c.ID, "client_id": c.ID, "token_use": string(AccessToken),
		"scope": strings.Join(scopes, " "), "version": oauthVersion, "jti": newUUID(),
		"auth_time": now.Unix(), "iat": now.Unix(), "exp": now.Add(c.AccessTokenLifetime).Unix(),
	}, nil
}

// mintGrant is a grant outside any stored session.
func (p *Pool) mintGrant(username, clientID string) (grant, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, c := p.user(username), p.clients[clientID]
	switch {
	case u == nil:
		return grant{}, errNoUser
	case c.ID == "":
		return grant{}, fmt.Errorf("cognitolocal: client %q does not exist", clientID)
	case p.issuer() == "":
		return grant{}, errNoIssuer
	}
	return p.grant(u, c, &family{originJTI: newUUID(), eventID: newUUID(), authTime: p.now()}), nil
}

func (p *Pool) mint(use TokenUse, claims map[string]any, mutate func(map[string]any)) (string, error) {
	if mutate != nil {
		mutate(claims)
	}
	return p.signClaims(use, claims)
}
