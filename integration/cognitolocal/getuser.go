package cognitolocal

import (
	"maps"
	"slices"
	"strings"
)

type getUserInput struct{ AccessToken string }

type getUserOutput struct {
	Username            string
	UserAttributes      []attribute
	PreferredMFASetting string   `json:"PreferredMfaSetting,omitempty"`
	UserMFASettingList  []string `json:",omitempty"`
}

type attribute struct{ Name, Value string }

// getUser answers with the token owner's attributes. All values are strings,
// the verified flags too.
func (p *Pool) getUser(in getUserInput) (any, error) {
	claims, err := p.checkAccessToken(in.AccessToken)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u, c, err := p.tokenOwner(claims)
	if err != nil {
		return nil, err
	}
	out := getUserOutput{
		Username: u.Username, UserAttributes: []attribute{{"sub", u.Sub}},
		PreferredMFASetting: u.PreferredMFA, UserMFASettingList: slices.Clone(u.MFA),
	}
	for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
		if c.mayRead(name) {
			out.UserAttributes = append(out.UserAttributes, attribute{name, u.Attributes[name]})
		}
	}
	if ids := p.domain.identitiesText(u.Sub); ids != "" {
		out.UserAttributes = append(out.UserAttributes, attribute{"identities", ids})
	}
	return out, nil
}

// checkAccessToken checks what the token alone shows. Unlike a verifier at the
// edge, the API then asks the pool about the session and the user.
func (p *Pool) checkAccessToken(raw string) (map[string]any, error) {
	claims, err := p.openToken(raw)
	if err != nil || claims["token_use"] != string(AccessToken) || claims["iss"] != p.Issuer() {
		return nil, notAuthorized("Invalid Access Token")
	}
	exp, _ := claims["exp"].(float64)
	if p.now().Unix() >= int64(exp) {
		return nil, notAuthorized("Access Token has expired")
	}
	scope, _ := claims["scope"].(string)
	if !slices.Contains(strings.Fields(scope), adminScope) {
		return nil, notAuthorized("Access Token does not have required scopes")
	}
	return claims, nil
}

// tokenOwner returns the user and client of a checked access token, if its
// session still lives. The caller holds the lock.
func (p *Pool) tokenOwner(claims map[string]any) (*User, Client, error) {
	origin, _ := claims["origin_jti"].(string)
	if p.sessions.revoked(origin) {
		return nil, Client{}, notAuthorized("Access Token has been revoked")
	}
	sub, _ := claims["sub"].(string)
	u := p.userBySub(sub)
	if u == nil {
		return nil, Client{}, userNotFound()
	}
	clientID, _ := claims["client_id"].(string)
	c, ok := p.clients[clientID]
	if !ok {
		return nil, Client{}, noSuchClient(clientID)
	}
	return u, c, u.maySignIn()
}
