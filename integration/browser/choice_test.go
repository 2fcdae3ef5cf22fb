//go:build interop

package browser_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal/authenticator"
)

// byChoice is a pool whose users sign in as they like.
func byChoice(page string) setup {
	return setup{
		signIn: cognitolocal.SignIn{
			FirstFactors: []string{cognitolocal.FactorPassword, cognitolocal.FactorEmailOTP, cognitolocal.FactorSMSOTP, cognitolocal.FactorPasskey},
			Passkeys:     cognitolocal.Passkeys{RelyingPartyID: "localhost", RequireUserVerification: true},
		},
		users: []cognitolocal.User{withPhone()},
		page:  "flow USER_AUTH\n" + page,
	}
}

func TestSignInByChoice(t *testing.T) {
	for _, row := range []struct{ name, option string }{
		{"a password", "Password"},
		{"a code by email", "Code by email"},
		{"a code by text message", "Code by text message"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := startSite(t, byChoice(""))
			p := w.visitor()
			p.visit("/orders")
			p.sees("identify", "Sign in", 200)
			p.fill("Username", "jo")
			p.enter()
			p.sees("choice", "Choose how to sign in", 200)
			p.choose(row.option)
			p.press("Continue")
			p.firstFactor(row.option)
			p.isSignedIn("jo", "/orders")
		})
	}
}

// firstFactor answers what was chosen.
func (p *person) firstFactor(option string) {
	p.T.Helper()
	if option != "Password" {
		p.sees("code", "Enter your code", 200)
		p.typing(p.pool.LastCode("jo"))
		p.press("Continue")
		return
	}
	p.sees("password", "Enter your password", 200)
	p.typing(password)
	p.press("Sign in")
}

func TestAnotherCodeForTheFirstFactor(t *testing.T) {
	w := startSite(t, byChoice("preferred EMAIL_OTP"))
	p := w.visitor()
	p.visit("/orders")
	p.fill("Username", "jo")
	p.enter()
	p.sees("code", "Enter your code", 200)
	first := len(w.pool.Outbox())
	p.press("Send a new code")
	p.sees("another", "Enter your code", 200)
	if sent := len(w.pool.Outbox()); sent != first+1 {
		t.Errorf("expected another message, got %d after %d", sent, first)
	}
	p.fill("Code", w.pool.LastCode("jo"))
	p.enter()
	p.isSignedIn("jo", "/orders")
}

func TestAnotherWayToSignIn(t *testing.T) {
	w := startSite(t, byChoice("preferred EMAIL_OTP"))
	p := w.visitor()
	p.visit("/orders")
	p.fill("Username", "jo")
	p.enter()
	p.follow("Sign in another way")
	p.sees("identify", "Sign in", 200)
	p.fill("Username", "jo")
	p.enter()
	p.sees("choice", "Choose how to sign in", 200)
	p.choose("Password")
	p.press("Continue")
	p.typing(password)
	p.press("Sign in")
	p.isSignedIn("jo", "/orders")
}

func TestPasskey(t *testing.T) {
	w := startSite(t, byChoice("preferred WEB_AUTHN"))
	key := w.passkey("jo")
	p := w.visitor()
	p.visit("/orders")
	p.fill("Username", "jo")
	p.enter()
	p.sees("passkey", "Use your passkey", 200)
	device := p.plugIn()
	p.do(chromedp.Click("#passkey-button", chromedp.NodeVisible), chromedp.WaitVisible("#passkey-status"))
	p.sees("without", "Use your passkey", 200)
	p.finds("The passkey was not used.")
	p.do(chromedp.ActionFunc(func(ctx context.Context) error { return webauthn.AddCredential(device, key).Do(ctx) }))
	p.do(chromedp.WaitEnabled("#passkey-button"))
	p.press("Continue")
	p.isSignedIn("jo", "/orders")
}

// passkey registers a passkey with the pool, and returns it as the browser takes it.
func (w *site) passkey(user string) *webauthn.Credential {
	w.Helper()
	made, err := authenticator.New("localhost", w.origin)
	check(w.T, err)
	check(w.T, w.pool.AddPasskey(user, made.Create))
	key, err := x509.MarshalPKCS8PrivateKey(made.Key)
	check(w.T, err)
	return &webauthn.Credential{
		CredentialID: base64.StdEncoding.EncodeToString(made.ID), IsResidentCredential: true, RpID: "localhost",
		PrivateKey: base64.StdEncoding.EncodeToString(key), UserHandle: base64.StdEncoding.EncodeToString(made.UserHandle),
		SignCount: int64(made.Counter) + 1,
	}
}

// plugIn gives the tab an authenticator whose owner agrees to everything.
func (p *person) plugIn() (id webauthn.AuthenticatorID) {
	p.T.Helper()
	p.do(webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) (err error) {
		id, err = webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}).Do(ctx)
		return err
	}))
	return id
}
