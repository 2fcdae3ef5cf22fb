package cognitolocal

import (
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
)

// requestOptions is the parameter with what navigator.credentials.get takes.
const requestOptions = "CREDENTIAL_REQUEST_OPTIONS"

// passkeyAlgorithms are the ones that Cognito takes.
var passkeyAlgorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// askPasskey presents the challenge WEB_AUTHN. The caller holds the lock.
func (p *Pool) askPasskey(a *attempt, u *User, c Client) (outcome, error) {
	started, options, err := p.passkeyRequest(a, u)
	if err != nil {
		return outcome{}, err
	}
	return p.ask(a, c, pending{challenge: FactorPasskey, ceremony: started}, map[string]string{
		requestOptions: options,
	}), nil
}

// passkeyRequest starts a ceremony. For a name nobody has it names a credential
// that does not exist, always the same. The caller holds the lock.
func (p *Pool) passkeyRequest(a *attempt, u *User) (*ceremony, string, error) {
	rp, err := p.relyingParty(p.anyOrigin())
	if err != nil {
		return nil, "", err
	}
	owner := passkeyUser{&User{Username: a.name, Sub: a.userID},
		[]passkey{{Credential: webauthn.Credential{ID: p.auth.derive("passkey", fold(a.name))}}}}
	if u != nil {
		owner = p.passkeyUserOf(u)
	}
	assertion, session, err := rp.BeginLogin(owner)
	if err != nil {
		return nil, "", err
	}
	return &ceremony{SessionData: *session}, jsonText(assertion.Response), nil
}

// answerPasskey judges the signature of the authenticator.
func (p *Pool) answerPasskey(c Client, a *attempt, answers map[string]string) (outcome, error) {
	if err := require(answers, "CREDENTIAL"); err != nil {
		return outcome{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answers["CREDENTIAL"]))
	if err != nil {
		return outcome{}, invalidParameter("Invalid credential")
	}
	u := p.userBySub(a.sub)
	if u == nil {
		return outcome{}, notAuthorized(wrongPassword)
	}
	rp, err := p.checkedParty(parsed.Response.CollectedClientData.Origin)
	if err != nil {
		return outcome{}, notAuthorized(wrongPassword)
	}
	used, err := rp.ValidateLogin(p.passkeyUserOf(u), a.pending.ceremony.SessionData, parsed)
	// A counter that went backwards is the sign of a copied key.
	if err != nil || used.Authenticator.CloneWarning {
		return outcome{}, notAuthorized(wrongPassword)
	}
	p.storePasskey(u, used)
	return p.pass(a, c, FactorPasskey)
}

// storePasskey keeps the new state of a credential. The caller holds the lock.
func (p *Pool) storePasskey(u *User, used *webauthn.Credential) {
	keys := p.auth.factorsOf(u).passkeys
	for i := range keys {
		if slices.Equal(keys[i].ID, used.ID) {
			keys[i].Credential = *used
		}
	}
}

// checkedParty is the relying party for a page that may use its passkeys. The
// caller holds the lock.
func (p *Pool) checkedParty(origin string) (*webauthn.WebAuthn, error) {
	page, err := url.Parse(origin)
	if err != nil {
		return nil, originNotAllowed()
	}
	host, domain := page.Hostname(), p.auth.settings.Passkeys.RelyingPartyID
	if host != domain && !strings.HasSuffix(host, "."+domain) {
		return nil, originNotAllowed()
	}
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	if page.Scheme != "https" && !(local && page.Scheme == "http") {
		return nil, originNotAllowed()
	}
	return p.relyingParty(origin)
}

func originNotAllowed() error {
	return &apiError{"WebAuthnOriginNotAllowedException", "Origin is not allowed."}
}

// passkeyError names what was wrong with a registration.
func passkeyError(err error) error {
	// The library has no error values for these two.
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		switch {
		case strings.Contains(e.DevInfo, "RP Hash mismatch"):
			return &apiError{"WebAuthnRelyingPartyMismatchException", "Relying party does not match."}
		case strings.Contains(e.DevInfo, "algorithm not supported"):
			return &apiError{"WebAuthnCredentialNotSupportedException", "Credential is not supported."}
		}
	}
	return invalidParameter("Invalid credential")
}

type webAuthnCredentialInput struct {
	AccessToken  string
	CredentialID string `json:"CredentialId"`
}

type webAuthnCredential struct {
	CredentialID           string `json:"CredentialId"`
	FriendlyCredentialName string
	RelyingPartyID         string `json:"RelyingPartyId"`
	CreatedAt              int64
	AuthenticatorTransport []string `json:"AuthenticatorTransports"`
}

// listWebAuthnCredentials lists the passkeys of the owner, all on one page.
func (p *Pool) listWebAuthnCredentials(in webAuthnCredentialInput) (any, error) {
	return p.asOwner(in.AccessToken, func(u *User, _ Client) (any, error) {
		out := []webAuthnCredential{}
		for _, k := range p.auth.factorsOf(u).passkeys {
			entry := webAuthnCredential{
				CredentialID: k.id(), FriendlyCredentialName: "Passkey", CreatedAt: k.created.Unix(),
				RelyingPartyID: p.auth.settings.Passkeys.RelyingPartyID, AuthenticatorTransport: []string{},
			}
			for _, t := range k.Transport {
				entry.AuthenticatorTransport = append(entry.AuthenticatorTransport, string(t))
			}
			out = append(out, entry)
		}
		return struct{ Credentials []webAuthnCredential }{out}, nil
	})
}

// deleteWebAuthnCredential takes a passkey away.
func (p *Pool) deleteWebAuthnCredential(in webAuthnCredentialInput) (any, error) {
	return p.asOwner(in.AccessToken, func(u *User, _ Client) (any, error) {
		f := p.auth.factorsOf(u)
		kept := slices.DeleteFunc(slices.Clone(f.passkeys), func(k passkey) bool { return k.id() == in.CredentialID })
		if len(kept) == len(f.passkeys) {
			return nil, resourceNotFound("Credential does not exist.")
		}
		f.passkeys = kept
		return struct{}{}, nil
	})
}

func (k passkey) id() string { return base64.RawURLEncoding.EncodeToString(k.ID) }
