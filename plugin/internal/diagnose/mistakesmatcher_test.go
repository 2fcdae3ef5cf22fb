package diagnose_test

import "testing"

func TestMatchersThatNobodyAnswers(t *testing.T) {
	const at = "FAIL  matcher cognito at app.example.com (srv0, route "
	const said = "): order: no cognito_auth comes before it, so that cognito matches no request here, and not cognito all of them"
	first := []string{at + "1.1" + said}
	const editors, strangers = "@x cognito group editors\n", "@x not cognito group editors\n"
	auth := "\ncognito_auth main" + proxy
	checkMistakes(t, []mistaken{
		{name: "a redirect of strangers", sites: app(strangers + "redir @x /welcome" + auth), want: first},
		{name: "a rewrite", sites: app(editors + "rewrite @x /editors{uri}" + auth), want: first},
		{name: "a header", sites: app(editors + "header @x Cache-Control no-store" + auth), want: first},
		{name: "an expression", sites: app("@x expression path('/a') && !cognito('group', 'editors')\nredir @x /welcome" + auth), want: first},
		{name: "an expression with a name", sites: app("@x `cognito('group', 'editors')`\nredir @x /welcome" + auth), want: first},
		{name: "around cognito_auth", sites: app(editors + "handle @x {\ncognito_auth main" + proxy + "\n}"), want: first},
		{name: "the wrong way around in a route", sites: app(editors + "route {\nrespond @x hello\ncognito_auth main" + proxy + "\n}"), want: []string{at + "1.1.1" + said}},
		{name: "no cognito_auth", sites: app(editors + "handle @x {" + proxy + "\n}"), want: first},
		{name: "cognito_auth on another host", sites: app(editors+"respond @x hello") + "b.example.com {\ncognito_auth main" + proxy + "\n}", want: first},
		{name: "behind cognito_auth", sites: app(strangers + "respond @x hello" + auth)},
		{name: "handles behind cognito_auth", sites: app(editors + "handle @x {" + proxy + "\n}" + auth)},
		{name: "a redirect in a route", sites: app(strangers + "route {\ncognito_auth main\nredir @x /welcome" + proxy + "\n}")},
		{name: "error routes", sites: app("cognito_auth main" + proxy + "\nhandle_errors {\n" + editors + "respond @x hello\n}")},
		{name: "a header of that name", sites: app("@x header cognito (x)\nredir @x /welcome" + auth)},
		{name: "a named route", sites: "&(guarded) {\ncognito_auth main\n}\n" + app(editors+"route {\ninvoke guarded\nredir @x /welcome\n}")},
	})
}

// Caddy's authentication handler keeps the token to itself.
func TestMatcherBehindTheProvider(t *testing.T) {
	got := mistakesOfJSON(t, `{"apps": {"cognito": {"user_pool": {"main": {"id": "eu-west-1_AbCdEfGhI", "client": ["1h57kf5cpq17m0eml12example"]}}}, "http": {"servers": {"web": {"routes": [
		{"handle": [{"handler": "authentication", "providers": {"cognito": {"pool": ["main"]}}}]},
		{"match": [{"cognito": {"require": [{"kind": "group", "values": ["editors"]}]}}], "handle": [{"handler": "static_response"}]}
	]}}}}}`)
	if len(got) != 1 {
		t.Errorf("expected one failure, got %q", got)
	}
}
