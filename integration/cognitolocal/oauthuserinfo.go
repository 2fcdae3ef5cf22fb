package cognitolocal

import (
	"fmt"
	"net/http"
	"strings"
)

// Refusals of the userInfo endpoint.
var (
	errNoBearer = &oauthError{invalidRequest, "Bad OAuth2 request at UserInfo Endpoint"}
	errBearer   = &oauthError{invalidToken, "Access token is expired, disabled, or deleted, or the user has globally signed out."}
	errNoOpenID = &oauthError{invalidToken, "Access token does not contain openid scope"}
)

func (s *Server) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	scheme, raw, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || raw == "" {
		errNoBearer.challenge(w, http.StatusBadRequest)
		return
	}
	info, err := s.pool.userInfo(raw)
	if err != nil {
		asOAuthError(err).challenge(w, http.StatusUnauthorized)
		return
	}
	writeOAuthJSON(w, http.StatusOK, info)
}

// challenge writes the header as the documentation of AWS shows it, which is
// without an authentication scheme.
func (e *oauthError) challenge(w http.ResponseWriter, status int) {
	w.Header().Set("WWW-Authenticate", fmt.Sprintf("error=%q, error_description=%q", e.code, e.description))
	e.write(w, status)
}

// userInfo answers with the attributes that the scopes let be seen. All values
// are strings, the verified flags and the list of identities too.
func (p *Pool) userInfo(raw string) (map[string]string, error) {
	claims, err := p.openToken(raw)
	if err != nil || claims["token_use"] != string(AccessToken) || claims["iss"] != p.Issuer() ||
		p.now().Unix() >= number(claims, "exp") {
		return nil, errBearer
	}
	granted := scopes(strings.Fields(text(claims, "scope")))
	if !granted.has(scopeOpenID) {
		return nil, errNoOpenID
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u, c, err := p.tokenOwner(claims)
	if err != nil {
		return nil, errBearer
	}
	info := map[string]string{"sub": u.Sub, "username": u.Username}
	for name, value := range u.Attributes {
		if c.mayRead(name) && granted.show(name) {
			info[name] = value
		}
	}
	if ids := p.domain.identitiesText(u.Sub); ids != "" {
		info["identities"] = ids
	}
	return info, nil
}
