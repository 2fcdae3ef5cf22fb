package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// S3 configures the handler that serves a private bucket as a website, with the
// credentials of the user.
type S3 struct {
	// Bucket is the name of the bucket. Required.
	Bucket string `json:"bucket,omitempty"`
	// Credentials is the name of an identity_pool or web_identity. Required.
	Credentials string `json:"credentials,omitempty"`
	// Region is the AWS region of the bucket. Default: that of the credentials.
	Region string `json:"region,omitempty"`
	// Endpoint is the URL of the store. Default: S3 in the region.
	Endpoint string `json:"endpoint,omitempty"`
	// Addressing is how a URL names the bucket: `path`, in its path, or
	// `virtual_host`, in its host. Default: `virtual_host`, and `path` with an
	// endpoint, or when the bucket has dots in its name, which break TLS.
	Addressing string `json:"addressing,omitempty"`
	// Prefix stands before the path of the request to make the key of the object.
	// Placeholders are replaced for each request; one whose value is empty, a dot
	// segment or holds a slash gives status 403. The prefix ends in a slash, or the
	// path is glued to it. It is a convenience: what users may touch, the policies
	// of the store decide.
	Prefix string `json:"prefix,omitempty"`
	// Index are the names of index documents, tried in this order. Default
	// `index.html`.
	Index []string `json:"index,omitempty"`
	// IndexNone serves no index documents.
	IndexNone bool `json:"index_none,omitempty"`
	// ErrorDocument is the key of the page for objects that are not found, behind
	// the prefix; one that starts with a slash is a key without it. Placeholders
	// are replaced for each request. The status stays what it was.
	ErrorDocument string `json:"error_document,omitempty"`
	// Fallback is the key of the page that is served, with status 200, for every
	// path without an object: the start page of a single-page application. Scripts,
	// styles and images, which browsers mark as such, get status 404 all the same.
	// The key is read like that of `error_document`, which it cannot be combined
	// with.
	Fallback string `json:"fallback,omitempty"`
	// ShowDenied answers 403 where the store denies a read. Default: 404, since
	// S3 denies access to missing objects to whoever may not list the bucket.
	ShowDenied bool `json:"show_denied,omitempty"`
	// Methods are the methods that reach the bucket, of GET, HEAD, PUT and
	// DELETE. Default: GET and HEAD.
	Methods []string `json:"methods,omitempty"`
	// MaxUpload bounds an upload, in bytes. Longer ones get status 413. Default:
	// 5 GiB, which is what S3 takes at once.
	MaxUpload int64 `json:"max_upload,omitempty"`
	// SharedCache leaves the Cache-Control of objects as it is. Default: what
	// answers say is made private, so that no cache gives one user's objects to
	// another.
	SharedCache bool `json:"shared_cache,omitempty"`
	// RedirectOver redirects GET requests for objects of at least so many bytes
	// to a presigned URL of the store, which is good for a minute. Whoever has
	// the URL can read the object. Default: all bytes go through the edge.
	RedirectOver int64 `json:"redirect_over,omitempty"`
	S3Requests
	// Transport holds options of Caddy's HTTP transport, for the connections to the
	// store.
	Transport json.RawMessage `json:"transport,omitempty"`
	// InsecureHTTP allows an http endpoint that is not on this machine. Whoever
	// sits on the way then reads the objects, and the session tokens of users: for
	// test networks only.
	InsecureHTTP bool `json:"insecure_http,omitempty"`
}

// DefaultMaxUpload is what S3 takes in one request.
const DefaultMaxUpload = 5 << 30

// How a URL names a bucket.
const (
	AddressingPath        = "path"
	AddressingVirtualHost = "virtual_host"
)

var (
	bucketForm    = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	bucketMethods = []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete}
)

// BaseURL is where the bucket's keys are. By default the host names the bucket,
// since that is all AWS promises for new buckets. The configuration must be valid,
// and have its region.
func (s *S3) BaseURL() *url.URL {
	endpoint := s.Endpoint
	if endpoint == "" {
		endpoint = "https://s3." + s.Region + "." + verifier.DNSSuffix(s.Region)
	}
	base, _ := url.Parse(strings.TrimSuffix(endpoint, "/")) // Validate has seen it
	if s.virtualHost() {
		base.Host = s.Bucket + "." + base.Host
	} else {
		base.Path += "/" + s.Bucket
	}
	return base
}

func (s *S3) virtualHost() bool {
	if s.Addressing != "" {
		return s.Addressing == AddressingVirtualHost
	}
	return s.Endpoint == "" && !strings.Contains(s.Bucket, ".")
}

// Validate checks the configuration. Placeholders of bucket, region and endpoint
// must have been replaced.
func (s *S3) Validate() error {
	if err := s.validateBucket(); err != nil {
		return err
	}
	if s.Credentials == "" {
		return errNoCredentials
	}
	return s.validate(false)
}

// ValidateSettings checks what is there, not whether something is missing, nor
// values with placeholders that are replaced when the configuration is loaded.
// With more to come, it passes over what a later setting can mend.
func (s *S3) ValidateSettings(more bool) error { return validateSettled(s, more) }

func (s *S3) validate(more bool) error {
	if s.Bucket != "" {
		if err := s.validateBucket(); err != nil {
			return err
		}
	}
	for _, check := range []func() error{
		func() error { return validateCredentials(s.Credentials) },
		func() error { return validateRegion(s.Region) },
		func() error { return validateURL("endpoint", s.Endpoint, s.InsecureHTTP || more) },
		s.validateAddressing, s.validateIndex, s.validateKeys, s.validateMethods, s.validateSizes, s.S3Requests.validate, s.validateTransport,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *S3) validateBucket() error {
	if !bucketForm.MatchString(s.Bucket) || strings.Contains(s.Bucket, "..") {
		return fmt.Errorf("bucket: expected the name of a bucket, of 3 to 63 lower-case letters, digits, dots and hyphens, got %q", s.Bucket)
	}
	return nil
}

func (s *S3) validateAddressing() error {
	switch s.Addressing {
	case "", AddressingPath, AddressingVirtualHost:
		return nil
	}
	return fmt.Errorf("addressing: expected path or virtual_host, got %q", s.Addressing)
}

func (s *S3) validateIndex() error {
	if s.IndexNone && len(s.Index) > 0 {
		return errors.New("index: none (index_none in JSON) cannot be combined with names; remove one of them")
	}
	if i := slices.IndexFunc(s.Index, func(name string) bool { return strings.Contains(name, "/") }); i >= 0 {
		return fmt.Errorf("index: expected the name of a document such as index.html, without slashes, got %q", s.Index[i])
	}
	return distinct("index", s.Index)
}

func (s *S3) validateKeys() error {
	if strings.HasPrefix(s.Prefix, "/") {
		return fmt.Errorf("prefix: keys do not start with a slash, got %q; remove it", s.Prefix)
	}
	if strings.Count(s.Prefix, "{") != strings.Count(s.Prefix, "}") {
		return fmt.Errorf("prefix: expected a closing brace for each opening one, got %q", s.Prefix)
	}
	if strings.HasSuffix(s.Prefix, "}") {
		// The path of user a and a key b/x would be that of user ab.
		return fmt.Errorf("prefix: expected a slash behind the placeholder, got %q", s.Prefix)
	}
	for _, key := range []struct{ name, value string }{{"prefix", s.Prefix}, {"error_document", s.ErrorDocument}, {"fallback", s.Fallback}} {
		if err := knownPlaceholders(key.name, key.value); err != nil {
			return err
		}
	}
	if s.ErrorDocument != "" && s.Fallback != "" {
		return errors.New("error_document: cannot be combined with fallback, which stands for every missing page; remove one of them")
	}
	return nil
}

// ownPlaceholders are those that the plugin gives a request.
var (
	ownPlaceholderForm = regexp.MustCompile(`\{http\.cognito\.([^{}]*)\}`)
	ownPlaceholders    = []string{"identity_id", "pool", "token_use", "reason"}
)

// knownPlaceholders refuses a misspelt one: it has no value for anybody, so that
// every request would be refused.
func knownPlaceholders(key, value string) error {
	for _, found := range ownPlaceholderForm.FindAllStringSubmatch(value, -1) {
		if !slices.Contains(ownPlaceholders, found[1]) {
			return fmt.Errorf("%s: unknown placeholder %s; of {http.cognito.*} there are: %s", key, found[0], strings.Join(ownPlaceholders, ", "))
		}
	}
	return nil
}

func (s *S3) validateMethods() error {
	if err := distinct("methods", s.Methods); err != nil {
		return err
	}
	for _, method := range s.Methods {
		if !slices.Contains(bucketMethods, method) {
			return fmt.Errorf("methods: expected GET, HEAD, PUT or DELETE, got %q", method)
		}
	}
	return nil
}

func (s *S3) validateSizes() error {
	if s.MaxUpload < 0 {
		return fmt.Errorf("max_upload: expected 0 or more, got %d", s.MaxUpload)
	}
	if s.RedirectOver < 0 {
		return fmt.Errorf("redirect_over: expected 0 or more, got %d", s.RedirectOver)
	}
	return nil
}

func (s *S3) validateTransport() error {
	if len(s.Transport) > 0 && !isObject(string(s.Transport)) {
		return fmt.Errorf("transport: expected an object with options of Caddy's HTTP transport, got %s", s.Transport)
	}
	return nil
}

// HasPlaceholder reports whether the bucket can be judged only when it is loaded.
func (s *S3) HasPlaceholder() bool { return hasPlaceholder(s) }

// Resolve returns a copy with the placeholders of bucket, region and endpoint
// replaced. One that is unknown or empty is an error. Those of keys are replaced
// for each request.
func (s *S3) Resolve(repl *caddy.Replacer) (*S3, error) { return resolve(s, repl) }

func (s *S3) replaceable() []replaceable {
	return []replaceable{replaceValue("bucket", &s.Bucket), replaceValue("region", &s.Region), replaceValue("endpoint", &s.Endpoint)}
}
