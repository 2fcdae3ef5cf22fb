package config

import "github.com/caddyserver/caddy/v2"

// Session says how users of a pool stay signed in: by one sealed cookie, and
// nothing on the server.
type Session struct {
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
	// Idle is how long a session lives without being used. Default `24h`.
	Idle caddy.Duration `json:"idle,omitempty"`
	// Absolute is how long a session lives at most. Default `168h`.
	Absolute caddy.Duration `json:"absolute,omitempty"`
	// Rotate is how often a new key is made, without `secret`. Default `168h`.
	Rotate caddy.Duration `json:"rotate,omitempty"`
	// RefreshTokenRotation must be set if the app client rotates refresh tokens:
	// then instances hand new ones over to each other through Caddy's storage.
	RefreshTokenRotation bool `json:"refresh_token_rotation,omitempty"`
}
