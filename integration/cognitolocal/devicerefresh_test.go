package cognitolocal_test

import (
	"net/http"
	"testing"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// tracked is a sign-in of jo with a device, which is confirmed if confirm says
// so. The client may refresh in all ways.
func tracked(t *testing.T, tracking cognitolocal.DeviceTracking, confirm bool) (*world, *gadget, string) {
	t.Helper()
	w := newChallengeWorld(t, cognitolocal.SignIn{Devices: tracking})
	w.change(t, cognitolocal.Client{ID: anyClient, AuthFlows: []string{
		cognitolocal.AllowUserPasswordAuth, cognitolocal.AllowRefreshTokenAuth,
	}})
	tokens := w.password(t).signedIn(t)
	g := newGadget(t, tokens)
	if confirm {
		_, err := w.sdk.ConfirmDevice(t.Context(), g.confirmInput())
		noError(t, err)
	}
	return w, g, *tokens.RefreshToken
}

// refreshAll refreshes by both operations with the key, if any, and expects the
// message of a refusal, or "" for none.
func (w *world) refreshAll(t *testing.T, token, key, want string) {
	t.Helper()
	params := []string{"REFRESH_TOKEN", token}
	in := &idp.GetTokensFromRefreshTokenInput{ClientId: new(anyClient), RefreshToken: &token}
	if key != "" {
		params, in.DeviceKey = append(params, "DEVICE_KEY", key), &key
	}
	_, byFlow := w.auth(t, types.AuthFlowTypeRefreshTokenAuth, anyClient, params...)
	_, byOperation := w.sdk.GetTokensFromRefreshToken(t.Context(), in)
	for _, err := range []error{byFlow, byOperation} {
		if want == "" {
			noError(t, err)
			continue
		}
		wantCode(t, err, notAuthorized, want)
	}
}

func TestRefreshWithADevice(t *testing.T) {
	const refused = "Invalid Refresh Token"
	for _, tracking := range []cognitolocal.DeviceTracking{cognitolocal.DevicesAlways, cognitolocal.DevicesOptIn} {
		w, g, token := tracked(t, tracking, true)
		w.refreshAll(t, token, g.key, "")
		w.refreshAll(t, token, "", refused)
		w.refreshAll(t, token, "eu-west-1_x", refused)
	}
	t.Run("the device of another sign-in", func(t *testing.T) {
		w, _, token := tracked(t, cognitolocal.DevicesAlways, true)
		other, _ := w.enrol(t)
		w.refreshAll(t, token, other.key, refused)
	})
	t.Run("a device that was not confirmed", func(t *testing.T) {
		w, g, token := tracked(t, cognitolocal.DevicesAlways, false)
		w.refreshAll(t, token, g.key, refused)
		_, err := w.sdk.ConfirmDevice(t.Context(), g.confirmInput())
		noError(t, err)
		w.refreshAll(t, token, g.key, "")
	})
	t.Run("a device that was forgotten", func(t *testing.T) {
		w, g, token := tracked(t, cognitolocal.DevicesAlways, true)
		_, err := w.sdk.ForgetDevice(t.Context(), &idp.ForgetDeviceInput{AccessToken: g.token, DeviceKey: &g.key})
		noError(t, err)
		w.refreshAll(t, token, g.key, refused)
	})
	t.Run("a remembered device that has proven itself", func(t *testing.T) {
		w, g, _ := tracked(t, cognitolocal.DevicesAlways, true)
		a, err := w.proveDevice(t, g, w.password(t, "DEVICE_KEY", g.key), g.secret)
		noError(t, err)
		token := *a.signedIn(t).RefreshToken
		w.refreshAll(t, token, "", refused)
		w.refreshAll(t, token, g.key, "")
	})
	t.Run("tracking that was switched off", func(t *testing.T) {
		w, _, token := tracked(t, cognitolocal.DevicesAlways, true)
		noError(t, w.Pool().SetSignIn(cognitolocal.SignIn{}))
		w.refreshAll(t, token, "", "")
	})
	t.Run("a sign-in from before the tracking", func(t *testing.T) {
		w := newChallengeWorld(t, cognitolocal.SignIn{})
		token := *w.password(t).signedIn(t).RefreshToken
		noError(t, w.Pool().SetSignIn(cognitolocal.SignIn{Devices: cognitolocal.DevicesAlways}))
		w.refreshAll(t, token, "", "")
	})
}

// TestTokenEndpointHasNoDevices: it refreshes sign-ins at the pages, and none
// with a device, whatever the form says.
func TestTokenEndpointHasNoDevices(t *testing.T) {
	w, g, token := tracked(t, cognitolocal.DevicesAlways, true)
	a := w.token(t, "", "grant_type", "refresh_token", "client_id", anyClient, "refresh_token", token, "device_key", g.key)
	if a.status != http.StatusBadRequest || a.text("error") != "invalid_grant" {
		t.Errorf("expected invalid_grant, got %d %s", a.status, a.body)
	}
	w = newHosted(t)
	noError(t, w.Pool().SetSignIn(cognitolocal.SignIn{Devices: cognitolocal.DevicesAlways}))
	refresh := w.tokens(t).text("refresh_token")
	if a := w.token(t, "", "grant_type", "refresh_token", "client_id", oauthClient, "refresh_token", refresh); a.status != http.StatusOK {
		t.Errorf("expected tokens, got %d %s", a.status, a.body)
	}
}

func TestRefusedDeviceUsesNoRotatingTokenUp(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{Devices: cognitolocal.DevicesAlways})
	noError(t, w.Pool().UpdateClient(cognitolocal.Client{
		ID: anyClient, RotateRefreshTokens: true, AuthFlows: []string{cognitolocal.AllowUserPasswordAuth},
	}))
	tokens := w.password(t).signedIn(t)
	g := newGadget(t, tokens)
	_, err := w.sdk.ConfirmDevice(t.Context(), g.confirmInput())
	noError(t, err)
	_, err = w.getTokens(t, anyClient, *tokens.RefreshToken)
	wantCode(t, err, notAuthorized, "Invalid Refresh Token")
	_, err = w.sdk.GetTokensFromRefreshToken(t.Context(), &idp.GetTokensFromRefreshTokenInput{
		ClientId: new(anyClient), RefreshToken: tokens.RefreshToken, DeviceKey: &g.key,
	})
	noError(t, err)
}
