package cognitolocal_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func attributes(params ...string) []types.AttributeType {
	var out []types.AttributeType
	for name, value := range pairs(params) {
		out = append(out, types.AttributeType{Name: &name, Value: &value})
	}
	return out
}

// signUp signs "pat" up; change may alter the request.
func (w *world) signUp(t *testing.T, change func(*idp.SignUpInput)) (*idp.SignUpOutput, error) {
	t.Helper()
	in := &idp.SignUpInput{
		ClientId: aws.String(anyClient), Username: aws.String("pat"), Password: aws.String(newPass),
		UserAttributes: attributes("email", "pat@example.org"),
	}
	if change != nil {
		change(in)
	}
	return w.sdk.SignUp(t.Context(), in)
}

func (w *world) confirm(t *testing.T, code string, change func(*idp.ConfirmSignUpInput)) (*idp.ConfirmSignUpOutput, error) {
	t.Helper()
	in := &idp.ConfirmSignUpInput{ClientId: aws.String(anyClient), Username: aws.String("pat"), ConfirmationCode: &code}
	if change != nil {
		change(in)
	}
	return w.sdk.ConfirmSignUp(t.Context(), in)
}

func (w *world) resend(t *testing.T, client, name string) (*idp.ResendConfirmationCodeOutput, error) {
	t.Helper()
	return w.sdk.ResendConfirmationCode(t.Context(), &idp.ResendConfirmationCodeInput{ClientId: &client, Username: &name})
}

func TestSignUpConfirmAndSignIn(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	out, err := w.signUp(t, nil)
	noError(t, err)
	if out.UserConfirmed || out.UserSub == nil || *out.CodeDeliveryDetails.Destination != "p***@e***" {
		t.Errorf("expected an unconfirmed user and a code, got %+v", out)
	}
	begin := func() (reply, error) {
		return w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", "pat", "PASSWORD", newPass)
	}
	_, err = begin()
	wantCode(t, err, "UserNotConfirmedException", "User is not confirmed.")
	code := w.Pool().LastCode("pat")
	_, err = w.confirm(t, otherCode(code), nil)
	wantCode(t, err, "CodeMismatchException", "Invalid verification code provided, please try again.")
	_, err = w.confirm(t, code, nil)
	noError(t, err)
	if u, _ := w.Pool().User("pat"); u.Attributes["email_verified"] != "true" {
		t.Error("expected the code to verify the address")
	}
	a, err := begin()
	noError(t, err)
	a.signedIn(t)
	_, err = w.confirm(t, code, nil)
	wantCode(t, err, notAuthorized, "User cannot be confirmed. Current status is CONFIRMED")
}

func TestSignUpRefusals(t *testing.T) {
	tests := []struct {
		name          string
		change        func(*idp.SignUpInput)
		code, message string
	}{
		{"a name that is taken", func(in *idp.SignUpInput) { in.Username = aws.String("JO") }, "UsernameExistsException", "User already exists"},
		{"a weak password", func(in *idp.SignUpInput) { in.Password = aws.String("weak") }, "InvalidPasswordException", ""},
		{"no password", func(in *idp.SignUpInput) { in.Password = nil }, "InvalidPasswordException", ""},
		{"a required attribute is missing", func(in *idp.SignUpInput) { in.UserAttributes = nil }, badParameter,
			"Attributes did not conform to the schema: email: The attribute is required"},
		{"an attribute that does not exist", func(in *idp.SignUpInput) {
			in.UserAttributes = attributes("email", "p@example.org", "shoe_size", "43")
		}, badParameter, ""},
		{"a flag that only a code sets", func(in *idp.SignUpInput) {
			in.UserAttributes = attributes("email", "p@example.org", "email_verified", "true")
		}, notAuthorized, "A client attempted to write unauthorized attribute"},
		{"a client that does not exist", func(in *idp.SignUpInput) { in.ClientId = aws.String("nobody") }, "ResourceNotFoundException", ""},
		{"a client with a secret, no hash", func(in *idp.SignUpInput) { in.ClientId = aws.String(hashClient) }, notAuthorized, ""},
		{"a hash of another name", func(in *idp.SignUpInput) {
			in.ClientId, in.SecretHash = aws.String(hashClient), aws.String(cognitolocal.SecretHash(firstSecret, "jo", hashClient))
		}, notAuthorized, ""},
	}
	w := newChallengeWorld(t, cognitolocal.SignIn{RequiredAttributes: []string{"email"}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.signUp(t, tt.change)
			wantCode(t, err, tt.code, tt.message)
		})
	}
	if _, ok := w.Pool().User("pat"); ok {
		t.Error("expected none of these to leave a user behind")
	}
	_, err := w.signUp(t, func(in *idp.SignUpInput) {
		in.ClientId, in.SecretHash = aws.String(hashClient), aws.String(cognitolocal.SecretHash(secondSecret, "pat", hashClient))
	})
	noError(t, err)
}

func TestSignUpCodeExpires(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	_, err := w.signUp(t, nil)
	noError(t, err)
	code := w.Pool().LastCode("pat")
	w.clock.Advance(24 * time.Hour)
	_, err = w.confirm(t, code, nil)
	wantCode(t, err, "ExpiredCodeException", "Invalid code provided, please request a code again.")
	_, err = w.resend(t, anyClient, "pat")
	noError(t, err)
	_, err = w.confirm(t, w.Pool().LastCode("pat"), nil)
	noError(t, err)
}

func TestANewCodeReplacesTheOld(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	_, err := w.signUp(t, nil)
	noError(t, err)
	old := w.Pool().LastCode("pat")
	for old == w.Pool().LastCode("pat") { // more than once in one case of a million
		_, err = w.resend(t, anyClient, "pat")
		noError(t, err)
	}
	_, err = w.confirm(t, old, nil)
	wantCode(t, err, "CodeMismatchException", "")
}

func TestSignUpLimits(t *testing.T) {
	const message = "Attempt limit exceeded, please try after some time."
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	_, err := w.signUp(t, nil)
	noError(t, err)
	for range 5 {
		_, err = w.resend(t, anyClient, "pat")
		noError(t, err)
	}
	_, err = w.resend(t, anyClient, "PAT")
	wantCode(t, err, "LimitExceededException", message)
	code := w.Pool().LastCode("pat")
	for range 15 {
		_, err = w.confirm(t, otherCode(code), nil)
		wantCode(t, err, "CodeMismatchException", "")
	}
	_, err = w.confirm(t, code, nil)
	wantCode(t, err, "LimitExceededException", message)
	w.clock.Advance(time.Hour)
	_, err = w.confirm(t, code, nil)
	noError(t, err)
}

func TestConfirmAndResendForOthers(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	w.user(t, cognitolocal.User{Username: "off", Disabled: true, Status: cognitolocal.Unconfirmed,
		Attributes: map[string]string{"email": "off@example.org"}})
	w.user(t, cognitolocal.User{Username: "mute", Status: cognitolocal.Unconfirmed})
	tests := []struct{ name, client, user, confirm, resend string }{
		{"nobody", anyClient, "nobody", "CodeMismatchException", ""},
		{"nobody, told apart", legacyClient, "nobody", "UserNotFoundException", "UserNotFoundException"},
		{"a disabled user", anyClient, "off", "CodeMismatchException", ""},
		{"a disabled user, told apart", legacyClient, "off", notAuthorized, notAuthorized},
		{"a user without a code or an address", anyClient, "mute", "ExpiredCodeException", badParameter},
		{"a confirmed user", anyClient, "jo", notAuthorized, badParameter},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.confirm(t, "001234", func(in *idp.ConfirmSignUpInput) { in.ClientId, in.Username = &tt.client, &tt.user })
			wantCode(t, err, tt.confirm, "")
			out, err := w.resend(t, tt.client, tt.user)
			if tt.resend != "" {
				wantCode(t, err, tt.resend, "")
				return
			}
			noError(t, err)
			if out.CodeDeliveryDetails == nil || *out.CodeDeliveryDetails.Destination == "" {
				t.Error("expected simulated details")
			}
		})
	}
	if sent := w.Pool().Outbox(); len(sent) != 0 {
		t.Errorf("expected nothing to be sent, got %v", sent)
	}
}

// TestAliasExists lets an address be the alias of one user only.
func TestAliasExists(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	_, err := w.signUp(t, func(in *idp.SignUpInput) { in.UserAttributes = attributes("email", email) })
	noError(t, err)
	code := w.Pool().LastCode("pat")
	_, err = w.confirm(t, code, nil)
	wantCode(t, err, "AliasExistsException", "An account with the email already exists.")
	_, err = w.confirm(t, code, func(in *idp.ConfirmSignUpInput) { in.ForceAliasCreation = true })
	noError(t, err)
	a, err := w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", email, "PASSWORD", newPass)
	noError(t, err)
	if got := claims(t, *a.signedIn(t).AccessToken)["username"]; got != "pat" {
		t.Errorf("expected the alias to have moved to pat, got %v", got)
	}
}

// TestSignInAfterSignUp goes from the code of sign-up to tokens without another
// one.
func TestSignInAfterSignUp(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{FirstFactors: everyFactor})
	made, err := w.signUp(t, func(in *idp.SignUpInput) { in.Password = nil })
	noError(t, err)
	confirmed, err := w.confirm(t, w.Pool().LastCode("pat"), func(in *idp.ConfirmSignUpInput) { in.Session = made.Session })
	noError(t, err)
	if confirmed.Session == nil {
		t.Fatal("expected a Session")
	}
	begin := func(name string, session *string) (*idp.InitiateAuthOutput, error) {
		return w.sdk.InitiateAuth(t.Context(), &idp.InitiateAuthInput{
			AuthFlow: types.AuthFlowTypeUserAuth, ClientId: aws.String(anyClient), Session: session,
			AuthParameters: map[string]string{"USERNAME": name},
		})
	}
	_, err = begin("pat", made.Session)
	wantCode(t, err, notAuthorized, spentSession)
	out, err := begin("pat", confirmed.Session)
	noError(t, err)
	if out.AuthenticationResult == nil {
		t.Fatal("expected tokens")
	}
	_, err = begin("pat", confirmed.Session)
	wantCode(t, err, notAuthorized, spentSession)
}

func TestTheSessionOfAnotherSignUpSignsNobodyIn(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	_, err := w.signUp(t, nil)
	noError(t, err)
	code := w.Pool().LastCode("pat")
	other, err := w.signUp(t, func(in *idp.SignUpInput) { in.Username = aws.String("kim") })
	noError(t, err)
	out, err := w.confirm(t, code, func(in *idp.ConfirmSignUpInput) { in.Session = other.Session })
	noError(t, err)
	if out.Session != nil {
		t.Error("expected no Session")
	}
}

func TestSignInAfterSignUpRefusals(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	made, err := w.signUp(t, nil)
	noError(t, err)
	begin := func(name, session string) error {
		_, err := w.sdk.InitiateAuth(t.Context(), &idp.InitiateAuthInput{
			AuthFlow: types.AuthFlowTypeUserAuth, ClientId: aws.String(anyClient), Session: &session,
			AuthParameters: map[string]string{"USERNAME": name},
		})
		return err
	}
	wantCode(t, begin("pat", *made.Session), notAuthorized, invalidSession) // not confirmed
	wantCode(t, begin("pat", "made-up-session-of-enough-length"), notAuthorized, invalidSession)
	confirmed, err := w.confirm(t, w.Pool().LastCode("pat"), func(in *idp.ConfirmSignUpInput) { in.Session = made.Session })
	noError(t, err)
	wantCode(t, begin("jo", *confirmed.Session), notAuthorized, invalidSession) // another user
}
