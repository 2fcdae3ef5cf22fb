package main

const caddySecurityVersion = "v1.1.64"

var caddySecurity = &program{
	name: "Caddy, caddy-security",
	get: func(k *kit) (executable, error) {
		return k.build("caddy-security", caddySecurityVersion, caddyMain,
			caddyModule, k.get(caddy).version, "github.com/greenpau/caddy-security", caddySecurityVersion)
	},
	bare:        caddy.bare,
	authorizing: caddyWith(caddySecurityOption, "authorize with bench"+passOn),
	keyFile:     true,
}

const caddyMain = `package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	_ "github.com/greenpau/caddy-security"
)

func main() { caddycmd.Main() }
`

const caddySecurityOption = `order authorize before reverse_proxy
	security {
		authorization policy bench {
			crypto key verify from file $PEM
			set token sources header
			validate bearer header
			disable auth redirect
			allow iss $ISSUER
			inject headers with claims
		}
	}`
