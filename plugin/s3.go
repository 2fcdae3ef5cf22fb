package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"go.uber.org/zap"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/credentials"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// S3 serves a private bucket of S3, or of a store like it, as a website, and as an
// upload target when its methods say so. Every request is signed with the
// temporary credentials of its user, so that the store's own policies decide what
// each user may touch.
//
// It needs a `cognito_auth` with `token_use id` on the route. Keys may hold `%2F`
// and `;`; for the latter, and for backslashes, that cognito_auth needs
// `allow_ambiguous_path`. Dot segments are refused always.
//
// A path that ends in a slash is answered with its index document, and one
// without an object, but with an index document below it, with a redirect to the
// path with a slash. Range and conditional requests work as RFC 9110 has them.
// Errors of the store are answered with Caddy's error routes, or with the error
// document, and never with the store's own text. Compression is left to `encode`.
//
// Requests are refused with 400 when they hold `X-Amz-*` headers or query
// parameters that select another operation of S3, or dot segments; 405 for other
// methods; 411 and 413 for uploads without a length or over the limit; and for
// want of credentials as the transport `cognito_aws` does.
//
// Placeholders: `{http.cognito.identity_id}` is the user's ID in the identity
// pool.
type S3 struct {
	config.S3

	exchange *exchange
	requests *s3Requests
	store    caddyhttp.MiddlewareHandler // a reverse_proxy with our transport
	sender   *credentials.Sender         // of that
	base     *url.URL                    // of keys
	target   credentials.Target
	problems *problemLog
}

// CaddyModule returns the Caddy module information.
func (S3) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.cognito_s3", New: func() caddy.Module { return new(S3) }}
}

// UnmarshalCaddyfile parses the directive; see [parse.ParseS3] for its syntax.
func (s *S3) UnmarshalCaddyfile(d *caddyfile.Dispenser) (err error) {
	s.S3, err = parse.ParseS3(d, parseHTTPTransport)
	return err
}

// Provision finds the exchange and makes the proxy to the store.
func (s *S3) Provision(ctx caddy.Context) error {
	app, err := loadApp(ctx)
	if err != nil {
		return err
	}
	resolved, err := s.Resolve(app.repl)
	if err != nil {
		return err
	}
	s.S3 = *resolved
	if err := s.S3.Validate(); err != nil {
		return err
	}
	if s.exchange, err = app.exchange(s.Credentials); err != nil {
		return err
	}
	if s.exchange.Kind == "web_identity" && strings.Contains(s.Prefix, ownPlaceholder+"identity_id") {
		return errors.New("prefix: {http.cognito.identity_id} is empty with a web_identity, which knows no identities; use {http.auth.user.sub}")
	}
	s.setDefaults()
	s.problems = &problemLog{
		logger: ctx.Logger(), audit: app.env.audit, directive: "cognito_s3",
		about: []zap.Field{zap.String("bucket", s.Bucket), zap.String("endpoint", s.base.Scheme+"://"+s.base.Host)},
	}
	s.requests = newS3Requests(&s.S3Requests)
	return s.provisionStore(ctx)
}

func (s *S3) setDefaults() {
	if s.Region == "" {
		s.Region = s.exchange.Region
	}
	if len(s.Index) == 0 && !s.IndexNone {
		s.Index = []string{"index.html"}
	}
	if len(s.Methods) == 0 {
		s.Methods = []string{http.MethodGet, http.MethodHead}
	}
	if s.MaxUpload == 0 {
		s.MaxUpload = config.DefaultMaxUpload
	}
	s.target = credentials.Target{Service: "s3", Region: s.Region}
	s.base = s.BaseURL()
}

// provisionStore makes the proxy to the store: Caddy's own, with its connections,
// streaming and logs.
func (s *S3) provisionStore(ctx caddy.Context) error {
	transport, err := s.storeTransport()
	if err != nil {
		return err
	}
	proxy, err := json.Marshal(map[string]any{
		"upstreams": []map[string]string{{"dial": dialAddress(s.base)}},
		"transport": caddyconfig.JSONModuleObject(transport, "protocol", "cognito_aws", nil),
	})
	if err != nil {
		return err
	}
	module, err := ctx.LoadModuleByID("http.handlers.reverse_proxy", proxy)
	if err != nil {
		return fmt.Errorf("transport: %w", err)
	}
	handler := module.(*reverseproxy.Handler)
	sending := handler.Transport.(*Transport)
	sending.problems = s.problems // in the words of who wrote cognito_s3
	s.store, s.sender = handler, sending.sender
	return nil
}

// storeTransport signs, and has the configured options of Caddy's own transport.
// What is signed, such as service, is none of them.
func (s *S3) storeTransport() (*Transport, error) {
	options := new(reverseproxy.HTTPTransport)
	if len(s.Transport) > 0 {
		if err := caddy.StrictUnmarshalJSON(s.Transport, options); err != nil {
			return nil, fmt.Errorf("transport: expected options of Caddy's HTTP transport alone: %w", err)
		}
	}
	if options.TLS == nil && s.base.Scheme == "https" {
		options.TLS = new(reverseproxy.TLSConfig)
	}
	signing := config.Transport{Credentials: s.Credentials, Region: s.Region, S3Requests: s.S3Requests}
	return &Transport{Transport: signing, HTTPTransport: options}, nil
}

func dialAddress(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// The reasons for which a request does not reach the store, beside those of
// [s3Requests].
var (
	errMethod         = errors.New("method not allowed")
	errKey            = errors.New("the path names no object")
	errNoPrefix       = errors.New("the user has no place in the bucket")
	errUploadTooLarge = errors.New("the upload is too large")
)

// ServeHTTP implements [caddyhttp.MiddlewareHandler].
func (s *S3) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	err := s.serve(w, r)
	switch reason := reasonOf(err); {
	case err == nil, reason == "other", reason == "canceled" && r.Context().Err() == nil: // a time-out of the store looks like that
		return err // the proxy's
	}
	return s.problems.refuse(w, r, err)
}

func (s *S3) serve(w http.ResponseWriter, r *http.Request) error {
	if !slices.Contains(s.Methods, r.Method) {
		w.Header().Set("Allow", strings.Join(s.Methods, ", "))
		return errMethod
	}
	header, err := s.requests.headers(r.Header)
	if err != nil {
		return err
	}
	originalTags(header)
	query, err := s.requests.queryOf(r)
	if err != nil {
		return err
	}
	if len(query.unknown) > 0 && !reads(r.Method) {
		return &s3RequestError{"query parameter", query.unknown[0]}
	}
	grant, _, err := s.exchange.grant(r.Context())
	if err != nil {
		return err
	}
	prefix, err := s.prefixOf(r)
	if err != nil {
		return err
	}
	v := &visit{S3: s, w: w, r: r, header: header, query: query.allowed, prefix: prefix, grant: grant}
	if reads(r.Method) {
		return v.read()
	}
	return v.write()
}

// prefixOf replaces placeholders. One that is empty would give a user the place
// of another, or all places, so it is refused; so are values that would leave
// the place.
func (s *S3) prefixOf(r *http.Request) (string, error) {
	if !strings.Contains(s.Prefix, "{") {
		return s.Prefix, nil
	}
	prefix, err := replaceKey(r, s.Prefix)
	if err != nil {
		return "", errNoPrefix
	}
	return prefix, nil
}

// replaceKey replaces the placeholders of a key. No value may be empty, hold a
// slash, or be a dot segment.
func replaceKey(r *http.Request, key string) (string, error) {
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	return repl.ReplaceFunc(key, func(name string, value any) (any, error) {
		text := caddy.ToString(value)
		if text == "" || text == "." || text == ".." || strings.ContainsAny(text, "/\\\x00") {
			return nil, fmt.Errorf("%s cannot be a part of a key", name)
		}
		return text, nil
	})
}

// Interface guards
var (
	_ caddy.Provisioner           = (*S3)(nil)
	_ caddyhttp.MiddlewareHandler = (*S3)(nil)
	_ caddyfile.Unmarshaler       = (*S3)(nil)
)
