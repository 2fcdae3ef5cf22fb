package page_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

func files(pairs ...string) fstest.MapFS {
	all := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return all
}

// Whoever writes a template learns what is wrong when the configuration is
// loaded: where, what, and what to do.
func TestRefusedTemplates(t *testing.T) {
	for _, row := range []struct {
		name, file, content string
		line                int
		problem, fix        string
	}{
		{"a page that there is not", "signin.html", "x", 0, "there is no page of that name", "sign_in.html"},
		{"an action without an end", "sign_in.html", "<h1>\n{{.Heading</h1>", 2, "", ""},
		{"a condition without an end", "sign_in.html", "<h1>\n{{if .Heading}}</h1>", 2, "unexpected EOF", "{{end}}"},
		{"a function that there is not", "layout.html", "a\nb\n{{upper .Site}}", 3, `function "upper" not defined`, "page.Page"},
		{"a field that there is not", "sign_in.html", "<h1>{{.Heading}}</h1>\n\n{{.Password}}", 3, "can't evaluate field Password", "page.Page"},
		{"a field that there is not, in a part of all pages", "input.html", "{{.Label}}\n{{.Colour}}", 2, "can't evaluate field Colour", "page.Page"},
		{"a field that there is not, in a custom challenge", "custom/captcha.html", "\n\n{{.Sitekey}}", 3, "can't evaluate field Sitekey", "page.Page"},
		{"a field that there is not, in a challenge", "sms_mfa.html", "{{.Destination}}", 1, "can't evaluate field Destination", "page.Page"},
		{"a field that there is not, behind a condition", "main.html", "{{if .Problem}}{{.Problem.Reason}}{{end}}", 1, "can't evaluate field Reason", "page.Page"},
		{"a text that there is not", "sign_in.html", `{{.T "sign_in.title"}}`, 1, `unknown text "sign_in.title"`, "text/en.json"},
		{"a template that there is not", "sign_in.html", "<h1>x</h1>\n{{template \"main\" .}}", 2, "", "layout.html"},
		{"a tag that does not end", "sign_in.html", "<h1>x</h1>\n<a href=\"x", 0, "", ""},
		{"an action in a script", "custom/captcha.html", "a\n<script>x = {{.Site}}</script>", 2, "an inline script is blocked", "src"},
		{"a handler", "sign_in.html", "a\n<button\n onclick=\"go()\">", 2, "the handler onclick is blocked", "remove it"},
		{"a handler behind an action", "sign_in.html", "a\n{{with .Site}}\n<b>{{.}}</b>{{end}}\n<img src=x ONERROR=go()>", 4, "the handler onerror is blocked", "remove it"},
		{"a style attribute", "layout.html", `<p style="color: red">`, 1, "a style attribute is blocked", "style.css"},
		{"a style element", "layout.html", "\n\n<style>p { color: red }</style>", 3, "a style element is blocked", "style.css"},
		{"an inline script", "layout.html", "<script>go()</script>", 1, "an inline script is blocked", "src"},
		{"a script as a link", "layout.html", `<a href=" JavaScript:go()">`, 1, "a javascript: URL is blocked", "remove it"},
		{"a base element", "layout.html", `<base href="/x/">`, 1, "a base element is blocked", "whole paths"},
		{"an end of the stylesheet", "style.css", "p { }\n</style>", 2, "</ is not possible", "remove it"},
		{"a comment of HTML", "style.css", "<!-- p { } -->", 1, "<!-- is not possible", "/*"},
		{"another stylesheet", "style.css", "\n@IMPORT 'x.css';", 2, "@import is not possible", "copy the rules"},
		{"a stylesheet of another name", "styles.css", "p { }", 0, "no page has this stylesheet", "name it style.css"},
		{"texts in the wrong place", "pt-BR.json", "{}", 0, "texts are not read from here", "text/pt-BR.json"},
		{"an image in the stylesheet", "style.css", "p { background: URL(x.png) }", 1, "url( is not possible", "remove it"},
		{"texts that are no JSON", "text/de.json", "{\n\"or\": \"o\",\n}", 3, "invalid character", "JSON object"},
		{"texts that are no texts", "text/de.json", "{\n\"or\": 7}", 2, "cannot unmarshal number", "JSON object"},
		{"texts that end early", "text/de.json", "{\n\"or\":", 2, "unexpected end", "JSON object"},
		{"a text that nobody shows", "text/de.json", `{"sign_in.title": "x"}`, 0, `unknown text "sign_in.title"`, "text/en.json"},
		{"a text without its placeholder", "text/de.json", `{"link.provider": "Weiter"}`, 0, `text "link.provider" has the placeholders []`, "[provider]"},
		{"a text with another placeholder", "text/de.json", `{"or": "{and}"}`, 0, `text "or" has the placeholders [and]`, "use each of []"},
		{"a direction that there is not", "text/ar.json", `{"language.dir": "right"}`, 0, `language.dir is "right"`, "ltr or rtl"},
		{"texts of no language", "text/klingon!.json", `{}`, 0, "its name is no language", "text/ar.json"},
	} {
		_, err := page.New(page.Options{Overrides: files(row.file, row.content)})
		fault, ok := errors.AsType[*page.TemplateError](err)
		if !ok {
			t.Errorf("%s: expected a fault of a template, got %v", row.name, err)
			continue
		}
		if fault.Template != row.file || row.line > 0 && fault.Line != row.line {
			t.Errorf("%s: expected %s:%d to be blamed, got %s:%d", row.name, row.file, row.line, fault.Template, fault.Line)
		}
		if !strings.Contains(fault.Problem, row.problem) || !strings.Contains(fault.Fix, row.fix) || fault.Fix == "" {
			t.Errorf("%s: expected %q and %q, got %q", row.name, row.problem, row.fix, fault)
		}
		if !strings.Contains(err.Error(), row.file) {
			t.Errorf("%s: expected the message to name %s, got %v", row.name, row.file, err)
		}
	}
}

func TestAllFaultsAreReportedAtOnce(t *testing.T) {
	_, err := page.New(page.Options{Languages: []string{"tlh"}, Overrides: files("sign_in.html", "{{if}}", "style.css", "</")})
	for _, want := range []string{"tlh", "sign_in.html", "style.css"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected a word about %s, got %v", want, err)
		}
	}
}

func TestATemplateTakesThePlaceOfOurs(t *testing.T) {
	pages := newPages(t, page.Options{Title: "Orders", Overrides: files(
		"sign_in.html", `<h1>{{.T "sign_in.heading"}} to {{.Site}}</h1>{{template "form.html" .Form}}`,
		"sms_mfa.html", `<h1>Text message</h1>{{template "problem.html" .}}{{template "form.html" .Form}}`,
		"challenge.html", `<h1>Some challenge</h1>`,
		"custom/pets.html", `<h1>Pets</h1><p>{{.Parameters.hint}}</p>`,
	)})
	custom := func(parameters map[string]string) page.View {
		return challenge(signin.CustomChallenge, signin.Challenge{Parameters: parameters})
	}
	for _, row := range []struct {
		name string
		view page.View
		want string
	}{
		{"a page", view(page.SignIn), "<h1>Sign in to Orders</h1>"},
		{"a challenge by its name", states()["sms_mfa"], "<h1>Text message</h1>"},
		{"any other challenge", states()["email_otp"], "<h1>Some challenge</h1>"},
		{"a custom challenge by its parameter", custom(map[string]string{"template": "pets", "hint": "a < b"}), "<h1>Pets</h1><p>a &lt; b</p>"},
		{"a custom challenge without the parameter", custom(nil), "<h1>Some challenge</h1>"},
		{"a custom challenge with an unknown template", custom(map[string]string{"template": "cats"}), "<h1>Some challenge</h1>"},
		{"a custom challenge with a path", custom(map[string]string{"template": "../sign_in"}), "<h1>Some challenge</h1>"},
		{"a page that is not overridden", view(page.SignedOut), "<h1>You are signed out</h1>"},
	} {
		if html := render(t, pages, row.view); !strings.Contains(html, row.want) || !strings.Contains(html, "<style>") {
			t.Errorf("%s: expected %s", row.name, row.want)
		}
	}
}

func TestATextTakesThePlaceOfOurs(t *testing.T) {
	pages := newPages(t, page.Options{Overrides: files(
		"text/en.json", `{"sign_in.heading": "Welcome", "attribute.custom:badge": "Number of your badge"}`,
		"text/nl.json", `{"language.name": "Nederlands", "sign_in.heading": "Inloggen"}`,
	)})
	v := view(page.SignIn)
	if html := render(t, pages, v); !strings.Contains(html, "<h1>Welcome</h1>") || !strings.Contains(html, ">Nederlands</a>") {
		t.Error("expected the changed heading, and the choice of the added language")
	}
	v.Language = "nl"
	if html := render(t, pages, v); !strings.Contains(html, "<h1>Inloggen</h1>") || !strings.Contains(html, "Username") || !strings.Contains(html, `lang="nl" dir="ltr"`) {
		t.Error("expected Dutch, where there is some, and English otherwise")
	}
	if html := render(t, pages, states()["new_password_required"]); !strings.Contains(html, "Number of your badge") {
		t.Error("expected the label of the attribute")
	}
}

func TestAStylesheetIsAdded(t *testing.T) {
	pages := newPages(t, page.Options{Overrides: files("style.css", "main { border-radius: 0 } /* ours */")})
	v := view(page.SignIn)
	doc := parse(t, render(t, pages, v))
	style := raw(doc.all("style")[0])
	if !strings.HasSuffix(style, "/* ours */") || !strings.Contains(style, ":focus-visible") {
		t.Error("expected the rules of the theme after ours")
	}
	expectSource(t, directives(pages.Policy(v))["style-src"], hash(style))
}

func TestRefusedOptions(t *testing.T) {
	for _, row := range []struct {
		name string
		opts page.Options
		want string
	}{
		{"a login that there is not", page.Options{Login: "badge"}, `login "badge": expected username, email, phone or any`},
		{"a language that there is not", page.Options{Languages: []string{"en", "tlh"}}, `language "tlh": expected each of de, en, es, fr, ja at most once; another needs a text/tlh.json`},
		{"a language twice", page.Options{Languages: []string{"en", "en"}}, `language "en"`},
		{"an input that there is not", page.Options{Attributes: map[string]string{"custom:x": "password"}}, `attribute "custom:x": unknown input "password"`},
		{"a password of a negative length", page.Options{Password: page.PasswordRules{MinLength: -1}}, "minimum length -1"},
		{"a logo twice", page.Options{Logo: page.Logo{URL: "/l.png", Data: []byte("GIF89a")}}, "expected a URL or data, not both"},
		{"a logo that is no image", page.Options{Logo: page.Logo{Data: []byte("<html>")}}, "expected a PNG, JPEG, GIF, WebP or SVG file"},
		{"a logo that is empty", page.Options{Logo: page.Logo{Data: []byte{}}}, "expected a PNG"},
		{"a logo that is too big", page.Options{Logo: page.Logo{Data: bytes.Repeat([]byte("GIF8"), 20000)}}, "80000 bytes are too many to embed"},
		{"a logo without encryption", page.Options{Logo: page.Logo{URL: "http://example.com/l.png"}}, "expected a path such as /logo.svg or an https URL"},
		{"a logo that is a script", page.Options{Logo: page.Logo{URL: "javascript:go()"}}, "expected a path"},
		{"a logo of another host by a path", page.Options{Logo: page.Logo{URL: "//example.com/l.png"}}, "expected a path"},
		{"a form that may go anywhere", page.Options{FormOrigins: []string{"*"}}, `form origin "*": expected an origin such as https://auth.example.com`},
		{"a form origin with a path", page.Options{FormOrigins: []string{"https://a.example/x"}}, "form origin"},
		{"a form origin that adds a directive", page.Options{FormOrigins: []string{"https://a.example; script-src *"}}, "form origin"},
		{"a form origin without encryption", page.Options{FormOrigins: []string{"http://a.example"}}, "form origin"},
		{"a form origin that only ends like this machine", page.Options{FormOrigins: []string{"http://evillocalhost"}}, "form origin"},
		{"a form origin of another address", page.Options{FormOrigins: []string{"http://[2001:db8::1]:9229"}}, "form origin"},
		{"a form origin of this machine that adds a directive", page.Options{FormOrigins: []string{"http://a;b.localhost"}}, "form origin"},
		{"a form origin of all of a kind", page.Options{FormOrigins: []string{"https://*"}}, "form origin"},
		{"an image origin that is a scheme", page.Options{Custom: page.Custom{ImageOrigins: []string{"data:"}}}, "image origin"},
		{"a source that allows everything inline", page.Options{Custom: page.Custom{Sources: map[string]page.Sources{"x": {Script: []string{"'unsafe-inline'"}}}}}, `source of template "x" "'unsafe-inline'"`},
		{"a source that allows eval", page.Options{Custom: page.Custom{Sources: map[string]page.Sources{"x": {Script: []string{"'unsafe-eval'"}}}}}, "source of template"},
		{"a source without a template", page.Options{Custom: page.Custom{Sources: map[string]page.Sources{"x": {Frame: []string{"https://a.example"}}}}}, `sources of template "x": there is no custom/x.html`},
	} {
		if _, err := page.New(row.opts); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: expected %q, got %v", row.name, row.want, err)
		}
	}
}

func TestAcceptedOptions(t *testing.T) {
	for name, opts := range map[string]page.Options{
		"none":                    {},
		"origins of a test":       {FormOrigins: []string{"http://localhost:8080", "http://app.localhost", "http://cognito:9000"}, InsecureHTTP: true},
		"an origin":               {FormOrigins: []string{"https://auth.example.com", "https://auth.example.com:8443", "https://*.example.com"}},
		"a logo that is":          {Logo: page.Logo{Data: []byte("\x89PNG\r\n\x1a\n…")}},
		"one language":            {Languages: []string{"ja"}},
		"our own script":          {Custom: page.Custom{Sources: map[string]page.Sources{"x": {Script: []string{"'self'"}}}}, Overrides: files("custom/x.html", "<script src='/x.js'></script>")},
		"no overrides left":       {Overrides: files()},
		"files of others":         {Overrides: files("README.md", "x", "package.json", "{}", "assets/site.css", "url(x)", "style.css", "")},
		"origins of this machine": {FormOrigins: []string{"http://auth.localhost:9229", "http://127.0.0.2:9229", "http://[::1]:9229"}},
	} {
		if _, err := page.New(opts); err != nil {
			t.Errorf("%s: expected to be accepted, got %v", name, err)
		}
	}
}

func TestOneLanguageIsNoChoice(t *testing.T) {
	if html := render(t, newPages(t, page.Options{Languages: []string{"ja"}}), view(page.SignIn)); strings.Contains(html, "<nav") || !strings.Contains(html, `lang="ja"`) {
		t.Error("expected Japanese, and nothing to choose")
	}
}

func TestNothingIsWrittenOfAPageThatFails(t *testing.T) {
	var b bytes.Buffer
	if err := newPages(t, page.Options{}).Render(&b, page.View{Kind: "brew_coffee"}); err == nil || b.Len() > 0 {
		t.Errorf("expected an error and nothing written, got %v and %d bytes", err, b.Len())
	}
}

func TestAFullPipeIsReported(t *testing.T) {
	full := errors.New("full")
	if err := newPages(t, page.Options{}).Render(failing{full}, view(page.SignIn)); !errors.Is(err, full) {
		t.Errorf("expected the error of the writer, got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
