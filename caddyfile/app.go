package caddyfile

import (
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// ParseApp parses the global option into app; several blocks add up.
//
//	cognito {
//		user_pool <name> <pool-id> {
//			…
//		}
//	}
func ParseApp(d *caddyfile.Dispenser, app *config.App) error {
	d.Next()
	if d.NextArg() {
		return d.Errf("cognito: expected a block that starts with {, got %q", d.Val())
	}
	return block(d, map[string]func() error{
		"user_pool": func() error { return parseNamedPool(d, app) },
	}, nothingMore, "user_pool")
}

func parseNamedPool(d *caddyfile.Dispenser, app *config.App) error {
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.Errf("user_pool: expected a name of your choice and a pool ID, got %q", strings.Join(args, " "))
	}
	name := args[0]
	if err := config.ValidateName(name); err != nil {
		return d.WrapErr(err)
	}
	if app.UserPools[name] != nil {
		return d.Errf("user_pool: %q is configured twice; choose another name for one of them", name)
	}
	pool := &config.UserPool{ID: args[1]}
	if err := parsePool(d, pool); err != nil {
		return err
	}
	if app.UserPools == nil {
		app.UserPools = make(map[string]*config.UserPool)
	}
	app.UserPools[name] = pool
	return nil
}

// parsePool parses the block of a user pool.
//
//	user_pool <name> <pool-id> {
//		client           <client-id>...
//		any_client
//		audience         <url>...
//		issuer           <url>...
//		jwks_url         <url>
//		jwks_file        <path>
//		endpoint         <url>
//		insecure_http
//		leeway           <duration>
//		refresh_interval <duration>
//		max_stale        <duration>
//		cooldown         <duration>
//		fetch_timeout    <duration>
//		cache_size       <tokens>
//	}
func parsePool(d *caddyfile.Dispenser, pool *config.UserPool) error {
	at := here(d)
	var insecure error // in the first line with such a URL; whether http is allowed shows only at the end
	check := func() error {
		judged := settled(*pool)
		if insecure == nil && !pool.InsecureHTTP {
			insecure = wrap(d, judged.ValidateSettings())
		}
		judged.InsecureHTTP = true
		return judged.ValidateSettings()
	}
	err := block(d, poolWords(d, pool), check, "client", "audience", "issuer")
	switch {
	case err != nil:
		return err
	case insecure != nil && !pool.InsecureHTTP:
		return insecure
	case pool.HasPlaceholder():
		return nil
	}
	return at.wrap(pool.Validate())
}

func poolWords(d *caddyfile.Dispenser, pool *config.UserPool) map[string]func() error {
	return map[string]func() error{
		"client":           list(d, &pool.Clients),
		"any_client":       flag(d, &pool.AnyClient),
		"audience":         list(d, &pool.Audiences),
		"issuer":           list(d, &pool.Issuers),
		"jwks_url":         text(d, &pool.JWKSURL),
		"jwks_file":        text(d, &pool.JWKSFile),
		"endpoint":         text(d, &pool.Endpoint),
		"insecure_http":    flag(d, &pool.InsecureHTTP),
		"leeway":           duration(d, &pool.Leeway),
		"refresh_interval": duration(d, &pool.RefreshInterval),
		"max_stale":        duration(d, &pool.MaxStale),
		"cooldown":         duration(d, &pool.Cooldown),
		"fetch_timeout":    duration(d, &pool.FetchTimeout),
		"cache_size":       count(d, &pool.CacheSize),
	}
}

// settled is what of a pool can be judged now: values with placeholders have to
// wait until it is loaded.
func settled(pool config.UserPool) *config.UserPool {
	open := func(value string) bool { return strings.Contains(value, "{") }
	for _, values := range []*[]string{&pool.Clients, &pool.Audiences, &pool.Issuers} {
		*values = slices.DeleteFunc(slices.Clone(*values), open)
	}
	for _, value := range []*string{&pool.JWKSURL, &pool.Endpoint} {
		if open(*value) {
			*value = ""
		}
	}
	return &pool
}
