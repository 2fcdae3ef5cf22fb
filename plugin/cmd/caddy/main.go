// Command caddy is the stock Caddy web server with the Cognito modules.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-cognito/caddy-cognito"
)

func main() { caddycmd.Main() }
