package signin_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

const newDevice = `{"AuthenticationResult":{"AccessToken":"the-access-token","IdToken":"the-id-token","ExpiresIn":3600,` +
	`"NewDeviceMetadata":{"DeviceKey":"eu-west-1_device","DeviceGroupKey":"-group"}}}`

var remembered = signin.Device{Key: "eu-west-1_device", Group: "-group", Password: "device-password"}

// devicePool asks for the device after the password and then does as told.
func devicePool(t *testing.T, s *stub, server signin.SRPServer, then handler) {
	srpA := ""
	s.on("RespondToAuthChallenge", func(r request) reply {
		srpA = r.text("ChallengeResponses", "SRP_A")
		if r.text("ChallengeName") != "DEVICE_SRP_AUTH" || r.text("ChallengeResponses", "DEVICE_KEY") != remembered.Key || srpA == "" {
			t.Errorf("unexpected reply %v", r.body)
		}
		params := server.Params()
		params["DEVICE_KEY"], params["USERNAME"] = remembered.Key, internal
		return challenge("DEVICE_PASSWORD_VERIFIER", params)(r)
	}, func(r request) reply {
		if r.text("ChallengeResponses", "DEVICE_KEY") != remembered.Key || r.text("ChallengeResponses", "USERNAME") != internal {
			t.Errorf("unexpected reply %v", r.body)
		}
		if !server.Accepts(srpA, r.values("ChallengeResponses")) {
			return exception(1, "NotAuthorizedException", "Incorrect username or password.")
		}
		return then(r)
	})
}

func withDevice(device signin.Device) signin.Start {
	start := jo(signin.FlowPassword, "pw")
	start.Device = device
	return start
}

func TestADeviceProvesItselfWithoutTheUser(t *testing.T) {
	s := newStub(t).on("InitiateAuth", challenge("DEVICE_SRP_AUTH", map[string]string{"USER_ID_FOR_SRP": internal}))
	devicePool(t, s, signin.NewSRPServer("-group", remembered.Key, remembered.Password), answer(tokens))
	step, err := s.client("secret").Start(t.Context(), withDevice(remembered))
	signedIn(t, step, err)
	if s.requests[0].text("AuthParameters", "DEVICE_KEY") != remembered.Key {
		t.Errorf("expected the device from the first call on, got %v", s.requests[0].body)
	}
	s.done()
}

func TestADeviceProvesItselfInALaterRound(t *testing.T) {
	s := newStub(t).on("InitiateAuth", challenge("SMS_MFA", map[string]string{"USER_ID_FOR_SRP": internal})).
		on("RespondToAuthChallenge", challenge("DEVICE_SRP_AUTH", nil))
	devicePool(t, s, signin.NewSRPServer("-group", remembered.Key, remembered.Password), answer(tokens))
	client := s.client()
	step, err := client.Answer(t.Context(), begin(t, client, withDevice(remembered)).State, signin.Answer{Code: "123456"})
	signedIn(t, step, err)
	s.done()
}

func TestDevicesThatAreNotAccepted(t *testing.T) {
	wrong := signin.NewSRPServer("-group", remembered.Key, "another")
	s := newStub(t).on("InitiateAuth", challenge("DEVICE_SRP_AUTH", map[string]string{"USER_ID_FOR_SRP": internal}), challenge("SMS_MFA", nil))
	devicePool(t, s, wrong, answer(tokens))
	step := begin(t, s.client(), withDevice(remembered))
	if !step.ForgetDevice || step.Challenge.Name != signin.SMSMFA || s.last().text("AuthParameters", "DEVICE_KEY") != "" {
		t.Errorf("a wrong device password: expected the user to be asked as on a new device, got %v", s.last().body)
	}

	s = newStub(t).on("InitiateAuth", challenge("DEVICE_SRP_AUTH", nil), answer(tokens)).on("RespondToAuthChallenge", fails("ResourceNotFoundException", "Device does not exist."))
	step, err := s.client().Start(t.Context(), withDevice(remembered))
	if signedIn(t, step, err); !step.ForgetDevice {
		t.Error("a device that vanished in between: expected it to be forgotten")
	}

	s = newStub(t).on("InitiateAuth", challenge("SMS_MFA", map[string]string{"USER_ID_FOR_SRP": internal})).on("RespondToAuthChallenge", challenge("DEVICE_SRP_AUTH", nil))
	devicePool(t, s, wrong, answer(tokens))
	client := s.client()
	step, err = client.Answer(t.Context(), begin(t, client, withDevice(remembered)).State, signin.Answer{Code: "123456"})
	if expectReason(t, "a wrong device password in a later round", err, signin.ErrDevice); !step.ForgetDevice {
		t.Error("expected the device to be forgotten, for the next sign-in")
	}

	for name, device := range map[string]signin.Device{"none": {}, "no password": {Key: "k", Group: "g"}, "no group": {Key: "k", Password: "p"}} {
		s := newStub(t).on("InitiateAuth", challenge("DEVICE_SRP_AUTH", nil))
		_, err := s.client().Start(t.Context(), withDevice(device))
		expectReason(t, "the browser knows "+name, err, signin.ErrDevice)
		if s.last().text("AuthParameters", "DEVICE_KEY") != "" {
			t.Errorf("%s: expected no device that could not prove itself, got %v", name, s.last().body)
		}
	}
}

// Cognito refuses every call with a device that was removed from the account.
func TestAForgottenDeviceLocksNobodyOut(t *testing.T) {
	gone := fails("ResourceNotFoundException", "Device does not exist.")
	s := newStub(t).on("InitiateAuth", gone, answer(tokens))
	step, err := s.client().Start(t.Context(), withDevice(remembered))
	signedIn(t, step, err)
	if !step.ForgetDevice || s.last().text("AuthParameters", "DEVICE_KEY") != "" {
		t.Errorf("expected the device to be forgotten, got %v", s.last().body)
	}

	s = newStub(t).on("InitiateAuth", challenge("SMS_MFA", nil)).on("RespondToAuthChallenge", gone, challenge("CUSTOM_CHALLENGE", nil), answer(tokens))
	client := s.client()
	next, err := client.Answer(t.Context(), begin(t, client, withDevice(remembered)).State, signin.Answer{Code: "123456"})
	if step = asked(t, next, err); !step.ForgetDevice {
		t.Error("expected the device to be forgotten with a challenge, too")
	}
	next, err = client.Answer(t.Context(), step.State, signin.Answer{Answer: "x"})
	signedIn(t, next, err)
	if s.last().text("ChallengeResponses", "DEVICE_KEY") != "" {
		t.Errorf("expected it to stay forgotten, got %v", s.last().body)
	}

	s = newStub(t).on("InitiateAuth", gone)
	_, err = s.client().Start(t.Context(), withDevice(signin.Device{}))
	expectReason(t, "a pool that complains about no device", err, signin.ErrDevice)
	s = newStub(t).on("InitiateAuth", gone, gone)
	_, err = s.client().Start(t.Context(), withDevice(remembered))
	expectReason(t, "a pool that complains twice", err, signin.ErrDevice)
}

func TestConfirmingADevice(t *testing.T) {
	s := newStub(t).on("InitiateAuth", answer(newDevice)).on("ConfirmDevice", answer(`{"UserConfirmationNecessary":true}`)).on("UpdateDeviceStatus", answer(`{}`))
	client := s.client("secret")
	step, err := client.Start(t.Context(), jo(signin.FlowPassword, "pw"))
	got := signedIn(t, step, err)
	device, ask, err := client.ConfirmDevice(t.Context(), got, "Firefox\non Linux")
	if err != nil || !ask || device.Key != "eu-west-1_device" || device.Group != "-group" || device.Password == "" {
		t.Fatalf("unexpected device %v, %v, %v", device, ask, err)
	}
	call := s.last()
	if call.text("AccessToken") != "the-access-token" || call.text("DeviceKey") != device.Key || call.text("DeviceName") != "Firefox on Linux" {
		t.Errorf("unexpected call %v", call.body)
	}
	verifier, errV := base64.StdEncoding.DecodeString(call.text("DeviceSecretVerifierConfig", "PasswordVerifier"))
	salt, errS := base64.StdEncoding.DecodeString(call.text("DeviceSecretVerifierConfig", "Salt"))
	if err := errors.Join(errV, errS); err != nil {
		t.Fatal(err)
	}
	if err := client.RememberDevice(t.Context(), got.Access, device.Key); err != nil || s.last().text("DeviceRememberedStatus") != "remembered" {
		t.Errorf("expected the device to be remembered, got %v, %v", s.last().body, err)
	}

	// The next sign-in uses it, after it was in a cookie.
	data, err := device.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var again signin.Device
	if err := again.UnmarshalBinary(data); err != nil || again != device {
		t.Fatalf("expected the device, got %v", err)
	}
	s.on("InitiateAuth", challenge("DEVICE_SRP_AUTH", map[string]string{"USER_ID_FOR_SRP": internal}))
	devicePool(t, s, signin.NewSRPServer("", "", "").WithVerifier(verifier, salt).Named("-group", device.Key), answer(tokens))
	step, err = client.Start(t.Context(), withDevice(again))
	signedIn(t, step, err)
	s.done()
}

func TestDevicesThatAreNotConfirmed(t *testing.T) {
	s := newStub(t).on("ConfirmDevice", fails("NotAuthorizedException", "Access Token has been revoked"), fails("DeviceKeyExistsException", "x"), fails("InvalidPasswordException", "x"))
	client := s.client()
	fresh := &signin.Tokens{Access: "a", NewDevice: &signin.Device{Key: "k", Group: "g"}}
	for _, row := range []struct {
		name   string
		tokens *signin.Tokens
		want   error
	}{
		{"no tokens", nil, signin.ErrDevice},
		{"tokens without a device", &signin.Tokens{Access: "a"}, signin.ErrDevice},
		{"the user signed out meanwhile", fresh, signin.ErrSession},
		{"it was confirmed before", fresh, signin.ErrDevice},
		{"the verifier is not accepted", fresh, signin.ErrDevice},
	} {
		device, _, err := client.ConfirmDevice(t.Context(), row.tokens, "")
		expectReason(t, row.name, err, row.want)
		if device != (signin.Device{}) {
			t.Errorf("%s: expected no device, got one", row.name)
		}
	}
}

func TestBytesThatAreNoDevice(t *testing.T) {
	good, _ := remembered.MarshalBinary()
	for name, data := range map[string][]byte{
		"none": nil, "too short": good[:len(good)-1], "too long": append(good[:len(good):len(good)], 0), "far too long": make([]byte, 1<<16),
		"of another release": append([]byte{9}, good[1:]...), "of two parts": {1, 2, 0, 0}, "with a false count": {1, 200, 1, 0},
	} {
		var device signin.Device
		expectReason(t, name, device.UnmarshalBinary(data), signin.ErrDevice)
		if device != (signin.Device{}) {
			t.Errorf("%s: expected no device", name)
		}
	}
}
