package diagnose

import (
	"fmt"
	"regexp"
	"slices"
)

// inExpression is our matcher in a CEL expression.
var inExpression = regexp.MustCompile(`\bcognito\s*\(`)

// asksMatcher reports whether matchers of a route ask ours, if only for a no.
func asksMatcher(match any) bool {
	sets, _ := match.([]any)
	return slices.ContainsFunc(sets, func(set any) bool {
		matchers, _ := set.(map[string]any)
		_, asked := matchers["cognito"]
		return asked || asksMatcher(matchers["not"]) || inExpression.MatchString(expressionOf(matchers["expression"]))
	})
}

// expressionOf is a CEL expression, which is a string or, with a name, an object.
func expressionOf(value any) string {
	if object, ok := value.(map[string]any); ok {
		value = object["expr"]
	}
	text, _ := value.(string)
	return text
}

// unanswered is about routes that ask the matcher before anybody has verified a
// token: with not, they are open to everybody or closed to everybody. Caddy's
// authentication handler tells the matcher nothing.
func (s *Site) unanswered() (found []Finding) {
	for _, at := range s.matchers {
		if slices.ContainsFunc(s.guards, func(g *guard) bool { return g.name == "cognito_auth" && g.mayPrecede(at) }) {
			continue
		}
		f := fail("no cognito_auth comes before it, so that cognito matches no request here, and not cognito all of them; add cognito_auth, and where Caddy sorts a directive before that one, as it does redir, rewrite and header, put both into a route block, cognito_auth first")
		f.What = fmt.Sprintf("matcher cognito at %s: order", at)
		found = append(found, f)
	}
	return found
}
