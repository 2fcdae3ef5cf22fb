package cognitolocal_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// rotatingClient adds a client with rotation and signs jo in with it.
func rotatingClient(t *testing.T, w *world, grace time.Duration, secrets ...string) string {
	t.Helper()
	noError(t, w.Pool().AddClient(cognitolocal.Client{
		ID: "rotating", Secrets: secrets, RotateRefreshTokens: true, RotationGrace: grace,
		AuthFlows: []string{cognitolocal.AllowUserPasswordAuth}, RefreshTokenLifetime: time.Hour,
	}))
	params := []string{"USERNAME", "jo", "PASSWORD", password}
	if len(secrets) > 0 {
		params = append(params, "SECRET_HASH", cognitolocal.SecretHash(secrets[0], "jo", "rotating"))
	}
	r, err := w.auth(t, types.AuthFlowTypeUserPasswordAuth, "rotating", params...)
	noError(t, err)
	return *r.RefreshToken
}

func (w *world) getTokens(
	t *testing.T, client, token string, secret ...string,
) (*types.AuthenticationResultType, error) {
	t.Helper()
	in := &idp.GetTokensFromRefreshTokenInput{ClientId: &client, RefreshToken: &token}
	if len(secret) > 0 {
		in.ClientSecret = &secret[0]
	}
	out, err := w.sdk.GetTokensFromRefreshToken(t.Context(), in)
	if err != nil {
		return nil, err
	}
	return out.AuthenticationResult, nil
}

func TestRefreshKeepsTheSessionAndRenewsTheRest(t *testing.T) {
	w := newWorld(t)
	first := w.signIn(t)
	if n := strings.Count(*first.RefreshToken, "."); n != 4 || !strings.HasPrefix(*first.RefreshToken, "eyJjdHki") {
		t.Errorf("expected a refresh token that looks like a JWE, got %d dots", n)
	}
	w.clock.Advance(time.Minute)
	noError(t, w.Pool().SetGroups("jo", "staff"))
	noError(t, w.Pool().SetAttributes("jo", map[string]string{"custom:tenant": "43"}))
	for _, flow := range []types.AuthFlowType{"REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"} {
		second, err := w.auth(t, flow, webClient, "REFRESH_TOKEN", *first.RefreshToken)
		noError(t, err)
		if second.RefreshToken != nil {
			t.Error("expected no refresh token without rotation")
		}
		before, after := claims(t, *first.IdToken), claims(t, *second.IdToken)
		for _, name := range []string{"sub", "auth_time", "origin_jti", "event_id"} {
			if before[name] != after[name] {
				t.Errorf("%s: expected %q, got %q", name, before[name], after[name])
			}
		}
		if before["jti"] == after["jti"] || before["iat"] == after["iat"] {
			t.Error("expected a new jti and a new iat")
		}
		if groups, _ := after["cognito:groups"].([]any); !slices.Equal(groups, []any{"staff"}) {
			t.Errorf("expected the new groups, got %q", groups)
		}
		if after["custom:tenant"] != "43" || after["email"] != nil {
			t.Error("expected the new attributes only")
		}
	}
}

func TestRefreshRefusals(t *testing.T) {
	tests := []struct {
		name, code, message string
		change              func(*testing.T, *world)
		token               string // instead of the real one
	}{
		{name: "an invented token is refused", token: "eyJjdHki.a.b.c.d", code: "NotAuthorizedException", message: "Invalid Refresh Token"},
		{name: "a missing token is an input error", token: "-", code: "InvalidParameterException"},
		{
			name: "an expired token is refused", code: "NotAuthorizedException", message: "Refresh Token has expired",
			change: func(_ *testing.T, w *world) { w.clock.Advance(30 * 24 * time.Hour) },
		},
		{
			name: "a disabled user is refused", code: "NotAuthorizedException", message: "User is disabled.",
			change: func(t *testing.T, w *world) { noError(t, w.Pool().SetDisabled("jo", true)) },
		},
		{
			name: "a user signed out everywhere is refused", code: "NotAuthorizedException", message: "Refresh Token has been revoked",
			change: func(t *testing.T, w *world) { noError(t, w.Pool().SignOut("jo")) },
		},
		{
			name: "a removed user is refused, also when the name is taken again", code: "NotAuthorizedException",
			change: func(t *testing.T, w *world) {
				noError(t, w.Pool().RemoveUser("jo"))
				_, err := w.Pool().AddUser(cognitolocal.User{Username: "jo", Password: password})
				noError(t, err)
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			token := *w.signIn(t).RefreshToken
			if tt.change != nil {
				tt.change(t, w)
			}
			if tt.token != "" {
				token = strings.Trim(tt.token, "-")
			}
			_, err := w.refresh(t, token)
			wantCode(t, err, tt.code, tt.message)
		})
	}
}

func TestRefreshTokenOfAnotherClientIsRefused(t *testing.T) {
	w := newWorld(t)
	token := *w.signIn(t).RefreshToken
	rotatingClient(t, w, 0)
	_, err := w.getTokens(t, "rotating", token)
	wantCode(t, err, "NotAuthorizedException", "Invalid Refresh Token")
}

func TestGetTokensWithoutRotation(t *testing.T) {
	w := newWorld(t)
	token := *w.signIn(t).RefreshToken
	for range 2 {
		r, err := w.getTokens(t, webClient, token)
		noError(t, err)
		if r.RefreshToken != nil {
			t.Error("expected no refresh token")
		}
	}
}

func TestRotationRefusesReuseAtOnceWithoutGrace(t *testing.T) {
	w := newWorld(t)
	first := rotatingClient(t, w, 0)
	r, err := w.getTokens(t, "rotating", first)
	noError(t, err)
	_, err = w.getTokens(t, "rotating", first)
	if _, ok := errors.AsType[*types.RefreshTokenReuseException](err); !ok {
		t.Fatalf("expected RefreshTokenReuseException, got %v", err)
	}
	_, err = w.getTokens(t, "rotating", *r.RefreshToken)
	noError(t, err)
}

func TestRotationGraceCountsFromTheFirstUse(t *testing.T) {
	w := newWorld(t)
	first := rotatingClient(t, w, 30*time.Second)
	a, err := w.getTokens(t, "rotating", first)
	noError(t, err)
	w.clock.Advance(29 * time.Second)
	b, err := w.getTokens(t, "rotating", first)
	noError(t, err)
	if *a.RefreshToken == *b.RefreshToken {
		t.Error("expected each answer to have its own refresh token")
	}
	w.clock.Advance(time.Second)
	_, err = w.getTokens(t, "rotating", first)
	wantCode(t, err, "RefreshTokenReuseException", "")
	for _, token := range []string{*a.RefreshToken, *b.RefreshToken} {
		_, err = w.getTokens(t, "rotating", token)
		noError(t, err)
	}
}

func TestRotatedTokenExpiresWithTheFirstOne(t *testing.T) {
	w := newWorld(t)
	first := rotatingClient(t, w, 0)
	w.clock.Advance(59 * time.Minute)
	r, err := w.getTokens(t, "rotating", first)
	noError(t, err)
	w.clock.Advance(time.Minute)
	_, err = w.getTokens(t, "rotating", *r.RefreshToken)
	wantCode(t, err, "NotAuthorizedException", "Refresh Token has expired")
}

func TestRotationExcludesTheRefreshFlow(t *testing.T) {
	w := newWorld(t)
	token := rotatingClient(t, w, 0)
	_, err := w.auth(t, types.AuthFlowTypeRefreshTokenAuth, "rotating", "REFRESH_TOKEN", token)
	wantCode(t, err, "InvalidParameterException", "")
}

func TestGetTokensTakesThePlainSecret(t *testing.T) {
	w := newWorld(t)
	token := rotatingClient(t, w, time.Minute, firstSecret, secondSecret)
	for _, refused := range []string{"", "x", cognitolocal.SecretHash(firstSecret, "jo", "rotating")} {
		_, err := w.getTokens(t, "rotating", token, refused)
		wantCode(t, err, "NotAuthorizedException", "")
	}
	for _, accepted := range []string{firstSecret, secondSecret} {
		_, err := w.getTokens(t, "rotating", token, accepted)
		noError(t, err)
	}
}
