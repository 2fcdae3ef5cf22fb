package plugin

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// Provider lets Caddy's own authentication handler verify Cognito tokens, beside
// other providers. That handler answers every failure with status 401, forwards
// no identity headers and knows no optional authentication; cognito_auth does.
//
// The user's ID is the subject; every claim is a placeholder as with cognito_auth.
type Provider struct {
	config.Check

	checker *checker
	counter *resultCounter
}

// CaddyModule returns the Caddy module information.
func (Provider) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.authentication.providers.cognito", New: func() caddy.Module { return new(Provider) }}
}

// Provision finds the pools.
func (p *Provider) Provision(ctx caddy.Context) (err error) {
	if err := p.ValidateProvider(); err != nil {
		return err
	}
	if p.checker, err = newChecker(ctx, &p.Check); err != nil {
		return err
	}
	p.checker.sources = newTokenSources(p.TokenSources, nil)
	p.counter = newResultCounter(p.checker.pools)
	return nil
}

// Authenticate implements [caddyauth.Authenticator]: an error means that no
// decision was possible, not that the token is bad.
func (p *Provider) Authenticate(w http.ResponseWriter, r *http.Request) (caddyauth.User, bool, error) {
	raw, source, err := findToken(p.checker.sources, r)
	if err == nil && source == nil {
		err = missing(p.checker.sources, r)
	}
	var tok *verifier.Token
	if err == nil {
		tok, err = p.checker.check(r.Context(), raw)
	}
	p.counter.count(tok, err)
	if err == nil {
		if !knownToCaches(source) {
			keepPrivate(w.Header())
		}
		return userOf(tok), true, nil
	}
	re := refusalOf(err)
	p.checker.app.env.audit.denied(r, "authentication", p.checker.pools[0].Name(), tok, re, err)
	setReason(r, re.reason)
	if re.challenge != "" {
		w.Header().Set("WWW-Authenticate", re.challenge)
	}
	closeUnread(w.Header(), r)
	if unavailable, ok := errors.AsType[*verifier.UnavailableError](err); ok {
		return caddyauth.User{}, false, unavailable
	}
	return caddyauth.User{}, false, nil
}

func userOf(tok *verifier.Token) caddyauth.User {
	id := identity{token: tok}
	user := caddyauth.User{ID: tok.Subject(), Metadata: make(map[string]string)}
	for claim := range tok.Claims() {
		if claim != "id" { // the user's ID is the subject, whatever a claim says
			user.Metadata[claim] = id.userPlaceholder(claim)
		}
	}
	return user
}

// Interface guards
var (
	_ caddy.Provisioner       = (*Provider)(nil)
	_ caddyauth.Authenticator = (*Provider)(nil)
)
