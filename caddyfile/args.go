package caddyfile

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// lines calls parse with the dispenser on the first word of each line of a
// block, if there is one. What parse leaves unread must not open a block.
func lines(d *caddyfile.Dispenser, parse func() error) error {
	nesting, at, word := d.Nesting(), here(d), ""
	for d.NextBlock(nesting) {
		if d.Nesting() > nesting+1 {
			return d.Errf("%s: expected the end of the line, got a block; remove the braces", word)
		}
		if word == "" && d.ValRaw() == "{" {
			break // the last word of the file
		}
		word = d.Val()
		if err := parse(); err != nil {
			return err
		}
	}
	if d.Nesting() > nesting {
		return at.wrap(errors.New("the block that starts here is not closed; add a line with }"))
	}
	return nil
}

// block parses the lines of a block: for each, it calls the function named by
// the first word with the dispenser on that word, and then check, whose error
// belongs to that line. A word that is not in the table is an error, and so is a
// word that comes again, unless it is listed in repeatable.
func block(d *caddyfile.Dispenser, table map[string]func() error, check func() error, repeatable ...string) error {
	return blockOr(d, table, func() error { return unknown(d, table) }, check, repeatable...)
}

// blockAndRest is a block whose unknown words belong to another parser, which
// gets them as a block of its own, in the braces of this one.
func blockAndRest(d *caddyfile.Dispenser, table map[string]func() error, check func() error, repeatable ...string) (*caddyfile.Dispenser, error) {
	rest := []caddyfile.Token{d.Token()}
	if d.Next() { // the opening brace, if there is a block
		rest = append(rest, d.Token())
		d.Prev()
	}
	err := blockOr(d, table, func() error { rest = append(rest, d.NextSegment()...); return nil }, check, repeatable...)
	if len(rest) <= 2 {
		return caddyfile.NewDispenser(rest[:1]), err
	}
	return caddyfile.NewDispenser(append(rest, d.Token())), err
}

// blockOr is a block with a function for the words that are not in the table.
func blockOr(d *caddyfile.Dispenser, table map[string]func() error, other, check func() error, repeatable ...string) error {
	seen := make(map[string]bool)
	return lines(d, func() error {
		at, word := here(d), d.Val()
		parse, ok := table[word]
		if !ok {
			return other()
		}
		if seen[word] && !slices.Contains(repeatable, word) {
			return d.Errf("%s: stands here twice; remove one of the lines", word)
		}
		seen[word] = true
		if err := parse(); err != nil {
			return err
		}
		return at.wrap(check())
	})
}

// nothingMore is a check that accepts.
func nothingMore() error { return nil }

func unknown(d *caddyfile.Dispenser, table map[string]func() error) error {
	word, words := d.Val(), slices.Sorted(maps.Keys(table))
	expected := strings.Join(words, ", ")
	if len(words) > 1 {
		expected = "one of " + expected
	}
	return d.Errf("unknown word %q: expected %s%s", word, expected, whereabouts(d))
}

// whereabouts says where a word belongs that stands in the wrong block.
func whereabouts(d *caddyfile.Dispenser) string {
	var names []string
	for _, place := range []struct {
		name  string
		words map[string]func() error
	}{
		{"the global option cognito", appWords(d, nil)},
		{"a user_pool", poolWords(d, new(config.UserPool), nil)},
		{"client", clientWords(d, new(config.UserPool), "")},
		{"session", sessionWords(d, new(config.Session))},
		{"cognito_auth", authWords(d, new(config.Auth))},
		{"an identity_pool", identityPoolWords(d, new(config.IdentityPool), nil)},
		{"basic", stsWords(d, new(config.STS))},
		{"a web_identity", webIdentityWords(d, new(config.WebIdentity))},
		{"cognito_s3", s3Words(d, new(config.S3), nil)},
		{"transport cognito_aws", transportWords(d, new(config.Transport), nil)},
		{"inject", injectWords(d, new(config.Inject))},
		{"cognito_signin", signinWords(d, new(config.Signin), nil)},
		{"page", pageWords(d, new(config.Page), nil)},
		{"custom_challenge", challengeWords(d, new(config.CustomChallenges))},
		{"sign_up", signUpWords(d, new(config.SignUp))},
		{"hosted", hostedWords(d, new(config.Hosted))},
	} {
		if place.words[d.Val()] != nil {
			names = append(names, place.name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; it belongs into the block of " + english.WordSeries(names, "or")
}

// subblock reads a block within a block, or nothing, after its word.
func subblock(d *caddyfile.Dispenser, table map[string]func() error, check func() error, repeatable ...string) error {
	word := d.Val()
	if d.NextArg() {
		return d.Errf("%s: expected a block or nothing after it, got %q", word, d.Val())
	}
	return block(d, table, check, repeatable...)
}

// flag is a word without arguments.
func flag(d *caddyfile.Dispenser, target *bool) func() error {
	return func() error {
		word := d.Val()
		if d.NextArg() {
			return d.Errf("%s: expected nothing after it, got %q", word, d.Val())
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
		if err != nil || parsed <= 0 { // 0 would mean the default
			return d.Errf("%s: expected a duration above 0, such as 10s or 15m, got %q; without this line, the default applies", word, value)
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
			return d.Errf("%s: expected a whole number from 1 up, got %q; without this line, the default applies", word, value)
		}
		*target = parsed
		return nil
	}
}

// size is a word with a size such as 1MiB.
func size(d *caddyfile.Dispenser, target *int64) func() error {
	return func() error {
		word := d.Val()
		value, err := one(d)
		if err != nil {
			return err
		}
		parsed, err := humanize.ParseBytes(value)
		if err != nil || parsed == 0 || parsed > 1<<62 {
			return d.Errf("%s: expected a size above 0, such as 1MiB, got %q; without this line, the default applies", word, value)
		}
		*target = int64(parsed)
		return nil
	}
}

// secrets are the arguments of a line that no error shows.
func secrets(d *caddyfile.Dispenser, target *[]string) func() error {
	return func() error {
		word, args := d.Val(), d.RemainingArgs()
		if len(args) == 0 {
			return d.Errf("%s: expected one or more values", word)
		}
		if i := slices.Index(args, ""); i >= 0 {
			return d.Errf("%s %d: must not be empty", word, i+1)
		}
		*target = args
		return nil
	}
}

// pair is the two arguments of a line, neither of which may be empty.
func pair(d *caddyfile.Dispenser, expected string) (first, second string, err error) {
	word, args := d.Val(), d.RemainingArgs()
	if len(args) != 2 || slices.Contains(args, "") {
		return "", "", d.Errf("%s: expected %s, got %q", word, expected, strings.Join(args, " "))
	}
	return args[0], args[1], nil
}

// one is the only argument of a line.
func one(d *caddyfile.Dispenser) (string, error) {
	word, args := d.Val(), d.RemainingArgs()
	switch {
	case len(args) == 0:
		return "", d.Errf("%s: expected a value after it", word)
	case len(args) > 1:
		return "", d.Errf("%s: expected one value, got %q", word, strings.Join(args, " "))
	case args[0] == "":
		return "", d.Errf("%s: must not be empty; without this line, the default applies", word)
	}
	return args[0], nil
}

// position is a word of a Caddyfile, for errors that show up after it was read.
type position struct{ word *caddyfile.Dispenser }

// here is the place of the word just read.
func here(d *caddyfile.Dispenser) position {
	word := caddyfile.NewDispenser([]caddyfile.Token{d.Token()})
	word.Next()
	return position{word}
}

func (p position) wrap(err error) error { return wrap(p.word, err) }

// wrap adds the place of the word just read.
func wrap(d *caddyfile.Dispenser, err error) error {
	if err == nil {
		return nil
	}
	return d.WrapErr(err)
}
