package cognitolocal

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"slices"
)

// Texts about what came back from another provider.
const (
	invalidState    = "Invalid state"
	invalidSAML     = "Invalid samlResponse or relayState from identity provider"
	samlProcessing  = "Error in SAML response processing: "
	providerRefused = " Error - 400 "
)

// idpResponse is what a provider sends the browser back with.
type idpResponse struct {
	state  string
	ticket string
	err    *oauthError // the provider's
}

// readIDPResponse reads the answer by either protocol.
func readIDPResponse(w http.ResponseWriter, r *http.Request) (idpResponse, error) {
	if r.Method != http.MethodPost {
		q := r.URL.Query()
		in := idpResponse{state: q.Get("state"), ticket: q.Get("code")}
		if code := q.Get("error"); code != "" {
			in.err = &oauthError{code, q.Get("error_description")}
		}
		return in, nil
	}
	if err := parseForm(w, r); err != nil {
		return idpResponse{}, &pageError{text: invalidSAML}
	}
	var saml samlResponse
	raw, err := base64.StdEncoding.DecodeString(r.PostForm.Get("SAMLResponse"))
	if err != nil || xml.Unmarshal(raw, &saml) != nil {
		return idpResponse{}, &pageError{text: invalidSAML}
	}
	in := idpResponse{state: r.PostForm.Get("RelayState"), ticket: saml.Assertion}
	if saml.Status != samlSuccess {
		in.err = &oauthError{serverError, samlProcessing + saml.Status}
	}
	return in, nil
}

// serveIDPResponse ends a sign-in at another provider. A state that is not
// Cognito's own leads nowhere but to the error page.
func (s *Server) serveIDPResponse(w http.ResponseWriter, r *http.Request) {
	in, err := readIDPResponse(w, r)
	if err != nil {
		s.refuseBrowser(w, r, authorizeRequest{}, err)
		return
	}
	state, query, err := s.pool.unwrapState(in.state)
	if err != nil {
		s.refuseBrowser(w, r, authorizeRequest{}, &pageError{text: invalidState})
		return
	}
	req, err := s.pool.parseAuthorize(query)
	if err == nil && in.err != nil {
		err = in.err
	}
	if err != nil {
		s.refuseBrowser(w, r, req, err)
		return
	}
	signIn, cookie, err := s.pool.signInFrom(state.ProviderName, in.ticket, req.client)
	if err != nil {
		s.refuseBrowser(w, r, req, err)
		return
	}
	s.pool.setCookie(w, sessionCookie, cookie, hostedLifetime)
	s.finish(w, r, req, signIn)
}

// signInFrom signs in the user whom the provider vouches for.
func (p *Pool) signInFrom(provider, raw string, c Client) (hostedSignIn, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	idp, ok := p.domain.providers[provider]
	if !ok || !slices.Contains(c.IdentityProviders, provider) {
		return hostedSignIn{}, "", &pageError{loginOption, c.ID}
	}
	if idp.TokenError != "" {
		return hostedSignIn{}, "", &oauthError{invalidRequest, idp.Name + providerRefused + idp.TokenError}
	}
	t, ok := p.domain.tickets[raw]
	delete(p.domain.tickets, raw)
	who, known := idp.user(t.userID)
	if !ok || t.provider != provider || !known || !p.now().Before(t.expires) {
		return hostedSignIn{}, "", &oauthError{invalidRequest, idp.Name + providerRefused + "error getting token"}
	}
	u, err := p.federate(idp, who)
	if err != nil {
		return hostedSignIn{}, "", err
	}
	signIn, cookie := p.startHosted(u.Sub, provider)
	return signIn, cookie, nil
}
