package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

// upstream is an address to which a reverse_proxy sends requests.
type upstream struct {
	Place
	dial  string
	clean bool     // the proxy itself takes identity headers off
	paths []string // samples of those for which requests come there
}

// addUpstreams notes the addresses that are known. Our own transport is for AWS and
// its like, which trust no header.
func (s *Site) addUpstreams(at Place, p *proxy) {
	for _, to := range p.Upstreams {
		dial := s.repl.ReplaceKnown(to.Dial, "")
		if dial != "" && !strings.Contains(dial, "{") && p.Transport.Protocol != "cognito_aws" {
			s.upstreams = append(s.upstreams, upstream{Place: at, dial: dial, clean: p.Headers.cleans()})
		}
	}
}

// headerChanges is what is looked at of Caddy's way to change headers.
type headerChanges struct {
	Request struct {
		Delete []string `json:"delete"`
	} `json:"request"`
}

// cleans reports whether identity headers are deleted, some of them at least.
func (h headerChanges) cleans() bool {
	return slices.ContainsFunc(h.Request.Delete, func(name string) bool {
		stem, _, _ := strings.Cut(strings.ToLower(name), "*")
		return strings.HasPrefix("x-cognito-sub", stem) || strings.HasPrefix(stem, "x-cognito-")
	})
}

// readHeaders notes a handler that deletes identity headers.
func (s *Site) readHeaders(h handler) error {
	var changes headerChanges
	if err := read(h.raw, &changes); err != nil {
		return err
	}
	if changes.cleans() {
		s.deleters = append(s.deleters, h.Place)
	}
	return nil
}

// spoofable is about upstreams that trust identity headers, since some requests come
// there with verified ones, and that others reach as they came in. The attack is to
// send X-Cognito-Sub with those.
func (s *Site) spoofable() (found []Finding) {
	trusting := make(map[string]bool) // by address
	for i := range s.upstreams {
		u := &s.upstreams[i]
		u.paths = s.arriving(u.Place)
		trusting[u.dial] = trusting[u.dial] || s.identifies(u) != nil
	}
	for i := range s.upstreams {
		u := &s.upstreams[i]
		if trusting[u.dial] && !u.clean && s.isOpen(u) {
			f := s.spoofed(u)
			f.What = fmt.Sprintf("reverse_proxy at %s: identity", u.Place)
			found = append(found, f)
		}
	}
	return found
}

func (s *Site) spoofed(u *upstream) Finding {
	if g := s.identifies(u); g != nil {
		return warn("the cognito_auth at %s before it is for some paths only: requests for other paths arrive unchecked, and clients can send X-Cognito-Sub with them; add cognito_strip without a matcher beside that cognito_auth, or take the matcher from it", g.Place)
	}
	where := ""
	if slices.ContainsFunc(s.cleaners(), func(p Place) bool { return p.mayPrecede(u.Place) }) {
		where = " on some paths"
	}
	return warn("it reaches %s, which a cognito_auth protects elsewhere, without cognito_auth or cognito_strip%s: clients can send X-Cognito-Sub there themselves; add cognito_strip", u.dial, where)
}

// isOpen reports whether requests for some path come to an upstream with the identity
// headers that their clients made up. What takes these off for other paths does not
// help.
func (s *Site) isOpen(u *upstream) bool {
	cleaners := s.cleaners()
	return slices.ContainsFunc(u.paths, func(path string) bool {
		return !slices.ContainsFunc(cleaners, func(p Place) bool { return p.mayLead(u.Place, path) })
	})
}

// cleaners are the handlers that take identity headers off.
func (s *Site) cleaners() []Place {
	places := slices.Concat(s.strips, s.deleters)
	for _, g := range s.guards {
		if g.name == "cognito_auth" {
			places = append(places, g.Place)
		}
	}
	return places
}

// identifies is a handler by which all requests for some path come to an upstream
// with verified identity headers; nil when there is none.
func (s *Site) identifies(u *upstream) *guard {
	for _, g := range s.guards {
		if g.forwards && slices.ContainsFunc(u.paths, func(path string) bool { return g.leads(u.Place, path) }) {
			return g
		}
	}
	return nil
}

// leftOut is about requests to a spender that the only cognito_auth before it does
// not see, by the paths of its matcher.
func (s *Site) leftOut(spends *spender, only *guard) Finding {
	answered := slices.ContainsFunc(s.enders, func(e ender) bool { return e.Place.mayPrecede(spends.Place) })
	grouped := slices.ContainsFunc(spends.turns, func(t turn) bool { return t.group != "" })
	if answered || grouped || !only.narrower(spends.Place) {
		return Finding{}
	}
	return warn("the %s at %s is the only one before it and is for %s alone, so that requests for other paths get status 500; give both the same matcher", only.name, only.Place, strings.Join(only.paths, ", "))
}

// narrower reports whether a route of paths leads to p, and none to q, from where
// their ways part.
func (p Place) narrower(q Place) bool {
	at := p.parted(q)
	if at < 0 || p.named != q.named || p.errors != q.errors || !p.mayPrecede(q) {
		return false
	}
	return slices.ContainsFunc(p.turns[at:], turn.leavesOut) &&
		!slices.ContainsFunc(q.turns[at:], func(t turn) bool { return !t.takes(q.hosts) })
}

// leavesOut reports whether a route is for some paths only.
func (t turn) leavesOut() bool {
	return len(t.match) > 0 && !slices.ContainsFunc(t.match, func(set matcherSet) bool {
		paths := set.values("path")
		return len(paths) == 0 || slices.ContainsFunc(paths, func(path string) bool { return path == "*" || path == "/*" || strings.Contains(path, "{") })
	})
}
