package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// DefaultSigninPrefix begins the paths of sign-in.
const DefaultSigninPrefix = "/_cognito"

// What the JSON API gives at the end of a sign-in.
const (
	DeliverSession = "session"
	DeliverTokens  = "tokens"
)

// Signin configures the handler that signs users in.
type Signin struct {
	// Pool is the name of a configured user pool. Required.
	Pool string `json:"pool,omitempty"`
	// Prefix begins the paths of sign-in: `sign-in`, `callback`, `sign-out` and
	// `session` below it. Default `/_cognito`.
	Prefix string `json:"prefix,omitempty"`
	// Origin is the site as browsers know it, such as `https://app.example.com`.
	// Default: as the request says, heeding X-Forwarded-* of trusted proxies.
	Origin string `json:"origin,omitempty"`
	// Page shows our own sign-in page. Default: there is one, unless `hosted` is
	// set.
	Page *Page `json:"page,omitempty"`
	// Hosted sends users to the pages of the user pool's domain, and to the
	// providers of `page`. It needs the `domain` of the pool.
	Hosted *Hosted `json:"hosted,omitempty"`
	// Deliver is what the JSON API gives at the end: `session`, the cookie, or
	// `tokens`, for terminal and mobile applications. Default `session`.
	Deliver string `json:"deliver,omitempty"`
	// ReturnTo lists the origins besides our own to which users may return after
	// they signed in, such as `https://app.example.com`.
	ReturnTo []string `json:"return_to,omitempty"`
	// SignOutTo is where users land after they signed out: a path or an https URL.
	// With `hosted`, it must be among the sign-out URLs of the app client. Default:
	// a page that says so, `<prefix>/signed-out`.
	SignOutTo string `json:"sign_out_to,omitempty"`
	// GlobalSignOut ends all sessions of the user, at every device, when he signs
	// out. It needs the scope aws.cognito.signin.user.admin.
	GlobalSignOut bool `json:"global_sign_out,omitempty"`
	// Claims are what the session endpoint tells of the ID token, beside `sub`.
	Claims []string `json:"claim,omitempty"`
	// Limits replace the default limits on attempts, each for its kind.
	Limits []Limit `json:"limit,omitempty"`
}

// Limit bounds attempts to sign in.
type Limit struct {
	// Per is what is counted: `address`, `user`, `client` or `all`.
	Per string `json:"per"`
	// PerMinute is how many attempts a minute are allowed, and at once. Default
	// 60 for an address, 12 for a user, 1200 for a client and 2400 in all.
	PerMinute int `json:"per_minute"`
}

// Hosted configures the way through the pages of the user pool's domain, by the
// OAuth 2.0 authorization code grant with PKCE.
type Hosted struct {
	// Scopes are asked for; `openid` must be among them. Default: all that the app
	// client allows.
	Scopes []string `json:"scope,omitempty"`
	// IdentityProvider takes users straight to one provider of the pool.
	IdentityProvider string `json:"identity_provider,omitempty"`
	// IDPIdentifier takes users straight to the provider with that identifier.
	IDPIdentifier string `json:"idp_identifier,omitempty"`
	// Pass lists what the sign-in URL may hand through: `lang`, `login_hint`,
	// `identity_provider`, `idp_identifier`.
	Pass []string `json:"pass,omitempty"`
}

var signinPrefixForm = regexp.MustCompile(`^(/[^\s?#*%{}\\/;]+)+$`)

// Validate checks the configuration. Placeholders must have been replaced.
func (s *Signin) Validate() error {
	if s.Pool == "" {
		return errors.New("pool: required; name a configured user_pool")
	}
	return s.validate(false)
}

// ValidateSettings checks what is there, not whether something is missing, nor
// values with placeholders. With more to come, it passes over what a later setting
// can mend.
func (s *Signin) ValidateSettings(more bool) error { return validateSettled(s, more) }

func (s *Signin) validate(more bool) error {
	for _, check := range []func() error{
		s.validatePool, s.validatePrefix, s.validateOrigins, s.validateSignOutTo,
		func() error { return s.validateDeliver(more) },
		func() error { return literals("claim", s.Claims) },
		s.validateLimits,
		func() error { return s.Page.validate(more) },
		s.Hosted.validate, s.validateProvider,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Signin) validatePool() error {
	if IsPoolID(s.Pool) {
		return fmt.Errorf("pool: expected the name of a user_pool, got the pool ID %q; configure it as a user_pool and use that name", s.Pool)
	}
	if s.Pool != "" && !nameForm.MatchString(s.Pool) {
		return fmt.Errorf("pool: expected the name of a user_pool, got %q", s.Pool)
	}
	return nil
}

func (s *Signin) validatePrefix() error {
	if s.Prefix == "" {
		return nil
	}
	segments := strings.Split(s.Prefix, "/")
	if !signinPrefixForm.MatchString(s.Prefix) || slices.Contains(segments, ".") || slices.Contains(segments, "..") {
		return fmt.Errorf("prefix: expected a path such as %s, without placeholders, wildcards, query and a slash at the end, got %q", DefaultSigninPrefix, s.Prefix)
	}
	return nil
}

func (s *Signin) validateOrigins() error {
	if err := validateOrigin("origin", s.Origin); err != nil {
		return err
	}
	for _, origin := range s.ReturnTo {
		if err := validateOrigin("return_to", origin); err != nil {
			return err
		}
	}
	return distinct("return_to", s.ReturnTo)
}

func (s *Signin) validateSignOutTo() error {
	if s.SignOutTo == "" || isPath(s.SignOutTo) || isSecureURL(s.SignOutTo) {
		return nil
	}
	if err := withoutPassword("sign_out_to", s.SignOutTo); err != nil {
		return err
	}
	return fmt.Errorf("sign_out_to: expected a path such as /goodbye or an https URL, got %q; http is for this machine only", s.SignOutTo)
}

// validateDeliver: the hosted pages know nothing but sessions.
func (s *Signin) validateDeliver(more bool) error {
	if s.Deliver == DeliverTokens && s.Hosted != nil && s.Page == nil && !more {
		return errors.New("deliver: tokens needs the JSON API of page; add page, or remove hosted")
	}
	return maybeOneOf("deliver", s.Deliver, DeliverSession, DeliverTokens)
}

// maxLimit is far above what user pools let through. It bounds what is remembered.
const maxLimit = 100_000

func (s *Signin) validateLimits() error {
	for i, limit := range s.Limits {
		if err := oneOf("limit", limit.Per, "address", "user", "client", "all"); err != nil {
			return err
		}
		if slices.ContainsFunc(s.Limits[:i], func(before Limit) bool { return before.Per == limit.Per }) {
			return fmt.Errorf("limit: %q stands here twice; remove one of them", limit.Per)
		}
		if limit.PerMinute < 1 || limit.PerMinute > maxLimit {
			return fmt.Errorf("limit: %s: expected 1 to %d attempts a minute, got %d", limit.Per, maxLimit, limit.PerMinute)
		}
	}
	return nil
}

// validateProvider: beside a page, its buttons say which provider.
func (s *Signin) validateProvider() error {
	if s.Page == nil || s.Hosted == nil {
		return nil
	}
	for _, word := range []struct{ key, value string }{
		{"identity_provider", s.Hosted.IdentityProvider}, {"idp_identifier", s.Hosted.IDPIdentifier},
	} {
		if word.value != "" {
			return fmt.Errorf("hosted: %s: has no effect beside page, whose buttons lead to providers; write provider in page, or remove page", word.key)
		}
	}
	return nil
}

// validate accepts nil: nothing is configured.
func (h *Hosted) validate() error {
	if h == nil {
		return nil
	}
	if err := h.validateSettings(); err != nil {
		return fmt.Errorf("hosted: %w", err)
	}
	return nil
}

func (h *Hosted) validateSettings() error {
	if err := literals("scope", h.Scopes); err != nil {
		return err
	}
	if len(h.Scopes) > 0 && !slices.Contains(h.Scopes, "openid") {
		return errors.New("scope: expected openid among the scopes, since sessions need an ID token; add it")
	}
	if h.IdentityProvider != "" && h.IDPIdentifier != "" {
		return errors.New("identity_provider: cannot be combined with idp_identifier; remove one of them")
	}
	if err := literal("identity_provider", h.IdentityProvider); err != nil {
		return err
	}
	if err := literal("idp_identifier", h.IDPIdentifier); err != nil {
		return err
	}
	return someOf("pass", h.Pass, "lang", "login_hint", "identity_provider", "idp_identifier")
}

// HasPlaceholder reports whether sign-in can be judged only when it is loaded.
func (s *Signin) HasPlaceholder() bool { return hasPlaceholder(s) }

// Resolve returns a copy with placeholders replaced, which shares nothing with the
// original. One that is unknown or empty is an error.
func (s *Signin) Resolve(repl *caddy.Replacer) (*Signin, error) { return resolve(s, repl) }

func (s *Signin) replaceable() []replaceable {
	s.Claims, s.Limits = slices.Clone(s.Claims), slices.Clone(s.Limits)
	s.Page, s.Hosted = s.Page.clone(), s.Hosted.clone()
	fields := []replaceable{
		replaceValue("origin", &s.Origin),
		replaceList("return_to", &s.ReturnTo),
		replaceValue("sign_out_to", &s.SignOutTo),
	}
	if s.Page == nil {
		return fields
	}
	return append(fields, within("page", s.Page.replaceable())...)
}

func (h *Hosted) clone() *Hosted {
	if h = copied(h); h != nil {
		h.Scopes, h.Pass = slices.Clone(h.Scopes), slices.Clone(h.Pass)
	}
	return h
}
