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
	clean bool // the proxy itself takes identity headers off
}

// addUpstreams notes the addresses that are known. Our own transport is for AWS and
// its like, which trust no header.
func (s *Site) addUpstreams(at Place, p *proxy) {
	for _, to := range p.Upstreams {
		dial := s.repl.ReplaceKnown(to.Dial, "")
		if dial != "" && !strings.Contains(dial, "{") && p.Transport.Protocol != "cognito_aws" {
			s.upstreams = append(s.upstreams, upstream{at, dial, p.Headers.cleans()})
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

// spoofable is about upstreams that trust identity headers, since one place sends
// them there verified, and that another place sends requests to as they came in.
func (s *Site) spoofable() (found []Finding) {
	for _, open := range s.upstreams {
		if open.clean || s.mayClean(open.Place) || s.isUnreached(open.Place) {
			continue
		}
		if slices.ContainsFunc(s.upstreams, func(other upstream) bool { return other.dial == open.dial && s.identifies(other.Place) }) {
			f := warn("it reaches %s, which a cognito_auth protects elsewhere, without cognito_auth or cognito_strip: clients can send X-Cognito-Sub there themselves; add cognito_strip", open.dial)
			f.What = fmt.Sprintf("reverse_proxy at %s: identity", open.Place)
			found = append(found, f)
		}
	}
	return found
}

// mayClean reports whether something before the place may take identity headers off.
func (s *Site) mayClean(at Place) bool {
	before := func(p Place) bool { return p.mayPrecede(at) }
	return slices.ContainsFunc(s.strips, before) || slices.ContainsFunc(s.deleters, before) ||
		slices.ContainsFunc(s.guards, func(g *guard) bool { return g.name == "cognito_auth" && g.mayPrecede(at) })
}

// identifies reports whether all requests that come to the place have verified
// identity headers.
func (s *Site) identifies(at Place) bool {
	return slices.ContainsFunc(s.guards, func(g *guard) bool { return g.forwards && g.precedes(at) })
}

// isUnreached reports whether something before the place answers all requests.
func (s *Site) isUnreached(at Place) bool {
	return slices.ContainsFunc(s.enders, func(e ender) bool { return e.precedes(at) })
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
