package page_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// paths are those of the handler.
var paths = page.Paths{
	Submit: "/_cognito/sign-in", Resend: "/_cognito/resend", SignIn: "/_cognito/sign-in", ForgotPassword: "/_cognito/forgot",
	SignUp: "/_cognito/sign-up", ConfirmSignUp: "/_cognito/confirm", Restart: "/_cognito/sign-in?restart",
	Another: "/_cognito/sign-in?another", Language: "/_cognito/sign-in?flow=1",
}

var providers = []page.Provider{
	{Name: "Google", URL: "/_cognito/sign-in?identity_provider=Google"},
	{Name: "Example Corporation (SAML)", URL: "/_cognito/sign-in?identity_provider=example"},
}

// view is what all states have.
func view(kind page.Kind) page.View {
	return page.View{
		Kind: kind, Paths: paths, Return: "/orders/7", RequestID: "req-4f1c", Providers: providers, Language: "en",
		Hidden: []page.Hidden{{Name: "csrf", Value: "t0ken"}, {Name: "flow", Value: "f10w"}},
	}
}

func challenge(name string, ch signin.Challenge) page.View {
	v := view(page.Challenge)
	v.Challenge, v.Username, v.Minutes = ch, "jo@example.com", 3
	v.Challenge.Name = name
	return v
}

func with(v page.View, change func(*page.View)) page.View {
	change(&v)
	return v
}

func withProblem(v page.View, reason, detail, text string) page.View {
	v.Problem = page.Problem{Reason: reason, Detail: detail, Text: text}
	return v
}

const (
	totpSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSW"
	options    = `{"challenge":"q83vEjRWeJA","rpId":"example.com","allowCredentials":[{"type":"public-key","id":"AQID"}],"userVerification":"preferred"}`
)

// captcha is an image of stripes.
var captcha = func() string {
	stripes := image.NewPaletted(image.Rect(0, 0, 160, 48), color.Palette{color.White, color.Black})
	for i := range stripes.Pix {
		stripes.Pix[i] = uint8(i / 8 % 2)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, stripes); err != nil {
		panic(err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}()

var withCode = []signin.Field{signin.FieldCode}

// states are all the pages that there are, and those that differ from them.
func states() map[string]page.View {
	all := map[string]page.View{}
	for _, kind := range []page.Kind{
		page.SignIn, page.Identify, page.ForgotPassword, page.ResetPassword, page.SignUp, page.ConfirmSignUp,
		page.RememberDevice, page.SignOut, page.SignedIn, page.SignedOut, page.ExpiredStep, page.CookieBlocked, page.CookieTooBig, page.Loop,
		page.Unavailable, page.WrongLink, page.Denied, page.UnknownChallenge, page.Misconfigured,
	} {
		all[string(kind)] = view(kind)
	}
	maps.Copy(all, challengeStates())
	maps.Copy(all, problemStates())
	all["sign_up"] = with(all["sign_up"], func(v *page.View) {
		v.Attributes = []string{"email", "given_name", "phone_number", "custom:cost_center"}
		v.Values = map[string]string{"given_name": "Jo"}
	})
	all["reset_password"] = with(all["reset_password"], func(v *page.View) { v.Username, v.Minutes = "jo@example.com", 60 })
	all["confirm_sign_up_known"] = with(all["confirm_sign_up"], func(v *page.View) { v.Username = "jo@example.com" })
	all["loop_cookie_blocked"] = with(all["loop"], func(v *page.View) { v.Cause = page.CauseCookieBlocked })
	all["sign_in_confirmed"] = with(all["sign_in"], func(v *page.View) { v.Done, v.Username = page.AccountConfirmed, "jo@example.com" })
	all["identify_password_saved"] = with(all["identify"], func(v *page.View) { v.Done, v.Username = page.PasswordSaved, "jo@example.com" })
	all["sign_in_alone"] = page.View{Kind: page.SignIn, Paths: page.Paths{Submit: "/in"}}
	all["sign_in_german"] = with(withProblem(all["sign_in"], "bad_credentials", "", ""), func(v *page.View) { v.Language = "de" })
	all["sign_in_mirrored"] = with(withProblem(all["sign_in"], "bad_credentials", "", ""), func(v *page.View) { v.Language = "ar" })
	all["mfa_setup_app_mirrored"] = with(all["mfa_setup_app"], func(v *page.View) { v.Language = "ar" })
	all["mfa_setup_app_japanese"] = with(all["mfa_setup_app"], func(v *page.View) { v.Language = "ja" })
	return all
}

func challengeStates() map[string]page.View {
	mfas := []string{signin.SMSMFA, signin.SoftwareTokenMFA, signin.EmailOTP}
	ways := []string{signin.Password, signin.PasswordSRP, signin.EmailOTP, signin.SMSOTP, signin.WebAuthn}
	return map[string]page.View{
		"sms_mfa":               challenge(signin.SMSMFA, signin.Challenge{Needs: withCode, Medium: "SMS", Destination: "+*******1234"}),
		"sms_otp":               challenge(signin.SMSOTP, signin.Challenge{Needs: withCode, Medium: "SMS"}),
		"email_otp":             challenge(signin.EmailOTP, signin.Challenge{Needs: withCode, Medium: "EMAIL", Destination: "j***@e***"}),
		"email_mfa":             challenge(signin.EmailMFA, signin.Challenge{Needs: withCode, Medium: "EMAIL"}),
		"software_token_mfa":    challenge(signin.SoftwareTokenMFA, signin.Challenge{Needs: withCode, DeviceName: "Jo's phone"}),
		"select_mfa_type":       challenge(signin.SelectMFAType, signin.Challenge{Choices: mfas}),
		"mfa_setup":             challenge(signin.MFASetup, signin.Challenge{Choices: mfas[1:]}),
		"mfa_setup_app":         challenge(signin.MFASetup, signin.Challenge{Needs: withCode, Secret: totpSecret}),
		"mfa_setup_email":       challenge(signin.MFASetup, signin.Challenge{Needs: []signin.Field{signin.FieldAttributes}, Attributes: []string{"email"}}),
		"new_password_required": challenge(signin.NewPasswordRequired, signin.Challenge{Attributes: []string{"name", "email", "phone_number", "birthdate", "website", "custom:badge"}}),
		"new_password_alone":    challenge(signin.NewPasswordRequired, signin.Challenge{}),
		"custom_question":       challenge(signin.CustomChallenge, signin.Challenge{Parameters: map[string]string{"question": "What was the name of your first pet?"}}),
		"custom_captcha":        challenge(signin.CustomChallenge, signin.Challenge{Parameters: map[string]string{"captchaUrl": captcha}}),
		"custom_template":       challenge(signin.CustomChallenge, signin.Challenge{Parameters: map[string]string{"template": "puzzle", "sitekey": "<k>"}}),
		"custom_lost":           challenge(signin.CustomChallenge, signin.Challenge{Partial: true}),
		"select_challenge":      challenge(signin.SelectChallenge, signin.Challenge{Choices: ways}),
		"password":              challenge(signin.Password, signin.Challenge{}),
		"password_srp":          challenge(signin.PasswordSRP, signin.Challenge{}),
		"web_authn":             challenge(signin.WebAuthn, signin.Challenge{Options: options}),
		"web_authn_lost":        challenge(signin.WebAuthn, signin.Challenge{Partial: true}),
		"unheard_of":            challenge("RETINA_SCAN", signin.Challenge{}),
	}
}

// problemStates are pages that are shown again.
func problemStates() map[string]page.View {
	ch := challengeStates()
	return map[string]page.View{
		"sign_in_again": with(withProblem(view(page.SignIn), "bad_credentials", "", ""), func(v *page.View) { v.Username = "jo@example.com" }),
		"identify_bad":  withProblem(view(page.Identify), "bad_credentials", "", ""),
		"sign_up_policy": with(withProblem(view(page.SignUp), "password_policy", "digit", "Password must have numeric characters"), func(v *page.View) {
			v.Username, v.Attributes = "jo", []string{"email"}
		}),
		"sms_mfa_wrong": withProblem(ch["sms_mfa"], "wrong_code", "", ""),
		"select_none":   withProblem(ch["select_challenge"], "input", "choice", ""),
		"new_password_missing": with(withProblem(ch["new_password_required"], "input", "attributes", ""), func(v *page.View) {
			v.Values = map[string]string{"name": "Jo", "custom:badge": "7"}
		}),
		"new_password_history":   withProblem(ch["new_password_alone"], "password_policy", "history", ""),
		"custom_rejected":        withProblem(ch["custom_question"], "rejected", "", "Ask the help desk, extension 7."),
		"sign_in_unavailable":    withProblem(view(page.SignIn), "throttled", "", ""),
		"web_authn_not_accepted": withProblem(ch["web_authn"], "bad_credentials", "", ""),
	}
}

// theme is what a site can set, with a template of a custom challenge and a
// language that is written from right to left.
func theme(t testing.TB) page.Options {
	return page.Options{
		Title: "Example Orders", FormOrigins: []string{"https://auth.example.com"},
		Password:   page.PasswordRules{MinLength: 12, Lower: true, Upper: true, Digit: true, Symbol: true},
		Attributes: map[string]string{"custom:badge": "number"},
		Custom:     page.Custom{Sources: map[string]page.Sources{"puzzle": {Script: []string{"https://puzzle.example.net"}, Frame: []string{"https://puzzle.example.net"}}}},
		Overrides:  themeFiles(t),
	}
}

const puzzle = `<h1>{{.Heading}}</h1>
<div class="puzzle" data-sitekey="{{.Parameters.sitekey}}"></div>
<script src="https://puzzle.example.net/1.js" async></script>
{{template "form.html" .Form}}
`

func themeFiles(t testing.TB) fstest.MapFS {
	return fstest.MapFS{
		"custom/puzzle.html": {Data: []byte(puzzle)},
		"text/ar.json":       {Data: mirrored(t)},
	}
}

func newPages(t testing.TB, opts page.Options) *page.Pages {
	t.Helper()
	pages, err := page.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func render(t testing.TB, pages *page.Pages, v page.View) string {
	t.Helper()
	var b bytes.Buffer
	if err := pages.Render(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func stateNames() []string { return slices.Sorted(maps.Keys(states())) }

// everyState runs a check on each page.
func everyState(t *testing.T, check func(t *testing.T, name string, v page.View, html string, policy string)) {
	pages := newPages(t, theme(t))
	all := states()
	for _, name := range stateNames() {
		t.Run(name, func(t *testing.T) {
			check(t, name, all[name], render(t, pages, all[name]), pages.Policy(all[name]))
		})
	}
}
