package cognitolocal_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestPasswordSignIn(t *testing.T) {
	tests := []struct {
		name    string
		flow    types.AuthFlowType
		client  string
		params  []string
		code    string // empty: signed in
		message string
		setUp   func(*testing.T, *cognitolocal.Pool)
	}{
		{name: "the right password signs in", params: []string{"USERNAME", "jo", "PASSWORD", password}},
		{name: "case of the username does not matter", params: []string{"USERNAME", "JO", "PASSWORD", password}},
		{name: "a verified email alias signs in", params: []string{"USERNAME", email, "PASSWORD", password}},
		{
			name: "a wrong password is refused", params: []string{"USERNAME", "jo", "PASSWORD", "x"},
			code: "NotAuthorizedException", message: "Incorrect username or password.",
		},
		{
			name: "an unknown user looks like a wrong password", params: []string{"USERNAME", "no", "PASSWORD", "x"},
			code: "NotAuthorizedException", message: "Incorrect username or password.",
		},
		{
			name: "an unverified alias is nobody", params: []string{"USERNAME", email, "PASSWORD", password},
			code: "NotAuthorizedException", message: "Incorrect username or password.",
			setUp: func(t *testing.T, p *cognitolocal.Pool) {
				noError(t, p.SetAttributes("jo", map[string]string{"email": email}))
			},
		},
		{
			name: "a disabled user is told only with the right password", params: []string{"USERNAME", "jo", "PASSWORD", password},
			code: "NotAuthorizedException", message: "User is disabled.",
			setUp: func(t *testing.T, p *cognitolocal.Pool) { noError(t, p.SetDisabled("jo", true)) },
		},
		{
			name: "a disabled user with a wrong password looks like any other", params: []string{"USERNAME", "jo", "PASSWORD", "x"},
			code: "NotAuthorizedException", message: "Incorrect username or password.",
			setUp: func(t *testing.T, p *cognitolocal.Pool) { noError(t, p.SetDisabled("jo", true)) },
		},
		{
			name: "an unconfirmed user is refused", params: []string{"USERNAME", "jo", "PASSWORD", password},
			code:  "UserNotConfirmedException",
			setUp: func(t *testing.T, p *cognitolocal.Pool) { noError(t, p.SetStatus("jo", cognitolocal.Unconfirmed)) },
		},
		{
			name: "a user who must reset the password is refused", params: []string{"USERNAME", "jo", "PASSWORD", password},
			code:  "PasswordResetRequiredException",
			setUp: func(t *testing.T, p *cognitolocal.Pool) { noError(t, p.SetStatus("jo", cognitolocal.ResetRequired)) },
		},
		{
			name: "a removed user is unknown", params: []string{"USERNAME", "jo", "PASSWORD", password},
			code: "NotAuthorizedException", message: "Incorrect username or password.",
			setUp: func(t *testing.T, p *cognitolocal.Pool) { noError(t, p.RemoveUser("jo")) },
		},
		{
			name: "an old password is refused after a change", params: []string{"USERNAME", "jo", "PASSWORD", password},
			code:  "NotAuthorizedException",
			setUp: func(t *testing.T, p *cognitolocal.Pool) { noError(t, p.SetPassword("jo", "another")) },
		},
		{name: "the username is required", params: []string{"PASSWORD", password}, code: "InvalidParameterException"},
		{name: "the password is required", params: []string{"USERNAME", "jo"}, code: "InvalidParameterException"},
		{
			name: "an unknown client is no resource", client: "nobody", params: []string{"USERNAME", "jo", "PASSWORD", password},
			code: "ResourceNotFoundException",
		},
		{
			name: "a public client must not send a hash", params: []string{"USERNAME", "jo", "PASSWORD", password, "SECRET_HASH", "x"},
			code: "NotAuthorizedException",
		},
		{
			name: "a client without flows allows no password", client: "plain", params: []string{"USERNAME", "jo", "PASSWORD", password},
			code: "InvalidParameterException", message: "USER_PASSWORD_AUTH flow not enabled for this client",
			setUp: func(t *testing.T, p *cognitolocal.Pool) { noError(t, p.AddClient(cognitolocal.Client{ID: "plain"})) },
		},
		{
			name: "a legacy client tells unknown users apart", client: "legacy", params: []string{"USERNAME", "no", "PASSWORD", "x"},
			code: "UserNotFoundException",
			setUp: func(t *testing.T, p *cognitolocal.Pool) {
				noError(t, p.AddClient(cognitolocal.Client{
					ID: "legacy", LegacyUserErrors: true, AuthFlows: []string{cognitolocal.AllowUserPasswordAuth},
				}))
			},
		},
		{name: "an unknown flow is refused", flow: "NO_SUCH_AUTH", code: "InvalidParameterException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.setUp != nil {
				tt.setUp(t, w.Pool())
			}
			flow, client := tt.flow, tt.client
			if flow == "" {
				flow = types.AuthFlowTypeUserPasswordAuth
			}
			if client == "" {
				client = webClient
			}
			r, err := w.auth(t, flow, client, tt.params...)
			if tt.code != "" {
				wantCode(t, err, tt.code, tt.message)
				return
			}
			noError(t, err)
			if r.AccessToken == nil || r.IdToken == nil || r.RefreshToken == nil {
				t.Error("expected three tokens")
			}
			if r.ExpiresIn != 3600 || *r.TokenType != "Bearer" {
				t.Errorf("expected 3600 and Bearer, got %d and %q", r.ExpiresIn, *r.TokenType)
			}
		})
	}
}

func TestErrorsAreTypedInTheSDK(t *testing.T) {
	forms := map[string]cognitolocal.ErrorForm{
		"plain":                          {},
		"with a namespace":               {Namespace: true},
		"with a capital Message":         {CapitalMessage: true},
		"without the header":             {NoHeader: true},
		"with everything at once":        {Namespace: true, CapitalMessage: true, NoHeader: true},
		"with a namespace in the header": {Namespace: true, CapitalMessage: true},
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.SetErrorForm(form)
			_, err := w.auth(t, types.AuthFlowTypeUserPasswordAuth, webClient, "USERNAME", "jo", "PASSWORD", "x")
			typed, ok := errors.AsType[*types.NotAuthorizedException](err)
			if !ok {
				t.Fatalf("expected NotAuthorizedException, got %v", err)
			}
			if typed.ErrorMessage() != "Incorrect username or password." {
				t.Errorf("expected the message, got %q", typed.ErrorMessage())
			}
		})
	}
}

func TestLockout(t *testing.T) {
	const wrong, locked = "Incorrect username or password.", "Password attempts exceeded"
	w := newWorld(t)
	try := func(name, pass, message string) {
		t.Helper()
		_, err := w.auth(t, types.AuthFlowTypeUserPasswordAuth, webClient, "USERNAME", name, "PASSWORD", pass)
		if message == "" {
			noError(t, err)
			return
		}
		wantCode(t, err, "NotAuthorizedException", message)
	}
	for range 5 {
		try("jo", "x", wrong)
	}
	try("jo", password, locked)
	try("JO", password, locked)
	try(email, password, locked)
	w.clock.Advance(time.Second)
	try("jo", "x", wrong) // the sixth failure locks for two seconds
	w.clock.Advance(time.Second)
	try("jo", password, locked)
	w.clock.Advance(time.Second)
	try("jo", password, "")
	try("jo", "x", wrong) // and success started the count again
	try("jo", password, "")

	for range 5 {
		try("nobody", "x", wrong)
	}
	try("nobody", "x", locked)
	w.clock.Advance(15 * time.Minute)
	try("nobody", "x", wrong)
	try("nobody", "x", wrong)
}

func TestSecretHash(t *testing.T) {
	hash := func(secret, name string) string { return cognitolocal.SecretHash(secret, name, secretClient) }
	tests := []struct {
		name, username, hash, refreshHash string
		code, refreshCode                 string
	}{
		{name: "the first secret works", username: "jo", hash: hash(firstSecret, "jo"), refreshHash: hash(firstSecret, "jo")},
		{name: "the second secret works", username: "jo", hash: hash(secondSecret, "jo"), refreshHash: hash(firstSecret, "jo")},
		{
			name: "refresh takes the real username after an alias sign-in", username: email,
			hash: hash(firstSecret, email), refreshHash: hash(firstSecret, "jo"),
		},
		{
			name: "refresh refuses the alias", username: email, hash: hash(firstSecret, email),
			refreshHash: hash(firstSecret, email), refreshCode: "NotAuthorizedException",
		},
		{
			name: "refresh without a hash is refused", username: "jo", hash: hash(firstSecret, "jo"),
			refreshCode: "NotAuthorizedException",
		},
		{name: "sign-in without a hash is refused", username: "jo", code: "NotAuthorizedException"},
		{name: "another secret is refused", username: "jo", hash: hash("other", "jo"), code: "NotAuthorizedException"},
		{name: "a hash of another name is refused", username: "jo", hash: hash(firstSecret, email), code: "NotAuthorizedException"},
		{name: "the plain secret is refused", username: "jo", hash: firstSecret, code: "NotAuthorizedException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			params := []string{"USERNAME", tt.username, "PASSWORD", password}
			if tt.hash != "" {
				params = append(params, "SECRET_HASH", tt.hash)
			}
			r, err := w.auth(t, types.AuthFlowTypeUserPasswordAuth, secretClient, params...)
			if tt.code != "" {
				wantCode(t, err, tt.code, "")
				return
			}
			noError(t, err)
			params = []string{"REFRESH_TOKEN", *r.RefreshToken}
			if tt.refreshHash != "" {
				params = append(params, "SECRET_HASH", tt.refreshHash)
			}
			_, err = w.auth(t, types.AuthFlowTypeRefreshTokenAuth, secretClient, params...)
			if tt.refreshCode != "" {
				wantCode(t, err, tt.refreshCode, "")
				return
			}
			noError(t, err)
		})
	}
}

func TestSecretHashVector(t *testing.T) {
	// printf userclientid | openssl dgst -sha256 -hmac secret -binary | base64
	const want = "E1KXMtDWZqk4xodyW0dfVQzUoSoWg7hMk0yc2ermw4M="
	if got := cognitolocal.SecretHash("secret", "user", "clientid"); got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
}
