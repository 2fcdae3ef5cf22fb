package cognitolocal_test

import (
	"errors"
	"testing"
	"time"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func (w *world) revoke(t *testing.T, client, token string) error {
	t.Helper()
	_, err := w.sdk.RevokeToken(t.Context(), &idp.RevokeTokenInput{ClientId: &client, Token: &token})
	return err
}

func TestRevokeEndsTheSessionAtTheAPI(t *testing.T) {
	w := newWorld(t)
	gone, kept := w.signIn(t), w.signIn(t)
	refreshed, err := w.refresh(t, *gone.RefreshToken)
	noError(t, err)
	noError(t, w.revoke(t, webClient, *gone.RefreshToken))

	_, err = w.refresh(t, *gone.RefreshToken)
	wantCode(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	for _, token := range []string{*gone.AccessToken, *refreshed.AccessToken} {
		_, err = w.getUser(t, token)
		wantCode(t, err, "NotAuthorizedException", "Access Token has been revoked")
	}
	_, err = w.getUser(t, *kept.AccessToken)
	noError(t, err)
	_, err = w.refresh(t, *kept.RefreshToken)
	noError(t, err)
	noError(t, w.revoke(t, webClient, *gone.RefreshToken)) // repeating is fine
}

func TestRevokeRefusals(t *testing.T) {
	w := newWorld(t)
	noError(t, w.Pool().AddClient(cognitolocal.Client{
		ID: "eternal", DisableRevocation: true, AuthFlows: []string{cognitolocal.AllowUserPasswordAuth},
	}))
	r := w.signIn(t)
	noError(t, w.revoke(t, webClient, "eyJjdHki.un.kno.w.n"))
	_, isType := errors.AsType[*types.UnsupportedTokenTypeException](w.revoke(t, webClient, *r.AccessToken))
	if !isType {
		t.Error("expected an access token to be of an unsupported type")
	}
	wantCode(t, w.revoke(t, webClient, *r.IdToken), "UnsupportedTokenTypeException", "")
	wantCode(t, w.revoke(t, "eternal", *r.RefreshToken), "UnsupportedOperationException", "")
	wantCode(t, w.revoke(t, "nobody", *r.RefreshToken), "UnauthorizedException", "")
	wantCode(t, w.revoke(t, secretClient, *r.RefreshToken), "UnauthorizedException", "")
	noError(t, w.Pool().AddClient(cognitolocal.Client{ID: "other"}))
	wantCode(t, w.revoke(t, "other", *r.RefreshToken), "UnauthorizedException", "")
	wantCode(t, w.revoke(t, webClient, ""), "InvalidParameterException", "")
	_, err := w.refresh(t, *r.RefreshToken)
	noError(t, err)
}

func TestClientWithoutRevocationHasNoOriginJTI(t *testing.T) {
	w := newWorld(t)
	noError(t, w.Pool().AddClient(cognitolocal.Client{ID: "eternal", DisableRevocation: true}))
	token, err := w.Pool().IDToken("jo", "eternal", nil)
	noError(t, err)
	if got, ok := claims(t, token)["origin_jti"]; ok {
		t.Errorf("expected no origin_jti, got %q", got)
	}
}

func TestGetUser(t *testing.T) {
	w := newWorld(t)
	out, err := w.getUser(t, *w.signIn(t).AccessToken)
	noError(t, err)
	got := map[string]string{}
	for _, a := range out.UserAttributes {
		got[*a.Name] = *a.Value
	}
	if *out.Username != "jo" || got["sub"] == "" || got["email"] != email || got["custom:tenant"] != "42" {
		t.Errorf("unexpected user %q with attributes %q", *out.Username, got)
	}
	if got["email_verified"] != "true" {
		t.Errorf("expected email_verified to be the string %q, got %q", "true", got["email_verified"])
	}
}

func TestGetUserRefusals(t *testing.T) {
	tests := []struct {
		name, code, message string
		token               func(*testing.T, *world) string
	}{
		{
			name: "an ID token is refused", code: "NotAuthorizedException", message: "Invalid Access Token",
			token: func(t *testing.T, w *world) string { return *w.signIn(t).IdToken },
		},
		{
			name: "text is refused", code: "NotAuthorizedException", message: "Invalid Access Token",
			token: func(*testing.T, *world) string { return "x" },
		},
		{
			name: "a token without signature is refused", code: "NotAuthorizedException", message: "Invalid Access Token",
			token: func(t *testing.T, w *world) string {
				token := *w.signIn(t).AccessToken
				return token[:len(token)-340] // the signature is 342 characters
			},
		},
		{
			name: "an expired token is refused", code: "NotAuthorizedException", message: "Access Token has expired",
			token: func(t *testing.T, w *world) string {
				token := *w.signIn(t).AccessToken
				w.clock.Advance(time.Hour)
				return token
			},
		},
		{
			name: "a token without the API's scope is refused", code: "NotAuthorizedException",
			token: func(t *testing.T, w *world) string {
				token, err := w.Pool().OAuthAccessToken("jo", webClient, []string{"openid"}, nil)
				noError(t, err)
				return token
			},
		},
		{
			name: "a token of another issuer is refused", code: "NotAuthorizedException", message: "Invalid Access Token",
			token: func(t *testing.T, w *world) string {
				token, err := w.Pool().AccessToken("jo", webClient, func(c map[string]any) { c["iss"] = "https://example.org" })
				noError(t, err)
				return token
			},
		},
		{
			name: "a token of a dropped key is refused", code: "NotAuthorizedException", message: "Invalid Access Token",
			token: func(t *testing.T, w *world) string {
				token := *w.signIn(t).AccessToken
				noError(t, w.Pool().RotateKeys())
				w.Pool().DropOldKeys()
				return token
			},
		},
		{
			name: "a disabled user is refused", code: "NotAuthorizedException", message: "User is disabled.",
			token: func(t *testing.T, w *world) string {
				token := *w.signIn(t).AccessToken
				noError(t, w.Pool().SetDisabled("jo", true))
				return token
			},
		},
		{
			name: "a user signed out everywhere is refused", code: "NotAuthorizedException", message: "Access Token has been revoked",
			token: func(t *testing.T, w *world) string {
				token := *w.signIn(t).AccessToken
				noError(t, w.Pool().SignOut("jo"))
				return token
			},
		},
		{
			name: "a removed user is not found", code: "UserNotFoundException",
			token: func(t *testing.T, w *world) string {
				token, err := w.Pool().AccessToken("jo", webClient, nil)
				noError(t, err)
				noError(t, w.Pool().RemoveUser("jo"))
				return token
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.getUser(t, tt.token(t, w))
			wantCode(t, err, tt.code, tt.message)
		})
	}
}
