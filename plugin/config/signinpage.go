package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"
)

// Flows of the user pool API.
const (
	FlowSRP      = "USER_SRP_AUTH"
	FlowPassword = "USER_PASSWORD_AUTH"
	FlowChoice   = "USER_AUTH"
	FlowCustom   = "CUSTOM_AUTH"
)

// Page configures our own sign-in page and the JSON API on the same URLs.
type Page struct {
	// Flow is how a sign-in begins: `USER_SRP_AUTH`, `USER_PASSWORD_AUTH`,
	// `USER_AUTH` or `CUSTOM_AUTH`. The app client must allow it. Default
	// `USER_SRP_AUTH`.
	Flow string `json:"flow,omitempty"`
	// Preferred is the challenge that `USER_AUTH` begins with: `PASSWORD`,
	// `PASSWORD_SRP`, `EMAIL_OTP`, `SMS_OTP` or `WEB_AUTHN`. Default: users choose.
	Preferred string `json:"preferred,omitempty"`
	// Passwordless asks for the user name alone, with `USER_AUTH` and
	// `CUSTOM_AUTH`. Default: `CUSTOM_AUTH` asks for a password, too.
	Passwordless bool `json:"passwordless,omitempty"`
	// Title is the name of the site. Default: the host name.
	Title string `json:"title,omitempty"`
	// Logo is an image: a path of the site, an https URL, or `file:` and the path
	// of a file that is put into the pages.
	Logo string `json:"logo,omitempty"`
	// Accent is the colour of buttons and links as #rrggbb: one for the light
	// scheme and one for the dark.
	Accent []string `json:"accent,omitempty"`
	// Languages are those on offer, the first being the default. Default: all.
	Languages []string `json:"language,omitempty"`
	// Templates is a folder with templates, texts and styles that take the place
	// of ours.
	Templates string `json:"templates,omitempty"`
	// Login is by what users name themselves: `username`, `email`, `phone` or
	// `any`. Default `username`.
	Login string `json:"login,omitempty"`
	// PasswordRules are shown beside new passwords.
	PasswordRules *PasswordRules `json:"password_rules,omitempty"`
	// Inputs gives attributes of users another input than text: `email`, `tel`,
	// `date`, `url` or `number`. The standard attributes have theirs.
	Inputs map[string]string `json:"input,omitempty"`
	// Challenges are about the pages for CUSTOM_CHALLENGE.
	Challenges *CustomChallenges `json:"custom_challenge,omitempty"`
	// Providers are other ways to sign in, through the domain of the pool.
	Providers []Provider `json:"provider,omitempty"`
	// SignUp lets visitors make accounts. Default: they cannot.
	SignUp *SignUp `json:"sign_up,omitempty"`
	// NoForgotPassword leaves out the way to a new password.
	NoForgotPassword bool `json:"no_forgot_password,omitempty"`
}

// PasswordRules say what the user pool demands of passwords.
type PasswordRules struct {
	// MinLength is the least number of characters, 6 to 99. Default: none is shown.
	MinLength int `json:"min_length,omitempty"`
	// Require lists the kinds of characters that a password must have: `lower`,
	// `upper`, `digit` and `symbol`.
	Require []string `json:"require,omitempty"`
}

// CustomChallenges say how the public parameters of a CUSTOM_CHALLENGE become a
// page.
type CustomChallenges struct {
	// Template is the parameter that names a template of the templates folder:
	// with the value `captcha`, it is `custom/captcha.html`. Default `template`.
	Template string `json:"template,omitempty"`
	// Question lists the parameters whose text is the question, the first that is
	// there. Default `question` and `securityQuestion`.
	Question []string `json:"question,omitempty"`
	// Image lists the parameters with an image. Default `captchaUrl` and `image`.
	Image []string `json:"image,omitempty"`
	// ImageOrigins are the other origins from which such images may come.
	ImageOrigins []string `json:"image_origin,omitempty"`
	// Allow is what templates may load, beyond our own stylesheet.
	Allow []Source `json:"allow,omitempty"`
}

// Source lets one template of CUSTOM_CHALLENGE load something.
type Source struct {
	// Template is its name, without folder and `.html`.
	Template string `json:"template"`
	// Kind is `script`, `frame`, `style`, `image` or `connect`.
	Kind string `json:"kind"`
	// Origins are https origins, the host of which may start with `*.`, or `self`.
	Origins []string `json:"origin"`
}

// Provider is a social or SAML provider of the user pool.
type Provider struct {
	// Name is that in the user pool, such as `Google`.
	Name string `json:"name"`
	// Label is how people know it. Default: the name.
	Label string `json:"label,omitempty"`
}

// SignUp configures how visitors make accounts.
type SignUp struct {
	// Attributes are asked for and written, such as `email`: list only what users
	// may choose for themselves.
	Attributes []string `json:"attribute,omitempty"`
	// Passwordless asks for no password, with `USER_AUTH`.
	Passwordless bool `json:"passwordless,omitempty"`
}

// Bounds of user pools.
const minPasswordLength, maxPasswordLength = 6, 99

var (
	colourForm   = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)
	languageForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	templateForm = regexp.MustCompile(`^[\w-]+$`)
	policyForm   = regexp.MustCompile(`^https://(\*\.)?[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?$`)
)

// validate accepts nil: nothing is configured.
func (p *Page) validate(more bool) error {
	if p == nil {
		return nil
	}
	for _, check := range []func() error{
		func() error { return p.validateFlow(more) },
		p.validateLook, p.validateLanguages,
		func() error { return maybeOneOf("login", p.Login, "username", "email", "phone", "any") },
		p.PasswordRules.validate, p.validateInputs, p.Challenges.validate, p.validateProviders, p.SignUp.validate,
	} {
		if err := check(); err != nil {
			return fmt.Errorf("page: %w", err)
		}
	}
	return nil
}

func (p *Page) validateFlow(more bool) error {
	if err := maybeOneOf("flow", p.Flow, FlowSRP, FlowPassword, FlowChoice, FlowCustom); err != nil {
		return err
	}
	if err := maybeOneOf("preferred", p.Preferred, "PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"); err != nil {
		return err
	}
	if p.Flow == "" && more {
		return nil
	}
	return p.validateFlowOptions()
}

// validateFlowOptions: an option that does nothing is a mistake.
func (p *Page) validateFlowOptions() error {
	flow := p.Flow
	if flow == "" {
		flow = FlowSRP
	}
	for _, option := range []struct {
		key   string
		set   bool
		flows []string
	}{
		{"preferred", p.Preferred != "", []string{FlowChoice}},
		{"passwordless", p.Passwordless, []string{FlowChoice, FlowCustom}},
		{"sign_up: passwordless", p.SignUp != nil && p.SignUp.Passwordless, []string{FlowChoice}},
	} {
		if option.set && !slices.Contains(option.flows, flow) {
			return fmt.Errorf("%s: is for the flow %s, got %s; change the flow, or remove it", option.key, english.WordSeries(option.flows, "or"), flow)
		}
	}
	return nil
}

func (p *Page) validateLook() error {
	if err := validateLogo(p.Logo); err != nil {
		return err
	}
	if len(p.Accent) > 0 && (len(p.Accent) != 2 || !colourForm.MatchString(p.Accent[0]) || !colourForm.MatchString(p.Accent[1])) {
		return fmt.Errorf("accent: expected two colours as #rrggbb, for the light scheme and for the dark, got %q", strings.Join(p.Accent, " "))
	}
	return nil
}

func validateLogo(logo string) error {
	file, ok := strings.CutPrefix(logo, "file:")
	if logo == "" || ok && file != "" || isPath(logo) || strings.HasPrefix(logo, "https://") && isSecureURL(logo) {
		return nil
	}
	if err := withoutPassword("logo", logo); err != nil {
		return err
	}
	return fmt.Errorf("logo: expected a path such as /logo.svg, an https URL, or file: and the path of a file, got %q", logo)
}

func (p *Page) validateLanguages() error {
	for _, tag := range p.Languages {
		if tag != "" && !languageForm.MatchString(tag) {
			return fmt.Errorf("language: expected a language tag such as en or pt-BR, got %q", tag)
		}
	}
	return distinct("language", p.Languages)
}

func (r *PasswordRules) validate() error {
	if r == nil {
		return nil
	}
	if r.MinLength != 0 && (r.MinLength < minPasswordLength || r.MinLength > maxPasswordLength) {
		return fmt.Errorf("password_rules: min_length: expected %d to %d, which user pools allow, got %d", minPasswordLength, maxPasswordLength, r.MinLength)
	}
	return someOf("password_rules: require", r.Require, "lower", "upper", "digit", "symbol")
}

func (p *Page) validateInputs() error {
	for _, attribute := range slices.Sorted(maps.Keys(p.Inputs)) {
		if attribute == "" {
			return fmt.Errorf("input: expected the name of an attribute for the type %q", p.Inputs[attribute])
		}
		if err := oneOf("input: "+attribute, p.Inputs[attribute], "email", "tel", "date", "url", "number"); err != nil {
			return err
		}
	}
	return nil
}

func (c *CustomChallenges) validate() error {
	if c == nil {
		return nil
	}
	for _, check := range []func() error{
		func() error { return literal("template", c.Template) },
		func() error { return literals("question", c.Question) },
		func() error { return literals("image", c.Image) },
		func() error { return validateContentSources("image_origin", c.ImageOrigins, false) },
		c.validateAllow,
	} {
		if err := check(); err != nil {
			return fmt.Errorf("custom_challenge: %w", err)
		}
	}
	return nil
}

func (c *CustomChallenges) validateAllow() error {
	for _, source := range c.Allow {
		if !templateForm.MatchString(source.Template) {
			return fmt.Errorf("allow: expected the name of a template such as captcha, without folder and .html, got %q", source.Template)
		}
		if err := oneOf("allow: "+source.Template, source.Kind, "script", "frame", "style", "image", "connect"); err != nil {
			return err
		}
		if len(source.Origins) == 0 {
			return fmt.Errorf("allow: %s: %s: expected one or more origins, or self", source.Template, source.Kind)
		}
		if err := validateContentSources("allow: "+source.Template, source.Origins, true); err != nil {
			return err
		}
	}
	return nil
}

// validateContentSources checks what a page may load.
func validateContentSources(key string, origins []string, self bool) error {
	expected := "an https origin such as https://static.example.com"
	if self {
		expected += ", or self"
	}
	for _, origin := range origins {
		if err := withoutPassword(key, origin); err != nil {
			return err
		}
		if !policyForm.MatchString(origin) && (!self || origin != "self") {
			return fmt.Errorf("%s: expected %s, got %q", key, expected, origin)
		}
	}
	return distinct(key, origins)
}

func (p *Page) validateProviders() error {
	names := make([]string, len(p.Providers))
	for i, provider := range p.Providers {
		names[i] = provider.Name
		if err := literal("provider", provider.Label); err != nil {
			return err
		}
	}
	return literals("provider", names)
}

func (s *SignUp) validate() error {
	if s == nil {
		return nil
	}
	return literals("sign_up", s.Attributes)
}

func (p *Page) replaceable() []replaceable {
	return []replaceable{replaceValue("title", &p.Title), replaceValue("logo", &p.Logo), replaceValue("templates", &p.Templates)}
}

func (p *Page) clone() *Page {
	if p = copied(p); p == nil {
		return nil
	}
	p.Accent, p.Languages = slices.Clone(p.Accent), slices.Clone(p.Languages)
	p.Inputs, p.Providers = maps.Clone(p.Inputs), slices.Clone(p.Providers)
	if p.PasswordRules = copied(p.PasswordRules); p.PasswordRules != nil {
		p.PasswordRules.Require = slices.Clone(p.PasswordRules.Require)
	}
	if p.SignUp = copied(p.SignUp); p.SignUp != nil {
		p.SignUp.Attributes = slices.Clone(p.SignUp.Attributes)
	}
	p.Challenges = p.Challenges.clone()
	return p
}

func (c *CustomChallenges) clone() *CustomChallenges {
	if c = copied(c); c == nil {
		return nil
	}
	c.Question, c.Image, c.ImageOrigins = slices.Clone(c.Question), slices.Clone(c.Image), slices.Clone(c.ImageOrigins)
	c.Allow = slices.Clone(c.Allow)
	for i := range c.Allow {
		c.Allow[i].Origins = slices.Clone(c.Allow[i].Origins)
	}
	return c
}
