package cognitolocal

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// Endpoint names a part of the server that counts its requests and can be
// made to misbehave on its own. An operation is an endpoint, too, by its AWS
// name, such as Endpoint("InitiateAuth"). A request for it passes the endpoint
// of its service first, and both count it.
type Endpoint string

// The endpoints.
const (
	// EndpointAPI is the user pool, and every POST / that no service knows.
	EndpointAPI       Endpoint = "api"
	EndpointJWKS      Endpoint = "jwks"
	EndpointDiscovery Endpoint = "discovery"
	// EndpointIdentityPool is all operations of the identity pools.
	EndpointIdentityPool Endpoint = "identity_pool"
	// EndpointIdentityKeys is the key set of the tokens of GetOpenIdToken.
	EndpointIdentityKeys Endpoint = "identity_keys"
	EndpointSTS          Endpoint = "sts"

	EndpointGetID          Endpoint = "GetId"
	EndpointGetCredentials Endpoint = "GetCredentialsForIdentity"
	EndpointGetOpenIDToken Endpoint = "GetOpenIdToken"
	EndpointAssumeRole     Endpoint = "AssumeRoleWithWebIdentity"

	// The pool's domain. EndpointLogin is all pages of a sign-in at the pool, the
	// ones after the password included. EndpointIDPResponse is where the other identity
	// providers send the browser back to, by either protocol.
	EndpointAuthorize   Endpoint = "authorize"
	EndpointLogin       Endpoint = "login"
	EndpointIDPResponse Endpoint = "idpresponse"
	EndpointToken       Endpoint = "token"
	EndpointUserInfo    Endpoint = "userinfo"
	EndpointRevoke      Endpoint = "revoke"
	EndpointLogout      Endpoint = "logout"
)

// SetFault makes the endpoint misbehave from the next request on; Fault{} ends
// it. Requests that hang under the old fault are served under the new one. An
// unknown endpoint is ignored.
func (s *Server) SetFault(e Endpoint, f Fault) {
	if g := s.gates[e]; g != nil {
		g.set(f)
	}
}

// Requests returns how many requests the endpoint has had since the server was
// made, those that met a fault included.
func (s *Server) Requests(e Endpoint) int {
	g := s.gates[e]
	if g == nil {
		return 0
	}
	return g.count()
}

// Calls returns how many requests for the operation came through to it, such
// as "GetId": those that met a fault of the operation included, those that met
// one of the whole service not.
func (s *Server) Calls(op string) int { return s.Requests(Endpoint(op)) }

// gate stands in front of an endpoint: it counts, and applies the fault.
type gate struct {
	next http.Handler

	mu       sync.Mutex // guards all fields below
	fault    Fault
	changed  chan struct{} // closed when the fault is replaced by set
	requests int
}

func newGate(next http.HandlerFunc) *gate {
	return &gate{next: next, changed: make(chan struct{})}
}

func (g *gate) set(f Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault = f
	close(g.changed)
	g.changed = make(chan struct{})
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.requests
}

// enter counts a new request and returns the fault that meets it.
func (g *gate) enter() (Fault, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.requests++
	return g.take(), g.changed
}

// again is enter for a request that a fault has let go. A delay that ran out
// is over: only a fault set since then meets the request too.
func (g *gate) again(seen <-chan struct{}) (Fault, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if seen == g.changed {
		return Fault{}, g.changed
	}
	return g.take(), g.changed
}

// take returns the fault and uses up one of its times. The caller holds the
// lock.
func (g *gate) take() Fault {
	f := g.fault
	if f.times > 0 {
		if g.fault.times--; g.fault.times == 0 {
			g.fault = Fault{}
		}
	}
	return f
}

// ServeHTTP runs the fault, then the endpoint if the fault lets it.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault, changed := g.enter()
	if fault.serve != nil {
		bufferBody(w, r)
	}
	for fault.serve != nil {
		if !fault.serve(w, r, changed) {
			return
		}
		fault, changed = g.again(changed)
	}
	g.next.ServeHTTP(w, r)
}

// bufferBody reads the request to its end: net/http notices that a client has
// gone only once the body is read, and a hanging request must notice.
func bufferBody(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		body = nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
}
