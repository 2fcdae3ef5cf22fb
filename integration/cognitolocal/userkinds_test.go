package cognitolocal_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestKindsOfUsers makes a user of every kind, and sees what sign-in leads to:
// a challenge, "" for tokens, or an error.
func TestKindsOfUsers(t *testing.T) {
	contacts := map[string]string{
		"email": "kit@example.org", "email_verified": "true", "phone_number": phone, "phone_number_verified": "true",
	}
	all := []string{cognitolocal.SMSMFA, cognitolocal.EmailMFA, cognitolocal.SoftwareTokenMFA}
	optional := cognitolocal.SignIn{MFA: cognitolocal.MFAOptional}
	rounds := cognitolocal.SignIn{CustomAuth: &cognitolocal.CustomAuth{Rounds: []cognitolocal.CustomRound{
		{Parameters: map[string]string{"question": "Your first pet?"}, AnswerAttribute: "custom:pet"},
		{Parameters: map[string]string{"captchaUrl": "https://example.org/captcha.png"}, Answer: "xyzzy"},
	}}}
	choice := cognitolocal.SignIn{FirstFactors: everyFactor, Passkeys: cognitolocal.Passkeys{RelyingPartyID: "localhost"}}
	tests := []struct {
		name     string
		settings cognitolocal.SignIn
		user     cognitolocal.User
		flow     types.AuthFlowType // default: with the password
		want     string
	}{
		{name: "with a password", want: ""},
		{name: "with a temporary password", user: cognitolocal.User{Status: cognitolocal.ForceChangePassword}, want: "NEW_PASSWORD_REQUIRED"},
		{name: "with text messages", settings: optional, user: cognitolocal.User{MFA: all[:1]}, want: "SMS_MFA"},
		{name: "with e-mail", settings: optional, user: cognitolocal.User{MFA: all[1:2]}, want: "EMAIL_OTP"},
		{name: "with an app", settings: optional, user: cognitolocal.User{MFA: all[2:], TOTPSecret: seed}, want: "SOFTWARE_TOKEN_MFA"},
		{name: "with several factors", settings: optional, user: cognitolocal.User{MFA: all, TOTPSecret: seed}, want: "SELECT_MFA_TYPE"},
		{name: "with a preferred factor", settings: optional, user: cognitolocal.User{MFA: all, PreferredMFA: all[1], TOTPSecret: seed}, want: "EMAIL_OTP"},
		{
			name:     "who must set a factor up",
			settings: cognitolocal.SignIn{MFA: cognitolocal.MFARequired, MFATypes: []string{cognitolocal.SoftwareTokenMFA}}, want: "MFA_SETUP",
		},
		{name: "with questions", settings: rounds, flow: types.AuthFlowTypeCustomAuth, want: "CUSTOM_CHALLENGE"},
		{name: "with a passkey", settings: choice, flow: types.AuthFlowTypeUserAuth, want: "WEB_AUTHN"},
		{name: "who has yet to confirm", user: cognitolocal.User{Status: cognitolocal.Unconfirmed}, want: "UserNotConfirmedException"},
		{name: "who must reset the password", user: cognitolocal.User{Status: cognitolocal.ResetRequired}, want: "PasswordResetRequiredException"},
		{name: "who is disabled", user: cognitolocal.User{Disabled: true}, want: notAuthorized},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newChallengeWorld(t, tt.settings)
			tt.user.Username, tt.user.Password, tt.user.Attributes = "kit", password, contacts
			w.user(t, tt.user)
			flow, params := types.AuthFlowTypeUserPasswordAuth, []string{"USERNAME", "kit", "PASSWORD", password}
			if tt.flow != "" {
				flow = tt.flow
			}
			if flow == types.AuthFlowTypeUserAuth {
				noError(t, w.Pool().AddPasskey("kit", newAuthenticator(t).Create))
				params = append(params, "PREFERRED_CHALLENGE", "WEB_AUTHN")
			}
			got, err := w.begin(t, flow, anyClient, params...)
			name := got.Name
			if e, ok := errors.AsType[smithy.APIError](err); ok {
				name = e.ErrorCode()
			}
			if name != tt.want || (got.Tokens != nil) != (tt.want == "") {
				t.Errorf("expected %q, got %q %v", tt.want, name, err)
			}
		})
	}
}
