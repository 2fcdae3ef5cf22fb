package main

// plugin is what this repository is about.
var plugin = &program{
	name: "this plugin", bare: caddy.bare,
	get: func(k *kit) (executable, error) {
		got := k.get(caddy)
		return got.executable, got.err
	},
	authorizing: caddyWith(poolOption, authDirective+passOn),
}

const poolOption = `cognito {
		user_pool bench $POOL {
			client $CLIENT
			issuer $ISSUER
			jwks_url $JWKS
		}
		identity_pool bench-media eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {
			user_pool bench
			endpoint $MEDIA
		}
	}`

const authDirective = `cognito_auth bench {
		require group admins
	}`

// silentDirective authorizes and tells the upstream nothing.
const silentDirective = `cognito_auth bench {
		require group admins
		forward none
	}`

// headersDirectives do without authorization what cognito_auth does to the headers
// of a request: the difference to it is what authorization itself costs.
const headersDirectives = `request_header -Authorization
	request_header X-Cognito-Sub 5f0c2f6e-7c1d-4b5a-9d7e-000000000001
	request_header X-Cognito-Username jo
	request_header X-Cognito-Groups admins,editors
	request_header X-Cognito-Scope "openid email orders/read orders/write"
	request_header X-Cognito-Client-Id $CLIENT
	request_header X-Cognito-Token-Use access`

const idDirective = `cognito_auth bench {
		token_use id
	}`

// s3Directives get each object with the credentials of its user.
const s3Directives = idDirective + `
	cognito_s3 bench-bucket {
		credentials bench-media
		endpoint http://$UPSTREAM
	}`

// signingDirectives sign requests as they are.
const signingDirectives = idDirective + passOn + ` {
		transport cognito_aws {
			credentials bench-media
		}
	}`

// sessionOption is a pool that users can sign in at.
const sessionOption = `cognito {
		user_pool bench $LOCAL_POOL {
			client $CLIENT
			issuer $LOCAL_ISSUER
			endpoint $LOCAL_URL
			session {
				secret b0a1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f50617
			}
		}
	}`

const sessionDirectives = `cognito_signin bench {
		page
	}
	` + authDirective

func pluginRows() []row {
	auth, headers := plugin.authorizing, caddyWith("", headersDirectives+passOn)
	user, signature := "X-Cognito-Sub: "+subject(0), "Authorization: AWS4-HMAC-SHA256 "
	rows := []row{
		{load: "1 token", with: auth, tokens: 1, proof: user, atMost: warm},
		{load: "1 000 tokens", with: auth, tokens: 1_000, proof: user, atMost: warm},
		{load: "50 000 tokens", with: auth, tokens: 50_000, proof: user, atMost: warm},
		{load: "50 000 new tokens", with: auth, tokens: 50_000, once: true, proof: user},
		{load: "session cookie", with: caddyWith(sessionOption, sessionDirectives+passOn), session: true, proof: "X-Cognito-Username: " + visitor, atMost: warm},
		{load: "1 000 tokens, `forward none`", with: caddyWith(poolOption, silentDirective+passOn), tokens: 1_000, proof: "Host: ", atMost: warm},
		{load: "the same headers by `request_header`, unauthorized", with: headers, tokens: 1_000},
		{load: "1 000 tokens against those headers", without: headers, with: auth, tokens: 1_000, proof: user, atMost: warm},
		{load: "signed S3 GET of 16 KiB, 1 000 users", with: caddyWith(poolOption, s3Directives), tokens: 1_000, id: true, object: true, proof: signature},
		{load: "`transport cognito_aws`, 16 KiB, 1 000 users", with: caddyWith(poolOption, signingDirectives), tokens: 1_000, id: true, object: true, proof: signature},
	}
	for i := range rows {
		rows[i].program = plugin
		if rows[i].without == nil {
			rows[i].without = plugin.bare
		}
	}
	return rows
}
