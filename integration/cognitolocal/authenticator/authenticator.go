// Package authenticator is a passkey provider in software, together with the
// part of a browser that stands between it and a page.
//
// It answers the options that StartWebAuthnRegistration and the challenge
// WEB_AUTHN bring, in the JSON that a page sends on. There is one key and
// nobody to ask: presence and verification are what [Authenticator.Flags] says.
package authenticator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// Flags of authenticator data.
const (
	UserPresent  byte = 0x01
	UserVerified byte = 0x04
	attested     byte = 0x40
)

// ES256 and EdDSA are algorithms of COSE as CBOR writes them. The key is one for
// ES256; to claim EdDSA is a lie that a relying party should see through.
const (
	ES256 byte = 0x26 // -7
	EdDSA byte = 0x27 // -8
)

// idSize is the length of a credential ID.
const idSize = 16

// Authenticator holds one passkey. The fields may be changed between calls, to
// play what a real one would not do. It is not safe for concurrent use.
type Authenticator struct {
	Key *ecdsa.PrivateKey
	ID  []byte // of the credential

	// RelyingPartyID is what is signed for. It is not taken from the options:
	// a browser knows better than a page.
	RelyingPartyID string

	// Origin is the page, such as "http://localhost:8080".
	Origin string

	// Counter is the number of signatures so far.
	Counter uint32

	// Flags are UserPresent and UserVerified.
	Flags byte

	// Algorithm is what the public key says it is for.
	Algorithm byte

	// UserHandle is whom the passkey is for. Create sets it.
	UserHandle []byte
}

// New makes a passkey that a person confirms each time, for pages of the origin.
func New(relyingPartyID, origin string) (*Authenticator, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	id := make([]byte, idSize)
	_, _ = rand.Read(id) // never fails
	return &Authenticator{
		Key: key, ID: id, RelyingPartyID: relyingPartyID, Origin: origin,
		Flags: UserPresent | UserVerified, Algorithm: ES256,
	}, nil
}

// options are the members that matter here, of both kinds of options.
type options struct {
	Challenge string `json:"challenge"`
	User      struct {
		ID string `json:"id"`
	} `json:"user"`
}

func parse(raw []byte) (options, error) {
	var o options
	if err := json.Unmarshal(raw, &o); err != nil {
		return o, fmt.Errorf("authenticator: options: %w", err)
	}
	if o.Challenge == "" {
		return o, errors.New("authenticator: options: no challenge")
	}
	return o, nil
}

// Create answers navigator.credentials.create: it takes the options as
// CredentialCreationOptions has them, and returns what
// CompleteWebAuthnRegistration wants as Credential.
func (a *Authenticator) Create(creationOptions []byte) (credential []byte, err error) {
	o, err := parse(creationOptions)
	if err != nil {
		return nil, err
	}
	if a.UserHandle, err = base64.RawURLEncoding.DecodeString(o.User.ID); err != nil {
		return nil, fmt.Errorf("authenticator: user handle: %w", err)
	}
	object, err := a.attestation()
	if err != nil {
		return nil, err
	}
	return a.credential(map[string]any{
		"clientDataJSON":    encode(a.clientData("webauthn.create", o.Challenge)),
		"attestationObject": encode(object), "transports": []string{"internal"},
	})
}

// Get answers navigator.credentials.get: it takes the parameter
// CREDENTIAL_REQUEST_OPTIONS of WEB_AUTHN, and returns the answer CREDENTIAL.
func (a *Authenticator) Get(requestOptions []byte) (credential []byte, err error) {
	o, err := parse(requestOptions)
	if err != nil {
		return nil, err
	}
	client, data := a.clientData("webauthn.get", o.Challenge), a.data(a.Flags)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(data[:len(data):len(data)], hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.Key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	return a.credential(map[string]any{
		"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(signature),
		"userHandle": encode(a.UserHandle),
	})
}

// credential is a PublicKeyCredential in JSON.
func (a *Authenticator) credential(response map[string]any) ([]byte, error) {
	return json.Marshal(map[string]any{
		"id": encode(a.ID), "rawId": encode(a.ID), "type": "public-key",
		"clientExtensionResults": map[string]any{}, "response": response,
	})
}

func (a *Authenticator) clientData(kind, challenge string) []byte {
	out, err := json.Marshal(map[string]any{
		"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": false,
	})
	if err != nil {
		panic(err) // strings only: cannot happen
	}
	return out
}

// data is authenticator data up to the counter.
func (a *Authenticator) data(flags byte) []byte {
	a.Counter++
	hash := sha256.Sum256([]byte(a.RelyingPartyID))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), a.Counter)
}

// attestationStart is the CBOR of an attestation object without a statement, up
// to the length of the authenticator data.
const attestationStart = "\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"

// attestation is the object that introduces the key.
func (a *Authenticator) attestation() ([]byte, error) {
	key, err := a.cose()
	if err != nil {
		return nil, err
	}
	data := append(a.data(a.Flags|attested), make([]byte, 16)...) // AAGUID
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.ID)))
	data = append(append(data, a.ID...), key...)
	return append(binary.BigEndian.AppendUint16([]byte(attestationStart), uint16(len(data))), data...), nil
}

// cose is the public key: a map of 5 in CBOR.
func (a *Authenticator) cose() ([]byte, error) {
	point, err := a.Key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	out := append([]byte{0xa5, 0x01, 0x02, 0x03, a.Algorithm, 0x20, 0x01, 0x21, 0x58, 0x20}, point[1:33]...)
	return append(append(out, 0x22, 0x58, 0x20), point[33:]...), nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
