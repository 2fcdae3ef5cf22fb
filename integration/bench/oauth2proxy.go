package main

import (
	"slices"
	"strings"
)

const oauth2ProxyVersion = "v7.15.2"

var oauth2Proxy = &program{
	name: "oauth2-proxy",
	get: func(k *kit) (executable, error) {
		return k.build("oauth2-proxy", oauth2ProxyVersion, "", "github.com/oauth2-proxy/oauth2-proxy/v7", oauth2ProxyVersion)
	},
	bare:        oauth2ProxyWith("--skip-auth-route=.*"),
	authorizing: oauth2ProxyWith("--skip-jwt-bearer-tokens", "--bearer-token-login-fallback=false"),
}

// oauth2ProxyFlags make it take access tokens of Cognito, which have a client_id
// where others have an audience, and no email.
const oauth2ProxyFlags = `--http-address=$ADDRESS
--upstream=http://$UPSTREAM
--provider=oidc
--oidc-issuer-url=$ISSUER
--skip-oidc-discovery
--oidc-jwks-url=$JWKS
--login-url=http://127.0.0.1:1/
--redeem-url=http://127.0.0.1:1/
--client-id=$CLIENT
--client-secret=unused
--cookie-secret=0123456789abcdef
--email-domain=*
--oidc-email-claim=sub
--oidc-audience-claim=client_id
--standard-logging=false
--auth-logging=false
--request-logging=false`

func oauth2ProxyWith(more ...string) variant {
	return func(s site) ([]string, error) {
		return slices.Concat(strings.Fields(s.expand(oauth2ProxyFlags)), more), nil
	}
}
