package page_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"golang.org/x/net/html"
)

// What axe-core finds in a browser needs one; this much every test run finds.
func TestEveryPageCanBeReadAndFilledIn(t *testing.T) {
	everyState(t, func(t *testing.T, name string, v page.View, html, _ string) {
		doc := parse(t, html)
		if root := doc.all("html")[0]; attr(root, "lang") == "" || (attr(root, "dir") == "rtl") != (attr(root, "lang") == "ar") {
			t.Errorf("expected a language and its direction, got %v", root.Attr)
		}
		if got := len(doc.all("h1")); got != 1 {
			t.Errorf("expected one heading of the first level, got %d", got)
		}
		checkIDs(t, doc)
		for _, input := range doc.inputs() {
			checkInput(t, doc, input)
		}
		for _, form := range doc.all("form") {
			if attr(form, "method") != "post" || attr(form, "action") == "" {
				t.Errorf("expected a form that posts to a path, got %v", form.Attr)
			}
		}
		for _, image := range doc.all("img") {
			if attr(image, "alt") == "" {
				t.Error("expected an image with a text instead")
			}
		}
		if !strings.Contains(attr(doc.all("meta")[1], "content"), "width=device-width") || strings.Contains(html, "maximum-scale") || strings.Contains(html, "user-scalable") {
			t.Error("expected a page that can be zoomed")
		}
	})
}

// checkIDs expects every ID once and every reference to lead to one.
func checkIDs(t *testing.T, doc document) {
	t.Helper()
	var ids []string
	for _, node := range doc.all() {
		if id := attr(node, "id"); id != "" {
			ids = append(ids, id)
		}
	}
	if slices.Sort(ids); len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Errorf("expected no ID twice, got %v", ids)
	}
	for _, node := range doc.all() {
		for _, id := range append(strings.Fields(attr(node, "aria-describedby")), fragment(node)...) {
			if !slices.Contains(ids, id) {
				t.Errorf("expected an element with the ID %s", id)
			}
		}
	}
}

func fragment(node *html.Node) []string {
	if id, ok := strings.CutPrefix(attr(node, "href"), "#"); ok {
		return []string{id}
	}
	return nil
}

func checkInput(t *testing.T, doc document, input *html.Node) {
	t.Helper()
	name := attr(input, "name")
	labelled := slices.ContainsFunc(doc.all("label"), func(label *html.Node) bool {
		return attr(label, "for") == attr(input, "id") && text(label) != ""
	})
	if !labelled {
		t.Errorf("%s: expected a label", name)
	}
	if attr(input, "type") != "radio" && attr(input, "autocomplete") == "" {
		t.Errorf("%s: expected a word for password managers", name)
	}
	if has(input, "maxlength") || has(input, "pattern") || has(input, "placeholder") {
		t.Errorf("%s: expected nothing that cuts or refuses what is pasted, nor a placeholder for a label", name)
	}
}

func TestPasswordManagersKnowWhatIsAskedFor(t *testing.T) {
	pages, all := newPages(t, theme(t)), states()
	for _, row := range []struct{ state, input, autocomplete, mode string }{
		{"sign_in", "username", "username", ""},
		{"sign_in", "password", "current-password", ""},
		{"identify", "username", "username", ""},
		{"password", "username", "username", ""},
		{"password", "password", "current-password", ""},
		{"password_srp", "password", "current-password", ""},
		{"new_password_required", "username", "username", ""},
		{"new_password_required", "new_password", "new-password", ""},
		{"new_password_required", "attribute.birthdate", "bday", ""},
		{"reset_password", "new_password", "new-password", ""},
		{"reset_password", "code", "one-time-code", "numeric"},
		{"sign_up", "password", "new-password", ""},
		{"sign_up", "attribute.email", "email", ""},
		{"sms_mfa", "code", "one-time-code", "numeric"},
		{"sms_otp", "code", "one-time-code", "numeric"},
		{"email_otp", "code", "one-time-code", "numeric"},
		{"email_mfa", "code", "one-time-code", "numeric"},
		{"software_token_mfa", "code", "one-time-code", "numeric"},
		{"mfa_setup_app", "code", "one-time-code", "numeric"},
		{"custom_question", "answer", "off", ""},
	} {
		input := parse(t, render(t, pages, all[row.state])).named(row.input)
		if input == nil {
			t.Errorf("%s: expected the input %s", row.state, row.input)
			continue
		}
		if got := attr(input, "autocomplete"); got != row.autocomplete {
			t.Errorf("%s: expected %s to be completed as %q, got %q", row.state, row.input, row.autocomplete, got)
		}
		if got := attr(input, "inputmode"); got != row.mode {
			t.Errorf("%s: expected %s to have the keyboard %q, got %q", row.state, row.input, row.mode, got)
		}
	}
}

func TestTheKindOfAttributesDecidesTheirInput(t *testing.T) {
	v := states()["new_password_required"]
	doc := parse(t, render(t, newPages(t, theme(t)), v))
	for name, want := range map[string]string{
		"name": "text", "email": "email", "phone_number": "tel", "birthdate": "date", "website": "url", "custom:badge": "number",
	} {
		if got := attr(doc.named(page.AttributePrefix+name), "type"); got != want {
			t.Errorf("%s: expected the input %s, got %s", name, want, got)
		}
	}
}

func TestTheKindOfUserNameDecidesItsInput(t *testing.T) {
	english := readText(t, "en")
	for login, want := range map[page.Login][2]string{
		"":                 {"text", "field.username"},
		page.LoginUsername: {"text", "field.username"},
		page.LoginEmail:    {"email", "field.username.email"},
		page.LoginPhone:    {"tel", "field.username.phone"},
		page.LoginAny:      {"text", "field.username.any"},
	} {
		doc := parse(t, render(t, newPages(t, page.Options{Login: login}), view(page.SignIn)))
		if got := attr(doc.named("username"), "type"); got != want[0] {
			t.Errorf("%q: expected the input %s, got %s", login, want[0], got)
		}
		if got := text(doc.all("label")[0]); got != english[want[1]] {
			t.Errorf("%q: expected the label %q, got %q", login, english[want[1]], got)
		}
	}
}

// Whoever cannot see the page hears of the problem first, and gets to its input.
func TestProblemsAreHeardSeenAndReached(t *testing.T) {
	pages, all := newPages(t, theme(t)), states()
	for _, row := range []struct{ state, target, invalid string }{
		{"sign_in_again", "f-username", "username password"},
		{"sign_in_mirrored", "f-username", "username password"},
		{"sms_mfa_wrong", "f-code", "code"},
		{"select_none", "f-choice-1", ""},
		{"new_password_missing", "f-attribute-email", "attribute.email attribute.phone_number attribute.birthdate attribute.website"},
		{"new_password_history", "f-new_password", "new_password"},
		{"sign_up_policy", "f-password", "password"},
		{"identify_bad", "f-username", "username"},
		{"custom_rejected", "", ""},
		{"sign_in_unavailable", "", ""},
		{"web_authn_not_accepted", "", ""},
	} {
		doc := parse(t, render(t, pages, all[row.state]))
		checkSummary(t, row.state, doc, row.target)
		var invalid []string
		for _, input := range doc.inputs() {
			if has(input, "aria-invalid") {
				invalid = append(invalid, attr(input, "name"))
				if !strings.Contains(attr(input, "aria-describedby"), row.target+"-error") {
					t.Errorf("%s: expected %s to be described by the error", row.state, attr(input, "name"))
				}
			}
		}
		if got := strings.Join(invalid, " "); got != row.invalid {
			t.Errorf("%s: expected %q to be marked, got %q", row.state, row.invalid, got)
		}
	}
}

func checkSummary(t *testing.T, state string, doc document, target string) {
	t.Helper()
	summary := doc.byID("problem")
	if summary == nil || attr(summary, "role") != "alert" || attr(summary, "tabindex") != "-1" || !has(summary, "autofocus") {
		t.Fatalf("%s: expected a summary that takes the focus", state)
	}
	for _, node := range doc.all() {
		if has(node, "autofocus") && node != summary {
			t.Errorf("%s: expected nothing else to take the focus, got %s", state, node.Data)
		}
	}
	if got := text(doc.all("title")[0]); !strings.Contains(got, "Error: ") && attr(doc.all("html")[0], "lang") == "en" {
		t.Errorf("%s: expected the title to speak of an error, got %q", state, got)
	}
	link := ""
	for node := range summary.Descendants() {
		if node.Data == "a" {
			link = attr(node, "href")
		}
	}
	if want := map[bool]string{true: "#" + target}[target != ""]; link != want {
		t.Errorf("%s: expected the link %q, got %q", state, want, link)
	}
	if target != "" && doc.byID(target) == nil {
		t.Errorf("%s: expected an input with the ID %s", state, target)
	}
}

// Nobody has to type a user name twice, or wonder whose sign-in it is.
func TestTheUserNameIsCarriedAlong(t *testing.T) {
	pages, all := newPages(t, theme(t)), states()
	for _, state := range []string{"sms_mfa", "new_password_required", "mfa_setup_app", "web_authn", "reset_password", "custom_question"} {
		input := parse(t, render(t, pages, all[state])).named("username")
		if input == nil || attr(input, "value") != "jo@example.com" || !has(input, "readonly") {
			t.Errorf("%s: expected the user name to be shown", state)
		}
	}
	if input := parse(t, render(t, pages, all["sign_in_again"])).named("username"); has(input, "readonly") || attr(input, "value") != "jo@example.com" {
		t.Error("expected the user name to stay and to be changed")
	}
}

func TestSecretsAreNeverShownAgain(t *testing.T) {
	pages, all := newPages(t, theme(t)), states()
	for _, name := range stateNames() {
		for _, input := range parse(t, render(t, pages, all[name])).inputs() {
			if kind := attr(input, "type"); (kind == "password" || attr(input, "name") == "code" || attr(input, "name") == "answer") && has(input, "value") {
				t.Errorf("%s: expected %s to be empty", name, attr(input, "name"))
			}
		}
	}
}

// A choice that nobody can tell from another is offered once, and none that this
// page knows no name of.
func TestChoicesAreTellable(t *testing.T) {
	v := states()["select_challenge"]
	v.Challenge.Choices = append(v.Challenge.Choices, "RETINA_SCAN")
	var values, labels []string
	doc := parse(t, render(t, newPages(t, page.Options{}), v))
	for _, input := range doc.inputs() {
		if attr(input, "type") == "radio" {
			values = append(values, attr(input, "value"))
			labels = append(labels, attr(input, "id"))
		}
	}
	if want := []string{"PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"}; !slices.Equal(values, want) {
		t.Errorf("expected %v, got %v", want, values)
	}
	if len(slices.Compact(labels)) != 4 {
		t.Errorf("expected an ID for each, got %v", labels)
	}
}
