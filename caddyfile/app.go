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
