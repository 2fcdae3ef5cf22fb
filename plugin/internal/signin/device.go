package signin

import (
	"context"

	api "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Device is what a browser remembers so that the pool knows it again. The zero
// value is none. Its bytes carry a secret: seal them before a browser gets them.
type Device struct {
	Key, Group string
	Password   Secret
}

// known reports whether the device can prove itself.
func (d Device) known() bool { return d.Key != "" && d.Group != "" && d.Password != "" }

// MarshalBinary gives the bytes to seal.
func (d Device) MarshalBinary() ([]byte, error) {
	r := record{stateVersion}
	r.list([]string{d.Key, d.Group, string(d.Password)})
	return r, nil
}

// UnmarshalBinary reads what MarshalBinary gave. What it cannot read is
// [ErrDevice]: forget the device.
func (d *Device) UnmarshalBinary(data []byte) error {
	if len(data) == 0 || len(data) > MaxState || data[0] != stateVersion {
		return refuse(ErrDevice, "")
	}
	read := &reading{rest: data[1:]}
	parts := read.list()
	if !read.done() || len(parts) != 3 {
		return refuse(ErrDevice, "")
	}
	*d = Device{parts[0], parts[1], Secret(parts[2])}
	return nil
}

// ConfirmDevice registers the device that came with tokens, under a name that
// the user recognizes; empty will do. The tokens are good whether it succeeds or
// not. When ask is true, the pool remembers the device only if the user agrees;
// then call RememberDevice.
func (c *Client) ConfirmDevice(ctx context.Context, tokens *Tokens, name string) (device Device, ask bool, err error) {
	if tokens == nil || tokens.NewDevice == nil {
		return Device{}, false, refuse(ErrDevice, "")
	}
	device = *tokens.NewDevice
	made := newDeviceVerifier(device.Group, device.Key)
	device.Password = made.password
	err = c.call(ctx, situation{"ConfirmDevice", withAccessToken}, func(Secret) error {
		out, err := c.api.ConfirmDevice(ctx, &api.ConfirmDeviceInput{
			AccessToken: tokens.Access.pointer(), DeviceKey: &device.Key, DeviceName: optional(Plain(name, maxName)),
			DeviceSecretVerifierConfig: &types.DeviceSecretVerifierConfigType{PasswordVerifier: &made.verifier, Salt: &made.salt},
		})
		if err == nil {
			ask = out.UserConfirmationNecessary
		}
		return err
	})
	if err != nil {
		return Device{}, false, err
	}
	return device, ask, nil
}

// RememberDevice tells the pool that the user wants the device to be remembered.
func (c *Client) RememberDevice(ctx context.Context, access Secret, deviceKey string) error {
	return c.call(ctx, situation{"UpdateDeviceStatus", withAccessToken}, func(Secret) error {
		_, err := c.api.UpdateDeviceStatus(ctx, &api.UpdateDeviceStatusInput{
			AccessToken: access.pointer(), DeviceKey: &deviceKey, DeviceRememberedStatus: types.DeviceRememberedStatusTypeRemembered,
		})
		return err
	})
}
