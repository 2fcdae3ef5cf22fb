package config

import (
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// Transport configures the transport that sends requests as the user: signed
// with the user's AWS credentials, or with the credentials in headers.
type Transport struct {
	// Credentials is the name of an identity_pool or web_identity. Required.
	Credentials string `json:"credentials,omitempty"`
	// Service is the AWS name of the service, such as `dynamodb`, `lambda`,
	// `execute-api` or `es`. Default `s3`.
	Service string `json:"service,omitempty"`
	// Region is the AWS region of the service. Default: that of the credentials.
	Region string `json:"region,omitempty"`
	// Inject puts the credentials into headers instead of signing, for a storage
	// back end that is trusted with them.
	Inject *Inject `json:"inject,omitempty"`
	// MaxBody bounds the body of a request to a service other than S3: it is read
	// before it is sent, since its hash is signed. Longer ones get status 413.
	// In bytes; default 1 MiB. S3 uploads are streamed, and not bounded here.
	MaxBody int64 `json:"max_body,omitempty"`
	S3Requests
}

// S3Requests says what requests to S3 may ask for.
type S3Requests struct {
	// Checksum lets the store check each upload by a CRC-32 that is computed on
	// the way and sent behind the body.
	Checksum bool `json:"checksum,omitempty"`
	// AllowQuery lists query parameters that reach the store. Default: only
	// `versionId`, of GET and HEAD. Those that select another operation, such as
	// `acl` or `uploads`, are otherwise refused with status 400.
	AllowQuery []string `json:"allow_query,omitempty"`
	// AllowHeader lists request headers named `X-Amz-*` that reach the store,
	// beside `X-Amz-Meta-*` and `X-Amz-Checksum-*`. Others are refused with
	// status 400: the edge would lend the user's rights to whoever wrote them.
	AllowHeader []string `json:"allow_header,omitempty"`
}

// Inject names the headers for the credentials.
type Inject struct {
	// AccessKeyID is the header for the access key ID. Default
	// `X-Cognito-Access-Key-Id`.
	AccessKeyID string `json:"access_key_id,omitempty"`
	// SecretAccessKey is the header for the secret access key. Default
	// `X-Cognito-Secret-Access-Key`.
	SecretAccessKey string `json:"secret_access_key,omitempty"`
	// SessionToken is the header for the session token. Default
	// `X-Cognito-Session-Token`.
	SessionToken string `json:"session_token,omitempty"`
	// Expires is the header for the time until which they may be used, in
	// RFC 3339. Default `X-Cognito-Expires`.
	Expires string `json:"expires,omitempty"`
}

// injected is a header for a part of the credentials.
type injected struct {
	key       string
	name      *string
	otherwise string
}

func (i *Inject) parts() []injected {
	return []injected{
		{"access_key_id", &i.AccessKeyID, HeaderPrefix + "Access-Key-Id"},
		{"secret_access_key", &i.SecretAccessKey, HeaderPrefix + "Secret-Access-Key"},
		{"session_token", &i.SessionToken, HeaderPrefix + "Session-Token"},
		{"expires", &i.Expires, HeaderPrefix + "Expires"},
	}
}

// WithDefaults returns a copy in which every header has a name, in canonical form.
func (i Inject) WithDefaults() Inject {
	for _, part := range i.parts() {
		if *part.name == "" {
			*part.name = part.otherwise
		}
		*part.name = textproto.CanonicalMIMEHeaderKey(*part.name)
	}
	return i
}

// Headers are the names in use. The receiver must have its defaults.
func (i Inject) Headers() []string {
	return []string{i.AccessKeyID, i.SecretAccessKey, i.SessionToken, i.Expires}
}

// Validate checks the configuration. Placeholders must have been replaced.
func (t *Transport) Validate() error {
	if t.Credentials == "" {
		return errNoCredentials
	}
	return t.validate(false)
}

// ValidateSettings checks what is there, not whether something is missing, nor
// values with placeholders. With more to come, it passes over what a later setting
// can mend.
func (t *Transport) ValidateSettings(more bool) error { return validateSettled(t, more) }

func (t *Transport) validate(more bool) error {
	if err := validateCredentials(t.Credentials); err != nil {
		return err
	}
	if t.Service != "" && !regionForm.MatchString(t.Service) {
		return fmt.Errorf("service: expected the AWS name of a service such as s3 or dynamodb, got %q", t.Service)
	}
	if strings.HasPrefix(t.Service, "s3") && t.Service != "s3" {
		// Nothing would keep a client from the operations that s3 refuses.
		return fmt.Errorf("service: of the services for objects, only s3 is supported, got %q", t.Service)
	}
	if err := validateRegion(t.Region); err != nil {
		return err
	}
	if t.MaxBody < 0 {
		return fmt.Errorf("max_body: expected 0 or more, got %d", t.MaxBody)
	}
	if err := t.S3Requests.validate(); err != nil {
		return err
	}
	if t.Inject != nil {
		return t.validateInject(more)
	}
	return t.validateService(more)
}

// S3 reports whether requests are signed for S3.
func (t *Transport) S3() bool { return t.Inject == nil && (t.Service == "" || t.Service == "s3") }

// validateService: an option that does nothing is a mistake.
func (t *Transport) validateService(more bool) error {
	if t.MaxBody != 0 && (t.Service == "s3" || t.Service == "" && !more) {
		return errors.New("max_body: is for services other than s3, whose uploads are streamed; name that service, or use request_body to bound uploads")
	}
	if word := t.S3Requests.word(); !t.S3() && word != "" {
		return fmt.Errorf("%s: is for service s3 only, got service %q; remove one of them", word, t.Service)
	}
	return nil
}

func (t *Transport) validateInject(more bool) error {
	if word := t.signing(); word != "" {
		return fmt.Errorf("inject: cannot be combined with %s, since nothing is signed; remove one of them", word)
	}
	return t.Inject.validate(more)
}

// signing is a word that is about signatures, if there is one.
func (t *Transport) signing() string {
	switch {
	case t.Service != "":
		return "service"
	case t.Region != "":
		return "region"
	case t.MaxBody != 0:
		return "max_body"
	}
	return t.S3Requests.word()
}

func (i *Inject) validate(more bool) error {
	users := make(map[string]string) // keys by header
	for _, part := range i.parts() {
		name := *part.name
		if name == "" && more {
			continue
		}
		if name == "" {
			name = part.otherwise
		}
		if err := part.validate(name); err != nil {
			return err
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if other := users[name]; other != "" {
			return fmt.Errorf("inject: header %q is used for both %s and %s; choose another name for one of them", name, other, part.key)
		}
		users[name] = part.key
	}
	return nil
}

func (part injected) validate(name string) error {
	if !headerForm.MatchString(name) {
		return fmt.Errorf("inject: %s: expected a header name of letters, digits and hyphens, got %q", part.key, name)
	}
	if slices.Contains(unforwardable, textproto.CanonicalMIMEHeaderKey(name)) {
		return fmt.Errorf("inject: %s: header %q has a meaning of its own; choose another name, such as %s", part.key, name, part.otherwise)
	}
	return nil
}

// HasPlaceholder reports whether the transport can be judged only when it is
// loaded.
func (t *Transport) HasPlaceholder() bool { return hasPlaceholder(t) }

// Resolve returns a copy with the placeholders of the region replaced. One that is
// unknown or empty is an error.
func (t *Transport) Resolve(repl *caddy.Replacer) (*Transport, error) { return resolve(t, repl) }

func (t *Transport) replaceable() []replaceable {
	return []replaceable{replaceValue("region", &t.Region)}
}

// word is one that is set; empty: none is.
func (s *S3Requests) word() string {
	switch {
	case s.Checksum:
		return "checksum"
	case len(s.AllowQuery) > 0:
		return "allow_query"
	case len(s.AllowHeader) > 0:
		return "allow_header"
	}
	return ""
}

// reserved are headers and query parameters of signatures, which only the edge
// makes.
var reserved = []string{
	"x-amz-algorithm", "x-amz-content-sha256", "x-amz-credential", "x-amz-date", "x-amz-decoded-content-length", "x-amz-expires",
	"x-amz-security-token", "x-amz-signature", "x-amz-signedheaders", "x-amz-trailer",
}

var queryForm = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

func (s *S3Requests) validate() error {
	for _, name := range s.AllowQuery {
		if name != "" && !queryForm.MatchString(name) {
			return fmt.Errorf("allow_query: expected the name of a query parameter such as partNumber, got %q", name)
		}
	}
	for _, name := range s.AllowHeader {
		if name != "" && (!strings.HasPrefix(strings.ToLower(name), "x-amz-") || !headerForm.MatchString(name)) {
			return fmt.Errorf("allow_header: expected the name of a header that starts with x-amz-, got %q", name)
		}
	}
	if err := validateAllowed("allow_query", s.AllowQuery); err != nil {
		return err
	}
	return validateAllowed("allow_header", s.AllowHeader)
}

func validateAllowed(key string, names []string) error {
	for _, name := range names {
		if slices.Contains(reserved, strings.ToLower(name)) {
			return fmt.Errorf("%s: %q belongs to the signature, which only the edge makes; remove it", key, name)
		}
	}
	return distinct(key, names)
}

var errNoCredentials = errors.New("credentials: required; name an identity_pool or web_identity")

func validateCredentials(name string) error {
	if name != "" && !nameForm.MatchString(name) {
		return fmt.Errorf("credentials: expected the name of an identity_pool or web_identity, got %q", name)
	}
	return nil
}
