package peerjose_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

// member is one member of a JSON object, as its text stands there: the name with
// its quotes. Maps would lose order and duplicates.
type member struct{ name, value string }

// draft is a token before it is signed.
type draft struct {
	header, payload []member
	space           string // between the members
	tail            string // after the objects
	wrap            func(header, payload, signature string) string
	forge           func(signature []byte) []byte
	signer          *verifiertest.Signer
}

// The members of genuine tokens. Their time is the year 2100.
var (
	genuineHeader = []member{{`"kid"`, `"k1"`}, {`"alg"`, `"RS256"`}}
	genuineAccess = []member{
		{`"sub"`, `"5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a"`}, {`"iss"`, `"` + issuer + `"`}, {`"client_id"`, `"` + client + `"`},
		{`"token_use"`, `"access"`}, {`"exp"`, `4102444800`}, {`"iat"`, `946684200`}, {`"scope"`, `"openid orders/read"`},
		{`"cognito:groups"`, `["admins","editors"]`}, {`"username"`, `"jo"`}, {`"jti"`, `"d3f0d7a2"`},
	}
	genuineID = []member{
		{`"sub"`, `"5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a"`}, {`"iss"`, `"` + issuer + `"`}, {`"aud"`, `"` + client + `"`},
		{`"token_use"`, `"id"`}, {`"exp"`, `4102444800`}, {`"iat"`, `946684200`}, {`"cognito:username"`, `"jo"`},
		{`"email"`, `"jo@example.org"`}, {`"cognito:groups"`, `["admins"]`},
	}
)

// names are what is renamed to or added. Without some parameters of headers: see
// TestWhatMeansNothingIsNotRead.
var names = []string{
	`"alg"`, `"kid"`, `"typ"`, `"cty"`, `"crit"`, `"b64"`, `"zip"`, `"enc"`, `"jku"`, `"x5u"`, `"x5t"`, `"url"`,
	`"iss"`, `"sub"`, `"aud"`, `"exp"`, `"nbf"`, `"iat"`, `"jti"`, `"token_use"`, `"client_id"`, `"scope"`, `"cognito:groups"`, `"username"`,
	`"ISS"`, `"Exp"`, `"\u0065xp"`, `"\u0061lg"`, `"k\u0069d"`, `"e\u0078p"`, `"exp "`, `""`, `"é"`, "\"\xff\"", `"\ud800"`,
}

// values are what is put into members. The first are right in some places. No
// number is larger than a float64: go-jose puts those of headers into one.
var values = []string{
	`4102444800`, `"` + client + `"`, `"access"`, `"id"`, `"` + issuer + `"`, `["` + client + `"]`, `["x","` + client + `"]`, `["` + client + `",5]`,
	`"RS256"`, `"rs256"`, `"none"`, `"HS256"`, `"RS512"`, `"PS256"`, `"k1"`, `"k2"`, `"k3"`, `"JWT"`, `"at+jwt"`, `"jose"`, `["b64"]`, `["exp"]`, `[]`, `{}`,
	`null`, `true`, `false`, `0`, `-1`, `1`, `4102444800.5`, `4.1024448e9`, `"4102444800"`, `1e300`, `99999999999999999999`, `-0`, `00`, `+1`, `0x1`,
	`""`, `" "`, `"\u0000"`, `"\ud800"`, "\"\xff\"", `"é"`, `"\u00e9"`, `["a",1]`, `[["a"]]`, `{"a":1,"a":2}`, strings.Repeat("[", 40) + strings.Repeat("]", 40),
	`NaN`, `'x'`, ``, `1 2`, `"a":"b"`,
}

var spaces = []string{"", " ", "\n", "\t\r\n ", "\u00a0", "\ufeff", "/**/", "\x00"}

var tails = []string{"", " ", "\n", "{}", ",", "\x00", "garbage", "\ufeff"}

// wrappings put the three parts together in ways that some readers forgive.
var wrappings = []func(header, payload, signature string) string{
	func(h, p, s string) string { return h + "." + p + "." + s },
	func(h, p, s string) string { return h + "." + p + "." + s + "=" },
	func(h, p, s string) string { return h + "=." + p + "=." + s },
	func(h, p, s string) string { return h + "." + p + ".\n" + s },
	func(h, p, s string) string { return h + "." + p[:len(p)/2] + "\r\n" + p[len(p)/2:] + "." + s },
	func(h, p, s string) string { return " " + h + "." + p + "." + s + " " },
	func(h, p, s string) string {
		return h + "." + p + "." + strings.NewReplacer("-", "+", "_", "/").Replace(s)
	},
	func(h, p, s string) string { return h + "." + p + "." + lastBits(s) },
	func(h, p, s string) string { return lastBits(h) + "." + p + "." + s },
	func(h, p, s string) string { return h + "." + p + "." + s + "." },
	func(h, p, s string) string { return h + "." + p + "." + s + "." + s },
	func(h, p, s string) string { return h + "." + p },
	func(h, p, s string) string { return h + "." + p + "." },
	func(h, p, s string) string { return h + ".." + s },
	func(h, p, s string) string { return "." + p + "." + s },
	func(h, p, s string) string { return p + "." + h + "." + s },
	func(h, p, s string) string {
		return fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, h, p, s)
	},
}

// lastBits sets a bit of the last letter that the strict alphabet has at zero.
func lastBits(encoded string) string {
	if len(encoded)%4 == 0 {
		return encoded
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(encoded) - 1
	return encoded[:last] + string(alphabet[strings.IndexByte(alphabet, encoded[last])|1])
}

// forgeries change the bytes of the signature.
var forgeries = []func(signature []byte) []byte{
	func(s []byte) []byte { return s },
	func(s []byte) []byte { s[0] ^= 1; return s },
	func(s []byte) []byte { return append([]byte{0}, s...) },
	func(s []byte) []byte { return s[:len(s)-1] },
	func(s []byte) []byte { return make([]byte, len(s)) },
	func([]byte) []byte { return nil },
}

// A script is read byte by byte; when it ends, it goes on with zeros.
type script []byte

func (s *script) next(n int) int {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return int(b) % n
}

// newToken carries out a script on a genuine token: the first byte says which, the
// others what to change. Each change is made before the signature, unless it is
// one of the signature: so mutants reach what lies behind it.
func newToken(s script, signers []*verifiertest.Signer) string {
	d := draft{
		header: slices.Clone(genuineHeader), payload: slices.Clone(genuineAccess),
		wrap: wrappings[0], forge: forgeries[0], signer: signers[0],
	}
	if s.next(2) == 1 {
		d.payload = slices.Clone(genuineID)
	}
	for range 8 {
		if len(s) == 0 {
			break
		}
		d.change(&s, signers)
	}
	return d.token()
}

// change makes one change.
func (d *draft) change(s *script, signers []*verifiertest.Signer) {
	switch s.next(12) {
	case 0, 1, 2:
		d.payload = edit(d.payload, s)
	case 3, 4, 5:
		d.payload = edit(d.payload, s)
	case 6:
		d.header = edit(d.header, s)
	case 7:
		d.space = spaces[s.next(len(spaces))]
	case 8:
		d.tail = tails[s.next(len(tails))]
	case 9:
		d.wrap = wrappings[s.next(len(wrappings))]
	case 10:
		d.forge = forgeries[s.next(len(forgeries))]
	case 11:
		d.signer = signers[s.next(len(signers))]
	}
}

// edit changes one member of an object, or adds or removes one.
func edit(object []member, s *script) []member {
	name, value := names[s.next(len(names))], values[s.next(len(values))]
	at, what := s.next(len(object)+1), s.next(6)
	switch {
	case at == len(object):
		return append(object, member{name, value})
	case what == rename:
		object[at].name = name
	case what == drop:
		return slices.Delete(object, at, at+1)
	case what == repeat:
		return append(object, object[at])
	case what == twice:
		return slices.Insert(object, at, member{object[at].name, value})
	default:
		object[at].value = value
	}
	return object
}

func (d *draft) token() string {
	header, payload := verifiertest.Encode(d.text(d.header)), verifiertest.Encode(d.text(d.payload))
	signature := d.forge(d.signer.Signature(header + "." + payload))
	return d.wrap(header, payload, verifiertest.Encode(string(signature)))
}

func (d *draft) text(object []member) string {
	parts := make([]string, len(object))
	for i, m := range object {
		parts[i] = m.name + ":" + d.space + m.value
	}
	return "{" + strings.Join(parts, ","+d.space) + "}" + d.tail
}
