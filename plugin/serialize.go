package plugin

import (
	"slices"
	"strconv"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// serializeClaim writes a claim as a header value, reversibly: strings in
// printable ASCII as they are, everything else and % percent-encoded as UTF-8;
// arrays joined by commas, their members also encoding their own commas; numbers
// and booleans as JSON; objects, and everything when asJSON is set, as compact
// JSON in ASCII. The type of a claim is not told: a list of the number 1 and one
// of the string "1" look alike, unless asJSON is set. No control character can pass. It is false for a claim that is
// absent or an empty list.
func serializeClaim(tok *verifier.Token, claim string, asJSON bool) (value string, ok bool) {
	if !asJSON {
		if text, ok := tok.StringClaim(claim); ok {
			return encodeText(text, false), true
		}
	}
	raw, ok := tok.Claim(claim)
	switch {
	case !ok:
		return "", false
	case asJSON || raw[0] == '{':
		return asciiJSON(raw), true
	case raw[0] == '[':
		return joinArray(raw)
	}
	return raw, true
}

func joinArray(raw string) (value string, ok bool) {
	joined := make([]byte, 0, len(raw)) // one allocation, unless much is encoded
	for element := range verifier.Elements(raw) {
		text, isText := verifier.Unquote(element)
		if !isText {
			text = asciiJSON(element)
		}
		if ok {
			joined = append(joined, ',')
		}
		joined, ok = append(joined, encodeText(text, true)...), true
	}
	return string(joined), ok
}

// encodeText returns s itself when nothing needs encoding, as is usual. Spaces
// at the ends are encoded because recipients trim them.
func encodeText(s string, inList bool) string {
	plain := func(i int) bool {
		c := s[i]
		return c > ' ' && c < 0x7f && c != '%' && (c != ',' || !inList) || c == ' ' && i > 0 && i < len(s)-1
	}
	first := 0
	for first < len(s) && plain(first) {
		first++
	}
	if first == len(s) {
		return s
	}
	const hex = "0123456789ABCDEF"
	encoded := append(make([]byte, 0, len(s)+16), s[:first]...)
	for i := first; i < len(s); i++ {
		if plain(i) {
			encoded = append(encoded, s[i])
		} else {
			encoded = append(encoded, '%', hex[s[i]>>4], hex[s[i]&15])
		}
	}
	return string(encoded)
}

// asciiJSON makes valid JSON compact, with everything but printable ASCII
// escaped.
func asciiJSON(raw string) string {
	compact := jsontext.Value(raw)
	if err := compact.Compact(); err != nil {
		return "null" // not reached: raw was read strictly
	}
	if !slices.ContainsFunc(compact, func(c byte) bool { return c >= 0x7f }) {
		return string(compact)
	}
	var b []byte
	for _, r := range string(compact) {
		switch {
		case r < 0x7f:
			b = append(b, byte(r))
		case r <= 0xffff:
			b = appendEscape(b, r)
		default:
			high, low := utf16.EncodeRune(r)
			b = appendEscape(appendEscape(b, high), low)
		}
	}
	return string(b)
}

func appendEscape(b []byte, r rune) []byte {
	return append(append(b, `\u`...), strconv.FormatInt(0x10000+int64(r), 16)[1:]...)
}
