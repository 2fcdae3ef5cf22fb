package caddyfile_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// onePool is what most rows expect.
func onePool(name string, pool config.UserPool) config.App {
	return config.App{UserPools: map[string]*config.UserPool{name: &pool}}
}

func TestParseApp(t *testing.T) {
	expectAll(t, parseApp, []accepted[config.App]{
		{"no block is no configuration", "cognito", config.App{}},
		{"an empty block is no configuration", "cognito {\n}", config.App{}},
		{
			"a pool with one client", "cognito {\n user_pool main " + poolID + " {\n  client a\n }\n}",
			onePool("main", config.UserPool{ID: poolID, Clients: []string{"a"}}),
		},
		{
			"lists add up over words and lines",
			"cognito {\n user_pool main " + poolID + " {\n  client a b\n  client c\n  audience https://a https://b\n  audience urn:c\n" +
				"  issuer https://a/x\n  issuer https://b/x\n }\n}",
			onePool("main", config.UserPool{
				ID: poolID, Clients: []string{"a", "b", "c"},
				Audiences: []string{"https://a", "https://b", "urn:c"}, Issuers: []string{"https://a/x", "https://b/x"},
			}),
		},
		{
			"every other word", `cognito {
				user_pool main ` + poolID + ` {
					any_client
					jwks_url http://192.0.2.1/keys
					jwks_file "/etc/my keys.json"
					endpoint http://cognito.test:9229/
					insecure_http
					leeway 10s
					refresh_interval 5m
					max_stale 1d
					cooldown 1m30s
					fetch_timeout 250ms
					cache_size 1000
				}
			}`,
			onePool("main", config.UserPool{
				ID: poolID, AnyClient: true, JWKSURL: "http://192.0.2.1/keys", JWKSFile: "/etc/my keys.json",
				Endpoint: "http://cognito.test:9229/", InsecureHTTP: true,
				Leeway: caddy.Duration(10 * time.Second), RefreshInterval: caddy.Duration(5 * time.Minute),
				MaxStale: caddy.Duration(24 * time.Hour), Cooldown: caddy.Duration(90 * time.Second),
				FetchTimeout: caddy.Duration(250 * time.Millisecond), CacheSize: 1000,
			}),
		},
		{
			"http to this machine needs no insecure_http",
			"cognito {\n user_pool main local_1 {\n  client a\n  endpoint http://127.0.0.1:9229\n  jwks_url http://localhost/keys\n }\n}",
			onePool("main", config.UserPool{
				ID: "local_1", Clients: []string{"a"}, Endpoint: "http://127.0.0.1:9229", JWKSURL: "http://localhost/keys",
			}),
		},
	})
}

func TestParseAppPools(t *testing.T) {
	expectAll(t, parseApp, []accepted[config.App]{
		{
			"several pools", "cognito {\n user_pool a local_1 {\n  client x\n }\n user_pool b local_2 {\n  client y\n }\n}",
			config.App{UserPools: map[string]*config.UserPool{
				"a": {ID: "local_1", Clients: []string{"x"}}, "b": {ID: "local_2", Clients: []string{"y"}},
			}},
		},
		{
			"several names for one pool", "cognito {\n user_pool a local_1 {\n  client x\n }\n user_pool A local_1 {\n  client y\n }\n}",
			config.App{UserPools: map[string]*config.UserPool{
				"a": {ID: "local_1", Clients: []string{"x"}}, "A": {ID: "local_1", Clients: []string{"y"}},
			}},
		},
		{
			"a pool of placeholders is judged when it is loaded",
			"cognito {\n user_pool main {env.POOL} {\n  client {env.A} {env.A}\n  jwks_url {env.B}\n  endpoint {env.C}\n  issuer {env.D}\n  jwks_file {env.E}\n }\n}",
			onePool("main", config.UserPool{
				ID: "{env.POOL}", Clients: []string{"{env.A}", "{env.A}"}, JWKSURL: "{env.B}", Endpoint: "{env.C}",
				Issuers: []string{"{env.D}"}, JWKSFile: "{env.E}",
			}),
		},
	})
}

func TestBlocksOfTheGlobalOptionAddUp(t *testing.T) {
	var app config.App
	for _, input := range []string{
		"cognito {\n user_pool a local_1 {\n  client x\n }\n}",
		"cognito {\n user_pool b local_2 {\n  client y\n }\n}",
	} {
		if err := parse.ParseApp(dispense(t, input), &app); err != nil {
			t.Fatal(err)
		}
	}
	want := config.App{UserPools: map[string]*config.UserPool{
		"a": {ID: "local_1", Clients: []string{"x"}}, "b": {ID: "local_2", Clients: []string{"y"}},
	}}
	if !reflect.DeepEqual(app, want) {
		t.Errorf("expected %+v, got %+v", want, app)
	}
	err := parse.ParseApp(dispense(t, "cognito {\n\n user_pool b local_3 {\n  client y\n }\n}"), &app)
	expectText(t, err, `user_pool: "b" is configured twice; choose another name for one of them, at Testfile:3`)
}

func expectText(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("expected %s\n     got %v", want, err)
	}
}

const badName = "; names start with a letter, hold letters, digits, - and _, and do not look like a pool ID, at Testfile:2"

func TestParseAppRefuses(t *testing.T) {
	refuseAll(t, parseApp, []refused{
		{"an argument", "cognito main {\n}", `cognito: expected a block that starts with {, got "main", at Testfile:1`},
		{"an unknown word", "cognito {\n\n userpool main x_1\n}", `unknown word "userpool": expected one of identity_pool, user_pool, web_identity, at Testfile:3`},
		{"a word of a pool", "cognito {\n client a\n}", `unknown word "client": expected one of identity_pool, user_pool, web_identity; it belongs into the block of a user_pool or session, at Testfile:2`},
		{"a word in another case", "cognito {\n User_Pool main x_1\n}", `unknown word "User_Pool": expected one of identity_pool, user_pool, web_identity, at Testfile:2`},
		{"a block without a word", "cognito {\n {\n }\n}", `the block that starts here is not closed; add a line with }, at Testfile:1`},
		{"a block that is not closed", "\ncognito {", `the block that starts here is not closed; add a line with }, at Testfile:2`},
		{
			"a block that is not closed after a pool", "\ncognito {\n user_pool a local_1 {\n  client x\n }\n",
			`the block that starts here is not closed; add a line with }, at Testfile:2`,
		},
		{
			"a pool that is not closed", "\ncognito {\n user_pool a local_1 {\n  client x\n",
			`the block that starts here is not closed; add a line with }, at Testfile:3`,
		},
		{"a word after the block", "cognito {\n user_pool a local_1 {\n  client x\n }\n} x", `unknown word "x": expected one of identity_pool, user_pool, web_identity, at Testfile:5`},
	})
}

func TestParseAppRefusesPools(t *testing.T) {
	refuseAll(t, parseApp, []refused{
		{
			"a pool without arguments", "cognito {\n user_pool {\n  client a\n }\n}",
			`user_pool: expected a name of your choice and a pool ID, got "", at Testfile:2`,
		},
		{
			"a pool without a name", "cognito {\n user_pool " + poolID + " {\n  client a\n }\n}",
			`user_pool: expected a name of your choice and a pool ID, got "eu-west-1_AbCdEfGhI", at Testfile:2`,
		},
		{
			"a pool with its client on the line", "cognito {\n user_pool main " + poolID + " a\n}",
			`user_pool: expected a name of your choice and a pool ID, got "main eu-west-1_AbCdEfGhI a", at Testfile:2`,
		},
		{
			"a name that looks like a pool ID", "cognito {\n user_pool " + poolID + " a {\n  client a\n }\n}",
			`user_pool: expected a name of your choice, got "eu-west-1_AbCdEfGhI"` + badName,
		},
		{"an empty name", "cognito {\n user_pool \"\" local_1 {\n  client a\n }\n}", `user_pool: expected a name of your choice, got ""` + badName},
		{"a name with a dot", "cognito {\n user_pool a.b local_1 {\n  client a\n }\n}", `user_pool: expected a name of your choice, got "a.b"` + badName},
		{"a name that is a number", "cognito {\n user_pool 1 local_1 {\n  client a\n }\n}", `user_pool: expected a name of your choice, got "1"` + badName},
		{
			"a placeholder as a name", "cognito {\n user_pool {env.X} local_1 {\n  client a\n }\n}",
			`user_pool: expected a name of your choice, got "{env.X}"` + badName,
		},
		{
			"a pool twice", "cognito {\n user_pool a local_1 {\n  client x\n }\n user_pool a local_2 {\n  client y\n }\n}",
			`user_pool: "a" is configured twice; choose another name for one of them, at Testfile:5`,
		},
		{
			"an ID without underscore", "cognito {\n user_pool main eu-west-1 {\n  client a\n }\n}",
			`id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got "eu-west-1", at Testfile:2`,
		},
		{
			"an empty ID", "cognito {\n user_pool main \"\" {\n  client a\n }\n}",
			`id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got "", at Testfile:2`,
		},
		{
			"a pool without a block", "cognito {\n user_pool main local_1\n}",
			`client: required; name the app clients whose tokens are accepted, or set any_client to accept all of them, at Testfile:2`,
		},
		{
			"a pool without clients", "cognito {\n\n user_pool main local_1 {\n  leeway 1s\n }\n}",
			`client: required; name the app clients whose tokens are accepted, or set any_client to accept all of them, at Testfile:3`,
		},
	})
}

// Every line of the table below stands on line 4 of a pool, after a client.
func TestPoolRefusesLine(t *testing.T) {
	const at = ", at Testfile:4"
	rows := []refused{
		{"an unknown word", "leewy 1s", `unknown word "leewy": expected one of any_client, audience, cache_size, client, cooldown, domain, endpoint, ` +
			`fetch_timeout, insecure_http, issuer, jwks_file, jwks_url, leeway, max_stale, refresh_interval, session`},
		{"a word of cognito_auth", "require group admins", `unknown word "require": expected one of any_client, audience, cache_size, client, cooldown, domain, ` +
			`endpoint, fetch_timeout, insecure_http, issuer, jwks_file, jwks_url, leeway, max_stale, refresh_interval, session; it belongs into the block of cognito_auth`},
		{"client without a value", "client", `client: expected one or more values`},
		{"audience without a value", "audience", `audience: expected one or more values`},
		{"issuer without a value", "issuer", `issuer: expected one or more values`},
		{"an empty client", `client ""`, `client: must not be empty`},
		{"an empty audience", `audience x ""`, `audience: must not be empty`},
		{"an empty issuer", `issuer ""`, `issuer: must not be empty`},
		{"a client twice over lines", "client b a", `client: "a" stands here twice; remove one of them`},
		{"an audience twice", "audience x x", `audience: "x" stands here twice; remove one of them`},
		{"an issuer twice", "issuer https://x https://x", `issuer: "https://x" stands here twice; remove one of them`},
		{"a word of several blocks", "region eu-west-1", `unknown word "region": expected one of any_client, audience, cache_size, client, cooldown, domain, ` +
			`endpoint, fetch_timeout, insecure_http, issuer, jwks_file, jwks_url, leeway, max_stale, refresh_interval, session; ` +
			`it belongs into the block of basic, a web_identity, cognito_s3 or transport cognito_aws`},
		{"a pool ID as a client", "client " + poolID, `client: expected an app client ID, got the pool ID "eu-west-1_AbCdEfGhI"; ` +
			`to accept several pools, configure each as a user_pool and use their names`},
		{"any_client beside a client", "any_client", `any_client: cannot be combined with client; remove one of them`},
		{"any_client with a value", "any_client true", `any_client: expected nothing after it, got "true"`},
		{"insecure_http with a value", "insecure_http on", `insecure_http: expected nothing after it, got "on"`},
		{"a block after a value", "audience b {\n x\n }", `audience: expected the end of the line, got a block; remove the braces`},
		{"an empty block after a flag", "insecure_http {\n }", `insecure_http: expected the end of the line, got a block; remove the braces`},
		{"an issuer that is no URL", "issuer example.com", `issuer: expected a URL that starts with https:// and has no query and no fragment, got "example.com"`},
		{"an issuer with a slash at the end", "issuer https://example.com/", `issuer: issuers of Cognito do not end in /, got "https://example.com/"`},
		{"an http issuer", "issuer http://example.com", `issuer: http is for this machine only, got "http://example.com"; use https, or set insecure_http in a test network`},
		{"an http jwks_url", "jwks_url http://example.com", `jwks_url: http is for this machine only, got "http://example.com"; use https, or set insecure_http in a test network`},
		{"an http endpoint", "endpoint http://10.0.0.1", `endpoint: http is for this machine only, got "http://10.0.0.1"; use https, or set insecure_http in a test network`},
		{"an endpoint with another scheme", "endpoint ftp://x", `endpoint: expected a URL that starts with https:// and has no query and no fragment, got "ftp://x"`},
		{"a jwks_url with a query", "jwks_url https://x/?a", `jwks_url: expected a URL that starts with https:// and has no query and no fragment, got "https://x/?a"`},
		{"a URL with a password, which is not shown", "endpoint https://u:secret@x", `endpoint: expected a URL without user and password`},
	}
	for _, word := range []string{"jwks_url", "jwks_file", "endpoint", "leeway", "refresh_interval", "max_stale", "cooldown", "fetch_timeout", "cache_size"} {
		rows = append(
			rows,
			refused{word + " without a value", word, word + `: expected a value after it`},
			refused{word + " with two values", word + " a b", word + `: expected one value, got "a b"`},
			refused{word + " with an empty value", word + ` ""`, word + `: must not be empty; without this line, the default applies`},
		)
	}
	for _, word := range []string{"leeway", "refresh_interval", "max_stale", "cooldown", "fetch_timeout"} {
		for _, value := range []string{"10", "soon", "-1s", "0", "0s", "1s2", "{env.X}", "99999999999h"} {
			rows = append(rows, refused{word + " " + value, word + " " + value, word +
				`: expected a duration above 0, such as 10s or 15m, got "` + value + `"; without this line, the default applies`})
		}
	}
	for _, value := range []string{"0", "-1", "many", "1.5", "1e3", "99999999999999999999"} {
		rows = append(rows, refused{"cache_size " + value, "cache_size " + value,
			`cache_size: expected a whole number from 1 up, got "` + value + `"; without this line, the default applies`})
	}
	for i := range rows {
		rows[i].input = "cognito {\n user_pool main local_1 {\n  client a\n  " + rows[i].input + "\n  max_stale 1h\n }\n}"
		rows[i].want += at
	}
	refuseAll(t, parseApp, rows)
}

// A line may stand there once, except those that list something.
func TestPoolRefusesRepeatedWords(t *testing.T) {
	for word, value := range map[string]string{
		"any_client": "", "jwks_url": "https://x", "jwks_file": "/x", "endpoint": "https://x", "insecure_http": "",
		"leeway": "1s", "refresh_interval": "1s", "max_stale": "1s", "cooldown": "1s", "fetch_timeout": "1s", "cache_size": "1",
	} {
		line := word + " " + value + "\n"
		_, err := parseApp(dispense(t, "cognito {\n user_pool main local_1 {\n "+line+" "+line+" }\n}"))
		expectText(t, err, word+": stands here twice; remove one of the lines, at Testfile:4")
	}
}

// The first mistake is told first.
func TestPoolRefusesInOrder(t *testing.T) {
	refuseAll(t, parseApp, []refused{
		{
			"the ID, before the lines of the block", "cognito {\n user_pool main eu-west-1 {\n  clients a\n }\n}",
			`id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got "eu-west-1", at Testfile:2`,
		},
		{
			"a limit that no later line mends", "cognito {\n user_pool main local_1 {\n  client a\n  max_stale 5m\n  leeway 1s\n }\n}",
			`max_stale: expected at least the refresh_interval, 15m0s, got 5m0s; keys would lapse before they are fetched anew, at Testfile:4`,
		},
		{
			"a limit that a later line breaks", "cognito {\n user_pool main local_1 {\n  max_stale 5m\n  client {env.A}\n  refresh_interval 1m\n  endpoint http://x\n }\n}",
			`endpoint: http is for this machine only, got "http://x"; use https, or set insecure_http in a test network, at Testfile:6`,
		},
	})
}

// Which line is at fault shows only when the whole pool was read.
func TestPoolNamesTheLineOfAnInsecureURL(t *testing.T) {
	refuseAll(t, parseApp, []refused{
		{
			"the first of two",
			"cognito {\n user_pool a local_1 {\n  issuer https://x\n  issuer http://y\n  jwks_url http://z\n  client b\n }\n}",
			`issuer: http is for this machine only, got "http://y"; use https, or set insecure_http in a test network, at Testfile:4`,
		},
		{
			"a mistake behind it comes first, since insecure_http may follow",
			"cognito {\n user_pool a local_1 {\n  endpoint http://y\n  jwks_url z\n  insecure_http\n  client b\n }\n}",
			`jwks_url: expected a URL that starts with https:// and has no query and no fragment, got "z", at Testfile:4`,
		},
		{
			"beside a placeholder",
			"cognito {\n user_pool a {env.X} {\n  client {env.Y}\n  endpoint http://y\n }\n}",
			`endpoint: http is for this machine only, got "http://y"; use https, or set insecure_http in a test network, at Testfile:4`,
		},
	})
}
