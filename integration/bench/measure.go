package main

import (
	"errors"
	"fmt"
	"slices"
)

// test is a row whose proxies run.
type test struct {
	without, with *process
	lines         []string // with the credentials
	want          page     // from the upstream
}

// begin starts the proxies of a row.
func (l *lab) begin(r row) (*test, error) {
	t, upstream := &test{want: page(smallPage)}, l.backends.small
	if r.object {
		t.want, upstream = page(objectPage), l.backends.object
	}
	var err error
	if t.without, err = l.start(r.program, r.without, upstream.Addr().String()); err != nil {
		return nil, fmt.Errorf("without authorization: %w", err)
	}
	if t.with, err = l.start(r.program, r.with, upstream.Addr().String()); err != nil {
		t.without.stop()
		return nil, err
	}
	t.lines = bearers(r.mint(l).first(r.tokens))
	if r.session {
		var line string
		line, err = l.signIn(t.with.address)
		t.lines = []string{line}
	}
	if err == nil {
		err = l.checkRow(r, t)
	}
	if err != nil {
		t.end()
		return nil, err
	}
	return t, nil
}

func (t *test) end() {
	t.without.stop()
	t.with.stop()
}

// costs are the samples of a row.
type costs struct {
	without, with []sample
	memory        [2]int // of the proxies at the end
}

// measureRow runs the pairs of a row.
func (l *lab) measureRow(r row) (c costs, err error) {
	t, err := l.begin(r)
	if err != nil {
		return c, err
	}
	defer func() {
		if t != nil { // begun anew for the next pair, it may have failed
			t.end()
		}
	}()
	if !r.once {
		err = errors.Join(l.show(t.without, t), l.show(t.with, t))
	}
	for n := 0; n < l.pairs && err == nil; n++ {
		if r.once && n > 0 {
			t.end()
			if t, err = l.begin(r); err != nil {
				return c, err
			}
		}
		err = c.pair(l, r, t)
	}
	c.memory = [2]int{t.without.memory(), t.with.memory()}
	if err == nil && l.profiles != "" {
		err = l.profileRow(r, t)
	}
	return c, err
}

func (c *costs) pair(l *lab, r row, t *test) error {
	without, err := l.measure(t.without, &source{lines: t.lines, once: r.once}, t.want)
	if err != nil {
		return fmt.Errorf("without authorization: %w", err)
	}
	with, err := l.measure(t.with, &source{lines: t.lines, once: r.once}, t.want)
	c.without, c.with = append(c.without, without), append(c.with, with)
	return err
}

// show lets a proxy see all credentials once.
func (l *lab) show(p *process, t *test) error {
	_, err := l.load(p, &source{lines: t.lines, once: true}, t.want, l.connections, patience)
	return err
}

// of are the values of one kind, in order.
func of(samples []sample, value func(sample) float64) []float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = value(s)
	}
	return values
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// ratios are those of the pairs' requests per second.
func (c costs) ratios() []float64 {
	ratios := make([]float64, len(c.with))
	for i := range c.with {
		ratios[i] = c.with[i].perSecond / c.without[i].perSecond
	}
	return ratios
}

// added is the processor time that authorization adds to a request, in
// microseconds.
func (c costs) added() float64 {
	added := make([]float64, len(c.with))
	for i := range c.with {
		added[i] = c.with[i].cpu - c.without[i].cpu
	}
	return median(added)
}

// bounded reports whether something other than the proxy was the limit without
// authorization, so that the ratio looks better than it is.
func (c costs) bounded() bool {
	return median(of(c.without, func(s sample) float64 { return s.busy })) < 0.9
}
