package main

const (
	requirementGo = "verifier/requirement.go"
	checkerGo     = "plugin/checker.go"
)

var requirements = []mutant{
	{"whoever has any group is in the required one", without(requirementGo,
		`if slices.Contains(r.Values, value) {`, `if value != "" {`), unit("TestUnmetRequirements")},
	{"the scope in an ID token counts, though a trigger or an attribute may have written it", without("verifier/token.go",
		`if t.Use() != Access {`, `if t.Use() == "" {`), unit("TestUnmetRequirements")},
	{"a sign-in of long ago is fresh enough", without(requirementGo,
		`if !ok || now.Sub(at) > r.MaxAge {`, `if !ok || at.IsZero() {`), unit("TestUnmetRequirements")},
	{"a token that does not say when the user signed in is fresh", without(requirementGo,
		`if !ok || now.Sub(at) > r.MaxAge {`, `if ok && now.Sub(at) > r.MaxAge {`), unit("TestMaxAgeNeedsAnAuthTime")},
	{"a number or a list in a claim stands for a word", without(requirementGo,
		"strings.IndexByte(`\"[{`, raw[0]) < 0 && ", ``), unit("TestUnmetRequirements")},
	{"a requirement of a kind that nobody knows is met by everybody", without(requirementGo,
		`return refuse(ErrClaim, string(r.Kind), "")`, `return nil`), unit("TestUnknownAndEmptyRequirementsRefuse")},
	{"a requirement with an empty value is met by an empty claim", without(requirementGo,
		` || slices.Contains(args, "") {`, ` {`), unit("TestParseRequirement")},
	{"one of several requirements is enough", without(checkerGo,
		"if err := required.Check(tok, now); err != nil {\n\t\t\treturn err\n\t\t}", "return required.Check(tok, now)"), unit("TestAuth")},
	{"the requirements of a route are not looked at", without(checkerGo,
		`return tok, meets(tok, c.requirements)`, `return tok, meets(tok, nil)`), unit("TestAuth")},
	{"an ID token passes where an access token is wanted", without(checkerGo,
		`if !slices.Contains(c.uses, tok.Use()) {`, `if !slices.Contains(c.uses, tok.Use()) && raw == "" {`), unit("TestAuth")},
	{"the second cognito_auth of a route lets pass whoever passed the first", without("plugin/auth.go",
		`tok, err := a.checker.check(r.Context(), raw)`,
		"if id.token != nil {\n\t\treturn id.token, nil\n\t}\n\ttok, err := a.checker.check(r.Context(), raw)"), unit("TestAuthAgainOnTheSameRoute")},
	{"the matcher selects requests without a verified token", without("plugin/match.go",
		"if id == nil || id.token == nil {\n\t\treturn false, nil", "if id == nil || id.token == nil {\n\t\treturn true, nil"), unit("TestMatch")},
	{"the matcher goes by no requirement", without("plugin/match.go",
		`return meets(id.token, m.requirements) == nil, nil`, `return meets(id.token, nil) == nil, nil`), unit("TestMatch")},
	{"Caddy's authentication handler takes a token that is refused", without("plugin/provider.go",
		`return caddyauth.User{}, false, nil`, `return caddyauth.User{ID: "?"}, true, nil`), unit("TestProvider")},
	{"a claim named id becomes the user's ID for Caddy", without("plugin/provider.go",
		`if claim != "id" {`, `if claim != "" {`), unit("TestProvider")},
}
