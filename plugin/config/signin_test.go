package config_test

import (
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

const (
	badOrigin       = `expected an origin such as https://app.example.com, as browsers write it, in lower case and without path and default port, got `
	withoutPassword = `expected a URL without user and password`
)

func TestSigninValidateAccepts(t *testing.T) {
	validateAll[config.Signin](t, []row{
		{"a pool", `{"pool":"main"}`, ``},
		{"every key", `{"pool":"main","prefix":"/a-b/c.d","origin":"https://app.example.com","page":{},"hosted":{},"deliver":"session",
			"return_to":["https://a.example.com:8443","http://127.0.0.1:8080","https://[2001:db8::1]"],"sign_out_to":"https://example.com/bye?a#b",
			"global_sign_out":true,"claim":["email"],"limit":[{"per":"address","per_minute":1},{"per":"user","per_minute":1},{"per":"client","per_minute":1},
			{"per":"all","per_minute":1}]}`, ``},
		{"http to this machine", `{"pool":"main","origin":"http://localhost:3000","sign_out_to":"http://app.localhost/"}`, ``},
		{"tokens from the default page", `{"pool":"main","deliver":"tokens"}`, ``},
		{"tokens beside the hosted pages", `{"pool":"main","deliver":"tokens","hosted":{},"page":{}}`, ``},
		{"every key of the hosted pages", `{"pool":"main","hosted":{"scope":["email","openid"],"idp_identifier":"a","pass":["lang","login_hint","identity_provider","idp_identifier"]}}`, ``},
		{"a provider of the hosted pages", `{"pool":"main","hosted":{"identity_provider":"Google"}}`, ``},
	})
}

func TestSigninValidateRefuses(t *testing.T) {
	const (
		badPrefix  = `prefix: expected a path such as /_cognito, without placeholders, wildcards, query and a slash at the end, got `
		badSignOut = `sign_out_to: expected a path such as /goodbye or an https URL, got `
		httpHere   = `; http is for this machine only`
		literally  = `placeholders are not replaced here, got {env.X}; in a Caddyfile, {$NAME} takes a value from the environment`
	)
	wants := map[string]string{
		`"origin":"https://u:secret@x"`:                                `origin: ` + withoutPassword,
		`"origin":"http://example.com"`:                                `origin: http is for this machine only, got "http://example.com"; use https`,
		`"return_to":["https://a","https://a"]`:                        `return_to: "https://a" stands here twice; remove one of them`,
		`"return_to":[""]`:                                             `return_to: must not be empty`,
		`"return_to":["https://a","*"]`:                                `return_to: ` + badOrigin + `"*"`,
		`"deliver":"token"`:                                            `deliver: expected session or tokens, got "token"`,
		`"deliver":"tokens","hosted":{}`:                               `deliver: tokens needs the JSON API of page; add page, or remove hosted`,
		`"sign_out_to":"https://u:secret@x"`:                           `sign_out_to: ` + withoutPassword,
		`"claim":["a","a"]`:                                            `claim: "a" stands here twice; remove one of them`,
		`"claim":[""]`:                                                 `claim: must not be empty`,
		`"claim":["{env.X}"]`:                                          `claim: ` + literally,
		`"limit":[{}]`:                                                 `limit: expected address, user, client or all, got ""`,
		`"limit":[{"per":"ip","per_minute":1}]`:                        `limit: expected address, user, client or all, got "ip"`,
		`"limit":[{"per":"all"}]`:                                      `limit: all: expected 1 to 100000 attempts a minute, got 0`,
		`"limit":[{"per":"user","per_minute":-5}]`:                     `limit: user: expected 1 to 100000 attempts a minute, got -5`,
		`"limit":[{"per":"all","per_minute":1},{"per":"all"}]`:         `limit: "all" stands here twice; remove one of them`,
		`"hosted":{"scope":["email"]}`:                                 `hosted: scope: expected openid among the scopes, since sessions need an ID token; add it`,
		`"hosted":{"scope":["openid","openid"]}`:                       `hosted: scope: "openid" stands here twice; remove one of them`,
		`"hosted":{"scope":["openid","{env.X}"]}`:                      `hosted: scope: ` + literally,
		`"hosted":{"identity_provider":"a","idp_identifier":"b"}`:      `hosted: identity_provider: cannot be combined with idp_identifier; remove one of them`,
		`"page":{},"hosted":{"identity_provider":"a"}`:                 `hosted: identity_provider: has no effect beside page, whose buttons lead to providers; write provider in page, or remove page`,
		`"page":{},"hosted":{"idp_identifier":"a"}`:                    `hosted: idp_identifier: has no effect beside page, whose buttons lead to providers; write provider in page, or remove page`,
		`"hosted":{"identity_provider":"{env.X}"}`:                     `hosted: identity_provider: ` + literally,
		`"hosted":{"idp_identifier":"{env.X}"}`:                        `hosted: idp_identifier: ` + literally,
		`"hosted":{"pass":["state"]}`:                                  `hosted: pass: expected lang, login_hint, identity_provider or idp_identifier, got "state"`,
		`"hosted":{"pass":["lang","lang"]}`:                            `hosted: pass: "lang" stands here twice; remove one of them`,
		`"hosted":{"pass":[""]}`:                                       `hosted: pass: must not be empty`,
		`"page":{"title":"a"},"limit":[{"per":"all","per_minute":-1}]`: `limit: all: expected 1 to 100000 attempts a minute, got -1`,
	}
	for _, prefix := range []string{"/", "a", "/a/", "//a", "/a//b", "/a b", "/a?b", "/a#b", "/a*", "/%61", "/{env.X}", "/../a", "/a/.", "/a;b", "https://x"} {
		wants[`"prefix":"`+prefix+`"`] = badPrefix + `"` + prefix + `"`
	}
	for _, origin := range []string{
		"x", "//x", "https://", "https:x", "https://x/", "https://x/a", "https://x?", "https://x#a", "HTTPS://x", "https://X", "https://x:443", "https://x:",
		"http://localhost:80", "https://*.x", "https://x_y", "https://x:y", "ftp://x", "null", "{env.X}", "https://x y", " https://x",
	} {
		wants[`"origin":"`+origin+`"`] = `origin: ` + badOrigin + `"` + origin + `"`
	}
	for _, to := range []string{"bye", "//x", "/a b", "http://example.com", "ftp://x", "https:x", "javascript:alert(1)", "{env.X}"} {
		wants[`"sign_out_to":"`+to+`"`] = badSignOut + `"` + to + `"` + httpHere
	}
	wants[`"sign_out_to":"/\\x"`] = badSignOut + `"/\\x"` + httpHere
	validateAll[config.Signin](t, fragments(`{"pool":"main",`, `}`, wants))
	validateAll[config.Signin](t, []row{
		{"no pool", `{}`, `pool: required; name a configured user_pool`},
		{"a pool ID", `{"pool":"eu-west-1_a"}`, `pool: expected the name of a user_pool, got the pool ID "eu-west-1_a"; configure it as a user_pool and use that name`},
		{"a pool that is a placeholder", `{"pool":"{env.X}"}`, `pool: expected the name of a user_pool, got "{env.X}"`},
	})
}

func TestPageValidateAccepts(t *testing.T) {
	validateAll[config.Signin](t, []row{
		{"every key", `{"pool":"main","page":{"flow":"USER_AUTH","preferred":"WEB_AUTHN","passwordless":true,"title":"a","logo":"/logo.svg","accent":["#0b5fff","#8AB4F8"],
			"language":["en","zh-Hans-CN"],"templates":"/a","login":"any","password_rules":{"min_length":99,"require":["lower","upper","digit","symbol"]},
			"input":{"custom:a":"number","b":"tel"},"custom_challenge":{"template":"a","question":["b"],"image":["c"],"image_origin":["https://d.e"],
			"allow":[{"template":"f_1","kind":"connect","origin":["self","https://*.g.h:8443"]}]},"provider":[{"name":"Google"},{"name":"a","label":"b"}],
			"sign_up":{"attribute":["email"],"passwordless":true},"no_forgot_password":true}}`, ``},
		{"a custom flow without passwords", `{"pool":"main","page":{"flow":"CUSTOM_AUTH","passwordless":true}}`, ``},
		{"a logo elsewhere", `{"pool":"main","page":{"logo":"https://static.example.com/logo.svg?v=2"}}`, ``},
		{"a logo in a file", `{"pool":"main","page":{"logo":"file:logo.png"}}`, ``},
		{"empty parts", `{"pool":"main","page":{"password_rules":{},"custom_challenge":{},"sign_up":{}}}`, ``},
	})
}

func TestPageValidateRefuses(t *testing.T) {
	const (
		change    = `; change the flow, or remove it`
		badLogo   = `logo: expected a path such as /logo.svg, an https URL, or file: and the path of a file, got `
		badAccent = `accent: expected two colours as #rrggbb, for the light scheme and for the dark, got `
		badTag    = `language: expected a language tag such as en or pt-BR, got `
		badRules  = `password_rules: min_length: expected 6 to 99, which user pools allow, got `
		badName   = `allow: expected the name of a template such as captcha, without folder and .html, got `
		literally = `placeholders are not replaced here, got {env.X}; in a Caddyfile, {$NAME} takes a value from the environment`
		badSource = `custom_challenge: allow: a: expected an https origin such as https://static.example.com, or self, got `
	)
	validateAll[config.Signin](t, fragments(`{"pool":"main","page":{`, `}}`, prefixed("page: ", map[string]string{
		`"flow":"ADMIN_USER_PASSWORD_AUTH"`:                                               `flow: expected USER_SRP_AUTH, USER_PASSWORD_AUTH, USER_AUTH or CUSTOM_AUTH, got "ADMIN_USER_PASSWORD_AUTH"`,
		`"flow":"user_auth"`:                                                              `flow: expected USER_SRP_AUTH, USER_PASSWORD_AUTH, USER_AUTH or CUSTOM_AUTH, got "user_auth"`,
		`"flow":"USER_AUTH","preferred":"SMS"`:                                            `preferred: expected PASSWORD, PASSWORD_SRP, EMAIL_OTP, SMS_OTP or WEB_AUTHN, got "SMS"`,
		`"preferred":"PASSWORD"`:                                                          `preferred: is for the flow USER_AUTH, got USER_SRP_AUTH` + change,
		`"preferred":"PASSWORD","flow":"CUSTOM_AUTH"`:                                     `preferred: is for the flow USER_AUTH, got CUSTOM_AUTH` + change,
		`"passwordless":true`:                                                             `passwordless: is for the flow USER_AUTH or CUSTOM_AUTH, got USER_SRP_AUTH` + change,
		`"passwordless":true,"flow":"USER_PASSWORD_AUTH"`:                                 `passwordless: is for the flow USER_AUTH or CUSTOM_AUTH, got USER_PASSWORD_AUTH` + change,
		`"sign_up":{"passwordless":true},"flow":"CUSTOM_AUTH"`:                            `sign_up: passwordless: is for the flow USER_AUTH, got CUSTOM_AUTH` + change,
		`"logo":"logo.svg"`:                                                               badLogo + `"logo.svg"`,
		`"logo":"//x/logo.svg"`:                                                           badLogo + `"//x/logo.svg"`,
		`"logo":"http://localhost/logo.svg"`:                                              badLogo + `"http://localhost/logo.svg"`,
		`"logo":"file:"`:                                                                  badLogo + `"file:"`,
		`"logo":"data:image/png;base64,x"`:                                                badLogo + `"data:image/png;base64,x"`,
		`"logo":"https://u:secret@x/a"`:                                                   `logo: ` + withoutPassword,
		`"accent":["#000000"]`:                                                            badAccent + `"#000000"`,
		`"accent":["#000000","#fff"]`:                                                     badAccent + `"#000000 #fff"`,
		`"accent":["000000","#ffffff"]`:                                                   badAccent + `"000000 #ffffff"`,
		`"accent":["#000000","#ffffff","#ffffff"]`:                                        badAccent + `"#000000 #ffffff #ffffff"`,
		`"language":["EN"]`:                                                               badTag + `"EN"`,
		`"language":["en_US"]`:                                                            badTag + `"en_US"`,
		`"language":["en","../x"]`:                                                        badTag + `"../x"`,
		`"language":["en","en"]`:                                                          `language: "en" stands here twice; remove one of them`,
		`"language":[""]`:                                                                 `language: must not be empty`,
		`"login":"mail"`:                                                                  `login: expected username, email, phone or any, got "mail"`,
		`"password_rules":{"min_length":5}`:                                               badRules + `5`,
		`"password_rules":{"min_length":100}`:                                             badRules + `100`,
		`"password_rules":{"min_length":-1}`:                                              badRules + `-1`,
		`"password_rules":{"require":["special"]}`:                                        `password_rules: require: expected lower, upper, digit or symbol, got "special"`,
		`"password_rules":{"require":["digit","digit"]}`:                                  `password_rules: require: "digit" stands here twice; remove one of them`,
		`"input":{"b":"text","a":"text"}`:                                                 `input: a: expected email, tel, date, url or number, got "text"`,
		`"input":{"a":""}`:                                                                `input: a: expected email, tel, date, url or number, got ""`,
		`"input":{"":"tel"}`:                                                              `input: expected the name of an attribute for the type "tel"`,
		`"custom_challenge":{"template":"{env.X}"}`:                                       `custom_challenge: template: ` + literally,
		`"custom_challenge":{"question":["a","a"]}`:                                       `custom_challenge: question: "a" stands here twice; remove one of them`,
		`"custom_challenge":{"image":[""]}`:                                               `custom_challenge: image: must not be empty`,
		`"custom_challenge":{"image_origin":["http://x"]}`:                                `custom_challenge: image_origin: expected an https origin such as https://static.example.com, got "http://x"`,
		`"custom_challenge":{"image_origin":["https://u:p@x"]}`:                           `custom_challenge: image_origin: ` + withoutPassword,
		`"custom_challenge":{"image_origin":["https://x; a"]}`:                            `custom_challenge: image_origin: expected an https origin such as https://static.example.com, got "https://x; a"`,
		`"custom_challenge":{"image_origin":["https://x/y"]}`:                             `custom_challenge: image_origin: expected an https origin such as https://static.example.com, got "https://x/y"`,
		`"custom_challenge":{"image_origin":[]},"login":"x"`:                              `login: expected username, email, phone or any, got "x"`,
		`"custom_challenge":{"allow":[` + source("", "", "") + `]}`:                       `custom_challenge: ` + badName + `""`,
		`"custom_challenge":{"allow":[` + source("custom/a", "script", "self") + `]}`:     `custom_challenge: ` + badName + `"custom/a"`,
		`"custom_challenge":{"allow":[` + source("a", "", "self") + `]}`:                  `custom_challenge: allow: a: expected script, frame, style, image or connect, got ""`,
		`"custom_challenge":{"allow":[` + source("a", "font", "self") + `]}`:              `custom_challenge: allow: a: expected script, frame, style, image or connect, got "font"`,
		`"custom_challenge":{"allow":[{"template":"a","kind":"script","origin":[]}]}`:     `custom_challenge: allow: a: script: expected one or more origins, or self`,
		`"custom_challenge":{"allow":[` + source("a", "script", "*") + `]}`:               badSource + `"*"`,
		`"custom_challenge":{"allow":[` + source("a", "script", "'unsafe-inline'") + `]}`: badSource + `"'unsafe-inline'"`,
		`"custom_challenge":{"allow":[{"template":"a","kind":"script","origin":["self","self"]}]}`: `custom_challenge: allow: a: "self" stands here twice; remove one of them`,
		`"provider":[{"name":""}]`:                           `provider: must not be empty`,
		`"provider":[{"name":"a"},{"name":"a","label":"b"}]`: `provider: "a" stands here twice; remove one of them`,
		`"provider":[{"name":"{env.X}"}]`:                    `provider: ` + literally,
		`"provider":[{"name":"a","label":"{env.X}"}]`:        `provider: ` + literally,
		`"sign_up":{"attribute":["a","a"]}`:                  `sign_up: "a" stands here twice; remove one of them`,
		`"sign_up":{"attribute":[""]}`:                       `sign_up: must not be empty`,
	})))
}

func source(template, kind, origin string) string {
	return `{"template":"` + template + `","kind":"` + kind + `","origin":["` + origin + `"]}`
}

func prefixed(prefix string, wants map[string]string) map[string]string {
	all := make(map[string]string)
	for document, want := range wants {
		all[document] = prefix + want
	}
	return all
}

func TestSettingsOfSignin(t *testing.T) {
	const (
		flow   = `page: passwordless: is for the flow USER_AUTH or CUSTOM_AUTH, got USER_SRP_AUTH; change the flow, or remove it`
		tokens = `deliver: tokens needs the JSON API of page; add page, or remove hosted`
		logo   = `page: logo: expected a path such as /logo.svg, an https URL, or file: and the path of a file, got "x"`
	)
	expectSettings[config.Signin](t, []settingsRow{
		{`{}`, ``, ``},
		{`{"pool":"a","origin":"{env.A}","return_to":["{env.A}","{env.A}"],"sign_out_to":"{env.A}",
			"page":{"title":"{env.A}","logo":"{env.A}","templates":"{env.A}"}}`, ``, ``},
		{`{"deliver":"tokens","hosted":{}}`, ``, tokens},
		{`{"page":{"passwordless":true}}`, ``, flow},
		{`{"page":{"passwordless":true,"flow":"USER_SRP_AUTH"}}`, flow, flow},
		{`{"page":{"logo":"x","title":"{env.A}"}}`, logo, logo},
		{`{"return_to":["{env.A}","x"]}`, `return_to: ` + badOrigin + `"x"`, `return_to: ` + badOrigin + `"x"`},
	})
}
