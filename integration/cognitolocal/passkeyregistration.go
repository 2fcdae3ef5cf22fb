package cognitolocal

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// ceremonyLifetime is how long a registration may take.
const ceremonyLifetime = 5 * time.Minute

// AddPasskey registers a passkey for the user, by the checks of
// StartWebAuthnRegistration and CompleteWebAuthnRegistration and without an
// access token. Create is the authenticator and the browser before it: it takes
// the options for navigator.credentials.create in JSON and returns the
// credential in JSON, as Create of package authenticator does. It is called
// without the lock. FirstFactors and Passkeys must allow passkeys.
func (p *Pool) AddPasskey(username string, create func(options []byte) (credential []byte, err error)) error {
	var options any
	if err := p.changeUser(username, func(u *User) (err error) {
		options, err = p.startRegistration(u)
		return err
	}); err != nil {
		return err
	}
	raw, err := json.Marshal(options)
	if err != nil {
		return fmt.Errorf("cognitolocal: passkey options: %w", err)
	}
	credential, err := create(raw)
	if err != nil {
		return err
	}
	return p.changeUser(username, func(u *User) error { return p.completeRegistration(u, credential) })
}

type startRegistrationOutput struct{ CredentialCreationOptions any }

// startWebAuthnRegistration answers with what navigator.credentials.create takes.
func (p *Pool) startWebAuthnRegistration(in getUserInput) (any, error) {
	return p.asOwner(in.AccessToken, func(u *User, _ Client) (any, error) {
		options, err := p.startRegistration(u)
		return startRegistrationOutput{options}, err
	})
}

// startRegistration opens a ceremony in place of any other. The caller holds the
// lock.
func (p *Pool) startRegistration(u *User) (options any, err error) {
	if err := p.passkeysEnabled(); err != nil {
		return nil, err
	}
	rp, err := p.relyingParty(p.anyOrigin())
	if err != nil {
		return nil, err
	}
	owner := p.passkeyUserOf(u)
	if len(owner.passkeys) >= maxPasskeys {
		return nil, &apiError{"LimitExceededException", "Maximum number of passkeys reached."}
	}
	known := webauthn.Credentials(owner.WebAuthnCredentials()).CredentialDescriptors()
	creation, session, err := rp.BeginRegistration(owner, webauthn.WithExclusions(known),
		webauthn.WithCredentialParameters(passkeyAlgorithms))
	if err != nil {
		return nil, err
	}
	p.auth.factorsOf(u).ceremony = &ceremony{*session, p.now().Add(ceremonyLifetime)}
	return creation.Response, nil
}

type completeRegistrationInput struct {
	AccessToken string
	Credential  json.RawMessage
}

// completeWebAuthnRegistration stores the credential that the authenticator has
// made.
func (p *Pool) completeWebAuthnRegistration(in completeRegistrationInput) (any, error) {
	return p.asOwner(in.AccessToken, func(u *User, _ Client) (any, error) {
		return struct{}{}, p.completeRegistration(u, in.Credential)
	})
}

// completeRegistration ends the ceremony. The caller holds the lock.
func (p *Pool) completeRegistration(u *User, credential []byte) error {
	f := p.auth.factorsOf(u)
	pending := f.ceremony
	f.ceremony = nil // a challenge is good for one answer
	if pending == nil || !p.now().Before(pending.expires) {
		return &apiError{"WebAuthnChallengeNotFoundException", "Challenge not found."}
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return invalidParameter("Invalid credential")
	}
	rp, err := p.checkedParty(parsed.Response.CollectedClientData.Origin)
	if err != nil {
		return err
	}
	made, err := rp.CreateCredential(p.passkeyUserOf(u), pending.SessionData, parsed)
	if err != nil {
		return passkeyError(err)
	}
	f.passkeys = append(f.passkeys, passkey{*made, p.now()})
	return nil
}
