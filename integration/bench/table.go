package main

import (
	"fmt"
	"slices"
)

const costHeader = `
| proxy | credentials | requests/s without → with | ratio (range) | p50 µs | p99 µs | CPU µs per request | added | MB |
|---|---|---|---|---|---|---|---|---|
`

// costRow measures a row of the table of costs.
func (l *lab) costRow(r row) string {
	prefix := fmt.Sprintf("| %s | %s | ", r.program.name, r.load)
	if why := l.kit.get(r.program).err; why != nil {
		return prefix + "not installed: " + oneLine(why) + " | | | | | | |"
	}
	c, err := l.measureRow(r)
	if err == nil {
		err = l.promised(r, c)
	}
	if err != nil {
		return prefix + l.fail(r.title(), err) + " | | | | | | |"
	}
	return prefix + c.String()
}

// String is the rest of a row.
func (c costs) String() string {
	return fmt.Sprintf("%s | %s | %s | %s | %s | %+.1f | %d → %d |",
		c.change("%.0f", func(s sample) float64 { return s.perSecond }), spread(c.ratios(), c.bounded()),
		c.change("%.0f", func(s sample) float64 { return s.p50 }), c.change("%.0f", func(s sample) float64 { return s.p99 }),
		c.change("%.1f", func(s sample) float64 { return s.cpu }), c.added(), c.memory[0]>>20, c.memory[1]>>20)
}

// change is a median without authorization and with.
func (c costs) change(format string, value func(sample) float64) string {
	return fmt.Sprintf(format+" → "+format, median(of(c.without, value)), median(of(c.with, value)))
}

// spread is a median with the range. It is at most that where something else than
// the proxy was the limit.
func spread(ratios []float64, bounded bool) string {
	sign := ""
	if bounded {
		sign = "≤ "
	}
	return fmt.Sprintf("%s%.2f (%.2f–%.2f)", sign, median(ratios), slices.Min(ratios), slices.Max(ratios))
}

const refusalHeader = `
| proxy | unknown keys: refused/s | / proxied (range) | JWKS fetches | bad signatures: refused/s | / proxied (range) | expired: refused/s | / proxied (range) |
|---|---|---|---|---|---|---|---|
`

// refusalRow measures a row of the table of refusals.
func (l *lab) refusalRow(p *program) string {
	prefix := fmt.Sprintf("| %s | ", p.name)
	if why := l.kit.get(p).err; why != nil {
		return prefix + "not installed: " + oneLine(why) + " | | | | | | |"
	}
	r, err := l.measureFloods(p)
	if err == nil && p == plugin {
		err = l.promisedRefusals(r)
	}
	if err != nil {
		return prefix + l.fail(p.floodTitle(), err) + " | | | | | | |"
	}
	return prefix + r.String()
}

// String is the rest of a row.
func (r refusals) String() string {
	return fmt.Sprintf("%s | %s | %s | %s |", r.unknown, r.fetches(), r.badSignature, r.expired)
}

// String is two cells.
func (f flood) String() string {
	return fmt.Sprintf("%.0f | %s", median(of(f.with, func(s sample) float64 { return s.perSecond })), spread(f.ratios(), f.bounded()))
}

// fetches says how often the key set was fetched, and for how many requests.
func (r refusals) fetches() string {
	if r.keyFile {
		return "key in a file"
	}
	requests := 0
	for _, s := range r.unknown.with {
		requests += s.requests
	}
	return fmt.Sprintf("%d in %d", r.unknown.fetched, requests)
}
