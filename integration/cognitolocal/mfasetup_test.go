package cognitolocal_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// setupWorld has jo set a second factor up.
func setupWorld(t *testing.T, settings cognitolocal.SignIn) (*world, reply) {
	t.Helper()
	settings.MFA = cognitolocal.MFARequired
	w := newChallengeWorld(t, settings)
	return w, w.password(t).is(t, "MFA_SETUP")
}

// associate returns the secret and the next Session.
func (w *world) associate(t *testing.T, session string) (secret, next string) {
	t.Helper()
	out, err := w.sdk.AssociateSoftwareToken(t.Context(), &idp.AssociateSoftwareTokenInput{Session: &session})
	noError(t, err)
	return *out.SecretCode, *out.Session
}

func (w *world) verifyToken(t *testing.T, session, code string) (*idp.VerifySoftwareTokenOutput, error) {
	t.Helper()
	return w.sdk.VerifySoftwareToken(t.Context(), &idp.VerifySoftwareTokenInput{
		Session: &session, UserCode: &code, FriendlyDeviceName: aws.String("my phone"),
	})
}

func TestSetUpTheApp(t *testing.T) {
	w, a := setupWorld(t, cognitolocal.SignIn{})
	if got := list(t, a.Params["MFAS_CAN_SETUP"]); !slices.Contains(got, "SOFTWARE_TOKEN_MFA") {
		t.Fatalf("expected the app to be offered, got %q", got)
	}
	secret, session := w.associate(t, a.Session)
	if len(secret) != 52 {
		t.Errorf("expected a secret of 52 characters, got %d", len(secret))
	}
	out, err := w.verifyToken(t, session, codeAt(t, secret, w.clock.Now()))
	noError(t, err)
	if out.Status != types.VerifySoftwareTokenResponseTypeSuccess {
		t.Errorf("expected SUCCESS, got %q", out.Status)
	}
	signedIn, err := w.respond(t, anyClient, "MFA_SETUP", *out.Session)
	noError(t, err)
	signedIn.signedIn(t)

	w.clock.Advance(time.Minute)
	a = w.password(t).is(t, "SOFTWARE_TOKEN_MFA")
	if a.Params["FRIENDLY_DEVICE_NAME"] != "my phone" {
		t.Errorf("expected the name of the device, got %q", a.Params["FRIENDLY_DEVICE_NAME"])
	}
	w.next(t, a, "SOFTWARE_TOKEN_MFA_CODE", codeAt(t, secret, w.clock.Now())).signedIn(t)
}

func TestSetUpTheAppAndGiveACodeOnceMore(t *testing.T) {
	w, a := setupWorld(t, cognitolocal.SignIn{})
	w.Pool().SetVariants(cognitolocal.Variants{CodeAfterSetup: true})
	secret, session := w.associate(t, a.Session)
	out, err := w.verifyToken(t, session, codeAt(t, secret, w.clock.Now()))
	noError(t, err)
	a, err = w.respond(t, anyClient, "MFA_SETUP", *out.Session)
	noError(t, err)
	a.is(t, "SOFTWARE_TOKEN_MFA")
	w.clock.Advance(30 * time.Second)
	w.next(t, a, "SOFTWARE_TOKEN_MFA_CODE", codeAt(t, secret, w.clock.Now())).signedIn(t)
}

func TestSetUpEmail(t *testing.T) {
	w, a := setupWorld(t, cognitolocal.SignIn{})
	a = w.next(t, a, "EMAIL", "jo@new.example").is(t, "EMAIL_OTP")
	sent := w.Pool().Outbox()
	if got := sent[len(sent)-1].Destination; got != "jo@new.example" {
		t.Errorf("expected the code to go to the new address, got %q", got)
	}
	u, _ := w.Pool().User("jo")
	if u.Attributes["email_verified"] != "false" {
		t.Error("expected the new address to be unverified until its code is right")
	}
	w.next(t, a, "EMAIL_OTP_CODE", w.lastCode(t)).signedIn(t)
	w.password(t).is(t, "EMAIL_OTP")
}

func TestMFASetupRefusals(t *testing.T) {
	t.Run("an answer before anything is set up", func(t *testing.T) {
		w, a := setupWorld(t, cognitolocal.SignIn{})
		_, err := w.respond(t, anyClient, a.Name, a.Session)
		wantCode(t, err, "SoftwareTokenMFANotFoundException", "")
	})
	t.Run("an answer before the code of the app", func(t *testing.T) {
		w, a := setupWorld(t, cognitolocal.SignIn{})
		_, session := w.associate(t, a.Session)
		_, err := w.respond(t, anyClient, a.Name, session)
		wantCode(t, err, "SoftwareTokenMFANotFoundException", "")
	})
	t.Run("an address where the pool sends no codes", func(t *testing.T) {
		w, a := setupWorld(t, cognitolocal.SignIn{MFATypes: []string{cognitolocal.SoftwareTokenMFA}})
		_, err := w.respond(t, anyClient, a.Name, a.Session, "EMAIL", "jo@new.example")
		wantCode(t, err, "SoftwareTokenMFANotFoundException", "")
	})
	t.Run("a code before there is a secret", func(t *testing.T) {
		w, a := setupWorld(t, cognitolocal.SignIn{})
		_, err := w.verifyToken(t, a.Session, "123456")
		wantCode(t, err, "SoftwareTokenMFANotFoundException", "")
	})
	t.Run("a wrong first code, and the Session goes on", func(t *testing.T) {
		w, a := setupWorld(t, cognitolocal.SignIn{})
		secret, session := w.associate(t, a.Session)
		right := codeAt(t, secret, w.clock.Now())
		_, err := w.verifyToken(t, session, otherCode(right))
		wantCode(t, err, "EnableSoftwareTokenMFAException", "Code mismatch")
		_, err = w.verifyToken(t, session, right)
		noError(t, err)
	})
	t.Run("three wrong first codes end it", func(t *testing.T) {
		w, a := setupWorld(t, cognitolocal.SignIn{})
		secret, session := w.associate(t, a.Session)
		right := codeAt(t, secret, w.clock.Now())
		for range 3 {
			_, err := w.verifyToken(t, session, otherCode(right))
			wantCode(t, err, "EnableSoftwareTokenMFAException", "")
		}
		_, err := w.verifyToken(t, session, right)
		wantCode(t, err, notAuthorized, spentSession)
	})
	t.Run("a Session that was exchanged", func(t *testing.T) {
		w, a := setupWorld(t, cognitolocal.SignIn{})
		w.associate(t, a.Session)
		_, err := w.sdk.AssociateSoftwareToken(t.Context(), &idp.AssociateSoftwareTokenInput{Session: &a.Session})
		wantCode(t, err, notAuthorized, spentSession)
	})
	t.Run("the Session of another challenge", func(t *testing.T) {
		w := smsWorld(t)
		a := w.password(t)
		_, err := w.sdk.AssociateSoftwareToken(t.Context(), &idp.AssociateSoftwareTokenInput{Session: &a.Session})
		wantCode(t, err, notAuthorized, invalidSession)
	})
	t.Run("neither a Session nor a token", func(t *testing.T) {
		w := newChallengeWorld(t, cognitolocal.SignIn{})
		_, err := w.sdk.AssociateSoftwareToken(t.Context(), &idp.AssociateSoftwareTokenInput{})
		wantCode(t, err, badParameter, "")
	})
	t.Run("a token that is none", func(t *testing.T) {
		w := newChallengeWorld(t, cognitolocal.SignIn{})
		_, err := w.sdk.AssociateSoftwareToken(t.Context(), &idp.AssociateSoftwareTokenInput{AccessToken: aws.String("x")})
		wantCode(t, err, notAuthorized, "Invalid Access Token")
	})
}

// TestSetUpTheAppWhileSignedIn changes nothing about sign-in until the user
// says so.
func TestSetUpTheAppWhileSignedIn(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{MFA: cognitolocal.MFAOptional})
	token := w.signIn(t).AccessToken
	made, err := w.sdk.AssociateSoftwareToken(t.Context(), &idp.AssociateSoftwareTokenInput{AccessToken: token})
	noError(t, err)
	if made.Session != nil {
		t.Error("expected no Session")
	}
	code := codeAt(t, *made.SecretCode, w.clock.Now())
	_, err = w.sdk.VerifySoftwareToken(t.Context(), &idp.VerifySoftwareTokenInput{AccessToken: token, UserCode: aws.String(otherCode(code))})
	wantCode(t, err, "EnableSoftwareTokenMFAException", "")
	_, err = w.sdk.VerifySoftwareToken(t.Context(), &idp.VerifySoftwareTokenInput{AccessToken: token, UserCode: &code})
	noError(t, err)
	w.password(t).signedIn(t)
	_, err = w.sdk.SetUserMFAPreference(t.Context(), &idp.SetUserMFAPreferenceInput{
		AccessToken: token, SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true, PreferredMfa: true},
	})
	noError(t, err)
	a := w.password(t).is(t, "SOFTWARE_TOKEN_MFA")
	_, err = w.respond(t, anyClient, a.Name, a.Session, "SOFTWARE_TOKEN_MFA_CODE", code)
	wantCode(t, err, "ExpiredCodeException", "") // VerifySoftwareToken has used it
}
