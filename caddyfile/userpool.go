package caddyfile

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// parsePool parses the block of a user pool.
//
//	user_pool <name> <pool-id> {
//		client           <client-id>...
//		client           <client-id> {
//			secret <secret> [<next-secret>]
//		}
//		any_client
//		audience         <url>...
//		issuer           <url>...
//		jwks_url         <url>
//		jwks_file        <path>
//		endpoint         <url>
//		domain           <host>|<url>
//		insecure_http
//		leeway           <duration>
//		refresh_interval <duration>
//		max_stale        <duration>
//		cooldown         <duration>
//		fetch_timeout    <duration>
//		cache_size       <tokens>
//		session {
//			client        <client-id>
//			secret        <secret>...
//			cookie        <name>
//			cookie_domain <domain>
//			idle          <duration>
//			absolute      <duration>
//			rotate        <duration>
//			refresh_token_rotation
//		}
//	}
//
// client, audience and issuer may be repeated.
func parsePool(d *caddyfile.Dispenser, pool *config.UserPool) error {
	return judged(d, pool, func(check func() error) error {
		return block(d, poolWords(d, pool, check), check, "client", "audience", "issuer")
	})
}

// poolWords needs the check of each line for the blocks of client and session.
func poolWords(d *caddyfile.Dispenser, pool *config.UserPool, check func() error) map[string]func() error {
	return map[string]func() error{
		"client":           func() error { return parseClient(d, pool, check) },
		"any_client":       flag(d, &pool.AnyClient),
		"audience":         list(d, &pool.Audiences),
		"issuer":           list(d, &pool.Issuers),
		"jwks_url":         text(d, &pool.JWKSURL),
		"jwks_file":        text(d, &pool.JWKSFile),
		"endpoint":         text(d, &pool.Endpoint),
		"domain":           text(d, &pool.Domain),
		"insecure_http":    flag(d, &pool.InsecureHTTP),
		"leeway":           duration(d, &pool.Leeway),
		"refresh_interval": duration(d, &pool.RefreshInterval),
		"max_stale":        duration(d, &pool.MaxStale),
		"cooldown":         duration(d, &pool.Cooldown),
		"fetch_timeout":    duration(d, &pool.FetchTimeout),
		"cache_size":       count(d, &pool.CacheSize),
		"session":          func() error { return parseSession(d, pool, check) },
	}
}

// parseClient reads clients, or one client and its block.
func parseClient(d *caddyfile.Dispenser, pool *config.UserPool, check func() error) error {
	at, before := here(d), len(pool.Clients)
	if err := list(d, &pool.Clients)(); err != nil {
		return err
	}
	added := pool.Clients[before:]
	if err := at.wrap(check()); err != nil {
		return err
	}
	words := clientWords(d, pool, added[0])
	if len(added) == 1 {
		return block(d, words, check)
	}
	return lines(d, func() error {
		return d.Errf("client: a block is for one client, got %d; give each a line of its own", len(added))
	})
}

func clientWords(d *caddyfile.Dispenser, pool *config.UserPool, client string) map[string]func() error {
	return map[string]func() error{
		"secret": func() error { return parseClientSecrets(d, pool, client) },
	}
}

func parseClientSecrets(d *caddyfile.Dispenser, pool *config.UserPool, client string) error {
	if pool.ClientSecrets[client] != nil { // of a placeholder that stands here twice
		return d.Errf("secret: client %q has its secrets already; remove one of the blocks", client)
	}
	var list []string
	if err := secrets(d, &list)(); err != nil {
		return err
	}
	if pool.ClientSecrets == nil {
		pool.ClientSecrets = make(map[string][]string)
	}
	pool.ClientSecrets[client] = list
	return nil
}

func parseSession(d *caddyfile.Dispenser, pool *config.UserPool, check func() error) error {
	pool.Session = new(config.Session)
	return subblock(d, sessionWords(d, pool.Session), check)
}

func sessionWords(d *caddyfile.Dispenser, session *config.Session) map[string]func() error {
	return map[string]func() error{
		"client":                 text(d, &session.Client),
		"secret":                 secrets(d, &session.Secrets),
		"cookie":                 text(d, &session.Cookie),
		"cookie_domain":          text(d, &session.CookieDomain),
		"idle":                   duration(d, &session.Idle),
		"absolute":               duration(d, &session.Absolute),
		"rotate":                 duration(d, &session.Rotate),
		"refresh_token_rotation": flag(d, &session.RefreshTokenRotation),
	}
}
