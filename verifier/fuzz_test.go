package verifier_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

// FuzzVerify accepts a token only when a second reading, by encoding/json and
// crypto/rsa, comes to the same result. Some tokens get a good signature, or no
// input would get past that.
func FuzzVerify(f *testing.F) {
	far := func(claims string) string { return edit(f, claims, `{"exp":4102444800}`, "") }
	for _, claims := range []string{accessClaims, idClaims, machineClaims} {
		f.Add(header, far(claims), "", true)
		f.Add(header, far(claims), "AAAA", false)
	}
	f.Add(`{"kid":"k1","alg":"none"}`, far(accessClaims), "", false)
	f.Add(`{"kid":"k1","alg":"RS256","alg":"none"}`, far(accessClaims), "", true)
	f.Add(`{"kid":"k2","alg":"RS256","typ":"JWT","crit":[]}`, far(idClaims), "", true)
	f.Add(header, `{"\u0073ub":"a","sub":"b",`+far(accessClaims)[1:], "", true)
	f.Add(header, far(accessClaims)+"{}", ".", true)
	v := newVerifier(f, verifier.Options{CacheSize: 1})
	signer := newSigner(f, "k1")
	f.Fuzz(func(t *testing.T, header, payload, signature string, sign bool) {
		raw := header + "." + payload + "." + signature
		if sign {
			raw = signer.SignWith(header, payload) + signature
		}
		tok, err := verifier.Verify(t.Context(), raw, v)
		if err != nil {
			if _, ok := errors.AsType[*verifier.TokenError](err); !ok {
				t.Fatalf("expected a TokenError, got %v", err)
			}
			return
		}
		claims := readAgain(t, raw, &signer.Private.PublicKey)
		compare(t, tok, claims)
	})
}

// readAgain reads an accepted token by other means and returns its claims.
func readAgain(t *testing.T, raw string, public *rsa.PublicKey) map[string]json.RawMessage {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("expected three parts, got %d", len(parts))
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			t.Fatal(err)
		}
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], decoded[2]); err != nil {
		t.Fatalf("accepted without a good signature: %v", err)
	}
	var head, claims map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(decoded[0], &head), json.Unmarshal(decoded[1], &claims)); err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(decoded[0]) || !utf8.Valid(decoded[1]) {
		t.Fatal("accepted invalid UTF-8")
	}
	if alg, kid := text(head["alg"]), text(head["kid"]); alg != "RS256" || kid != "k1" && kid != "k2" {
		t.Fatalf("accepted alg %q, kid %q", alg, kid)
	}
	for _, name := range []string{"crit", "b64", "cty"} {
		if _, ok := head[name]; ok {
			t.Fatalf("accepted %s", name)
		}
	}
	return claims
}

func compare(t *testing.T, tok *verifier.Token, claims map[string]json.RawMessage) {
	t.Helper()
	var expiry int64
	if err := json.Unmarshal(claims["exp"], &expiry); err != nil || expiry <= time.Now().Unix() {
		t.Fatalf("accepted exp %s", claims["exp"])
	}
	named := text(claims["client_id"])
	if tok.Use() == verifier.ID {
		named = text(claims["aud"])
	}
	if text(claims["iss"]) != issuer || text(claims["token_use"]) != string(tok.Use()) || named != client {
		t.Fatalf("accepted iss %s, token_use %s, client %q", claims["iss"], claims["token_use"], named)
	}
	if sub := text(claims["sub"]); sub == "" || sub != tok.Subject() {
		t.Fatalf("accepted sub %q, read as %q", sub, tok.Subject())
	}
	names := slices.Collect(tok.Claims())
	if len(names) != len(claims) {
		t.Fatalf("read %d claims, expected %d: a name stands there twice", len(names), len(claims))
	}
	for _, name := range names {
		want := string(claims[name])
		if got, _ := tok.Claim(name); got != want && want != "null" {
			t.Fatalf("claim %q: read %q, expected %q", name, got, want)
		}
	}
	var groups []string
	_ = json.Unmarshal(claims["cognito:groups"], &groups)
	if got := slices.Collect(tok.Groups()); !slices.Equal(got, groups) {
		t.Fatalf("read the groups %q, expected %q", got, groups)
	}
}

// text is a JSON string, or empty.
func text(raw json.RawMessage) (value string) {
	_ = json.Unmarshal(raw, &value)
	return value
}

func FuzzParseKeySet(f *testing.F) {
	k1, k2 := newSigner(f, "k1").JWK(), newSigner(f, "k2").JWK()
	for _, document := range []string{
		verifiertest.JWKS(k1, k2), verifiertest.JWKS(k1, k1), verifiertest.JWKS(), `{"keys":null}`, `null`, ``,
		verifiertest.JWKS(edit(f, k1, `{"use":"enc","alg":"RS512"}`, "")),
		verifiertest.JWKS(edit(f, k1, `{"key_ops":["verify"],"x5c":["AAAA"],"x5u":"https://x"}`, "")),
		`{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA","kid":"a"},{"kty":"oct","k":"AAAA"}]}`,
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		keys, err := verifier.ParseKeySet(document)
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("expected keys or an error, got %d keys, %v", len(keys), err)
		}
		if err == nil && (!json.Valid(document) || len(keys) > 64) {
			t.Fatalf("accepted %q", document)
		}
		seen := make(map[string]bool)
		for _, key := range keys {
			if key.ID == "" || seen[key.ID] {
				t.Fatalf("accepted key ID %q", key.ID)
			}
			seen[key.ID] = true
		}
	})
}

// FuzzRequirement lets a value of any shape pass only where encoding/json finds
// what was required.
func FuzzRequirement(f *testing.F) {
	for _, seed := range [][3]string{
		{"group", "admins", `["admins"]`}, {"group", "a", `["\u0061","b,]"]`}, {"scope", "openid", `"openid email"`},
		{"acr", "1", `"1"`}, {"claim", "true", `true`}, {"claim", "1", `[1,"1"]`}, {"max_age", "1m", `1`}, {"claim", "{}", `{}`},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	v, signer := newVerifier(f, verifier.Options{CacheSize: 1}), newSigner(f, "k1")
	f.Fuzz(func(t *testing.T, kind, want, value string) {
		args := []string{want}
		name := map[string]string{"group": "cognito:groups", "scope": "scope", "acr": "acr", "claim": "x"}[kind]
		if kind == "claim" {
			args = []string{name, want}
		}
		r, err := verifier.ParseRequirement(kind, args...)
		if err != nil || name == "" || !json.Valid([]byte(value)) {
			return
		}
		base := edit(t, edit(t, accessClaims, `{"exp":4102444800}`, "cognito:groups"), ``, "scope")
		tok, err := v.Verify(t.Context(), signer.Sign(`{"`+name+`":`+value+`,`+base[1:]))
		if err != nil || r.Check(tok, time.Now()) != nil {
			return
		}
		var decoded any
		if err := json.Unmarshal([]byte(value), &decoded); err != nil {
			t.Fatal(err)
		}
		found := strings.TrimSpace(value) == want
		switch got := decoded.(type) {
		case string:
			found = got == want || kind == "scope" && slices.Contains(strings.Fields(got), want)
		case []any:
			found = slices.ContainsFunc(got, func(member any) bool { return member == want })
		case map[string]any:
			found = false
		}
		if !found {
			t.Fatalf("%s %q was met by %s", kind, want, value)
		}
	})
}
