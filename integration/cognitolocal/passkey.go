package cognitolocal

import (
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Passkeys is the pool's WebAuthnConfiguration.
type Passkeys struct {
	// RelyingPartyID is the domain that passkeys are for, such as "localhost".
	// Pages under it and its subdomains may use them: with https, or on
	// localhost. Without it there are no passkeys.
	RelyingPartyID string

	// RequireUserVerification asks for a PIN or a finger each time; without it,
	// where the authenticator can.
	RequireUserVerification bool

	// MultiFactor lets a passkey stand for both factors
	// (MULTI_FACTOR_WITH_USER_VERIFICATION). It needs
	// RequireUserVerification to mean anything.
	MultiFactor bool
}

// maxPasskeys is Cognito's limit for one user.
const maxPasskeys = 20

// passkey is a registered credential.
type passkey struct {
	webauthn.Credential
	created time.Time
}

// ceremony is a challenge to an authenticator.
type ceremony struct {
	webauthn.SessionData
	expires time.Time
}

// passkeyUser is a user as the library sees one.
type passkeyUser struct {
	user     *User
	passkeys []passkey
}

func (u passkeyUser) WebAuthnID() []byte          { return []byte(u.user.Sub) }
func (u passkeyUser) WebAuthnName() string        { return u.user.Username }
func (u passkeyUser) WebAuthnDisplayName() string { return u.user.Username }

func (u passkeyUser) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, 0, len(u.passkeys))
	for _, k := range u.passkeys {
		out = append(out, k.Credential)
	}
	return out
}

// passkeyUserOf is called with the lock held.
func (p *Pool) passkeyUserOf(u *User) passkeyUser {
	return passkeyUser{u, p.auth.factorsOf(u).passkeys}
}

// relyingParty is the library, set up for one origin. The caller holds the lock.
func (p *Pool) relyingParty(origin string) (*webauthn.WebAuthn, error) {
	s := p.auth.settings.Passkeys
	if s.RelyingPartyID == "" {
		return nil, &apiError{"WebAuthnConfigurationMissingException", "WebAuthn configuration is missing."}
	}
	verification := protocol.VerificationPreferred
	if s.RequireUserVerification {
		verification = protocol.VerificationRequired
	}
	return webauthn.New(&webauthn.Config{
		RPID: s.RelyingPartyID, RPDisplayName: s.RelyingPartyID, RPOrigins: []string{origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: verification,
		},
	})
}

// anyOrigin is for the first half of a ceremony, in which no page has spoken.
func (p *Pool) anyOrigin() string { return "https://" + p.auth.settings.Passkeys.RelyingPartyID }

// passkeysEnabled is called with the lock held.
func (p *Pool) passkeysEnabled() error {
	if !slices.Contains(p.auth.settings.FirstFactors, FactorPasskey) {
		return &apiError{"WebAuthnNotEnabledException", "Passkeys are not enabled for the user pool."}
	}
	return nil
}
