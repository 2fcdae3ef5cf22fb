package cognitolocal_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/document"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal/authenticator"
)

func passkeyWorld(t *testing.T) *world {
	t.Helper()
	return newChallengeWorld(t, cognitolocal.SignIn{
		FirstFactors: everyFactor, Passkeys: cognitolocal.Passkeys{RelyingPartyID: "localhost"},
	})
}

// startRegistration returns the creation options.
func (w *world) startRegistration(t *testing.T, token *string) (map[string]any, error) {
	t.Helper()
	out, err := w.sdk.StartWebAuthnRegistration(t.Context(), &idp.StartWebAuthnRegistrationInput{AccessToken: token})
	if err != nil {
		return nil, err
	}
	raw, err := out.CredentialCreationOptions.MarshalSmithyDocument()
	noError(t, err)
	var options map[string]any
	noError(t, json.Unmarshal(raw, &options))
	return options, nil
}

func (w *world) completeRegistration(t *testing.T, token *string, credential any) error {
	t.Helper()
	_, err := w.sdk.CompleteWebAuthnRegistration(t.Context(), &idp.CompleteWebAuthnRegistrationInput{
		AccessToken: token, Credential: document.NewLazyDocument(credential),
	})
	return err
}

// register gives jo a passkey and returns the access token.
func (w *world) register(t *testing.T, a *authenticator.Authenticator) *string {
	t.Helper()
	token := w.signIn(t).AccessToken
	options, err := w.startRegistration(t, token)
	noError(t, err)
	noError(t, w.completeRegistration(t, token, created(t, a, options["challenge"].(string))))
	return token
}

// requestChallenge is the challenge in the options of WEB_AUTHN.
func requestChallenge(t *testing.T, a reply) string {
	t.Helper()
	var options struct {
		Challenge, RPID  string
		AllowCredentials []struct{ ID string }
	}
	noError(t, json.Unmarshal([]byte(a.Params["CREDENTIAL_REQUEST_OPTIONS"]), &options))
	if options.Challenge == "" || options.RPID != "localhost" || len(options.AllowCredentials) == 0 {
		t.Errorf("expected challenge, rpId and allowCredentials, got %+v", options)
	}
	return options.Challenge
}

func TestRegistrationOptions(t *testing.T) {
	w := passkeyWorld(t)
	options, err := w.startRegistration(t, w.signIn(t).AccessToken)
	noError(t, err)
	for _, name := range []string{"challenge", "rp", "user", "pubKeyCredParams", "authenticatorSelection"} {
		if options[name] == nil {
			t.Errorf("expected %s in %v", name, options)
		}
	}
	var algorithms []float64
	for _, p := range options["pubKeyCredParams"].([]any) {
		algorithms = append(algorithms, p.(map[string]any)["alg"].(float64))
	}
	if len(algorithms) != 2 || algorithms[0] != -7 || algorithms[1] != -257 {
		t.Errorf("expected ES256 and RS256, got %v", algorithms)
	}
}

func TestPasskeySignIn(t *testing.T) {
	w, key := passkeyWorld(t), newAuthenticator(t)
	w.register(t, key)
	user, _ := w.Pool().User("jo")
	t.Run("preferred", func(t *testing.T) {
		a, err := w.choose(t, "PREFERRED_CHALLENGE", "WEB_AUTHN")
		noError(t, err)
		w.next(t, a, "CREDENTIAL", asserted(t, key, requestChallenge(t, a.is(t, "WEB_AUTHN")), user.Sub)).signedIn(t)
	})
	t.Run("selected", func(t *testing.T) {
		a, err := w.choose(t)
		noError(t, err)
		a = w.next(t, a, "ANSWER", "WEB_AUTHN").is(t, "WEB_AUTHN")
		w.next(t, a, "CREDENTIAL", asserted(t, key, requestChallenge(t, a), user.Sub)).signedIn(t)
	})
	t.Run("selected with the credential", func(t *testing.T) {
		a, err := w.choose(t)
		noError(t, err)
		credential := asserted(t, key, requestChallenge(t, a.is(t, "SELECT_CHALLENGE")), user.Sub)
		w.next(t, a, "ANSWER", "WEB_AUTHN", "CREDENTIAL", credential).signedIn(t)
	})
}

func TestPasskeyRefusals(t *testing.T) {
	tests := []struct {
		name   string
		change func(*testing.T, *authenticator.Authenticator)
		code   string
	}{
		{"another key", func(t *testing.T, a *authenticator.Authenticator) { a.Key = newAuthenticator(t).Key }, notAuthorized},
		{"another credential", func(t *testing.T, a *authenticator.Authenticator) { a.ID = newAuthenticator(t).ID }, notAuthorized},
		{"a page of another site", func(_ *testing.T, a *authenticator.Authenticator) { a.Origin = "https://evil.example" }, notAuthorized},
		{"a site that ends alike", func(_ *testing.T, a *authenticator.Authenticator) { a.Origin = "https://evillocalhost" }, notAuthorized},
		{"another relying party", func(_ *testing.T, a *authenticator.Authenticator) { a.RelyingPartyID = "evil.example" }, notAuthorized},
		{"a copied key", func(_ *testing.T, a *authenticator.Authenticator) { a.Counter = 0 }, notAuthorized},
		{"nobody was there", func(_ *testing.T, a *authenticator.Authenticator) { a.Flags = 0 }, notAuthorized},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, key := passkeyWorld(t), newAuthenticator(t)
			w.register(t, key)
			user, _ := w.Pool().User("jo")
			a, err := w.choose(t, "PREFERRED_CHALLENGE", "WEB_AUTHN")
			noError(t, err)
			tt.change(t, key)
			_, err = w.respond(t, anyClient, a.Name, a.Session, "CREDENTIAL", asserted(t, key, requestChallenge(t, a), user.Sub))
			wantCode(t, err, tt.code, wrongPassword)
		})
	}
	answers := []struct {
		name, code string
		credential func(t *testing.T, a *authenticator.Authenticator, challenge, user string) string
	}{
		{"no credential", badParameter, func(*testing.T, *authenticator.Authenticator, string, string) string { return "" }},
		{"no JSON", badParameter, func(*testing.T, *authenticator.Authenticator, string, string) string { return "{" }},
		{"the challenge of another time", notAuthorized,
			func(t *testing.T, a *authenticator.Authenticator, _, user string) string {
				return asserted(t, a, b64(make([]byte, 32)), user)
			}},
		{"the handle of another user", notAuthorized,
			func(t *testing.T, a *authenticator.Authenticator, challenge, _ string) string {
				return asserted(t, a, challenge, "mallory")
			}},
	}
	for _, tt := range answers {
		t.Run(tt.name, func(t *testing.T) {
			w, key := passkeyWorld(t), newAuthenticator(t)
			w.register(t, key)
			user, _ := w.Pool().User("jo")
			a, err := w.choose(t, "PREFERRED_CHALLENGE", "WEB_AUTHN")
			noError(t, err)
			_, err = w.respond(t, anyClient, a.Name, a.Session, "CREDENTIAL", tt.credential(t, key, requestChallenge(t, a), user.Sub))
			wantCode(t, err, tt.code, "")
		})
	}
}

func TestUserVerificationIsRequiredWhereThePoolSaysSo(t *testing.T) {
	w, key := newChallengeWorld(t, cognitolocal.SignIn{FirstFactors: everyFactor, Passkeys: cognitolocal.Passkeys{
		RelyingPartyID: "localhost", RequireUserVerification: true,
	}}), newAuthenticator(t)
	w.register(t, key)
	user, _ := w.Pool().User("jo")
	for _, verified := range []bool{false, true} {
		a, err := w.choose(t, "PREFERRED_CHALLENGE", "WEB_AUTHN")
		noError(t, err)
		key.Flags = authenticator.UserPresent
		if verified {
			key.Flags |= authenticator.UserVerified
		}
		_, err = w.respond(t, anyClient, a.Name, a.Session, "CREDENTIAL", asserted(t, key, requestChallenge(t, a), user.Sub))
		if verified {
			noError(t, err)
			continue
		}
		wantCode(t, err, notAuthorized, wrongPassword)
	}
}

func TestPasskeyWhereASecondFactorIsRequired(t *testing.T) {
	for _, multi := range []bool{false, true} {
		w, key := passkeyWorld(t), newAuthenticator(t)
		w.register(t, key)
		noError(t, w.Pool().SetSignIn(cognitolocal.SignIn{
			MFA: cognitolocal.MFARequired, FirstFactors: everyFactor,
			Passkeys: cognitolocal.Passkeys{RelyingPartyID: "localhost", RequireUserVerification: true, MultiFactor: multi},
		}))
		a, err := w.choose(t, "PREFERRED_CHALLENGE", "WEB_AUTHN")
		noError(t, err)
		if !multi {
			a.is(t, "SELECT_CHALLENGE")
			continue
		}
		user, _ := w.Pool().User("jo")
		w.next(t, a, "CREDENTIAL", asserted(t, key, requestChallenge(t, a), user.Sub)).signedIn(t)
	}
}

// TestPasskeyOfNobody names a credential for a name nobody has, always the same.
func TestPasskeyOfNobody(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{
		FirstFactors: []string{cognitolocal.FactorPasskey}, Passkeys: cognitolocal.Passkeys{RelyingPartyID: "localhost"},
	})
	ask := func() reply {
		a, err := w.begin(t, types.AuthFlowTypeUserAuth, anyClient, "USERNAME", "nobody", "PREFERRED_CHALLENGE", "WEB_AUTHN")
		noError(t, err)
		return a.is(t, "WEB_AUTHN")
	}
	a, b := ask(), ask()
	challenge := requestChallenge(t, a)
	if challenge == requestChallenge(t, b) {
		t.Error("expected another challenge each time")
	}
	allowed := func(a reply) string {
		_, rest, _ := strings.Cut(a.Params["CREDENTIAL_REQUEST_OPTIONS"], "allowCredentials")
		return rest
	}
	if allowed(a) != allowed(b) {
		t.Error("expected the same credential each time")
	}
	key := newAuthenticator(t)
	_, err := w.respond(t, anyClient, a.Name, a.Session, "USERNAME", "nobody", "CREDENTIAL", asserted(t, key, challenge, "nobody"))
	wantCode(t, err, notAuthorized, wrongPassword)
}

func TestRegistrationRefusals(t *testing.T) {
	t.Run("a token that is none", func(t *testing.T) {
		_, err := passkeyWorld(t).startRegistration(t, aws.String("x"))
		wantCode(t, err, notAuthorized, "Invalid Access Token")
	})
	t.Run("a pool without passkeys", func(t *testing.T) {
		w := newChallengeWorld(t, cognitolocal.SignIn{})
		_, err := w.startRegistration(t, w.signIn(t).AccessToken)
		wantCode(t, err, "WebAuthnNotEnabledException", "")
	})
	t.Run("a pool without a relying party", func(t *testing.T) {
		w := newChallengeWorld(t, cognitolocal.SignIn{FirstFactors: everyFactor})
		_, err := w.startRegistration(t, w.signIn(t).AccessToken)
		wantCode(t, err, "WebAuthnConfigurationMissingException", "")
	})
	t.Run("a credential that nobody asked for", func(t *testing.T) {
		w := passkeyWorld(t)
		err := w.completeRegistration(t, w.signIn(t).AccessToken, created(t, newAuthenticator(t), b64(make([]byte, 32))))
		wantCode(t, err, "WebAuthnChallengeNotFoundException", "")
	})
	t.Run("a challenge used twice", func(t *testing.T) {
		w := passkeyWorld(t)
		token := w.signIn(t).AccessToken
		options, err := w.startRegistration(t, token)
		noError(t, err)
		noError(t, w.completeRegistration(t, token, created(t, newAuthenticator(t), options["challenge"].(string))))
		err = w.completeRegistration(t, token, created(t, newAuthenticator(t), options["challenge"].(string)))
		wantCode(t, err, "WebAuthnChallengeNotFoundException", "")
	})
	tests := []struct {
		name   string
		change func(*world, *authenticator.Authenticator)
		code   string
	}{
		{"five minutes later", func(w *world, _ *authenticator.Authenticator) { w.clock.Advance(5 * time.Minute) }, "WebAuthnChallengeNotFoundException"},
		{"a page of another site", func(_ *world, a *authenticator.Authenticator) { a.Origin = "https://evil.example" }, "WebAuthnOriginNotAllowedException"},
		{"a page without https", func(_ *world, a *authenticator.Authenticator) { a.Origin = "ftp://localhost" }, "WebAuthnOriginNotAllowedException"},
		{"another relying party", func(_ *world, a *authenticator.Authenticator) { a.RelyingPartyID = "evil.example" }, "WebAuthnRelyingPartyMismatchException"},
		{"an algorithm that was not asked for", func(_ *world, a *authenticator.Authenticator) { a.Algorithm = authenticator.EdDSA }, "WebAuthnCredentialNotSupportedException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, key := passkeyWorld(t), newAuthenticator(t)
			token := w.signIn(t).AccessToken
			options, err := w.startRegistration(t, token)
			noError(t, err)
			tt.change(w, key)
			err = w.completeRegistration(t, token, created(t, key, options["challenge"].(string)))
			wantCode(t, err, tt.code, "")
		})
	}
	t.Run("more than twenty", func(t *testing.T) {
		w := passkeyWorld(t)
		token := w.register(t, newAuthenticator(t))
		for range 19 {
			options, err := w.startRegistration(t, token)
			noError(t, err)
			noError(t, w.completeRegistration(t, token, created(t, newAuthenticator(t), options["challenge"].(string))))
		}
		_, err := w.startRegistration(t, token)
		wantCode(t, err, "LimitExceededException", "")
	})
}

func TestListAndDeletePasskeys(t *testing.T) {
	w := passkeyWorld(t)
	token := w.register(t, newAuthenticator(t))
	factors := func() []types.AuthFactorType {
		out, err := w.sdk.GetUserAuthFactors(t.Context(), &idp.GetUserAuthFactorsInput{AccessToken: token})
		noError(t, err)
		return out.ConfiguredUserAuthFactors
	}
	if got := factors(); len(got) != 3 { // password, passkey, e-mail
		t.Errorf("expected three factors, got %v", got)
	}
	all, err := w.sdk.ListWebAuthnCredentials(t.Context(), &idp.ListWebAuthnCredentialsInput{AccessToken: token})
	noError(t, err)
	if len(all.Credentials) != 1 || *all.Credentials[0].RelyingPartyId != "localhost" {
		t.Fatalf("expected one passkey for localhost, got %+v", all.Credentials)
	}
	remove := func() error {
		_, err := w.sdk.DeleteWebAuthnCredential(t.Context(), &idp.DeleteWebAuthnCredentialInput{
			AccessToken: token, CredentialId: all.Credentials[0].CredentialId,
		})
		return err
	}
	noError(t, remove())
	wantCode(t, remove(), "ResourceNotFoundException", "")
	if got := factors(); len(got) != 2 {
		t.Errorf("expected two factors, got %v", got)
	}
}
