package faults_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// store is a bucket in which each user has a folder named after his subject. It
// takes the credentials that Cognito gave out, by their session token; whether
// signatures are right is the business of the stores in the tests beside these.
type store struct {
	session func(accessKeyID string) (cognitolocal.Session, bool)
	now     func() time.Time
	region  atomic.Pointer[string]
	fault   atomic.Pointer[http.HandlerFunc] // answers instead
	asked   atomic.Int64

	mu      sync.Mutex // guards objects
	objects map[string]string
}

const storeRegion = "us-east-1"

func newStore(cognito *cognitolocal.Server, now func() time.Time) *store {
	s := &store{session: cognito.Session, now: now, objects: make(map[string]string)}
	s.region.Store(new(storeRegion))
	return s
}

// failWith has f answer in place of the store; nil ends it.
func (s *store) failWith(f http.HandlerFunc) {
	if f == nil {
		s.fault.Store(nil)
		return
	}
	s.fault.Store(&f)
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	if fault := s.fault.Load(); fault != nil {
		(*fault)(w, r)
		return
	}
	s.answer(w, r)
}

func (s *store) answer(w http.ResponseWriter, r *http.Request) {
	if refused := s.judge(r); refused != nil {
		refused.write(w, r)
		return
	}
	s.serve(w, r)
}

// serve does what a request with the right to it wants.
func (s *store) serve(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // nobody keeps half an object
		}
		s.mu.Lock()
		s.objects[r.URL.Path] = string(body)
		s.mu.Unlock()
	default:
		s.mu.Lock()
		body, ok := s.objects[r.URL.Path]
		s.mu.Unlock()
		if !ok {
			(&storeError{http.StatusNotFound, "NoSuchKey", ""}).write(w, r)
			return
		}
		_, _ = io.WriteString(w, body)
	}
}

// storeError is an error as S3 writes it.
type storeError struct {
	status int
	code   string
	region string
}

func (e *storeError) write(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/xml")
	if e.region != "" {
		w.Header().Set("X-Amz-Bucket-Region", e.region)
	}
	w.WriteHeader(e.status)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Region  string `xml:",omitempty"`
	}{Code: e.code, Region: e.region})
}

// onTheWay is how long a request may take from its signature to here. Credentials
// in this lab end so often that some end on the way.
const onTheWay = 2 * time.Second

// judge refuses a request as S3 does, or returns nil.
func (s *store) judge(r *http.Request) *storeError {
	key, region := scope(r.Header.Get("Authorization"))
	session, known := s.session(key)
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	now := s.now()
	folder, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"+bucketName+"/u/"), "/")
	switch {
	case region != *s.region.Load():
		return &storeError{http.StatusBadRequest, "AuthorizationHeaderMalformed", *s.region.Load()}
	case !known:
		return &storeError{http.StatusForbidden, "InvalidAccessKeyId", ""}
	case r.Header.Get("X-Amz-Security-Token") != session.SessionToken:
		return &storeError{http.StatusBadRequest, "InvalidToken", ""}
	case err != nil || now.Sub(signed).Abs() > 15*time.Minute:
		return &storeError{http.StatusForbidden, "RequestTimeTooSkewed", ""}
	case !now.Before(session.Expires.Add(onTheWay)):
		return &storeError{http.StatusBadRequest, "ExpiredToken", ""}
	case folder != session.Subject:
		return &storeError{http.StatusForbidden, "AccessDenied", ""}
	}
	return nil
}

// scope is the access key and the region in an Authorization header.
func scope(authorization string) (key, region string) {
	_, rest, _ := strings.Cut(authorization, "Credential=")
	parts := strings.Split(rest, "/")
	if len(parts) < 5 {
		return "", ""
	}
	return parts[0], parts[2]
}
