package cognitolocal_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func (w *world) forgot(t *testing.T, client, name string) (*types.CodeDeliveryDetailsType, error) {
	t.Helper()
	out, err := w.sdk.ForgotPassword(t.Context(), &idp.ForgotPasswordInput{ClientId: &client, Username: &name})
	if err != nil {
		return nil, err
	}
	return out.CodeDeliveryDetails, nil
}

func (w *world) reset(t *testing.T, client, name, code, pass string) error {
	t.Helper()
	_, err := w.sdk.ConfirmForgotPassword(t.Context(), &idp.ConfirmForgotPasswordInput{
		ClientId: &client, Username: &name, ConfirmationCode: &code, Password: &pass,
	})
	return err
}

func TestForgotPassword(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	noError(t, w.Pool().SetStatus("jo", cognitolocal.ResetRequired))
	begin := func(pass string) (reply, error) {
		return w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", "jo", "PASSWORD", pass)
	}
	_, err := begin(password)
	wantCode(t, err, "PasswordResetRequiredException", "Password reset required for the user")
	to, err := w.forgot(t, anyClient, email)
	noError(t, err)
	if to.DeliveryMedium != "EMAIL" || *to.Destination != "j***@e***" || *to.AttributeName != "email" {
		t.Errorf("unexpected details %+v", to)
	}
	wantCode(t, w.reset(t, anyClient, "jo", w.lastCode(t), "weak"), "InvalidPasswordException", "")
	noError(t, w.reset(t, anyClient, "jo", w.lastCode(t), newPass))
	_, err = begin(password)
	wantCode(t, err, notAuthorized, wrongPassword)
	a, err := begin(newPass)
	noError(t, err)
	a.signedIn(t)
	wantCode(t, w.reset(t, anyClient, "jo", w.lastCode(t), newPass), "ExpiredCodeException", "")
}

func TestForgotPasswordByText(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	w.give(t, "email_verified", "false", "phone_number", phone, "phone_number_verified", "true")
	to, err := w.forgot(t, anyClient, "jo")
	noError(t, err)
	if to.DeliveryMedium != "SMS" || *to.Destination != "+*******1234" {
		t.Errorf("unexpected details %+v", to)
	}
}

// TestForgotPasswordOfOthers is PreventUserExistenceErrors both ways.
func TestForgotPasswordOfOthers(t *testing.T) {
	tests := []struct {
		name, user            string
		hidden, told, message string // codes; empty: simulated details
	}{
		{"nobody", "nobody", "", "UserNotFoundException", "User does not exist."},
		{"a disabled user", "off", "", notAuthorized, "User is disabled."},
		{"a user without a verified address", "mute", "", badParameter,
			"Cannot reset password for the user as there is no registered/verified email or phone_number"},
		{"an invited user", "new", notAuthorized, notAuthorized, "User password cannot be reset in the current state."},
	}
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	verified := map[string]string{"email": "x@example.org", "email_verified": "true"}
	w.user(t, cognitolocal.User{Username: "off", Disabled: true, Attributes: verified})
	w.user(t, cognitolocal.User{Username: "mute", Attributes: map[string]string{"email": "x@example.org"}})
	w.user(t, cognitolocal.User{Username: "new", Status: cognitolocal.ForceChangePassword, Attributes: verified})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.forgot(t, legacyClient, tt.user)
			wantCode(t, err, tt.told, tt.message)
			to, err := w.forgot(t, anyClient, tt.user)
			if tt.hidden != "" {
				wantCode(t, err, tt.hidden, tt.message)
				return
			}
			noError(t, err)
			again, err := w.forgot(t, anyClient, tt.user)
			noError(t, err)
			if to.DeliveryMedium != "EMAIL" || *to.Destination != *again.Destination {
				t.Errorf("expected the same simulated address, got %v and %v", *to.Destination, *again.Destination)
			}
		})
	}
	if sent := w.Pool().Outbox(); len(sent) != 0 {
		t.Errorf("expected nothing to be sent, got %v", sent)
	}
}

func TestSimulatedTextMessage(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	to, err := w.forgot(t, anyClient, "+15551234567")
	noError(t, err)
	if to.DeliveryMedium != "SMS" || len(*to.Destination) != len(phone) {
		t.Errorf("expected a masked number, got %+v", to)
	}
}

func TestConfirmForgotPasswordRefusals(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	w.user(t, cognitolocal.User{Username: "off", Disabled: true})
	tests := []struct{ name, client, user, code, message string }{
		{"nobody", anyClient, "nobody", "CodeMismatchException", "Invalid verification code provided, please try again."},
		{"nobody, told apart", legacyClient, "nobody", "UserNotFoundException", ""},
		{"a disabled user", anyClient, "off", "CodeMismatchException", ""},
		{"a disabled user, told apart", legacyClient, "off", notAuthorized, "User is disabled."},
		{"a code that was never sent", anyClient, "jo", "ExpiredCodeException", "Invalid code provided, please request a code again."},
		{"a client with a secret, no hash", hashClient, "jo", notAuthorized, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantCode(t, w.reset(t, tt.client, tt.user, "001234", newPass), tt.code, tt.message)
		})
	}
}

func TestForgotPasswordCodeExpires(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	_, err := w.forgot(t, anyClient, "jo")
	noError(t, err)
	w.clock.Advance(time.Hour)
	wantCode(t, w.reset(t, anyClient, "jo", w.lastCode(t), newPass), "ExpiredCodeException", "")
}

func TestForgotPasswordLimits(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	for _, name := range []string{"jo", "nobody"} {
		for range 5 {
			_, err := w.forgot(t, anyClient, name)
			noError(t, err)
		}
		_, err := w.forgot(t, anyClient, name)
		wantCode(t, err, "LimitExceededException", "Attempt limit exceeded, please try after some time.")
	}
	for range 5 {
		wantCode(t, w.reset(t, anyClient, "jo", otherCode(w.lastCode(t)), newPass), "CodeMismatchException", "")
	}
	wantCode(t, w.reset(t, anyClient, "jo", w.lastCode(t), newPass), "LimitExceededException", "")
}

func TestResetEndsTheLockout(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	for range 6 {
		_, err := w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", "jo", "PASSWORD", "x")
		wantCode(t, err, notAuthorized, "")
	}
	_, err := w.forgot(t, anyClient, "jo")
	noError(t, err)
	noError(t, w.reset(t, anyClient, "jo", w.lastCode(t), newPass))
	a, err := w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", "jo", "PASSWORD", newPass)
	noError(t, err)
	a.signedIn(t)
}

func TestChangePassword(t *testing.T) {
	tests := []struct {
		name, old, new string
		code           string
	}{
		{"the right old one", password, newPass, ""},
		{"a wrong old one", "x", newPass, notAuthorized},
		{"a weak new one", password, "weak", "InvalidPasswordException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newChallengeWorld(t, cognitolocal.SignIn{})
			in := &idp.ChangePasswordInput{
				AccessToken: w.signIn(t).AccessToken, PreviousPassword: &tt.old, ProposedPassword: &tt.new,
			}
			_, err := w.sdk.ChangePassword(t.Context(), in)
			if tt.code != "" {
				wantCode(t, err, tt.code, "")
				w.password(t).signedIn(t)
				return
			}
			noError(t, err)
			_, err = w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", "jo", "PASSWORD", password)
			wantCode(t, err, notAuthorized, wrongPassword)
		})
	}
	t.Run("more than five times an hour", func(t *testing.T) {
		w := newChallengeWorld(t, cognitolocal.SignIn{})
		in := &idp.ChangePasswordInput{
			AccessToken: w.signIn(t).AccessToken, PreviousPassword: aws.String(password), ProposedPassword: aws.String(password),
		}
		for range 5 {
			_, err := w.sdk.ChangePassword(t.Context(), in)
			noError(t, err)
		}
		_, err := w.sdk.ChangePassword(t.Context(), in)
		wantCode(t, err, "LimitExceededException", "")
	})
}

func TestGlobalSignOut(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	first, second := w.signIn(t), w.signIn(t)
	_, err := w.sdk.GlobalSignOut(t.Context(), &idp.GlobalSignOutInput{AccessToken: aws.String("x")})
	wantCode(t, err, notAuthorized, "Invalid Access Token")
	_, err = w.sdk.GlobalSignOut(t.Context(), &idp.GlobalSignOutInput{AccessToken: first.AccessToken})
	noError(t, err)
	for _, r := range []*types.AuthenticationResultType{first, second} {
		_, err = w.refresh(t, *r.RefreshToken)
		wantCode(t, err, notAuthorized, "Refresh Token has been revoked")
		_, err = w.getUser(t, *r.AccessToken)
		wantCode(t, err, notAuthorized, "Access Token has been revoked")
	}
}
