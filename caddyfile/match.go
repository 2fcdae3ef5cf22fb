package caddyfile

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// ParseMatch parses the matcher cognito, on one line or as a block, whose lines
// must all hold. Without arguments it matches any verified token.
//
//	cognito [scope|group|acr|max_age|claim <value>...]
//	cognito {
//		scope|group|acr|max_age|claim <value>...
//	}
func ParseMatch(d *caddyfile.Dispenser) (config.Match, error) {
	var match config.Match
	for d.Next() {
		if d.NextArg() {
			if err := parseMatchLine(d, &match); err != nil {
				return match, err
			}
		}
		if err := lines(d, func() error { return parseMatchLine(d, &match) }); err != nil {
			return match, err
		}
	}
	return match, nil
}

// parseMatchLine starts on the kind. Its errors name the matcher, since Caddy
// does so for directives only.
func parseMatchLine(d *caddyfile.Dispenser, match *config.Match) error {
	required := config.Requirement{Kind: d.Val(), Values: d.RemainingArgs()}
	match.Require = append(match.Require, required)
	if err := (&config.Match{Require: []config.Requirement{required}}).Validate(); err != nil {
		return d.Errf("matcher cognito: %w", err)
	}
	return nil
}

// ParseStrip parses the directive cognito_strip.
//
//	cognito_strip {
//		allow_ambiguous_path
//	}
func ParseStrip(d *caddyfile.Dispenser) (config.Strip, error) {
	var strip config.Strip
	d.Next()
	if d.NextArg() {
		return strip, d.Errf("cognito_strip: expected nothing after it, got %q", d.Val())
	}
	return strip, block(d, map[string]func() error{
		"allow_ambiguous_path": flag(d, &strip.AllowAmbiguousPath),
	}, nothingMore)
}
