package cognitolocal

import (
	"encoding/json"
	"maps"
	"net/http"
)

// Paths below the pool ID.
const (
	jwksPath      = "/.well-known/jwks.json"
	discoveryPath = "/.well-known/openid-configuration"
)

// serveJWKS answers with the key set.
func (s *Server) serveJWKS(w http.ResponseWriter, _ *http.Request) {
	doc, err := s.pool.JWKS()
	writeDocument(w, doc, err)
}

// serveDiscovery names the endpoints of the domain only if a client may use
// them: a pool of which no client does passes for one without a domain.
func (s *Server) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	members := map[string]any{
		"issuer":                                s.pool.Issuer(),
		"jwks_uri":                              s.pool.JWKSURL(),
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code", "token"},
		"scopes_supported":                      []string{"openid", "email", "phone", "profile"},
		"subject_types_supported":               []string{"public"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
	}
	maps.Copy(members, s.pool.domainEndpoints())
	doc, err := json.Marshal(members)
	writeDocument(w, doc, err)
}

func writeDocument(w http.ResponseWriter, doc []byte, err error) {
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(doc)
}
