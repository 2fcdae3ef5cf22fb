package integration_test

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const newPassword = "N3w!password"

var longAgo = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// TestForgottenPassword: by the link, with a wrong code, a short password and
// another code on the way to the private page.
func TestForgottenPassword(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page" + manyAttempts})
	rows := &together{T: t}
	defer rows.Wait()
	rows.run("on the page", func(t *testing.T) {
		p := w.on(t).addPerson(cognitolocal.User{Username: "page"})
		v := pageVisit{p.newBrowser()}
		v.open(wanted)
		v.choose("Forgot your password?")
		v.wantPage(200, "Reset your password", "")
		v.answer("username", "page")
		v.wantPage(200, "Choose a new password", "")
		v.answer("code", "000000", "new_password", newPassword)
		v.wantPage(422, "Choose a new password", "That code is not right or has expired.")
		v.answer("code", w.pool.LastCode("page"), "new_password", "Sh0rt!")
		v.wantPage(422, "Choose a new password", "The password is too short. Choose a longer one.")
		first := w.pool.LastCode("page")
		v.choose("Send a new code")
		v.wantPage(200, "Choose a new password", "")
		if w.pool.LastCode("page") == first {
			t.Error("expected another code")
		}
		v.answer("code", w.pool.LastCode("page"), "new_password", newPassword)
		v.wantPage(200, "Sign in", "")
		v.wantText("Your new password is saved. Sign in with it.")
		if got := v.page.form.fields.Get("username"); got != "page" {
			t.Errorf("expected the name to be filled in, got %q", got)
		}
		v.answer("password", newPassword)
		v.wantIn(p)
	})
	rows.run("by the api", func(t *testing.T) {
		p := w.on(t).addPerson(cognitolocal.User{Username: "api"})
		v := p.newAPIVisit()
		next := func(status int, code, next string) {
			t.Helper()
			if v.last.status != status || v.said.Code != code || v.said.Next != next {
				t.Fatalf("expected %d %q and to go on with %q, got %d with %s", status, code, next, v.last.status, v.last.body)
			}
		}
		v.post("forgot-password", "username", "api", "return_to", wanted)
		next(200, "", "reset-password")
		v.post("reset-password", "state", v.said.State, "code", "000000", "new_password", newPassword)
		next(422, "wrong_code", "reset-password")
		v.post("reset-password", "state", v.said.State, "code", w.pool.LastCode("api"), "new_password", "Sh0rt!")
		next(422, "password_policy", "reset-password")
		if v.said.Rule != "length" || v.said.Field != "" {
			t.Errorf("expected the rule, got %s", v.last.body)
		}
		v.post("forgot-password", "state", v.said.State)
		next(200, "", "reset-password")
		v.post("reset-password", "state", v.said.State, "code", w.pool.LastCode("api"), "new_password", newPassword)
		next(200, "", "sign-in")
		v.begin("username", "api", "password", newPassword)
		v.wantIn(p)
	})
	rows.run("without a state, by a command line", func(t *testing.T) {
		p := w.on(t).addPerson(cognitolocal.User{Username: "cli"})
		v := p.newAPIVisit()
		v.post("forgot-password", "username", "cli")
		v.post("reset-password", "username", "cli", "code", w.pool.LastCode("cli"), "new_password", newPassword)
		v.begin("username", "cli", "password", newPassword)
		v.wantIn(p)
	})
}

// TestAStateThatCannotBeOpenedIsOneAnswer, which keeps where to go.
func TestAStateThatCannotBeOpenedIsOneAnswer(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page" + manyAttempts})
	calls := w.cognito.Requests(cognitolocal.EndpointAPI)
	rows := &together{T: t}
	for _, endpoint := range []string{"sign-in", "forgot-password", "reset-password", "confirm-sign-up", "resend-code"} {
		for _, state := range []string{"x", strings.Repeat("A", 400), strings.Repeat("A", 60<<10)} {
			rows.run(endpoint, func(t *testing.T) {
				w := w.on(t)
				v := w.newAPIVisit()
				v.post(endpoint, "state", state, "return_to", wanted)
				v.wantOver("session_expired")
				got := w.sendFields("application/x-www-form-urlencoded", endpoint, "state", state, "return_to", wanted)
				if n := strings.Count(got.body, "</html>"); got.status != 422 || n != 1 || !strings.Contains(got.body, `href="/_cognito/sign-in?return_to=`) {
					t.Errorf("expected one page that leads on, got %d with %d: %s", got.status, n, got.body)
				}
			})
		}
	}
	rows.Wait()
	if n := w.cognito.Requests(cognitolocal.EndpointAPI); n != calls {
		t.Errorf("expected that Cognito is not asked, got %d calls", n-calls)
	}
}

// TestAccountsThatAreNotReady: what is left to do follows the right password, also
// without sign-up here.
func TestAccountsThatAreNotReady(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page" + manyAttempts})
	rows := &together{T: t}
	defer rows.Wait()
	rows.run("a password to reset, on the page", func(t *testing.T) {
		p := w.on(t).addPerson(cognitolocal.User{Username: "reset-page", Status: cognitolocal.ResetRequired})
		v := pageVisit{p.newBrowser()}
		v.begin("username", p.name, "password", password)
		v.wantPage(422, "Choose a new password", "Your password must be reset before you can sign in.")
		v.answer("code", w.pool.LastCode(p.name), "new_password", newPassword)
		v.answer("password", newPassword)
		v.wantIn(p)
	})
	rows.run("a password to reset, by the api", func(t *testing.T) {
		p := w.on(t).addPerson(cognitolocal.User{Username: "reset-api", Status: cognitolocal.ResetRequired})
		v := p.newAPIVisit()
		v.begin("username", p.name, "password", password)
		v.wantFailure(422, "password_reset_required")
		v.post(v.said.Next, "state", v.said.State, "code", w.pool.LastCode(p.name), "new_password", newPassword)
		v.begin("username", p.name, "password", newPassword)
		v.wantIn(p)
	})
	rows.run("a sign-up to confirm, on the page", func(t *testing.T) {
		p := w.on(t).addPerson(cognitolocal.User{Username: "confirm-page", Status: cognitolocal.Unconfirmed})
		v := pageVisit{p.newBrowser()}
		v.begin("username", p.name, "password", password)
		v.wantPage(422, "Confirm your account", "Your account is not confirmed yet. Enter the code we sent you.")
		v.answer("code", "000000")
		v.wantPage(422, "Confirm your account", "That code is not right or has expired.")
		v.choose("Send a new code")
		v.wantPage(200, "Confirm your account", "")
		v.answer("code", w.pool.LastCode(p.name))
		v.wantPage(200, "Sign in", "")
		v.wantText("Your account is confirmed. You can sign in now.")
		v.answer("password", password)
		v.wantIn(p)
	})
	rows.run("a sign-up to confirm, by the api", func(t *testing.T) {
		p := w.on(t).addPerson(cognitolocal.User{Username: "confirm-api", Status: cognitolocal.Unconfirmed})
		v := p.newAPIVisit()
		v.begin("username", p.name, "password", password)
		v.wantFailure(422, "user_unconfirmed")
		v.post("resend-code", "state", v.said.State)
		v.post(v.said.Next, "state", v.said.State, "code", w.pool.LastCode(p.name))
		if v.last.status != 200 || v.said.Next != "sign-in" {
			t.Fatalf("expected to be confirmed, got %d with %s", v.last.status, v.last.body)
		}
		v.begin("username", p.name, "password", password)
		v.wantIn(p)
	})
	for name, user := range map[string]cognitolocal.User{
		"is disabled": {Disabled: true}, "has a temporary password that expired": {Status: cognitolocal.ForceChangePassword, PasswordExpires: longAgo},
	} {
		rows.run("an account that "+name, func(t *testing.T) {
			user.Username = strings.ReplaceAll(name, " ", "-")
			p := w.on(t).addPerson(user)
			v := p.newAPIVisit()
			v.begin("username", p.name, "password", password)
			v.wantOver(map[bool]string{true: "bad_credentials", false: "temporary_password_expired"}[user.Disabled])
		})
	}
}

// signUpSite lets visitors make accounts.
const signUpSite = "page {\nsign_up email\npassword_rules 8 upper\n}" + manyAttempts

func TestSignUp(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: signUpSite})
	rows := &together{T: t}
	defer rows.Wait()
	rows.run("on the page", func(t *testing.T) {
		w := w.on(t)
		v := pageVisit{w.newBrowser()}
		v.open(wanted)
		v.choose("Create an account")
		v.wantPage(200, "Create an account", "")
		v.answer("username", "ada", "password", "Sh0rt!", "attribute.email", "ada@example.org")
		v.wantPage(422, "Create an account", "The password is too short. Choose a longer one.")
		if got := v.page.form.fields.Get("attribute.email"); got != "ada@example.org" {
			t.Errorf("expected the address to be kept, got %q", got)
		}
		v.answer("password", newPassword)
		v.wantPage(200, "Confirm your account", "")
		v.answer("code", "000000")
		v.wantPage(422, "Confirm your account", "That code is not right or has expired.")
		v.answer("code", w.pool.LastCode("ada"))
		v.wantPage(200, "Sign in", "")
		v.answer("password", newPassword)
		w.wantUser(v, "ada", "ada@example.org")
	})
	rows.run("by the api", func(t *testing.T) {
		w := w.on(t)
		v := w.newAPIVisit()
		v.post("sign-up", "username", "bob", "password", newPassword, "attribute.email", "bob@example.org", "return_to", wanted)
		v.post(v.said.Next, "state", v.said.State, "code", w.pool.LastCode("bob"))
		v.begin("username", "bob", "password", newPassword)
		w.wantUser(v, "bob", "bob@example.org")
	})
	rows.run("with a code from the mail, opened in another browser", func(t *testing.T) {
		w := w.on(t)
		w.newAPIVisit().post("sign-up", "username", "eve", "password", newPassword, "attribute.email", "eve@example.org")
		v := pageVisit{w.newBrowser()}
		v.open("/_cognito/sign-up")
		v.choose("I already have a code")
		v.answer("username", "eve", "code", w.pool.LastCode("eve"))
		v.wantPage(200, "Sign in", "")
	})
	for name, attribute := range map[string]string{
		"an attribute that users may not choose": "custom:role", "an address that counts as verified": "email_verified", "an attribute without a name": "",
	} {
		rows.run(name+" is refused", func(t *testing.T) {
			w := w.on(t)
			v := w.newAPIVisit()
			v.post("sign-up", "username", "mallory", "password", newPassword, "attribute.email", "m@example.org", "attribute."+attribute, "true")
			v.wantFailure(400, "input")
			if _, ok := w.pool.User("mallory"); ok || !strings.Contains(v.said.Detail, "expected some of email") {
				t.Errorf("expected no account and help, got %s", v.last.body)
			}
		})
	}
}

func (w *signinWorld) wantUser(v visit, name, email string) {
	w.Helper()
	u, ok := w.pool.User(name)
	if !ok || u.Attributes["email"] != email {
		w.Errorf("expected the account %s with %s, got %v", name, email, u)
	}
	v.wantIn(&person{signinWorld: w, name: name, sub: u.Sub})
}

// TestSignUpSignsInWithoutAnotherCode where the pool lets it.
func TestSignUpSignsInWithoutAnotherCode(t *testing.T) {
	settings := cognitolocal.SignIn{FirstFactors: []string{cognitolocal.FactorPassword, cognitolocal.FactorEmailOTP}}
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: settings, signin: "page {\nflow USER_AUTH\npasswordless\nsign_up email {\npasswordless\n}\n}" + manyAttempts})
	v := pageVisit{w.newBrowser()}
	v.open(wanted)
	v.choose("Create an account")
	v.answer("username", "ada", "attribute.email", "ada@example.org")
	v.wantPage(200, "Confirm your account", "")
	v.answer("code", w.pool.LastCode("ada"))
	w.wantUser(v, "ada", "ada@example.org")
	// And the next time by a code, of which another can be had.
	v = pageVisit{w.newBrowser()}
	v.begin("username", "ada")
	v.answer("choice", "EMAIL_OTP")
	v.wantPage(200, "Enter your code", "")
	first := w.pool.LastCode("ada")
	v.choose("Send a new code")
	v.wantPage(200, "Enter your code", "")
	if w.pool.LastCode("ada") == first {
		t.Error("expected another code")
	}
	v.answer("code", w.pool.LastCode("ada"))
	w.wantUser(v, "ada", "ada@example.org")
}

func TestWhatIsNotConfiguredIsNotThere(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page {\nno_forgot_password\n}" + manyAttempts})
	w.addPerson(cognitolocal.User{Username: "reset", Status: cognitolocal.ResetRequired})
	calls := w.cognito.Requests(cognitolocal.EndpointAPI)
	for _, endpoint := range []string{"sign-up", "forgot-password", "reset-password", "nothing"} {
		v := w.newAPIVisit()
		v.post(endpoint, "username", "jo", "password", newPassword, "code", "000000")
		if v.last.status != 401 {
			t.Errorf("%s: expected 401 as of any page, got %d with %s", endpoint, v.last.status, v.last.body)
		}
	}
	if n := w.cognito.Requests(cognitolocal.EndpointAPI); n != calls {
		t.Errorf("expected that Cognito is not asked, got %d calls", n-calls)
	}
	v := pageVisit{w.newBrowser()}
	v.begin("username", "reset", "password", password)
	v.wantPage(422, "Sign in", "Your password must be reset before you can sign in.")
	if v.page.shows("Forgot your password?") || v.page.shows("Create an account") {
		t.Errorf("expected no links, got %s", v.page.body)
	}
}

// TestPoolsThatTellTheStatusFirst, whatever password comes, as of users who were
// imported: nobody gets mail for the guesses of others, and operators learn why
// users with the right password get on no further.
func TestPoolsThatTellTheStatusFirst(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signin: "page {\nflow USER_PASSWORD_AUTH\n}" + manyAttempts})
	w.pool.SetVariants(cognitolocal.Variants{StatusFirst: true})
	v := w.addPerson(cognitolocal.User{Username: "to-come", Status: cognitolocal.Unconfirmed}).newAPIVisit()
	v.begin("username", "to-come", "password", "wrong")
	v.wantFailure(422, "user_unconfirmed")
	if n := w.cognito.Calls("ResendConfirmationCode"); n != 0 {
		t.Errorf("expected no mail, got %d", n)
	}

	w = startedSignin(t, signinSetup{client: everyFlow, signin: "page" + manyAttempts})
	w.pool.SetVariants(cognitolocal.Variants{StatusFirst: true})
	for _, user := range []cognitolocal.User{{Username: "imported", Status: cognitolocal.ResetRequired}, {Username: "to-come", Status: cognitolocal.Unconfirmed}} {
		v = w.addPerson(user).newAPIVisit()
		v.begin("username", user.Username, "password", password)
		v.wantOver("bad_credentials")
	}
	if n := w.logged("warn", "a user who must reset the password is told that it is wrong"); n != 1 {
		t.Errorf("expected one warning, got %d in %v", n, w.logLines())
	}
}
