package verifier

import (
	"iter"
	"strconv"
	"strings"
	"time"
)

// TokenUse says what a token is for: Cognito's claim token_use.
type TokenUse string

// The two kinds of token that Cognito issues as JWTs.
const (
	Access TokenUse = "access"
	ID     TokenUse = "id"
)

// Token is a token that was verified. It is immutable and safe for concurrent
// use. Its values are those of the claims; claims are found by exact name.
type Token struct {
	claims   object
	verifier *Verifier
	expiry   int64
	key      *Key
}

// Pool is the name of the verifier that accepted the token ([Options].Name).
func (t *Token) Pool() string { return t.verifier.opts.Name }

// Use is the kind of the token.
func (t *Token) Use() TokenUse { return TokenUse(t.text("token_use")) }

// Expiry is the time from which on the token is no longer valid.
func (t *Token) Expiry() time.Time { return time.Unix(t.expiry, 0) }

// Subject is the claim sub: unique and never reused within the pool. For a
// machine-to-machine token it is the client ID.
func (t *Token) Subject() string { return t.text("sub") }

// ClientID is the app client that the token was issued to: the claim client_id
// of an access token, aud of an ID token.
func (t *Token) ClientID() string {
	if t.Use() == ID {
		return t.text("aud")
	}
	return t.text("client_id")
}

// Username is the user's name in the pool, from username or cognito:username;
// empty in machine-to-machine tokens.
func (t *Token) Username() string {
	if t.Use() == ID {
		return t.text("cognito:username")
	}
	return t.text("username")
}

// Scopes are the OAuth scopes of an access token. An ID token has none: it grants
// nothing, whatever a trigger wrote into it.
func (t *Token) Scopes() iter.Seq[string] {
	if t.Use() != Access {
		return strings.FieldsSeq("")
	}
	return strings.FieldsSeq(t.text("scope"))
}

// Groups are the user's groups, in the order of the token.
func (t *Token) Groups() iter.Seq[string] { return t.StringsClaim("cognito:groups") }

// AuthTime is when the user last signed in actively; a refresh leaves it as it
// is. It is false when the token does not say.
func (t *Token) AuthTime() (at time.Time, ok bool) {
	raw, ok := t.claims.get("auth_time")
	if !ok {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(raw, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// Claim is the JSON text of a claim as it stands in the token, for any claim.
// The text is valid JSON without duplicate names. A claim that is null counts
// as absent.
func (t *Token) Claim(name string) (json string, ok bool) {
	raw, ok := t.claims.get(name)
	if !ok || raw == "null" {
		return "", false
	}
	return raw, true
}

// StringClaim is the value of a claim that is a string; anything else is not ok.
func (t *Token) StringClaim(name string) (value string, ok bool) {
	value, ok, err := t.claims.stringMember(name)
	return value, ok && err == nil
}

// StringsClaim are the values of a claim that is a string, or the strings of a claim
// that is an array; other members are left out.
func (t *Token) StringsClaim(name string) iter.Seq[string] {
	raw, _ := t.claims.get(name)
	return func(yield func(string) bool) { eachString(raw, yield) }
}

// Claims lists the names of all claims.
func (t *Token) Claims() iter.Seq[string] { return t.claims.names }

// text is a claim whose type was checked when the token was verified.
func (t *Token) text(name string) string {
	value, _ := t.StringClaim(name)
	return value
}

// eachString walks the strings of a valid JSON string or flat array without
// building a slice.
func eachString(raw string, yield func(string) bool) {
	if raw == "" {
		return
	}
	if raw[0] == '"' {
		yield(unquote(raw))
		return
	}
	for element := range Elements(raw) {
		if element[0] == '"' && !yield(unquote(element)) {
			return
		}
	}
}

// Elements are the elements of a JSON array as [Token.Claim] returns it, each as
// JSON text. Anything but an array has none.
func Elements(array string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if array == "" || array[0] != '[' {
			return
		}
		for rest := array[1:]; ; {
			element, after, ok := nextElement(rest)
			if !ok || !yield(element) {
				return
			}
			rest = after
		}
	}
}

// Unquote decodes a JSON string as [Token.Claim] or [Elements] return it; other
// JSON is not ok.
func Unquote(json string) (text string, ok bool) {
	if len(json) < 2 || json[0] != '"' {
		return "", false
	}
	return unquote(json), true
}

// nextElement cuts the first element off the inside of a valid JSON array.
func nextElement(s string) (element, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t\r\n,")
	if s == "" || s[0] == ']' {
		return "", "", false
	}
	level, inString := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '[', c == '{':
			level++
		case level == 0 && (c == ',' || c == ']'):
			return strings.TrimRight(s[:i], " \t\r\n"), s[i:], true
		case c == ']', c == '}':
			level--
		}
	}
	return "", "", false
}
