package cognitolocal_test

import (
	"testing"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestOutboxHasEveryCode(t *testing.T) {
	second := func(factor string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			noError(t, w.Pool().SetMFA("jo", factor, factor))
			w.password(t)
		}
	}
	first := func(factor string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			_, err := w.choose(t, "PREFERRED_CHALLENGE", factor)
			noError(t, err)
		}
	}
	signUp := func(t *testing.T, w *world) {
		_, err := w.sdk.SignUp(t.Context(), &idp.SignUpInput{
			ClientId: new(anyClient), Username: new("new"), Password: new(password),
			UserAttributes: []types.AttributeType{{Name: new("email"), Value: new("new@example.org")}},
		})
		noError(t, err)
	}
	tests := []struct {
		name string
		send func(*testing.T, *world)
		want cognitolocal.Message
		size int
	}{
		{"a second factor by text message", second("SMS_MFA"), cognitolocal.Message{Username: "jo", Medium: "SMS", Destination: phone, Purpose: "SMS_MFA"}, 6},
		{"a second factor by e-mail", second("EMAIL_OTP"), cognitolocal.Message{Username: "jo", Medium: "EMAIL", Destination: email, Purpose: "EMAIL_OTP"}, 6},
		{"a first factor by text message", first("SMS_OTP"), cognitolocal.Message{Username: "jo", Medium: "SMS", Destination: phone, Purpose: "SMS_OTP"}, 8},
		{"a first factor by e-mail", first("EMAIL_OTP"), cognitolocal.Message{Username: "jo", Medium: "EMAIL", Destination: email, Purpose: "EMAIL_OTP"}, 8},
		{"a forgotten password", func(t *testing.T, w *world) {
			_, err := w.sdk.ForgotPassword(t.Context(), &idp.ForgotPasswordInput{ClientId: new(anyClient), Username: new("jo")})
			noError(t, err)
		}, cognitolocal.Message{Username: "jo", Medium: "EMAIL", Destination: email, Purpose: "ForgotPassword"}, 6},
		{"sign-up", signUp, cognitolocal.Message{Username: "new", Medium: "EMAIL", Destination: "new@example.org", Purpose: "SignUp"}, 6},
		{"sign-up, once more", func(t *testing.T, w *world) {
			signUp(t, w)
			w.Pool().ClearOutbox()
			_, err := w.sdk.ResendConfirmationCode(t.Context(), &idp.ResendConfirmationCodeInput{ClientId: new(anyClient), Username: new("new")})
			noError(t, err)
		}, cognitolocal.Message{Username: "new", Medium: "EMAIL", Destination: "new@example.org", Purpose: "SignUp"}, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var seen []cognitolocal.Message
			w := newChallengeWorld(t, cognitolocal.SignIn{
				MFA: cognitolocal.MFAOptional, FirstFactors: everyFactor,
				OnMessage: func(m cognitolocal.Message) { seen = append(seen, m) },
			})
			w.give(t, "phone_number", phone, "phone_number_verified", "true")
			tt.send(t, w)
			got, ok := w.Pool().LastMessage(tt.want.Username)
			if !ok || len(got.Code) != tt.size || got.Code != w.Pool().LastCode(tt.want.Username) || seen[len(seen)-1] != got {
				t.Errorf("expected a code of %d digits for all to see, got %+v", tt.size, got)
			}
			tt.want.Time, tt.want.Code = w.clock.Now(), got.Code
			if all := w.Pool().Outbox(); len(all) != 1 || all[0] != tt.want {
				t.Errorf("expected %+v and nothing else, got %+v", tt.want, all)
			}
		})
	}
}

func TestClearedOutboxIsEmptyAndItsCodesAreGood(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{MFA: cognitolocal.MFAOptional})
	noError(t, w.Pool().SetMFA("jo", cognitolocal.EmailMFA, cognitolocal.EmailMFA))
	a := w.password(t)
	code := w.lastCode(t)
	w.Pool().ClearOutbox()
	if m, ok := w.Pool().LastMessage("jo"); ok || w.Pool().LastCode("jo") != "" {
		t.Errorf("expected nothing, got %+v", m)
	}
	w.next(t, a, "EMAIL_OTP_CODE", code).signedIn(t)
}
