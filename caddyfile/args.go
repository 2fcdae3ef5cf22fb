package caddyfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// block parses the lines of a block: for each, it calls the function named by
// the first word with the dispenser on that word. A word that is not in the
// table is an error, and so is a word that comes again, unless it is listed in
// repeatable.
func block(d *caddyfile.Dispenser, table map[string]func() error, repeatable ...string) error {
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		word := d.Val()
		parse, ok := table[word]
		if !ok {
			return unknown(d, table)
		}
		if seen[word] && !slices.Contains(repeatable, word) {
			return d.Errf("%q stands here twice; remove one of the lines", word)
		}
		seen[word] = true
		if err := parse(); err != nil {
			return err
		}
	}
	return nil
}

func unknown(d *caddyfile.Dispenser, table map[string]func() error) error {
	words := make([]string, 0, len(table))
	for word := range table {
		words = append(words, word)
	}
	slices.Sort(words)
	return d.Errf("unknown word %q: expected one of %s", d.Val(), strings.Join(words, ", "))
}

// flag is a word without arguments.
func flag(d *caddyfile.Dispenser, target *bool) func() error {
	return func() error {
		if d.NextArg() {
			return d.Errf("expected nothing after it, got %q", d.Val())
		}
		*target = true
		return nil
	}
}

// text is a word with one argument.
func text(d *caddyfile.Dispenser, target *string) func() error {
	return func() error {
		value, err := one(d)
		*target = value
		return err
	}
}

// list is a word with one or more arguments; on several lines they add up.
func list(d *caddyfile.Dispenser, target *[]string) func() error {
	return func() error {
		word, args := d.Val(), d.RemainingArgs()
		if len(args) == 0 {
			return d.Errf("%s: expected one or more values", word)
		}
		*target = append(*target, args...)
		return nil
	}
}

func duration(d *caddyfile.Dispenser, target *caddy.Duration) func() error {
	return func() error {
		word := d.Val()
		value, err := one(d)
		if err != nil {
			return err
		}
		parsed, err := caddy.ParseDuration(value)
		if err != nil || parsed < 0 {
			return d.Errf("%s: expected a duration such as 10s or 15m, got %q", word, value)
		}
		*target = caddy.Duration(parsed)
		return nil
	}
}

func count(d *caddyfile.Dispenser, target *int) func() error {
	return func() error {
		word := d.Val()
		value, err := one(d)
		if err != nil {
			return err
		}
		parsed, err := strconv.Atoi(value)
		if err != nil || parsed < 1 {
			return d.Errf("%s: expected a number from 1, got %q", word, value)
		}
		*target = parsed
		return nil
	}
}

// one is the only argument of a line.
func one(d *caddyfile.Dispenser) (string, error) {
	word, args := d.Val(), d.RemainingArgs()
	if len(args) != 1 {
		return "", d.Errf("%s: expected one value, got %d", word, len(args))
	}
	return args[0], nil
}

// position is a place in a Caddyfile, for errors about a whole block.
type position struct {
	file string
	line int
}

func here(d *caddyfile.Dispenser) position { return position{d.File(), d.Line()} }

func (p position) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w, at %s:%d", err, p.file, p.line)
}
