package cognitolocal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const code = "authentication_code"

// hostedUser is a world with the settings and one more user, at the page after
// the password.
func hostedUser(t *testing.T, settings cognitolocal.SignIn, u cognitolocal.User) (*world, *browser, page) {
	t.Helper()
	w := newHosted(t)
	noError(t, w.Pool().SetSignIn(settings))
	u.Username, u.Password = "kit", password
	w.user(t, u)
	b := w.browser(t)
	return w, b, b.signIn(t, b.authorize(t), "kit", password)
}

// mfaUser is hostedUser for somebody with these second factors.
func mfaUser(t *testing.T, factors ...string) (*world, *browser, page) {
	t.Helper()
	return hostedUser(t, cognitolocal.SignIn{MFA: cognitolocal.MFAOptional}, cognitolocal.User{
		MFA: factors, TOTPSecret: seed,
		Attributes: map[string]string{"phone_number": phone, "email": "kit@example.org"},
	})
}

// at fails the test unless this page is shown, without a session of the browser.
func (p page) at(t *testing.T, heading string) page {
	t.Helper()
	if p.status != http.StatusOK || p.heading() != heading || strings.Contains(p.header.Get("Set-Cookie"), "cognito=") {
		t.Fatalf("expected the page %q, got %d %q %q", heading, p.status, p.heading(), p.error())
	}
	return p
}

// done exchanges the code and returns the claims of the ID token.
func (p page) done(t *testing.T, w *world) map[string]any {
	t.Helper()
	a := w.exchange(t, p.query(t).Get("code"))
	if a.status != http.StatusOK {
		t.Fatalf("expected tokens, got %d %s", a.status, a.body)
	}
	return claims(t, a.text("id_token"))
}

const (
	signInPage      = "Sign in"
	newPasswordPage = "Change your password"
	codePage        = "Confirm your sign-in"
	selectPage      = "Choose how to confirm your sign-in"
	setupPage       = "Set up a second factor"
)

func TestHostedCodes(t *testing.T) {
	tests := map[string]struct{ factor, purpose, to string }{
		"by text message":  {cognitolocal.SMSMFA, "SMS_MFA", "+*******1234"},
		"by e-mail":        {cognitolocal.EmailMFA, "EMAIL_OTP", "k***@e***"},
		"of the app":       {cognitolocal.SoftwareTokenMFA, "", ""},
		"by other e-mail":  {cognitolocal.EmailMFA, "EMAIL_MFA", "k***@e***"},
		"after a choice":   {"", "SMS_MFA", "+*******1234"},
		"of the preferred": {"preferred", "EMAIL_OTP", "k***@e***"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			factors := []string{tt.factor}
			if tt.factor == "" || tt.factor == "preferred" {
				factors = []string{cognitolocal.SMSMFA, cognitolocal.SoftwareTokenMFA, cognitolocal.EmailMFA}
			}
			w, b, p := mfaUser(t, factors...)
			switch {
			case tt.purpose == "EMAIL_MFA":
				w.Pool().SetVariants(cognitolocal.Variants{EmailMFA: true})
				p = b.signIn(t, b.authorize(t), "kit", password)
			case tt.factor == "preferred":
				noError(t, w.Pool().SetMFA("kit", cognitolocal.EmailMFA, factors...))
				p = b.signIn(t, b.authorize(t), "kit", password)
			case tt.factor == "":
				p = b.submit(t, p.at(t, selectPage), "mfa_type", "SMS_MFA")
			}
			p.at(t, codePage)
			sent, _ := w.Pool().LastMessage("kit")
			if first(sentTo, p) != tt.to || sent.Purpose != tt.purpose {
				t.Errorf("expected a code to %q for %q, got %q, %q", tt.to, tt.purpose, first(sentTo, p), sent.Purpose)
			}
			answer := sent.Code
			if tt.factor == cognitolocal.SoftwareTokenMFA {
				answer = codeAt(t, seed, w.clock.Now())
			}
			p = b.submit(t, p, code, otherCode(answer)).at(t, codePage)
			if p.error() == "" {
				t.Error("expected a complaint about the code")
			}
			if got := b.submit(t, p, code, answer).done(t, w)["cognito:username"]; got != "kit" {
				t.Errorf("expected tokens of kit, got %v", got)
			}
			if b.authorize(t).query(t).Get("code") == "" {
				t.Error("expected the browser to be signed in")
			}
		})
	}
}

func TestHostedNewPassword(t *testing.T) {
	w, b, p := hostedUser(t, cognitolocal.SignIn{RequiredAttributes: []string{"email", "name", "birthdate"}}, cognitolocal.User{
		Status: cognitolocal.ForceChangePassword, Attributes: map[string]string{"email": "kit@example.org"},
	})
	fill := func(p page, password, confirm string) page {
		return b.submit(t, p.at(t, newPasswordPage), "new_password", password, "confirm_password", confirm,
			"requiredAttributes[name]", "Kit", "requiredAttributes[birthdate]", "2000-01-01")
	}
	if strings.Contains(p.body, "requiredAttributes[email]") {
		t.Error("expected no question about what is known")
	}
	for _, tt := range []struct{ password, confirm, want string }{
		{"short", "short", "Password did not conform with policy: Password not long enough"},
		{newPass, newPass + "x", "The passwords do not match."},
	} {
		if p = fill(p, tt.password, tt.confirm); p.error() != tt.want {
			t.Errorf("expected %q, got %q", tt.want, p.error())
		}
	}
	fill(p, newPass, newPass).done(t, w)
	if u, _ := w.Pool().User("kit"); u.Attributes["name"] != "Kit" || u.Attributes["birthdate"] != "2000-01-01" {
		t.Errorf("expected the attributes to be kept, got %v", u.Attributes)
	}
	b = w.browser(t)
	b.signIn(t, b.authorize(t), "kit", newPass).done(t, w)
}

func TestHostedNewPasswordBeforeASecondFactor(t *testing.T) {
	w, b, p := hostedUser(t, cognitolocal.SignIn{MFA: cognitolocal.MFARequired}, cognitolocal.User{
		Status: cognitolocal.ForceChangePassword, Attributes: map[string]string{"phone_number": phone},
	})
	p = b.submit(t, p.at(t, newPasswordPage), "new_password", newPass, "confirm_password", newPass)
	b.submit(t, p.at(t, codePage), code, w.Pool().LastCode("kit")).done(t, w)
}

func TestHostedTemporaryPasswordThatHasExpired(t *testing.T) {
	_, _, p := hostedUser(t, cognitolocal.SignIn{}, cognitolocal.User{
		Status: cognitolocal.ForceChangePassword, PasswordExpires: time.Unix(1_789_999_999, 0),
	})
	if got := p.at(t, signInPage).error(); !strings.HasPrefix(got, "Temporary password has expired") {
		t.Errorf("expected the end of the password, got %q", got)
	}
}

func TestHostedSetup(t *testing.T) {
	required := cognitolocal.SignIn{MFA: cognitolocal.MFARequired}
	t.Run("of an authenticator app", func(t *testing.T) {
		w, b, p := hostedUser(t, required, cognitolocal.User{})
		secret := first(shownSecret, p.at(t, setupPage))
		p = b.submit(t, p, code, otherCode(codeAt(t, secret, w.clock.Now()))).at(t, setupPage)
		if p.error() == "" || first(shownSecret, p) != secret {
			t.Errorf("expected a complaint and the same secret, got %q", p.error())
		}
		b.submit(t, p, code, codeAt(t, secret, w.clock.Now())).done(t, w)
		w.clock.Advance(time.Minute)
		b = w.browser(t)
		p = b.signIn(t, b.authorize(t), "kit", password).at(t, codePage)
		b.submit(t, p, code, codeAt(t, secret, w.clock.Now())).done(t, w)
	})
	t.Run("of an app, with three wrong codes", func(t *testing.T) {
		w, b, p := hostedUser(t, required, cognitolocal.User{})
		wrong := otherCode(codeAt(t, first(shownSecret, p), w.clock.Now()))
		for range 2 {
			p = b.submit(t, p, code, wrong).at(t, setupPage)
		}
		if got := b.submit(t, p, code, wrong).at(t, signInPage).error(); got != "Code mismatch" {
			t.Errorf("expected the end, got %q", got)
		}
	})
	t.Run("of nothing, since a number cannot be set up here", func(t *testing.T) {
		_, _, p := hostedUser(t, cognitolocal.SignIn{MFA: cognitolocal.MFARequired, MFATypes: []string{cognitolocal.SMSMFA}}, cognitolocal.User{})
		if got := p.at(t, setupPage).error(); got == "" || strings.Contains(p.body, "<form") {
			t.Errorf("expected a page without a form, got %q", p.body)
		}
	})
	t.Run("of an app, with one more code", func(t *testing.T) {
		w, b, p := hostedUser(t, required, cognitolocal.User{})
		w.Pool().SetVariants(cognitolocal.Variants{CodeAfterSetup: true})
		p = b.submit(t, p, code, codeAt(t, first(shownSecret, p), w.clock.Now())).at(t, codePage)
		again, err := w.Pool().CurrentTOTP("kit")
		noError(t, err)
		b.submit(t, p, code, again).done(t, w)
	})
	t.Run("of an e-mail address", func(t *testing.T) {
		w, b, p := hostedUser(t, required, cognitolocal.User{})
		p = b.submit(t, p.at(t, setupPage), "email", "kit@example.org").at(t, codePage)
		if got := b.submit(t, p, code, w.Pool().LastCode("kit")).done(t, w)["email_verified"]; got != true {
			t.Errorf("expected a verified address, got %v", got)
		}
	})
}

// TestHostedStepsThatEnd go back to the sign-in page, and sign nobody in.
func TestHostedStepsThatEnd(t *testing.T) {
	tests := []struct {
		name, want string
		submit     func(*testing.T, *world, *browser, page) page
	}{
		{"after three wrong codes", "Invalid code or auth state for the user.", func(t *testing.T, w *world, b *browser, p page) page {
			wrong := otherCode(w.Pool().LastCode("kit"))
			for range 2 {
				p = b.submit(t, p, code, wrong).at(t, codePage)
			}
			return b.submit(t, p, code, wrong)
		}},
		{"after three minutes", expiredSession, func(t *testing.T, w *world, b *browser, p page) page {
			w.clock.Advance(3 * time.Minute)
			return b.submit(t, p, code, w.Pool().LastCode("kit"))
		}},
		{"when the page is used twice", spentSession, func(t *testing.T, w *world, b *browser, p page) page {
			b.submit(t, p, code, w.Pool().LastCode("kit")).query(t)
			return b.submit(t, p, code, w.Pool().LastCode("kit"))
		}},
		{"when the user was disabled", "User is disabled.", func(t *testing.T, w *world, b *browser, p page) page {
			noError(t, w.Pool().SetDisabled("kit", true))
			return b.submit(t, p, code, w.Pool().LastCode("kit"))
		}},
		{"with an invented session", invalidSession, func(t *testing.T, _ *world, b *browser, p page) page {
			p.body = strings.Replace(p.body, `name="session" value="`, `name="session" value="x`, 1)
			return b.submit(t, p, code, "001234")
		}},
		{"with the session of another client", invalidSession, func(t *testing.T, w *world, b *browser, p page) page {
			p.body = strings.ReplaceAll(p.body, oauthClient, confidential)
			return b.submit(t, p, code, w.Pool().LastCode("kit"))
		}},
		{"with a Session of the API", invalidSession, func(t *testing.T, w *world, b *browser, p page) page {
			w.change(t, cognitolocal.Client{ID: oauthClient, OAuthScopes: []string{"openid", "email"}, AuthFlows: []string{cognitolocal.AllowUserPasswordAuth}})
			a, err := w.begin(t, "USER_PASSWORD_AUTH", oauthClient, "USERNAME", "kit", "PASSWORD", password)
			noError(t, err)
			return b.submit(t, p, "session", a.is(t, "SMS_MFA").Session, code, w.Pool().LastCode("kit"))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, b, p := mfaUser(t, cognitolocal.SMSMFA)
			if p = tt.submit(t, w, b, p).at(t, signInPage); p.error() != tt.want {
				t.Errorf("expected %q, got %q", tt.want, p.error())
			}
		})
	}
}

func TestHostedSessionIsNoneOfTheAPI(t *testing.T) {
	w, b, p := mfaUser(t, cognitolocal.SMSMFA)
	session := first(hiddenSession, p)
	_, err := w.respond(t, oauthClient, "SMS_MFA", session, "USERNAME", "kit", "SMS_MFA_CODE", w.Pool().LastCode("kit"))
	wantCode(t, err, notAuthorized, invalidSession)
	b.submit(t, p, code, w.Pool().LastCode("kit")).done(t, w)
}

func TestHostedStepNeedsTheFormOfThisSite(t *testing.T) {
	w, _, p := mfaUser(t, cognitolocal.SMSMFA)
	p = w.browser(t).submit(t, p, code, w.Pool().LastCode("kit"))
	if p.status != http.StatusForbidden {
		t.Errorf("expected 403 for another browser, got %d", p.status)
	}
}
