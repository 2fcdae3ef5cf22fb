package cognitolocal_test

import (
	"errors"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestAddedPasskeySignsIn(t *testing.T) {
	w, key := passkeyWorld(t), newAuthenticator(t)
	noError(t, w.Pool().AddPasskey("jo", key.Create))
	for range 2 {
		a, err := w.choose(t, "PREFERRED_CHALLENGE", "WEB_AUTHN")
		noError(t, err)
		credential, err := key.Get([]byte(a.is(t, "WEB_AUTHN").Params["CREDENTIAL_REQUEST_OPTIONS"]))
		noError(t, err)
		w.next(t, a, "CREDENTIAL", string(credential)).signedIn(t)
	}
}

func TestAddPasskeyRefusals(t *testing.T) {
	refused := errors.New("the user said no")
	t.Run("nobody", func(t *testing.T) {
		if passkeyWorld(t).Pool().AddPasskey("nobody", newAuthenticator(t).Create) == nil {
			t.Error("expected an error")
		}
	})
	t.Run("a pool without passkeys", func(t *testing.T) {
		if newWorld(t).Pool().AddPasskey("jo", newAuthenticator(t).Create) == nil {
			t.Error("expected an error")
		}
	})
	t.Run("an authenticator for another site", func(t *testing.T) {
		key := newAuthenticator(t)
		key.Origin = "https://evil.example"
		if passkeyWorld(t).Pool().AddPasskey("jo", key.Create) == nil {
			t.Error("expected an error")
		}
	})
	t.Run("an authenticator that refuses", func(t *testing.T) {
		err := passkeyWorld(t).Pool().AddPasskey("jo", func([]byte) ([]byte, error) { return nil, refused })
		if !errors.Is(err, refused) {
			t.Errorf("expected its own error, got %v", err)
		}
	})
}

func TestCurrentTOTP(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{MFA: cognitolocal.MFAOptional})
	w.user(t, cognitolocal.User{
		Username: "app", Password: password, MFA: []string{cognitolocal.SoftwareTokenMFA}, TOTPSecret: cognitolocal.NewTOTPSecret(),
	})
	for range 2 { // in the same half minute
		a, err := w.begin(t, "USER_PASSWORD_AUTH", anyClient, "USERNAME", "app", "PASSWORD", password)
		noError(t, err)
		code, err := w.Pool().CurrentTOTP("app")
		noError(t, err)
		w.next(t, a.is(t, "SOFTWARE_TOKEN_MFA"), "USERNAME", "app", "SOFTWARE_TOKEN_MFA_CODE", code).signedIn(t)
	}
	for _, name := range []string{"jo", "nobody"} {
		if _, err := w.Pool().CurrentTOTP(name); err == nil {
			t.Errorf("expected an error for %s", name)
		}
	}
}
