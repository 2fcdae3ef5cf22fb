package session

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

// Rung says how much of a session a cookie had room for.
type Rung byte

// The ladder: [Codec.Seal] takes the first rung that fits.
const (
	// All tokens are whole.
	All Rung = iota
	// NoIDSignature leaves out the signature of the ID token, so that it can no
	// longer be exchanged for credentials; its claims stay.
	NoIDSignature
	// ClaimsOnly keeps of both tokens the claims alone, and the refresh token.
	ClaimsOnly
	rungs
)

var rungNames = [rungs]string{"all", "no_id_signature", "claims_only"}

// String is a word for metrics.
func (r Rung) String() string { return rungNames[min(r, rungs-1)] }

// How a token is packed.
const (
	formAbsent byte = iota
	formSplit       // header and claims among the claims, signature beside them
	formRaw         // as it is: split, it would not become the same token again
	formClaims      // the claims alone
	forms
)

// pack makes a session as small as it gets. Header and claims are deflated
// together, since the two tokens say nearly the same. Signatures and the refresh
// token are not: they would not shrink, and the length of text that is deflated
// along with a secret tells about the secret (CRIME).
func pack(s *Session, rung Rung) []byte {
	id := packToken(s.ID, s.IDClaims, rung >= NoIDSignature)
	access := packToken(s.Access, s.AccessClaims, rung >= ClaimsOnly)
	text := appendString(nil, s.Subject)
	text = appendString(text, s.OriginJTI)
	text = appendString(text, s.DeviceKey)
	for _, part := range [...]string{id.header, access.header, id.claims, access.claims} {
		text = appendString(text, part)
	}
	deflated := deflate(text)
	b := append(make([]byte, 0, maxCookie), id.form|access.form<<2)
	b = binary.AppendVarint(b, s.Created.Unix())
	b = binary.AppendVarint(b, s.LastUse.Unix()-s.Created.Unix())
	b = binary.AppendVarint(b, s.Expires.Unix()-s.Created.Unix())
	b = binary.AppendVarint(b, int64(s.Lifetime/time.Second))
	b = binary.AppendUvarint(b, uint64(len(text)))
	b = appendString(b, string(deflated))
	b = appendText(b, string(s.Refresh))
	b = appendText(b, id.rest)
	return appendText(b, access.rest)
}

// packedToken is a token taken apart.
type packedToken struct {
	form           byte
	header, claims string
	rest           string // the signature; of a raw token, all of it
}

// packToken takes a token apart. One that was opened without its signature has
// only its claims left.
func packToken(token Secret, claims string, claimsOnly bool) packedToken {
	switch {
	case claims == "" && token == "":
		return packedToken{form: formAbsent}
	case claimsOnly || token == "":
		return packedToken{form: formClaims, claims: claims}
	}
	header, rest, _ := strings.Cut(string(token), ".")
	payload, signature, _ := strings.Cut(rest, ".")
	decoded, ok := decodeExactly(header)
	if !ok || base64.RawURLEncoding.EncodeToString([]byte(claims)) != payload {
		return packedToken{form: formRaw, claims: claims, rest: string(token)}
	}
	return packedToken{formSplit, string(decoded), claims, signature}
}

// unpack is the inverse of pack. What it reads was sealed by an instance of this
// fleet, perhaps of another version: anything unexpected is malformed.
func unpack(b []byte) (*Session, Rung, error) {
	r := &reader{rest: b}
	head := r.byte()
	created := r.varint()
	s := &Session{Created: time.Unix(created, 0)}
	s.LastUse = time.Unix(created+r.varint(), 0)
	s.Expires = time.Unix(created+r.varint(), 0)
	s.Lifetime = time.Duration(r.varint()) * time.Second
	size := r.uvarint()
	inflated, err := inflate(r.bytes(), size)
	if err != nil {
		return nil, 0, err
	}
	s.Refresh = Secret(r.text())
	id, access := packedToken{form: head & 3, rest: r.text()}, packedToken{form: head >> 2, rest: r.text()}
	if r.broken || len(r.rest) > 0 || access.form >= forms {
		return nil, 0, ErrMalformed
	}
	if err := s.unpackClaims(inflated, &id, &access); err != nil {
		return nil, 0, err
	}
	s.ID, s.Access = id.whole(), access.whole()
	s.IDClaims, s.AccessClaims = id.claims, access.claims
	return s, rungOf(id, access), nil
}

// unpackClaims cuts the inflated text, which is made a string once.
func (s *Session) unpackClaims(inflated []byte, id, access *packedToken) error {
	r, text := &reader{rest: inflated}, string(inflated)
	for _, part := range [...]*string{
		&s.Subject, &s.OriginJTI, &s.DeviceKey, &id.header, &access.header, &id.claims, &access.claims,
	} {
		n := len(r.bytes())
		end := len(text) - len(r.rest)
		if r.broken {
			return ErrMalformed
		}
		*part = text[end-n : end]
	}
	if len(r.rest) > 0 {
		return ErrMalformed
	}
	return nil
}

// whole is the token byte for byte, or nothing.
func (p *packedToken) whole() Secret {
	switch p.form {
	case formRaw:
		return Secret(p.rest)
	case formSplit:
	default:
		return ""
	}
	encoding := base64.RawURLEncoding
	token := make([]byte, 0, encoding.EncodedLen(len(p.header))+encoding.EncodedLen(len(p.claims))+len(p.rest)+2)
	token = append(encoding.AppendEncode(token, []byte(p.header)), '.')
	token = append(encoding.AppendEncode(token, []byte(p.claims)), '.')
	return Secret(append(token, p.rest...))
}

func rungOf(id, access packedToken) Rung {
	switch {
	case access.form == formClaims:
		return ClaimsOnly
	case id.form == formClaims:
		return NoIDSignature
	}
	return All
}
