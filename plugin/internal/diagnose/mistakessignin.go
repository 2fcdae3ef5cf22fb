package diagnose

import (
	"slices"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/loopback"
)

// orderOf is about what comes before sign-in. The directives of a Caddyfile are in
// the right order by themselves, except in route and handle.
func (s *Site) orderOf(in *signIn) Finding {
	for _, g := range s.guards {
		if g.precedes(in.Place) && !g.optional {
			return fail("the %s at %s comes before it and refuses whoever is not signed in, also on the pages of sign-in; put cognito_signin first, at the top of the site", g.name, g.Place)
		}
	}
	return Finding{}
}

// prefixOf is about paths that nobody can reach, or that another one answers.
func (s *Site) prefixOf(in *signIn, before []*signIn) Finding {
	prefix := strings.TrimSuffix(in.path(""), "/")
	rewritten := slices.ContainsFunc(s.rewrites, func(p Place) bool { return p.mayPrecede(in.Place) })
	if !rewritten && !in.mayReach(prefix) {
		return fail("it answers at %s/…, and its route is for %s only, so nobody comes to its pages; put it before that route, at the top of the site", prefix, strings.Join(in.paths, ", "))
	}
	for _, other := range before {
		if strings.TrimSuffix(other.path(""), "/") == prefix && other.precedes(in.Place) {
			return fail("the cognito_signin at %s answers at %s/… before it; set another prefix", other.Place, prefix)
		}
	}
	return Finding{}
}

// useOf is about sessions that nobody looks at.
func (s *Site) useOf(in *signIn) Finding {
	if in.cfg.Deliver == config.DeliverTokens {
		return Finding{}
	}
	used := slices.ContainsFunc(s.guards, func(g *guard) bool {
		takes, _ := g.takesSession(in.pool)
		return takes && hostsMayMeet(in.knownAt(), g.hosts)
	})
	if used || in.pool.cfg.Session != nil && in.pool.cfg.Session.CookieDomain != "" { // other servers may see them
		return Finding{}
	}
	return warn("no cognito_auth on this host takes its sessions, so nobody has to sign in here; add cognito_auth %s behind it, without a token_source or with session", in.pool.name)
}

// schemeOf is about plain http, over which browsers take no session.
func (s *Site) schemeOf(in *signIn) Finding {
	if in.cfg.Origin != "" || !in.plain() || in.site.Trusted != nil || in.site.Unix {
		return Finding{}
	}
	secured := slices.ContainsFunc(s.signins, func(other *signIn) bool {
		return other.pool == in.pool && !other.plain() && hostsMayMeet(other.hosts, in.hosts)
	})
	if secured {
		return Finding{}
	}
	return fail("this site is plain http, over which browsers keep no session; leave http:// and the port out of its address, or, behind a load balancer with TLS, set trusted_proxies, or origin")
}

// plain reports whether the place is surely reached without TLS, from other
// machines.
func (p Place) plain() bool {
	if p.site == nil || len(p.hosts) == 0 || len(p.site.TLS) > 0 {
		return false
	}
	return !slices.ContainsFunc(p.hosts, func(host string) bool {
		return !p.insecure(host) || loopback.Host(host) || strings.Contains(host, "{")
	})
}

// insecure reports whether a host is surely served without TLS.
func (p Place) insecure(host string) bool {
	return p.site != nil && len(p.site.TLS) == 0 && (p.site.plainPorts || p.site.HTTPS.Disable || slices.Contains(p.site.HTTPS.Skip, host))
}

// hostedUse is about hosted pages to which nothing leads.
func hostedUse(cfg *config.Signin) Finding {
	if cfg.Page == nil || cfg.Hosted == nil || len(cfg.Page.Providers) > 0 {
		return Finding{}
	}
	return warn("beside page, hosted is for providers, of which there is none: nobody gets to the hosted pages, and only sign-out goes by way of them; add provider to page, or remove one of the two")
}
