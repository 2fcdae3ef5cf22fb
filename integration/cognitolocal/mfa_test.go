package cognitolocal_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// seed is RFC 6238's secret "12345678901234567890".
const seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// withMFA adds a user with everything a second factor can need.
func withMFA(t *testing.T, w *world, preferred string, factors ...string) {
	t.Helper()
	noError(t, w.Pool().RemoveUser("jo"))
	w.user(t, cognitolocal.User{
		Username: "jo", Password: password, MFA: factors, PreferredMFA: preferred, TOTPSecret: seed,
		Attributes: map[string]string{"email": email, "email_verified": "true", "phone_number": phone},
	})
}

func TestTOTPVectors(t *testing.T) {
	// RFC 6238 appendix B for SHA-1, the last six digits.
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037",
	} {
		if got := codeAt(t, seed, time.Unix(at, 0)); got != want {
			t.Errorf("%d: expected %s, got %s", at, want, got)
		}
	}
	if got := codeAt(t, strings.ToLower(seed)+"==", time.Unix(59, 0)); got != "287082" {
		t.Errorf("expected case and padding not to matter, got %s", got)
	}
	if _, err := cognitolocal.TOTP("not base32!", time.Unix(59, 0)); err == nil {
		t.Error("expected a secret that is not base32 to be refused")
	}
}

// TestWhichSecondFactor is the table of who is asked for what.
func TestWhichSecondFactor(t *testing.T) {
	const off, optional, required = cognitolocal.MFAOff, cognitolocal.MFAOptional, cognitolocal.MFARequired
	const sms, app, mail = cognitolocal.SMSMFA, cognitolocal.SoftwareTokenMFA, cognitolocal.EmailMFA
	tests := []struct {
		name      string
		mode      cognitolocal.MFAMode
		types     []string
		own       []string
		preferred string
		noPhone   bool
		want      string // empty: tokens
	}{
		{name: "off: nobody is asked", mode: off, own: []string{sms}, preferred: sms},
		{name: "optional: who has none is not asked", mode: optional},
		{name: "optional: who has one is asked for it", mode: optional, own: []string{app}, want: app},
		{name: "optional: the preferred one is asked for", mode: optional, own: []string{sms, app, mail}, preferred: mail, want: mail},
		{name: "optional: several and none preferred leave the choice", mode: optional, own: []string{sms, app}, want: "SELECT_MFA_TYPE"},
		{name: "optional: one the pool does not have is none", mode: optional, types: []string{app}, own: []string{sms}, preferred: sms},
		{name: "optional: a text message without a number is none", mode: optional, own: []string{sms}, noPhone: true},
		{name: "required: the preferred one is asked for", mode: required, own: []string{sms, app}, preferred: app, want: app},
		{name: "required: several and none preferred leave the choice", mode: required, own: []string{app, mail}, want: "SELECT_MFA_TYPE"},
		{name: "required: a number that is there is used", mode: required, want: sms},
		{name: "required: who has nothing sets one up", mode: required, noPhone: true, want: "MFA_SETUP"},
		{name: "required: the number is of no use without text messages", mode: required, types: []string{app, mail}, want: "MFA_SETUP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newChallengeWorld(t, cognitolocal.SignIn{MFA: tt.mode, MFATypes: tt.types})
			withMFA(t, w, tt.preferred, tt.own...)
			if tt.noPhone {
				w.give(t)
			}
			a := w.password(t)
			if tt.want == "" {
				a.signedIn(t)
				return
			}
			a.is(t, tt.want)
		})
	}
}

func TestCodesBySMSAndEmail(t *testing.T) {
	tests := []struct {
		factor, answer, medium, to, masked string
		variants                           cognitolocal.Variants
		challenge                          string
	}{
		{factor: cognitolocal.SMSMFA, answer: "SMS_MFA_CODE", medium: "SMS", to: phone, masked: "+*******1234"},
		{factor: cognitolocal.EmailMFA, answer: "EMAIL_OTP_CODE", medium: "EMAIL", to: email, masked: "j***@e***"},
		{factor: cognitolocal.EmailMFA, answer: "EMAIL_MFA_CODE", medium: "EMAIL", to: email, masked: "j***@e***",
			variants: cognitolocal.Variants{EmailMFA: true}, challenge: "EMAIL_MFA"},
	}
	for _, tt := range tests {
		t.Run(tt.answer, func(t *testing.T) {
			var seen []cognitolocal.Message
			w := newChallengeWorld(t, cognitolocal.SignIn{
				MFA: cognitolocal.MFAOptional, OnMessage: func(m cognitolocal.Message) { seen = append(seen, m) },
			})
			w.Pool().SetVariants(tt.variants)
			withMFA(t, w, tt.factor, tt.factor)
			if tt.challenge == "" {
				tt.challenge = tt.factor
			}
			a := w.password(t).is(t, tt.challenge)
			if a.Params["CODE_DELIVERY_DELIVERY_MEDIUM"] != tt.medium || a.Params["CODE_DELIVERY_DESTINATION"] != tt.masked {
				t.Errorf("expected %s to %s, got %v", tt.medium, tt.masked, a.Params)
			}
			sent := w.Pool().Outbox()
			if len(sent) != 1 || !slices.Equal(sent, seen) {
				t.Fatalf("expected one message, seen by the hook too, got %v and %v", sent, seen)
			}
			m := sent[0]
			if m.Destination != tt.to || m.Medium != tt.medium || m.Username != "jo" || m.Purpose != tt.challenge || len(m.Code) != 6 {
				t.Errorf("unexpected message %+v", m)
			}
			w.next(t, a, tt.answer, m.Code).signedIn(t)
			u, _ := w.Pool().User("jo")
			attribute := map[string]string{"SMS": "phone_number", "EMAIL": "email"}[tt.medium]
			if u.Attributes[attribute+"_verified"] != "true" {
				t.Errorf("expected the code to verify %s", attribute)
			}
		})
	}
}

func TestACodeOfAnotherSignInIsRefused(t *testing.T) {
	w := smsWorld(t)
	w.password(t)
	old := w.lastCode(t)
	a := w.password(t)
	for old == w.lastCode(t) { // once in a million times
		a = w.password(t)
	}
	_, err := w.respond(t, anyClient, a.Name, a.Session, "SMS_MFA_CODE", old)
	wantCode(t, err, "CodeMismatchException", "")
}

func TestAuthenticatorApp(t *testing.T) {
	tests := []struct {
		name          string
		shift         time.Duration
		code          string // instead of the right one
		want, message string
	}{
		{name: "the code of now is right"},
		{name: "the code of the last half minute is right", shift: -30 * time.Second},
		{name: "the code of the next half minute is right", shift: 30 * time.Second},
		{name: "the code of a minute ago is wrong", shift: -time.Minute, want: "CodeMismatchException", message: "Invalid code received for user"},
		{name: "the code in a minute is wrong", shift: time.Minute, want: "CodeMismatchException", message: "Invalid code received for user"},
		{name: "a blank is wrong", code: " ", want: "CodeMismatchException"},
		{name: "five digits are wrong", code: "12345", want: "CodeMismatchException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newChallengeWorld(t, cognitolocal.SignIn{MFA: cognitolocal.MFAOptional})
			withMFA(t, w, "", cognitolocal.SoftwareTokenMFA)
			a := w.password(t).is(t, "SOFTWARE_TOKEN_MFA")
			code := tt.code
			if code == "" {
				code = codeAt(t, seed, w.clock.Now().Add(tt.shift))
			}
			out, err := w.respond(t, anyClient, a.Name, a.Session, "SOFTWARE_TOKEN_MFA_CODE", code)
			if tt.want != "" {
				wantCode(t, err, tt.want, tt.message)
				return
			}
			noError(t, err)
			out.signedIn(t)
		})
	}
}

func TestACodeOfTheAppIsGoodOnce(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{MFA: cognitolocal.MFAOptional})
	withMFA(t, w, "", cognitolocal.SoftwareTokenMFA)
	code := codeAt(t, seed, w.clock.Now())
	w.next(t, w.password(t), "SOFTWARE_TOKEN_MFA_CODE", code).signedIn(t)
	a := w.password(t)
	_, err := w.respond(t, anyClient, a.Name, a.Session, "SOFTWARE_TOKEN_MFA_CODE", code)
	wantCode(t, err, "ExpiredCodeException", "Your software token has already been used once.")
	earlier := codeAt(t, seed, w.clock.Now().Add(-30*time.Second))
	_, err = w.respond(t, anyClient, a.Name, a.Session, "SOFTWARE_TOKEN_MFA_CODE", earlier)
	wantCode(t, err, "ExpiredCodeException", "")
	w.clock.Advance(30 * time.Second)
	w.next(t, a, "SOFTWARE_TOKEN_MFA_CODE", codeAt(t, seed, w.clock.Now())).signedIn(t)
}

func TestSelectMFAType(t *testing.T) {
	tests := []struct {
		name, answer, want string
		variants           cognitolocal.Variants
		key                string
		listed             []string
		code               string
	}{
		{name: "a text message", answer: "SMS_MFA", want: "SMS_MFA"},
		{name: "the app", answer: "SOFTWARE_TOKEN_MFA", want: "SOFTWARE_TOKEN_MFA"},
		{name: "an e-mail", answer: "EMAIL_OTP", want: "EMAIL_OTP"},
		{name: "an e-mail by its other name", answer: "EMAIL_MFA", want: "EMAIL_OTP"},
		{name: "an e-mail where that is its name", answer: "EMAIL_MFA", want: "EMAIL_MFA",
			variants: cognitolocal.Variants{EmailMFA: true}, listed: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_MFA"}},
		{name: "the other parameter", answer: "SMS_MFA", want: "SMS_MFA",
			variants: cognitolocal.Variants{MFAsCanSelect: true}, key: "MFAS_CAN_SELECT"},
		{name: "nothing", answer: "", code: badParameter},
		{name: "what does not exist", answer: "PIGEON_MFA", code: badParameter},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newChallengeWorld(t, cognitolocal.SignIn{MFA: cognitolocal.MFARequired})
			w.Pool().SetVariants(tt.variants)
			withMFA(t, w, "", "SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP")
			a := w.password(t).is(t, "SELECT_MFA_TYPE")
			key, listed := "MFAS_CAN_CHOOSE", []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}
			if tt.key != "" {
				key = tt.key
			}
			if tt.listed != nil {
				listed = tt.listed
			}
			if got := list(t, a.Params[key]); !slices.Equal(got, listed) {
				t.Errorf("%s: expected %q, got %q", key, listed, got)
			}
			out, err := w.respond(t, anyClient, a.Name, a.Session, "ANSWER", tt.answer)
			if tt.code != "" {
				wantCode(t, err, tt.code, "")
				return
			}
			noError(t, err)
			out.is(t, tt.want)
		})
	}
}

func TestSelectMFATypeOffersNoMoreThanTheUserHas(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{MFA: cognitolocal.MFARequired})
	withMFA(t, w, "", "SMS_MFA", "SOFTWARE_TOKEN_MFA")
	a := w.password(t).is(t, "SELECT_MFA_TYPE")
	_, err := w.respond(t, anyClient, a.Name, a.Session, "ANSWER", "EMAIL_OTP")
	wantCode(t, err, badParameter, "")
}

func list(t *testing.T, text string) []string {
	t.Helper()
	var out []string
	noError(t, json.Unmarshal([]byte(text), &out))
	return out
}

func TestSetUserMFAPreference(t *testing.T) {
	tests := []struct {
		name          string
		sms, app      *bool // enabled
		preferSMS     bool
		noApp         bool
		code, message string
		want          []string
		wantPreferred string
	}{
		{name: "a text message, preferred", sms: new(true), preferSMS: true, want: []string{"SMS_MFA"}, wantPreferred: "SMS_MFA"},
		{name: "the app beside it", sms: new(true), app: new(true), want: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}},
		{name: "off again", sms: new(false)},
		{name: "an app that was never set up", app: new(true), noApp: true, code: badParameter,
			message: "User has not verified software token mfa"},
		{name: "preferred while off", sms: new(false), preferSMS: true, code: badParameter},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newChallengeWorld(t, cognitolocal.SignIn{MFA: cognitolocal.MFAOptional})
			if !tt.noApp {
				withMFA(t, w, "")
			}
			token := w.signIn(t).AccessToken
			in := &idp.SetUserMFAPreferenceInput{AccessToken: token}
			if tt.sms != nil {
				in.SMSMfaSettings = &types.SMSMfaSettingsType{Enabled: *tt.sms, PreferredMfa: tt.preferSMS}
			}
			if tt.app != nil {
				in.SoftwareTokenMfaSettings = &types.SoftwareTokenMfaSettingsType{Enabled: *tt.app}
			}
			_, err := w.sdk.SetUserMFAPreference(t.Context(), in)
			if tt.code != "" {
				wantCode(t, err, tt.code, tt.message)
				return
			}
			noError(t, err)
			got, err := w.getUser(t, *token)
			noError(t, err)
			if !slices.Equal(got.UserMFASettingList, tt.want) || aws.ToString(got.PreferredMfaSetting) != tt.wantPreferred {
				t.Errorf("expected %q and %q, got %q and %q", tt.want, tt.wantPreferred,
					got.UserMFASettingList, aws.ToString(got.PreferredMfaSetting))
			}
		})
	}
}

func TestUsersWithOddFactorsAreRefused(t *testing.T) {
	for name, u := range map[string]cognitolocal.User{
		"a factor that does not exist":     {Username: "a", MFA: []string{"PIGEON_MFA"}},
		"a preference for what is not on":  {Username: "a", MFA: []string{"SMS_MFA"}, PreferredMFA: "EMAIL_OTP"},
		"a secret that is not base32":      {Username: "a", TOTPSecret: "0189"},
		"a preference without any factors": {Username: "a", PreferredMFA: "SMS_MFA"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if _, err := w.Pool().AddUser(u); err == nil {
				t.Error("expected an error")
			}
		})
	}
}
