package cognitolocal

import (
	"errors"
	"net/http"
)

// serveRevoke answers 200 with an empty body also for a token that is unknown
// or revoked already. Unlike at the token endpoint, wrong client credentials
// are 401 here.
func (s *Server) serveRevoke(w http.ResponseWriter, r *http.Request) {
	err := s.pool.answerRevoke(w, r)
	if err == nil {
		return
	}
	e := asOAuthError(err)
	status := e.status()
	if e.code == invalidClient {
		status = http.StatusUnauthorized
	}
	e.write(w, status)
}

func (p *Pool) answerRevoke(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	c, err := p.clientOf(r)
	if err != nil {
		return err
	}
	raw := r.PostForm.Get("token")
	if raw == "" {
		return refusal(invalidRequest)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	err = p.revoke(raw, c)
	switch {
	case errors.Is(err, errTokenType):
		return refusal(unsupportedTokenType)
	case err != nil: // the feature is off, or the token is another client's
		return refusal(invalidRequest)
	}
	return nil
}
