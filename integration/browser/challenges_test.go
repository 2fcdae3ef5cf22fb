//go:build interop

package browser_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

var secondFactors = cognitolocal.SignIn{MFA: cognitolocal.MFAOptional}

func TestCodesAsSecondFactor(t *testing.T) {
	for _, row := range []struct{ name, factor, says string }{
		{"by text message", cognitolocal.SMSMFA, "as a text message to +"},
		{"by email", cognitolocal.EmailMFA, "by email to j"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := startSite(t, setup{signIn: secondFactors, users: []cognitolocal.User{withPhone(row.factor)}})
			p := w.visitor()
			p.signIn("jo")
			p.sees("code", "Enter your code", 200)
			p.finds(row.says)
			p.typing("000000") // the code has the focus
			p.enter()
			p.sees("wrong-code", "Enter your code", 422)
			p.blames("That code is not right or has expired.", "f-code")
			code := w.pool.LastCode("jo")
			p.fill("Code", code[:3]+" "+code[3:])
			p.enter()
			p.isSignedIn("jo", "/orders?page=2")
		})
	}
}

func TestAuthenticatorApp(t *testing.T) {
	user := withPhone(cognitolocal.SoftwareTokenMFA)
	user.TOTPSecret = cognitolocal.NewTOTPSecret()
	w := startSite(t, setup{signIn: secondFactors, users: []cognitolocal.User{user}})
	p := w.visitor()
	p.signIn("jo")
	p.sees("app-code", "Enter the code from your app", 200)
	p.typing(w.code("jo"))
	p.press("Continue")
	p.isSignedIn("jo", "/orders?page=2")
}

// code is what the authenticator app of a user shows.
func (w *site) code(user string) string {
	w.Helper()
	code, err := w.pool.CurrentTOTP(user)
	check(w.T, err)
	return code
}

func TestChoosingASecondFactor(t *testing.T) {
	user := withPhone(cognitolocal.SMSMFA, cognitolocal.SoftwareTokenMFA)
	user.TOTPSecret = cognitolocal.NewTOTPSecret()
	w := startSite(t, setup{signIn: secondFactors, users: []cognitolocal.User{user}})
	p := w.visitor()
	p.signIn("jo")
	p.sees("choice", "Choose a verification method", 200)
	p.choose("Authenticator app")
	p.press("Continue")
	p.sees("app-code", "Enter the code from your app", 200)
	p.typing(w.code("jo"))
	p.enter()
	p.isSignedIn("jo", "/orders?page=2")
}

func TestSettingAnAuthenticatorAppUp(t *testing.T) {
	w := startSite(t, setup{
		signIn: cognitolocal.SignIn{MFA: cognitolocal.MFARequired, MFATypes: []string{cognitolocal.SoftwareTokenMFA}},
		page:   `title "Example Orders"`,
	})
	p := w.visitor()
	p.signIn("jo")
	p.sees("setup", "Set up an authenticator app", 200)
	if link := js[string](p, `document.querySelector(".setup a").href`); !strings.HasPrefix(link, "otpauth://totp/") {
		t.Errorf("expected a link for the app, got %q", link)
	}
	secret := strings.ReplaceAll(p.text(".key"), " ", "")
	p.fill("Code", "000000")
	p.press("Continue")
	p.sees("wrong-code", "Set up an authenticator app", 422)
	if again := strings.ReplaceAll(p.text(".key"), " ", ""); again != secret {
		t.Errorf("expected the same key %q, got %q", secret, again)
	}
	code, err := cognitolocal.TOTP(secret, time.Now())
	check(t, err)
	p.fill("Code", code)
	p.press("Continue")
	p.isSignedIn("jo", "/orders?page=2")
}

func TestChoosingWhatToSetUp(t *testing.T) {
	w := startSite(t, setup{signIn: cognitolocal.SignIn{
		MFA: cognitolocal.MFARequired, MFATypes: []string{cognitolocal.SoftwareTokenMFA, cognitolocal.EmailMFA},
	}})
	p := w.visitor()
	p.signIn("jo")
	p.sees("choice", "Secure your account", 200)
	p.choose("Code by email")
	p.press("Continue")
	p.sees("address", "Add your email address", 200)
	p.fill("Email address", "jo@example.org")
	p.press("Continue")
	p.sees("code", "Enter your code", 200)
	p.typing(w.pool.LastCode("jo"))
	p.press("Continue")
	p.isSignedIn("jo", "/orders?page=2")
}

func TestReplacingATemporaryPassword(t *testing.T) {
	w := startSite(t, setup{
		signIn: cognitolocal.SignIn{RequiredAttributes: []string{"name", "birthdate"}},
		users:  []cognitolocal.User{{Username: "jo", Status: cognitolocal.ForceChangePassword}},
		page:   "password_rules 8 lower upper digit symbol",
	})
	p := w.visitor()
	p.signIn("jo")
	p.sees("new-password", "Choose a new password", 200)
	p.fill("Full name", "Jo Doe")
	p.do(typeDate("#f-attribute-birthdate", "05171990"))
	p.fill("New password", "short")
	p.press("Continue")
	p.sees("rules", "Choose a new password", 422)
	p.blames("The password is too short.", "f-new_password")
	p.fill("New password", "Longer-passw0rd")
	p.press("Continue")
	p.isSignedIn("jo", "/orders?page=2")
	if user, _ := w.pool.User("jo"); user.Attributes["birthdate"] != "1990-05-17" || user.Attributes["name"] != "Jo Doe" {
		t.Errorf("expected the attributes, got %v", user.Attributes)
	}
}

// onePixel is an image that a trigger sends along.
const onePixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

func TestCustomChallenges(t *testing.T) {
	templates := t.TempDir()
	check(t, os.MkdirAll(filepath.Join(templates, "custom"), 0o755))
	check(t, os.WriteFile(filepath.Join(templates, "custom", "puzzle.html"), []byte(puzzle), 0o644))
	w := startSite(t, setup{
		signIn: cognitolocal.SignIn{CustomAuth: &cognitolocal.CustomAuth{Tries: 5, Rounds: []cognitolocal.CustomRound{
			{Parameters: map[string]string{"question": "What was the name of your first pet?"}, Answer: "Rex"},
			{Parameters: map[string]string{"captchaUrl": onePixel}, Answer: "pixel"},
			{Parameters: map[string]string{"template": "puzzle", "a": "20", "b": "22"}, Answer: "42"},
		}}},
		page: "flow CUSTOM_AUTH\npasswordless\ntemplates " + templates,
	})
	p := w.visitor()
	p.visit("/orders")
	p.sees("identify", "Sign in", 200)
	p.fill("Username", "jo")
	p.enter()
	p.sees("question", "One more step", 200)
	p.typing("Max")
	p.enter()
	p.sees("wrong-answer", "One more step", 200)
	p.fill("What was the name of your first pet?", "Rex")
	p.enter()
	p.sees("image", "One more step", 200)
	if width := js[int](p, `document.querySelector("img.question").naturalWidth`); width != 1 {
		t.Errorf("expected the image to be loaded, got a width of %d", width)
	}
	p.typing("pixel")
	p.enter()
	p.sees("puzzle", "A small sum", 200)
	p.finds("20 + 22")
	p.fill("Your answer", "42")
	p.press("Continue")
	p.isSignedIn("jo", "/orders")
}

// puzzle is a template of an operator.
const puzzle = `<h1>A small sum</h1>
<p>What is {{.Parameters.a}} + {{.Parameters.b}}?</p>
{{template "form.html" .Form}}
`

func TestCustomChallengeAfterAPassword(t *testing.T) {
	w := startSite(t, setup{
		signIn: cognitolocal.SignIn{CustomAuth: &cognitolocal.CustomAuth{PasswordFirst: true, Tries: 1, Rounds: []cognitolocal.CustomRound{
			{Parameters: map[string]string{"question": "Which animal?"}, Answer: "Cat"},
		}}},
		page: "flow CUSTOM_AUTH",
	})
	p := w.visitor()
	p.signIn("jo")
	p.sees("question", "One more step", 200)
	p.typing("Dog")
	p.enter()
	p.sees("refused", "Sign in", 422)
	p.fill("Password", password)
	p.press("Sign in")
	p.typing("Cat")
	p.enter()
	p.isSignedIn("jo", "/orders?page=2")
}
