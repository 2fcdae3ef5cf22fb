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
		return d.Errf("cognito: expected a block, got %q", d.Val())
	}
	return block(d, map[string]func() error{
		"user_pool": func() error { return parseNamedPool(d, app) },
	}, "user_pool")
}

func parseNamedPool(d *caddyfile.Dispenser, app *config.App) error {
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.Errf("user_pool: expected a name and a pool ID, got %d words", len(args))
	}
	name := args[0]
	if err := config.ValidateName(name); err != nil {
		return d.Err(err.Error())
	}
	if app.UserPools[name] != nil {
		return d.Errf("user_pool: %q is configured twice", name)
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
	err := block(d, map[string]func() error{
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
	}, "client", "audience", "issuer")
	if err != nil || hasPlaceholder(pool) {
		return err
	}
	return at.wrap(pool.Validate())
}

// hasPlaceholder reports whether the pool can be judged only when it is loaded.
func hasPlaceholder(pool *config.UserPool) bool {
	values := slices.Concat([]string{pool.ID, pool.JWKSURL, pool.JWKSFile, pool.Endpoint}, pool.Clients, pool.Audiences, pool.Issuers)
	return slices.ContainsFunc(values, func(s string) bool { return strings.Contains(s, "{") })
}
