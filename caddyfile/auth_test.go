package caddyfile_test

import (
	"strings"
	"testing"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

func auth(set func(*config.Auth)) config.Auth {
	a := config.Auth{Check: config.Check{Pools: []string{"main"}}}
	set(&a)
	return a
}

func TestParseAuthPools(t *testing.T) {
	inline := func(id string, clients ...string) config.Auth {
		return config.Auth{Check: config.Check{UserPool: &config.UserPool{ID: id, Clients: clients}}}
	}
	expectAll(t, parse.ParseAuth, []accepted[config.Auth]{
		{"the name of a pool", "cognito_auth main", auth(func(*config.Auth) {})},
		{"an empty block", "cognito_auth main {\n}", auth(func(*config.Auth) {})},
		{"several names", "cognito_auth main other", auth(func(a *config.Auth) { a.Pools = []string{"main", "other"} })},
		{"a pool ID with a client", "cognito_auth " + poolID + " " + clientID, inline(poolID, clientID)},
		{"a pool ID with several clients", "cognito_auth us-gov-west-1_a b c", inline("us-gov-west-1_a", "b", "c")},
		{"placeholders for both", "cognito_auth {env.POOL} {env.CLIENT}", inline("{env.POOL}", "{env.CLIENT}")},
		{"a placeholder for the client", "cognito_auth " + poolID + " {env.CLIENT}", inline(poolID, "{env.CLIENT}")},
		{"a placeholder for the pool ID", "cognito_auth {env.POOL} a", inline("{env.POOL}", "a")},
	})
}

func TestParseAuthBlock(t *testing.T) {
	expectAll(t, parse.ParseAuth, []accepted[config.Auth]{
		{
			"token sources in their order", "cognito_auth main {\n token_source cookie __Host-id\n token_source header X-Id-Token\n" +
				" token_source authorization\n token_source session\n token_source query access_token\n}",
			auth(func(a *config.Auth) {
				a.TokenSources = []config.TokenSource{
					{From: "cookie", Name: "__Host-id"}, {From: "header", Name: "X-Id-Token"}, {From: "authorization"}, {From: "session"}, {From: "query", Name: "access_token"},
				}
			}),
		},
		{
			"cookies whose names differ in case", "cognito_auth main {\n token_source cookie a\n token_source cookie A\n}",
			auth(func(a *config.Auth) {
				a.TokenSources = []config.TokenSource{{From: "cookie", Name: "a"}, {From: "cookie", Name: "A"}}
			}),
		},
		{"one token use", "cognito_auth main {\n token_use id\n}", auth(func(a *config.Auth) { a.TokenUse = []string{"id"} })},
		{"both token uses", "cognito_auth main {\n token_use access id\n}", auth(func(a *config.Auth) { a.TokenUse = []string{"access", "id"} })},
		{
			"every kind of requirement", "cognito_auth main {\n require scope a b\n require group admins\n require acr urn:x\n" +
				" require max_age 1d\n require claim custom:tenant 1 2\n require group other\n}",
			auth(func(a *config.Auth) {
				a.Require = []config.Requirement{
					{Kind: "scope", Values: []string{"a", "b"}},
					{Kind: "group", Values: []string{"admins"}},
					{Kind: "acr", Values: []string{"urn:x"}},
					{Kind: "max_age", Values: []string{"1d"}},
					{Kind: "claim", Values: []string{"custom:tenant", "1", "2"}},
					{Kind: "group", Values: []string{"other"}},
				}
			}),
		},
		{
			"braces that are no placeholder in a value", "cognito_auth main {\n require claim plan {gold} {}\n}",
			auth(func(a *config.Auth) {
				a.Require = []config.Requirement{{Kind: "claim", Values: []string{"plan", "{gold}", "{}"}}}
			}),
		},
	})
}

func TestParseAuthForwardAndFlags(t *testing.T) {
	expectAll(t, parse.ParseAuth, []accepted[config.Auth]{
		{
			"claims to headers", "cognito_auth main {\n forward sub > X-User-Id\n forward cognito:groups > x-groups json\n forward email > X-Cognito-Sub\n}",
			auth(func(a *config.Auth) {
				a.Forward = []config.Forward{
					{Claim: "sub", Header: "X-User-Id"}, {Claim: "cognito:groups", Header: "x-groups", JSON: true}, {Claim: "email", Header: "X-Cognito-Sub"},
				}
			}),
		},
		{
			"claims named none and token", "cognito_auth main {\n forward none > A\n forward token > B\n}",
			auth(func(a *config.Auth) {
				a.Forward = []config.Forward{{Claim: "none", Header: "A"}, {Claim: "token", Header: "B"}}
			}),
		},
		{"forward none", "cognito_auth main {\n forward none\n}", auth(func(a *config.Auth) { a.ForwardNone = true })},
		{"forward token", "cognito_auth main {\n forward token\n}", auth(func(a *config.Auth) { a.ForwardToken = true })},
		{
			"every flag", "cognito_auth main {\n optional\n errors json\n redirect always\n allow_preflight\n allow_ambiguous_path\n}",
			auth(func(a *config.Auth) {
				a.Optional, a.Errors, a.Redirect, a.AllowPreflight, a.AllowAmbiguousPath = true, "json", "always", true, true
			}),
		},
	})
}

func TestParseAuthRefuses(t *testing.T) {
	const noPool = `cognito_auth: expected the name of a user_pool, or a pool ID and its app clients, at Testfile:1`
	refuseAll(t, parse.ParseAuth, []refused{
		{"no pool", "cognito_auth", noPool},
		{"no pool before a block", "cognito_auth {\n optional\n}", noPool},
		{"an empty name", `cognito_auth ""`, `pool: must not be empty, at Testfile:1`},
		{"a name twice", "cognito_auth main main", `pool: "main" stands here twice; remove one of them, at Testfile:1`},
		{
			"a name with a client", "cognito_auth main " + clientID,
			`pool: expected the name of a user_pool, got "` + clientID + `"; app clients belong into that user_pool, at Testfile:1`,
		},
		{
			"a pool ID after a name", "cognito_auth main " + poolID + " a {\n optional\n}",
			`pool: expected the name of a user_pool, got the pool ID "` + poolID + `"; a pool that is used by its ID stands alone, and first, with its app clients after it, at Testfile:1`,
		},
		{
			"a placeholder after a name", "cognito_auth main {env.OTHER}",
			`pool: expected the name of a user_pool, got "{env.OTHER}"; app clients belong into that user_pool, at Testfile:1`,
		},
		{
			"a pool ID without clients", "cognito_auth " + poolID,
			`pool ID "` + poolID + `": expected the IDs of the accepted app clients after it, at Testfile:1`,
		},
		{
			"a placeholder without clients", "cognito_auth {env.POOL} {\n optional\n}",
			`pool ID "{env.POOL}": expected the IDs of the accepted app clients after it, at Testfile:1`,
		},
		{
			"two pool IDs", "cognito_auth " + poolID + " eu-west-1_Other",
			`client: expected an app client ID, got the pool ID "eu-west-1_Other"; to accept several pools, configure each as a user_pool and use their names, at Testfile:1`,
		},
		{
			"two pool IDs beside a placeholder", "cognito_auth {env.POOL} eu-west-1_Other",
			`client: expected an app client ID, got the pool ID "eu-west-1_Other"; to accept several pools, configure each as a user_pool and use their names, at Testfile:1`,
		},
		{"a client twice", "cognito_auth " + poolID + " a a", `client: "a" stands here twice; remove one of them, at Testfile:1`},
		{"an empty client", "cognito_auth " + poolID + ` a ""`, `client: must not be empty, at Testfile:1`},
		{
			"a pool ID that is too long", "cognito_auth eu-west-1_0123456789012345678901234567890123456789012345 a",
			`id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got "eu-west-1_0123456789012345678901234567890123456789012345", at Testfile:1`,
		},
		{"a block that is not closed", "\ncognito_auth main {\n optional\n", `the block that starts here is not closed; add a line with }, at Testfile:2`},
		{"a word after the block", "cognito_auth main {\n optional\n} x", `unknown word "x": ` + authWords + `, at Testfile:3`},
		{"a block on one line", "cognito_auth main { optional }", `optional: expected nothing after it, got "}", at Testfile:1`},
	})
}

const noPlaceholder = `placeholders are not replaced here, got {http.request.host}; in a Caddyfile, {$NAME} takes a value from the environment`

const authWords = `expected one of allow_ambiguous_path, allow_preflight, errors, forward, optional, redirect, require, token_source, token_use`

// refuseLines puts each input on line 3 of a block, behind and before good ones.
func refuseLines(t *testing.T, rows []refused) {
	t.Helper()
	for i := range rows {
		rows[i].input = "cognito_auth main {\n require scope a\n " + rows[i].input + "\n require scope b\n}"
		rows[i].want += ", at Testfile:3"
	}
	refuseAll(t, parse.ParseAuth, rows)
}

func TestAuthRefusesWordsAndFlags(t *testing.T) {
	refuseLines(t, []refused{
		{"an unknown word", "require_group admins", `unknown word "require_group": ` + authWords},
		{"a word of the pool", "client a", `unknown word "client": ` + authWords + `; it belongs into the block of a user_pool or session`},
		{
			"a word of several blocks", "user_pool main",
			`unknown word "user_pool": ` + authWords + `; it belongs into the block of the global option cognito, an identity_pool or a web_identity`,
		},
		{
			"a word of a transport and a bucket", "credentials media",
			`unknown word "credentials": ` + authWords + `; it belongs into the block of cognito_s3 or transport cognito_aws`,
		},
		{"optional with a value", "optional true", `optional: expected nothing after it, got "true"`},
		{"optional with a block", "optional {\n x\n }", `optional: expected the end of the line, got a block; remove the braces`},
		{"allow_preflight with a value", "allow_preflight *", `allow_preflight: expected nothing after it, got "*"`},
		{"allow_ambiguous_path with a value", "allow_ambiguous_path /a", `allow_ambiguous_path: expected nothing after it, got "/a"`},
		{"errors without a value", "errors", `errors: expected a value after it`},
		{"errors with an empty value", `errors ""`, `errors: must not be empty; without this line, the default applies`},
		{"errors with two values", "errors json html", `errors: expected one value, got "json html"`},
		{"redirect without a value", "redirect", `redirect: expected a value after it`},
		{"redirect to a page", "redirect /sign-in", `redirect: expected auto, always or never, got "/sign-in"`},
		{"redirect in another case", "redirect Auto", `redirect: expected auto, always or never, got "Auto"`},
		{"errors in another format", "errors html", `errors: expected json, got "html"; to let handle_errors shape refusals, leave errors out`},
	})
}

func TestAuthRefusesTokenUse(t *testing.T) {
	refuseLines(t, []refused{
		{"token_use without a value", "token_use", `token_use: expected one or more values`},
		{"an unknown token use", "token_use access refresh", `token_use: expected access or id, got "refresh"`},
		{"a token use in another case", "token_use ID", `token_use: expected access or id, got "ID"`},
		{"a token use twice", "token_use id id", `token_use: "id" stands here twice; remove one of them`},
		{"an empty token use", `token_use ""`, `token_use: must not be empty`},
	})
}

func TestAuthRefusesTokenSource(t *testing.T) {
	const source = `token_source: expected authorization, session, or one of header, cookie and query with a name, got `
	refuseLines(t, []refused{
		{"token_source without a value", "token_source", source + `""`},
		{"token_source with three values", "token_source header X-A X-B", source + `"header X-A X-B"`},
		{"an unknown source", "token_source body token", `token_source: expected authorization, session, header, cookie or query, got "body"`},
		{"a session with a name", "token_source session main", `token_source: session takes no name, got "main"`},
		{"authorization with a name", "token_source authorization Bearer", `token_source: authorization takes no name, got "Bearer"`},
		{"a header without a name", "token_source header", `token_source: header: expected the name of the header, got ""`},
		{"a cookie with an impossible name", `token_source cookie "a b"`, `token_source: cookie: expected the name of the cookie, got "a b"`},
		{"a query with a placeholder", "token_source query {env.X}", `token_source: query: expected the name of the query parameter, got "{env.X}"`},
		{
			"authorization as a header", "token_source header authorization",
			`token_source: for the Authorization header, write authorization instead of header Authorization`,
		},
	})
}

func TestAuthRefusesRequire(t *testing.T) {
	refuseLines(t, []refused{
		{"require without a value", "require", `require: expected scope, group, acr, max_age or claim, and its values`},
		{"an unknown requirement", "require role admins", `require: unknown requirement "role": expected scope, group, acr, max_age or claim`},
		{"a group without a value", "require group", `require: requirement "group": expected one or more values, none of them empty`},
		{"an empty scope", `require scope a ""`, `require: requirement "scope": expected one or more values, none of them empty`},
		{"a claim without values", "require claim custom:tenant", `require: claim: expected the name of a claim and one or more values`},
		{"a claim without a name", `require claim "" x`, `require: requirement "claim": expected one or more values, none of them empty`},
		{"max_age without a unit", "require max_age 900", `require: requirement "max_age": expected one duration such as 15m, got "900"`},
		{"max_age below zero", "require max_age -1m", `require: requirement "max_age": expected one duration such as 15m, got "-1m"`},
		{"max_age twice", "require max_age 1m 2m", `require: requirement "max_age": expected one duration such as 15m, got "1m 2m"`},
		{"a requirement with a placeholder", "require claim tenant {http.request.host}", `require: ` + noPlaceholder},
		{"a requirement with a placeholder within", "require group a-{http.request.host}-b", `require: ` + noPlaceholder},
	})
}

func TestAuthRefusesForward(t *testing.T) {
	const forward = `forward: expected <claim> > <header> [json], none or token, got `
	refuseLines(t, []refused{
		{"forward without a value", "forward", forward + `""`},
		{"forward without a header", "forward sub >", forward + `"sub >"`},
		{"forward with an arrow", "forward sub -> X-User", forward + `"sub -> X-User"`},
		{"forward without a separator", "forward sub X-User", forward + `"sub X-User"`},
		{"forward with glued words", "forward sub>X-User", forward + `"sub>X-User"`},
		{"forward with an unknown format", "forward sub > X-User xml", forward + `"sub > X-User xml"`},
		{"forward with one word too many", "forward sub > X-User json x", forward + `"sub > X-User json x"`},
		{"forward of two claims", "forward sub email > X-User", forward + `"sub email > X-User"`},
		{"forward all", "forward all", forward + `"all"`},
		{"forward without a claim", `forward "" > X-User`, `forward: expected the name of a claim for header "X-User"`},
		{"a header with an underscore", "forward sub > X_User", `forward: expected a header name of letters, digits and hyphens, got "X_User"`},
		{"a header with a dot", "forward sub > X.User", `forward: expected a header name of letters, digits and hyphens, got "X.User"`},
		{"an empty header", `forward sub > ""`, `forward: expected a header name of letters, digits and hyphens, got ""`},
		{"a header of two lines", "forward sub > \"X\nY\"", `forward: expected a header name of letters, digits and hyphens, got "X\nY"`},
		{"a claim with a placeholder", "forward {http.request.host} > X-Host", `forward: ` + noPlaceholder},
		{
			"the token as a claim", "forward token > authorization",
			`forward: header "authorization" has a meaning of its own and cannot carry a claim; to pass the token on, use forward token (forward_token in JSON)`,
		},
	})
}

func TestAuthRefusesHeadersWithAMeaning(t *testing.T) {
	for _, name := range []string{
		"Connection", "content-length", "Cookie", "HOST", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
		"Transfer-Encoding", "Upgrade", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
	} {
		_, err := parse.ParseAuth(dispense(t, "cognito_auth main {\n forward sub > "+name+"\n}"))
		expectText(t, err, `forward: header "`+name+`" has a meaning of its own and cannot carry a claim; choose another name, such as X-User-Id, at Testfile:2`)
	}
}

// The line is that of the second.
func TestAuthRefusesRepetition(t *testing.T) {
	rows := []refused{
		{"a source twice", "token_source cookie a\n token_source cookie a", `token_source: "cookie a" stands here twice; remove one of them`},
		{"a header twice, in another case", "token_source header X-A\n token_source header x-a", `token_source: "header x-a" stands here twice; remove one of them`},
		{"a header twice", "forward sub > X-User\n forward email > x-user", `forward: header "x-user" is set twice; choose another name for one of them`},
		{"forward none twice", "forward none\n forward none", `forward: none stands here twice; remove one of the lines`},
		{"forward token twice", "forward token\n forward token", `forward: token stands here twice; remove one of the lines`},
	}
	for _, line := range []string{"token_use id", "optional", "errors json", "redirect never", "allow_preflight", "allow_ambiguous_path"} {
		word, _, _ := strings.Cut(line, " ")
		rows = append(rows, refused{word + " twice", line + "\n " + line, word + ": stands here twice; remove one of the lines"})
	}
	for i := range rows {
		rows[i].input = "cognito_auth main {\n " + rows[i].input + "\n require scope a\n}"
		rows[i].want += ", at Testfile:3"
	}
	refuseAll(t, parse.ParseAuth, rows)
}
