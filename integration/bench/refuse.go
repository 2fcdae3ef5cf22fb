package main

import "fmt"

// flood are the samples of one kind of bad tokens, without authorization, where all
// are passed on, and with, where none is.
type flood struct {
	costs

	fetched int // key sets, by the proxy with authorization
}

// refusals are the floods of a program.
type refusals struct {
	unknown, badSignature, expired flood
	keyFile                        bool // there are no key sets
}

// measureFloods measures what refusing costs a program.
func (l *lab) measureFloods(p *program) (r refusals, err error) {
	t, err := l.begin(row{program: p, without: p.bare, with: p.authorizing, tokens: 1, proof: subject(0)})
	if err != nil {
		return r, err
	}
	defer t.end()
	r.keyFile = p.keyFile
	for _, kind := range []struct {
		of   *flood
		name string
		line func(i int) string
	}{
		{&r.unknown, "unknown keys", func(i int) string { return bearer(l.access.unknown(i)) }},
		{&r.badSignature, "bad signatures", func(i int) string { return mangled(bearer(l.access.made[i])) }},
		{&r.expired, "expired", func(i int) string { return bearer(l.access.expired(i)) }},
	} {
		if *kind.of, err = l.measureFlood(t, made(floodTokens, kind.line)); err != nil {
			return r, fmt.Errorf("%s: %w", kind.name, err)
		}
	}
	return r, nil
}

// made are the first n lines of a kind.
func made(n int, line func(i int) string) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = line(i)
	}
	return lines
}

func (l *lab) measureFlood(t *test, lines []string) (f flood, err error) {
	for range l.pairs {
		without, err := l.load(t.without, &source{lines: lines}, t.want, l.connections, l.duration)
		if err != nil {
			return f, fmt.Errorf("without authorization: %w", err)
		}
		before := l.backends.fetches.Load()
		with, err := l.load(t.with, &source{lines: lines}, refusal, l.connections, l.duration)
		if err != nil {
			return f, err
		}
		f.fetched += int(l.backends.fetches.Load() - before)
		f.without, f.with = append(f.without, without), append(f.with, with)
	}
	return f, nil
}
