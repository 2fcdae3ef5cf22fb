package caddyfile_test

import (
	"testing"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

func signin(set func(*config.Signin)) config.Signin {
	s := config.Signin{Pool: "main"}
	set(&s)
	return s
}

func TestParseSignin(t *testing.T) {
	expectAll(t, parse.ParseSignin, []accepted[config.Signin]{
		{"the name of a pool", "cognito_signin main", signin(func(*config.Signin) {})},
		{"an empty block", "cognito_signin main {\n}", signin(func(*config.Signin) {})},
		{
			"every word with values", `cognito_signin main {
				prefix /account/v1
				origin https://app.example.com:8443
				deliver tokens
				return_to https://a.example.com https://b.example.com
				return_to http://localhost:3000
				sign_out_to /goodbye?now
				global_sign_out
				claim email name
				claim custom:tenant
				limit address 30
				limit all 5000
			}`,
			signin(func(s *config.Signin) {
				s.Prefix, s.Origin, s.Deliver = "/account/v1", "https://app.example.com:8443", "tokens"
				s.ReturnTo = []string{"https://a.example.com", "https://b.example.com", "http://localhost:3000"}
				s.SignOutTo, s.GlobalSignOut, s.Claims = "/goodbye?now", true, []string{"email", "name", "custom:tenant"}
				s.Limits = []config.Limit{{Per: "address", PerMinute: 30}, {Per: "all", PerMinute: 5000}}
			}),
		},
		{
			"page and hosted on their own lines", "cognito_signin main {\n page\n hosted\n}",
			signin(func(s *config.Signin) { s.Page, s.Hosted = new(config.Page), new(config.Hosted) }),
		},
		{
			"tokens, with hosted before the page", "cognito_signin main {\n deliver tokens\n hosted\n page {\n }\n}",
			signin(func(s *config.Signin) {
				s.Deliver, s.Page, s.Hosted = "tokens", new(config.Page), new(config.Hosted)
			}),
		},
		{
			"placeholders, which are judged when it is loaded", "cognito_signin main {\n origin {env.B}\n return_to {env.C} {env.C}\n sign_out_to {env.D}\n page {\n  title {env.E}\n  logo {env.F}\n  templates {env.G}\n }\n}",
			signin(func(s *config.Signin) {
				s.Origin, s.ReturnTo, s.SignOutTo = "{env.B}", []string{"{env.C}", "{env.C}"}, "{env.D}"
				s.Page = &config.Page{Title: "{env.E}", Logo: "{env.F}", Templates: "{env.G}"}
			}),
		},
		{
			"every word of hosted", "cognito_signin main {\n hosted {\n  scope openid email\n  identity_provider Google\n  pass lang login_hint idp_identifier identity_provider\n }\n}",
			signin(func(s *config.Signin) {
				s.Hosted = &config.Hosted{
					Scopes: []string{"openid", "email"}, IdentityProvider: "Google", Pass: []string{"lang", "login_hint", "idp_identifier", "identity_provider"},
				}
			}),
		},
	})
}

func TestParseSigninPage(t *testing.T) {
	page := func(p config.Page) config.Signin { return config.Signin{Pool: "main", Page: &p} }
	expectAll(t, parse.ParseSignin, []accepted[config.Signin]{
		{
			"every word", `cognito_signin main {
				page {
					preferred EMAIL_OTP
					passwordless
					flow USER_AUTH
					title "The site"
					logo file:/etc/logo.svg
					accent "#0b5fff" "#8AB4F8"
					language de en pt-BR
					templates /etc/templates
					login email
					password_rules 12 lower digit
					input custom:birthday date
					input custom:site url
					provider Google
					provider SAML "The company"
					sign_up email name {
						passwordless
					}
					no_forgot_password
				}
			}`,
			page(config.Page{
				Flow: "USER_AUTH", Preferred: "EMAIL_OTP", Passwordless: true, Title: "The site", Logo: "file:/etc/logo.svg",
				Accent: []string{"#0b5fff", "#8AB4F8"}, Languages: []string{"de", "en", "pt-BR"}, Templates: "/etc/templates", Login: "email",
				PasswordRules:    &config.PasswordRules{MinLength: 12, Require: []string{"lower", "digit"}},
				Inputs:           map[string]string{"custom:birthday": "date", "custom:site": "url"},
				Providers:        []config.Provider{{Name: "Google"}, {Name: "SAML", Label: "The company"}},
				SignUp:           &config.SignUp{Attributes: []string{"email", "name"}, Passwordless: true},
				NoForgotPassword: true,
			}),
		},
		{
			"blocks that are left out", "cognito_signin main {\n page {\n  sign_up\n  custom_challenge\n  password_rules 6\n }\n}",
			page(config.Page{SignUp: new(config.SignUp), Challenges: new(config.CustomChallenges), PasswordRules: &config.PasswordRules{MinLength: 6}}),
		},
		{
			"every word of custom_challenge", `cognito_signin main {
				page {
					custom_challenge {
						template form
						question q1 q2
						image i1
						image_origin https://a.example.com
						image_origin https://*.example.org:8443
						allow captcha script https://captcha.example.com self
						allow captcha frame https://captcha.example.com
					}
				}
			}`,
			page(config.Page{Challenges: &config.CustomChallenges{
				Template: "form", Question: []string{"q1", "q2"}, Image: []string{"i1"},
				ImageOrigins: []string{"https://a.example.com", "https://*.example.org:8443"},
				Allow: []config.Source{
					{Template: "captcha", Kind: "script", Origins: []string{"https://captcha.example.com", "self"}},
					{Template: "captcha", Kind: "frame", Origins: []string{"https://captcha.example.com"}},
				},
			}}),
		},
	})
}

const signinWords = `expected one of claim, deliver, global_sign_out, hosted, limit, origin, page, prefix, return_to, sign_out_to`

func TestParseSigninRefuses(t *testing.T) {
	const onePool = `cognito_signin: expected the name of one user_pool, got `
	refuseAll(t, parse.ParseSignin, []refused{
		{"no pool", "cognito_signin", onePool + `"", at Testfile:1`},
		{"no pool before a block", "cognito_signin {\n page\n}", onePool + `"", at Testfile:1`},
		{"an empty name", `cognito_signin ""`, onePool + `"", at Testfile:1`},
		{"two pools", "cognito_signin main other", onePool + `"main other", at Testfile:1`},
		{
			"a pool ID", "cognito_signin " + poolID + " {\n page\n}",
			`pool: expected the name of a user_pool, got the pool ID "` + poolID + `"; configure it as a user_pool and use that name, at Testfile:1`,
		},
		{"a placeholder", "cognito_signin {env.POOL}", `pool: expected the name of a user_pool, got "{env.POOL}", at Testfile:1`},
		{"a block that is not closed", "\ncognito_signin main {\n claim a\n", `the block that starts here is not closed; add a line with }, at Testfile:2`},
		{"a page that is not closed", "cognito_signin main {\n page {\n  title a\n", `the block that starts here is not closed; add a line with }, at Testfile:2`},
		{"a word after the block", "cognito_signin main {\n page\n} x", `unknown word "x": ` + signinWords + `, at Testfile:3`},
		{
			"tokens through the hosted pages alone", "cognito_signin main {\n deliver tokens\n prefix /a\n hosted\n claim b\n}",
			`deliver: tokens needs the JSON API of page; add page, or remove hosted, at Testfile:4`,
		},
		{
			"an option of a flow that stays the default", "cognito_signin main {\n page {\n  title a\n  passwordless\n  login any\n }\n}",
			`page: passwordless: is for the flow USER_AUTH or CUSTOM_AUTH, got USER_SRP_AUTH; change the flow, or remove it, at Testfile:4`,
		},
		{
			"the password of a URL beside a placeholder, which is not shown", "cognito_signin main {\n origin https://u:secret@x\n}",
			`origin: expected a URL without user and password, at Testfile:2`,
		},
	})
}

// refuseSigninLines puts each input on line 3 of a block, behind and before good
// ones.
func refuseSigninLines(t *testing.T, rows []refused) {
	t.Helper()
	for i := range rows {
		rows[i].input = "cognito_signin main {\n limit user 5\n " + rows[i].input + "\n limit all 5\n}"
		rows[i].want += ", at Testfile:3"
	}
	refuseAll(t, parse.ParseSignin, rows)
}

func TestSigninRefusesLine(t *testing.T) {
	const (
		badLimit  = `limit: expected address, user, client or all, and a number of attempts a minute, got `
		badOrigin = `expected an origin such as https://app.example.com, as browsers write it, in lower case and without path and default port, got `
	)
	refuseSigninLines(t, []refused{
		{"an unknown word", "redirect_uri /a", `unknown word "redirect_uri": ` + signinWords},
		{"a word of the pool", "domain auth.example.com", `unknown word "domain": ` + signinWords + `; it belongs into the block of a user_pool`},
		{"a word of two blocks of a pool", "secret a", `unknown word "secret": ` + signinWords + `; it belongs into the block of client or session`},
		{"a word of the page", "title a", `unknown word "title": ` + signinWords + `; it belongs into the block of page`},
		{"a word of the page and of sign_up", "passwordless", `unknown word "passwordless": ` + signinWords + `; it belongs into the block of page or sign_up`},
		{"a word of custom_challenge", "question a", `unknown word "question": ` + signinWords + `; it belongs into the block of custom_challenge`},
		{"a word of hosted", "pass lang", `unknown word "pass": ` + signinWords + `; it belongs into the block of hosted`},
		{"a word of cognito_auth", "redirect never", `unknown word "redirect": ` + signinWords + `; it belongs into the block of cognito_auth`},
		{"page with a value", "page on", `page: expected a block or nothing after it, got "on"`},
		{"hosted with a value", "hosted auth.example.com", `hosted: expected a block or nothing after it, got "auth.example.com"`},
		{"global_sign_out with a value", "global_sign_out yes", `global_sign_out: expected nothing after it, got "yes"`},
		{"a block after a value", "prefix /a {\n }", `prefix: expected the end of the line, got a block; remove the braces`},
		{"a prefix with a slash at the end", "prefix /a/", `prefix: expected a path such as /_cognito, without placeholders, wildcards, query and a slash at the end, got "/a/"`},
		{"a prefix with a placeholder", "prefix /{env.A}", `prefix: expected a path such as /_cognito, without placeholders, wildcards, query and a slash at the end, got "/{env.A}"`},
		{"an origin with a path", "origin https://a/b", `origin: ` + badOrigin + `"https://a/b"`},
		{"an origin without a scheme", "origin app.example.com", `origin: ` + badOrigin + `"app.example.com"`},
		{"an http origin", "origin http://app.example.com", `origin: http is for this machine only, got "http://app.example.com"; use https`},
		{"a bad origin behind a good one", "return_to https://a https://b/", `return_to: ` + badOrigin + `"https://b/"`},
		{"an origin twice", "return_to https://a https://a", `return_to: "https://a" stands here twice; remove one of them`},
		{"return_to without a value", "return_to", `return_to: expected one or more values`},
		{"deliver something else", "deliver cookie", `deliver: expected session or tokens, got "cookie"`},
		{"a host to sign out to", "sign_out_to example.com", `sign_out_to: expected a path such as /goodbye or an https URL, got "example.com"; http is for this machine only`},
		{"claim without a value", "claim", `claim: expected one or more values`},
		{"a claim twice", "claim a a", `claim: "a" stands here twice; remove one of them`},
		{"a claim with a placeholder", "claim {http.request.host}", `claim: ` + noPlaceholder},
		{"limit without a value", "limit", badLimit + `""`},
		{"limit without a number", "limit address", badLimit + `"address"`},
		{"limit with a unit", "limit address 5 minute", badLimit + `"address 5 minute"`},
		{"limit with a rate", "limit address 5/m", `limit: address: expected a whole number of attempts a minute, got "5/m"`},
		{"limit of none", "limit address 0", `limit: address: expected 1 to 100000 attempts a minute, got 0`},
		{"limit of something else", "limit ip 5", `limit: expected address, user, client or all, got "ip"`},
		{"a limit twice", "limit user 6", `limit: "user" stands here twice; remove one of them`},
	})
}
