package page_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

func readText(t testing.TB, language string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("text", language+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	return texts
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// mirrored is a language for tests, written from right to left: each word is as
// long as the English one, in Arabic letters.
func mirrored(t testing.TB) []byte {
	t.Helper()
	texts := readText(t, "en")
	for key, text := range texts {
		kept := placeholder.FindAllString(text, -1)
		parts := placeholder.Split(text, -1)
		for i, part := range parts {
			parts[i] = strings.Map(arabic, part)
		}
		for i := len(kept) - 1; i >= 0; i-- {
			parts[i] += kept[i]
		}
		texts[key] = strings.Join(parts, "")
	}
	texts["language.dir"], texts["language.name"] = "rtl", "العربية"
	data, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func arabic(r rune) rune {
	if r <= unicode.MaxASCII && unicode.IsLetter(r) {
		return []rune("ابتثجحخدذرزسشصضطظعغفقكلمنهوي")[unicode.ToLower(r)-'a']
	}
	return r
}

var languages = []string{"de", "en", "es", "fr", "ja"}

func TestEveryLanguageHasEveryText(t *testing.T) {
	english := readText(t, "en")
	for _, language := range languages {
		texts := readText(t, language)
		for key, original := range english {
			switch text, ok := texts[key]; {
			case !ok:
				t.Errorf("%s: expected the text %s", language, key)
			case strings.TrimSpace(text) != text || text == "":
				t.Errorf("%s: expected %s to be neither empty nor padded, got %q", language, key, text)
			case !slices.Equal(found(text), found(original)):
				t.Errorf("%s: expected %s to have the placeholders %v, got %v", language, key, found(original), found(text))
			}
		}
		for key := range texts {
			if _, ok := english[key]; !ok {
				t.Errorf("%s: expected no text %s, which English has not", language, key)
			}
		}
	}
}

func found(text string) []string {
	return slices.Sorted(slices.Values(placeholder.FindAllString(text, -1)))
}

func TestNothingIsLeftInEnglish(t *testing.T) {
	same := regexp.MustCompile(`^(language\.dir|title\.site|field\.code|choice\.WEB_AUTHN|attribute\.website|remember\.no|title\.problem)$`)
	english := readText(t, "en")
	for _, language := range languages {
		for key, text := range readText(t, language) {
			if language != "en" && text == english[key] && !same.MatchString(key) {
				t.Errorf("%s: expected a translation of %s, got %q", language, key, text)
			}
		}
	}
}

// A key that nothing mentions is a text that nobody sees.
func TestEveryTextIsUsed(t *testing.T) {
	var source strings.Builder
	for _, pattern := range []string{"*.go", "templates/*.html"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if data, err := os.ReadFile(file); err == nil && !strings.HasSuffix(file, "_test.go") {
				source.Write(data)
			}
		}
	}
	// These are put together: of a name, a reason, or what was chosen.
	composed := regexp.MustCompile(`^(attribute|choice|done|problem|loop|rules)\.`)
	for key := range readText(t, "en") {
		quoted := strings.Contains(source.String(), `"`+key+`"`) || strings.Contains(source.String(), `"`+strings.TrimSuffix(key, ".to")+`"`)
		if !quoted && !composed.MatchString(key) {
			t.Errorf("expected a use of the text %s", key)
		}
	}
}

// Every reason for which package signin stops has words of its own or shares
// those of another on purpose.
func TestEveryReasonHasItsWords(t *testing.T) {
	pages := newPages(t, page.Options{})
	other := readText(t, "en")["problem.other"]
	for _, err := range []error{
		signin.ErrCredentials, signin.ErrCode, signin.ErrCodeExpired, signin.ErrSession, signin.ErrUnconfirmed, signin.ErrPasswordReset,
		signin.ErrTemporaryPassword, signin.ErrPassword, signin.ErrAttempts, signin.ErrRejected, signin.ErrBlocked, signin.ErrExists,
		signin.ErrDevice, signin.ErrRefreshToken, signin.ErrRefreshTokenReused, signin.ErrInput, signin.ErrUnsupported,
		signin.ErrMisconfigured, signin.ErrAnswer,
	} {
		v := view(page.SignIn)
		v.Problem = page.ProblemOf(&signin.Error{Reason: err, Detail: "none"})
		if html := render(t, pages, v); strings.Contains(html, other) || !strings.Contains(html, `id="problem"`) {
			t.Errorf("%v: expected a problem with words of its own", err)
		}
	}
}

func TestProblemsInWords(t *testing.T) {
	english := readText(t, "en")
	for _, row := range []struct {
		name    string
		view    page.View
		problem page.Problem
		key     string
	}{
		{"wrong credentials at the password", view(page.SignIn), page.Problem{Reason: "bad_credentials"}, "problem.bad_credentials"},
		{"wrong credentials where no password was asked for", view(page.Identify), page.Problem{Reason: "bad_credentials"}, "problem.bad_credentials.other"},
		{"throttling, which a user cannot tell from an outage", view(page.SignIn), page.Problem{Reason: "throttled"}, "problem.unavailable"},
		{"an answer that cannot be read", view(page.SignIn), page.Problem{Reason: "answer"}, "problem.unavailable"},
		{"a password that was used before", view(page.ResetPassword), page.Problem{Reason: "password_policy", Detail: "history"}, "problem.password_policy.history"},
		{"a rule that is not known", view(page.ResetPassword), page.Problem{Reason: "password_policy", Detail: "moon"}, "problem.password_policy"},
		{"an empty code", view(page.ResetPassword), page.Problem{Reason: "input", Detail: "code"}, "problem.input.code"},
		{"a value that the pool did not like", view(page.SignUp), page.Problem{Reason: "input", Detail: "value"}, "problem.input"},
		{"a misconfiguration, whose detail is the operator's business", view(page.SignIn), page.Problem{Reason: "misconfigured", Detail: "secret"}, "problem.misconfigured"},
		{"a reason of another package", view(page.SignIn), page.Problem{Reason: "sunspots"}, "problem.other"},
	} {
		row.view.Problem = row.problem
		doc := parse(t, render(t, newPages(t, page.Options{}), row.view))
		if got := doc.textOf("problem"); !strings.Contains(got, english[row.key]) {
			t.Errorf("%s: expected %q, got %q", row.name, english[row.key], got)
		}
	}
}

func TestNoProblemNoSummary(t *testing.T) {
	v := view(page.SignIn)
	v.Problem = page.ProblemOf(nil)
	if html := render(t, newPages(t, page.Options{}), v); strings.Contains(html, `id="problem"`) {
		t.Error("expected no summary")
	}
}

// What a pool says about an account is never more than what was typed: pages for
// accounts that exist and those that do not come from equal views, so this holds
// the words.
func TestNoTextTellsWhetherAnAccountExists(t *testing.T) {
	telling := regexp.MustCompile(`(?i)does not exist|no such (user|account)|unknown user|not registered|already (exists|registered)|user not found`)
	for key, text := range readText(t, "en") {
		if telling.MatchString(text) {
			t.Errorf("%s: expected no word about the existence of an account, got %q", key, text)
		}
	}
}

func TestLanguagesOnOffer(t *testing.T) {
	if got := newPages(t, page.Options{}).Languages(); !slices.Equal(got, []string{"en", "de", "es", "fr", "ja"}) {
		t.Errorf("expected English first, got %v", got)
	}
	if got := newPages(t, page.Options{Languages: []string{"fr", "en"}}).Languages(); !slices.Equal(got, []string{"fr", "en"}) {
		t.Errorf("expected the chosen ones, got %v", got)
	}
}

func TestTheBestLanguage(t *testing.T) {
	pages := newPages(t, page.Options{Languages: []string{"fr", "en", "de"}})
	for _, row := range []struct{ name, explicit, accept, want string }{
		{"nothing said", "", "", "fr"},
		{"an explicit choice over the header", "de", "en", "de"},
		{"an explicit choice that is not on offer", "ja", "en", "en"},
		{"an explicit choice that is a path", "../de", "", "fr"},
		{"one language", "", "de", "de"},
		{"a region of it", "", "de-CH", "de"},
		{"a script and a region", "", "de-Latn-AT-1996", "de"},
		{"capitals", "", "DE", "de"},
		{"the first of equals", "", "en, de", "en"},
		{"the heavier one", "", "en;q=0.4, de;q=0.5", "de"},
		{"spaces everywhere", "", " en ; q=0.4 ,de ; q=0.5 ", "de"},
		{"one that is refused", "", "de;q=0", "fr"},
		{"whatever will do", "", "ja, *;q=0.1", "fr"},
		{"none of ours", "", "ja, ko;q=0.8", "fr"},
		{"a word that only begins like ours", "", "den", "fr"},
		{"a weight that is no number", "", "de;q=x, en;q=0.1", "en"},
		{"a weight above one", "", "de;q=7, en;q=0.1", "en"},
		{"a weight that is no number to floating point", "", "de;q=NaN, en;q=0.1", "en"},
		{"a negative weight", "", "de;q=-1, en;q=0.1", "en"},
		{"a weight under another name", "", "de;r=1, en;q=0.1", "en"},
		{"nothing but commas", "", ",,,;,;q=", "fr"},
		{"nothing but hyphens", "", "----", "fr"},
		{"a header that is too long, beyond its beginning", "", strings.Repeat("xx,", 20) + "de", "fr"},
		{"a header that is too long, in its beginning", "", "de," + strings.Repeat("xx,", 5000), "de"},
	} {
		if got := pages.Language(row.explicit, row.accept); got != row.want {
			t.Errorf("%s: expected %s, got %s", row.name, row.want, got)
		}
	}
}

func FuzzLanguage(f *testing.F) {
	f.Add("", "de-AT;q=0.5,*;q=0.1")
	pages := newPages(f, page.Options{})
	f.Fuzz(func(t *testing.T, explicit, accept string) {
		if got := pages.Language(explicit, accept); !slices.Contains(languages, got) {
			t.Errorf("expected a language on offer, got %q", got)
		}
	})
}

// Left to right in a text from right to left, a user name must not drag its
// neighbours along.
func TestForeignTextsAreIsolated(t *testing.T) {
	pages := newPages(t, theme(t))
	v := states()["sms_mfa"]
	v.Language = "ar"
	if html := render(t, pages, v); !strings.Contains(html, "\u2068&#43;*******1234\u2069") {
		t.Error("expected the destination to be isolated")
	}
	v.Language, v.Challenge.Destination = "en", "\u05d0"
	if html := render(t, pages, v); !strings.Contains(html, "\u2068\u05d0\u2069") {
		t.Error("expected Hebrew within English to be isolated")
	}
}

// A site without a title goes by its host, also in authenticator apps.
func TestTheHostIsTheTitleWhereThereIsNone(t *testing.T) {
	v := challenge(signin.MFASetup, signin.Challenge{Secret: "JBSWY3DPEHPK3PXP"})
	v.Host = "app.example.com"
	untitled := render(t, newPages(t, page.Options{}), v)
	for _, want := range []string{"app.example.com</title>", `<p class="site" dir="auto">app.example.com</p>`, "issuer=app.example.com"} {
		if !strings.Contains(untitled, want) {
			t.Errorf("expected %q in %s", want, untitled)
		}
	}
	if titled := render(t, newPages(t, page.Options{Title: "Orders"}), v); strings.Contains(titled, "app.example.com") {
		t.Errorf("expected the title alone, got %s", titled)
	}
}
