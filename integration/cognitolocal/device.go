package cognitolocal

import (
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"time"
)

// device is a device of a user.
type device struct {
	key, group string
	name       string
	created    time.Time
	lastSignIn time.Time

	confirmed  bool // ConfirmDevice has brought the verifier
	remembered bool
	salt       *big.Int
	verifier   *big.Int
}

type newDeviceMetadata struct {
	DeviceKey      string
	DeviceGroupKey string
}

// groupKeySize is the length of a device group key, in bytes before encoding.
const groupKeySize = 6

// addDevice starts tracking a device. The caller holds the lock.
func (p *Pool) addDevice(u *User) *newDeviceMetadata {
	region, _, _ := strings.Cut(p.id, "_")
	d := &device{
		key: region + "_" + newUUID(), group: "-" + encode(randomBytes(groupKeySize)),
		created: p.now(), lastSignIn: p.now(),
	}
	f := p.auth.factorsOf(u)
	f.devices = append(f.devices, d)
	return &newDeviceMetadata{d.key, d.group}
}

// device finds a device by its key, or nil.
func (f *factors) device(key string) *device {
	i := slices.IndexFunc(f.devices, func(d *device) bool { return d.key == key })
	if i < 0 {
		return nil
	}
	return f.devices[i]
}

func noSuchDevice() error { return resourceNotFound("Device does not exist.") }

type confirmDeviceInput struct {
	AccessToken                string
	DeviceKey                  string
	DeviceName                 string
	DeviceSecretVerifierConfig struct {
		PasswordVerifier string
		Salt             string
	}
}

type confirmDeviceOutput struct{ UserConfirmationNecessary bool }

// confirmDevice stores the verifier of the secret that the device has made up.
func (p *Pool) confirmDevice(in confirmDeviceInput) (any, error) {
	salt, err := verifierNumber(in.DeviceSecretVerifierConfig.Salt)
	if err != nil {
		return nil, err
	}
	verifier, err := verifierNumber(in.DeviceSecretVerifierConfig.PasswordVerifier)
	if err != nil {
		return nil, err
	}
	return p.ofDevice(in.AccessToken, in.DeviceKey, func(_ *factors, d *device) (any, error) {
		if d.confirmed {
			return nil, &apiError{"DeviceKeyExistsException", "Device already exists."}
		}
		d.name, d.salt, d.verifier, d.confirmed = in.DeviceName, salt, verifier, true
		ask := p.auth.settings.Devices == DevicesOptIn
		d.remembered = !ask
		return confirmDeviceOutput{ask}, nil
	})
}

// verifierNumber reads a number in base64 of its big-endian bytes.
func verifierNumber(text string) (*big.Int, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	n := new(big.Int).SetBytes(raw)
	if err != nil || n.Sign() == 0 || n.Cmp(srpN) >= 0 {
		return nil, invalidParameter("Invalid device secret verifier config")
	}
	return n, nil
}

type deviceInput struct {
	AccessToken            string
	DeviceKey              string
	DeviceRememberedStatus string
}

// updateDeviceStatus remembers the device, or stops.
func (p *Pool) updateDeviceStatus(in deviceInput) (any, error) {
	if in.DeviceRememberedStatus != "remembered" && in.DeviceRememberedStatus != "not_remembered" {
		return nil, invalidParameter("Invalid DeviceRememberedStatus")
	}
	return p.ofDevice(in.AccessToken, in.DeviceKey, func(_ *factors, d *device) (any, error) {
		if !d.confirmed {
			return nil, noSuchDevice()
		}
		d.remembered = in.DeviceRememberedStatus == "remembered"
		return struct{}{}, nil
	})
}

// forgetDevice ends the tracking of the device.
func (p *Pool) forgetDevice(in deviceInput) (any, error) {
	return p.ofDevice(in.AccessToken, in.DeviceKey, func(f *factors, d *device) (any, error) {
		f.devices = slices.DeleteFunc(f.devices, func(other *device) bool { return other == d })
		return struct{}{}, nil
	})
}

type deviceOutput struct {
	DeviceKey                   string
	DeviceAttributes            []attribute
	DeviceCreateDate            int64
	DeviceLastAuthenticatedDate int64
	DeviceLastModifiedDate      int64
}

func (d *device) output() deviceOutput {
	status := "not_remembered"
	if d.remembered {
		status = "remembered"
	}
	return deviceOutput{
		DeviceKey:        d.key,
		DeviceAttributes: []attribute{{"device_name", d.name}, {"device_status", status}},
		DeviceCreateDate: d.created.Unix(), DeviceLastAuthenticatedDate: d.lastSignIn.Unix(),
		DeviceLastModifiedDate: d.lastSignIn.Unix(),
	}
}

func (p *Pool) getDevice(in deviceInput) (any, error) {
	return p.ofDevice(in.AccessToken, in.DeviceKey, func(_ *factors, d *device) (any, error) {
		return struct{ Device deviceOutput }{d.output()}, nil
	})
}

// listDevices lists the confirmed devices of the owner, all on one page.
func (p *Pool) listDevices(in getUserInput) (any, error) {
	return p.asOwner(in.AccessToken, func(u *User, _ Client) (any, error) {
		out := []deviceOutput{}
		for _, d := range p.auth.factorsOf(u).devices {
			if d.confirmed {
				out = append(out, d.output())
			}
		}
		return struct{ Devices []deviceOutput }{out}, nil
	})
}

// ofDevice runs the operation on a device of the token's owner.
func (p *Pool) ofDevice(token, key string, run func(*factors, *device) (any, error)) (any, error) {
	return p.asOwner(token, func(u *User, _ Client) (any, error) {
		f := p.auth.factorsOf(u)
		d := f.device(key)
		if d == nil {
			return nil, noSuchDevice()
		}
		return run(f, d)
	})
}
