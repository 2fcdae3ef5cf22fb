package caddyfile

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// ParseAuth parses the directive cognito_auth, without its matcher.
//
//	cognito_auth <name>...|<pool-id> <client-id>... {
//		token_source         authorization|session|header <name>|cookie <name>|query <name>
//		token_use            access|id...
//		require              scope|group|acr <value>...
//		require              max_age <duration>
//		require              claim <name> <value>...
//		optional
//		forward              <claim> > <header> [json]
//		forward              none
//		forward              token
//		errors               json
//		redirect             auto|always|never
//		allow_preflight
//		allow_ambiguous_path
//	}
//
// token_source, require and forward may be repeated.
func ParseAuth(d *caddyfile.Dispenser) (config.Auth, error) {
	var auth config.Auth
	d.Next()
	if err := parsePools(d, &auth); err != nil {
		return auth, err
	}
	err := block(d, authWords(d, &auth), auth.Validate, "token_source", "require", "forward")
	return auth, err
}

func authWords(d *caddyfile.Dispenser, auth *config.Auth) map[string]func() error {
	return map[string]func() error{
		"token_source":         func() error { return parseSource(d, &auth.Check) },
		"token_use":            list(d, &auth.TokenUse),
		"require":              func() error { return parseRequire(d, &auth.Require) },
		"optional":             flag(d, &auth.Optional),
		"forward":              func() error { return parseForward(d, auth) },
		"errors":               text(d, &auth.Errors),
		"redirect":             text(d, &auth.Redirect),
		"allow_preflight":      flag(d, &auth.AllowPreflight),
		"allow_ambiguous_path": flag(d, &auth.AllowAmbiguousPath),
	}
}

// parsePools reads the arguments: names of pools, or a pool ID and its clients.
// Names hold no placeholders, so a placeholder stands for a pool ID.
func parsePools(d *caddyfile.Dispenser, auth *config.Auth) error {
	at, args := here(d), d.RemainingArgs()
	if len(args) == 0 {
		return d.Errf("%s: expected the name of a user_pool, or a pool ID and its app clients", d.Val())
	}
	if !config.IsPoolID(args[0]) && !strings.Contains(args[0], "{") {
		auth.Pools = args
		return at.wrap(auth.Validate())
	}
	if len(args) == 1 {
		return d.Errf("pool ID %q: expected the IDs of the accepted app clients after it", args[0])
	}
	auth.UserPool = &config.UserPool{ID: args[0], Clients: args[1:]}
	return judged(d, auth.UserPool, func(func() error) error { return nil })
}

func parseSource(d *caddyfile.Dispenser, check *config.Check) error {
	args := d.RemainingArgs()
	if len(args) == 0 || len(args) > 2 {
		return d.Errf("token_source: expected authorization, session, or one of header, cookie and query with a name, got %q", strings.Join(args, " "))
	}
	source := config.TokenSource{From: args[0]}
	if len(args) == 2 {
		source.Name = args[1]
	}
	check.TokenSources = append(check.TokenSources, source)
	return nil
}

func parseRequire(d *caddyfile.Dispenser, target *[]config.Requirement) error {
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.Err("require: expected scope, group, acr, max_age or claim, and its values")
	}
	*target = append(*target, config.Requirement{Kind: args[0], Values: args[1:]})
	return nil
}

func parseForward(d *caddyfile.Dispenser, auth *config.Auth) error {
	args := d.RemainingArgs()
	switch {
	case len(args) == 1 && args[0] == "none":
		return once(d, &auth.ForwardNone)
	case len(args) == 1 && args[0] == "token":
		return once(d, &auth.ForwardToken)
	case len(args) < 3 || len(args) > 4 || args[1] != ">" || len(args) == 4 && args[3] != "json":
		return d.Errf("forward: expected <claim> > <header> [json], none or token, got %q", strings.Join(args, " "))
	}
	auth.Forward = append(auth.Forward, config.Forward{Claim: args[0], Header: args[2], JSON: len(args) == 4})
	return nil
}

func once(d *caddyfile.Dispenser, target *bool) error {
	if *target {
		return d.Errf("forward: %s stands here twice; remove one of the lines", d.Val())
	}
	*target = true
	return nil
}
