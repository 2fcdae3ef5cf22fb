package integration_test

import (
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

var (
	withPassword = []string{"password", password}
	badCode      = []string{"code", "00 00-00"}
	appSeed      = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSW"

	smsRound   = round{"SMS_MFA", "Enter your code", badCode, "wrong_code", false, sentCode}
	emailRound = round{"EMAIL_OTP", "Enter your code", badCode, "wrong_code", false, sentCode}
	appRound   = round{"SOFTWARE_TOKEN_MFA", "Enter the code from your app", badCode, "wrong_code", false, appCode}
	setUpRound = round{"MFA_SETUP", "Set up an authenticator app", badCode, "wrong_code", false, newAppCode}

	allFactors = []string{cognitolocal.SMSMFA, cognitolocal.EmailMFA, cognitolocal.SoftwareTokenMFA}
)

// walkRow is a user who signs in with a password and then goes through rounds.
type walkRow struct {
	name   string
	user   cognitolocal.User
	rounds []round
}

func (w *signinWorld) walkAll(start []string, rows []walkRow) {
	all := &together{T: w.T}
	defer all.Wait()
	for _, row := range rows {
		w.onBoth(all, row.name, row.user, start, row.rounds)
	}
}

// chooses answers a choice, after the button was pressed without one.
func chooses(name, heading, choice string) round {
	return round{name, heading, []string{}, "input", false, always("choice", choice)}
}

// secondFactors are users of a pool with optional second factors, and what they
// are asked for.
func secondFactors() []walkRow {
	missing := contacts()
	delete(missing, "email")
	delete(missing, "email_verified")
	replace := func(right func(*person, visit) []string) round {
		return round{"NEW_PASSWORD_REQUIRED", "Choose a new password", right(nil, nil), "password_policy", false, right}
	}
	withNew := replace(always("new_password", "N3w!password"))
	withNew.wrong = []string{"new_password", "Sh0rt!"}
	withBoth := replace(always("new_password", "N3w!password", "attribute.email", "kit@example.net"))
	withBoth.wrong = []string{"new_password", "Sh0rt!", "attribute.email", "kit@example.net"}
	all := cognitolocal.User{MFA: allFactors, TOTPSecret: appSeed}
	preferred := all
	preferred.PreferredMFA = cognitolocal.SMSMFA
	return []walkRow{
		{"nothing but a password", cognitolocal.User{}, nil},
		{"text messages", cognitolocal.User{MFA: allFactors[:1]}, []round{smsRound}},
		{"e-mail", cognitolocal.User{MFA: allFactors[1:2]}, []round{emailRound}},
		{"an app", cognitolocal.User{MFA: allFactors[2:], TOTPSecret: appSeed}, []round{appRound}},
		{"a preferred factor", preferred, []round{smsRound}},
		{"several factors, then an app", all, []round{chooses("SELECT_MFA_TYPE", "Choose a verification method", "SOFTWARE_TOKEN_MFA"), appRound}},
		{"several factors, then e-mail", all, []round{chooses("SELECT_MFA_TYPE", "Choose a verification method", "EMAIL_OTP"), emailRound}},
		{"a temporary password", cognitolocal.User{Status: cognitolocal.ForceChangePassword}, []round{withNew}},
		{"a temporary password, no address", cognitolocal.User{Status: cognitolocal.ForceChangePassword, Attributes: missing}, []round{withBoth}},
		{"a temporary password, then a code", cognitolocal.User{Status: cognitolocal.ForceChangePassword, MFA: allFactors[:1]}, []round{withNew, smsRound}},
	}
}

var optionalFactors = cognitolocal.SignIn{
	MFA: cognitolocal.MFAOptional, RequiredAttributes: []string{"email"}, Passwords: cognitolocal.PasswordPolicy{MinLength: 8},
}

func TestSecondFactorsAfterSRP(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page" + manyAttempts})
	w.walkAll(withPassword, secondFactors())
}

func TestSecondFactorsAfterThePassword(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page {\nflow USER_PASSWORD_AUTH\n}" + manyAttempts})
	w.walkAll(withPassword, secondFactors())
}

// TestNamesThatCognitoVaries: AWS's documents and what is seen of the service
// disagree.
func TestNamesThatCognitoVaries(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page" + manyAttempts})
	w.pool.SetVariants(cognitolocal.Variants{MFAsCanSelect: true, EmailMFA: true, SessionWithSRP: true})
	byEmail := emailRound
	byEmail.name = "EMAIL_MFA"
	w.walkAll(withPassword, []walkRow{
		{"EMAIL_MFA", cognitolocal.User{MFA: allFactors[1:2]}, []round{byEmail}},
		{
			"MFAS_CAN_SELECT", cognitolocal.User{MFA: allFactors, TOTPSecret: appSeed},
			[]round{chooses("SELECT_MFA_TYPE", "Choose a verification method", "EMAIL_MFA"), byEmail},
		},
	})
}

func TestSetUpASecondFactor(t *testing.T) {
	required := cognitolocal.SignIn{MFA: cognitolocal.MFARequired, MFATypes: []string{cognitolocal.SoftwareTokenMFA}}
	t.Run("the app is all there is", func(t *testing.T) {
		w := startedSignin(t, signinSetup{client: everyFlow, signIn: required, signin: "page {\ntitle Shop\n}" + manyAttempts})
		w.walkAll(withPassword, []walkRow{{"an app", cognitolocal.User{}, []round{setUpRound}}})
	})
	t.Run("the code is asked for again", func(t *testing.T) {
		w := startedSignin(t, signinSetup{client: everyFlow, signIn: required, signin: "page" + manyAttempts})
		w.pool.SetVariants(cognitolocal.Variants{CodeAfterSetup: true})
		w.walkAll(withPassword, []walkRow{{"an app", cognitolocal.User{}, []round{setUpRound, appRound}}})
	})
	t.Run("there is a choice", func(t *testing.T) {
		required.MFATypes = []string{cognitolocal.SoftwareTokenMFA, cognitolocal.EmailMFA}
		w := startedSignin(t, signinSetup{client: everyFlow, signIn: required, signin: "page" + manyAttempts})
		choice := func(of string) round { return chooses("MFA_SETUP", "Secure your account", of) }
		address := round{"MFA_SETUP", "Add your email address", nil, "", false, always("attribute.email", "kit@example.com")}
		w.walkAll(withPassword, []walkRow{
			{"an app", cognitolocal.User{Attributes: map[string]string{}}, []round{choice("SOFTWARE_TOKEN_MFA"), setUpRound}},
			{"an address", cognitolocal.User{Attributes: map[string]string{}}, []round{choice("EMAIL_OTP"), address, emailRound}},
		})
	})
}

// TestCustomChallenges: what a Lambda asks, in any number of rounds. A wrong
// answer is another round, which nobody can tell from the next.
func TestCustomChallenges(t *testing.T) {
	pet := cognitolocal.CustomRound{Parameters: map[string]string{"question": "Your first <b>pet</b>?"}, AnswerAttribute: "custom:pet"}
	captcha := cognitolocal.CustomRound{Parameters: map[string]string{"captchaUrl": "/captcha.png?<x>"}, Answer: "xyzzy"}
	asked := func(answer string) round {
		return round{"CUSTOM_CHALLENGE", "One more step", []string{"answer", "no"}, "", false, always("answer", answer)}
	}
	user := cognitolocal.User{Attributes: map[string]string{"custom:pet": "Rex & <Co>"}}
	rounds := []round{asked("Rex & <Co>"), asked("xyzzy"), asked("Rex & <Co>")}
	settings := cognitolocal.SignIn{CustomAuth: &cognitolocal.CustomAuth{Tries: 9, Rounds: []cognitolocal.CustomRound{pet, captcha, pet}}}
	t.Run("after the password", func(t *testing.T) {
		settings := settings
		custom := *settings.CustomAuth
		custom.PasswordFirst = true
		settings.CustomAuth = &custom
		w := startedSignin(t, signinSetup{client: everyFlow, signIn: settings, signin: "page {\nflow CUSTOM_AUTH\n}" + manyAttempts})
		w.walkAll(withPassword, []walkRow{{"questions", user, rounds}})
		calls := w.cognito.Requests(cognitolocal.EndpointAPI)
		v := w.newAPIVisit()
		v.post("sign-in", "username", "jo")
		v.wantFailure(422, "input")
		if n := w.cognito.Requests(cognitolocal.EndpointAPI); n != calls {
			t.Errorf("expected nobody to get to the triggers without a password, got %d calls", n-calls)
		}
	})
	t.Run("instead of a password", func(t *testing.T) {
		w := startedSignin(t, signinSetup{client: everyFlow, signIn: settings, signin: "page {\nflow CUSTOM_AUTH\npasswordless\n}" + manyAttempts})
		w.walkAll(nil, []walkRow{{"questions", user, rounds}})
	})
}

// TestFirstFactorsOfChoice: USER_AUTH, where wrong passwords and passkeys end the
// sign-in.
func TestFirstFactorsOfChoice(t *testing.T) {
	settings := cognitolocal.SignIn{
		FirstFactors: []string{cognitolocal.FactorPassword, cognitolocal.FactorEmailOTP, cognitolocal.FactorSMSOTP, cognitolocal.FactorPasskey},
		Passkeys:     cognitolocal.Passkeys{RelyingPartyID: "localhost"},
	}
	const choose = "Choose how to sign in"
	smsOTP := smsRound
	smsOTP.name = "SMS_OTP"
	byPassword := func(name string) round {
		return round{name, "Enter your password", []string{"password", "wrong"}, "bad_credentials", true, always("password", password)}
	}
	byPasskey := round{"WEB_AUTHN", "Use your passkey", []string{"credential", `{"id":"x"}`}, "input", false, passkeyAnswer}
	choosing := func(choice string) round { return chooses("SELECT_CHALLENGE", choose, choice) }
	t.Run("users choose", func(t *testing.T) {
		w := startedSignin(t, signinSetup{client: everyFlow, signIn: settings, signin: "page {\nflow USER_AUTH\n}" + manyAttempts})
		w.walkAll(nil, []walkRow{
			{"a password", cognitolocal.User{}, []round{choosing("PASSWORD"), byPassword("PASSWORD")}},
			{"a code by e-mail", cognitolocal.User{}, []round{choosing("EMAIL_OTP"), emailRound}},
			{"a code by text message", cognitolocal.User{}, []round{choosing("SMS_OTP"), smsOTP}},
			{"a passkey", cognitolocal.User{}, []round{choosing("WEB_AUTHN"), byPasskey}},
		})
	})
	t.Run("users choose and Cognito does not name the challenge", func(t *testing.T) {
		w := startedSignin(t, signinSetup{client: everyFlow, signIn: settings, signin: "page {\nflow USER_AUTH\n}" + manyAttempts})
		w.pool.SetVariants(cognitolocal.Variants{NoSelectChallenge: true})
		w.walkAll(nil, []walkRow{{"a code by e-mail", cognitolocal.User{}, []round{choosing("EMAIL_OTP"), emailRound}}})
	})
	t.Run("the site prefers passkeys", func(t *testing.T) {
		w := startedSignin(t, signinSetup{client: everyFlow, signIn: settings, signin: "page {\nflow USER_AUTH\npreferred WEB_AUTHN\n}" + manyAttempts})
		w.walkAll(nil, []walkRow{{"who has one", cognitolocal.User{}, []round{byPasskey}}})
		rows := &together{T: t}
		defer rows.Wait()
		for preferred, r := range map[string]round{
			"PASSWORD": byPassword("PASSWORD"), "PASSWORD_SRP": byPassword("PASSWORD_SRP"), "EMAIL_OTP": emailRound, "SMS_OTP": smsOTP,
		} {
			rows.run("and an application prefers "+preferred, func(t *testing.T) {
				p := w.on(t).addPerson(cognitolocal.User{Username: "prefers-" + preferred})
				walk(p, p.newAPIVisit(), []string{"username", p.name, "preferred", preferred}, []round{r})
			})
		}
	})
}
