package page_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// attacks are what a Lambda trigger, a visitor or a link can bring.
var attacks = []string{
	`<script>attack()</script>`, `"><img src=x onerror=attack()>`, `' onfocus='attack()`, `</style><script>attack()</script>`,
	`javascript:attack()`, `{{attack}}`, `<!-- attack`, `]]><svg/onload=attack()>`, "\x00<b>attack</b>", "&lt;b&gt;attack",
}

// hostile fills every text of a view.
func hostile(v page.View, attack string) page.View {
	fill(reflect.ValueOf(&v).Elem(), attack)
	return v
}

// choosing are the fields that choose the page, deciding those that do so by being
// there.
var (
	choosing = []string{"Kind", "Name", "Language", "Choices", "Needs", "Cause", "Reason"}
	deciding = []string{"Options", "Secret"}
)

func fill(value reflect.Value, attack string) {
	switch value.Kind() {
	case reflect.String:
		value.SetString(attack)
	case reflect.Struct:
		for i := range value.NumField() {
			name := value.Type().Field(i).Name
			if !slices.Contains(choosing, name) && (!value.Field(i).IsZero() || !slices.Contains(deciding, name)) {
				fill(value.Field(i), attack)
			}
		}
	case reflect.Slice:
		if value.Len() > 0 {
			value.Set(reflect.AppendSlice(reflect.MakeSlice(value.Type(), 0, value.Len()), value)) // the states share theirs
		}
		for i := range value.Len() {
			fill(value.Index(i), attack)
		}
	case reflect.Map:
		copied := reflect.MakeMap(value.Type())
		for _, key := range value.MapKeys() {
			copied.SetMapIndex(key, reflect.ValueOf(attack))
		}
		if value.CanSet() && value.Len() > 0 {
			value.Set(copied)
		}
	}
}

func TestNothingForeignBecomesMarkup(t *testing.T) {
	pages, all := newPages(t, theme(t)), states()
	for _, name := range stateNames() {
		clean := len(parse(t, render(t, pages, all[name])).all("script", "style", "b", "svg"))
		for _, attack := range attacks {
			v := hostile(all[name], attack)
			doc := parse(t, render(t, pages, v))
			if got := len(doc.all("script", "style", "b", "svg")); got > clean {
				t.Errorf("%s: expected %d elements that do something, got %d after %s", name, clean, got, attack)
			}
			for _, node := range doc.all() {
				checkAttributes(t, node)
			}
			if policy := pages.Policy(v); strings.Contains(policy, "attack") {
				t.Errorf("%s: expected the policy of the theme, got %s", name, policy)
			}
		}
	}
}

// What the user pool says is shown, as text.
func TestTextOfThePoolIsShownAsText(t *testing.T) {
	v := states()["custom_rejected"]
	v.Problem.Text = "<b>Ask</b> the help desk"
	v.Challenge.Parameters = map[string]string{"question": "Is 1 < 2 & 3 > 2?\u202e"}
	html := render(t, newPages(t, page.Options{}), v)
	for _, want := range []string{"&lt;b&gt;Ask&lt;/b&gt; the help desk", "Is 1 &lt; 2 &amp; 3 &gt; 2?<"} {
		if !strings.Contains(html, want) {
			t.Errorf("expected %s", want)
		}
	}
	v.Challenge.Parameters = map[string]string{"question": strings.Repeat("why", 5000)}
	if html := render(t, newPages(t, page.Options{}), v); strings.Count(html, "why") > 200 || !strings.Contains(html, "…") {
		t.Error("expected a question of a bearable length")
	}
}

func TestEveryFormCarriesTheHiddenValues(t *testing.T) {
	pages, all := newPages(t, theme(t)), states()
	for _, name := range stateNames() {
		if name == "sign_in_alone" {
			continue
		}
		doc := parse(t, render(t, pages, all[name]))
		for _, form := range doc.all("form") {
			found := map[string]string{}
			for node := range form.Descendants() {
				if node.Data == "input" {
					found[attr(node, "name")] = attr(node, "value")
				}
			}
			if found["csrf"] != "t0ken" || found["flow"] != "f10w" {
				t.Errorf("%s: expected the hidden values in every form, got %v", name, found)
			}
		}
	}
}

// The inputs are what package signin waits for, so that a handler need not know
// the page.
func TestInputsAreNamedLikeTheFields(t *testing.T) {
	pages, all := newPages(t, theme(t)), states()
	for state, want := range map[string]signin.Field{
		"sign_in": signin.FieldPassword, "identify": signin.FieldUsername, "sms_mfa": signin.FieldCode, "software_token_mfa": signin.FieldCode,
		"select_mfa_type": signin.FieldChoice, "select_challenge": signin.FieldChoice, "mfa_setup": signin.FieldChoice,
		"mfa_setup_app": signin.FieldCode, "new_password_required": signin.FieldNewPassword, "custom_question": signin.FieldAnswer,
		"custom_template": signin.FieldAnswer, "password": signin.FieldPassword, "password_srp": signin.FieldPassword,
		"web_authn": signin.FieldCredential, "reset_password": signin.FieldNewPassword, "confirm_sign_up": signin.FieldCode,
	} {
		if parse(t, render(t, pages, all[state])).named(string(want)) == nil {
			t.Errorf("%s: expected the input %s", state, want)
		}
	}
}
