package page

import (
	"cmp"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

var challenges = map[string]func(*composer){
	signin.SMSMFA: (*composer).sentCode, signin.SMSOTP: (*composer).sentCode,
	signin.EmailOTP: (*composer).sentCode, signin.EmailMFA: (*composer).sentCode,
	signin.SoftwareTokenMFA: (*composer).appCode, signin.SelectMFAType: (*composer).selectMFA,
	signin.MFASetup: (*composer).setUp, signin.NewPasswordRequired: (*composer).replacePassword,
	signin.CustomChallenge: (*composer).custom, signin.SelectChallenge: (*composer).selectChallenge,
	signin.Password: (*composer).askPassword, signin.PasswordSRP: (*composer).askPassword,
	signin.WebAuthn: (*composer).passkey,
}

// challenge shows a challenge, and an honest page for one that we do not know.
func (c *composer) challenge() {
	fill, ok := challenges[c.view.Challenge.Name]
	if !ok {
		c.unknownChallenge()
		return
	}
	c.page.Kind = c.view.Challenge.Name
	fill(c)
	c.time()
	c.link(c.view.Paths.Another, "link.another_way")
	switch {
	case c.view.Username != "":
		c.link(c.view.Paths.Restart, "link.not_you")
	default:
		c.link(c.view.Paths.Restart, "link.restart")
	}
}

func (c *composer) sentCode() {
	c.heading("code.heading")
	key := "code.sms"
	if c.view.Challenge.Medium == "EMAIL" {
		key = "code.email"
	}
	if c.view.Challenge.Destination != "" {
		c.note(key+".to", "destination", c.view.Challenge.Destination)
	} else {
		c.note(key)
	}
	c.note("note.no_code")
	c.form("action.continue", c.known(c.code())...)
	c.resend()
}

func (c *composer) appCode() {
	c.heading("totp.heading")
	if device := c.view.Challenge.DeviceName; device != "" {
		c.note("totp.note.device", "device", device)
	} else {
		c.note("totp.note")
	}
	c.form("action.continue", c.known(c.code())...)
}

func (c *composer) selectMFA() {
	c.heading("mfa.heading")
	c.form("action.continue", c.known(c.choice("mfa.legend"))...)
}

func (c *composer) selectChallenge() {
	c.heading("select.heading")
	c.form("action.continue", c.known(c.choice("select.legend"))...)
}

// setUp is the choice, the address for codes, or the app.
func (c *composer) setUp() {
	challenge := c.view.Challenge
	switch {
	case challenge.Secret != "":
		c.setUpApp()
	case slices.Contains(challenge.Needs, signin.FieldAttributes):
		c.heading("setup.email.heading")
		c.note("setup.email.note")
		c.form("action.continue", c.known(c.attributes(challenge.Attributes)...)...)
	default:
		c.heading("setup.heading")
		c.note("setup.note")
		c.form("action.continue", c.known(c.choice("setup.legend"))...)
	}
}

func (c *composer) setUpApp() {
	c.heading("setup.app.heading")
	c.note("setup.app.scan")
	issuer := cmp.Or(c.page.Site, c.text["sign_in.heading"])
	uri := string(c.view.Challenge.TOTPURI(issuer, c.view.Username))
	c.page.Setup = &Setup{Key: grouped(string(c.view.Challenge.Secret)), URI: template.URL(uri)}
	c.page.Setup.Size, c.page.Setup.Path = drawQR(uri)
	code := c.code()
	code.Autofocus = false // there is something to do first
	c.form("action.continue", c.known(code)...)
}

// grouped is a secret as people type it off.
func grouped(secret string) string {
	var groups []string
	for chunk := range slices.Chunk([]rune(secret), 4) {
		groups = append(groups, string(chunk))
	}
	return strings.Join(groups, " ")
}

func (c *composer) replacePassword() {
	c.heading("new_password.heading")
	c.note("new_password.note")
	if len(c.view.Challenge.Attributes) > 0 {
		c.note("new_password.attributes")
	}
	inputs := append(c.attributes(c.view.Challenge.Attributes), c.newPassword(signin.FieldNewPassword))
	c.form("action.continue", c.known(inputs...)...)
}

func (c *composer) askPassword() {
	c.heading("password.heading")
	password := c.password()
	password.Autofocus = true
	c.form("action.sign_in", c.known(password)...)
	c.link(c.view.Paths.ForgotPassword, "link.forgot")
}

// custom is a question of a Lambda trigger. A template of the overrides gets the
// same page, with all parameters.
func (c *composer) custom() {
	c.heading("custom.heading")
	c.page.Parameters = c.view.Challenge.Parameters
	answer := &Input{
		ID: "f-answer", Name: string(signin.FieldAnswer), Type: "text", Label: c.text["field.answer"], Autocomplete: "off",
		Required: true, Autofocus: true,
	}
	if question := c.question(); question != "" {
		answer.Label = question
	}
	c.form("action.continue", c.known(answer)...)
	image, _ := c.pages.image(c.view)
	switch {
	case image != "":
		c.page.Image = &Image{image}
	case c.view.Challenge.Partial:
		c.note("custom.lost")
	case imageParameter(c.pages.opts.Custom, c.view) != "":
		c.note("custom.image_lost")
	}
}

// maxQuestion bounds a question in characters.
const maxQuestion = 600

// question is the text of the first parameter that has one, without what could
// turn the direction of the page.
func (c *composer) question() string {
	text := first(c.view.Challenge.Parameters, c.pages.opts.Custom.Question)
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsGraphic(r) && r != '\u200c' && r != '\u200d' { // some scripts need the joiners
			return -1
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxQuestion {
		text = string(runes[:maxQuestion-1]) + "…"
	}
	return strings.TrimSpace(text)
}

func first(parameters map[string]string, names []string) string {
	for _, name := range names {
		if value := parameters[name]; value != "" {
			return value
		}
	}
	return ""
}

func imageParameter(custom Custom, v View) string {
	if v.Kind != Challenge || v.Challenge.Name != signin.CustomChallenge {
		return ""
	}
	return first(v.Challenge.Parameters, custom.Image)
}

// embedded are the images that can be within the page. SVG is not among them: an
// image of a question has no use for it.
var embedded = regexp.MustCompile(`^data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$`)

// image is the image of a custom challenge, and what the policy must allow for
// it; empty when there is none that may be shown.
func (p *Pages) image(v View) (template.URL, string) {
	given := imageParameter(p.opts.Custom, v)
	switch {
	case embedded.MatchString(given):
		return template.URL(given), "data:"
	case isPath(given):
		return template.URL(given), "'self'"
	}
	host := originOf(given)
	covers := func(allowed string) bool { return coversOrigin(allowed, host) }
	if host != "" && slices.ContainsFunc(p.opts.Custom.ImageOrigins, covers) {
		return template.URL(given), host
	}
	return "", ""
}

// passkey needs the script; without the options there is nothing to ask.
func (c *composer) passkey() {
	c.heading("passkey.heading")
	if !asksPasskey(c.view) {
		c.note("passkey.lost")
		return
	}
	c.note("passkey.note")
	c.form("action.continue", c.known()...)
	c.page.Form.ID = "passkey-form"
	c.page.Passkey = &Passkey{Options: c.view.Challenge.Options, Unsupported: c.text["passkey.unsupported"], Failed: c.text["passkey.failed"]}
	c.page.Script = c.pages.script.element
}
