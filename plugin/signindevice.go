package plugin

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// rememberedDevice is what the browser keeps, sealed, so that the pool knows it
// again. It is of use for its user alone.
type rememberedDevice struct {
	Username string `json:"u"`
	Device   []byte `json:"d"`
}

func (s *Signin) deviceCookie() string { return "__Secure-cognito-device-" + s.Pool }

// device is the remembered device of a user; the zero value without one.
func (v *signinVisit) device(username string) signin.Device {
	sealed := v.in["device"]
	if cookie, err := v.r.Cookie(v.deviceCookie()); err == nil && !v.delivers() {
		sealed = cookie.Value
	}
	if sealed == "" {
		return signin.Device{}
	}
	var remembered rememberedDevice
	document, err := v.devices.Open(v.r.Context(), sealed)
	if err == nil {
		err = json.Unmarshal(document, &remembered)
	}
	var device signin.Device
	if err != nil || !strings.EqualFold(remembered.Username, username) || device.UnmarshalBinary(remembered.Device) != nil {
		return signin.Device{} // another user's, or of another time: sign in without
	}
	return device
}

// deviceFor is a device for an application that keeps it itself: it comes back
// with the next sign-in, and with the refresh of tokens.
func (v *signinVisit) deviceFor(username string, device signin.Device) string {
	if device.Password == "" {
		return v.in["device"] // the one that it has
	}
	return v.sealDevice(username, device)
}

// confirmDevice registers the device if the pool wants to remember it. The
// sign-in is good whether that works or not.
//
// The key of a device that was known already is needed to refresh its tokens.
func (v *signinVisit) confirmDevice(tokens *signin.Tokens, username, known string) (device signin.Device, ask bool) {
	if tokens.NewDevice == nil {
		return signin.Device{Key: known}, false
	}
	device, ask, err := v.sessions.client.ConfirmDevice(v.r.Context(), tokens, v.r.UserAgent())
	if err != nil {
		v.problem("a device cannot be remembered", signin.Reason(err), causeFields(err)...)
		return *tokens.NewDevice, false // its key is needed to refresh the tokens all the same
	}
	if sealed := v.sealDevice(username, device); sealed != "" && !v.delivers() {
		v.setDevice(sealed, int(deviceLifetime/time.Second))
	}
	return device, ask
}

func (v *signinVisit) sealDevice(username string, device signin.Device) string {
	data, err := device.MarshalBinary()
	if err != nil {
		return ""
	}
	document, err := json.Marshal(rememberedDevice{username, data})
	if err != nil {
		return ""
	}
	sealed, err := v.devices.Seal(document, time.Now().Add(deviceLifetime))
	if err != nil {
		return ""
	}
	return sealed
}

func (v *signinVisit) forgetDevice() { v.setDevice("", -1) }

// setDevice keeps the cookie to the paths of sign-in.
func (v *signinVisit) setDevice(value string, maxAge int) {
	setCookie(v.w.Header(), &http.Cookie{
		Name: v.deviceCookie(), Value: value, Path: v.Prefix + "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// askDevice asks whether the pool may remember the device. The user is signed in
// by now.
func (v *signinVisit) askDevice(device signin.Device, returnTo string) error {
	sealed, err := v.seal(ticket{Return: returnTo, Device: device.Key})
	if err != nil {
		return err
	}
	return v.show(200, page.View{
		Kind: page.RememberDevice, Hidden: hidden("state", sealed), Paths: page.Paths{Submit: v.url("remember-device", "")},
	})
}

// rememberDevice is the answer to that.
func (v *signinVisit) rememberDevice() error {
	t, err := v.ticket()
	if err != nil {
		return v.redirect("/")
	}
	current, err := v.sessions.resume(v.r, v.w.Header(), session.NeedAccess)
	if err == nil && current != nil && v.in["choice"] == "yes" {
		if err := v.sessions.client.RememberDevice(v.r.Context(), signin.Secret(current.Access), t.Device); err != nil {
			v.problem("a device cannot be remembered", signin.Reason(err), causeFields(err)...)
		}
	}
	return v.goLanding(t.Return)
}
