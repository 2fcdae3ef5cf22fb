package plugin

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
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

func (s *Signin) deviceCookie() string { return config.DeviceCookiePrefix + s.Pool }

// device is the remembered device of a user; the zero value without one.
func (v *signinVisit) device(username string) signin.Device {
	sealed := v.in["device"]
	if cookie, err := sentCookie(v.r, v.deviceCookie()); err == nil && !v.delivers() {
		sealed = cookie.Value
	}
	if sealed == "" {
		return signin.Device{}
	}
	owner, device := v.openDevice(sealed)
	if !strings.EqualFold(owner, username) {
		return signin.Device{} // another user's: sign in without
	}
	return device
}

// openDevice is a sealed device with its user; one of another time is none.
func (v *signinVisit) openDevice(sealed string) (username string, device signin.Device) {
	var remembered rememberedDevice
	document, err := v.devices.Open(v.r.Context(), sealed)
	if err == nil {
		err = json.Unmarshal(document, &remembered)
	}
	if err != nil || device.UnmarshalBinary(remembered.Device) != nil {
		return "", signin.Device{}
	}
	return remembered.Username, device
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

func (v *signinVisit) forgetDevice() {
	delete(v.in, "device")
	if !v.delivers() {
		v.setDevice("", -1)
	}
}

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
		Kind: page.RememberDevice, Hidden: hiddenStep(sealed, returnTo), Paths: page.Paths{Submit: v.url("remember-device", "")},
	})
}

// askAPI is the same question in the API: remember-device is there to say yes.
func (v *signinVisit) askAPI(ask bool, device signin.Device, returnTo string) apiNext {
	if !ask {
		return apiNext{}
	}
	sealed, err := v.seal(ticket{Return: returnTo, Device: device.Key})
	if err != nil {
		return apiNext{} // signed in all the same
	}
	return apiNext{Next: "remember-device", State: sealed}
}

// rememberDevice is the answer to that. Whoever keeps the tokens sends the access
// token along.
func (v *signinVisit) rememberDevice() error {
	t, err := v.ticket()
	switch {
	case err == nil && t.Device == "": // of another step, to which anybody gets
		err = &signin.Error{Reason: signin.ErrSession}
	case err == nil && v.in["choice"] == "yes":
		err = v.remember(t.Device)
	}
	if err != nil {
		v.logFailure("remember_device", signin.Reason(err), err)
	}
	switch {
	case v.api && err != nil:
		return v.again(statusOf(signin.Reason(err)), err, page.View{})
	case v.api:
		return v.json(http.StatusOK, "application/json", apiDone{SignedIn: true, ReturnTo: t.Return})
	case t.Device == "": // too late, but signed in
		return v.redirect(v.returnTo(v.in["return_to"]))
	}
	return v.goLanding(t.Return)
}

func (v *signinVisit) remember(device string) error {
	access := signin.Secret(v.in["access_token"])
	if !v.delivers() {
		current, err := v.sessions.resume(v.r, v.w.Header(), session.NeedAccess)
		if err != nil {
			return err
		}
		if current == nil {
			return &signin.Error{Reason: signin.ErrSession}
		}
		access = signin.Secret(current.Access)
	}
	return v.sessions.client.RememberDevice(v.r.Context(), access, device)
}
