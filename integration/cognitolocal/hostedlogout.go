package cognitolocal

import (
	"net/http"
	"net/url"
	"slices"
	"time"
)

// serveLogout ends the session of the browser, and nothing else: tokens and
// the sessions at other providers go on. A request that is refused ends
// nothing.
func (s *Server) serveLogout(w http.ResponseWriter, r *http.Request) {
	target, err := s.pool.logoutTarget(r.URL.Query(), r.URL.RawQuery)
	if err != nil {
		s.refuseBrowser(w, r, authorizeRequest{}, err)
		return
	}
	s.pool.endHosted(r)
	s.pool.setCookie(w, sessionCookie, "", -time.Second) // a negative age deletes
	http.Redirect(w, r, target, http.StatusFound)
}

// logoutTarget decides where to go. A registered logout_uri makes every other
// parameter irrelevant. Otherwise the request is one to sign in again, and a
// logout_uri that is not registered shows in the complaint about redirect_uri.
func (p *Pool) logoutTarget(q url.Values, rawQuery string) (string, error) {
	id, logout := q.Get("client_id"), q.Get("logout_uri")
	if id == "" {
		return "", missingParameter("client_id", "")
	}
	p.mu.Lock()
	c, ok := p.clients[id]
	p.mu.Unlock()
	if !ok {
		return "", &pageError{"Client does not exist.", id}
	}
	if slices.Contains(c.LogoutURLs, logout) {
		return logout, nil
	}
	if _, err := p.callbackClient(q); err != nil {
		return "", err
	}
	return loginPath + "?" + rawQuery, nil
}
