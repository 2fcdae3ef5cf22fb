package cognitolocal

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Values of the prompt parameter.
const (
	promptNone          = "none"
	promptLogin         = "login"
	promptSelectAccount = "select_account"
	promptConsent       = "consent"
)

// authorizeRequest is a checked request for sign-in, as both the authorize and
// the login endpoint take it.
type authorizeRequest struct {
	query       url.Values // as it was sent
	client      Client
	redirectURI string
	scopes      scopes
	challenge   string // of PKCE; empty: none
	prompts     []string
	maxAge      time.Duration // negative: any
	provider    string        // empty: the user's choice
}

// challengePattern is what RFC 7636 allows for a challenge; one by S256 has 43
// characters.
var challengePattern = regexp.MustCompile(`^[\w.~-]{43,128}$`)

// pageError is an error the browser is shown at the domain, since there is no
// callback URL to trust.
type pageError struct {
	text     string
	clientID string
}

func (e *pageError) Error() string { return "cognitolocal: error page: " + e.text }

// missingParameter is in the words of the server that AWS runs.
func missingParameter(name, clientID string) error {
	return &pageError{"Required String parameter '" + name + "' is not present", clientID}
}

// parseAuthorize checks the parameters. A pageError is for the browser, every
// other error is for the callback URL in the result.
func (p *Pool) parseAuthorize(q url.Values) (authorizeRequest, error) {
	c, err := p.callbackClient(q)
	if err != nil {
		return authorizeRequest{}, err
	}
	r := authorizeRequest{query: q, client: c, redirectURI: q.Get("redirect_uri"), challenge: q.Get("code_challenge")}
	for _, check := range []func() error{r.checkFlow, r.parseScopes, r.checkPKCE, r.parsePrompt, r.parseMaxAge} {
		if err := check(); err != nil {
			return r, err
		}
	}
	r.provider, err = p.requestedProvider(c, q)
	return r, err
}

// callbackClient finds the client, and trusts the callback URL only if the
// client has registered it character by character.
func (p *Pool) callbackClient(q url.Values) (Client, error) {
	id, callback := q.Get("client_id"), q.Get("redirect_uri")
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.clients[id]
	switch {
	case id == "":
		return Client{}, missingParameter("client_id", "")
	case callback == "":
		return Client{}, missingParameter("redirect_uri", id)
	case !ok:
		return Client{}, &pageError{"Client does not exist.", id}
	case len(c.OAuthFlows) == 0:
		return Client{}, &pageError{"Client is not enabled for OAuth2.0 flows.", id}
	case !slices.Contains(c.CallbackURLs, callback):
		return Client{}, &pageError{"redirect_mismatch", id}
	}
	return c, nil
}

func (r *authorizeRequest) checkFlow() error {
	switch r.query.Get("response_type") {
	case "code":
		if r.client.allows(FlowCode) {
			return nil
		}
		return refusal(unauthorizedClient)
	case "token":
		return refusal(unauthorizedClient)
	}
	return refusal(invalidRequest)
}

func (r *authorizeRequest) parseScopes() error {
	r.scopes = parseScopes(r.query.Get("scope"), r.client.OAuthScopes)
	if !r.scopes.within(r.client.OAuthScopes) || r.scopes.needOpenID() {
		return refusal(invalidScope)
	}
	return nil
}

func (r *authorizeRequest) checkPKCE() error {
	method := r.query.Get("code_challenge_method")
	switch {
	case r.challenge == "" && method == "":
		return nil
	case method != "S256" || !challengePattern.MatchString(r.challenge):
		return refusal(invalidRequest)
	}
	return nil
}

func (r *authorizeRequest) parsePrompt() error {
	known := []string{promptNone, promptLogin, promptSelectAccount, promptConsent}
	r.prompts = strings.Fields(r.query.Get("prompt"))
	for _, prompt := range r.prompts {
		if !slices.Contains(known, prompt) || prompt == promptNone && len(r.prompts) > 1 {
			return refusal(invalidRequest)
		}
	}
	return nil
}

func (r *authorizeRequest) parseMaxAge() error {
	r.maxAge = -1
	raw := r.query.Get("max_age")
	if raw == "" {
		return nil
	}
	seconds, err := strconv.ParseUint(raw, 10, 31)
	if err != nil {
		return refusal(invalidRequest)
	}
	r.maxAge = time.Duration(seconds) * time.Second
	return nil
}

func (r *authorizeRequest) asks(prompt string) bool { return slices.Contains(r.prompts, prompt) }

// interactive reports whether the user must sign in again, whatever session
// the browser has.
func (r *authorizeRequest) interactive() bool {
	return r.asks(promptLogin) || r.asks(promptSelectAccount)
}

// callback is the callback URL with the parameters and the state added.
func (r *authorizeRequest) callback(add url.Values) string {
	u, err := url.Parse(r.redirectURI)
	if err != nil {
		return r.redirectURI // AddClient parsed it
	}
	q := u.Query()
	for name, values := range add {
		q[name] = values
	}
	if state := r.query.Get("state"); state != "" {
		q.Set("state", state)
	}
	u.RawQuery = q.Encode()
	return u.String()
}
