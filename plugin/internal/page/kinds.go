package page

import "github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"

func (c *composer) signIn() {
	c.heading("sign_in.heading")
	c.done()
	c.form("action.sign_in", c.username(), c.password())
	c.providers()
	c.link(c.view.Paths.ForgotPassword, "link.forgot")
	c.link(c.view.Paths.SignUp, "link.sign_up")
}

func (c *composer) identify() {
	c.heading("identify.heading")
	c.done()
	c.form("action.continue", c.username())
	c.providers()
	c.link(c.view.Paths.ForgotPassword, "link.forgot")
	c.link(c.view.Paths.SignUp, "link.sign_up")
}

func (c *composer) done() {
	if c.view.Done != "" {
		c.note("done." + string(c.view.Done))
	}
}

func (c *composer) forgotPassword() {
	c.heading("forgot.heading")
	c.note("forgot.note")
	c.form("action.send_code", c.username())
	c.link(c.view.Paths.SignIn, "link.sign_in")
}

func (c *composer) resetPassword() {
	c.heading("reset.heading")
	c.note("reset.note")
	c.note("note.resend")
	c.time()
	c.form("reset.submit", c.known(c.code(), c.newPassword(signin.FieldNewPassword))...)
	c.resend()
	c.link(c.view.Paths.SignIn, "link.sign_in")
}

func (c *composer) signUp() {
	c.heading("sign_up.heading")
	inputs := append([]*Input{c.username()}, c.attributes(c.view.Attributes)...)
	if !c.view.Passwordless {
		password := c.newPassword(signin.FieldPassword)
		password.Label = c.text["field.password"]
		inputs = append(inputs, password)
	}
	c.form("sign_up.submit", inputs...)
	c.link(c.view.Paths.SignIn, "link.sign_in")
	c.link(c.view.Paths.ConfirmSignUp, "link.confirm")
}

// confirmSignUp asks for the name too when the page was opened by a link.
func (c *composer) confirmSignUp() {
	c.heading("confirm.heading")
	c.note("confirm.note")
	c.note("note.resend")
	inputs := c.known(c.code())
	if c.view.Username == "" {
		inputs = []*Input{c.username(), c.code()}
	} else {
		c.resend()
	}
	c.form("action.continue", inputs...)
	c.link(c.view.Paths.SignIn, "link.sign_in")
}

func (c *composer) rememberDevice() {
	c.heading("remember.heading")
	c.note("remember.note")
	c.form("remember.yes")
	choice := string(signin.FieldChoice)
	c.page.Form.Buttons = []Button{
		{Name: choice, Value: "yes", Label: c.text["remember.yes"]},
		{Name: choice, Value: "no", Label: c.text["remember.no"], Secondary: true},
	}
}

func (c *composer) signOut() {
	c.heading("sign_out.heading")
	c.note("sign_out.note")
	c.form("action.sign_out")
	c.link(c.view.Return, "sign_out.stay")
}

func (c *composer) signedIn() {
	c.heading("signed_in.heading")
	c.next(c.view.Return, "action.continue")
}

func (c *composer) signedOut() {
	c.heading("signed_out.heading")
	c.note("signed_out.note")
	c.next(c.view.Paths.SignIn, "signed_out.again")
	c.link(c.view.Return, "link.site")
}

func (c *composer) expired() {
	c.heading("expired.heading")
	c.note("expired.note")
	c.next(c.view.Paths.Restart, "link.restart")
}

// notice is what a page says that asks for nothing.
func (c *composer) notice(heading, note string) {
	c.heading(heading)
	c.note(note)
	c.reference()
}

func (c *composer) cookieBlocked() {
	c.notice("cookie_blocked.heading", "cookie_blocked.note")
	c.next(c.view.Paths.Restart, "link.again")
}

func (c *composer) cookieTooBig() {
	c.notice("cookie_too_big.heading", "cookie_too_big.note")
	c.next(c.view.Paths.Restart, "link.again")
}

func (c *composer) loop() {
	c.heading("loop.heading")
	c.note("loop.note")
	if c.page.Cause = c.text["loop."+string(c.view.Cause)]; c.page.Cause == "" {
		c.page.Cause = c.text["loop.unknown"]
	}
	c.reference()
	c.next(c.view.Return, "link.again")
	c.link(c.view.Paths.Restart, "link.restart")
}

func (c *composer) unavailable() {
	c.notice("unavailable.heading", "unavailable.note")
	c.next(c.view.Paths.Restart, "link.again")
}

func (c *composer) wrongLink() {
	c.notice("wrong_link.heading", "wrong_link.note")
	c.next(c.view.Paths.Restart, "link.restart")
	c.link(c.view.Return, "link.return")
}

func (c *composer) denied() {
	c.notice("denied.heading", "denied.note")
	c.next(c.view.Return, "link.site")
	c.link(c.view.Paths.Restart, "link.not_you")
}

func (c *composer) unknownChallenge() {
	c.notice("unsupported.heading", "unsupported.note")
	c.next(c.view.Paths.Another, "link.another_way")
	c.link(c.view.Paths.Restart, "link.restart")
}

func (c *composer) misconfigured() {
	c.notice("misconfigured.heading", "misconfigured.note")
	c.next(c.view.Paths.Restart, "link.again")
}
