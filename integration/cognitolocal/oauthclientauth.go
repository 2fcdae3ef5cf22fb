package cognitolocal

import (
	"net/http"
	"net/url"
)

// parseForm reads the form of a POST to an OAuth endpoint. A body of another
// type has no parameters, and so lacks the required ones.
func parseForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return refusal(invalidRequest)
	}
	return nil
}

// clientOf authenticates the client by client_secret_basic or
// client_secret_post, with either secret; a public client sends its ID only.
func (p *Pool) clientOf(r *http.Request) (Client, error) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if r.Header.Get("Authorization") == "" {
		return p.authenticate(id, secret)
	}
	user, password, ok := r.BasicAuth()
	switch {
	case !ok || password == "":
		// A public client has no credentials to put into a header.
		return Client{}, refusal(invalidClient)
	case id != "" && id != user, secret != "":
		return Client{}, refusal(invalidRequest)
	}
	c, err := p.authenticate(user, password)
	if err == nil {
		return c, nil
	}
	// RFC 6749 section 2.3.1 has both parts form-encoded first. AWS documents
	// only the plain form, and many clients send it: both are good here.
	user, userErr := url.QueryUnescape(user)
	password, passwordErr := url.QueryUnescape(password)
	if userErr != nil || passwordErr != nil {
		return Client{}, err
	}
	return p.authenticate(user, password)
}

func (p *Pool) authenticate(id, secret string) (Client, error) {
	if id == "" {
		return Client{}, refusal(invalidRequest)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.clients[id]
	if !ok || !c.secretMatches(secret) {
		return Client{}, refusal(invalidClient)
	}
	return c, nil
}
