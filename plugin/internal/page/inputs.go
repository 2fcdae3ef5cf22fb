package page

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// username asks for the name of the kind that the site uses.
func (c *composer) username() *Input {
	input := &Input{
		ID: "f-username", Name: string(signin.FieldUsername), Type: "text", Label: c.text["field.username"],
		Value: c.view.Username, Autocomplete: "username", Required: true,
	}
	switch c.pages.opts.Login {
	case LoginEmail:
		input.Type, input.Label = "email", c.text["field.username.email"]
	case LoginPhone:
		input.Type, input.Label = "tel", c.text["field.username.phone"]
		input.explain(c.text["field.username.phone.hint"])
	case LoginAny:
		input.Label = c.text["field.username.any"]
	}
	return input
}

func (i *Input) explain(hint string) { i.Hint, i.HintID = hint, i.ID+"-hint" }

func (c *composer) password() *Input {
	return &Input{
		ID: "f-password", Name: string(signin.FieldPassword), Type: "password", Label: c.text["field.password"],
		Autocomplete: "current-password", Required: true,
	}
}

// newPassword asks once: who mistypes it can reset it, and a password manager
// does not mistype.
func (c *composer) newPassword(name signin.Field) *Input {
	input := &Input{
		ID: "f-" + string(name), Name: string(name), Type: "password", Label: c.text["field.new_password"],
		Autocomplete: "new-password", Required: true,
	}
	rules := c.pages.opts.Password
	if input.Rules = c.rules(rules); len(input.Rules) > 0 {
		input.explain(c.text["rules"])
		input.PasswordRules = rules.forManagers()
	}
	return input
}

func (c *composer) rules(rules PasswordRules) []string {
	var list []string
	if rules.MinLength > 0 {
		list = append(list, c.say("rules.length", "count", fmt.Sprint(rules.MinLength)))
	}
	for _, rule := range rules.classes() {
		if rule.required {
			list = append(list, c.text["rules."+rule.name])
		}
	}
	return list
}

type class struct {
	name, word string
	required   bool
}

func (r PasswordRules) classes() []class {
	return []class{{"lowercase", "lower", r.Lower}, {"uppercase", "upper", r.Upper}, {"digit", "digit", r.Digit}, {"symbol", "special", r.Symbol}}
}

// forManagers are the rules in the language of the attribute passwordrules.
func (r PasswordRules) forManagers() string {
	var rules []string
	if r.MinLength > 0 {
		rules = append(rules, fmt.Sprintf("minlength: %d", r.MinLength))
	}
	for _, class := range r.classes() {
		if class.required {
			rules = append(rules, "required: "+class.word)
		}
	}
	return strings.Join(rules, "; ")
}

// code is one input, whatever the number of digits, into which a code can be
// pasted with spaces.
func (c *composer) code() *Input {
	return &Input{
		ID: "f-code", Name: string(signin.FieldCode), Type: "text", Label: c.text["field.code"],
		Autocomplete: "one-time-code", Mode: "numeric", Required: true, Autofocus: true,
	}
}

// choice offers challenges, two of the same label once: nobody can tell
// PASSWORD from PASSWORD_SRP.
func (c *composer) choice(legend string) *Input {
	group := &Input{ID: "f-choice", Name: string(signin.FieldChoice), Type: "radio", Label: c.text[legend], Required: true}
	seen := map[string]bool{}
	for _, value := range c.view.Challenge.Choices {
		label := c.text["choice."+value]
		if label == "" || seen[label] {
			continue
		}
		seen[label] = true
		group.Options = append(group.Options, Option{ID: fmt.Sprintf("f-choice-%d", len(group.Options)+1), Value: value, Label: label})
	}
	return group
}

// attribute is how a standard attribute is asked for.
type attribute struct{ kind, autocomplete string }

var attributes = map[string]attribute{
	"name": {"text", "name"}, "given_name": {"text", "given-name"}, "middle_name": {"text", "additional-name"},
	"family_name": {"text", "family-name"}, "nickname": {"text", "nickname"}, "preferred_username": {"text", "off"},
	"email": {"email", "email"}, "phone_number": {"tel", "tel"}, "birthdate": {"date", "bday"}, "gender": {"text", "sex"},
	"address": {"text", "street-address"}, "website": {"url", "url"}, "profile": {"url", "off"}, "picture": {"url", "photo"},
	"locale": {"text", "language"}, "zoneinfo": {"text", "off"}, "updated_at": {"number", "off"},
}

// attribute asks for an attribute of the user. One that we do not know has the
// label of a text file, or its name made legible.
func (c *composer) attribute(name string) *Input {
	known, ok := attributes[name]
	if !ok {
		known = attribute{"text", "off"}
	}
	if kind, ok := c.pages.opts.Attributes[name]; ok {
		known.kind = kind
	}
	label := c.text["attribute."+name]
	if label == "" {
		label = legible(name)
	}
	input := &Input{
		ID: "f-attribute-" + identifier(name), Name: AttributePrefix + name, Type: known.kind, Label: label, Value: c.view.Values[name],
		Autocomplete: known.autocomplete, Required: true, attribute: true,
	}
	if hint := c.text["attribute."+name+".hint"]; hint != "" {
		input.explain(hint)
	}
	return input
}

func (c *composer) attributes(names []string) []*Input {
	inputs := make([]*Input, len(names))
	for i, name := range names {
		inputs[i] = c.attribute(name)
	}
	return inputs
}

// legible makes a label of the name of a custom attribute.
func legible(name string) string {
	name = strings.ReplaceAll(strings.TrimPrefix(name, "custom:"), "_", " ")
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}

// identifier is a name as it can be part of an ID: without what separates IDs.
func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == ':' || r == '.' {
			return '-'
		}
		return r
	}, name)
}
