package caddyfile_test

import (
	"testing"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

func match(require ...config.Requirement) config.Match { return config.Match{Require: require} }

func TestParseMatch(t *testing.T) {
	admins := config.Requirement{Kind: "group", Values: []string{"admins"}}
	expectAll(t, parse.ParseMatch, []accepted[config.Match]{
		{"no requirement", "cognito", match()},
		{"an empty block", "cognito {\n}", match()},
		{"one line", "cognito group admins", match(admins)},
		{"one line with several values", "cognito scope a b", match(config.Requirement{Kind: "scope", Values: []string{"a", "b"}})},
		{
			"every kind in a block", "cognito {\n scope a\n group admins\n acr x y\n max_age 15m\n claim email_verified true\n}",
			match(
				config.Requirement{Kind: "scope", Values: []string{"a"}}, admins,
				config.Requirement{Kind: "acr", Values: []string{"x", "y"}},
				config.Requirement{Kind: "max_age", Values: []string{"15m"}},
				config.Requirement{Kind: "claim", Values: []string{"email_verified", "true"}},
			),
		},
		{
			"a kind on several lines, all of which must hold", "cognito {\n group admins\n group editors\n}",
			match(admins, config.Requirement{Kind: "group", Values: []string{"editors"}}),
		},
		{
			"the matcher twice in a set, which Caddy joins", "cognito group admins\ncognito scope a",
			match(admins, config.Requirement{Kind: "scope", Values: []string{"a"}}),
		},
		{
			"a line and a block", "cognito group admins {\n scope a\n}",
			match(admins, config.Requirement{Kind: "scope", Values: []string{"a"}}),
		},
	})
}

func TestParseMatchRefuses(t *testing.T) {
	refuseAll(t, parse.ParseMatch, []refused{
		{"an unknown kind", "cognito role admins", `matcher cognito: require: unknown requirement "role": expected scope, group, acr, max_age or claim, at Testfile:1`},
		{"the name of a pool", "cognito main", `matcher cognito: require: unknown requirement "main": expected scope, group, acr, max_age or claim, at Testfile:1`},
		{"a kind without a value", "cognito group", `matcher cognito: require: requirement "group": expected one or more values, none of them empty, at Testfile:1`},
		{"an unknown kind in a block", "cognito {\n group a\n rol b\n scope c\n}", `matcher cognito: require: unknown requirement "rol": expected scope, group, acr, max_age or claim, at Testfile:3`},
		{"a kind without a value in a block", "cognito {\n acr\n}", `matcher cognito: require: requirement "acr": expected one or more values, none of them empty, at Testfile:2`},
		{"an empty value", "cognito {\n group a \"\"\n}", `matcher cognito: require: requirement "group": expected one or more values, none of them empty, at Testfile:2`},
		{"a claim without values", "cognito claim email", `matcher cognito: require: claim: expected the name of a claim and one or more values, at Testfile:1`},
		{"an age that is no duration", "cognito max_age soon", `matcher cognito: require: requirement "max_age": expected one duration such as 15m, got "soon", at Testfile:1`},
		{"a placeholder", "cognito claim tenant {http.request.host}", `matcher cognito: require: ` + noPlaceholder + `, at Testfile:1`},
		{"a block in the block", "cognito {\n group a {\n  x\n }\n}", `group: expected the end of the line, got a block; remove the braces, at Testfile:2`},
		{"a block that is not closed", "cognito {\n group a\n", `the block that starts here is not closed; add a line with }, at Testfile:1`},
		{"a mistake in the second of a set", "cognito group a\ncognito grp b", `matcher cognito: require: unknown requirement "grp": expected scope, group, acr, max_age or claim, at Testfile:2`},
	})
}

func TestParseStrip(t *testing.T) {
	expectAll(t, parse.ParseStrip, []accepted[config.Strip]{
		{"nothing after it", "cognito_strip", config.Strip{}},
		{"an empty block", "cognito_strip {\n}", config.Strip{}},
		{"ambiguous paths", "cognito_strip {\n allow_ambiguous_path\n}", config.Strip{AllowAmbiguousPath: true}},
	})
	refuseAll(t, parse.ParseStrip, []refused{
		{"an argument", "\ncognito_strip main", `cognito_strip: expected nothing after it, got "main", at Testfile:2`},
		{"a word of another block", "cognito_strip {\n forward sub\n}", `unknown word "forward": expected allow_ambiguous_path; it belongs into the block of cognito_auth, at Testfile:2`},
	})
}
