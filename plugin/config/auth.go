package config

import (
	"fmt"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
)

// HeaderPrefix is reserved: no request header that starts with it, in any
// spelling, reaches an upstream unless this module set it.
const HeaderPrefix = "X-Cognito-"

// Auth configures the handler that verifies a request's token and forwards the
// identity.
type Auth struct {
	Check
	// Optional lets requests without a token pass, without identity headers. A
	// token that is refused is refused all the same.
	Optional bool `json:"optional,omitempty"`
	// Forward adds identity headers to the default ones: `X-Cognito-Sub`,
	// `X-Cognito-Username`, `X-Cognito-Groups`, `X-Cognito-Scope`,
	// `X-Cognito-Client-Id`, `X-Cognito-Token-Use`, and `X-Cognito-Email` from
	// ID tokens.
	Forward []Forward `json:"forward,omitempty"`
	// ForwardNone leaves out the default identity headers.
	ForwardNone bool `json:"forward_none,omitempty"`
	// ForwardToken passes the verified token on to the upstream, as
	// `Authorization: Bearer`. Default: the upstream sees no token.
	ForwardToken bool `json:"forward_token,omitempty"`
	// Errors is how refusals are written: `json` for problem details (RFC 9457).
	// Default: as an error that Caddy's error routes can handle.
	Errors string `json:"errors,omitempty"`
	// Redirect says when a request without a session is sent to the sign-in of the
	// site instead of being refused: `auto`, when a browser navigates, `always` or
	// `never`. Default `auto`. Without `cognito_signin` on the route it has no
	// effect.
	Redirect string `json:"redirect,omitempty"`
	// AllowPreflight lets CORS preflight requests pass without a token, since
	// browsers send none with them. They carry no identity.
	AllowPreflight bool `json:"allow_preflight,omitempty"`
	// AllowAmbiguousPath lets request paths pass that an upstream may read
	// otherwise than Caddy's matchers did: with dot segments, `;`, a backslash or
	// NUL, plain or encoded, or with double encoding. Default: status 400.
	AllowAmbiguousPath bool `json:"allow_ambiguous_path,omitempty"`
}

// When a request without a session is sent to the sign-in.
const (
	RedirectAuto   = "auto"
	RedirectAlways = "always"
	RedirectNever  = "never"
)

// Forward says which header a claim goes to.
type Forward struct {
	// Claim is the exact name of the claim. A token without it sets no header.
	Claim string `json:"claim"`
	// Header is the name of the request header: letters, digits and hyphens.
	Header string `json:"header"`
	// JSON writes the value as JSON in ASCII. Default: strings as they are,
	// percent-encoded where needed, and lists joined by commas.
	JSON bool `json:"json,omitempty"`
}

// Validate checks the configuration.
func (a *Auth) Validate() error {
	if err := a.Check.Validate(); err != nil {
		return err
	}
	if a.Errors != "" && a.Errors != "json" {
		return fmt.Errorf("errors: expected json, got %q; to let handle_errors shape refusals, leave errors out", a.Errors)
	}
	if err := maybeOneOf("redirect", a.Redirect, RedirectAuto, RedirectAlways, RedirectNever); err != nil {
		return err
	}
	return a.validateForward()
}

// validateForward checks the identity headers.
func (a *Auth) validateForward() error {
	var seen []string
	for _, f := range a.Forward {
		if f.Claim == "" {
			return fmt.Errorf("forward: expected the name of a claim for header %q", f.Header)
		}
		if err := literal("forward", f.Claim); err != nil {
			return err
		}
		if err := validateHeader(f.Header); err != nil {
			return err
		}
		name := textproto.CanonicalMIMEHeaderKey(f.Header)
		if slices.Contains(seen, name) {
			return fmt.Errorf("forward: header %q is set twice; choose another name for one of them", f.Header)
		}
		seen = append(seen, name)
	}
	return nil
}

var headerForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)

// unforwardable headers have a meaning of their own on the way: setting them
// from a claim would break the request or be undone by the proxy.
var unforwardable = []string{
	"Authorization", "Connection", "Content-Length", "Cookie", "Host", "Keep-Alive", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Via", "X-Forwarded-For",
	"X-Forwarded-Host", "X-Forwarded-Proto",
}

func validateHeader(name string) error {
	if !headerForm.MatchString(name) {
		return fmt.Errorf("forward: expected a header name of letters, digits and hyphens, got %q", name)
	}
	if slices.Contains(unforwardable, textproto.CanonicalMIMEHeaderKey(name)) {
		hint := "choose another name, such as X-User-Id"
		if strings.EqualFold(name, "Authorization") {
			hint = "to pass the token on, use forward token (forward_token in JSON)"
		}
		return fmt.Errorf("forward: header %q has a meaning of its own and cannot carry a claim; %s", name, hint)
	}
	return nil
}

// Strip configures the handler that removes identity headers from public routes.
type Strip struct {
	// AllowAmbiguousPath lets request paths pass that an upstream may read
	// otherwise than Caddy's matchers did. Default: status 400.
	AllowAmbiguousPath bool `json:"allow_ambiguous_path,omitempty"`
}

// Match configures the request matcher.
type Match struct {
	// Require lists what the verified token of the request must have. Empty: any
	// verified token will do.
	Require []Requirement `json:"require,omitempty"`
}

// Validate checks the requirements.
func (m *Match) Validate() error {
	_, err := (&Check{Require: m.Require}).Requirements()
	return err
}
