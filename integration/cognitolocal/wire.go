package cognitolocal

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// The wire protocol is AWS JSON 1.1: one path, the operation in a header.
const (
	targetPrefix = "AWSCognitoIdentityProviderService."
	contentType  = "application/x-amz-json-1.1"
	maxBody      = 1 << 20
	errorSpace   = "com.amazonaws.cognito.identity.idp.model"
)

// operation is one API operation, from body to answer.
type operation func(p *Pool, body []byte) (any, error)

// operations is the whole API surface. Add an operation in a file of its own
// and a line here.
var operations = map[string]operation{
	"InitiateAuth":              decoded((*Pool).initiateAuth),
	"GetTokensFromRefreshToken": decoded((*Pool).getTokensFromRefreshToken),
	"RevokeToken":               decoded((*Pool).revokeToken),
	"GetUser":                   decoded((*Pool).getUser),
}

// decoded makes an operation of a method with a typed input.
func decoded[In any](run func(*Pool, In) (any, error)) operation {
	return func(p *Pool, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, &apiError{name: "SerializationException"}
		}
		return run(p, in)
	}
}

// serveAPI answers POST /.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	op := s.route(r)
	if op == nil {
		s.writeError(w, &apiError{name: "UnknownOperationException"})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.writeError(w, &apiError{name: "SerializationException"})
		return
	}
	out, err := op(s.pool, body)
	if err != nil {
		s.writeError(w, asAPIError(err))
		return
	}
	writeAWSJSON(w, http.StatusOK, out)
}

// route finds the operation, or nil.
func (s *Server) route(r *http.Request) operation {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != contentType {
		return nil
	}
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	if !ok {
		return nil
	}
	return operations[name]
}

// ErrorForm selects among the forms in which AWS services write errors. All of
// them mean the same to a correct client. The zero value is what Cognito sends
// most of the time.
type ErrorForm struct {
	// Namespace prefixes the __type with "namespace#" and appends ":<uri>" to
	// the header.
	Namespace bool

	// CapitalMessage spells the message member "Message".
	CapitalMessage bool

	// NoHeader leaves the x-amzn-errortype header out.
	NoHeader bool
}

// SetErrorForm changes the form of errors from the next answer on.
func (s *Server) SetErrorForm(f ErrorForm) { s.errorForm.Store(&f) }

func (s *Server) writeError(w http.ResponseWriter, e *apiError) {
	s.errorForm.Load().write(w, e.status(), e)
}

func (f ErrorForm) write(w http.ResponseWriter, status int, e *apiError) {
	bodyType, headerType, key := e.name, e.name, "message"
	if f.Namespace {
		bodyType = errorSpace + "#" + e.name
		headerType = e.name + ":http://internal.amazon.com/coral/" + errorSpace + "/"
	}
	if f.CapitalMessage {
		key = "Message"
	}
	body := map[string]string{"__type": bodyType}
	if e.message != "" {
		body[key] = e.message
		w.Header().Set("x-amzn-errormessage", e.message)
	}
	if !f.NoHeader {
		w.Header().Set("x-amzn-errortype", headerType)
	}
	writeAWSJSON(w, status, body)
}

// writeAWSJSON ignores write errors: the client is gone, nobody else cares.
func writeAWSJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"__type":"`+internalError+`"}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
