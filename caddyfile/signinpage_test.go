package caddyfile_test

import (
	"testing"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
)

const (
	pageWords = `expected one of accent, custom_challenge, flow, input, language, login, logo, no_forgot_password, password_rules, passwordless, ` +
		`preferred, provider, sign_up, templates, title`
	challengeWords = `expected one of allow, image, image_origin, question, template`
)

// refuseWithin puts each input on the last of the lines that open blocks.
func refuseWithin(t *testing.T, before, after, at string, rows []refused) {
	t.Helper()
	for i := range rows {
		rows[i].input = "cognito_signin main {\n" + before + rows[i].input + after + "\n}"
		rows[i].want += ", at Testfile:" + at
	}
	refuseAll(t, parse.ParseSignin, rows)
}

func TestPageRefusesLine(t *testing.T) {
	const (
		rules = `password_rules: expected the least number of characters and, where they are required, lower, upper, digit and symbol, got `
		named = `provider: expected the name of a provider and, if you like, how people know it, got `
	)
	refuseWithin(t, " page {\n  flow USER_PASSWORD_AUTH\n  ", "\n  templates a\n }", "4", []refused{
		{"an unknown word", "theme dark", `unknown word "theme": ` + pageWords},
		{"a word of sign-in", "deliver tokens", `unknown word "deliver": ` + pageWords + `; it belongs into the block of cognito_signin`},
		{"a word of hosted", "scope openid", `unknown word "scope": ` + pageWords + `; it belongs into the block of hosted`},
		{"a word twice", "flow USER_AUTH", `flow: stands here twice; remove one of the lines`},
		{"a preferred challenge with another flow", "preferred EMAIL_OTP", `page: preferred: is for the flow USER_AUTH, got USER_PASSWORD_AUTH; change the flow, or remove it`},
		{"an unknown challenge", "preferred SMS", `page: preferred: expected PASSWORD, PASSWORD_SRP, EMAIL_OTP, SMS_OTP or WEB_AUTHN, got "SMS"`},
		{"passwordless with another flow", "passwordless", `page: passwordless: is for the flow USER_AUTH or CUSTOM_AUTH, got USER_PASSWORD_AUTH; change the flow, or remove it`},
		{"passwordless with a value", "passwordless yes", `passwordless: expected nothing after it, got "yes"`},
		{"title without a value", "title", `title: expected a value after it`},
		{"a title without quotes", "title The site", `title: expected one value, got "The site"`},
		{"a logo that is no URL", "logo logo.svg", `page: logo: expected a path such as /logo.svg, an https URL, or file: and the path of a file, got "logo.svg"`},
		{"colours without quotes", "accent #0b5fff #8ab4f8", `accent: expected two colours between quotes, such as "#0b5fff" "#8ab4f8", got ""; without quotes, # starts a comment`},
		{"one colour", `accent "#0b5fff"`, `accent: expected two colours between quotes, such as "#0b5fff" "#8ab4f8", got "#0b5fff"; without quotes, # starts a comment`},
		{"colours by name", "accent blue navy", `page: accent: expected two colours as #rrggbb, for the light scheme and for the dark, got "blue navy"`},
		{"language without a value", "language", `language: expected one or more values`},
		{"a language by name", "language English", `page: language: expected a language tag such as en or pt-BR, got "English"`},
		{"a language twice", "language en en", `page: language: "en" stands here twice; remove one of them`},
		{"an unknown kind of login", "login name", `page: login: expected username, email, phone or any, got "name"`},
		{"password_rules without a value", "password_rules", rules + `""`},
		{"password_rules without a length", "password_rules lower upper", rules + `"lower upper"`},
		{"password_rules of no length", "password_rules 0", rules + `"0"`},
		{"password_rules of too short a length", "password_rules 5", `page: password_rules: min_length: expected 6 to 99, which user pools allow, got 5`},
		{"password_rules with an unknown kind", "password_rules 8 special", `page: password_rules: require: expected lower, upper, digit or symbol, got "special"`},
		{"an input without a type", "input birthdate", `input: expected the name of an attribute and email, tel, date, url or number, got "birthdate"`},
		{"an input of an unknown type", "input a password", `page: input: a: expected email, tel, date, url or number, got "password"`},
		{"provider without a value", "provider", named + `""`},
		{"a provider with a label of several words", "provider SAML The company", named + `"SAML The company"`},
		{"a provider without a name", `provider "" Google`, named + `" Google"`},
		{"an attribute of sign_up twice", "sign_up a a {\n   x\n  }", `page: sign_up: "a" stands here twice; remove one of them`},
		{"custom_challenge with a value", "custom_challenge captcha", `custom_challenge: expected a block or nothing after it, got "captcha"`},
		{"no_forgot_password with a value", "no_forgot_password yes", `no_forgot_password: expected nothing after it, got "yes"`},
	})
}

// The line is that of the second.
func TestPageRefusesRepetition(t *testing.T) {
	refuseWithin(t, " page {\n  ", "\n  templates a\n }", "4", []refused{
		{"an input twice", "input a date\n  input a url", `input: attribute "a" stands here twice; remove one of the lines`},
		{"a provider twice", "provider a\n  provider a b", `page: provider: "a" stands here twice; remove one of them`},
		{"a title twice", "title a\n  title b", `title: stands here twice; remove one of the lines`},
		{"sign_up twice", "sign_up a\n  sign_up b", `sign_up: stands here twice; remove one of the lines`},
	})
	refuseWithin(t, " ", "", "3", []refused{
		{"page twice", "page\n page {\n }", `page: stands here twice; remove one of the lines`},
		{"hosted twice", "hosted\n hosted", `hosted: stands here twice; remove one of the lines`},
		{"prefix twice", "prefix /a\n prefix /b", `prefix: stands here twice; remove one of the lines`},
	})
}

func TestBlocksOfThePageRefuseLine(t *testing.T) {
	const allow = `allow: expected the name of a template, script, frame, style, image or connect, and origins or self, got `
	refuseWithin(t, " page {\n  custom_challenge {\n   question a\n   ", "\n   image b\n  }\n }", "5", []refused{
		{"an unknown word", "source a", `unknown word "source": ` + challengeWords},
		{"a word of the page", "logo /a", `unknown word "logo": ` + challengeWords + `; it belongs into the block of page`},
		{"image_origin without a value", "image_origin", `image_origin: expected one or more values`},
		{"an http origin", "image_origin http://x", `page: custom_challenge: image_origin: expected an https origin such as https://static.example.com, got "http://x"`},
		{"self, which needs no line", "image_origin self", `page: custom_challenge: image_origin: expected an https origin such as https://static.example.com, got "self"`},
		{"allow without a value", "allow", allow + `""`},
		{"allow without origins", "allow captcha script", allow + `"captcha script"`},
		{"allow with an unknown kind", "allow captcha font self", `page: custom_challenge: allow: captcha: expected script, frame, style, image or connect, got "font"`},
		{"allow with a file", "allow captcha.html script self", `page: custom_challenge: allow: expected the name of a template such as captcha, without folder and .html, got "captcha.html"`},
		{"allow with everything", "allow captcha script *", `page: custom_challenge: allow: captcha: expected an https origin such as https://static.example.com, or self, got "*"`},
		{"a block", "template a {\n x\n }", `template: expected the end of the line, got a block; remove the braces`},
	})
	refuseWithin(t, " page {\n  sign_up a {\n   ", "\n  }\n }", "4", []refused{
		{"an unknown word", "x", `unknown word "x": expected passwordless`},
		{"a word of the page", "title a", `unknown word "title": expected passwordless; it belongs into the block of page`},
		{"passwordless with the default flow", "passwordless", `page: sign_up: passwordless: is for the flow USER_AUTH, got USER_SRP_AUTH; change the flow, or remove it`},
	})
}

func TestHostedRefusesLine(t *testing.T) {
	const words = `expected one of identity_provider, idp_identifier, pass, scope`
	refuseWithin(t, " hosted {\n  identity_provider a\n  ", "\n }", "4", []refused{
		{"an unknown word", "prompt login", `unknown word "prompt": ` + words},
		{"a word of the pool", "domain a.b", `unknown word "domain": ` + words + `; it belongs into the block of a user_pool`},
		{"scope without a value", "scope", `scope: expected one or more values`},
		{"scopes without openid", "scope email profile", `hosted: scope: expected openid among the scopes, since sessions need an ID token; add it`},
		{"a scope twice", "scope openid openid", `hosted: scope: "openid" stands here twice; remove one of them`},
		{"two providers", "identity_provider b", `identity_provider: stands here twice; remove one of the lines`},
		{"both ways to a provider", "idp_identifier b", `hosted: identity_provider: cannot be combined with idp_identifier; remove one of them`},
		{"an unknown parameter", "pass prompt", `hosted: pass: expected lang, login_hint, identity_provider or idp_identifier, got "prompt"`},
		{"a parameter twice", "pass lang lang", `hosted: pass: "lang" stands here twice; remove one of them`},
	})
}
