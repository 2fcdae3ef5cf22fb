package plugin

import (
	"errors"
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// Auth verifies the Cognito token of a request and forwards the verified
// identity to the upstream in headers that no client can set.
//
// A request without a token gets status 401, one whose token is refused 401,
// one whose token lacks a scope, group or claim 403, and while no token keys
// could ever be fetched, 503 with Retry-After. All of them carry a
// WWW-Authenticate header where RFC 6750 or RFC 9470 has one.
//
// On every path, clients' own identity headers are removed, in every spelling,
// as are the token itself and request trailers.
//
// Placeholders: `{http.auth.user.id}` is the subject; `{http.auth.user.<claim>}`
// any claim of the token; `{http.cognito.pool}` the name of the pool;
// `{http.cognito.token_use}` `access` or `id`; `{http.cognito.reason}`, in error
// routes, a word for why the request was refused.
type Auth struct {
	config.Auth

	checker *checker
	headers []identityHeader
	counter *resultCounter
}

// CaddyModule returns the Caddy module information.
func (Auth) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.cognito_auth", New: func() caddy.Module { return new(Auth) }}
}

// UnmarshalCaddyfile parses the directive; see [parse.ParseAuth] for its syntax.
func (a *Auth) UnmarshalCaddyfile(d *caddyfile.Dispenser) (err error) {
	a.Auth, err = parse.ParseAuth(d)
	return err
}

// Provision finds the pools and reserves the identity headers.
func (a *Auth) Provision(ctx caddy.Context) (err error) {
	if err := a.Auth.Validate(); err != nil {
		return err
	}
	if a.checker, err = newChecker(ctx, &a.Check); err != nil {
		return err
	}
	a.checker.sources = newTokenSources(a.TokenSources, a.checker.session())
	a.checker.app.expectSessions(a.TokenSources, a.checker.pools)
	a.headers = identityHeaders(&a.Auth)
	for _, header := range a.headers {
		a.checker.app.protected.add(header.name)
	}
	a.counter = newResultCounter(a.checker.pools)
	return nil
}

// ServeHTTP implements [caddyhttp.MiddlewareHandler].
func (a *Auth) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	r, id := withIdentity(w, r)
	raw, found, err := a.checker.find(r, id)
	a.clean(r, id) // also before a refusal, since error routes can proxy, too
	var tok *verifier.Token
	if err == nil {
		tok, err = a.admit(r, id, raw, found)
	}
	a.counter.count(tok, err)
	if err != nil {
		re := refusalOf(err)
		a.checker.app.env.audit.denied(r, "cognito_auth", a.checker.pools[0].Name(), tok, re, err)
		return a.refuse(w, r, id, re, err)
	}
	id.admitted = true
	a.tellCaches(w.Header(), id)
	return next.ServeHTTP(w, r)
}

// tellCaches has shared caches keep no answer from another user: caches spare only
// requests with an Authorization header by themselves (RFC 9111 §3.5). Where users
// are optional, an answer for nobody is for requests without cookies.
func (a *Auth) tellCaches(answer http.Header, id *identity) {
	switch {
	case id.source != nil && !knownToCaches(id.source):
		keepPrivate(answer)
	case id.source == nil && slices.ContainsFunc(a.checker.sources, readsCookies):
		varyByCookie(answer)
	}
}

// clean removes what the client may not say: once per request what is the same
// for all handlers, and the places where this handler looks for tokens.
func (a *Auth) clean(r *http.Request, id *identity) {
	for _, source := range a.checker.sources {
		source.remove(r)
	}
	if id.cleaned {
		return
	}
	id.cleaned = true
	cleanRequest(r, a.checker.app)
}

// cleanRequest removes clients' identity headers, everything that could bring them
// back or remove ours, and the cookies that are between browsers and us.
func cleanRequest(r *http.Request, app *App) {
	app.protected.strip(r.Header)
	settleConnection(r.Header)
	app.removeSessions(r) // also where tokens come from elsewhere
	// reverse_proxy forwards trailers, whose names nobody filters.
	r.Trailer = nil
}

// admit decides, and lets the request speak for its user. With an error, the token
// is one that was verified and is not enough.
func (a *Auth) admit(r *http.Request, id *identity, raw string, found bool) (*verifier.Token, error) {
	if !a.AllowAmbiguousPath && ambiguousPath(r.URL.EscapedPath()) {
		return nil, errAmbiguousPath
	}
	if !found {
		if a.Optional || a.AllowPreflight && isPreflight(r) {
			return nil, nil
		}
		return nil, id.missing
	}
	tok, err := a.checker.check(r.Context(), raw)
	if id.session != nil && errors.Is(err, verifier.ErrUnknownKey) {
		raw, tok, err = a.checker.checkRenewed(r, id)
	}
	if err != nil {
		return tok, err
	}
	id.set(r, raw, tok)
	setIdentity(r.Header, a.headers, tok)
	id.forwardToken = id.forwardToken || a.ForwardToken
	if id.forwardToken {
		r.Header["Authorization"] = []string{"Bearer " + raw} // the one header that Caddy's logs redact
	}
	return tok, nil
}

// isPreflight follows the Fetch standard: browsers send these without
// credentials before a cross-origin request.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Auth)(nil)
	_ caddyhttp.MiddlewareHandler = (*Auth)(nil)
	_ caddyfile.Unmarshaler       = (*Auth)(nil)
)
