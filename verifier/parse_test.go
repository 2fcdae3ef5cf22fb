package verifier_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

const header = `{"kid":"k1","alg":"RS256"}`

// parts signs parts as they are: a refused row has a good signature over its
// fault, so nothing but the fault can be the reason.
func parts(t testing.TB, header, payload string) string {
	t.Helper()
	signed := header + "." + payload
	return signed + "." + verifiertest.Encode(string(newSigner(t, "k1").Signature(signed)))
}

func withHeader(t testing.TB, header string) string {
	t.Helper()
	return parts(t, verifiertest.Encode(header), verifiertest.Encode(accessClaims))
}

func withPayload(t testing.TB, payload string) string {
	t.Helper()
	return parts(t, verifiertest.Encode(header), verifiertest.Encode(payload))
}

// withClaim writes a member in front of the usual claims, byte by byte.
func withClaim(t testing.TB, member string) string {
	t.Helper()
	return withPayload(t, "{"+member+","+accessClaims[1:])
}

// padTo appends blanks until s has size%3 == rest.
func padTo(s string, rest int) string {
	for len(s)%3 != rest {
		s += " "
	}
	return s
}

// stray sets an unused bit of the last character.
func stray(encoded string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(encoded) - 1
	return encoded[:last] + string(alphabet[strings.IndexByte(alphabet, encoded[last])+1])
}

func nested(levels int) string {
	return strings.Repeat(`[`, levels) + strings.Repeat(`]`, levels)
}

// ofSize is a good token of exactly size bytes.
func ofSize(t testing.TB, size int) string {
	t.Helper()
	for blanks := range 4 {
		head := verifiertest.Encode(header + strings.Repeat(" ", blanks))
		payload := size - len(head) - 2 - 342
		if payload%4 == 1 {
			continue
		}
		return parts(t, head, verifiertest.Encode(accessClaims+strings.Repeat(" ", payload*3/4-len(accessClaims))))
	}
	t.Fatalf("no token has %d bytes", size)
	return ""
}

// withParts has so many members and elements, counted by the commas between them.
func withParts(t *testing.T, parts int) string {
	t.Helper()
	more := parts - strings.Count(accessClaims, ",") - 2
	return withClaim(t, `"x":[`+strings.Repeat("0,", more)+`0]`)
}

func TestRefusedShapes(t *testing.T) {
	good := withHeader(t, header)
	head, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	std := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	standard := strings.TrimRight(std(strings.Replace(accessClaims, `"jo"`, `"jo>>>???"`, 1)), "=")
	if !strings.ContainsAny(standard, "+/") {
		t.Fatal("expected the text to need the characters that the alphabets do not share")
	}

	for _, row := range []struct {
		name, raw string
	}{
		{"nothing", ""},
		{"a word", "token"},
		{"one dot", head + "." + payload},
		{"a fourth part", good + "."},
		{"five parts as in a JWE", "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AAAA.AAAA.AAAA.AAAA"},
		{"five parts around a good token", good + "..AAAA"},
		{"ten thousand dots", strings.Repeat(".", 10_000)},
		{"ten thousand dots behind a good token", good + strings.Repeat(".", 10_000)},
		{"an empty header", "." + payload + "." + signature},
		{"an empty payload", parts(t, head, "")},
		{"three empty parts", ".."},
		{"a padded header", parts(t, head+"==", payload)},
		{"a padded payload", parts(t, verifiertest.Encode(header), std(padTo(accessClaims, 1)))},
		{"a padded signature", good + "=="},
		{"the standard alphabet in the payload", parts(t, head, standard)},
		{"stray bits in the header", parts(t, stray(verifiertest.Encode(padTo(header, 1))), payload)},
		{"stray bits in the payload", parts(t, head, stray(verifiertest.Encode(padTo(accessClaims, 2))))},
		{"stray bits in the signature", stray(good)},
		{"a line feed in the header", parts(t, head[:8]+"\n"+head[8:], payload)},
		{"a carriage return in the payload", parts(t, head, payload[:8]+"\r"+payload[8:])},
		{"a line feed in the signature", good[:len(good)-8] + "\n" + good[len(good)-8:]},
		{"a blank inside", parts(t, head, payload[:8]+" "+payload[8:])},
		{"a NUL inside", parts(t, head, payload[:8]+"\x00"+payload[8:])},
		{"a line feed at the end", good + "\n"},
		{"CR and LF at the end", good + "\r\n"},
		{"a line feed at the start", "\n" + good},
		{"a blank at the end", good + " "},
		{"a blank at the start", " " + good},
		{"a part of one character", parts(t, head, "A")},
		{"flattened JSON serialization", `{"payload":"` + payload + `","protected":"` + head + `","signature":"` + signature + `"}`},
		{"general JSON serialization", `{"payload":"` + payload + `","signatures":[{"protected":"` + head + `","signature":"` + signature + `"}]}`},
		{"JSON serialization with dots", `{"payload":".","protected":"` + head + `","x":"."}`},
		{"a byte more than the limit", ofSize(t, verifier.MaxTokenSize) + "A"},
		{"a megabyte", strings.Repeat("A", 1<<20)},
		{"a megabyte of claims", withClaim(t, `"x":"`+strings.Repeat("A", 1<<20)+`"`)},
		{"a signature of a megabyte", good + strings.Repeat("A", 1<<20)},

		{"a header that is an array", withHeader(t, `["kid","k1","alg","RS256"]`)},
		{"a header that is a string", withHeader(t, `"RS256"`)},
		{"a header that is null", withHeader(t, `null`)},
		{"a header cut off", withHeader(t, header[:len(header)-1])},
		{"a second header", withHeader(t, header+header)},
		{"alg twice", withHeader(t, `{"alg":"none","kid":"k1","alg":"RS256"}`)},
		{"kid twice", withHeader(t, `{"alg":"RS256","kid":"k2","kid":"k1"}`)},
		{"alg twice, once escaped", withHeader(t, `{"\u0061lg":"none","kid":"k1","alg":"RS256"}`)},
		{"a header nested too deep", withHeader(t, `{"kid":"k1","alg":"RS256","x":`+nested(32)+`}`)},
		{"a header in UTF-16", withHeader(t, "\xff\xfe{\x00}\x00")},

		{"claims that are an array", withPayload(t, `[`+accessClaims+`]`)},
		{"claims that are a string", withPayload(t, `"sub"`)},
		{"claims that are a number", withPayload(t, `1`)},
		{"claims that are null", withPayload(t, `null`)},
		{"a nested token as payload", withPayload(t, good)},
		{"claims cut off", withPayload(t, accessClaims[:len(accessClaims)-1])},
		{"garbage behind the claims", withPayload(t, accessClaims+"x")},
		{"a second object behind the claims", withPayload(t, accessClaims+`{"sub":"admin"}`)},
		{"a NUL behind the claims", withPayload(t, accessClaims+"\x00")},
		{"a byte order mark", withPayload(t, "\ufeff"+accessClaims)},
		{"a comma too many", withPayload(t, accessClaims[:len(accessClaims)-1]+",}")},
		{"a comment", withPayload(t, "/**/"+accessClaims)},
		{"names without quotes", withPayload(t, `{sub:"a"}`)},
		{"a name that is a number", withPayload(t, `{1:"a"}`)},
		{"NaN", withClaim(t, `"x":NaN`)},
		{"a leading zero", withClaim(t, `"x":01`)},
		{"a control character in a string", withClaim(t, "\"x\":\"a\nb\"")},
		{"sub twice", withClaim(t, `"sub":"admin"`)},
		{"exp twice", withClaim(t, `"exp":4102444800`)},
		{"sub twice, once escaped", withClaim(t, `"\u0073ub":"admin"`)},
		{"sub twice, once with other escapes", withClaim(t, `"s\u0075b":"admin"`)},
		{"a name twice in a nested object", withClaim(t, `"x":{"a":1,"a":2}`)},
		{"a name twice deep inside", withClaim(t, `"x":[{"y":{"a":1,"\u0061":2}}]`)},
		{"invalid UTF-8 in a value", withClaim(t, "\"x\":\"a\xff\"")},
		{"invalid UTF-8 in a name", withClaim(t, "\"\xc3\x28\":1")},
		{"an overlong encoding", withClaim(t, "\"x\":\"\xc0\xaf\"")},
		{"a surrogate in UTF-8", withClaim(t, "\"x\":\"\xed\xa0\x80\"")},
		{"a lone high surrogate", withClaim(t, `"x":"\ud800"`)},
		{"a lone low surrogate", withClaim(t, `"x":"\udc00a"`)},
		{"a lone surrogate in a name", withClaim(t, `"\ud800":1`)},
		{"claims nested too deep", withClaim(t, `"x":`+nested(32))},
		{"claims nested ten thousand deep", withClaim(t, `"x":`+nested(10_000))},
		{"a part more than there may be", withParts(t, 1026)},
		{"a part more than there may be in the header", withHeader(t, `{"kid":"k1","alg":"RS256","x":[`+strings.Repeat("0,", 1023)+`0]}`)},
		{"objects nested too deep", withClaim(t, `"x":`+strings.Repeat(`{"a":`, 32)+`1`+strings.Repeat(`}`, 32))},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			expectReason(t, verify(newVerifier(t, verifier.Options{}), row.raw), verifier.ErrMalformed)
		})
	}
}

func TestRefusedHeaders(t *testing.T) {
	for _, row := range []struct {
		name, header string
		want         error
	}{
		{"alg none", `{"kid":"k1","alg":"none"}`, verifier.ErrAlgorithm},
		{"alg None", `{"kid":"k1","alg":"None"}`, verifier.ErrAlgorithm},
		{"alg nOnE", `{"kid":"k1","alg":"nOnE"}`, verifier.ErrAlgorithm},
		{"alg HS256", `{"kid":"k1","alg":"HS256"}`, verifier.ErrAlgorithm},
		{"alg RS384", `{"kid":"k1","alg":"RS384"}`, verifier.ErrAlgorithm},
		{"alg RS512", `{"kid":"k1","alg":"RS512"}`, verifier.ErrAlgorithm},
		{"alg PS256", `{"kid":"k1","alg":"PS256"}`, verifier.ErrAlgorithm},
		{"alg ES256", `{"kid":"k1","alg":"ES256"}`, verifier.ErrAlgorithm},
		{"alg EdDSA", `{"kid":"k1","alg":"EdDSA"}`, verifier.ErrAlgorithm},
		{"alg in lower case", `{"kid":"k1","alg":"rs256"}`, verifier.ErrAlgorithm},
		{"alg with a blank", `{"kid":"k1","alg":"RS256 "}`, verifier.ErrAlgorithm},
		{"alg with a NUL", `{"kid":"k1","alg":"RS256\u0000"}`, verifier.ErrAlgorithm},
		{"alg empty", `{"kid":"k1","alg":""}`, verifier.ErrAlgorithm},
		{"alg missing", `{"kid":"k1"}`, verifier.ErrAlgorithm},
		{"alg under another case", `{"kid":"k1","ALG":"RS256"}`, verifier.ErrAlgorithm},
		{"alg a number", `{"kid":"k1","alg":256}`, verifier.ErrMalformed},
		{"alg null", `{"kid":"k1","alg":null}`, verifier.ErrMalformed},
		{"alg an array", `{"kid":"k1","alg":["RS256"]}`, verifier.ErrMalformed},
		{"an empty header object", `{}`, verifier.ErrAlgorithm},
		{"a critical extension", `{"kid":"k1","alg":"RS256","crit":["x"],"x":1}`, verifier.ErrMalformed},
		{"an empty crit", `{"kid":"k1","alg":"RS256","crit":[]}`, verifier.ErrMalformed},
		{"crit null", `{"kid":"k1","alg":"RS256","crit":null}`, verifier.ErrMalformed},
		{"crit under an escaped name", `{"kid":"k1","alg":"RS256","\u0063rit":["x"]}`, verifier.ErrMalformed},
		{"an unencoded payload", `{"kid":"k1","alg":"RS256","b64":false,"crit":["b64"]}`, verifier.ErrMalformed},
		{"b64 without crit", `{"kid":"k1","alg":"RS256","b64":false}`, verifier.ErrMalformed},
		{"b64 true", `{"kid":"k1","alg":"RS256","b64":true}`, verifier.ErrMalformed},
		{"a nested token", `{"kid":"k1","alg":"RS256","cty":"JWT"}`, verifier.ErrMalformed},
		{"typ JWE", `{"kid":"k1","alg":"RS256","typ":"JWE"}`, verifier.ErrMalformed},
		{"typ of a logout token", `{"kid":"k1","alg":"RS256","typ":"logout+jwt"}`, verifier.ErrMalformed},
		{"typ of a DPoP proof", `{"kid":"k1","alg":"RS256","typ":"dpop+jwt"}`, verifier.ErrMalformed},
		{"typ empty", `{"kid":"k1","alg":"RS256","typ":""}`, verifier.ErrMalformed},
		{"typ a number", `{"kid":"k1","alg":"RS256","typ":1}`, verifier.ErrMalformed},
		{"typ null", `{"kid":"k1","alg":"RS256","typ":null}`, verifier.ErrMalformed},
		{"kid missing", `{"alg":"RS256"}`, verifier.ErrMalformed},
		{"kid empty", `{"kid":"","alg":"RS256"}`, verifier.ErrMalformed},
		{"kid a number", `{"kid":1,"alg":"RS256"}`, verifier.ErrMalformed},
		{"kid null", `{"kid":null,"alg":"RS256"}`, verifier.ErrMalformed},
		{"kid an array", `{"kid":["k1"],"alg":"RS256"}`, verifier.ErrMalformed},
		{"kid huge", `{"kid":"` + strings.Repeat("k", 257) + `","alg":"RS256"}`, verifier.ErrMalformed},
		{"kid under another case", `{"Kid":"k1","alg":"RS256"}`, verifier.ErrMalformed},
		{"kid unknown", `{"kid":"k3","alg":"RS256"}`, verifier.ErrUnknownKey},
		{"kid in another case", `{"kid":"K1","alg":"RS256"}`, verifier.ErrUnknownKey},
		{"kid a path", `{"kid":"../../dev/null","alg":"RS256"}`, verifier.ErrUnknownKey},
		{"kid SQL", `{"kid":"k1' or '1'='1","alg":"RS256"}`, verifier.ErrUnknownKey},
		{"kid with a blank", `{"kid":"k1 ","alg":"RS256"}`, verifier.ErrUnknownKey},
		{"kid of 256 bytes", `{"kid":"` + strings.Repeat("k", 256) + `","alg":"RS256"}`, verifier.ErrUnknownKey},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			expectReason(t, verify(newVerifier(t, verifier.Options{}), withHeader(t, row.header)), row.want)
		})
	}
}

func TestRefusedSignatures(t *testing.T) {
	good := withHeader(t, header)
	dot := strings.LastIndexByte(good, '.') + 1
	flipped := []byte(newSigner(t, "k1").Signature(good[:dot-1]))
	flipped[0] ^= 1
	other := newKeySigner(t, "k1")
	jwk := json.RawMessage(other.JWK())
	embedded := func(name string, value any) string {
		head, err := json.Marshal(map[string]any{"kid": "k1", "alg": "RS256", name: value})
		if err != nil {
			t.Fatal(err)
		}
		return other.SignWith(string(head), accessClaims)
	}
	for _, row := range []struct {
		name, raw string
	}{
		{"no signature", good[:dot]},
		{"one byte", good[:dot] + "AA"},
		{"a byte missing at the end", good[:dot] + verifiertest.Encode(string(flipped[:255]))},
		{"a byte too many", good[:dot] + verifiertest.Encode(string(flipped)+"\x00")},
		{"a bit flipped", good[:dot] + verifiertest.Encode(string(flipped))},
		{"all zero", good[:dot] + verifiertest.Encode(strings.Repeat("\x00", 256))},
		{"all ones", good[:dot] + verifiertest.Encode(strings.Repeat("\xff", 256))},
		{"that of another token", good[:dot] + newSigner(t, "k1").Sign(idClaims)[strings.LastIndexByte(newSigner(t, "k1").Sign(idClaims), '.')+1:]},
		{"another key under a known kid", other.Sign(accessClaims)},
		{"a key embedded as jwk", embedded("jwk", jwk)},
		{"a key named by jku", embedded("jku", "https://attacker.example/jwks.json")},
		{"a key named by x5u", embedded("x5u", "https://attacker.example/cert.pem")},
		{"a certificate embedded as x5c", embedded("x5c", []string{"MIIB"})},
		{"a payload that was changed", verifiertest.Encode(header) + "." + verifiertest.Encode(strings.Replace(accessClaims, "jo", "al", 1)) + good[dot-1:]},
		{"a header that was changed", verifiertest.Encode(`{"kid":"k2","alg":"RS256"}`) + good[strings.IndexByte(good, '.'):]},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			expectReason(t, verify(newVerifier(t, verifier.Options{}), row.raw), verifier.ErrSignature)
		})
	}
}

func TestAcceptedShapes(t *testing.T) {
	for _, row := range []struct {
		name, raw string
	}{
		{"as Cognito writes it", withHeader(t, header)},
		{"typ JWT", withHeader(t, `{"kid":"k1","alg":"RS256","typ":"JWT"}`)},
		{"typ jwt", withHeader(t, `{"kid":"k1","alg":"RS256","typ":"jwt"}`)},
		{"typ at+jwt", withHeader(t, `{"kid":"k1","alg":"RS256","typ":"at+jwt"}`)},
		{"header members in another order", withHeader(t, `{"alg":"RS256","kid":"k1"}`)},
		{"header members with escapes", withHeader(t, `{"\u0061lg":"RS25\u0036","kid":"\u006b1"}`)},
		{"white space in the header", withHeader(t, " { \"kid\" : \"k1\" ,\n\"alg\" : \"RS256\" } ")},
		{"an unknown header member", withHeader(t, `{"kid":"k1","alg":"RS256","x":{"y":[1]}}`)},
		{"hints at other keys that are not followed", withHeader(t, `{"kid":"k1","alg":"RS256","jku":"https://attacker.example/","x5u":"https://attacker.example/","x5c":["AAAA"],"jwk":{"kty":"oct","k":"AAAA"}}`)},
		{"white space around the claims", withPayload(t, "\r\n\t "+accessClaims+" \n")},
		{"a surrogate pair", withClaim(t, `"x":"\ud83d\ude00"`)},
		{"the same name in two objects", withClaim(t, `"x":{"sub":"a"},"y":{"sub":"b"}`)},
		{"nested as deep as allowed", withClaim(t, `"x":`+nested(31))},
		{"brackets in strings do not count as depth", withClaim(t, `"x":["`+strings.Repeat(`[{\"`, 50)+`"]`)},
		{"as many parts as allowed", withParts(t, 1025)},
		{"as large as allowed", ofSize(t, verifier.MaxTokenSize)},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			tok := accept(t, newVerifier(t, verifier.Options{}), row.raw)
			if got := tok.Username(); got != "jo" {
				t.Errorf("expected the user %q, got %q", "jo", got)
			}
		})
	}
}
