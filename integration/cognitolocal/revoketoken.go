package cognitolocal

import (
	"errors"
	"strings"
)

type revokeInput struct {
	ClientID     string `json:"ClientId"`
	ClientSecret string
	Token        string
}

// jwsSeparators is the number of dots in an ID or access token.
const jwsSeparators = 2

// revokeToken ends the family of a refresh token. A token that is unknown or
// already revoked is a success, as in RFC 7009 section 2.2: the client has
// what it wanted. NotAuthorizedException is no part of this operation's model.
func (p *Pool) revokeToken(in revokeInput) (any, error) {
	if in.ClientID == "" || in.Token == "" {
		return nil, invalidParameter("ClientId and Token are required")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.clients[in.ClientID]
	if !ok || !c.secretMatches(in.ClientSecret) {
		return nil, &apiError{"UnauthorizedException", "Invalid client"}
	}
	switch err := p.revoke(in.Token, c); {
	case errors.Is(err, errRevocationOff):
		return nil, &apiError{"UnsupportedOperationException", "Token revocation is not enabled for this client"}
	case errors.Is(err, errTokenType):
		return nil, &apiError{"UnsupportedTokenTypeException", "Unsupported token type"}
	case errors.Is(err, errTokenForeign):
		return nil, &apiError{"UnauthorizedException", "Token was issued to another client"}
	}
	return struct{}{}, nil
}

// Reasons for refusing to revoke a token.
var (
	errRevocationOff = errors.New("cognitolocal: revocation is off for the client")
	errTokenType     = errors.New("cognitolocal: not a refresh token")
	errTokenForeign  = errors.New("cognitolocal: the token of another client")
)

// revoke ends the family of the token, also by a token that rotation has
// replaced. The caller holds the lock.
func (p *Pool) revoke(raw string, c Client) error {
	t := p.sessions.tokens[raw]
	switch {
	case c.DisableRevocation:
		return errRevocationOff
	case strings.Count(raw, ".") == jwsSeparators:
		return errTokenType
	case t == nil:
		return nil
	case t.clientID != c.ID:
		return errTokenForeign
	}
	t.revoked = true
	return nil
}
