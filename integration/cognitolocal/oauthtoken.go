package cognitolocal

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"slices"
)

// tokenAnswer is what the token endpoint answers.
type tokenAnswer struct {
	IDToken      string `json:"id_token,omitempty"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	ExpiresIn    int64  `json:"expires_in"`
	TokenType    string `json:"token_type"`
}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	answer, err := s.pool.answerToken(w, r)
	if err != nil {
		e := asOAuthError(err)
		e.write(w, e.status())
		return
	}
	writeOAuthJSON(w, http.StatusOK, answer)
}

func (p *Pool) answerToken(w http.ResponseWriter, r *http.Request) (tokenAnswer, error) {
	if err := parseForm(w, r); err != nil {
		return tokenAnswer{}, err
	}
	grantType := r.PostForm.Get("grant_type")
	if grantType == "" {
		return tokenAnswer{}, refusal(invalidRequest)
	}
	c, err := p.clientOf(r)
	if err != nil {
		return tokenAnswer{}, err
	}
	switch grantType {
	case "authorization_code":
		g, nonce, err := p.codeGrant(c, r.PostForm)
		if err != nil {
			return tokenAnswer{}, err
		}
		return p.oauthTokens(g, nonce)
	case "refresh_token":
		g, err := p.refreshGrant(c, r.PostForm)
		if err != nil {
			return tokenAnswer{}, err
		}
		return p.oauthTokens(g, "")
	case "client_credentials":
		return p.machineTokens(c, r.PostForm)
	}
	return tokenAnswer{}, refusal(unsupportedGrantType)
}

// refreshGrant is the grant refresh_token. Without rotation the client must
// allow the refresh flow, with rotation it must not. Whatever is wrong with
// the token or its user, the answer is invalid_grant.
func (p *Pool) refreshGrant(c Client, form url.Values) (grant, error) {
	raw := form.Get("refresh_token")
	mayRefresh := c.RotateRefreshTokens || slices.Contains(c.AuthFlows, AllowRefreshTokenAuth)
	switch {
	case len(c.OAuthFlows) == 0 || c.allows(FlowClientCredentials) || !mayRefresh:
		return grant{}, refusal(unauthorizedClient)
	case raw == "":
		return grant{}, refusal(invalidRequest)
	}
	g, err := p.rotatingGrant(raw, c, "")
	if _, ok := errors.AsType[*apiError](err); ok {
		return grant{}, refusal(invalidGrant)
	}
	return g, err
}

// machineTokens is the grant client_credentials.
func (p *Pool) machineTokens(c Client, form url.Values) (tokenAnswer, error) {
	if !c.allows(FlowClientCredentials) {
		return tokenAnswer{}, refusal(unauthorizedClient)
	}
	wanted := parseScopes(form.Get("scope"), c.OAuthScopes)
	if !wanted.within(c.OAuthScopes) {
		return tokenAnswer{}, refusal(invalidScope)
	}
	access, err := p.MachineToken(c.ID, wanted...)
	if err != nil {
		return tokenAnswer{}, err
	}
	return tokenAnswer{AccessToken: access, ExpiresIn: int64(c.AccessTokenLifetime.Seconds()), TokenType: "Bearer"}, nil
}

// oauthTokens signs what the grant allows: an ID token only with the scope
// openid, or for a sign-in at the API, which knows no scopes.
func (p *Pool) oauthTokens(g grant, nonce string) (tokenAnswer, error) {
	if g.issuer == "" {
		return tokenAnswer{}, errNoIssuer
	}
	access, err := p.signClaims(AccessToken, g.accessClaims())
	if err != nil {
		return tokenAnswer{}, err
	}
	out := tokenAnswer{
		AccessToken: access, RefreshToken: g.refresh,
		ExpiresIn: int64(g.client.AccessTokenLifetime.Seconds()), TokenType: "Bearer",
	}
	if g.session.scopes != nil && !g.session.scopes.has(scopeOpenID) {
		return out, nil
	}
	claims := g.idClaims()
	claims["at_hash"] = accessTokenHash(access)
	if nonce != "" {
		claims["nonce"] = nonce
	}
	out.IDToken, err = p.signClaims(IDToken, claims)
	return out, err
}

// accessTokenHash is at_hash of OpenID Connect Core section 3.1.3.6.
func accessTokenHash(access string) string {
	sum := sha256.Sum256([]byte(access))
	return encode(sum[:len(sum)/2])
}
