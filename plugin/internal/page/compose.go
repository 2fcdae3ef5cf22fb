package page

import (
	"cmp"
	"fmt"
	"net/url"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// composer makes the Page of a View.
type composer struct {
	pages *Pages
	view  View
	text  catalog
	page  *Page
}

// composers fill a page, by kind.
var composers map[Kind]func(*composer)

func init() { // not in the declaration, since they lead back to the table
	composers = map[Kind]func(*composer){
		SignIn: (*composer).signIn, Identify: (*composer).identify, Challenge: (*composer).challenge,
		ForgotPassword: (*composer).forgotPassword,
		ResetPassword:  (*composer).resetPassword, SignUp: (*composer).signUp, ConfirmSignUp: (*composer).confirmSignUp,
		RememberDevice: (*composer).rememberDevice, SignOut: (*composer).signOut, SignedIn: (*composer).signedIn, SignedOut: (*composer).signedOut,
		ExpiredStep: (*composer).expired, CookieBlocked: (*composer).cookieBlocked, CookieTooBig: (*composer).cookieTooBig,
		Loop: (*composer).loop, Unavailable: (*composer).unavailable, WrongLink: (*composer).wrongLink,
		Denied: (*composer).denied, UnknownChallenge: (*composer).unknownChallenge, Misconfigured: (*composer).misconfigured,
	}
}

// compose makes the page of a view.
func (p *Pages) compose(v View) (*Page, error) {
	fill, ok := composers[v.Kind]
	if !ok {
		return nil, fmt.Errorf("page of the kind %q: there is none", v.Kind)
	}
	language := p.Language(v.Language, v.AcceptLanguage)
	c := &composer{pages: p, view: v, text: p.texts[language]}
	c.page = &Page{
		Kind: string(v.Kind), Lang: language, Dir: c.text["language.dir"], Site: cmp.Or(p.opts.Title, v.Host), Logo: p.opts.Logo.src(),
		Style: p.style.element, text: c.text,
	}
	fill(c)
	c.finish()
	return c.page, nil
}

// finish adds what all pages have.
func (c *composer) finish() {
	c.page.Title = c.page.Heading
	if c.page.Site != "" {
		c.page.Title = c.say("title.site", "heading", c.page.Heading, "site", c.page.Site)
	}
	c.summarize()
	if c.page.Problem != nil {
		c.reference()
		c.noAutofocus()
	}
	c.languages()
}

// noAutofocus leaves the focus to the summary.
func (c *composer) noAutofocus() {
	if c.page.Form == nil {
		return
	}
	for _, input := range c.page.Form.Inputs {
		input.Autofocus = false
	}
}

func (c *composer) say(key string, pairs ...string) string { return c.text.say(key, pairs...) }

func (c *composer) heading(key string) { c.page.Heading = c.text[key] }

func (c *composer) note(key string, pairs ...string) {
	c.page.Notes = append(c.page.Notes, c.say(key, pairs...))
}

// time tells how long there is, so that nobody is surprised.
func (c *composer) time() {
	switch {
	case c.view.Minutes == 1:
		c.note("note.time.one")
	case c.view.Minutes > 1:
		c.note("note.time", "minutes", fmt.Sprint(c.view.Minutes))
	}
}

func (c *composer) reference() { c.page.Reference = c.view.RequestID }

// link adds a link, unless it leads nowhere.
func (c *composer) link(path, key string) {
	if path != "" {
		c.page.Links = append(c.page.Links, Link{URL: path, Label: c.text[key]})
	}
}

// next is the link to follow from a page without a form.
func (c *composer) next(path, key string) {
	if path != "" {
		c.page.Next = &Link{URL: path, Label: c.text[key]}
	}
}

// form makes the main form. The button comes last.
func (c *composer) form(button string, inputs ...*Input) {
	c.page.Form = &Form{
		ID: "main-form", Action: c.view.Paths.Submit, Hidden: c.view.Hidden, Inputs: inputs,
		Buttons: []Button{{Label: c.text[button]}},
	}
}

// resend makes the form that has another code sent.
func (c *composer) resend() {
	if c.view.Paths.Resend != "" {
		c.page.Resend = &Form{
			ID: "resend-form", Action: c.view.Paths.Resend, Hidden: c.view.Hidden,
			Buttons: []Button{{Label: c.text["action.resend"], Secondary: true}},
		}
	}
}

func (c *composer) providers() {
	for _, provider := range c.view.Providers {
		label := c.say("link.provider", "provider", provider.Name)
		c.page.Providers = append(c.page.Providers, Link{URL: provider.URL, Label: label})
	}
}

// languages are links, so that a choice needs no script.
func (c *composer) languages() {
	here, err := url.Parse(c.view.Paths.Language)
	if err != nil || c.view.Paths.Language == "" || len(c.pages.languages) < 2 {
		return
	}
	for _, language := range c.pages.languages {
		query := here.Query()
		query.Set("lang", language)
		here.RawQuery = query.Encode()
		c.page.Languages = append(c.page.Languages, Link{
			URL: here.String(), Label: c.pages.texts[language]["language.name"], Lang: language, Current: language == c.page.Lang,
		})
	}
}

// who is the user name, which the user has typed already: to see, and for
// password managers, which want to know whose password they save.
func (c *composer) who() *Input {
	return &Input{
		ID: "f-username", Name: string(signin.FieldUsername), Type: "readonly", Label: c.text["field.identity"],
		Value: c.view.Username, Autocomplete: "username",
	}
}

// known is the user name ahead of inputs, as far as it is known.
func (c *composer) known(inputs ...*Input) []*Input {
	if c.view.Username == "" {
		return inputs
	}
	return append([]*Input{c.who()}, inputs...)
}
