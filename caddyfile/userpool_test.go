package caddyfile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

func TestParsePoolForSignin(t *testing.T) {
	expectAll(t, parseApp, []accepted[config.App]{
		{
			"clients with secrets and without", "cognito {\n user_pool main local_1 {\n  client a {\n   secret s1\n  }\n  client b c\n  client d {\n   secret s1 s2\n  }\n  client e {\n  }\n }\n}",
			onePool("main", config.UserPool{
				ID: "local_1", Clients: []string{"a", "b", "c", "d", "e"}, ClientSecrets: map[string][]string{"a": {"s1"}, "d": {"s1", "s2"}},
			}),
		},
		{
			"placeholders, which are judged when they are loaded",
			"cognito {\n user_pool main local_1 {\n  client {env.A} {\n   secret {env.B} {env.B}\n  }\n  domain {env.C}\n  session {\n   client {env.A}\n   secret {env.D} {env.D}\n   cookie_domain {env.E}\n  }\n }\n}",
			onePool("main", config.UserPool{
				ID: "local_1", Clients: []string{"{env.A}"}, ClientSecrets: map[string][]string{"{env.A}": {"{env.B}", "{env.B}"}}, Domain: "{env.C}",
				Session: &config.Session{Client: "{env.A}", Secrets: []string{"{env.D}", "{env.D}"}, CookieDomain: "{env.E}"},
			}),
		},
		{
			"every word of a session, in any order", `cognito {
				user_pool main local_1 {
					session {
						client b
						idle 200h
						secret s1 s2
						cookie __Secure-id
						cookie_domain example.com
						absolute 30d
						refresh_token_rotation
					}
					client a b
				}
			}`,
			onePool("main", config.UserPool{ID: "local_1", Clients: []string{"a", "b"}, Session: &config.Session{
				Client: "b", Secrets: []string{"s1", "s2"}, Cookie: "__Secure-id", CookieDomain: "example.com",
				Idle: caddy.Duration(200 * time.Hour), Absolute: caddy.Duration(30 * 24 * time.Hour), RefreshTokenRotation: true,
			}}),
		},
		{
			"a session of defaults, and one that makes keys", "cognito {\n user_pool main local_1 {\n  client a\n  session\n }\n user_pool other local_1 {\n  client a\n  session {\n   rotate 1d\n  }\n }\n}",
			config.App{UserPools: map[string]*config.UserPool{
				"main":  {ID: "local_1", Clients: []string{"a"}, Session: new(config.Session)},
				"other": {ID: "local_1", Clients: []string{"a"}, Session: &config.Session{Rotate: caddy.Duration(24 * time.Hour)}},
			}},
		},
		{
			"a domain that is a URL, before insecure_http", "cognito {\n user_pool main local_1 {\n  client a\n  domain http://cognito:9229\n  insecure_http\n }\n}",
			onePool("main", config.UserPool{ID: "local_1", Clients: []string{"a"}, Domain: "http://cognito:9229", InsecureHTTP: true}),
		},
	})
}

// refusePoolLines puts each input on line 4 of a pool, after a client. No error
// shows a secret.
func refusePoolLines(t *testing.T, at string, rows []refused) {
	t.Helper()
	for i := range rows {
		rows[i].input = "cognito {\n user_pool main local_1 {\n  client a\n  " + rows[i].input + "\n }\n}"
		rows[i].want += ", at Testfile:" + at
		if strings.Contains(rows[i].want, "hush") {
			t.Errorf("expected no secret in %s", rows[i].want)
		}
	}
	refuseAll(t, parseApp, rows)
}

func TestClientRefusesLine(t *testing.T) {
	refusePoolLines(t, "4", []refused{
		{"a client with a block, twice", "client a {\n   secret hush\n  }", `client: "a" stands here twice; remove one of them`},
	})
	refusePoolLines(t, "5", []refused{
		{"a block for two clients", "client b c {\n   secret hush\n  }", `client: a block is for one client, got 2; give each a line of its own`},
		{"an unknown word", "client b {\n   secrets hush\n  }", `unknown word "secrets": expected secret`},
		{"a word of the pool", "client b {\n   domain a.b\n  }", `unknown word "domain": expected secret; it belongs into the block of a user_pool`},
		{"secret without a value", "client b {\n   secret\n  }", `secret: expected one or more values`},
		{"an empty secret", "client b {\n   secret hush \"\"\n  }", `secret 2: must not be empty`},
		{"three secrets", "client b {\n   secret hush hush2 hush3\n  }", `client_secret: client "b": expected one secret, or two while they are exchanged, got 3`},
		{"a secret twice", "client b {\n   secret hush hush\n  }", `client_secret: client "b": secret 2: is the same as secret 1; remove one of them`},
		{"a block in the block", "client b {\n   secret hush {\n    x\n   }\n  }", `secret: expected the end of the line, got a block; remove the braces`},
	})
	refusePoolLines(t, "6", []refused{
		{"secret on two lines", "client b {\n   secret hush\n   secret hush2\n  }", `secret: stands here twice; remove one of the lines`},
	})
	refusePoolLines(t, "8", []refused{
		{
			"a placeholder with secrets, twice", "client {env.B} {\n   secret hush\n  }\n  client {env.B} {\n   secret hush2\n  }",
			`secret: client "{env.B}" has its secrets already; remove one of the blocks`,
		},
	})
}

func TestDomainRefusesLine(t *testing.T) {
	refusePoolLines(t, "4", []refused{
		{"domain without a value", "domain", `domain: expected a value after it`},
		{"the prefix of a domain", "domain example", `domain: expected the whole host name, such as example.auth.eu-west-1.amazoncognito.com, got "example"; the AWS console shows it`},
		{"a domain with a path", "domain a.b/login", `domain: expected a host name such as auth.example.com, in lower case and without path, or a URL that starts with https://, got "a.b/login"`},
		{"an http domain", "domain http://a.b", `domain: http is for this machine only, got "http://a.b"; use https, or set insecure_http in a test network`},
	})
	refusePoolLines(t, "5", []refused{
		{"a domain twice", "domain a.b\n  domain c.d", `domain: stands here twice; remove one of the lines`},
		{"a session twice", "session\n  session", `session: stands here twice; remove one of the lines`},
	})
}

func TestSessionRefusesLine(t *testing.T) {
	const words = `expected one of absolute, client, cookie, cookie_domain, idle, refresh_token_rotation, rotate, secret`
	rows := []refused{
		{"an unknown word", "ttl 1h", `unknown word "ttl": ` + words},
		{"a word of the pool", "leeway 1s", `unknown word "leeway": ` + words + `; it belongs into the block of a user_pool`},
		{"secret without a value", "secret", `secret: expected one or more values`},
		{"an empty secret", `secret ""`, `secret 1: must not be empty`},
		{"a secret twice", "secret hush {env.A} hush", `session: secret 3: is the same as secret 1; remove one of them`},
		{"a cookie without a prefix", "cookie sid", `session: cookie: expected a name that starts with __Host- or __Secure-, got "sid"; any other can be overwritten by sibling hosts or over plain http`},
		{"a cookie of two words", "cookie a b", `cookie: expected one value, got "a b"`},
		{"a domain with a leading dot", "cookie_domain .example.com", `session: cookie_domain: expected a domain such as example.com, in lower case and without a leading dot, got ".example.com"`},
		{"idle of no duration", "idle 0", `idle: expected a duration above 0, such as 10s or 15m, got "0"; without this line, the default applies`},
		{"idle above the default of absolute", "idle 8d", `session: absolute: expected at least idle, 192h0m0s, got 168h0m0s; shorten idle or lengthen absolute`},
		{"refresh_token_rotation with a value", "refresh_token_rotation on", `refresh_token_rotation: expected nothing after it, got "on"`},
	}
	for i := range rows {
		rows[i].input = "session {\n   " + rows[i].input + "\n  }"
	}
	refusePoolLines(t, "5", rows)
	refusePoolLines(t, "6", []refused{
		{"rotate beside a secret", "session {\n   secret hush\n   rotate 1d\n  }", `session: rotate: cannot be combined with secret, since such keys are not made here; remove one of them`},
		{"absolute below idle, which the default was, too", "session {\n   idle 10d\n   absolute 1d\n  }", `session: absolute: expected at least idle, 240h0m0s, got 24h0m0s; shorten idle or lengthen absolute`},
		{"a word twice", "session {\n   idle 1h\n   idle 2h\n  }", `idle: stands here twice; remove one of the lines`},
		{
			"a domain for a cookie of one host", "session {\n   cookie __Host-id\n   cookie_domain example.com\n  }",
			`session: cookie: "__Host-id" cannot be combined with cookie_domain, since browsers refuse that; start the name with __Secure-, or remove one of them`,
		},
	})
	refusePoolLines(t, "5", []refused{
		{"idle above absolute, before what hides it and is mended", "session {\n   idle 8d\n  }\n  domain http://a.b\n  insecure_http", `session: absolute: expected at least idle, 192h0m0s, got 168h0m0s; shorten idle or lengthen absolute`},
	})
	refusePoolLines(t, "4", []refused{
		{"session with a value", "session 8h", `session: expected a block or nothing after it, got "8h"`},
	})
	refuseAll(t, parseApp, []refused{{
		"another client, which no line names", "cognito {\n user_pool main local_1 {\n  client a\n  session {\n   client b\n  }\n }\n}",
		`session: client: "b" is not an app client of the pool; name it in client, too, at Testfile:5`,
	}, {
		"another client, before those of the pool", "cognito {\n user_pool main local_1 {\n  session {\n   idle 1h\n   client b\n  }\n  client a\n }\n}",
		`session: client: "b" is not an app client of the pool; name it in client, too, at Testfile:5`,
	}, {
		"another client, and none of the pool", "cognito {\n user_pool main local_1 {\n  session {\n   client b\n  }\n }\n}",
		`session: client: "b" is not an app client of the pool; name it in client, too, at Testfile:4`,
	}})
}

func TestBlocksOfPoolsThatAreNotClosed(t *testing.T) {
	refuseAll(t, parseApp, []refused{
		{"a client", "cognito {\n user_pool main local_1 {\n  client a {\n   secret b\n", `the block that starts here is not closed; add a line with }, at Testfile:3`},
		{"a session", "cognito {\n user_pool main local_1 {\n  session {\n   idle 1h\n", `the block that starts here is not closed; add a line with }, at Testfile:3`},
	})
}
