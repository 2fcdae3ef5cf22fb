package integration_test

import (
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const deviceCookie = "__Secure-cognito-device-signin"

// tracked is a pool that knows devices, and asks only unknown ones for a code.
func tracked(devices cognitolocal.DeviceTracking) cognitolocal.SignIn {
	return cognitolocal.SignIn{MFA: cognitolocal.MFAOptional, Devices: devices, DevicesSkipMFA: true}
}

// withDevice signs in once, with a code, and again on the same device.
func withDevice(p *person, v visit) {
	p.Helper()
	v.begin("username", p.name, "password", password)
	v.wantAsked(smsRound)
	v.answer(sentCode(p, v)...)
	v.wantIn(p)
}

// TestRememberedDevicesSkipTheCode: they prove themselves by SRP. Nobody else's
// device does.
func TestRememberedDevicesSkipTheCode(t *testing.T) {
	for name, settings := range map[string]cognitolocal.SignIn{
		"instead of the code": tracked(cognitolocal.DevicesAlways),
		"after the code":      {MFA: cognitolocal.MFAOptional, Devices: cognitolocal.DevicesAlways},
	} {
		t.Run(name, func(t *testing.T) {
			w := startedSignin(t, signinSetup{client: everyFlow, signIn: settings, signin: "page" + manyAttempts})
			for way, v := range map[string]visit{"page": pageVisit{w.newBrowser()}, "api": w.newAPIVisit()} {
				p := w.addPerson(cognitolocal.User{Username: "kit-" + way, MFA: allFactors[:1]})
				withDevice(p, v)
				if settings.DevicesSkipMFA {
					v.begin("username", p.name, "password", password)
					v.wantIn(p)
				} else {
					withDevice(p, v)
				}
				// Another user of the same browser.
				other := w.addPerson(cognitolocal.User{Username: "ada-" + way, MFA: allFactors[:1]})
				withDevice(other, v)
			}
			if n := w.logged("warn", "a device"); n > 0 {
				t.Errorf("expected no trouble with devices, got %v", w.logLines())
			}
		})
	}
}

// TestDevicesThatThePoolDoesNotKnow sign in as any other.
func TestDevicesThatThePoolDoesNotKnow(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: tracked(cognitolocal.DevicesAlways), signin: "page" + manyAttempts})
	p := w.addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[:1]})
	b := w.newBrowser()
	withDevice(p, pageVisit{b})
	check(t, w.pool.RemoveUser("kit"))
	p = w.addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[:1]})
	withDevice(p, pageVisit{b})
	v := pageVisit{b}
	v.begin("username", "kit", "password", password)
	v.wantIn(p)
	b.cookie(deviceCookie).Value = strings.Repeat("A", 200)
	withDevice(p, v)
}

// TestUsersDecideAboutDevices where the pool lets them.
func TestUsersDecideAboutDevices(t *testing.T) {
	for _, choice := range []string{"yes", "no"} {
		t.Run(choice, func(t *testing.T) {
			w := startedSignin(t, signinSetup{client: everyFlow, signIn: tracked(cognitolocal.DevicesOptIn), signin: "page" + manyAttempts})
			remembered := func(p *person, v visit) {
				t.Helper()
				if choice == "no" {
					v.wantAsked(smsRound)
					return
				}
				v.wantIn(p)
			}
			p, v := w.addPerson(cognitolocal.User{Username: "page", MFA: allFactors[:1]}), pageVisit{w.newBrowser()}
			v.begin("username", p.name, "password", password)
			v.answer(sentCode(p, v)...)
			v.wantPage(200, "Remember this device?", "")
			v.answer("choice", choice)
			v.wantIn(p)
			v.begin("username", p.name, "password", password)
			remembered(p, v)

			p, api := w.addPerson(cognitolocal.User{Username: "api", MFA: allFactors[:1]}), w.newAPIVisit()
			api.begin("username", p.name, "password", password)
			api.answer(sentCode(p, api)...)
			if !api.said.SignedIn || api.said.Next != "remember-device" {
				t.Fatalf("expected to be asked about the device, got %s", api.last.body)
			}
			api.post("remember-device", "state", api.said.State, "choice", choice)
			api.wantIn(p)
			api.begin("username", p.name, "password", password)
			remembered(p, api)
		})
	}
}

// TestApplicationsKeepTheirDevice themselves, and without a cookie.
func TestApplicationsKeepTheirDevice(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: tracked(cognitolocal.DevicesOptIn), signin: "page\ndeliver tokens" + manyAttempts})
	p := w.addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[:1]})
	v := w.newAPIVisit()
	v.begin("username", "kit", "password", password)
	v.answer(sentCode(p, v)...)
	got := v.said
	if got.Device == "" || got.Next != "remember-device" {
		t.Fatalf("expected a device to keep, got %s", v.last.body)
	}
	v.post("remember-device", "state", got.State, "choice", "yes", "access_token", "x")
	v.wantFailure(422, "session_expired")
	v.post("remember-device", "state", got.State, "choice", "yes", "access_token", got.AccessToken)
	if v.last.status != 200 || !v.said.SignedIn {
		t.Errorf("expected the device to be remembered, got %d with %s", v.last.status, v.last.body)
	}
	v.begin("username", "kit", "password", password, "device", got.Device)
	if v.said.AccessToken == "" {
		t.Fatalf("expected tokens without a code, got %s", v.last.body)
	}
	refresh := v.said.RefreshToken
	v.post("sign-in", "refresh_token", refresh)
	v.wantOver("refresh_token_rejected") // it is bound to the device
	v.post("sign-in", "refresh_token", refresh, "device", got.Device)
	if v.said.AccessToken == "" || v.said.Device == "" {
		t.Errorf("expected new tokens for the device, got %s", v.last.body)
	}
	w.addPerson(cognitolocal.User{Username: "ada", MFA: allFactors[:1]})
	v.begin("username", "ada", "password", password, "device", got.Device)
	v.wantAsked(smsRound)
	if len(v.cookies) > 0 {
		t.Errorf("expected no cookies, got %v", v.cookies)
	}
}
