package signin_test

import (
	"context"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

func TestRefreshing(t *testing.T) {
	for name, row := range map[string]struct{ answer, want string }{
		"without rotation the old token stays": {`{"AuthenticationResult":{"AccessToken":"a","IdToken":"i","ExpiresIn":300}}`, "old"},
		"with rotation there is a new one":     {`{"AuthenticationResult":{"AccessToken":"a","IdToken":"i","RefreshToken":"new","ExpiresIn":300}}`, "new"},
		"without a lifetime none is invented":  {`{"AuthenticationResult":{"AccessToken":"a","IdToken":"i"}}`, "old"},
	} {
		s := newStub(t).on("GetTokensFromRefreshToken", answer(row.answer))
		got, err := s.client("secret").Refresh(t.Context(), "old", "device-key", visitor)
		if err != nil || got.Access != "a" || got.ID != "i" || string(got.Refresh) != row.want {
			t.Errorf("%s: unexpected tokens, %v", name, err)
		}
		if call := s.last(); call.text("RefreshToken") != "old" || call.text("ClientSecret") != "secret" || call.text("DeviceKey") != "device-key" || call.text("ClientMetadata", "captcha") != "token" {
			t.Errorf("%s: unexpected call %v", name, call.body)
		}
	}
}

func TestRefreshesThatFail(t *testing.T) {
	refresh := func(s *stub) error {
		_, err := s.client().Refresh(t.Context(), "old", "", signin.Caller{})
		return err
	}
	checkRefusals(t, []refusal{
		{"NotAuthorizedException", "Refresh Token has expired", signin.ErrRefreshToken, "refresh_token_rejected", ""},
		{"NotAuthorizedException", "Refresh Token has been revoked", signin.ErrRefreshToken, "refresh_token_rejected", ""},
		{"NotAuthorizedException", "Invalid Refresh Token.", signin.ErrRefreshToken, "refresh_token_rejected", ""},
		{"NotAuthorizedException", "User is disabled.", signin.ErrRefreshToken, "refresh_token_rejected", ""},
		{"UserNotFoundException", "", signin.ErrRefreshToken, "refresh_token_rejected", ""},
		{"RefreshTokenReuseException", "", signin.ErrRefreshTokenReused, "refresh_token_reused", ""},
		{"NotAuthorizedException", "Invalid client secret", signin.ErrMisconfigured, "misconfigured", "secret"},
		{"TooManyRequestsException", "", errUnavailable, "throttled", ""},
		{"InternalErrorException", "", errUnavailable, "unavailable", ""},
		{"UserLambdaValidationException", "PreTokenGeneration failed with error x", signin.ErrRejected, "rejected", ""},
	}, "GetTokensFromRefreshToken", refresh)
	s := newStub(t).on("GetTokensFromRefreshToken", answer(noTokens), answer(`{}`))
	for range 2 {
		expectReason(t, "an answer without tokens", refresh(s), signin.ErrAnswer)
	}
}

func TestSigningOut(t *testing.T) {
	s := newStub(t).on("RevokeToken", answer(``)).on("GlobalSignOut", answer(`{}`))
	client := s.client("secret")
	if err := client.Revoke(t.Context(), "refresh"); err != nil || s.last().text("Token") != "refresh" || s.last().text("ClientSecret") != "secret" || s.last().text("ClientId") != clientID {
		t.Errorf("unexpected call %v, %v", s.last().body, err)
	}
	if err := client.GlobalSignOut(t.Context(), "access"); err != nil || s.last().text("AccessToken") != "access" {
		t.Errorf("unexpected call %v, %v", s.last().body, err)
	}
}

func TestSignOutsThatFail(t *testing.T) {
	checkRefusals(t, []refusal{
		{"UnauthorizedException", "", signin.ErrRefreshToken, "refresh_token_rejected", ""},
		{"UnauthorizedException", "Invalid client secret", signin.ErrMisconfigured, "misconfigured", "secret"},
		{"UnsupportedTokenTypeException", "", signin.ErrRefreshToken, "refresh_token_rejected", ""},
		{"UnsupportedOperationException", "", signin.ErrMisconfigured, "misconfigured", "operation"},
		{"InternalErrorException", "", errUnavailable, "unavailable", ""},
	}, "RevokeToken", func(s *stub) error { return s.client().Revoke(t.Context(), "refresh") })
	checkRefusals(t, []refusal{
		{"NotAuthorizedException", "Access Token has been revoked", signin.ErrSession, "session_expired", ""},
		{"TooManyRequestsException", "", errUnavailable, "throttled", ""},
	}, "GlobalSignOut", func(s *stub) error { return s.client().GlobalSignOut(t.Context(), "access") })
}

func TestAVisitorWhoLeavesIsNoOutage(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newStub(t).client("secret").Refresh(ctx, "old", "", signin.Caller{})
	if signin.Reason(err) != "canceled" || err != context.Canceled {
		t.Errorf("expected canceled and no word of the endpoint, got %v", err)
	}
}
