package signin

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Tokens are what a sign-in is for. They are not verified here.
type Tokens struct {
	ID, Access Secret
	// Refresh is the refresh token to use from now on.
	Refresh Secret
	// Expires is when the ID and access tokens expire; zero when Cognito did not
	// tell.
	Expires time.Time
	// NewDevice is a device that the pool wants to remember; see
	// [Client.ConfirmDevice]. Its Password is empty.
	NewDevice *Device
}

// tokens reads Cognito's answer.
func (c *Client) tokens(got *types.AuthenticationResultType) (*Tokens, error) {
	if got == nil || aws.ToString(got.AccessToken) == "" || aws.ToString(got.IdToken) == "" {
		return nil, refuse(ErrAnswer, "")
	}
	tokens := &Tokens{
		ID: Secret(aws.ToString(got.IdToken)), Access: Secret(aws.ToString(got.AccessToken)), Refresh: Secret(aws.ToString(got.RefreshToken)),
	}
	if got.ExpiresIn > 0 {
		tokens.Expires = c.now().Add(time.Duration(got.ExpiresIn) * time.Second)
	}
	if device := got.NewDeviceMetadata; device != nil && aws.ToString(device.DeviceKey) != "" {
		tokens.NewDevice = &Device{Key: *device.DeviceKey, Group: aws.ToString(device.DeviceGroupKey)}
	}
	return tokens, nil
}

// Refresh exchanges a refresh token for new tokens, whether the app client
// rotates refresh tokens or not. deviceKey is that of the device with which the
// user signed in, if any. Only [ErrRefreshToken] and [ErrRefreshTokenReused] end
// a session: after any other error the refresh token may still be good.
func (c *Client) Refresh(ctx context.Context, refresh Secret, deviceKey string, caller Caller) (*Tokens, error) {
	var out *api.GetTokensFromRefreshTokenOutput
	err := c.call(ctx, situation{"GetTokensFromRefreshToken", refreshing}, func(secret Secret) (err error) {
		out, err = c.api.GetTokensFromRefreshToken(ctx, &api.GetTokensFromRefreshTokenInput{
			ClientId: &c.opts.ClientID, ClientSecret: secret.pointer(), RefreshToken: refresh.pointer(),
			DeviceKey: optional(deviceKey), ClientMetadata: caller.Metadata,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	tokens, err := c.tokens(out.AuthenticationResult)
	if err == nil && tokens.Refresh == "" {
		tokens.Refresh = refresh
	}
	return tokens, err
}

// Revoke ends the family of a refresh token. The ID and access tokens of the
// family go on to verify offline until they expire.
func (c *Client) Revoke(ctx context.Context, refresh Secret) error {
	return c.call(ctx, situation{"RevokeToken", refreshing}, func(secret Secret) error {
		_, err := c.api.RevokeToken(ctx, &api.RevokeTokenInput{
			ClientId: &c.opts.ClientID, ClientSecret: secret.pointer(), Token: refresh.pointer(),
		})
		return err
	})
}

// GlobalSignOut ends all sessions of the user of an access token, which must
// have the scope aws.cognito.signin.user.admin.
func (c *Client) GlobalSignOut(ctx context.Context, access Secret) error {
	return c.call(ctx, situation{"GlobalSignOut", withAccessToken}, func(Secret) error {
		_, err := c.api.GlobalSignOut(ctx, &api.GlobalSignOutInput{AccessToken: access.pointer()})
		return err
	})
}
