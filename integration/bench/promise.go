package main

import (
	"errors"
	"fmt"
	"time"
)

// What holds on any machine, so that CI can ask for it: the targets are higher. It
// is asked of processor time, which busy neighbours change little.
const (
	// warm is how much a request with a token that is known may cost at the most, as
	// a multiple of one without authorization.
	warm = 2
	// refusing is the same for a refusal.
	refusing = 1.25
	// cooldown is how long the plugin waits between fetches for unknown keys.
	cooldown = 10 * time.Second
)

// promised checks a row in a short run.
func (l *lab) promised(r row, c costs) error {
	if !l.short || r.atMost == 0 {
		return nil
	}
	return c.within(r.atMost)
}

// within fails when a request costs more than a multiple of one without
// authorization.
func (c costs) within(most float64) error {
	perRequest := func(s sample) float64 { return s.cpu }
	if cost := median(of(c.with, perRequest)) / median(of(c.without, perRequest)); cost > most {
		return fmt.Errorf("expected a request to cost %.2f × one without authorization at most, got %.2f", most, cost)
	}
	return nil
}

// promisedRefusals checks the floods of this plugin in a short run, and always that
// unknown keys do not make it fetch without end.
func (l *lab) promisedRefusals(r refusals) error {
	floods := 2 * time.Duration(l.pairs) * l.duration
	if most := 2 + int(floods/cooldown); r.unknown.fetched > most {
		return fmt.Errorf("expected %d fetches of the key set at most, got %d", most, r.unknown.fetched)
	}
	if !l.short {
		return nil
	}
	return errors.Join(r.unknown.within(refusing), r.badSignature.within(refusing), r.expired.within(refusing))
}
