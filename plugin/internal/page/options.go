package page

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// Login is by what users name themselves.
type Login string

// The kinds of names. The zero value is LoginUsername.
const (
	LoginUsername Login = "username"
	LoginEmail    Login = "email"
	LoginPhone    Login = "phone"
	LoginAny      Login = "any" // user name or e-mail address
)

// Options is the theme. The zero value is a complete one.
type Options struct {
	// Title is the name of the site; it is also shown in authenticator apps. Plain
	// text. Default: [View.Host].
	Title string
	// Logo stands above the card. Default: the title as text.
	Logo Logo
	// Accent colours buttons and links.
	Accent Accent
	// Languages are those to offer, the first being the default. Default: all that
	// there are, English first.
	Languages []string
	// Overrides has templates, texts and styles that take the place of ours; see
	// the names in [Pages.Templates]. A file text/<language>.json changes single
	// texts or adds a language, whose missing texts are English. A style.css is
	// added to ours. Colours set there are not checked.
	Overrides fs.FS
	// Login is by what users name themselves.
	Login Login
	// Password is what the user pool demands of new passwords.
	Password PasswordRules
	// Attributes gives attributes another input than text: email, tel, date, url or
	// number. The standard attributes have theirs.
	Attributes map[string]string
	// Custom is about CUSTOM_CHALLENGE.
	Custom Custom
	// FormOrigins are the origins to which the answer to a form may redirect besides
	// our own: the hosted domain, and other origins to which users return. Browsers
	// judge redirects, too, by the policy of the page with the form.
	FormOrigins []string
	// InsecureHTTP allows http for FormOrigins other than this machine: for test
	// networks only.
	InsecureHTTP bool
}

// PasswordRules are shown beside a new password and told to password managers.
// The zero value shows none.
type PasswordRules struct {
	MinLength                   int
	Lower, Upper, Digit, Symbol bool
}

// Custom is how pages for CUSTOM_CHALLENGE come about. A Lambda trigger says what
// to ask by the public parameters of the challenge.
type Custom struct {
	// Template is the parameter that names the template: with the value "captcha"
	// it is custom/captcha.html of the overrides. Default: "template".
	Template string
	// Question lists the parameters whose text is the question, the first that is
	// there. Default: question, securityQuestion.
	Question []string
	// Image lists the parameters with an image: a data URL, a path of our own
	// origin, or a URL on an origin in ImageOrigins. Default: captchaUrl, image.
	Image []string
	// ImageOrigins are the other origins from which such images may come.
	ImageOrigins []string
	// Sources are what the templates may load, by the name of the template.
	Sources map[string]Sources
}

// Sources are entries of the Content-Security-Policy: https origins, or 'self'.
type Sources struct {
	Script, Frame, Style, Image, Connect []string
}

// inputTypes are those that Options.Attributes can name.
var inputTypes = []string{"text", "email", "tel", "date", "url", "number"}

// withDefaults fills in what was left empty.
func (o Options) withDefaults() Options {
	if o.Login == "" {
		o.Login = LoginUsername
	}
	o.Accent = o.Accent.withDefaults()
	if o.Custom.Template == "" {
		o.Custom.Template = "template"
	}
	if o.Custom.Question == nil {
		o.Custom.Question = []string{"question", "securityQuestion"}
	}
	if o.Custom.Image == nil {
		o.Custom.Image = []string{"captchaUrl", "image"}
	}
	return o
}

// check finds every fault that does not need the templates.
func (o Options) check() error {
	var faults []error
	if !slices.Contains([]Login{LoginUsername, LoginEmail, LoginPhone, LoginAny}, o.Login) {
		faults = append(faults, fmt.Errorf("login %q: expected username, email, phone or any", o.Login))
	}
	if o.Password.MinLength < 0 {
		faults = append(faults, fmt.Errorf("minimum length %d of passwords: expected none or a positive number", o.Password.MinLength))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Attributes)) {
		if !slices.Contains(inputTypes, o.Attributes[name]) {
			faults = append(faults, fmt.Errorf("attribute %q: unknown input %q: expected one of %v", name, o.Attributes[name], inputTypes))
		}
	}
	return errors.Join(append(faults, o.Logo.check(), o.Accent.check(), o.checkOrigins())...)
}

func (o Options) checkOrigins() error {
	faults := []error{o.checkFormOrigins(), origins("image origin", o.Custom.ImageOrigins, false)}
	for _, name := range slices.Sorted(maps.Keys(o.Custom.Sources)) {
		what := fmt.Sprintf("source of template %q", name)
		for _, list := range o.Custom.Sources[name].lists() {
			faults = append(faults, origins(what, list, true))
		}
	}
	return errors.Join(faults...)
}

func (s Sources) lists() [][]string {
	return [][]string{s.Script, s.Frame, s.Style, s.Image, s.Connect}
}
