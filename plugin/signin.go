package plugin

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/visitor"
)

// Signin signs users in, by a page of its own that goes through every challenge
// of the user pool, or by the pool's hosted pages. At the end the browser has a
// session, by which `cognito_auth` knows the user from then on; navigations that
// it would refuse go to sign-in and come back.
//
// It answers below its prefix, by default `/_cognito`:
//
//   - `/sign-in` is the page, and with `Content-Type: application/json` an API for
//     the same steps; `/forgot-password`, `/reset-password`, `/sign-up`,
//     `/confirm-sign-up` belong to it
//   - `/callback` is where hosted pages come back to
//   - `/sign-out` ends the session, by POST or by a link of the same site
//   - `/session` tells a single-page application how long its session lasts
//
// Everything else passes.
type Signin struct {
	config.Signin

	logger    *zap.Logger
	app       *App
	sessions  *sessions
	pages     *page.Pages
	hosted    *hosted.Client // nil without
	targets   *visitor.Targets
	limiter   *visitor.Limiter
	problems  *pace // by what, for the log
	endpoints map[string]endpoint
	// What the boxes seal is not to be mixed up.
	tickets, landings, flows, devices *session.Box
}

// CaddyModule returns the Caddy module information.
func (Signin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.cognito_signin", New: func() caddy.Module { return new(Signin) }}
}

// UnmarshalCaddyfile parses the directive; see [parse.ParseSignin] for its syntax.
func (s *Signin) UnmarshalCaddyfile(d *caddyfile.Dispenser) (err error) {
	s.Signin, err = parse.ParseSignin(d)
	return err
}

// Provision finds the pool, whose users have sessions from then on.
func (s *Signin) Provision(ctx caddy.Context) (err error) {
	s.logger, s.problems = ctx.Logger(), new(pace)
	if s.app, err = loadApp(ctx); err != nil {
		return err
	}
	resolved, err := s.Signin.Resolve(s.app.repl)
	if err != nil {
		return err
	}
	s.Signin = *resolved
	if err := s.Signin.Validate(); err != nil {
		return err
	}
	s.setDefaults()
	if s.sessions, err = s.app.sessionsOf(s.Pool); err != nil {
		return err
	}
	return s.build()
}

func (s *Signin) setDefaults() {
	if s.Prefix == "" {
		s.Prefix = config.DefaultSigninPrefix
	}
	if s.Page == nil && s.Hosted == nil {
		s.Page = new(config.Page)
	}
	if s.SignOutTo == "" {
		s.SignOutTo = s.path("signed-out")
	}
}

func (s *Signin) build() (err error) {
	if s.pages, err = newPages(&s.Signin, s.sessions.pool.cfg); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	if s.hosted, err = newHosted(&s.Signin, s.sessions); err != nil {
		return fmt.Errorf("hosted: %w", err)
	}
	if s.targets, err = visitor.NewTargets(s.Prefix, s.ReturnTo); err != nil {
		return err
	}
	if s.limiter, err = s.limiterKey().acquire(); err != nil {
		return err
	}
	s.tickets, s.landings = s.sessions.box("ticket"), s.sessions.box("landing")
	s.flows, s.devices = s.sessions.box("flow"), s.sessions.box("device")
	s.endpoints = s.newEndpoints()
	return nil
}

func (s *Signin) limiterKey() limiterKey {
	return limiterKey{s.sessions.pool.cfg.ID, s.sessions.clientID, limitsOf(s.Limits)}
}

// Cleanup gives the limiter back.
func (s *Signin) Cleanup() error {
	if s.limiter == nil {
		return nil
	}
	return s.limiterKey().release()
}

// endpoint is one path below the prefix.
type endpoint struct {
	methods []string
	serve   func(*signinVisit) error
}

func (s *Signin) newEndpoints() map[string]endpoint {
	get, post := []string{http.MethodGet, http.MethodHead}, []string{http.MethodPost}
	both := slices.Concat(get, post)
	endpoints := map[string]endpoint{
		"sign-in":    {both, (*signinVisit).signIn},
		"landing":    {get, (*signinVisit).land},
		"sign-out":   {both, (*signinVisit).signOut},
		"signed-out": {get, (*signinVisit).signedOut},
		"session":    {get, (*signinVisit).session},
	}
	if s.hosted != nil {
		endpoints["callback"] = endpoint{get, (*signinVisit).callback}
	}
	if s.Page == nil {
		return endpoints
	}
	endpoints["remember-device"] = endpoint{post, (*signinVisit).rememberDevice}
	// Also without sign-up: users whom others made may have yet to confirm.
	endpoints["confirm-sign-up"] = endpoint{both, (*signinVisit).confirmSignUp}
	endpoints["resend-code"] = endpoint{post, (*signinVisit).resendCode}
	if !s.Page.NoForgotPassword {
		endpoints["forgot-password"] = endpoint{both, (*signinVisit).forgotPassword}
		endpoints["reset-password"] = endpoint{post, (*signinVisit).resetPassword}
	}
	if s.Page.SignUp != nil {
		endpoints["sign-up"] = endpoint{both, (*signinVisit).signUp}
	}
	return endpoints
}

// path is the path of an endpoint.
func (s *Signin) path(name string) string { return s.Prefix + "/" + name }

// ServeHTTP implements [caddyhttp.MiddlewareHandler].
func (s *Signin) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if name, ok := strings.CutPrefix(r.URL.Path, s.Prefix+"/"); ok {
		if endpoint, ok := s.endpoints[name]; ok {
			return s.attend(w, r, name, endpoint)
		}
	}
	r, id := withIdentity(w, r)
	id.signins = append(id.signins, s)
	s.app.removeSessions(r) // whoever has the cookie is the user, also behind routes without cognito_auth
	return next.ServeHTTP(w, r)
}

// origin is the site as its visitors know it.
func (s *Signin) origin(r *http.Request) string {
	if s.Origin != "" {
		return s.Origin
	}
	scheme, host := "https", r.Host
	if r.TLS == nil {
		scheme = "http"
	}
	if trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool); trusted {
		if proto := r.Header.Get("X-Forwarded-Proto"); proto == "http" || proto == "https" {
			scheme = proto
		}
		if forwarded := r.Header.Get("X-Forwarded-Host"); forwarded != "" {
			host = forwarded
		}
	}
	return scheme + "://" + host
}

// requestID is by which operators find what happened.
func requestID(r *http.Request) string { return placeholder(r, "http.request.uuid") }

func placeholder(r *http.Request, key string) string {
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return ""
	}
	value, _ := repl.GetString(key)
	return value
}

// The lifetimes of small sealed state. Cognito itself gives a challenge 3 to 15
// minutes.
const (
	ticketLifetime  = 30 * time.Minute
	landingLifetime = 5 * time.Minute
	deviceLifetime  = 30 * 24 * time.Hour
)

// Interface guards
var (
	_ caddy.Provisioner           = (*Signin)(nil)
	_ caddy.CleanerUpper          = (*Signin)(nil)
	_ caddyhttp.MiddlewareHandler = (*Signin)(nil)
	_ caddyfile.Unmarshaler       = (*Signin)(nil)
)
