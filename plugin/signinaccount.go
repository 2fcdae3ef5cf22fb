package plugin

import (
	"slices"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// What belongs to an account on the way to a sign-in. Every answer is the same
// for accounts that exist and those that do not, and takes as long.

// forgotPassword asks for the name and has a code sent.
func (v *signinVisit) forgotPassword() error {
	if v.r.Method != "POST" {
		returnTo := v.returnTo(v.r.URL.Query().Get("return_to"))
		return v.show(200, v.accountView(page.ForgotPassword, "forgot-password", returnTo))
	}
	t, ok, err := v.known()
	if !ok {
		return err
	}
	again := v.accountView(page.ForgotPassword, "forgot-password", t.Return)
	again.Username = t.Username
	if wait := v.allow(t.Username); wait > 0 {
		return v.tooMany(wait, again)
	}
	if err := v.sessions.client.ForgotPassword(v.r.Context(), t.Username, v.caller()); err != nil {
		return v.failed("forgot_password", t.Username, err, t, again)
	}
	v.count("forgot_password", "ok")
	v.pad()
	return v.next(200, page.ResetPassword, t, nil)
}

// mustReset is for a user whose password has to be reset, as the pool says after
// it was right: Cognito has sent no code yet.
func (v *signinVisit) mustReset(username string, t ticket, reason error) error {
	t.Username = username
	if err := v.sessions.client.ForgotPassword(v.r.Context(), username, v.caller()); err != nil {
		again := v.accountView(page.ForgotPassword, "forgot-password", t.Return)
		again.Username = username
		return v.again(statusOf(signin.Reason(err)), err, again)
	}
	return v.next(statusOf(signin.Reason(reason)), page.ResetPassword, t, reason)
}

// resetPassword sets a new password with the code, and goes on to sign in.
func (v *signinVisit) resetPassword() error {
	t, again, ok, err := v.knownStep(page.ResetPassword)
	if !ok {
		return err
	}
	if wait := v.allow(t.Username); wait > 0 {
		return v.tooMany(wait, again)
	}
	err = v.sessions.client.ConfirmForgotPassword(v.r.Context(), t.Username, v.code(), signin.Secret(v.in["new_password"]), v.caller())
	if err != nil {
		return v.failed("reset_password", t.Username, err, t, again)
	}
	v.count("reset_password", "ok")
	if v.api {
		return v.json(200, "application/json", map[string]any{"next": "sign-in"})
	}
	view := v.signInView(t.Return)
	view.Username, view.Done = t.Username, page.PasswordSaved
	return v.show(200, view)
}

// signUp makes an account.
func (v *signinVisit) signUp() error {
	if v.r.Method != "POST" {
		return v.show(200, v.signUpView(v.returnTo(v.r.URL.Query().Get("return_to"))))
	}
	t := ticket{Return: v.returnTo(v.in["return_to"]), Username: v.in.username()}
	again := v.signUpView(t.Return)
	again.Username, again.Values = t.Username, v.in.attributes()
	if wait := v.allow(t.Username); wait > 0 {
		return v.tooMany(wait, again)
	}
	if err := v.chosen(again.Values); err != nil {
		return v.refuse(err)
	}
	made, err := v.sessions.client.SignUp(v.r.Context(), signin.SignUp{
		Username: t.Username, Password: signin.Secret(v.in["password"]), Attributes: again.Values, Caller: v.caller(),
	})
	if err != nil {
		return v.failed("sign_up", t.Username, err, t, again)
	}
	v.count("sign_up", "ok")
	v.pad()
	if made.Confirmed {
		return v.confirmed(t)
	}
	t.Confirmed = string(made.Session)
	return v.next(200, page.ConfirmSignUp, t, nil)
}

// chosen refuses attributes that users may not choose for themselves: an app
// client may be allowed to write more of them than a stranger should.
func (v *signinVisit) chosen(attributes map[string]string) error {
	for name := range attributes {
		if !slices.Contains(v.Page.SignUp.Attributes, name) {
			return badInput("unknown attribute %s; expected some of %s", shown(name), strings.Join(v.Page.SignUp.Attributes, ", "))
		}
	}
	return nil
}

// unconfirmed is for a user whose sign-up is not finished. He has a code since then.
// No other is sent unless he asks: Cognito may tell of such users whatever the
// password, and nobody should get mail for somebody else's guesses.
func (v *signinVisit) unconfirmed(username string, t ticket, reason error) error {
	t.Username = username
	return v.next(statusOf(signin.Reason(reason)), page.ConfirmSignUp, t, reason)
}

// confirmSignUp finishes a sign-up with the code; opened by a link, it asks for
// the name, too.
func (v *signinVisit) confirmSignUp() error {
	if v.r.Method != "POST" {
		returnTo := v.returnTo(v.r.URL.Query().Get("return_to"))
		return v.show(200, v.accountView(page.ConfirmSignUp, "confirm-sign-up", returnTo))
	}
	t, again, ok, err := v.knownStep(page.ConfirmSignUp)
	if !ok {
		return err
	}
	if wait := v.allow(t.Username); wait > 0 {
		return v.tooMany(wait, again)
	}
	next, err := v.sessions.client.ConfirmSignUp(v.r.Context(), signin.Confirmation{
		Username: t.Username, Code: v.code(), Session: signin.Secret(t.Confirmed), Caller: v.caller(),
	})
	if err != nil {
		return v.failed("confirm_sign_up", t.Username, err, t, again)
	}
	v.count("confirm_sign_up", "ok")
	t.Confirmed = string(next)
	return v.confirmed(t)
}

// confirmed signs the user in if the pool lets it be without another code.
func (v *signinVisit) confirmed(t ticket) error {
	view := v.signInView(t.Return)
	view.Username = t.Username
	if t.Confirmed != "" && v.flow() == signin.FlowChoice {
		in := signin.Start{Flow: signin.FlowChoice, Username: t.Username, Session: signin.Secret(t.Confirmed), Caller: v.caller()}
		return v.run("start", in, ticket{Return: t.Return}, view)
	}
	if v.api {
		return v.json(200, "application/json", map[string]any{"next": "sign-in"})
	}
	view.Done = page.AccountConfirmed
	return v.show(200, view)
}

// resendCode sends another code: that of a sign-up, of a new password, or of a
// sign-in that began with one.
func (v *signinVisit) resendCode() error {
	t, again, ok, err := v.knownStep(page.ConfirmSignUp)
	if !ok {
		return err
	}
	var state signin.State
	if len(t.State) > 0 && state.UnmarshalBinary(t.State) == nil && t.FirstFactor {
		return v.beginAgain(t, state)
	}
	if wait := v.allow(t.Username); wait > 0 {
		return v.tooMany(wait, again)
	}
	if err := v.sessions.client.ResendConfirmationCode(v.r.Context(), t.Username, v.caller()); err != nil {
		return v.failed("resend_code", t.Username, err, t, again)
	}
	v.count("resend_code", "ok")
	v.pad()
	return v.next(200, page.ConfirmSignUp, t, nil)
}

// beginAgain has the pool send another code for the first factor.
func (v *signinVisit) beginAgain(t ticket, state signin.State) error {
	view := v.signInView(t.Return)
	view.Username = state.Username()
	if wait := v.allow(view.Username); wait > 0 {
		return v.tooMany(wait, view)
	}
	in := signin.Start{Flow: v.flow(), Username: view.Username, Preferred: state.Challenge().Name, Device: v.device(view.Username), Caller: v.caller()}
	return v.run("resend_code", in, ticket{Return: t.Return, FirstFactor: true, Device: in.Device.Key}, view)
}

// known is the ticket of a form, or what a form without one says. When it is not
// ok, the request was answered.
func (v *signinVisit) known() (t ticket, ok bool, err error) {
	said := ticket{Return: v.returnTo(v.in["return_to"]), Username: v.in.username()}
	if v.in["state"] == "" {
		return said, true, nil
	}
	if t, err = v.ticket(); err != nil {
		return t, false, v.failed(metricName(v.name), "", err, said, page.View{})
	}
	return t, true, nil
}

// knownStep is known with the page to show again.
func (v *signinVisit) knownStep(kind page.Kind) (t ticket, again page.View, ok bool, err error) {
	if t, ok, err = v.known(); !ok {
		return t, again, false, err
	}
	again, err = v.accountStep(kind, t)
	return t, again, err == nil, err
}

// next shows the page of the next step of an account.
func (v *signinVisit) next(status int, kind page.Kind, t ticket, reason error) error {
	view, err := v.accountStep(kind, t)
	if err != nil {
		return err
	}
	if v.api && reason == nil {
		return v.json(status, "application/json", map[string]any{"next": accountEndpoints[kind], "state": stateOf(view)})
	}
	return v.again(status, reason, view)
}

var accountEndpoints = map[page.Kind]string{page.ResetPassword: "reset-password", page.ConfirmSignUp: "confirm-sign-up"}

// accountStep is the page of a step whose user is known by the ticket.
func (v *signinVisit) accountStep(kind page.Kind, t ticket) (page.View, error) {
	sealed, err := v.seal(t)
	view := v.accountView(kind, accountEndpoints[kind], t.Return)
	view.Username, view.Hidden = t.Username, hiddenStep(sealed, t.Return)
	view.Paths.Language = ""
	if view.Paths.Resend = v.url("resend-code", ""); kind == page.ResetPassword {
		view.Paths.Resend = v.url("forgot-password", "")
	}
	return view, err
}

func (v *signinVisit) accountView(kind page.Kind, endpoint, returnTo string) page.View {
	view := page.View{Kind: kind, Hidden: hidden("return_to", returnTo), Paths: v.links(returnTo)}
	view.Paths.Submit = v.url(endpoint, "")
	return view
}

func (v *signinVisit) signUpView(returnTo string) page.View {
	view := v.accountView(page.SignUp, "sign-up", returnTo)
	view.Attributes, view.Passwordless = v.Page.SignUp.Attributes, v.Page.SignUp.Passwordless
	return view
}
