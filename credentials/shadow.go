package credentials

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// signatureHeaders are those that belong to the signature.
var signatureHeaders = [4]string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"}

func ofSignature(name string) bool {
	switch name {
	case "Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256":
		return true
	}
	return false
}

// shadow is the part of a request that is signed. The SDK signs every header
// that it finds and writes into the ones it is given.
type shadow struct {
	request http.Request
	url     url.URL
	header  http.Header
}

// shadows are used again: making one costs a fifth of a signature.
var shadows = sync.Pool{New: func() any { return &shadow{header: make(http.Header)} }}

// take fills the shadow from r, but for what the signature will replace. The
// values it returns are places for the new ones, in the order of
// signatureHeaders: r keeps them, so they are made anew each time.
func (s *shadow) take(r *http.Request) *[len(signatureHeaders)]string {
	s.url = *r.URL
	if s.url.Scheme == "" {
		s.url.Scheme = "https" // a default port is then left out of the signed host
	}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Amz-") && !ofSignature(name) {
			s.header[name] = values
		}
	}
	s.request.Method, s.request.Host, s.request.URL, s.request.Header = r.Method, r.Host, &s.url, s.header
	return new([len(signatureHeaders)]string)
}

// collapse makes one slash of several that follow each other: services other than
// S3 do that before they compute the signature, and the SDK's signer does not.
func (s *shadow) collapse() {
	path := s.url.EscapedPath()
	if !strings.Contains(path, "//") {
		return
	}
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	s.url.Opaque = "//" + s.url.Host + path // the one form that the signer leaves alone
}

// give puts the signature into r, in place of one that the client may have sent.
func (s *shadow) give(r *http.Request) {
	for _, name := range signatureHeaders {
		if values := s.header[name]; len(values) > 0 {
			r.Header[name] = values
		} else {
			delete(r.Header, name)
		}
	}
	r.URL.RawQuery = s.url.RawQuery
}

// release forgets what the next use does not replace: a shadow holds a session token, and the next user
// must not find it.
func (s *shadow) release() {
	clear(s.header)
	s.url = url.URL{}
	shadows.Put(s)
}
