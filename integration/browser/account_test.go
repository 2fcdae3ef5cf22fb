//go:build interop

package browser_test

import (
	"slices"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const newPassword = "N3w-passw0rd"

func TestForgottenPassword(t *testing.T) {
	w := startSite(t, setup{users: []cognitolocal.User{withPhone()}, page: "password_rules 8 lower upper digit symbol"})
	p := w.visitor()
	p.visit("/orders")
	p.follow("Forgot your password?")
	p.sees("forgot", "Reset your password", 200)
	p.fill("Username", "jo")
	p.press("Send code")
	p.sees("reset", "Choose a new password", 200)
	p.fill("Code", "000000")
	p.fill("New password", newPassword)
	p.press("Save the password")
	p.sees("wrong-code", "Choose a new password", 422)
	p.blames("That code is not right or has expired.", "f-code")
	sent := len(w.pool.Outbox())
	p.press("Send a new code")
	p.sees("sent-again", "Choose a new password", 200)
	if got := len(w.pool.Outbox()); got != sent+1 {
		t.Errorf("expected another message, got %d after %d", got, sent)
	}
	p.fill("Code", w.pool.LastCode("jo"))
	p.fill("New password", newPassword)
	p.press("Save the password")
	p.sees("saved", "Sign in", 200)
	p.fill("Password", newPassword)
	p.press("Sign in")
	p.isSignedIn("jo", "/orders")
}

func TestPasswordThatMustBeReset(t *testing.T) {
	user := withPhone()
	user.Status = cognitolocal.ResetRequired
	w := startSite(t, setup{users: []cognitolocal.User{user}})
	p := w.visitor()
	p.signIn("jo")
	p.sees("must-reset", "Choose a new password", 422)
	p.fill("Code", w.pool.LastCode("jo"))
	p.fill("New password", newPassword)
	p.press("Save the password")
	p.fill("Password", newPassword)
	p.press("Sign in")
	p.isSignedIn("jo", "/orders?page=2")
}

func TestUnconfirmedAccount(t *testing.T) {
	user := withPhone()
	user.Status = cognitolocal.Unconfirmed
	w := startSite(t, setup{users: []cognitolocal.User{user}, page: "sign_up email"})
	p := w.visitor()
	p.signIn("jo")
	p.sees("unconfirmed", "Confirm your account", 422)
	p.blames("Your account is not confirmed yet.", "")
	p.press("Send a new code")
	p.sees("sent-again", "Confirm your account", 200)
	p.fill("Code", w.pool.LastCode("jo"))
	p.press("Continue")
	p.sees("confirmed", "Sign in", 200)
	p.fill("Password", password)
	p.press("Sign in")
	p.isSignedIn("jo", "/orders?page=2")
}

func TestSignUp(t *testing.T) {
	w := startSite(t, setup{page: "sign_up email given_name\npassword_rules 8 lower upper digit symbol"})
	p := w.visitor()
	p.visit("/orders")
	p.follow("Create an account")
	p.sees("sign-up", "Create an account", 200)
	p.fill("Username", "mo")
	p.fill("Email address", "mo@example.org")
	p.fill("First name", "Mo")
	p.fill("Password", "weak")
	p.press("Create the account")
	p.sees("weak", "Create an account", 422)
	p.fill("Password", newPassword)
	p.press("Create the account")
	p.sees("confirm", "Confirm your account", 200)
	p.fill("Code", "000000")
	p.press("Continue")
	p.sees("wrong-code", "Confirm your account", 422)
	p.fill("Code", w.pool.LastCode("mo"))
	p.press("Continue")
	p.sees("confirmed", "Sign in", 200)
	p.fill("Password", newPassword)
	p.press("Sign in")
	p.isSignedIn("mo", "/orders")
}

func TestSignUpGoesOnByALink(t *testing.T) {
	user := withPhone()
	user.Status = cognitolocal.Unconfirmed
	w := startSite(t, setup{users: []cognitolocal.User{user}, page: "sign_up email"})
	first := w.visitor()
	first.signIn("jo")
	first.press("Send a new code")
	p := w.visitor()
	p.visit("/orders")
	p.follow("Create an account")
	p.follow("I already have a code")
	p.sees("by-a-link", "Confirm your account", 200)
	p.fill("Username", "jo")
	p.fill("Code", w.pool.LastCode("jo"))
	p.press("Continue")
	p.sees("confirmed", "Sign in", 200)
}

func TestSignOut(t *testing.T) {
	w := startSite(t, setup{})
	p := w.visitor()
	p.signIn("jo")
	p.visit("/_cognito/sign-out") // as if another site had sent the visitor there
	p.sees("ask", "Sign out?", 200)
	p.follow("Stay signed in")
	p.isSignedIn("jo", "/")
	p.follow("Leave")
	p.sees("signed-out", "You are signed out", 200)
	if names := p.cookieNames(); slices.Contains(names, "__Host-cognito-main") {
		t.Errorf("expected no session, got the cookies %q", names)
	}
	p.follow("Sign in again")
	p.sees("again", "Sign in", 200)
	p.visit("/orders")
	p.sees("protected", "Sign in", 200)
}

func TestSignOutByAForm(t *testing.T) {
	w := startSite(t, setup{})
	p := w.visitor()
	p.signIn("jo")
	p.press("Sign out")
	p.sees("signed-out", "You are signed out", 200)
}

func TestRememberedDevice(t *testing.T) {
	w := startSite(t, setup{
		signIn: cognitolocal.SignIn{MFA: cognitolocal.MFAOptional, Devices: cognitolocal.DevicesOptIn, DevicesSkipMFA: true},
		users:  []cognitolocal.User{withPhone(cognitolocal.SMSMFA)},
	})
	p := w.visitor()
	p.signIn("jo")
	p.typing(w.pool.LastCode("jo"))
	p.press("Continue")
	p.sees("ask", "Remember this device?", 200)
	p.press("Yes, remember it")
	p.isSignedIn("jo", "/orders?page=2")
	p.press("Sign out")
	p.signIn("jo")
	p.isSignedIn("jo", "/orders?page=2") // without a code
}

func TestDeviceThatIsNotToBeRemembered(t *testing.T) {
	w := startSite(t, setup{
		signIn: cognitolocal.SignIn{MFA: cognitolocal.MFAOptional, Devices: cognitolocal.DevicesOptIn, DevicesSkipMFA: true},
		users:  []cognitolocal.User{withPhone(cognitolocal.SMSMFA)},
	})
	p := w.visitor()
	p.signIn("jo")
	p.typing(w.pool.LastCode("jo"))
	p.press("Continue")
	p.press("No")
	p.isSignedIn("jo", "/orders?page=2")
	p.press("Sign out")
	p.signIn("jo")
	p.sees("code", "Enter your code", 200)
}
