package main

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

// checkRow asks both proxies of a row before anything is measured: a proxy that
// lets everybody in, or nobody, must not look fast.
func (l *lab) checkRow(r row, t *test) error {
	if r.proof == "" {
		return nil
	}
	good := t.lines[0]
	seen, err := ask(t.with.address, seenPath, good)
	if err == nil && (seen.status != 200 || !bytes.Contains(seen.body, []byte(r.proof))) {
		err = fmt.Errorf("expected %q at the upstream, got status %d and %.1000q", r.proof, seen.status, seen.body)
	}
	m := r.mint(l)
	return errors.Join(err,
		l.wantRefused(t.with, "a bad signature", bearer(mangled(m.first(1)[0]))),
		l.wantRefused(t.with, "changed credentials", mangled(good)),
		l.wantRefused(t.with, "an expired token", bearer(m.expired(0))),
		l.wantRefused(t.with, "an unknown key", bearer(m.unknown(0))),
		l.wantRefused(t.with, "no credentials", ""),
	)
}

func (l *lab) wantRefused(p *process, what, line string) error {
	a, err := ask(p.address, measuredPath, line)
	if err == nil {
		err = refusal.check(a)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// ask makes one request on a connection of its own.
func ask(address, path, line string) (answer, error) {
	c, err := dial(address, time.Now())
	if err != nil {
		return answer{}, err
	}
	defer c.Close()
	return c.ask(fmt.Appendf(nil, request, path), line)
}
