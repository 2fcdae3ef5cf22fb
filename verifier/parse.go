package verifier

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// MaxTokenSize bounds a token in compact form, in bytes. A token with a hundred
// groups of the longest names, the most that Cognito allows, has some 18 kB.
const MaxTokenSize = 32 << 10

// maxKeyID bounds the key ID of a token; Cognito's have 44 bytes.
const maxKeyID = 256

// base64URL is the alphabet of RFC 7515 §2 read to the letter: no padding, no
// stray bits. Go's decoder skips line breaks, so those are refused before.
var base64URL = base64.RawURLEncoding.Strict()

// compact is a token in JWS compact serialization that was taken apart but not
// verified: nobody has vouched yet for anything that stands in it.
type compact struct {
	signed    string // header and payload as the signature covers them
	signature string // still encoded
	keyID     string
	claims    object
}

// parseCompact reads raw strictly. It accepts what Cognito issues and no more:
// three parts, RS256, a key ID, and one JSON object each for header and payload.
func parseCompact(raw string) (compact, error) {
	header, rest, ok1 := strings.Cut(raw, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || strings.Contains(signature, ".") {
		return compact{}, malformed("")
	}
	keyID, err := parseHeader(header)
	if err != nil {
		return compact{}, err
	}
	claims, err := parseObject(payload)
	if err != nil {
		return compact{}, malformed("")
	}
	signed := raw[:len(header)+1+len(payload)]
	return compact{signed, signature, keyID, claims}, nil
}

// parseHeader returns the key ID. The configuration, not the token, chooses the
// algorithm (RFC 8725 §3.1); jku, jwk, x5u and x5c are never looked at, since a
// token that could name its own key would verify itself.
func parseHeader(encoded string) (keyID string, err error) {
	header, err := parseObject(encoded)
	if err != nil {
		return "", malformed("")
	}
	alg, _, err := header.stringMember("alg")
	if err != nil {
		return "", err
	}
	if alg != "RS256" {
		return "", refuse(ErrAlgorithm, "alg", alg, "RS256")
	}
	if err := checkHeaderExtensions(&header); err != nil {
		return "", err
	}
	keyID, _, err = header.stringMember("kid")
	if err != nil || keyID == "" || len(keyID) > maxKeyID {
		return "", malformed("kid")
	}
	return keyID, nil
}

// checkHeaderExtensions refuses what changes the meaning of a token: critical
// extensions (RFC 7515 §4.1.11), unencoded payloads (RFC 7797) and nested
// tokens. Ignoring them would verify something other than what was signed.
func checkHeaderExtensions(header *object) error {
	for _, name := range [...]string{"crit", "b64", "cty"} {
		if _, ok := header.get(name); ok {
			return malformed(name)
		}
	}
	typ, ok, err := header.stringMember("typ")
	if err != nil {
		return err
	}
	if ok && !strings.EqualFold(typ, "JWT") && !strings.EqualFold(typ, "at+jwt") {
		return malformed("typ")
	}
	return nil
}

// appendBase64 refuses line breaks itself: Go's decoder skips them, so one token
// would have many spellings.
func appendBase64(dst, encoded []byte) ([]byte, error) {
	if bytes.IndexByte(encoded, '\n') >= 0 || bytes.IndexByte(encoded, '\r') >= 0 {
		return nil, base64.CorruptInputError(0)
	}
	return base64URL.AppendDecode(dst, encoded)
}
