package signin_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// visitor is somebody with an address.
var visitor = signin.Caller{IP: netip.MustParseAddr("::ffff:192.0.2.7"), Metadata: map[string]string{"captcha": "token"}}

func forgot(c *signin.Client, ctx context.Context) error {
	return c.ForgotPassword(ctx, "jo@example.org", visitor)
}

func resend(c *signin.Client, ctx context.Context) error {
	return c.ResendConfirmationCode(ctx, "jo@example.org", visitor)
}

func signUp(c *signin.Client, ctx context.Context) error {
	_, err := c.SignUp(ctx, signin.SignUp{Username: "jo@example.org", Password: "N3w!", Attributes: map[string]string{"name": "Jo", "email": "jo@example.org"}, Caller: visitor})
	return err
}

func confirmSignUp(c *signin.Client, ctx context.Context) error {
	_, err := c.ConfirmSignUp(ctx, signin.Confirmation{Username: "jo@example.org", Code: "123 456", Session: "the-session", Caller: visitor})
	return err
}

func confirmForgot(c *signin.Client, ctx context.Context) error {
	return c.ConfirmForgotPassword(ctx, "jo@example.org", "123-456", "N3w!", visitor)
}

func TestTheCallsOfAnAccount(t *testing.T) {
	for operation, row := range map[string]struct {
		call func(*signin.Client, context.Context) error
		want map[string]string
	}{
		"ForgotPassword":         {forgot, nil},
		"ResendConfirmationCode": {resend, nil},
		"SignUp":                 {signUp, map[string]string{"Password": "N3w!", "UserAttributes": "[map[Name:email Value:jo@example.org] map[Name:name Value:Jo]]"}},
		"ConfirmSignUp":          {confirmSignUp, map[string]string{"ConfirmationCode": "123456", "Session": "the-session"}},
		"ConfirmForgotPassword":  {confirmForgot, map[string]string{"ConfirmationCode": "123456", "Password": "N3w!"}},
	} {
		s := newStub(t).on(operation, answer(`{}`))
		if err := row.call(s.client("secret"), t.Context()); err != nil {
			t.Errorf("%s: %v", operation, err)
		}
		got := s.last()
		for key, want := range row.want {
			if got.text(key) != want {
				t.Errorf("%s: expected %s to be %s, got %s", operation, key, want, got.text(key))
			}
		}
		if got.text("ClientId") != clientID || got.text("Username") != "jo@example.org" || got.text("SecretHash") != hashOf("secret", "jo@example.org") ||
			got.text("UserContextData", "IpAddress") != "192.0.2.7" || got.text("ClientMetadata", "captcha") != "token" {
			t.Errorf("%s: unexpected call %v", operation, got.body)
		}
		s.done()
	}
}

// hidden is what Cognito says of accounts that do not exist or need no code.
var hidden = [][2]string{
	{"UserNotFoundException", "Username/client id combination not found."},
	{"NotAuthorizedException", "User password cannot be reset in the current state."},
	{"NotAuthorizedException", "User is disabled."},
	{"UserNotConfirmedException", "User is not confirmed."},
	{"InvalidParameterException", "Cannot reset password for the user as there is no registered/verified email or phone_number"},
	{"InvalidParameterException", "User is already confirmed."},
}

func TestAskingForACodeRevealsNoAccount(t *testing.T) {
	for operation, call := range map[string]func(*signin.Client, context.Context) error{"ForgotPassword": forgot, "ResendConfirmationCode": resend} {
		for _, row := range hidden {
			s := newStub(t).on(operation, fails(row[0], row[1]))
			if err := call(s.client(), t.Context()); err != nil {
				t.Errorf("%s answers %s %q: expected it to be hidden, got %v", operation, row[0], row[1], err)
			}
		}
		checkRefusals(t, []refusal{
			{"LimitExceededException", "Attempt limit exceeded", signin.ErrAttempts, "too_many_attempts", ""},
			{"TooManyRequestsException", "Rate exceeded", errUnavailable, "throttled", ""},
			{"CodeDeliveryFailureException", "", signin.ErrMisconfigured, "misconfigured", "delivery"},
			{"ResourceNotFoundException", "User pool client x does not exist.", signin.ErrMisconfigured, "misconfigured", "client"},
			{"NotAuthorizedException", "Unable to verify secret hash for client x", signin.ErrMisconfigured, "misconfigured", "secret"},
			{"UserLambdaValidationException", "CustomMessage failed with error No.", signin.ErrRejected, "rejected", ""},
			{"InternalErrorException", "", errUnavailable, "unavailable", ""},
		}, operation, func(s *stub) error { return call(s.client(), t.Context()) })
	}
}

func TestAConfirmationRevealsNoAccount(t *testing.T) {
	same := []refusal{
		{"CodeMismatchException", "Invalid verification code provided, please try again.", signin.ErrCode, "wrong_code", ""},
		{"ExpiredCodeException", "Invalid code provided, please request a code again.", signin.ErrCode, "wrong_code", ""},
		{"UserNotFoundException", "Username/client id combination not found.", signin.ErrCode, "wrong_code", ""},
		{"NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED", signin.ErrCode, "wrong_code", ""},
		{"UserNotConfirmedException", "", signin.ErrCode, "wrong_code", ""},
		{"TooManyFailedAttemptsException", "", signin.ErrAttempts, "too_many_attempts", ""},
		{"LimitExceededException", "", signin.ErrAttempts, "too_many_attempts", ""},
	}
	checkRefusals(t, same, "ConfirmForgotPassword", func(s *stub) error { return confirmForgot(s.client(), t.Context()) })
	checkRefusals(t, same, "ConfirmSignUp", func(s *stub) error { return confirmSignUp(s.client(), t.Context()) })
	checkRefusals(t, []refusal{{"InvalidPasswordException", "Password did not conform with policy: Password must have symbol characters", signin.ErrPassword, "password_policy", "symbol"}},
		"ConfirmForgotPassword", func(s *stub) error { return confirmForgot(s.client(), t.Context()) })
	checkRefusals(t, []refusal{{"AliasExistsException", "An account with the email already exists.", signin.ErrExists, "exists", ""}},
		"ConfirmSignUp", func(s *stub) error { return confirmSignUp(s.client(), t.Context()) })
}

func TestASignUpRevealsNoAccount(t *testing.T) {
	s := newStub(t).on("SignUp", fails("UsernameExistsException", "User already exists"),
		answer(`{"UserConfirmed":false,"UserSub":"x","CodeDeliveryDetails":{"Destination":"j***@e***","DeliveryMedium":"EMAIL","AttributeName":"email"}}`))
	client := s.client()
	for range 2 {
		got, err := client.SignUp(t.Context(), signin.SignUp{Username: "jo", Password: "N3w!"})
		if err != nil || got != (signin.SignedUp{}) {
			t.Errorf("expected that a code was sent, got %+v, %v", got, err)
		}
	}
	checkRefusals(t, []refusal{
		{"InvalidPasswordException", "Password did not conform with policy: Password not long enough", signin.ErrPassword, "password_policy", "length"},
		{"InvalidParameterException", "Attributes did not conform to the schema: hunter2", signin.ErrInput, "input", "value"},
		{"NotAuthorizedException", "SignUp is not permitted for this user pool", signin.ErrCredentials, "bad_credentials", ""},
		{"UserLambdaValidationException", "PreSignUp failed with error Staff only.", signin.ErrRejected, "rejected", ""},
	}, "SignUp", func(s *stub) error { return signUp(s.client(), t.Context()) })
}

func TestASignUpLeadsToASignIn(t *testing.T) {
	s := newStub(t).on("SignUp", answer(`{"UserConfirmed":false,"UserSub":"x","Session":"session-1"}`)).on("ConfirmSignUp", answer(`{"Session":"session-2"}`))
	client := s.client()
	done, err := client.SignUp(t.Context(), signin.SignUp{Username: "jo"})
	if err != nil || done.Confirmed || done.Session != "session-1" || s.last().text("Password") != "" {
		t.Fatalf("unexpected sign-up %v, %v", done, err)
	}
	session, err := client.ConfirmSignUp(t.Context(), signin.Confirmation{Username: "jo", Code: "123456", Session: done.Session})
	if err != nil || session != "session-2" || s.last().text("Session") != "session-1" {
		t.Errorf("unexpected session, %v after %v", err, s.last().body)
	}
	s.on("SignUp", answer(`{"UserConfirmed":true,"UserSub":"x"}`))
	if done, err := client.SignUp(t.Context(), signin.SignUp{Username: "jo"}); err != nil || !done.Confirmed {
		t.Errorf("expected a confirmed account, got %v, %v", done, err)
	}
}

func TestAccountsWithInputThatCannotBe(t *testing.T) {
	client := newStub(t).client()
	long := signin.Secret(strings.Repeat("x", 300))
	confirm := func(name string, code signin.Secret) error {
		_, err := client.ConfirmSignUp(t.Context(), signin.Confirmation{Username: name, Code: code})
		return err
	}
	create := func(name string, password signin.Secret) error {
		_, err := client.SignUp(t.Context(), signin.SignUp{Username: name, Password: password})
		return err
	}
	for name, err := range map[string]error{
		"a code for nobody":               client.ForgotPassword(t.Context(), "", visitor),
		"another code for nobody":         client.ResendConfirmationCode(t.Context(), "jo doe", visitor),
		"a new password for nobody":       client.ConfirmForgotPassword(t.Context(), "", "123456", "pw", visitor),
		"a new password without a code":   client.ConfirmForgotPassword(t.Context(), "jo", "", "pw", visitor),
		"no new password":                 client.ConfirmForgotPassword(t.Context(), "jo", "123456", "", visitor),
		"a new password that is too long": client.ConfirmForgotPassword(t.Context(), "jo", "123456", long, visitor),
		"a confirmation of nobody":        confirm("", "123456"),
		"a confirmation without a code":   confirm("jo", ""),
		"a sign-up of nobody":             create("", "pw"),
		"a sign-up with a long password":  create("jo", long),
	} {
		expectReason(t, name, err, signin.ErrInput)
	}
}
