package caddyfile

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// ParseCredentials parses the directive cognito_credentials, without its matcher.
//
//	cognito_credentials <name> [<path>]
func ParseCredentials(d *caddyfile.Dispenser) (config.CredentialsEndpoint, error) {
	var endpoint config.CredentialsEndpoint
	d.Next()
	at, args := here(d), d.RemainingArgs()
	if len(args) == 0 || len(args) > 2 || args[len(args)-1] == "" {
		return endpoint, d.Errf("cognito_credentials: expected the name of an identity_pool or web_identity and, if you like, a path, got %q", strings.Join(args, " "))
	}
	endpoint.Credentials = args[0]
	if len(args) == 2 {
		endpoint.Path = args[1]
	}
	if err := at.wrap(endpoint.Validate()); err != nil {
		return endpoint, err
	}
	if d.NextBlock(0) {
		return endpoint, d.Err("cognito_credentials: expected the end of the line, got a block; remove the braces")
	}
	return endpoint, nil
}
