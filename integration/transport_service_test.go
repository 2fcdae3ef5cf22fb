package integration_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const serviceRegion = "eu-west-1"

// awsService stands for a service of AWS. It computes the signature of each
// request from what arrived, and serves those only whose signature is the same,
// with the subject of the session for a body.
type awsService struct {
	name     string
	addr     string // host:port
	sessions func(accessKeyID string) (cognitolocal.Session, bool)
	clock    atomic.Int64 // nanoseconds that it is ahead

	mu       sync.Mutex // guards all below
	requests []arrived
	answer   func(w http.ResponseWriter, r *http.Request, who arrived) bool // false: as usual
}

// arrived is a request as the service saw it, and what it thinks of it.
type arrived struct {
	seen
	session cognitolocal.Session
	err     error // nil: served
	length  int64
	chunked bool
}

// awsFault is an error of AWS.
type awsFault struct {
	status        int
	code, message string
}

func (f *awsFault) Error() string { return f.code + ": " + f.message }

func newService(t *testing.T, name string, issuer *cognitolocal.Server, start func(*httptest.Server)) *awsService {
	t.Helper()
	s := &awsService{name: name, sessions: issuer.Session}
	server := httptest.NewUnstartedServer(s)
	if start == nil {
		start = (*httptest.Server).Start
	}
	start(server)
	t.Cleanup(server.Close)
	s.addr = server.Listener.Addr().String()
	return s
}

// ServeHTTP implements [http.Handler]. /healthz is for everybody.
func (s *awsService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // nobody believes half a request
	}
	got := arrived{
		seen:   seen{r.Method, r.RequestURI, r.Host, string(body), r.Header.Clone(), r.Trailer.Clone()},
		length: r.ContentLength, chunked: len(r.TransferEncoding) > 0,
	}
	if r.URL.Path != "/healthz" {
		got.session, got.err = s.verify(r, body)
	}
	s.mu.Lock()
	s.requests = append(s.requests, got)
	answer := s.answer
	s.mu.Unlock()
	var fault *awsFault
	switch {
	case answer != nil && answer(w, r, got):
	case errors.As(got.err, &fault):
		s.refuse(w, fault)
	default:
		_, _ = io.WriteString(w, got.session.Subject)
	}
}

// now is the service's time.
func (s *awsService) now() time.Time { return time.Now().Add(time.Duration(s.clock.Load())) }

// answers replaces what the service does from the next request on; nil: as usual.
func (s *awsService) answers(answer func(w http.ResponseWriter, r *http.Request, who arrived) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// take returns what arrived and forgets it.
func (s *awsService) take() []arrived {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// one is the only request since the last take, and a good one.
func (s *awsService) one(t *testing.T) arrived {
	t.Helper()
	requests := s.take()
	if len(requests) != 1 {
		t.Fatalf("expected 1 request at the service, got %d: %+v", len(requests), requests)
	}
	if requests[0].err != nil {
		t.Errorf("the service refused %s %s: %v", requests[0].method, requests[0].uri, requests[0].err)
	}
	return requests[0]
}

// none fails the test when anything arrived.
func (s *awsService) none(t *testing.T) {
	t.Helper()
	if requests := s.take(); len(requests) > 0 {
		t.Errorf("expected nothing at the service, got %+v", requests)
	}
}

const (
	unknownToken = "The security token included in the request is invalid."
	expiredToken = "The security token included in the request is expired"
	notMatching  = "The request signature we calculated does not match the signature you provided."
)

// verify is the whole check: who signed, when, what, and with which secret.
func (s *awsService) verify(r *http.Request, body []byte) (cognitolocal.Session, error) {
	incomplete := func(err error) (cognitolocal.Session, error) {
		return cognitolocal.Session{}, &awsFault{403, "IncompleteSignatureException", err.Error()}
	}
	authorization, err := oneValue(r.Header, "Authorization")
	if err != nil {
		return incomplete(err)
	}
	date, err := oneValue(r.Header, "X-Amz-Date")
	if err != nil {
		return incomplete(err)
	}
	token, err := oneValue(r.Header, "X-Amz-Security-Token")
	if err != nil {
		return incomplete(err)
	}
	signed, err := parseSigV4(authorization)
	if err != nil {
		return incomplete(err)
	}
	if err := signed.covers(r.Header); err != nil {
		return incomplete(err)
	}
	if err := s.inTime(signed, date); err != nil {
		return cognitolocal.Session{}, err
	}
	session, ok := s.sessions(signed.accessKeyID)
	switch {
	case !ok || token != session.SessionToken:
		return cognitolocal.Session{}, &awsFault{403, "UnrecognizedClientException", unknownToken}
	case !s.now().Before(session.Expires) && s.clock.Load() == 0:
		return cognitolocal.Session{}, &awsFault{403, "ExpiredTokenException", expiredToken}
	}
	hash, err := s.payloadHash(r.Header, body)
	if err != nil {
		return incomplete(err)
	}
	computed, err := signed.of(r, hash, session.SecretAccessKey)
	if err != nil {
		return incomplete(err)
	}
	if computed != signed.signature {
		return cognitolocal.Session{}, &awsFault{403, "InvalidSignatureException", notMatching}
	}
	return session, nil
}

// inTime checks date and scope. Most services allow five minutes.
func (s *awsService) inTime(signed sigv4, date string) error {
	const form = "20060102T150405Z"
	at, err := time.Parse(form, date)
	switch {
	case err != nil || signed.date != date[:8] || signed.region != serviceRegion || signed.service != s.name:
		return &awsFault{403, "InvalidSignatureException", fmt.Sprintf("Credential should be scoped to a valid region and service, got %+v at %q.", signed, date)}
	case s.now().Sub(at) > 5*time.Minute:
		return &awsFault{403, "InvalidSignatureException", fmt.Sprintf("Signature expired: %s is now earlier than %s", date, s.now().UTC().Format(form))}
	case at.Sub(s.now()) > 5*time.Minute:
		return &awsFault{403, "InvalidSignatureException", fmt.Sprintf("Signature not yet current: %s is still later than %s", date, s.now().UTC().Format(form))}
	}
	return nil
}

// payloadHash is the hash that was signed. It must be that of the body, except at
// S3, which takes bodies that nobody hashed.
func (s *awsService) payloadHash(h http.Header, body []byte) (string, error) {
	computed, said := hexHash(body), h.Get("X-Amz-Content-Sha256")
	switch {
	case said == "" && s.name == "s3":
		return "", errors.New("X-Amz-Content-Sha256 is missing")
	case said == "UNSIGNED-PAYLOAD" && s.name == "s3":
		return said, nil
	case said != "" && said != computed:
		return "", fmt.Errorf("the body does not have the hash %s", said)
	}
	return computed, nil
}

// refuse answers in the form of the service's protocol, with its own time.
func (s *awsService) refuse(w http.ResponseWriter, f *awsFault) {
	w.Header()["Date"] = []string{s.now().UTC().Format(http.TimeFormat)}
	switch s.name {
	case "dynamodb": // JSON, with the code in the body, and 400 for everything
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazon.coral.service#" + f.code, "message": f.message})
	case "sqs": // the query protocol
		code := strings.NewReplacer("UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException", "ExpiredToken",
			"InvalidSignatureException", "SignatureDoesNotMatch").Replace(f.code)
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(f.status)
		_, _ = fmt.Fprintf(w, "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">"+
			"<Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>", code, f.message)
	default: // the code in a header
		w.Header().Set("X-Amzn-ErrorType", f.code)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(f.status)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": f.message})
	}
}

// newStreamCheck is an upstream that tells when the first five octets of a body
// have come, and answers with the whole.
func newStreamCheck(t *testing.T, began chan<- struct{}) (addr string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first := make([]byte, 5)
		if _, err := io.ReadFull(r.Body, first); err != nil {
			return
		}
		close(began)
		rest, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		_, _ = fmt.Fprintf(w, "%s%s %s %d", first, rest, r.Header.Get("X-Amz-Content-Sha256"), r.ContentLength)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}
