package session_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

// TestTokensComeBackByteForByte is a property: a token is whole and the very
// same, or absent with its claims in place; and the cookie fits, or the error
// says why not. It holds for 0 to 100 groups and every odd spelling.
func TestTokensComeBackByteForByte(t *testing.T) {
	codec := newCodec(t, nil)
	count := make(map[string]int)
	for n := range 101 {
		for _, i := range []int{n % 10, (n + 3) % 10, (n + 7) % 10} {
			spell := spellings[i]
			u := ourUser()
			u.groups = randomGroups(n, 1+rand.IntN(40))
			tokens := u.tokens()
			tokens.ID = spell(t, u.claims("id"))
			if i%2 == 0 {
				tokens.Access = spell(t, u.claims("access"))
			}
			count[expectIntact(t, codec, tokens)]++
		}
	}
	t.Logf("rungs: %v", count)
	for _, rung := range []string{"all", "no_id_signature", "claims_only", "too_large"} {
		if count[rung] == 0 {
			t.Errorf("expected some session to end at %s, or the property says little about it", rung)
		}
	}
}

func randomGroups(n, length int) []string {
	groups := make([]string, n)
	for i := range groups {
		groups[i] = encode(random(length))[:length]
	}
	return groups
}

func expectIntact(t *testing.T, codec *session.Codec, tokens session.Tokens) (rung string) {
	t.Helper()
	s := newSession(t, tokens)
	sealed, err := codec.Seal(s)
	if err != nil {
		if _, ok := errors.AsType[*session.SizeError](err); !ok {
			t.Fatalf("expected a SizeError, got %v", err)
		}
		return session.Reason(err)
	}
	opened, err := codec.Open(t.Context(), sealed.Cookie.Value)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(sealed.Cookie.String()); got > 3900 {
		t.Fatalf("expected at most 3900 bytes, got %d", got)
	}
	expectRung(t, s, opened, sealed.Rung)
	return sealed.Rung.String()
}

// spellings write the same claims in ways that are valid, or that some verifier
// might take.
var spellings = map[int]func(t *testing.T, claims string) session.Secret{
	0: func(_ *testing.T, claims string) session.Secret { return jwt(`{"kid":"k","alg":"RS256"}`, claims) },
	1: func(t *testing.T, claims string) session.Secret {
		var spaced strings.Builder
		encoder := json.NewEncoder(&spaced)
		encoder.SetIndent("\t ", "  ")
		if err := encoder.Encode(json.RawMessage(claims)); err != nil {
			t.Fatal(err)
		}
		return jwt("{ \"alg\" :\t\"RS256\" }\r\n", " "+spaced.String()+"\n")
	},
	2: func(_ *testing.T, claims string) session.Secret {
		return jwt(`{"alg":"\u0052S256"}`, strings.Replace(claims, `"sub"`, `"name":"\ud83d\ude00 \u00e9 😀 é \/","sub"`, 1))
	},
	3: func(_ *testing.T, claims string) session.Secret { // padded
		token := jwt(`{"kid":"k"}`, claims)
		header, rest, _ := strings.Cut(string(token), ".")
		payload, signature, _ := strings.Cut(rest, ".")
		pad := strings.Repeat("=", (4-len(payload)%4)%4)
		return session.Secret(header + "." + payload + pad + "." + signature)
	},
	4: func(_ *testing.T, claims string) session.Secret { // stray bits at the end of the signature
		token := string(jwt(`{"kid":"k"}`, claims))
		return session.Secret(token[:len(token)-1] + map[bool]string{true: "h", false: "i"}[token[len(token)-1] != 'h'])
	},
	5: func(_ *testing.T, claims string) session.Secret { // a line break in the header
		return "eyJh\n" + jwt(`{"kid":"k"}`, claims)
	},
	6: func(_ *testing.T, claims string) session.Secret { // the header is not JSON
		return jwt("\x00\xff\xfe", claims)
	},
	7: func(_ *testing.T, claims string) session.Secret { // no header and no signature
		token := strings.Split(string(jwt("", claims)), ".")
		return session.Secret("." + token[1] + ".")
	},
	8: func(_ *testing.T, claims string) session.Secret { // not base64url around the claims
		token := strings.Split(string(jwt("", claims)), ".")
		return session.Secret("~~~." + token[1] + ".+/+/ ü")
	},
	9: func(_ *testing.T, claims string) session.Secret { // members twice, odd numbers
		return jwt(`{"kid":"k","kid":"l"}`, strings.Replace(claims, `{`, `{"x":1e-7,"x":-0,"y":[[],{}],`, 1))
	},
}

func TestRefreshTokensOfAnyShapeComeBack(t *testing.T) {
	codec := newCodec(t, nil)
	for name, token := range map[string]string{
		"none":                             "",
		"a JWE":                            string(refreshToken()),
		"a JWE with an empty part":         "eyJh..AAAA.AAAA.AAAA",
		"dots alone":                       "....",
		"base64url without a dot":          encode(random(700)),
		"one character":                    "A",
		"standard base64 with padding":     "ab+/ab==",
		"a spelling that is not canonical": "AB.AC.AD",
		"hexadecimal":                      strings.Repeat("0f", 300),
		"any bytes":                        "\x00\xff\r\n\x7f" + string(random(100)),
	} {
		t.Run(name, func(t *testing.T) {
			tokens := ourUser().tokens()
			tokens.Refresh = session.Secret(token)
			if rung := expectIntact(t, codec, tokens); rung != "all" {
				t.Errorf("expected all to fit, got %s", rung)
			}
		})
	}
}

func TestASessionWithoutIDTokenComesBack(t *testing.T) {
	tokens := ourUser().tokens()
	tokens.ID = ""
	if rung := expectIntact(t, newCodec(t, nil), tokens); rung != "all" {
		t.Errorf("expected all to fit, got %s", rung)
	}
}

func TestNewRefusesTokens(t *testing.T) {
	good := ourUser().tokens()
	claims := ourUser().claims("access")
	without := func(name string) session.Secret {
		return jwt(`{}`, strings.Replace(claims, `"`+name+`"`, `"`+strings.ToUpper(name)+`"`, 1))
	}
	other := user{sub: "somebody-else"}.tokens()
	for name, tokens := range map[string]session.Tokens{
		"without an access token":                 {ID: good.ID},
		"that are no JWT":                         {Access: "opaque"},
		"with four parts":                         {Access: good.Access + ".AAAA"},
		"whose claims are not base64url":          {Access: "AAAA.!!!!.AAAA"},
		"whose claims are not JSON":               {Access: jwt(`{}`, `{`)},
		"whose claims are a list":                 {Access: jwt(`{}`, `[]`)},
		"without sub, or with a SUB":              {Access: without("sub")},
		"without exp":                             {Access: without("exp")},
		"whose exp is a string":                   {Access: jwt(`{}`, `{"sub":"x","exp":"1"}`)},
		"whose exp is beyond all clocks":          {Access: jwt(`{}`, `{"sub":"x","exp":1e300}`)},
		"whose exp is negative":                   {Access: jwt(`{}`, `{"sub":"x","exp":-1}`)},
		"that are larger than any token":          {Access: jwt(`{}`, `{"sub":"x","exp":1,"x":"`+strings.Repeat("x", 32<<10)+`"}`)},
		"with an ID token that is no JWT":         {Access: good.Access, ID: "opaque"},
		"with an ID token of somebody else":       {Access: good.Access, ID: other.ID},
		"with an access token of somebody else's": {Access: other.Access, ID: good.ID},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := session.New(tokens, "")
			if !errors.Is(err, session.ErrTokens) || s != nil {
				t.Errorf("expected %v, got %v", session.ErrTokens, err)
			}
		})
	}
}

func TestASessionLivesByTheFirstTokenToExpire(t *testing.T) {
	short, long := ourUser(), ourUser()
	short.life = short.life + 300e9
	for name, tokens := range map[string]session.Tokens{
		"the ID token":     {ID: short.tokens().ID, Access: long.tokens().Access},
		"the access token": {ID: long.tokens().ID, Access: short.tokens().Access},
	} {
		if s := newSession(t, tokens); s.Lifetime != short.life {
			t.Errorf("%s: expected %v, got %v", name, short.life, s.Lifetime)
		}
	}
}

// Copies of the cookie may have newer tokens, and one of the two lives longer.
func TestTheLastExpiryIsThatOfTokensOfAnyCopy(t *testing.T) {
	short, long := ourUser(), ourUser()
	long.life = short.life + time.Hour
	later := time.Now().Add(50 * time.Minute)
	for name, tokens := range map[string]session.Tokens{
		"the ID token":     {ID: long.tokens().ID, Access: short.tokens().Access},
		"the access token": {ID: short.tokens().ID, Access: long.tokens().Access},
	} {
		if got := newSession(t, tokens).LastExpiry(later); !got.Equal(later.Add(long.life)) {
			t.Errorf("%s: expected %v, got %v", name, later.Add(long.life), got)
		}
	}
	silent := session.Tokens{Access: jwt(`{}`, `{"sub":"x","exp":4000000000}`)}
	if got := newSession(t, silent).LastExpiry(later); !got.Equal(later.Add(session.LongestToken)) {
		t.Errorf("without iat: expected %v, got %v", later.Add(session.LongestToken), got)
	}
}

func TestASessionWithoutOriginJTIGetsANameOfItsOwn(t *testing.T) {
	names := make(map[string]bool)
	for range 100 {
		u := user{sub: jo}
		names[newSession(t, u.tokens()).OriginJTI] = true
	}
	if len(names) != 100 || names[""] {
		t.Errorf("expected 100 names, got %d", len(names))
	}
}

func TestNothingPrintsASession(t *testing.T) {
	tokens := ourUser().tokens()
	s := newSession(t, tokens)
	codec := newCodec(t, nil)
	opened, err := codec.Open(t.Context(), seal(t, codec, s).Cookie.Value)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []any{*s, s, tokens, &tokens, tokens.Refresh, []any{s, tokens}, struct{ S *session.Session }{s}, opened.Session} {
		text := fmt.Sprintf("%v %+v %#v %s %q %d %x", value, value, value, value, value, value, value)
		marshaled, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		text += string(marshaled)
		for _, secret := range []session.Secret{tokens.ID, tokens.Access, tokens.Refresh} {
			for _, part := range strings.Split(string(secret), ".") {
				if strings.Contains(text, part) || strings.Contains(text, fmt.Sprintf("%x", part)) {
					t.Fatalf("%T prints a part of a token", value)
				}
			}
		}
		if strings.Contains(text, "jo@example.org") || strings.Contains(text, jo) {
			t.Fatalf("%T prints a claim", value)
		}
	}
	if text := fmt.Sprint(session.Secret("")); text != "" {
		t.Errorf("expected an empty secret to show as such, got %q", text)
	}
}
