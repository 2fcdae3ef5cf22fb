package diagnose

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// samples are paths to try a place with: one for each pattern that leads to it or to
// something before it, or that is left out there, and one that none of them names.
func (s *Site) samples(at Place) []string {
	paths := []string{sampleOf("/*")}
	add := func(p Place) {
		for _, t := range p.turns {
			for _, pattern := range t.patterns() {
				paths = append(paths, sampleOf(pattern))
			}
		}
	}
	add(at)
	for _, p := range s.cleaners() {
		if p.mayPrecede(at) {
			add(p)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// sampleOf is a path that a pattern matches, and hardly any other pattern.
func sampleOf(pattern string) string {
	return "/" + strings.TrimPrefix(strings.ReplaceAll(pattern, "*", "any-other-path"), "/")
}

// arriving are the samples for which requests come to a place: no matcher, no other
// route of its group and no answer before it is known to keep them all away.
func (s *Site) arriving(at Place) []string {
	var before []Place
	for _, e := range s.enders {
		if e.mayPrecede(at) {
			before = append(before, e.Place)
		}
	}
	return slices.DeleteFunc(s.samples(at), func(path string) bool {
		kept := func(t turn) bool { return t.excludes(path) || t.isPassedOver(path, at.hosts) }
		return slices.ContainsFunc(at.turns, kept) ||
			slices.ContainsFunc(before, func(p Place) bool { return p.leads(at, path) })
	})
}

// leads reports whether all requests for a path that come to q come by way of p.
// Where that is not clear they do not.
func (p Place) leads(q Place, path string) bool {
	at := p.parted(q)
	if at < 0 || p.named != q.named || p.errors != q.errors || !p.mayPrecede(q) {
		return false
	}
	return !slices.ContainsFunc(p.turns[at:], func(t turn) bool { return !t.includes(path, q.hosts) })
}

// mayLead reports whether a request for a path can come to q by way of p. Where that
// is not clear it can: who invokes a named route may look at paths, too.
func (p Place) mayLead(q Place, path string) bool {
	unclear := p.named != q.named || p.errors != q.errors
	return p.mayPrecede(q) && (unclear || !slices.ContainsFunc(p.turns, func(t turn) bool { return t.excludes(path) }))
}

// isPassedOver reports whether a route before this one keeps all requests for a path.
func (t turn) isPassedOver(path string, hosts []string) bool {
	return slices.ContainsFunc(t.before, func(rival turn) bool { return rival.shutsOut(t) && rival.includes(path, hosts) })
}

// excludes reports whether a route surely takes no request for a path.
func (t turn) excludes(path string) bool {
	return len(t.match) > 0 && !slices.ContainsFunc(t.match, func(set matcherSet) bool { return !set.excludes(path) })
}

// includes reports whether a route surely takes all requests for a path at these
// hosts.
func (t turn) includes(path string, hosts []string) bool {
	return len(t.match) == 0 || slices.ContainsFunc(t.match, func(set matcherSet) bool { return set.includes(path, hosts) })
}

// patterns are the paths that the matchers of a route name.
func (t turn) patterns() (patterns []string) {
	for _, set := range t.match {
		patterns = append(patterns, set.values("path")...)
		for _, not := range set.nots() {
			patterns = append(patterns, not.values("path")...)
		}
	}
	return patterns
}

// nots are the alternatives that must not match.
func (m matcherSet) nots() (sets []matcherSet) {
	list, _ := m["not"].([]any)
	for _, set := range list {
		matchers, _ := set.(map[string]any)
		sets = append(sets, matchers)
	}
	return sets
}

func (m matcherSet) excludes(path string) bool {
	patterns := m.values("path")
	known := len(patterns) > 0 && !slices.ContainsFunc(patterns, hasPlaceholder)
	return known && !matchesPath(patterns, path) ||
		slices.ContainsFunc(m.nots(), func(not matcherSet) bool { return not.includes(path, nil) })
}

func (m matcherSet) includes(path string, hosts []string) bool {
	for kind := range m {
		switch kind {
		case "path":
			if !matchesPath(m.values(kind), path) {
				return false
			}
		case "host":
			if !m.covers(hosts) {
				return false
			}
		case "not":
			if slices.ContainsFunc(m.nots(), func(not matcherSet) bool { return !not.excludes(path) }) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// matchesPath reports what Caddy's own matcher says. Patterns that only the running
// Caddy knows match nothing here.
func matchesPath(patterns []string, path string) bool {
	known := caddyhttp.MatchPath(slices.DeleteFunc(slices.Clone(patterns), hasPlaceholder))
	_ = known.Provision(caddy.Context{}) // fails never
	ctx := context.WithValue(context.Background(), caddy.ReplacerCtxKey, caddy.NewEmptyReplacer())
	matched, err := known.MatchWithError((&http.Request{URL: &url.URL{Path: path}}).WithContext(ctx))
	return matched && err == nil
}

func hasPlaceholder(pattern string) bool { return strings.Contains(pattern, "{") }
