package caddyfile

import (
	"maps"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// parseIdentityPool parses an identity pool.
//
//	identity_pool <name> <identity-pool-id> {
//		user_pool      <name>...
//		role_arn       <arn>
//		group_role     <group> <arn>
//		preferred_role
//		login          <user-pool> <provider-name>
//		guests
//		outlive_token
//		cache_size     <users>
//		endpoint       <url>
//		insecure_http
//		basic {
//			endpoint   <url>
//			region     <region>
//			duration   <duration>
//			policy     <json>
//			policy_arn <arn>...
//		}
//	}
//
// user_pool, group_role, login and policy_arn may be repeated.
func parseIdentityPool(d *caddyfile.Dispenser, app *config.App) error {
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.Errf("identity_pool: expected a name of your choice and an identity pool ID, got %q", strings.Join(args, " "))
	}
	name, pool := args[0], &config.IdentityPool{ID: args[1]}
	if err := checkCredentialsName(d, app, "identity_pool", name); err != nil {
		return err
	}
	if app.IdentityPools == nil {
		app.IdentityPools = make(map[string]*config.IdentityPool)
	}
	app.IdentityPools[name] = pool
	return judged(d, pool, func(check func() error) error {
		return block(d, identityPoolWords(d, pool, check), check, "user_pool", "group_role", "login")
	})
}

// identityPoolWords needs the check of each line for the block of basic.
func identityPoolWords(d *caddyfile.Dispenser, pool *config.IdentityPool, check func() error) map[string]func() error {
	words := exchangeWords(d, &pool.Exchange)
	maps.Copy(words, map[string]func() error{
		"login":    func() error { return parseLogin(d, pool) },
		"guests":   flag(d, &pool.Guests),
		"endpoint": text(d, &pool.Endpoint),
		"basic":    func() error { return parseBasic(d, pool, check) },
	})
	return words
}

func parseBasic(d *caddyfile.Dispenser, pool *config.IdentityPool, check func() error) error {
	pool.Basic = new(config.STS)
	return subblock(d, stsWords(d, pool.Basic), check, "policy_arn")
}

// parseWebIdentity parses an exchange at an STS.
//
//	web_identity <name> [<url>] {
//		user_pool      <name>...
//		role_arn       <arn>
//		group_role     <group> <arn>
//		preferred_role
//		region         <region>
//		duration       <duration>
//		policy         <json>
//		policy_arn     <arn>...
//		outlive_token
//		cache_size     <users>
//		insecure_http
//	}
//
// user_pool, group_role and policy_arn may be repeated.
func parseWebIdentity(d *caddyfile.Dispenser, app *config.App) error {
	args := d.RemainingArgs()
	if len(args) == 0 || len(args) > 2 || args[len(args)-1] == "" {
		return d.Errf("web_identity: expected a name of your choice and, for another STS than that of AWS, its URL, got %q", strings.Join(args, " "))
	}
	name, web := args[0], new(config.WebIdentity)
	if len(args) == 2 {
		web.Endpoint = args[1]
	}
	if err := checkCredentialsName(d, app, "web_identity", name); err != nil {
		return err
	}
	if app.WebIdentities == nil {
		app.WebIdentities = make(map[string]*config.WebIdentity)
	}
	app.WebIdentities[name] = web
	return judged(d, web, func(check func() error) error {
		words := webIdentityWords(d, web)
		return blockOr(d, words, func() error { return unknownInWebIdentity(d, words) }, check, "user_pool", "group_role", "policy_arn")
	})
}

func unknownInWebIdentity(d *caddyfile.Dispenser, words map[string]func() error) error {
	if d.Val() == "endpoint" {
		return d.Err("endpoint: the URL of the STS stands on the first line, after the name: web_identity <name> <url>")
	}
	return unknown(d, words)
}

// webIdentityWords leaves out the endpoint, which is an argument.
func webIdentityWords(d *caddyfile.Dispenser, web *config.WebIdentity) map[string]func() error {
	words := exchangeWords(d, &web.Exchange)
	maps.Copy(words, stsWords(d, &web.STS))
	delete(words, "endpoint")
	return words
}

func exchangeWords(d *caddyfile.Dispenser, exchange *config.Exchange) map[string]func() error {
	return map[string]func() error{
		"user_pool":      list(d, &exchange.UserPools),
		"role_arn":       text(d, &exchange.RoleARN),
		"group_role":     func() error { return parseGroupRole(d, exchange) },
		"preferred_role": flag(d, &exchange.PreferredRole),
		"outlive_token":  flag(d, &exchange.OutliveToken),
		"cache_size":     count(d, &exchange.CacheSize),
		"insecure_http":  flag(d, &exchange.InsecureHTTP),
	}
}

func stsWords(d *caddyfile.Dispenser, sts *config.STS) map[string]func() error {
	return map[string]func() error{
		"endpoint":   text(d, &sts.Endpoint),
		"region":     text(d, &sts.Region),
		"duration":   duration(d, &sts.Duration),
		"policy":     func() error { return parsePolicy(d, sts) },
		"policy_arn": list(d, &sts.PolicyARNs),
	}
}

// parsePolicy has an error of its own, since JSON is full of quotes, spaces and
// braces.
func parsePolicy(d *caddyfile.Dispenser, sts *config.STS) error {
	args := d.RemainingArgs()
	if len(args) != 1 || args[0] == "" {
		return d.Errf("policy: expected one JSON document between backticks, got %q", strings.Join(args, " "))
	}
	sts.Policy = args[0]
	return nil
}

func parseGroupRole(d *caddyfile.Dispenser, exchange *config.Exchange) error {
	group, arn, err := pair(d, "the name of a group and the ARN of a role")
	exchange.GroupRoles = append(exchange.GroupRoles, config.GroupRole{Group: group, RoleARN: arn})
	return err
}

func parseLogin(d *caddyfile.Dispenser, pool *config.IdentityPool) error {
	name, provider, err := pair(d, "the name of a user_pool and a provider name")
	pool.Logins = append(pool.Logins, config.Login{UserPool: name, Provider: provider})
	return err
}

// checkCredentialsName: both kinds are called by the word credentials.
func checkCredentialsName(d *caddyfile.Dispenser, app *config.App, kind, name string) error {
	if err := config.ValidateName(kind, name); err != nil {
		return d.WrapErr(err)
	}
	if app.IdentityPools[name] != nil || app.WebIdentities[name] != nil {
		return d.Errf("%s: %q is the name of another identity_pool or web_identity; choose another name for one of them", kind, name)
	}
	return nil
}
