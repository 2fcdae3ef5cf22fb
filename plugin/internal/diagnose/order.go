package diagnose

import (
	"encoding/json"
	"slices"
	"strings"
)

// turn is one step on the way to a handler: into an element of a list.
type turn struct {
	index    int
	group    string // of a route: the first of a group that matches is its only one
	terminal bool   // of a route: none behind it runs
	match    []matcherSet
	before   []turn // into the elements before this one
}

// matcherSet is one of the alternatives that lead into a route.
type matcherSet map[string]any

// turnsOf are the steps into the elements of a list.
func turnsOf(list []any) []turn {
	turns := make([]turn, len(list))
	for i, element := range list {
		turns[i] = turnOf(i, element)
		turns[i].before = turns[:i]
	}
	return turns
}

func turnOf(index int, element any) turn {
	t := turn{index: index}
	if !isRoute(element) {
		return t
	}
	route := element.(map[string]any)
	t.group, _ = route["group"].(string)
	t.terminal, _ = route["terminal"].(bool)
	sets, _ := route["match"].([]any)
	for _, set := range sets {
		matchers, _ := set.(map[string]any)
		t.match = append(t.match, matchers)
	}
	return t
}

// values are those of one kind of matcher; none when the set has no such matcher.
func (m matcherSet) values(kind string) []string { return matched([]any{map[string]any(m)}, kind) }

// parted is where the ways to two places part; negative when they do not.
func (p Place) parted(q Place) int {
	for i := range min(len(p.turns), len(q.turns)) {
		if p.turns[i].index != q.turns[i].index {
			return i
		}
	}
	return -1
}

// mayPrecede reports whether some request can come to q by way of p. Where that
// is not clear it can.
func (p Place) mayPrecede(q Place) bool {
	switch {
	case p.server != q.server || p.errors && !q.errors:
		return false
	case p.named != q.named:
		return true
	case p.errors != q.errors:
		return hostsMayMeet(p.hosts, q.hosts)
	}
	at := p.parted(q)
	if at < 0 {
		return len(p.turns) < len(q.turns) // a handler around another one
	}
	before, after := p.turns[at], q.turns[at]
	return before.index < after.index && !before.shutsOut(after) && hostsMayMeet(p.hosts, q.hosts)
}

// shutsOut reports whether requests that take this route do not take that one behind it.
func (t turn) shutsOut(after turn) bool {
	return t.terminal || t.group != "" && t.group == after.group
}

// precedes reports whether all requests come to q by way of p. Where that is not
// clear they do not.
func (p Place) precedes(q Place) bool {
	at := p.parted(q)
	if at < 0 || p.named != q.named || p.errors != q.errors || !p.mayPrecede(q) {
		return false
	}
	return !slices.ContainsFunc(p.turns[at:], func(t turn) bool { return !t.takes(q.hosts) })
}

// takes reports whether a route takes all requests for these hosts.
func (t turn) takes(hosts []string) bool {
	return len(t.match) == 0 || slices.ContainsFunc(t.match, func(set matcherSet) bool {
		return len(set) == 1 && set.covers(hosts)
	})
}

// covers reports whether all of these hosts are named.
func (m matcherSet) covers(hosts []string) bool {
	names := m.values("host")
	return len(hosts) > 0 && len(names) > 0 &&
		!slices.ContainsFunc(hosts, func(host string) bool { return !slices.Contains(names, host) })
}

// mayReach reports whether a request for a path below prefix can come to the place.
// Where that is not clear it can.
func (p Place) mayReach(prefix string) bool {
	return !slices.ContainsFunc(p.turns, func(t turn) bool {
		return len(t.match) > 0 && !slices.ContainsFunc(t.match, func(set matcherSet) bool { return set.mayMatch(prefix) })
	})
}

func (m matcherSet) mayMatch(prefix string) bool {
	paths := m.values("path")
	return len(paths) == 0 || slices.ContainsFunc(paths, func(pattern string) bool {
		stem, wild := strings.CutSuffix(pattern, "*")
		switch {
		case strings.ContainsAny(stem, "*?[{%"):
			return true
		case !wild:
			return hasPrefixFold(stem, prefix+"/")
		}
		return hasPrefixFold(prefix+"/", stem) || hasPrefixFold(stem, prefix+"/")
	})
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// hostsMayMeet reports whether a host can match both lists. An empty one matches
// all hosts.
func hostsMayMeet(some, others []string) bool {
	if len(some) == 0 || len(others) == 0 {
		return true
	}
	return slices.ContainsFunc(some, func(host string) bool {
		return slices.ContainsFunc(others, func(other string) bool { return hostMayBe(host, other) || hostMayBe(other, host) })
	})
}

// hostMayBe reports whether a host is one that a pattern matches, of Caddy or, with
// a leading dot, of cookies. What only the running Caddy knows may be any.
func hostMayBe(host, pattern string) bool {
	if strings.ContainsAny(host+pattern, "{}") || strings.EqualFold(host, pattern) {
		return true
	}
	if strings.HasPrefix(pattern, ".") {
		return strings.HasSuffix(strings.ToLower("."+strings.TrimPrefix(host, ".")), pattern)
	}
	label, rest, _ := strings.Cut(host, ".")
	wild, domain, _ := strings.Cut(pattern, ".")
	return wild == "*" && label != "" && strings.EqualFold(rest, domain)
}

// read takes what is known here out of JSON that was decoded already, and passes
// over the rest.
func read(value, into any) error {
	document, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(document, into)
}
