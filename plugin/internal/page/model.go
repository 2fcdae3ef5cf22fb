package page

import (
	"fmt"
	"html/template"
)

// Page is what templates get. Everything that is a string may hold anything;
// html/template escapes it.
type Page struct {
	// Kind is that of the View, or the name of the challenge.
	Kind string
	// Lang and Dir are the language and its direction, ltr or rtl.
	Lang, Dir string
	// Site is the title of the site, Logo its logo; either can be empty.
	Site string
	Logo template.URL
	// Title is that of the document, Heading that of the page.
	Title, Heading string
	// Problem is nil on a page without one.
	Problem *Summary
	// Notes are paragraphs ahead of the form.
	Notes []string
	// Setup, Image and Passkey are nil on pages without them.
	Setup   *Setup
	Image   *Image
	Passkey *Passkey
	// Form is the main form, nil on pages that only say something.
	Form *Form
	// Resend is a form of a single button, nil without it.
	Resend *Form
	// Next is the link to follow on a page without a form, nil without it.
	Next *Link
	// Providers are links that look like buttons, Links are those below the form.
	Providers, Links []Link
	// Cause is a sentence about a loop.
	Cause string
	// Reference is the request ID, where it may be of use.
	Reference string
	// Languages are the choices, none when there is none to make.
	Languages []Link
	// Parameters are the public parameters of a CUSTOM_CHALLENGE.
	Parameters map[string]string
	// Style and Script are elements whose hash is in the policy: change nothing.
	Style, Script template.HTML

	text catalog
}

// T is the text of a key of text/en.json, with pairs of placeholders and values.
func (p *Page) T(key string, pairs ...string) (string, error) {
	if _, ok := p.text[key]; !ok {
		return "", fmt.Errorf("unknown text %q", key)
	}
	return p.text.say(key, pairs...), nil
}

// Summary is a problem on top of a page.
type Summary struct {
	// Message says what is wrong, in the language of the page.
	Message string
	// Target is the ID of the input to mend, if there is one.
	Target string
	// Says is a sentence of the user pool, in any language.
	Says string
}

// Form is a form that posts to Action.
type Form struct {
	ID, Action string
	Hidden     []Hidden
	Inputs     []*Input
	Buttons    []Button
}

// Button submits a form; Name and Value can be empty.
type Button struct {
	Name, Value, Label string
	// Secondary is not the one to press by habit.
	Secondary bool
}

// Input is a labelled input. Type is that of HTML, radio for a group of Options,
// or readonly for a text that only password managers are to read.
type Input struct {
	ID, Name, Type, Label string
	Value                 string
	Autocomplete, Mode    string
	// Hint and Rules explain; HintID is their element.
	Hint   string
	Rules  []string
	HintID string
	// PasswordRules is for password managers.
	PasswordRules string
	Required      bool
	Autofocus     bool
	// Invalid inputs point to the message by ErrorID; the first has it in Error.
	Invalid        bool
	ErrorID, Error string
	Options        []Option

	attribute bool
}

// DescribedBy are the IDs of the texts about an input.
func (i *Input) DescribedBy() string {
	switch {
	case i.Invalid && i.HintID != "":
		return i.ErrorID + " " + i.HintID
	case i.Invalid:
		return i.ErrorID
	}
	return i.HintID
}

// Option is one of several.
type Option struct {
	ID, Value, Label string
}

// Link is a link. Lang and Current are for the choice of a language.
type Link struct {
	URL, Label string
	Lang       string
	Current    bool
}

// Setup is what an authenticator app needs.
type Setup struct {
	// Size and Path draw the QR code: an SVG path within a square of that size.
	Size int
	Path string
	// Key is the secret in groups of four.
	Key string
	// URI opens an app on the same device.
	URI template.URL
}

// Image is an image of a CUSTOM_CHALLENGE; its URL was checked.
type Image struct{ URL template.URL }

// Passkey is what the script needs.
type Passkey struct {
	// Options are JSON.
	Options string
	// Unsupported and Failed are what it says.
	Unsupported, Failed string
}
