package caddyfile

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// ParseApp parses the global option into app; several blocks add up. Whether the
// names in it refer to something shows only when all of them were read, and is not
// checked here.
//
//	cognito {
//		user_pool <name> <pool-id> {
//			…
//		}
//		identity_pool <name> <identity-pool-id> {
//			…
//		}
//		web_identity <name> [<url>] {
//			…
//		}
//	}
func ParseApp(d *caddyfile.Dispenser, app *config.App) error {
	d.Next()
	if d.NextArg() {
		return d.Errf("cognito: expected a block that starts with {, got %q", d.Val())
	}
	return block(d, appWords(d, app), nothingMore, "user_pool", "identity_pool", "web_identity")
}

func appWords(d *caddyfile.Dispenser, app *config.App) map[string]func() error {
	return map[string]func() error{
		"user_pool":     func() error { return parseNamedPool(d, app) },
		"identity_pool": func() error { return parseIdentityPool(d, app) },
		"web_identity":  func() error { return parseWebIdentity(d, app) },
	}
}

func parseNamedPool(d *caddyfile.Dispenser, app *config.App) error {
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.Errf("user_pool: expected a name of your choice and a pool ID, got %q", strings.Join(args, " "))
	}
	name := args[0]
	if err := config.ValidateName("user_pool", name); err != nil {
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
//
// client, audience and issuer may be repeated.
func parsePool(d *caddyfile.Dispenser, pool *config.UserPool) error {
	return judged(d, pool, func(check func() error) error {
		return block(d, poolWords(d, pool), check, "client", "audience", "issuer")
	})
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
