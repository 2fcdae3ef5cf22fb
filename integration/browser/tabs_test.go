//go:build interop

package browser_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestTwoTabsAtDifferentSteps(t *testing.T) {
	w := startSite(t, setup{signIn: secondFactors, users: []cognitolocal.User{withPhone(cognitolocal.SMSMFA)}})
	first := w.visitor()
	second := first.another()
	first.signIn("jo")
	code := w.pool.LastCode("jo")
	second.visit("/other")
	second.fill("Username", "jo")
	second.fill("Password", password)
	second.press("Sign in")
	first.typing(code)
	first.enter()
	first.isSignedIn("jo", "/orders?page=2")
	second.typing(w.pool.LastCode("jo"))
	second.enter()
	second.isSignedIn("jo", "/other")
	first.load(chromedp.Reload())
	first.isSignedIn("jo", "/orders?page=2")
	second.load(chromedp.Reload())
	second.isSignedIn("jo", "/other")
	second.press("Sign out")
	first.load(chromedp.Reload())
	first.sees("signed-out-elsewhere", "Sign in", 200)
}

// Back leads to the page before, which works once more.
func TestBackAfterAStep(t *testing.T) {
	w := startSite(t, setup{signIn: secondFactors, users: []cognitolocal.User{withPhone(cognitolocal.SMSMFA)}})
	p := w.visitor()
	p.signIn("jo")
	p.sees("code", "Enter your code", 200)
	p.back("Sign in")
	p.fill("Username", "jo")
	p.fill("Password", password)
	p.press("Sign in")
	p.sees("code-again", "Enter your code", 200)
	p.typing(w.pool.LastCode("jo"))
	p.enter()
	p.isSignedIn("jo", "/orders?page=2")
}

// Reloading the page after a form sends the form again.
func TestReloadAfterAStep(t *testing.T) {
	w := startSite(t, setup{signIn: secondFactors, users: []cognitolocal.User{withPhone(cognitolocal.SMSMFA)}})
	p := w.visitor()
	p.signIn("jo")
	p.load(chromedp.Reload())
	p.sees("code", "Enter your code", 200)
	p.typing(w.pool.LastCode("jo"))
	p.enter()
	p.isSignedIn("jo", "/orders?page=2")
	p.load(chromedp.Reload())
	p.isSignedIn("jo", "/orders?page=2")
}

// Who is signed in and goes back gets no step that can be done twice: browsers
// keep nothing of it, and ask whether to send the form again.
func TestBackAfterSignIn(t *testing.T) {
	w := startSite(t, setup{signIn: secondFactors, users: []cognitolocal.User{withPhone(cognitolocal.SMSMFA)}})
	p := w.visitor()
	p.signIn("jo")
	p.typing(w.pool.LastCode("jo"))
	p.enter()
	p.isSignedIn("jo", "/orders?page=2")
	p.back("Confirm Form Resubmission")
	p.visit("/orders")
	p.isSignedIn("jo", "/orders")
}

func TestWithoutScripts(t *testing.T) {
	user := withPhone(cognitolocal.SMSMFA, cognitolocal.SoftwareTokenMFA)
	user.TOTPSecret = cognitolocal.NewTOTPSecret()
	w := startSite(t, setup{signIn: secondFactors, users: []cognitolocal.User{user}})
	p := w.visitor()
	p.scripts = false
	p.do(emulation.SetScriptExecutionDisabled(true))
	p.visit("/orders?page=2")
	p.sees("sign-in", "Sign in", 200)
	p.fill("Username", "jo")
	p.fill("Password", "wrong")
	p.enter()
	p.sees("wrong-password", "Sign in", 422)
	p.fill("Password", password)
	p.enter()
	p.sees("choice", "Choose a verification method", 200)
	p.choose("Authenticator app")
	p.press("Continue")
	p.sees("code", "Enter the code from your app", 200)
	p.typing(w.code("jo"))
	p.enter()
	p.isSignedIn("jo", "/orders?page=2")
	p.press("Sign out")
	p.sees("signed-out", "You are signed out", 200)
}

func TestForgottenPasswordWithoutScripts(t *testing.T) {
	w := startSite(t, setup{users: []cognitolocal.User{withPhone()}})
	p := w.visitor()
	p.scripts = false
	p.do(emulation.SetScriptExecutionDisabled(true))
	p.visit("/orders")
	p.follow("Forgot your password?")
	p.fill("Username", "jo")
	p.press("Send code")
	p.fill("Code", w.pool.LastCode("jo"))
	p.fill("New password", newPassword)
	p.press("Save the password")
	p.fill("Password", newPassword)
	p.press("Sign in")
	p.isSignedIn("jo", "/orders")
}

func TestPasskeyWithoutScripts(t *testing.T) {
	w := startSite(t, byChoice("preferred WEB_AUTHN"))
	w.passkey("jo")
	p := w.visitor()
	p.scripts = false
	p.do(emulation.SetScriptExecutionDisabled(true))
	p.visit("/orders")
	p.fill("Username", "jo")
	p.enter()
	p.sees("passkey", "Use your passkey", 200)
	p.finds("Passkeys need JavaScript")
	p.follow("Sign in another way")
	p.fill("Username", "jo")
	p.enter()
	p.choose("Password")
	p.press("Continue")
	p.typing(password)
	p.press("Sign in")
	p.isSignedIn("jo", "/orders")
}
