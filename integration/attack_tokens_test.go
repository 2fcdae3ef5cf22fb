package integration_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// hostile is a token and the word for its refusal; "" when it must pass.
type hostile struct {
	name   string
	token  func(f forge) string
	reason string
}

// refuseAll sends every token, each on its own, and holds the verdict to 401
// with the reason, or 200.
func refuseAll(t *testing.T, w *world, rows []hostile) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, cognito: w.cognito, pool: w.pool, upstream: w.upstream, web: w.web}
			token := row.token(forge{w})
			got := w.raw(rawGet("/", "Authorization: Bearer "+token))
			neverServerError(t, got)
			if row.reason == "" {
				w.wantStatus(200, got)
				w.upstream.one(t)
				return
			}
			w.wantStatus(401, got)
			if got.header.Get("X-Reason") != row.reason {
				t.Errorf("expected reason %q, got %q with %q", row.reason, got.header.Get("X-Reason"), got.body)
			}
			if !strings.Contains(got.header.Get("Www-Authenticate"), `error="invalid_token"`) {
				t.Errorf("expected invalid_token, got %q", got.header.Get("Www-Authenticate"))
			}
			w.upstream.none(t)
		})
	}
}

// hostileSite lets even huge tokens reach the handler.
func hostileSite() setup {
	s := refusing("")
	s.server = "max_header_size 4MB"
	return s
}

func fixed(token string) func(forge) string { return func(forge) string { return token } }

func header(pairs ...any) func(forge) string {
	return func(f forge) string { return f.headed(pairs...) }
}

func rawHead(text string) func(forge) string {
	return func(f forge) string { return f.rawHeader(text) }
}

func claim(pairs ...any) func(forge) string {
	return func(f forge) string { return f.access(with(pairs...)) }
}

// payload puts text at the place of the last brace.
func payload(end string) func(forge) string { return func(f forge) string { return f.edited(end) } }

// broken joins the parts of a genuine token in another way.
func broken(join func(header, payload, signature string) string) func(forge) string {
	return func(f forge) string { return join(f.parts()) }
}

func TestTokensOfTheWrongShape(t *testing.T) {
	refuseAll(t, started(t, hostileSite()), []hostile{
		{"the genuine token passes", func(f forge) string { return f.access(nil) }, ""},
		{"nothing after Bearer", fixed(""), "malformed"},
		{"one word", fixed("x"), "malformed"},
		{"one dot", fixed("."), "malformed"},
		{"two dots", fixed(".."), "malformed"},
		{"ten thousand dots", fixed(strings.Repeat(".", 10_000)), "malformed"},
		{"a megabyte of one letter", fixed(strings.Repeat("A", 1<<20)), "malformed"},
		{"a megabyte of dots", fixed(strings.Repeat(".", 1<<20)), "malformed"},
		{"a megabyte of signature", broken(func(h, p, s string) string { return h + "." + p + "." + strings.Repeat("A", 1<<20) }), "malformed"},
		{"30 kB of signature", broken(func(h, p, _ string) string { return h + "." + p + "." + strings.Repeat("A", 30_000) }), "signature"},
		{"a signature of 21 830 characters", broken(func(h, p, _ string) string { return h + "." + p + "." + strings.Repeat("A", 21_832) }), "signature"},
		{"a megabyte of payload", broken(func(h, _, s string) string { return h + "." + strings.Repeat("A", 1<<20) + "." + s }), "malformed"},
		{"JSON instead of base64", fixed(`{"alg":"RS256"}.{}.x`), "malformed"},
		{"two parts", broken(func(h, p, _ string) string { return h + "." + p }), "malformed"},
		{"four parts", broken(func(h, p, s string) string { return h + "." + p + "." + s + ".x" }), "malformed"},
		{"a dot at the end", broken(func(h, p, s string) string { return h + "." + p + "." + s + "." }), "malformed"},
		{"five parts, as a JWE has", broken(func(h, p, s string) string { return h + ".." + p + "." + s + ".x" }), "malformed"},
		{"a JWE with an empty encrypted key", fixed(b64([]byte(`{"alg":"dir","enc":"A128GCM"}`)) + "..AAAA.AAAA.AAAA"), "malformed"},
		{"a JWE with PBES2 and a huge count", fixed(b64([]byte(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647,"p2s":"AAAA"}`)) + ".AAAA.AAAA.AAAA.AAAA"), "malformed"},
		{"a compressed JWE", fixed(b64([]byte(`{"alg":"dir","enc":"A128GCM","zip":"DEF"}`)) + "..AAAA.AAAA.AAAA"), "malformed"},
		{"JSON general serialization", broken(func(h, p, s string) string {
			return `{"payload":"` + p + `","signatures":[{"protected":"` + h + `","signature":"` + s + `"}]}`
		}), "malformed"},
		{"JSON flattened serialization", broken(func(h, p, s string) string {
			return `{"payload":"` + p + `","protected":"` + h + `","signature":"` + s + `"}`
		}), "malformed"},
		{"JSON flattened serialization, unprotected", broken(func(_, p, s string) string {
			return `{"payload":"` + p + `","header":{"alg":"RS256"},"signature":"` + s + `"}`
		}), "malformed"},
		{"no header", broken(func(_, p, s string) string { return "." + p + "." + s }), "malformed"},
		{"no payload", broken(func(h, _, s string) string { return h + ".." + s }), "malformed"},
		{"no signature", broken(func(h, p, _ string) string { return h + "." + p + "." }), "signature"},
		{"padded base64 in the header", broken(func(h, p, s string) string { return h + "==." + p + "." + s }), "malformed"},
		{"padded base64 in the signature", broken(func(h, p, s string) string { return h + "." + p + "." + s + "==" }), "malformed"},
		{"the standard alphabet in the signature", broken(func(h, p, s string) string { return h + "." + p + "." + "+/" + s[2:] }), "malformed"},
		{"stray bits at the end of the signature", broken(func(h, p, s string) string { return h + "." + p + "." + stray(s) }), "malformed"},
		{"a space inside", broken(func(h, p, s string) string { return h + ". " + p + "." + s }), "malformed"},
		{"a tab inside", broken(func(h, p, s string) string { return h + "." + p[:9] + "\t" + p[9:] + "." + s }), "malformed"},
		{"a percent escape", broken(func(h, p, s string) string { return h + "%2e" + p + "." + s }), "malformed"},
		{"quotes around it", broken(func(h, p, s string) string { return `"` + h + "." + p + "." + s + `"` }), "malformed"},
		{"a second token after a comma", broken(func(h, p, s string) string { return h + "." + p + "." + s + ", Bearer x" }), "malformed"},
		{"a second Bearer", broken(func(h, p, s string) string { return "Bearer " + h + "." + p + "." + s }), "malformed"},
		{"bytes beyond ASCII", broken(func(h, p, s string) string { return h + "." + p + "." + s + "é" }), "malformed"},
		{"a flipped bit in the signature", broken(func(h, p, s string) string { return h + "." + p + "." + flip(s) }), "signature"},
		{"a flipped bit in the payload's encoding", broken(func(h, p, s string) string { return h + "." + flip(p) + "." + s }), "malformed"},
		{"another token's signature", func(f forge) string {
			h, p, _ := f.parts()
			_, _, s := f.parts()
			return h + "." + p + "." + s
		}, "signature"},
		{"a shorter signature", broken(func(h, p, s string) string { return h + "." + p + "." + s[:len(s)-2] }), "signature"},
		{"a longer signature", broken(func(h, p, s string) string { return h + "." + p + "." + s + "AA" }), "signature"},
		{"header and payload swapped", broken(func(h, p, s string) string { return p + "." + h + "." + s }), "algorithm"},
	})
}

// flip changes a character in the middle: the first of four, so that the byte it
// stands for becomes a control character, whatever was there.
func flip(s string) string {
	middle, letter := len(s)/2&^3, "A"
	if s[middle] == 'A' {
		letter = "B"
	}
	return s[:middle] + letter + s[middle+1:]
}

// stray sets a bit that base64 leaves unused. A signature of 256 bytes ends with
// a character that has four of them.
func stray(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return s[:len(s)-1] + string(alphabet[strings.IndexByte(alphabet, s[len(s)-1])|1])
}

func TestTokensWithAnotherAlgorithm(t *testing.T) {
	none := func(alg string) func(forge) string {
		return func(f forge) string { return f.unsigned(map[string]any{"alg": alg}, "") }
	}
	refuseAll(t, started(t, hostileSite()), []hostile{
		{"none", none("none"), "algorithm"},
		{"None", none("None"), "algorithm"},
		{"NONE", none("NONE"), "algorithm"},
		{"nOnE", none("nOnE"), "algorithm"},
		{"none with a genuine signature", header("alg", "none"), "algorithm"},
		{"none twice", rawHead(`{"alg":"none","alg":"RS256","kid":"$KID"}`), "malformed"},
		{"RS256 first, none last", rawHead(`{"alg":"RS256","kid":"$KID","alg":"none"}`), "malformed"},
		{"an escaped second alg", rawHead(`{"alg":"RS256","kid":"$KID","al\u0067":"none"}`), "malformed"},
		{"HS256 with the public key as PEM", func(f forge) string { return f.hmac(f.publicPEM()) }, "algorithm"},
		{"HS256 with the modulus", func(f forge) string { return f.hmac(f.pool.PublicKey(cognitolocal.AccessToken).N.Bytes()) }, "algorithm"},
		{"HS256 with the key set document", func(f forge) string {
			document, err := f.pool.JWKS()
			check(f.T, err)
			return f.hmac(document)
		}, "algorithm"},
		{"HS256 with an empty key", func(f forge) string { return f.hmac(nil) }, "algorithm"},
		{"HS256 with the client ID as kid and key", func(f forge) string { return f.hmac([]byte(webClient), "kid", webClient) }, "algorithm"},
		{"HS256 that says RS256", func(f forge) string { return f.hmac(f.publicPEM(), "alg", "RS256") }, "signature"},
		{"RS512 over a signature of RS256", header("alg", "RS512"), "algorithm"},
		{"PS256", header("alg", "PS256"), "algorithm"},
		{"ES256 with r and s of zero", func(f forge) string {
			return f.unsigned(map[string]any{"alg": "ES256", "kid": f.pool.KeyID(cognitolocal.AccessToken)}, b64(make([]byte, 64)))
		}, "algorithm"},
		{"EdDSA", header("alg", "EdDSA"), "algorithm"},
		{"rs256 in lower case", header("alg", "rs256"), "algorithm"},
		{"RS256 with a space", header("alg", "RS256 "), "algorithm"},
		{"a null", header("alg", rawNull), "malformed"},
		{"a list", header("alg", []string{"RS256"}), "malformed"},
		{"a number", header("alg", 256), "malformed"},
		{"no alg", header("alg", nil), "algorithm"},
		{"ALG instead of alg", rawHead(`{"ALG":"RS256","kid":"$KID"}`), "algorithm"},
		{"an escaped name for alg is alg", rawHead(`{"\u0061lg":"RS256","kid":"$KID"}`), ""},
	})
}

func TestTokensWithStrangeHeaders(t *testing.T) {
	refuseAll(t, started(t, hostileSite()), []hostile{
		{"typ JWT", header("typ", "JWT"), ""},
		{"typ at+jwt", header("typ", "at+jwt"), ""},
		{"an unknown typ", header("typ", "secevent+jwt"), "malformed"},
		{"typ JWE", header("typ", "JWE"), "malformed"},
		{"a critical extension", header("crit", []string{"exp"}), "malformed"},
		{"an empty crit", header("crit", []string{}), "malformed"},
		{"crit for b64", header("crit", []string{"b64"}, "b64", false), "malformed"},
		{"an unencoded payload", header("b64", false), "malformed"},
		{"a nested token", header("cty", "JWT"), "malformed"},
		{"no kid", header("kid", nil), "malformed"},
		{"a null kid", header("kid", rawNull), "malformed"},
		{"a number as kid", header("kid", 1), "malformed"},
		{"an empty kid", header("kid", ""), "malformed"},
		{"two kids", rawHead(`{"alg":"RS256","kid":"$KID","kid":"$KID"}`), "malformed"},
		{"an array for a header", rawHead(`["RS256"]`), "malformed"},
		{"a string for a header", rawHead(`"RS256"`), "malformed"},
		{"null for a header", rawHead(`null`), "malformed"},
		{"an empty header", rawHead(`{}`), "algorithm"},
		{"something after the header", rawHead(`{"alg":"RS256","kid":"$KID"}{}`), "malformed"},
		{"a comment in the header", rawHead(`{"alg":"RS256",/**/"kid":"$KID"}`), "malformed"},
		{"a byte order mark", rawHead("\ufeff" + `{"alg":"RS256","kid":"$KID"}`), "malformed"},
		{"invalid UTF-8", rawHead(`{"alg":"RS256","kid":"$KID","x":"` + "\xff" + `"}`), "malformed"},
		{"a lone surrogate", rawHead(`{"alg":"RS256","kid":"$KID","x":"\ud800"}`), "malformed"},
		{"ten thousand brackets", rawHead(`{"alg":"RS256","kid":"$KID","x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`), "malformed"},
		{"a member that nobody knows", header("whatever", "x"), ""},
	})
}

func TestTokensOutOfTime(t *testing.T) {
	now := time.Now().Unix()
	refuseAll(t, started(t, hostileSite()), []hostile{
		{"expired long ago", claim("exp", 1), "expired"},
		{"expired a second ago", claim("exp", now-1), "expired"},
		{"an exp of 0", claim("exp", 0), "expired"},
		{"a negative exp", claim("exp", -1), "expired"},
		{"no exp", claim("exp", nil), "malformed"},
		{"a null exp", claim("exp", rawNull), "malformed"},
		{"exp as a string", claim("exp", "9999999999"), "malformed"},
		{"exp with a fraction", claim("exp", 9999999999.5), "malformed"},
		{"EXP in upper case is another claim", payload(`,"EXP":1}`), ""},
		{"exp beyond 64 bits", func(f forge) string { return f.signed(replaceExp(f, "99999999999999999999")) }, "malformed"},
		{"exp of 1e400", func(f forge) string { return f.signed(replaceExp(f, "1e400")) }, "malformed"},
		{"exp of 1e10", func(f forge) string { return f.signed(replaceExp(f, "1e10")) }, "malformed"},
		{"exp twice", payload(`,"exp":9999999999}`), "malformed"},
		{"exp true", claim("exp", true), "malformed"},
		{"exp in a list", claim("exp", []int64{now + 100}), "malformed"},
		{"the end of the year 9999 is fine", claim("exp", 253_402_300_799), ""},
		{"the end of time", claim("exp", int64(1)<<62), "malformed"},
		{"not yet valid", claim("nbf", now+1000), "not_yet_valid"},
		{"nbf as a string", claim("nbf", "0"), "malformed"},
		{"nbf in the past", claim("nbf", now-1000), ""},
		{"issued in the future is Cognito's affair", claim("iat", now+1000), ""},
		{"iat as a string", claim("iat", "1"), "malformed"},
		{"auth_time as a string", claim("auth_time", "1"), "malformed"},
	})
}

func replaceExp(f forge, value string) string {
	f.Helper()
	const marker = 1234567890123
	return strings.Replace(f.claims("exp", marker), "1234567890123", value, 1)
}

func TestTokensForSomebodyElse(t *testing.T) {
	refuseAll(t, started(t, hostileSite()), []hostile{
		{"no issuer", claim("iss", nil), "issuer"},
		{"an empty issuer", claim("iss", ""), "issuer"},
		{"a null issuer", claim("iss", rawNull), "malformed"},
		{"a list of issuers", func(f forge) string { return f.access(with("iss", []string{f.pool.Issuer()})) }, "malformed"},
		{"an issuer with a slash at the end", func(f forge) string { return f.access(with("iss", f.pool.Issuer()+"/")) }, "issuer"},
		{"an issuer in upper case", func(f forge) string { return f.access(with("iss", strings.ToUpper(f.pool.Issuer()))) }, "issuer"},
		{"an issuer that starts alike", func(f forge) string { return f.access(with("iss", f.pool.Issuer()+"x")) }, "issuer"},
		{"an issuer with a fragment", func(f forge) string { return f.access(with("iss", f.pool.Issuer()+"#")) }, "issuer"},
		{"the attacker's issuer", claim("iss", "http://127.0.0.1:1/eu-west-1_LocaLPooL"), "issuer"},
		{"Amazon's issuer, which is not configured", claim("iss", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_LocaLPooL"), "issuer"},
		{"a placeholder as issuer", claim("iss", "{env.HOME}"), "issuer"},
		{"another app client", claim("client_id", otherClient), "client"},
		{"no app client", claim("client_id", nil), "client"},
		{"an empty app client", claim("client_id", ""), "client"},
		{"a list of app clients", claim("client_id", []string{webClient}), "malformed"},
		{"an app client that starts alike", claim("client_id", webClient+"2"), "client"},
		{"another audience", claim("aud", "https://other.example"), "client"},
		{"an empty list of audiences", claim("aud", []string{}), "client"},
		{"an audience that is a number", claim("aud", 1), "client"},
		{"no token_use", claim("token_use", nil), "token_use"},
		{"an ID token", func(f forge) string { return f.identity(nil) }, "token_use"},
		{"an ID token with client_id and scope", func(f forge) string {
			return f.identity(with("client_id", webClient, "scope", "aws.cognito.signin.user.admin"))
		}, "token_use"},
		{"a refresh token", claim("token_use", "refresh"), "token_use"},
		{"token_use in upper case", claim("token_use", "ACCESS"), "token_use"},
		{"a list of uses", claim("token_use", []string{"access"}), "malformed"},
		{"no subject", claim("sub", nil), "malformed"},
		{"a null subject", claim("sub", rawNull), "malformed"},
		{"an empty subject", claim("sub", ""), "malformed"},
		{"a number as subject", claim("sub", 1), "malformed"},
		{"groups as a string", claim("cognito:groups", "admins"), "malformed"},
		{"groups with a number", claim("cognito:groups", []any{"staff", 1}), "malformed"},
		{"scope as a list", claim("scope", []string{"a"}), "malformed"},
		{"a second subject", payload(`,"sub":"mallory"}`), "malformed"},
		{"an escaped second subject", payload(`,"s\u0075b":"mallory"}`), "malformed"},
		{"a subject in upper case beside the real one", payload(`,"SUB":"mallory","Sub":"mallory"}`), ""},
		{"a duplicate deep inside", payload(`,"x":{"a":1,"a":2}}`), "malformed"},
		{"invalid UTF-8 in the subject", func(f forge) string {
			return f.signed(strings.Replace(f.claims("sub", "SUBJECT"), "SUBJECT", "jo\xff", 1))
		}, "malformed"},
		{"an overlong encoding", payload(",\"x\":\"\xc0\xaf\"}"), "malformed"},
		{"a lone surrogate", payload(`,"x":"\udfff"}`), "malformed"},
		{"a second object", payload(`}{"sub":"mallory"}`), "malformed"},
		{"garbage at the end", payload(`}x`), "malformed"},
		{"a trailing comma", payload(`,}`), "malformed"},
		{"an array of claims", func(f forge) string { return f.signed(`["sub"]`) }, "malformed"},
		{"no claims", func(f forge) string { return f.signed(`{}`) }, "issuer"},
		{"an empty payload", func(f forge) string { return f.signed(``) }, "malformed"},
		{"ten thousand brackets", payload(`,"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`), "malformed"},
		{"a payload that is a token", func(f forge) string { return f.signed(f.access(nil)) }, "malformed"},
		{"a payload encoded twice", func(f forge) string { return f.signed(base64.RawURLEncoding.EncodeToString([]byte(f.claims()))) }, "malformed"},
	})
}
