package caddyfile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

const (
	identityPoolID = "eu-west-1:1d2c3b4a-0000-0000-0000-000000000000"
	readers        = "arn:aws:iam::111122223333:role/readers"
	badARN         = `expected an ARN such as arn:aws:iam::111122223333:role/readers, got `
	httpOnly       = `; use https, or set insecure_http in a test network`
)

func oneIdentityPool(set func(*config.IdentityPool)) config.App {
	pool := &config.IdentityPool{ID: identityPoolID}
	set(pool)
	return config.App{IdentityPools: map[string]*config.IdentityPool{"media": pool}}
}

func oneWebIdentity(web config.WebIdentity) config.App {
	return config.App{WebIdentities: map[string]*config.WebIdentity{"minio": &web}}
}

func TestParseIdentityPool(t *testing.T) {
	expectAll(t, parseApp, []accepted[config.App]{
		{
			"one user pool", "cognito {\n identity_pool media " + identityPoolID + " {\n  user_pool main\n }\n}",
			oneIdentityPool(func(p *config.IdentityPool) { p.UserPools = []string{"main"} }),
		},
		{
			"guests only", "cognito {\n identity_pool media " + identityPoolID + " {\n  guests\n }\n}",
			oneIdentityPool(func(p *config.IdentityPool) { p.Guests = true }),
		},
		{
			"every word", `cognito {
				identity_pool media ` + identityPoolID + ` {
					user_pool main other
					user_pool third
					role_arn ` + readers + `
					group_role admins arn:aws:iam::111122223333:role/admins
					group_role "the editors" arn:aws:iam::111122223333:role/editors
					preferred_role
					login other auth.example.com
					login third cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other
					guests
					outlive_token
					cache_size 500
					endpoint http://cognito.test:9229
					insecure_http
				}
			}`,
			oneIdentityPool(func(p *config.IdentityPool) {
				p.UserPools, p.RoleARN = []string{"main", "other", "third"}, readers
				p.GroupRoles = []config.GroupRole{
					{Group: "admins", RoleARN: "arn:aws:iam::111122223333:role/admins"}, {Group: "the editors", RoleARN: "arn:aws:iam::111122223333:role/editors"},
				}
				p.Logins = []config.Login{
					{UserPool: "other", Provider: "auth.example.com"}, {UserPool: "third", Provider: "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other"},
				}
				p.PreferredRole, p.Guests, p.OutliveToken, p.CacheSize = true, true, true, 500
				p.Endpoint, p.InsecureHTTP = "http://cognito.test:9229", true
			}),
		},
		{
			"a login before its user pool", "cognito {\n identity_pool media " + identityPoolID + " {\n  login main x\n  user_pool main\n }\n}",
			oneIdentityPool(func(p *config.IdentityPool) {
				p.UserPools, p.Logins = []string{"main"}, []config.Login{{UserPool: "main", Provider: "x"}}
			}),
		},
		{
			"placeholders, which are judged when they are loaded",
			"cognito {\n identity_pool media {env.ID} {\n  user_pool main\n  endpoint {env.URL}\n  role_arn {env.ROLE}\n  group_role a {env.ROLE}\n  basic {\n   region {env.R}\n  }\n }\n}",
			config.App{IdentityPools: map[string]*config.IdentityPool{"media": {
				ID: "{env.ID}", Endpoint: "{env.URL}", Basic: &config.STS{Region: "{env.R}"},
				Exchange: config.Exchange{UserPools: []string{"main"}, RoleARN: "{env.ROLE}", GroupRoles: []config.GroupRole{{Group: "a", RoleARN: "{env.ROLE}"}}},
			}}},
		},
	})
}

func TestParseBasicFlow(t *testing.T) {
	basic := func(sts config.STS) config.App {
		return oneIdentityPool(func(p *config.IdentityPool) {
			p.UserPools, p.PreferredRole, p.Basic = []string{"main"}, true, &sts
		})
	}
	const before = "cognito {\n identity_pool media " + identityPoolID + " {\n  user_pool main\n  preferred_role\n"
	expectAll(t, parseApp, []accepted[config.App]{
		{"a word alone", before + "  basic\n }\n}", basic(config.STS{})},
		{"an empty block", before + "  basic {\n  }\n }\n}", basic(config.STS{})},
		{
			"every word", before + "  basic {\n   endpoint https://sts.example.com\n   region us-east-2\n   duration 12h\n" +
				"   policy `{\n\"Statement\": []}`\n   policy_arn arn:aws:iam::aws:policy/A\n   policy_arn arn:aws:iam::aws:policy/B {env.POLICY}\n  }\n }\n}",
			basic(config.STS{
				Endpoint: "https://sts.example.com", Region: "us-east-2", Duration: caddy.Duration(12 * time.Hour), Policy: "{\n\"Statement\": []}",
				PolicyARNs: []string{"arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B", "{env.POLICY}"},
			}),
		},
		{
			"http that a line of the pool allows", before + "  basic {\n   endpoint http://sts\n  }\n  insecure_http\n }\n}",
			oneIdentityPool(func(p *config.IdentityPool) {
				p.UserPools, p.PreferredRole, p.Basic, p.InsecureHTTP = []string{"main"}, true, &config.STS{Endpoint: "http://sts"}, true
			}),
		},
	})
}

func TestParseWebIdentity(t *testing.T) {
	main := config.Exchange{UserPools: []string{"main"}, RoleARN: readers}
	expectAll(t, parseApp, []accepted[config.App]{
		{
			"the STS of a region", "cognito {\n web_identity minio {\n  region eu-west-1\n  user_pool main\n  role_arn " + readers + "\n }\n}",
			oneWebIdentity(config.WebIdentity{STS: config.STS{Region: "eu-west-1"}, Exchange: main}),
		},
		{
			"a store", "cognito {\n web_identity minio https://minio.internal:9000 {\n  user_pool main\n  role_arn " + readers + "\n }\n}",
			oneWebIdentity(config.WebIdentity{STS: config.STS{Endpoint: "https://minio.internal:9000"}, Exchange: main}),
		},
		{
			"every word", `cognito {
				web_identity minio http://minio.internal:9000 {
					user_pool main
					role_arn ` + readers + `
					group_role admins arn:minio:iam:us-east-1::role/x
					preferred_role
					region us-east-1
					duration 15m
					policy "{}"
					policy_arn arn:aws:iam::aws:policy/A
					outlive_token
					cache_size 1
					insecure_http
				}
			}`,
			oneWebIdentity(config.WebIdentity{
				STS: config.STS{
					Endpoint: "http://minio.internal:9000", Region: "us-east-1", Duration: caddy.Duration(15 * time.Minute), Policy: "{}",
					PolicyARNs: []string{"arn:aws:iam::aws:policy/A"},
				},
				Exchange: config.Exchange{
					UserPools: []string{"main"}, RoleARN: readers, GroupRoles: []config.GroupRole{{Group: "admins", RoleARN: "arn:minio:iam:us-east-1::role/x"}},
					PreferredRole: true, OutliveToken: true, CacheSize: 1, InsecureHTTP: true,
				},
			}),
		},
		{
			"placeholders, which are judged when they are loaded", "cognito {\n web_identity minio {env.URL} {\n  user_pool main\n }\n}",
			oneWebIdentity(config.WebIdentity{STS: config.STS{Endpoint: "{env.URL}"}, Exchange: config.Exchange{UserPools: []string{"main"}}}),
		},
		{
			"beside other entries of the same name", "cognito {\n user_pool minio local_1 {\n  any_client\n }\n web_identity minio {\n  region a\n  user_pool minio\n  role_arn " + readers + "\n }\n}",
			config.App{
				UserPools: map[string]*config.UserPool{"minio": {ID: "local_1", AnyClient: true}},
				WebIdentities: map[string]*config.WebIdentity{"minio": {
					STS: config.STS{Region: "a"}, Exchange: config.Exchange{UserPools: []string{"minio"}, RoleARN: readers},
				}},
			},
		},
	})
}

func TestParseAppRefusesExchanges(t *testing.T) {
	const (
		arguments = `identity_pool: expected a name of your choice and an identity pool ID, got `
		id        = `id: expected an identity pool ID such as eu-west-1:1d2c3b4a-0000-0000-0000-000000000000, got `
		web       = `web_identity: expected a name of your choice and, for another STS than that of AWS, its URL, got `
		name      = "; names start with a letter, hold letters, digits, - and _, and do not look like a pool ID"
	)
	rows := []refused{
		{"an identity pool without arguments", "identity_pool {\n user_pool a\n}", arguments + `""`},
		{"an identity pool without a name", "identity_pool " + identityPoolID + " {\n user_pool a\n}", arguments + `"` + identityPoolID + `"`},
		{"an identity pool with its user pool on the line", "identity_pool media " + identityPoolID + " main", arguments + `"media ` + identityPoolID + ` main"`},
		{"the name behind the ID", "identity_pool " + identityPoolID + " media {\n user_pool a\n}", `identity_pool: expected a name of your choice, got "` + identityPoolID + `"` + name},
		{"a placeholder as a name", "identity_pool {env.A} " + identityPoolID, `identity_pool: expected a name of your choice, got "{env.A}"` + name},
		{"an empty ID", "identity_pool media \"\" {\n guests\n}", id + `""`},
		{"a user pool ID", "identity_pool media " + poolID + " {\n wrong\n}", id + `"` + poolID + `"`},
		{"an identity pool without a block", "identity_pool media " + identityPoolID, `user_pool: required, unless only guests are let in; name the user pools whose tokens are exchanged`},
		{"an identity pool with an empty block", "identity_pool media " + identityPoolID + " {\n}", `user_pool: required, unless only guests are let in; name the user pools whose tokens are exchanged`},
		{"a basic flow without a role", "identity_pool media " + identityPoolID + " {\n guests\n basic\n}", `role_arn: required in the basic flow, unless group_role or preferred_role says the role`},

		{"a web identity without arguments", "web_identity {\n user_pool a\n}", web + `""`},
		{"a web identity with two URLs", "web_identity minio https://a https://b", web + `"minio https://a https://b"`},
		{"a web identity with an empty URL", `web_identity minio ""`, web + `"minio "`},
		{"a URL for a name", "web_identity https://a {\n user_pool a\n}", `web_identity: expected a name of your choice, got "https://a"` + name},
		{"a URL without a scheme", "web_identity minio minio:9000 {\n wrong\n}", `endpoint: expected a URL that starts with https:// and has no query and no fragment, got "minio:9000"`},
		{"an http URL", "web_identity minio http://minio:9000 {\n region a\n user_pool a\n role_arn " + readers + "\n}", `endpoint: http is for this machine only, got "http://minio:9000"` + httpOnly},
		{"an http URL without a block", "web_identity minio http://minio:9000", `endpoint: http is for this machine only, got "http://minio:9000"` + httpOnly},
		{"a URL with a password, which is not shown", "web_identity minio https://u:secret@x", `endpoint: expected a URL without user and password`},
		{"a web identity without a block", "web_identity minio https://minio:9000", `user_pool: required; name the user pools whose tokens are exchanged`},
		{"a web identity without region and URL", "web_identity minio {\n user_pool a\n role_arn " + readers + "\n}", `region: required without an endpoint; name the AWS region, or the URL of the store`},
		{"a web identity without a role", "web_identity minio {\n user_pool a\n region a\n}", `role_arn: required, unless group_role or preferred_role says the role; ` +
			`stores that map claims to policies take any, such as arn:aws:iam::000000000000:role/any`},
	}
	for i := range rows {
		rows[i].input, rows[i].want = "cognito {\n"+rows[i].input+"\n}", rows[i].want+", at Testfile:2"
	}
	refuseAll(t, parseApp, rows)
}

// Both kinds are called by their names alone. The line is that of the second.
func TestParseAppRefusesExchangesTwice(t *testing.T) {
	const another = ` is the name of another identity_pool or web_identity; choose another name for one of them, at Testfile:5`
	pool, web := " identity_pool a "+identityPoolID+" {\n  guests\n }\n", " web_identity a {env.X} {\n  user_pool b\n }\n"
	refuseAll(t, parseApp, []refused{
		{"an identity pool twice", "cognito {\n" + pool + pool + "}", `identity_pool: "a"` + another},
		{"a web identity twice", "cognito {\n" + web + web + "}", `web_identity: "a"` + another},
		{"a web identity with the name of an identity pool", "cognito {\n" + pool + web + "}", `web_identity: "a"` + another},
		{"an identity pool with the name of a web identity", "cognito {\n" + web + pool + "}", `identity_pool: "a"` + another},
	})
}

// What both kinds of exchanges have in common. Every line stands on line 5,
// behind good ones.
func TestExchangesRefuseLine(t *testing.T) {
	rows := []refused{
		{"user_pool without a value", "user_pool", `user_pool: expected one or more values`},
		{"an empty user pool", `user_pool ""`, `user_pool: must not be empty`},
		{"a user pool twice over lines", "user_pool other main", `user_pool: "main" stands here twice; remove one of them`},
		{"a pool ID for a user pool", "user_pool " + poolID, `user_pool: expected the name of a user_pool, got the pool ID "` + poolID + `"; configure it as a user_pool and use that name`},
		{"a placeholder for a user pool", "user_pool {env.A}", `user_pool: expected the name of a user_pool, got "{env.A}"`},
		{"role_arn without a value", "role_arn", `role_arn: expected a value after it`},
		{"an empty role_arn", `role_arn ""`, `role_arn: must not be empty; without this line, the default applies`},
		{"two roles", "role_arn a b", `role_arn: expected one value, got "a b"`},
		{"the name of a role", "role_arn readers", `role_arn: ` + badARN + `"readers"`},
		{"group_role without values", "group_role", `group_role: expected the name of a group and the ARN of a role, got ""`},
		{"group_role without a role", "group_role admins", `group_role: expected the name of a group and the ARN of a role, got "admins"`},
		{"group_role with two groups", "group_role a b " + readers, `group_role: expected the name of a group and the ARN of a role, got "a b ` + readers + `"`},
		{"an empty group", `group_role "" ` + readers, `group_role: expected the name of a group and the ARN of a role, got " ` + readers + `"`},
		{"an empty role of a group", `group_role admins ""`, `group_role: expected the name of a group and the ARN of a role, got "admins "`},
		{"group_role the other way round", "group_role " + readers + " admins", `group_role: ` + badARN + `"admins"`},
		{"a group twice over lines", "group_role editors " + readers, `group_role: group "editors" stands here twice; remove one of them`},
		{"preferred_role with a value", "preferred_role on", `preferred_role: expected nothing after it, got "on"`},
		{"outlive_token with a value", "outlive_token 1h", `outlive_token: expected nothing after it, got "1h"`},
		{"insecure_http with a value", "insecure_http true", `insecure_http: expected nothing after it, got "true"`},
		{"cache_size that is no number", "cache_size 1k", `cache_size: expected a whole number from 1 up, got "1k"; without this line, the default applies`},
		{"a block after a value", "user_pool other {\n x\n }", `user_pool: expected the end of the line, got a block; remove the braces`},
		{"a block after a flag", "preferred_role {\n }", `preferred_role: expected the end of the line, got a block; remove the braces`},
	}
	for _, first := range []string{"identity_pool media " + identityPoolID, "web_identity minio https://minio:9000"} {
		list := make([]refused, len(rows))
		for i, row := range rows {
			list[i] = refused{
				row.name, "cognito {\n " + first + " {\n  user_pool main\n  group_role editors " + readers + "\n  " + row.input + "\n }\n}",
				row.want + ", at Testfile:5",
			}
		}
		refuseAll(t, parseApp, list)
	}
}

func TestIdentityPoolRefusesLine(t *testing.T) {
	const (
		words    = `expected one of basic, cache_size, endpoint, group_role, guests, insecure_http, login, outlive_token, preferred_role, role_arn, user_pool`
		login    = `login: expected the name of a user_pool and a provider name, got `
		provider = `login: expected a provider name such as cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI, without https://, got `
	)
	rows := []refused{
		{"an unknown word", "userpool other", `unknown word "userpool": ` + words},
		{"a word of a user pool", "client a", `unknown word "client": ` + words + `; it belongs into the block of a user_pool or session`},
		{"a word of its basic block, among others", "region a", `unknown word "region": ` + words + `; it belongs into the block of basic, a web_identity, cognito_s3 or transport cognito_aws`},
		{"a word of basic and a web_identity", "duration 1h", `unknown word "duration": ` + words + `; it belongs into the block of basic or a web_identity`},
		{"the ID as a line", "id " + identityPoolID, `unknown word "id": ` + words},
		{"login without values", "login", login + `""`},
		{"login without a provider", "login main", login + `"main"`},
		{"login with one word too many", "login main x y", login + `"main x y"`},
		{"login with an empty provider", `login main ""`, login + `"main "`},
		{"login with a URL", "login main https://x", provider + `"https://x"`},
		{"login of a pool twice", "login other x\n  login other y", `login: user_pool "other" stands here twice; remove one of them`},
		{"login of a pool that is not among its own", "login third x", `login: "third" is not a user_pool of this identity_pool; name it in user_pool, too`},
		{"guests with a value", "guests allowed", `guests: expected nothing after it, got "allowed"`},
		{"endpoint without a value", "endpoint", `endpoint: expected a value after it`},
		{"endpoint without a scheme", "endpoint cognito", `endpoint: expected a URL that starts with https:// and has no query and no fragment, got "cognito"`},
		{"an http endpoint", "endpoint http://cognito", `endpoint: http is for this machine only, got "http://cognito"` + httpOnly},
		{"basic with a value", "basic flow", `basic: expected a block or nothing after it, got "flow"`},
		{"basic with a value and a block", "basic flow {\n  }", `basic: expected a block or nothing after it, got "flow"`},
	}
	for i := range rows {
		line := "4"
		if strings.Contains(rows[i].input, "\n  login") {
			line = "5"
		}
		rows[i].input = "cognito {\n identity_pool media " + identityPoolID + " {\n  user_pool main other\n  " + rows[i].input + "\n  role_arn " + readers + "\n }\n}"
		rows[i].want += ", at Testfile:" + line
	}
	refuseAll(t, parseApp, rows)
}

// What follows basic stands on line 5.
func TestBasicFlowRefusesLine(t *testing.T) {
	const words = `expected one of duration, endpoint, policy, policy_arn, region`
	rows := []refused{
		{"an unknown word", "role x", `unknown word "role": ` + words},
		{"a word of the pool", "role_arn x", `unknown word "role_arn": ` + words + `; it belongs into the block of an identity_pool or a web_identity`},
		{"insecure_http, which is for the pool", "insecure_http", `unknown word "insecure_http": ` + words + `; it belongs into the block of a user_pool, an identity_pool, a web_identity or cognito_s3`},
		{"an endpoint without a scheme", "endpoint sts", `basic: endpoint: expected a URL that starts with https:// and has no query and no fragment, got "sts"`},
		{"an http endpoint", "endpoint http://sts", `basic: endpoint: http is for this machine only, got "http://sts"` + httpOnly},
		{"a region in upper case", "region EU", `basic: region: expected a region such as eu-west-1, got "EU"`},
		{"a duration without a unit", "duration 900", `duration: expected a duration above 0, such as 10s or 15m, got "900"; without this line, the default applies`},
		{"a duration that is too short", "duration 5m", `basic: duration: expected 15m to 12h, got 5m0s`},
		{"a policy that is no JSON", "policy read-only", `basic: policy: expected a JSON object: invalid character 'r' looking for beginning of value; in a Caddyfile, put it between backticks`},
		{"a policy without quotes", `policy { "Statement": [] }`, `policy: expected one JSON document between backticks, got ""`},
		{"a policy on several lines", "policy {\n \"Statement\": []\n }", `policy: expected one JSON document between backticks, got ""`},
		{"an empty policy", "policy ``", `policy: expected one JSON document between backticks, got ""`},
		{"a policy that is a list", "policy `[]`", `basic: policy: expected a JSON object, got "[]"`},
		{"policy_arn without a value", "policy_arn", `policy_arn: expected one or more values`},
		{"policy_arn that is no ARN", "policy_arn ReadOnlyAccess", `basic: policy_arn: expected an ARN such as arn:aws:iam::111122223333:policy/read-only, got "ReadOnlyAccess"`},
		{"a block in the block", "region a {\n x\n }", `region: expected the end of the line, got a block; remove the braces`},
	}
	for i := range rows {
		rows[i].input = "cognito {\n identity_pool media " + identityPoolID + " {\n  user_pool main\n  basic {\n   " + rows[i].input + "\n  }\n  role_arn " + readers + "\n }\n}"
		rows[i].want += ", at Testfile:5"
	}
	refuseAll(t, parseApp, rows)
}

func TestWebIdentityRefusesLine(t *testing.T) {
	const words = `expected one of cache_size, duration, group_role, insecure_http, outlive_token, policy, policy_arn, preferred_role, region, role_arn, user_pool`
	rows := []refused{
		{"an unknown word", "role x", `unknown word "role": ` + words},
		{"a word of an identity pool", "guests", `unknown word "guests": ` + words + `; it belongs into the block of an identity_pool`},
		{"the URL as a line", "endpoint https://x", `endpoint: the URL of the STS stands on the first line, after the name: web_identity <name> <url>`},
		{"a region in upper case", "region EU", `region: expected a region such as eu-west-1, got "EU"`},
		{"a duration that is too long", "duration 13h", `duration: expected 15m to 12h, got 13h0m0s`},
		{"a policy that is cut off", "policy `{`", `policy: expected a JSON object: unexpected end of JSON input; in a Caddyfile, put it between backticks`},
		{"policy_arn that is no ARN", "policy_arn x", `policy_arn: expected an ARN such as arn:aws:iam::111122223333:policy/read-only, got "x"`},
	}
	for i := range rows {
		rows[i].input = "cognito {\n web_identity minio https://x {\n  user_pool main\n  " + rows[i].input + "\n  role_arn " + readers + "\n }\n}"
		rows[i].want += ", at Testfile:4"
	}
	refuseAll(t, parseApp, rows)
}

// A line may stand there once, except those that list something.
func TestExchangesRefuseRepeatedWords(t *testing.T) {
	for word, line := range map[string]string{
		"role_arn": "role_arn " + readers, "preferred_role": "preferred_role", "outlive_token": "outlive_token", "cache_size": "cache_size 1", "insecure_http": "insecure_http",
	} {
		for _, first := range []string{"identity_pool media " + identityPoolID, "web_identity minio https://x"} {
			_, err := parseApp(dispense(t, "cognito {\n "+first+" {\n  "+line+"\n  "+line+"\n }\n}"))
			expectText(t, err, word+": stands here twice; remove one of the lines, at Testfile:4")
		}
	}
	for word, line := range map[string]string{"guests": "guests", "endpoint": "endpoint https://x", "basic": "basic"} {
		_, err := parseApp(dispense(t, "cognito {\n identity_pool media "+identityPoolID+" {\n  "+line+"\n  "+line+"\n }\n}"))
		expectText(t, err, word+": stands here twice; remove one of the lines, at Testfile:4")
	}
	for word, line := range map[string]string{"region": "region a", "duration": "duration 1h", "policy": "policy {}"} {
		_, err := parseApp(dispense(t, "cognito {\n web_identity minio {\n  "+line+"\n  "+line+"\n }\n}"))
		expectText(t, err, word+": stands here twice; remove one of the lines, at Testfile:4")
		_, err = parseApp(dispense(t, "cognito {\n identity_pool media "+identityPoolID+" {\n  basic {\n   "+line+"\n   "+line+"\n  }\n }\n}"))
		expectText(t, err, word+": stands here twice; remove one of the lines, at Testfile:5")
	}
}

func TestExchangesThatAreNotClosed(t *testing.T) {
	refuseAll(t, parseApp, []refused{
		{"an identity pool", "cognito {\n\n identity_pool media " + identityPoolID + " {\n  guests\n", `the block that starts here is not closed; add a line with }, at Testfile:3`},
		{"its basic block", "cognito {\n identity_pool media " + identityPoolID + " {\n  guests\n  basic {\n   region a\n", `the block that starts here is not closed; add a line with }, at Testfile:4`},
		{"a web identity", "cognito {\n web_identity minio https://x {", `the block that starts here is not closed; add a line with }, at Testfile:2`},
		{"a word after the block", "cognito {\n web_identity minio {env.X} {\n  user_pool a\n } x\n}", `unknown word "x": expected one of cache_size, duration, ` +
			`group_role, insecure_http, outlive_token, policy, policy_arn, preferred_role, region, role_arn, user_pool, at Testfile:4`},
	})
}
