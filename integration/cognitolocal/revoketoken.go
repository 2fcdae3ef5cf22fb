package cognitolocal

import "strings"

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
	switch {
	case !ok || !c.secretMatches(in.ClientSecret):
		return nil, &apiError{"UnauthorizedException", "Invalid client"}
	case c.DisableRevocation:
		return nil, &apiError{"UnsupportedOperationException", "Token revocation is not enabled for this client"}
	case strings.Count(in.Token, ".") == jwsSeparators:
		return nil, &apiError{"UnsupportedTokenTypeException", "Unsupported token type"}
	}
	t := p.sessions.tokens[in.Token]
	if t == nil {
		return struct{}{}, nil
	}
	if t.clientID != c.ID {
		return nil, &apiError{"UnauthorizedException", "Token was issued to another client"}
	}
	t.revoked = true
	return struct{}{}, nil
}
