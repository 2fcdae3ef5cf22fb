package cognitolocal

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// The wire protocol of the user pool and the identity pools is AWS JSON 1.1:
// one path, the operation in a header.
const (
	userPoolTarget     = "AWSCognitoIdentityProviderService."
	identityPoolTarget = "AWSCognitoIdentityService."
	targetHeader       = "X-Amz-Target"
	contentType        = "application/x-amz-json-1.1"
	maxBody            = 1 << 20
	errorSpace         = "com.amazonaws.cognito.identity.idp.model"
)

// operation is one API operation, from body to answer.
type operation func(s *Server, body []byte) (any, error)

// operations is the whole JSON surface by target. Add an operation in a file of
// its own and a line here.
var operations = map[string]operation{
	userPoolTarget + "InitiateAuth":              ofPool((*Pool).initiateAuth),
	userPoolTarget + "GetTokensFromRefreshToken": ofPool((*Pool).getTokensFromRefreshToken),
	userPoolTarget + "RevokeToken":               ofPool((*Pool).revokeToken),
	userPoolTarget + "GetUser":                   ofPool((*Pool).getUser),

	userPoolTarget + "RespondToAuthChallenge": ofPool((*Pool).respondToAuthChallenge),
	userPoolTarget + "AssociateSoftwareToken": ofPool((*Pool).associateSoftwareToken),
	userPoolTarget + "VerifySoftwareToken":    ofPool((*Pool).verifySoftwareToken),
	userPoolTarget + "SetUserMFAPreference":   ofPool((*Pool).setUserMFAPreference),
	userPoolTarget + "GetUserAuthFactors":     ofPool((*Pool).getUserAuthFactors),

	userPoolTarget + "ConfirmDevice":      ofPool((*Pool).confirmDevice),
	userPoolTarget + "UpdateDeviceStatus": ofPool((*Pool).updateDeviceStatus),
	userPoolTarget + "ForgetDevice":       ofPool((*Pool).forgetDevice),
	userPoolTarget + "GetDevice":          ofPool((*Pool).getDevice),
	userPoolTarget + "ListDevices":        ofPool((*Pool).listDevices),

	userPoolTarget + "StartWebAuthnRegistration":    ofPool((*Pool).startWebAuthnRegistration),
	userPoolTarget + "CompleteWebAuthnRegistration": ofPool((*Pool).completeWebAuthnRegistration),
	userPoolTarget + "ListWebAuthnCredentials":      ofPool((*Pool).listWebAuthnCredentials),
	userPoolTarget + "DeleteWebAuthnCredential":     ofPool((*Pool).deleteWebAuthnCredential),

	userPoolTarget + "SignUp":                 ofPool((*Pool).signUp),
	userPoolTarget + "ConfirmSignUp":          ofPool((*Pool).confirmSignUp),
	userPoolTarget + "ResendConfirmationCode": ofPool((*Pool).resendConfirmationCode),
	userPoolTarget + "ForgotPassword":         ofPool((*Pool).forgotPassword),
	userPoolTarget + "ConfirmForgotPassword":  ofPool((*Pool).confirmForgotPassword),
	userPoolTarget + "ChangePassword":         ofPool((*Pool).changePassword),
	userPoolTarget + "GlobalSignOut":          ofPool((*Pool).globalSignOut),

	identityPoolTarget + "GetId":                     ofAccount((*account).getID),
	identityPoolTarget + "GetCredentialsForIdentity": ofAccount((*account).getCredentials),
	identityPoolTarget + "GetOpenIdToken":            ofAccount((*account).getOpenIDToken),
}

// ofPool makes an operation of a method of the user pool.
func ofPool[In any](run func(*Pool, In) (any, error)) operation {
	return decoded(func(s *Server, in In) (any, error) { return run(s.pool, in) })
}

// ofAccount makes an operation of a method of the account.
func ofAccount[In any](run func(*account, In) (any, error)) operation {
	return decoded(func(s *Server, in In) (any, error) { return run(s.account, in) })
}

// decoded makes an operation of a function with a typed input.
func decoded[In any](run func(*Server, In) (any, error)) operation {
	return func(s *Server, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, &apiError{name: "SerializationException"}
		}
		return run(s, in)
	}
}

// dispatch finds the service that a POST / is for. AWS has one host for each;
// here they share the base URL, and the request tells them apart.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	endpoint := EndpointAPI
	switch {
	case isQuery(r):
		endpoint = EndpointSTS
	case strings.HasPrefix(r.Header.Get(targetHeader), identityPoolTarget):
		endpoint = EndpointIdentityPool
	}
	s.gates[endpoint].ServeHTTP(w, r)
}

// serveJSON hands the request to the gate of its operation.
func (s *Server) serveJSON(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get(targetHeader)
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != contentType || operations[target] == nil {
		s.writeError(w, &apiError{name: "UnknownOperationException"})
		return
	}
	s.gates[endpointOf(target)].ServeHTTP(w, r)
}

// endpointOf is the name of the operation without its service: no two services
// here share one.
func endpointOf(target string) Endpoint {
	_, name, _ := strings.Cut(target, ".")
	return Endpoint(name)
}

// serveOperation answers for one operation.
func (s *Server) serveOperation(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			s.writeError(w, &apiError{name: "SerializationException"})
			return
		}
		out, err := op(s, body)
		if err != nil {
			s.writeError(w, asAPIError(err))
			return
		}
		writeAWSJSON(w, http.StatusOK, out)
	}
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
