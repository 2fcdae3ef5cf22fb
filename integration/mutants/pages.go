package main

const policyGo = "plugin/internal/page/policy.go"

var pages = []mutant{
	{"our page loads whatever somebody gets into it", without(policyGo,
		`{"default-src 'none'"},`, ``), unit("TestEveryPolicyBeginsFromNothing")},
	{"another site shows our page in a frame, and has visitors click there", without(policyGo,
		`{"frame-ancestors 'none'"},`, ``), unit("TestEveryPolicyBeginsFromNothing")},
	{"an old browser shows our page in a frame", without(policyGo,
		`"X-Frame-Options":        "DENY",`, ``), unit("TestHeaders")},
	{"a base element sends the form elsewhere", without(policyGo,
		`{"base-uri 'none'"},`, ``), unit("TestEveryPolicyBeginsFromNothing")},
	{"a form sends the password to another site", without(policyGo,
		`append(append([]string{"form-action 'self'"}, p.opts.FormOrigins...), usable(v.Return)...),`, ``), unit("TestPoliciesByView")},
	{"a script that a user uploaded to the site runs in our page", without(policyGo,
		`return []string{p.script.source}`, `return []string{"'self'"}`), unit("TestNoPageHasWhatItsPolicyForbids")},
	{"our script is allowed on pages that have none", without(policyGo,
		`if asksPasskey(v) {
		return []string{p.script.source}`, `if v.Kind != "" {
		return []string{p.script.source}`), unit("TestPoliciesByView")},
	{"what one custom template may load, all pages may", without(policyGo,
		`if name := p.customName(v); name != "" {
		return p.opts.Custom.Sources[name]
	}`, `for _, sources := range p.opts.Custom.Sources {
		return sources
	}`), unit("TestPoliciesByView")},
	{"a configured origin ends the directive and begins one of its own", without(policyGo,
		`if origin.MatchString(one) || self && one == "'self'" {`, `if one != "" || self {`), unit("TestRefusedOptions")},
	{"a cache keeps a page with a step of a sign-in", without(policyGo,
		`"Cache-Control":                "no-store",`, ``), unit("TestHeaders")},
	{"a page is taken for a script or an image", without(policyGo,
		`"X-Content-Type-Options": "nosniff",`, ``), unit("TestHeaders")},
	{"a page that opened ours keeps a hand on its window", without(policyGo,
		`"Cross-Origin-Opener-Policy":   "same-origin",`, ``), unit("TestHeaders")},
	{"other sites learn of what is in the URLs of a sign-in", without(policyGo,
		`"Referrer-Policy":        "same-origin",`, ``), unit("TestHeaders")},
	{"what a trigger, a visitor or a link says becomes a part of our page", without("plugin/internal/page/templates.go",
		`"html/template"`, `"text/template"`), unit("TestNothingForeignBecomesMarkup")},
	{"a template of an operator has what the policy blocks in silence", without("plugin/internal/page/blocked.go",
		`case strings.HasPrefix(attribute.Key, "on"):`, `case attribute.Key == "?":`), unit("TestRefusedTemplates")},
	{"the logo comes from another host than it seems to", without("plugin/internal/page/logo.go",
		`strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && !strings.ContainsAny(s, "\\\t\r\n")`, `strings.HasPrefix(s, "/")`), unit("TestRefusedOptions")},
}
