package plugin

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// Strip removes the identity headers that any cognito_auth of the configuration
// sets, and the whole X-Cognito- prefix. It is for public routes to an upstream
// that believes these headers: without it, a client could send them itself.
//
// Like cognito_auth it refuses paths that can be read in more than one way, with
// status 400: /public/..;/admin begins on a public route.
type Strip struct {
	config.Strip

	app *App
}

// CaddyModule returns the Caddy module information.
func (Strip) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.cognito_strip", New: func() caddy.Module { return new(Strip) }}
}

// UnmarshalCaddyfile parses the directive; see [parse.ParseStrip] for its syntax.
func (s *Strip) UnmarshalCaddyfile(d *caddyfile.Dispenser) (err error) {
	s.Strip, err = parse.ParseStrip(d)
	return err
}

// Provision finds the app, which knows the headers.
func (s *Strip) Provision(ctx caddy.Context) (err error) {
	s.app, err = loadApp(ctx)
	return err
}

// ServeHTTP implements [caddyhttp.MiddlewareHandler].
func (s *Strip) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	r, id := withIdentity(w, r)
	if !id.cleaned { // what a cognito_auth before us has set is true
		id.cleaned = true
		cleanRequest(r, s.app)
	}
	if !s.AllowAmbiguousPath && ambiguousPath(r.URL.EscapedPath()) {
		re := refusalOf(errAmbiguousPath)
		s.app.env.audit.denied(r, "cognito_strip", "", nil, re, errAmbiguousPath)
		setReason(r, re.reason)
		closeUnread(w.Header(), r)
		return caddyhttp.Error(http.StatusBadRequest, errAmbiguousPath)
	}
	return next.ServeHTTP(w, r)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Strip)(nil)
	_ caddyhttp.MiddlewareHandler = (*Strip)(nil)
	_ caddyfile.Unmarshaler       = (*Strip)(nil)
)
