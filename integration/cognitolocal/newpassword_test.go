package cognitolocal_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const newPass = "N3w!passw"

// invited has jo invited by an administrator.
func invited(t *testing.T, settings cognitolocal.SignIn) (*world, reply) {
	t.Helper()
	w := newChallengeWorld(t, settings)
	noError(t, w.Pool().SetStatus("jo", cognitolocal.ForceChangePassword))
	return w, w.password(t).is(t, "NEW_PASSWORD_REQUIRED")
}

func TestNewPassword(t *testing.T) {
	w, a := invited(t, cognitolocal.SignIn{RequiredAttributes: []string{"email", "name", "birthdate"}})
	if got, want := list(t, a.Params["requiredAttributes"]), []string{"userAttributes.name", "userAttributes.birthdate"}; !slices.Equal(got, want) {
		t.Errorf("expected %q, got %q", want, got)
	}
	var shown map[string]string
	noError(t, json.Unmarshal([]byte(a.Params["userAttributes"]), &shown))
	if shown["email"] != email || shown["email_verified"] != "true" {
		t.Errorf("expected the attributes, got %v", shown)
	}
	tokens := w.next(t, a, "NEW_PASSWORD", newPass, "userAttributes.name", "Jo", "userAttributes.birthdate", "2000-01-02",
		"userAttributes.custom:team", "blue").signedIn(t)
	got := claims(t, *tokens.IdToken)
	if got["name"] != "Jo" || got["custom:team"] != "blue" {
		t.Errorf("expected the new attributes in the token, got %v", got)
	}
	_, err := w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", "jo", "PASSWORD", password)
	wantCode(t, err, notAuthorized, wrongPassword)
	next, err := w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", "jo", "PASSWORD", newPass)
	noError(t, err)
	next.signedIn(t)
}

func TestNewPasswordWithSRP(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	noError(t, w.Pool().SetStatus("jo", cognitolocal.ForceChangePassword))
	c, a := w.srp(t, anyClient)
	a = w.next(t, a, w.proof(c, a)...).is(t, "NEW_PASSWORD_REQUIRED")
	w.next(t, a, "NEW_PASSWORD", newPass).signedIn(t)
}

func TestNewPasswordThenMFA(t *testing.T) {
	w, a := invited(t, cognitolocal.SignIn{MFA: cognitolocal.MFARequired})
	w.next(t, a, "NEW_PASSWORD", newPass).is(t, "MFA_SETUP")
}

func TestNewPasswordRefusals(t *testing.T) {
	tests := []struct {
		name          string
		params        []string
		code, message string
	}{
		{"no password", nil, badParameter, "Missing required parameter NEW_PASSWORD"},
		{"too short", []string{"NEW_PASSWORD", "N3w!pas"}, "InvalidPasswordException",
			"Password did not conform with policy: Password not long enough"},
		{"no upper case", []string{"NEW_PASSWORD", "n3w!passw"}, "InvalidPasswordException",
			"Password did not conform with policy: Password must have uppercase characters"},
		{"no lower case", []string{"NEW_PASSWORD", "N3W!PASSW"}, "InvalidPasswordException",
			"Password did not conform with policy: Password must have lowercase characters"},
		{"no number", []string{"NEW_PASSWORD", "New!passw"}, "InvalidPasswordException",
			"Password did not conform with policy: Password must have numeric characters"},
		{"no symbol", []string{"NEW_PASSWORD", "N3wpasswo"}, "InvalidPasswordException",
			"Password did not conform with policy: Password must have symbol characters"},
		{"a required attribute is missing", []string{"NEW_PASSWORD", newPass}, badParameter,
			"Invalid attributes given, name is missing"},
		{"a required attribute that has a value", []string{"NEW_PASSWORD", newPass, "userAttributes.name", "Jo",
			"userAttributes.email", "new@example.org"}, badParameter, "Cannot modify an already provided email"},
		{"a flag that only a code sets", []string{"NEW_PASSWORD", newPass, "userAttributes.name", "Jo",
			"userAttributes.email_verified", "true"}, badParameter, ""},
		{"an attribute that does not exist", []string{"NEW_PASSWORD", newPass, "userAttributes.name", "Jo",
			"userAttributes.shoe_size", "43"}, badParameter, ""},
		{"the subject", []string{"NEW_PASSWORD", newPass, "userAttributes.name", "Jo", "userAttributes.sub", "x"}, badParameter, ""},
	}
	w, a := invited(t, cognitolocal.SignIn{RequiredAttributes: []string{"email", "name"}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.respond(t, anyClient, a.Name, a.Session, tt.params...)
			wantCode(t, err, tt.code, tt.message)
		})
	}
	// After all that, the Session is still good, and nothing has changed.
	w.next(t, a, "NEW_PASSWORD", newPass, "userAttributes.name", "Jo").signedIn(t)
	if u, _ := w.Pool().User("jo"); u.Attributes["email"] != email {
		t.Errorf("expected the address to stay, got %q", u.Attributes["email"])
	}
}

func TestTemporaryPasswordExpires(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	w.user(t, cognitolocal.User{
		Username: "pat", Password: password, Status: cognitolocal.ForceChangePassword,
		PasswordExpires: w.clock.Now().Add(time.Hour),
	})
	begin := func() (reply, error) {
		return w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", "pat", "PASSWORD", password)
	}
	a, err := begin()
	noError(t, err)
	a.is(t, "NEW_PASSWORD_REQUIRED")
	w.clock.Advance(time.Hour)
	_, err = begin()
	wantCode(t, err, notAuthorized, "Temporary password has expired and must be reset by an administrator.")
}

func TestPasswordPolicyIsThePools(t *testing.T) {
	w, a := invited(t, cognitolocal.SignIn{Passwords: cognitolocal.PasswordPolicy{
		MinLength: 6, NoUppercase: true, NoLowercase: true, NoNumber: true, NoSymbol: true,
	}})
	_, err := w.respond(t, anyClient, a.Name, a.Session, "NEW_PASSWORD", "short")
	wantCode(t, err, "InvalidPasswordException", "")
	w.next(t, a, "NEW_PASSWORD", "simple").signedIn(t)
}

func TestSignInSettingsRefusals(t *testing.T) {
	for name, s := range map[string]cognitolocal.SignIn{
		"a second factor that does not exist":  {MFATypes: []string{"PIGEON_MFA"}},
		"a first factor that does not exist":   {FirstFactors: []string{"PASSWORD_SRP"}},
		"an attribute that does not exist":     {RequiredAttributes: []string{"shoe_size"}},
		"an attribute that cannot be verified": {Verify: []string{"name"}},
		"a password of five characters":        {Passwords: cognitolocal.PasswordPolicy{MinLength: 5}},
		"a password of a hundred characters":   {Passwords: cognitolocal.PasswordPolicy{MinLength: 100}},
		"rules without a round":                {CustomAuth: &cognitolocal.CustomAuth{}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := newWorld(t).Pool().SetSignIn(s); err == nil {
				t.Error("expected SetSignIn to refuse")
			}
			if _, err := cognitolocal.New(cognitolocal.Options{SignIn: s}); err == nil {
				t.Error("expected New to refuse")
			}
		})
	}
}
