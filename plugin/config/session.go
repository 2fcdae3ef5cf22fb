package config

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// Session says how users of a pool stay signed in: by one sealed cookie, and
// nothing on the server.
type Session struct {
	// Client is the app client that users sign in to, one of the pool's. Default:
	// the only one.
	Client string `json:"client,omitempty"`
	// Secrets seal the cookies: the first one does, all of them open. Default:
	// keys that are made, shared and rotated through Caddy's storage. At least 32
	// random bytes each.
	Secrets []string `json:"secret,omitempty"`
	// Cookie is the name of the cookie. Default `__Host-cognito-<pool>`, or
	// `__Secure-cognito-<pool>` with a `cookie_domain`.
	Cookie string `json:"cookie,omitempty"`
	// CookieDomain shares the session among the hosts of a domain. Default: each
	// host has its own.
	CookieDomain string `json:"cookie_domain,omitempty"`
	// Idle is how long a session lives without being used. Default `24h`, and no
	// more than `absolute`.
	Idle caddy.Duration `json:"idle,omitempty"`
	// Absolute is how long a session lives at most. Default `168h`.
	Absolute caddy.Duration `json:"absolute,omitempty"`
	// Rotate is how often a new key is made, without `secret`. Default `168h`.
	Rotate caddy.Duration `json:"rotate,omitempty"`
	// RefreshTokenRotation must be set if the app client rotates refresh tokens:
	// then instances hand new ones over to each other through Caddy's storage.
	RefreshTokenRotation bool `json:"refresh_token_rotation,omitempty"`
}

// defaultAbsolute is how long sessions live where nothing else is configured.
const defaultAbsolute = 7 * 24 * time.Hour

// hostPrefix binds a cookie to its host: browsers take it without a domain only.
const hostPrefix = "__Host-"

// What begins the names of other cookies that sign-in sets. No session should have
// such a name.
const (
	DeviceCookiePrefix = "__Secure-cognito-device-"
	FlowCookiePrefix   = "__Secure-cognito-flow-"
)

// CookieName is the name of the cookie with the sessions of a pool. It accepts nil.
func (s *Session) CookieName(pool string) string {
	switch {
	case s != nil && s.Cookie != "":
		return s.Cookie
	case s != nil && s.CookieDomain != "":
		return "__Secure-cognito-" + pool
	}
	return hostPrefix + "cognito-" + pool
}

// cookieForm is a name of RFC 6265 with a prefix.
var cookieForm = regexp.MustCompile("^__(Host|Secure)-[0-9A-Za-z!#$%&'*+.^_`|~-]+$")

// validate accepts nil: nothing is configured.
func (s *Session) validate(more bool) error {
	if s == nil {
		return nil
	}
	for _, check := range []func() error{
		func() error { return distinctSecrets(s.Secrets) },
		s.validateCookie, s.validateRotate,
		func() error { return s.validateLimits(more) },
	} {
		if err := check(); err != nil {
			return fmt.Errorf("session: %w", err)
		}
	}
	return nil
}

func (s *Session) validateCookie() error {
	if s.CookieDomain != "" && !isDomain(s.CookieDomain) {
		return fmt.Errorf("cookie_domain: expected a domain such as example.com, in lower case and without a leading dot, got %q", s.CookieDomain)
	}
	if s.Cookie == "" {
		return nil
	}
	if !cookieForm.MatchString(s.Cookie) {
		return fmt.Errorf("cookie: expected a name that starts with __Host- or __Secure-, got %q; any other can be overwritten by sibling hosts or over plain http", s.Cookie)
	}
	if s.CookieDomain != "" && strings.HasPrefix(s.Cookie, hostPrefix) {
		return fmt.Errorf("cookie: %q cannot be combined with cookie_domain, since browsers refuse that; start the name with __Secure-, or remove one of them", s.Cookie)
	}
	return nil
}

func (s *Session) validateRotate() error {
	if s.Rotate != 0 && len(s.Secrets) > 0 {
		return errors.New("rotate: cannot be combined with secret, since such keys are not made here; remove one of them")
	}
	return nil
}

func (s *Session) validateLimits(more bool) error {
	for _, limit := range []struct {
		key   string
		value caddy.Duration
	}{{"idle", s.Idle}, {"absolute", s.Absolute}, {"rotate", s.Rotate}} {
		if limit.value < 0 {
			return fmt.Errorf("%s: expected 0 or more, got %v", limit.key, time.Duration(limit.value))
		}
	}
	idle, absolute := time.Duration(s.Idle), cmp.Or(time.Duration(s.Absolute), defaultAbsolute)
	if absolute < idle && !more {
		return fmt.Errorf("absolute: expected at least idle, %v, got %v; shorten idle or lengthen absolute", idle, absolute)
	}
	return nil
}

func (s *Session) replaceable() []replaceable {
	s.Secrets = slices.Clone(s.Secrets)
	return append(replaceSecrets(s.Secrets), replaceValue("client", &s.Client), replaceValue("cookie_domain", &s.CookieDomain))
}
