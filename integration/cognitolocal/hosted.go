package cognitolocal

import (
	"net/http"
)

// Paths of the domain, as Cognito has them.
const (
	authorizePath    = "/oauth2/authorize"
	tokenPath        = "/oauth2/token"
	userInfoPath     = "/oauth2/userInfo"
	revokePath       = "/oauth2/revoke"
	idpResponsePath  = "/oauth2/idpresponse"
	samlResponsePath = "/saml2/idpresponse"
	loginPath        = "/login"
	logoutPath       = "/logout"
	errorPath        = "/error"
)

// domain is what the hosted pages and the OAuth endpoints remember. It is not
// safe for concurrent use: Pool locks around it.
type domain struct {
	codes      map[string]*authCode
	signIns    map[string]hostedSignIn // by session cookie
	providers  map[string]IdentityProvider
	identities map[string][]federatedIdentity // by subject
	tickets    map[string]ticket              // what the fake providers have issued
	stateKey   []byte                         // not changed after newDomain
}

func newDomain() domain {
	return domain{
		codes: map[string]*authCode{}, signIns: map[string]hostedSignIn{},
		providers: map[string]IdentityProvider{}, identities: map[string][]federatedIdentity{},
		tickets: map[string]ticket{}, stateKey: randomBytes(stateKeySize),
	}
}

// DomainURL returns the base of the hosted pages and the OAuth endpoints. With
// Cognito they have a host of their own; here they share the base URL.
func (p *Pool) DomainURL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.baseURL
}

// domainEndpoints are the members of the discovery document about the domain.
func (p *Pool) domainEndpoints() map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.clients {
		if len(c.OAuthFlows) > 0 {
			return map[string]any{
				"authorization_endpoint": p.baseURL + authorizePath,
				"token_endpoint":         p.baseURL + tokenPath,
				"userinfo_endpoint":      p.baseURL + userInfoPath,
				"revocation_endpoint":    p.baseURL + revokePath,
				"end_session_endpoint":   p.baseURL + logoutPath,
			}
		}
	}
	return nil
}

func (s *Server) addDomainGates() {
	s.gates[EndpointAuthorize] = newGate(s.browse(s.toLogin))
	s.gates[EndpointLogin] = newGate(s.serveLogin)
	s.gates[EndpointIDPResponse] = newGate(s.serveIDPResponse)
	s.gates[EndpointToken] = newGate(s.serveToken)
	s.gates[EndpointUserInfo] = newGate(s.serveUserInfo)
	s.gates[EndpointRevoke] = newGate(s.serveRevoke)
	s.gates[EndpointLogout] = newGate(s.serveLogout)
}

func (s *Server) routeDomain() {
	page := func(pattern string, h http.Handler) { s.mux.Handle(pattern, domainHeaders(h)) }
	page("GET "+authorizePath, s.gates[EndpointAuthorize])
	page("GET "+loginPath, s.gates[EndpointLogin])
	page("POST "+loginPath, s.gates[EndpointLogin])
	page("GET "+logoutPath, s.gates[EndpointLogout])
	page("GET "+errorPath, http.HandlerFunc(serveErrorPage))
	page("GET "+idpResponsePath, s.gates[EndpointIDPResponse])
	page("POST "+samlResponsePath, s.gates[EndpointIDPResponse])
	page("GET "+providerPath+"{provider}", http.HandlerFunc(s.serveProvider))

	api := func(method, path string, e Endpoint) { page(method+" "+path, allowAnyOrigin(s.gates[e])) }
	api("POST", tokenPath, EndpointToken)
	api("GET", userInfoPath, EndpointUserInfo)
	api("POST", userInfoPath, EndpointUserInfo)
	api("POST", revokePath, EndpointRevoke)
	for _, path := range []string{tokenPath, userInfoPath, revokePath} {
		page("OPTIONS "+path, allowAnyOrigin(http.HandlerFunc(servePreflight)))
	}
}

// domainHeaders adds what all answers of the domain carry.
func domainHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("x-amz-cognito-request-id", newUUID())
		h.Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		next.ServeHTTP(w, r)
	})
}

// allowAnyOrigin lets scripts of every site read the answer.
func allowAnyOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		next.ServeHTTP(w, r)
	})
}

func servePreflight(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	w.WriteHeader(http.StatusOK)
}
