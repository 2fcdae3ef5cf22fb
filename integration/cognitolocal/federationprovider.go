package cognitolocal

import (
	"encoding/base64"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"time"
)

// providerPath is where the stand-ins for other providers live. With Cognito
// they are on hosts of their own.
const providerPath = "/idp/"

// ticket is what a provider hands out for a user: a code, or an assertion.
type ticket struct {
	provider string
	userID   string
	expires  time.Time
}

// samlResponse is the part of a SAML response that matters here. It is not
// signed: the assertion ID is a ticket, which nobody can guess.
type samlResponse struct {
	XMLName   xml.Name `xml:"Response"`
	Status    string   `xml:"Status"`
	Assertion string   `xml:"Assertion"`
}

// samlSuccess and samlCancel are statuses of SAML, shortened.
const (
	samlSuccess = "Success"
	samlCancel  = "AuthnFailed"
)

// providerPage is what the stand-in shows.
type providerPage struct {
	frame
	Name, State string
	Post        bool
	Choices     []providerChoice
}

// providerChoice is a way to leave the stand-in.
type providerChoice struct{ Label, URL, SAML string }

// toProvider sends the browser to another provider, by its protocol.
func (s *Server) toProvider(w http.ResponseWriter, r *http.Request, req authorizeRequest, name string) {
	idp, ok := s.pool.identityProvider(name)
	if !ok {
		s.refuseBrowser(w, r, req, &pageError{loginOption, req.client.ID})
		return
	}
	state, err := s.pool.wrapState(req, name)
	if err != nil {
		s.refuseBrowser(w, r, req, err)
		return
	}
	q := url.Values{"state": {state}, "client_id": {"cognitolocal"}, "response_type": {"code"},
		"scope": {scopeOpenID}, "redirect_uri": {s.pool.DomainURL() + idpResponsePath}}
	if hint := req.query.Get("login_hint"); hint != "" {
		q.Set("login_hint", hint)
	}
	if idp.Type == ProviderSAML {
		request := base64.StdEncoding.EncodeToString([]byte("<AuthnRequest/>"))
		q = url.Values{"RelayState": {state}, "SAMLRequest": {request}}
	}
	http.Redirect(w, r, providerPath+url.PathEscape(name)+"?"+q.Encode(), http.StatusFound)
}

// serveProvider is the stand-in for the sign-in page of a provider.
func (s *Server) serveProvider(w http.ResponseWriter, r *http.Request) {
	idp, ok := s.pool.identityProvider(r.PathValue("provider"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	page := providerPage{frame: frame{english, "Sign in with " + idp.Name}, Name: idp.Name, Post: idp.Type == ProviderSAML}
	state := r.URL.Query().Get("state")
	if page.Post {
		state = r.URL.Query().Get("RelayState")
	}
	page.State = state
	for _, u := range idp.Users {
		page.Choices = append(page.Choices, leave(page.Post, u.ID, state, s.pool.newTicket(idp.Name, u.ID)))
	}
	page.Choices = append(page.Choices, leave(page.Post, "Cancel", state, ""))
	writePage(w, http.StatusOK, "provider", page)
}

// leave makes a choice: with a ticket for a user, without one to cancel.
func leave(saml bool, label, state, ticket string) providerChoice {
	if !saml {
		q := url.Values{"state": {state}, "code": {ticket}}
		if ticket == "" {
			q = url.Values{"state": {state}, "error": {"access_denied"}, "error_description": {"User cancelled"}}
		}
		return providerChoice{Label: label, URL: idpResponsePath + "?" + q.Encode()}
	}
	response := samlResponse{Status: samlSuccess, Assertion: ticket}
	if ticket == "" {
		response.Status = samlCancel
	}
	raw, err := xml.Marshal(response)
	if err != nil {
		raw = nil // plain strings: cannot happen
	}
	return providerChoice{Label: label, URL: samlResponsePath, SAML: base64.StdEncoding.EncodeToString(raw)}
}

// newTicket lets the user sign in once at the pool.
func (p *Pool) newTicket(provider, userID string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	maps.DeleteFunc(p.domain.tickets, func(_ string, t ticket) bool { return !now.Before(t.expires) })
	raw := newUUID()
	p.domain.tickets[raw] = ticket{provider, userID, now.Add(stateLifetime)}
	return raw
}
