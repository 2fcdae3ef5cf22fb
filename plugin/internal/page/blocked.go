package page

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// action is a template action. What it writes is not known before it runs, and
// html/template lets none of what is looked for here come out of one.
var action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

// blocked finds what the page's policy would block without a word.
func blocked(name, source string) []error {
	blank := func(s string) string { return strings.Map(keepLines, s) }
	tokens := html.NewTokenizer(strings.NewReader(action.ReplaceAllStringFunc(source, blank)))
	var faults []error
	for line := 1; tokens.Next() != html.ErrorToken; {
		raw := string(tokens.Raw()) // before Token, which takes it apart in place
		if token := tokens.Token(); token.Type == html.StartTagToken || token.Type == html.SelfClosingTagToken {
			for _, fault := range blockedIn(token) {
				fault.Template, fault.Line = name, line
				faults = append(faults, fault)
			}
		}
		line += strings.Count(raw, "\n")
	}
	return faults
}

// keepLines keeps the line numbers right.
func keepLines(r rune) rune {
	if r == '\n' {
		return r
	}
	return ' '
}

func blockedIn(token html.Token) []*TemplateError {
	var faults []*TemplateError
	fault := func(problem, fix string) {
		faults = append(faults, &TemplateError{Problem: problem + " is blocked by the page's policy", Fix: fix})
	}
	loads := false
	for _, attribute := range token.Attr {
		switch value := strings.ToLower(strings.TrimSpace(attribute.Val)); {
		case strings.HasPrefix(attribute.Key, "on"):
			fault("the handler "+attribute.Key, "the pages work without scripts; remove it")
		case attribute.Key == "style":
			fault("a style attribute", "use a class, and put the rules into style.css")
		case strings.HasPrefix(value, "javascript:"):
			fault("a javascript: URL", "the pages work without scripts; remove it")
		case attribute.Key == "src":
			loads = true
		}
	}
	switch {
	case token.Data == "style":
		fault("a style element", "put the rules into style.css")
	case token.Data == "script" && !loads:
		fault("an inline script", "load it by src from a source that the template is granted")
	case token.Data == "base":
		fault("a base element", "write whole paths")
	}
	return faults
}
