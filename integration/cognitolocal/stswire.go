package cognitolocal

import (
	"encoding/xml"
	"mime"
	"net/http"
	"strconv"
	"time"
)

// The wire protocol of STS is AWS Query: a form in, XML out.
const (
	formType   = "application/x-www-form-urlencoded"
	stsVersion = "2011-06-15"
)

type assumeRoleResponse struct {
	XMLName   xml.Name         `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleWithWebIdentityResponse"`
	Result    assumeRoleResult `xml:"AssumeRoleWithWebIdentityResult"`
	RequestID string           `xml:"ResponseMetadata>RequestId"`
}

type assumeRoleResult struct {
	SubjectFromWebIdentityToken string
	Audience                    string
	AssumedRoleUser             assumedRoleUser
	Credentials                 stsCredentials
	Provider                    string
}

type assumedRoleUser struct {
	ARN string `xml:"Arn"`
	ID  string `xml:"AssumedRoleId"`
}

type stsCredentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

func stsCredentialsOf(s Session) stsCredentials {
	return stsCredentials{s.AccessKeyID, s.SecretAccessKey, s.SessionToken, s.Expires.UTC().Format(time.RFC3339)}
}

type queryError struct {
	XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// isQuery reports whether the request speaks AWS Query.
func isQuery(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == formType
}

// serveSTS hands the request to the gate of its operation.
func (s *Server) serveSTS(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		writeQueryError(w, &apiError{"MalformedInput", "The form cannot be read"})
		return
	}
	action, version := r.Form.Get("Action"), r.Form.Get("Version")
	if Endpoint(action) != EndpointAssumeRole || version != stsVersion {
		writeQueryError(w, &apiError{"InvalidAction", "Could not find operation " + action + " for version " + version})
		return
	}
	s.gates[EndpointAssumeRole].ServeHTTP(w, r)
}

// serveAssumeRole answers for the one operation of STS.
func (s *Server) serveAssumeRole(w http.ResponseWriter, r *http.Request) {
	result, err := s.account.assumeRole(newAssumeRoleInput(r.Form))
	if err != nil {
		writeQueryError(w, asAPIError(err))
		return
	}
	writeXML(w, http.StatusOK, assumeRoleResponse{Result: result, RequestID: w.Header().Get("x-amzn-requestid")})
}

// queryStatus tells the codes that are no 400.
var queryStatus = map[string]int{
	"AccessDenied":            http.StatusForbidden,
	"IDPRejectedClaim":        http.StatusForbidden,
	"RegionDisabledException": http.StatusForbidden,
	"InternalFailure":         http.StatusInternalServerError,
	internalError:             http.StatusInternalServerError,
	"ServiceUnavailable":      http.StatusServiceUnavailable,
}

func writeQueryError(w http.ResponseWriter, e *apiError) {
	status, fault := http.StatusBadRequest, "Sender"
	if s, ok := queryStatus[e.name]; ok {
		status = s
	}
	if status >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	writeXML(w, status, queryError{
		Type: fault, Code: e.name, Message: e.message, RequestID: w.Header().Get("x-amzn-requestid"),
	})
}

// writeXML ignores write errors: the client is gone, nobody else cares.
func writeXML(w http.ResponseWriter, status int, v any) {
	body, err := xml.Marshal(v)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
