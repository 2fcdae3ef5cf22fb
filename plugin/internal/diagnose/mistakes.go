package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// mistakes are what handlers say that can be loaded but does not fit together. What
// depends on more than the configuration tells is left out.
func (s *Site) mistakes() (found []Finding) {
	add := func(what string, f Finding) {
		if f.Level != "" {
			f.What = what
			found = append(found, f)
		}
	}
	for i, in := range s.signins {
		name := "cognito_signin at " + in.Place.String()
		add(name+": order", s.orderOf(in))
		add(name+": prefix", s.prefixOf(in, s.signins[:i]))
		add(name+": sessions", s.useOf(in))
		add(name+": https", s.schemeOf(in))
		add(name+": hosted", hostedUse(in.cfg))
	}
	for _, g := range s.guards {
		add(fmt.Sprintf("%s at %s: token_source", g.name, g.Place), s.sourcesOf(g))
		add(fmt.Sprintf("%s at %s: token_use", g.name, g.Place), g.claimsOf())
	}
	for _, spends := range s.spenders {
		name := fmt.Sprintf("%s at %s", spends.name, spends.Place)
		add(name+": token_use", s.tokensOf(spends))
		add(name+": inject", spends.injects())
	}
	for i, p := range s.pools {
		add("user_pool "+p.name+": cookie", s.cookieOf(p, s.pools[:i]))
	}
	return slices.Concat(found, s.unreached(), s.unanswered(), s.spoofable())
}

// takesSession reports whether the guard looks for sessions of the pool, and
// whether it was told to.
func (g *guard) takesSession(p *pool) (takes, told bool) {
	if g.name != "cognito_auth" || !slices.Contains(g.pools, p) {
		return false, false
	}
	told = slices.Contains(g.sources, config.TokenSource{From: config.SourceSession})
	return told || len(g.sources) == 0, told
}

// sourcesOf is about a guard that was told to take sessions: they are made where
// users sign in, and are known on those hosts alone, or in the cookie_domain.
func (s *Site) sourcesOf(g *guard) Finding {
	if !slices.ContainsFunc(g.pools, func(p *pool) bool { _, told := g.takesSession(p); return told }) {
		return Finding{}
	}
	if slices.ContainsFunc(g.pools, func(p *pool) bool { return s.signsIn(p, g.Place) }) {
		return Finding{}
	}
	fix := "add cognito_signin " + g.pools[0].name + " before it"
	if i := slices.IndexFunc(s.signins, func(in *signIn) bool { return slices.Contains(g.pools, in.pool) }); i >= 0 {
		fix += ", or set cookie_domain in session for those of the cognito_signin at " + s.signins[i].Place.String()
	}
	switch {
	case !slices.ContainsFunc(g.pools, func(p *pool) bool { return p.named }):
		return fail("sessions are of pools with a name only; configure it as a user_pool, and add cognito_signin, or remove token_source session")
	case slices.ContainsFunc(g.pools, func(p *pool) bool { return p.cfg.Session != nil }):
		return warn("no cognito_signin makes the sessions that it takes; %s, unless another Caddy with the same session keys signs users in on this host", fix)
	case len(g.sources) == 1:
		return fail("it takes sessions alone, and no cognito_signin makes any for this host, so nobody gets in; %s, or name the token_source that there is", fix)
	}
	return warn("no cognito_signin makes sessions for this host; %s, or remove token_source session", fix)
}

// signsIn reports whether users of the pool get sessions that are known at a place.
func (s *Site) signsIn(p *pool, at Place) bool {
	return slices.ContainsFunc(s.signins, func(in *signIn) bool {
		return in.pool == p && hostsMayMeet(in.knownAt(), at.hosts)
	})
}

// knownAt are the hosts that see the sessions; empty for any.
func (in *signIn) knownAt() []string {
	if cfg := in.pool.cfg.Session; cfg != nil && cfg.CookieDomain != "" {
		return []string{"." + strings.ToLower(cfg.CookieDomain)}
	}
	return in.hosts
}

// tokensOf is about the guards before a spender: exchanges take ID tokens.
func (s *Site) tokensOf(spends *spender) Finding {
	var before []*guard
	for _, g := range s.guards {
		if g.mayPrecede(spends.Place) {
			before = append(before, g)
		}
	}
	if len(before) == 0 {
		return fail("no cognito_auth is before it, so there is nobody whose credentials it could get, and requests get status 500; add cognito_auth with token_use id")
	}
	for _, g := range before {
		if !slices.Contains(g.uses, verifier.ID) && (len(before) == 1 || g.precedes(spends.Place)) {
			return fail("exchanges take ID tokens, and the %s at %s before it takes access tokens only; set token_use id there", g.name, g.Place)
		}
	}
	if !slices.ContainsFunc(before, func(g *guard) bool { return slices.Contains(g.uses, verifier.ID) }) {
		return fail("exchanges take ID tokens, and every cognito_auth before it takes access tokens only; set token_use id there")
	}
	if f := s.sessionTokensOf(spends, before); f.Level != "" || len(before) > 1 {
		return f
	}
	return s.leftOut(spends, before[0])
}

// sessionTokensOf: a session has both tokens, and goes by the access token where it
// may.
func (s *Site) sessionTokensOf(spends *spender, before []*guard) Finding {
	for _, g := range before {
		both := slices.Contains(g.uses, verifier.ID) && slices.Contains(g.uses, verifier.Access)
		sessions := slices.ContainsFunc(g.pools, func(p *pool) bool {
			takes, _ := g.takesSession(p)
			return takes && s.signsIn(p, g.Place)
		})
		if both && sessions && (len(before) == 1 || g.precedes(spends.Place)) {
			return warn("the %s at %s before it takes both kinds of tokens, so sessions go by the access token, which exchanges do not take; set token_use id there", g.name, g.Place)
		}
	}
	return Finding{}
}

// injects is about credentials in headers, for whoever sits on the way to read.
func (s *spender) injects() Finding {
	if len(s.plain) == 0 {
		return Finding{}
	}
	return warn("credentials of users go to %s over plain http, for anybody on the way to read; write https:// before the upstream, or tls in the transport", strings.Join(s.plain, ", "))
}

// cookieOf is about names of cookies that stand for two things.
func (s *Site) cookieOf(p *pool, before []*pool) Finding {
	if !p.named || !p.sessions {
		return Finding{}
	}
	name := p.cfg.Session.CookieName(p.name)
	for _, prefix := range []string{config.DeviceCookiePrefix, config.FlowCookiePrefix} {
		if strings.HasPrefix(name, prefix) {
			return warn("sessions are in the cookie %s, a name that sign-in uses for something else; give the pool another name, or set cookie in session", name)
		}
	}
	for _, other := range before {
		if other.named && other.sessions && other.cfg.ID != p.cfg.ID && other.cfg.Session.CookieName(other.name) == name && s.sharesHosts(p, other) {
			return fail("sessions are in the cookie %s, like those of user_pool %s on the same hosts, so that who signs in to one signs out of the other; set another cookie in session", name, other.name)
		}
	}
	return Finding{}
}

// sharesHosts reports whether a browser sends the sessions of both pools to a host.
func (s *Site) sharesHosts(p, q *pool) bool {
	return slices.ContainsFunc(s.signins, func(in *signIn) bool {
		return in.pool == p && slices.ContainsFunc(s.signins, func(other *signIn) bool {
			return other.pool == q && hostsMayMeet(in.knownAt(), other.knownAt())
		})
	})
}
