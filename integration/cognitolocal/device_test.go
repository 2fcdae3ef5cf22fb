package cognitolocal_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// gadget is a device that a client has enrolled.
type gadget struct {
	key, group, secret string
	token              *string // of the sign-in that enrolled it
}

// confirmInput makes up a secret and its verifier, as an SDK does.
func (g *gadget) confirmInput() *idp.ConfirmDeviceInput {
	raw := make([]byte, 40)
	_, _ = rand.Read(raw)
	g.secret = base64.StdEncoding.EncodeToString(raw)
	salt := new(big.Int).SetBytes(raw[:16])
	v := new(big.Int).Exp(big.NewInt(2), (&srpClient{pool: g.group}).x(g.key, g.secret, salt), primeN)
	text := func(n *big.Int) *string {
		b, _ := hex.DecodeString(padHex(n))
		return aws.String(base64.StdEncoding.EncodeToString(b))
	}
	return &idp.ConfirmDeviceInput{
		AccessToken: g.token, DeviceKey: &g.key, DeviceName: aws.String("laptop"),
		DeviceSecretVerifierConfig: &types.DeviceSecretVerifierConfigType{Salt: text(salt), PasswordVerifier: text(v)},
	}
}

// newGadget is the device of a sign-in, before it is confirmed.
func newGadget(t *testing.T, tokens *types.AuthenticationResultType) *gadget {
	t.Helper()
	if tokens.NewDeviceMetadata == nil {
		t.Fatal("expected NewDeviceMetadata")
	}
	return &gadget{key: *tokens.NewDeviceMetadata.DeviceKey, group: *tokens.NewDeviceMetadata.DeviceGroupKey, token: tokens.AccessToken}
}

// enrol signs jo in and confirms the device.
func (w *world) enrol(t *testing.T) (g *gadget, ask bool) {
	t.Helper()
	a := w.password(t)
	if a.Name == "SMS_MFA" {
		a = w.next(t, a, "SMS_MFA_CODE", w.lastCode(t))
	}
	g = newGadget(t, a.signedIn(t))
	out, err := w.sdk.ConfirmDevice(t.Context(), g.confirmInput())
	noError(t, err)
	return g, out.UserConfirmationNecessary
}

// deviceWorld tracks devices; jo gets text messages.
func deviceWorld(t *testing.T, tracking cognitolocal.DeviceTracking, skip bool) *world {
	t.Helper()
	w := newChallengeWorld(t, cognitolocal.SignIn{MFA: cognitolocal.MFAOptional, Devices: tracking, DevicesSkipMFA: skip})
	w.give(t, "phone_number", phone)
	noError(t, w.Pool().SetMFA("jo", cognitolocal.SMSMFA, cognitolocal.SMSMFA))
	return w
}

// proveDevice answers DEVICE_SRP_AUTH and the challenge after it with the
// secret.
func (w *world) proveDevice(t *testing.T, g *gadget, a reply, secret string) (reply, error) {
	t.Helper()
	c := newSRPClient(g.group)
	a = w.next(t, a.is(t, "DEVICE_SRP_AUTH"), "DEVICE_KEY", g.key, "SRP_A", c.a()).is(t, "DEVICE_PASSWORD_VERIFIER")
	proof := c.prove(g.key, secret, a.Params, w.clock.Now())
	return w.respond(t, anyClient, a.Name, a.Session, append(proof, "DEVICE_KEY", g.key)...)
}

func TestDevicesAreNotTrackedByDefault(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	if w.password(t, "DEVICE_KEY", "eu-west-1_x").signedIn(t).NewDeviceMetadata != nil {
		t.Error("expected no NewDeviceMetadata")
	}
}

func TestNewDevice(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{Devices: cognitolocal.DevicesAlways})
	g := newGadget(t, w.password(t).signedIn(t))
	if !regexp.MustCompile(`^eu-west-1_[0-9a-f-]{36}$`).MatchString(g.key) || g.group == "" {
		t.Errorf("expected <region>_<uuid> and a group, got %q and %q", g.key, g.group)
	}
}

func TestRememberedDeviceSkipsMFA(t *testing.T) {
	w := deviceWorld(t, cognitolocal.DevicesAlways, true)
	g, ask := w.enrol(t)
	if ask {
		t.Error("expected no question: the pool always remembers")
	}
	sent := len(w.Pool().Outbox())
	a, err := w.proveDevice(t, g, w.password(t, "DEVICE_KEY", g.key), g.secret)
	noError(t, err)
	tokens := a.signedIn(t)
	if tokens.NewDeviceMetadata != nil {
		t.Error("expected no new device")
	}
	if len(w.Pool().Outbox()) != sent {
		t.Error("expected no code to be sent")
	}
	if got := claims(t, *tokens.AccessToken)["device_key"]; got != g.key {
		t.Errorf("expected the claim device_key, got %v", got)
	}
}

func TestRememberedDeviceAfterSRP(t *testing.T) {
	w := deviceWorld(t, cognitolocal.DevicesAlways, true)
	g, _ := w.enrol(t)
	c, a := w.srp(t, anyClient, "DEVICE_KEY", g.key)
	a = w.next(t, a, append(w.proof(c, a), "DEVICE_KEY", g.key)...)
	a, err := w.proveDevice(t, g, a, g.secret)
	noError(t, err)
	a.signedIn(t)
}

func TestDeviceDoesNotSkipMFAUnlessThePoolSaysSo(t *testing.T) {
	w := deviceWorld(t, cognitolocal.DevicesAlways, false)
	g, _ := w.enrol(t)
	a := w.password(t, "DEVICE_KEY", g.key).is(t, "SMS_MFA")
	a = w.next(t, a, "SMS_MFA_CODE", w.lastCode(t), "DEVICE_KEY", g.key)
	a, err := w.proveDevice(t, g, a, g.secret)
	noError(t, err)
	a.signedIn(t)
}

// TestDeviceComesLast lets amazon-cognito-identity-js use a device in
// CUSTOM_AUTH: it takes what follows the proof for tokens.
func TestDeviceComesLast(t *testing.T) {
	w := deviceWorld(t, cognitolocal.DevicesAlways, true)
	g, _ := w.enrol(t)
	settings := rules(t, `{"rounds":[{"answer":"x"}]}`)
	settings.MFA, settings.Devices, settings.DevicesSkipMFA = cognitolocal.MFAOptional, cognitolocal.DevicesAlways, true
	noError(t, w.Pool().SetSignIn(settings))
	c := newSRPClient("LocaLPooL")
	a := w.custom(t, "CHALLENGE_NAME", "SRP_A", "SRP_A", c.a())
	a = w.next(t, a, append(w.proof(c, a), "DEVICE_KEY", g.key)...).is(t, "CUSTOM_CHALLENGE")
	a, err := w.proveDevice(t, g, w.next(t, a, "ANSWER", "x"), g.secret)
	noError(t, err)
	a.signedIn(t)
}

// TestADeviceForgottenOnTheWayStandsForNothing brings the second factor back.
func TestADeviceForgottenOnTheWayStandsForNothing(t *testing.T) {
	w := deviceWorld(t, cognitolocal.DevicesOptIn, true)
	g, _ := w.enrol(t)
	remember := func(status types.DeviceRememberedStatusType) {
		_, err := w.sdk.UpdateDeviceStatus(t.Context(), &idp.UpdateDeviceStatusInput{
			AccessToken: g.token, DeviceKey: &g.key, DeviceRememberedStatus: status,
		})
		noError(t, err)
	}
	remember(types.DeviceRememberedStatusTypeRemembered)
	c := newSRPClient(g.group)
	a := w.next(t, w.password(t, "DEVICE_KEY", g.key), "DEVICE_KEY", g.key, "SRP_A", c.a())
	remember(types.DeviceRememberedStatusTypeNotRemembered)
	proof := append(c.prove(g.key, g.secret, a.Params, w.clock.Now()), "DEVICE_KEY", g.key)
	_, err := w.respond(t, anyClient, a.Name, a.Session, proof...)
	wantCode(t, err, "ResourceNotFoundException", "Device does not exist.")
}

func TestOptInDeviceIsRememberedWhenTheUserSaysSo(t *testing.T) {
	w := deviceWorld(t, cognitolocal.DevicesOptIn, true)
	g, ask := w.enrol(t)
	if !ask {
		t.Error("expected the user to be asked")
	}
	w.password(t, "DEVICE_KEY", g.key).is(t, "SMS_MFA")
	remember := func(status types.DeviceRememberedStatusType) {
		_, err := w.sdk.UpdateDeviceStatus(t.Context(), &idp.UpdateDeviceStatusInput{
			AccessToken: g.token, DeviceKey: &g.key, DeviceRememberedStatus: status,
		})
		noError(t, err)
	}
	remember(types.DeviceRememberedStatusTypeRemembered)
	w.password(t, "DEVICE_KEY", g.key).is(t, "DEVICE_SRP_AUTH")
	remember(types.DeviceRememberedStatusTypeNotRemembered)
	w.password(t, "DEVICE_KEY", g.key).is(t, "SMS_MFA")
}

func TestForgottenDevice(t *testing.T) {
	w := deviceWorld(t, cognitolocal.DevicesAlways, true)
	g, _ := w.enrol(t)
	_, err := w.sdk.ForgetDevice(t.Context(), &idp.ForgetDeviceInput{AccessToken: g.token, DeviceKey: &g.key})
	noError(t, err)
	_, err = w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", "jo", "PASSWORD", password, "DEVICE_KEY", g.key)
	wantCode(t, err, "ResourceNotFoundException", "Device does not exist.")
}

// TestUnknownDeviceInSRP is what amazon-cognito-identity-js relies on: it sends
// the same answer once more, without the key.
func TestUnknownDeviceInSRP(t *testing.T) {
	w := deviceWorld(t, cognitolocal.DevicesAlways, true)
	c, a := w.srp(t, anyClient, "DEVICE_KEY", "eu-west-1_gone")
	proof := w.proof(c, a)
	_, err := w.respond(t, anyClient, a.Name, "", append(proof, "DEVICE_KEY", "eu-west-1_gone")...)
	wantCode(t, err, "ResourceNotFoundException", "Device does not exist.")
	w.next(t, a, proof...).is(t, "SMS_MFA")
}

func TestDeviceProofRefusals(t *testing.T) {
	t.Run("another secret", func(t *testing.T) {
		w := deviceWorld(t, cognitolocal.DevicesAlways, true)
		g, _ := w.enrol(t)
		_, err := w.proveDevice(t, g, w.password(t, "DEVICE_KEY", g.key), "another")
		wantCode(t, err, notAuthorized, wrongPassword)
	})
	t.Run("the secret of another device", func(t *testing.T) {
		w := deviceWorld(t, cognitolocal.DevicesAlways, true)
		g, _ := w.enrol(t)
		other, _ := w.enrol(t)
		_, err := w.proveDevice(t, g, w.password(t, "DEVICE_KEY", g.key), other.secret)
		wantCode(t, err, notAuthorized, wrongPassword)
	})
	t.Run("the key exchanged between the answers", func(t *testing.T) {
		w := deviceWorld(t, cognitolocal.DevicesAlways, true)
		g, _ := w.enrol(t)
		other, _ := w.enrol(t)
		c := newSRPClient(g.group)
		a := w.next(t, w.password(t, "DEVICE_KEY", g.key), "DEVICE_KEY", g.key, "SRP_A", c.a())
		proof := c.prove(g.key, g.secret, a.Params, w.clock.Now())
		_, err := w.respond(t, anyClient, a.Name, a.Session, append(proof, "DEVICE_KEY", other.key)...)
		wantCode(t, err, notAuthorized, wrongPassword)
	})
	t.Run("the device of another user", func(t *testing.T) {
		w := deviceWorld(t, cognitolocal.DevicesAlways, true)
		g, _ := w.enrol(t)
		w.user(t, cognitolocal.User{Username: "pat", Password: password})
		_, err := w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", "pat", "PASSWORD", password, "DEVICE_KEY", g.key)
		wantCode(t, err, "ResourceNotFoundException", "Device does not exist.")
	})
	t.Run("a device that was not confirmed", func(t *testing.T) {
		w := deviceWorld(t, cognitolocal.DevicesAlways, true)
		a := w.password(t)
		g := newGadget(t, w.next(t, a, "SMS_MFA_CODE", w.lastCode(t)).signedIn(t))
		_, err := w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", "jo", "PASSWORD", password, "DEVICE_KEY", g.key)
		wantCode(t, err, "ResourceNotFoundException", "Device does not exist.")
	})
	for name, params := range map[string][]string{
		"no SRP_A":      {"SRP_A", ""},
		"SRP_A is 0":    {"SRP_A", "0"},
		"no DEVICE_KEY": {"DEVICE_KEY", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := deviceWorld(t, cognitolocal.DevicesAlways, true)
			g, _ := w.enrol(t)
			a := w.password(t, "DEVICE_KEY", g.key)
			params := append([]string{"DEVICE_KEY", g.key, "SRP_A", "02"}, params...)
			_, err := w.respond(t, anyClient, a.Name, a.Session, params...)
			wantCode(t, err, badParameter, "")
		})
	}
	t.Run("a proof half a minute late", func(t *testing.T) {
		w := deviceWorld(t, cognitolocal.DevicesAlways, true)
		g, _ := w.enrol(t)
		c := newSRPClient(g.group)
		a := w.next(t, w.password(t, "DEVICE_KEY", g.key), "DEVICE_KEY", g.key, "SRP_A", c.a())
		proof := c.prove(g.key, g.secret, a.Params, w.clock.Now())
		w.clock.Advance(31 * time.Second)
		_, err := w.respond(t, anyClient, a.Name, a.Session, append(proof, "DEVICE_KEY", g.key)...)
		wantCode(t, err, notAuthorized, wrongPassword)
	})
}

func TestConfirmDeviceRefusals(t *testing.T) {
	tests := []struct {
		name          string
		change        func(*idp.ConfirmDeviceInput)
		code, message string
	}{
		{"a token that is none", func(in *idp.ConfirmDeviceInput) { in.AccessToken = aws.String("x") }, notAuthorized, "Invalid Access Token"},
		{"a device nobody has", func(in *idp.ConfirmDeviceInput) { in.DeviceKey = aws.String("eu-west-1_x") },
			"ResourceNotFoundException", "Device does not exist."},
		{"no verifier", func(in *idp.ConfirmDeviceInput) { in.DeviceSecretVerifierConfig = nil }, badParameter, ""},
		{"no salt", func(in *idp.ConfirmDeviceInput) { in.DeviceSecretVerifierConfig.Salt = nil }, badParameter, ""},
		{"hexadecimal", func(in *idp.ConfirmDeviceInput) { in.DeviceSecretVerifierConfig.PasswordVerifier = aws.String("zz") },
			badParameter, ""},
		{"a verifier of zero", func(in *idp.ConfirmDeviceInput) { in.DeviceSecretVerifierConfig.PasswordVerifier = aws.String("AA==") },
			badParameter, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newChallengeWorld(t, cognitolocal.SignIn{Devices: cognitolocal.DevicesAlways})
			in := newGadget(t, w.password(t).signedIn(t)).confirmInput()
			tt.change(in)
			_, err := w.sdk.ConfirmDevice(t.Context(), in)
			wantCode(t, err, tt.code, tt.message)
		})
	}
	t.Run("a second time", func(t *testing.T) {
		w := newChallengeWorld(t, cognitolocal.SignIn{Devices: cognitolocal.DevicesAlways})
		g, _ := w.enrol(t)
		_, err := w.sdk.ConfirmDevice(t.Context(), g.confirmInput())
		wantCode(t, err, "DeviceKeyExistsException", "")
	})
}

func TestListAndGetDevices(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{Devices: cognitolocal.DevicesAlways})
	g, _ := w.enrol(t)
	w.password(t).signedIn(t) // a device that is not confirmed
	all, err := w.sdk.ListDevices(t.Context(), &idp.ListDevicesInput{AccessToken: g.token})
	noError(t, err)
	if len(all.Devices) != 1 || *all.Devices[0].DeviceKey != g.key {
		t.Errorf("expected the confirmed device, got %d", len(all.Devices))
	}
	one, err := w.sdk.GetDevice(t.Context(), &idp.GetDeviceInput{AccessToken: g.token, DeviceKey: &g.key})
	noError(t, err)
	if !one.Device.DeviceCreateDate.Equal(w.clock.Now()) || *one.Device.DeviceAttributes[0].Value != "laptop" {
		t.Errorf("unexpected device %+v", one.Device)
	}
	_, err = w.sdk.GetDevice(t.Context(), &idp.GetDeviceInput{AccessToken: g.token, DeviceKey: aws.String("eu-west-1_x")})
	wantCode(t, err, "ResourceNotFoundException", "")
}
