package verifier_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

func TestKeysThatAreSkipped(t *testing.T) {
	good := newSigner(t, "good").JWK()
	bad := func(set, drop string) string { return edit(t, newSigner(t, "bad").JWK(), set, drop) }
	small, err := verifiertest.NewKeySigner("bad", 1024)
	if err != nil {
		t.Fatal(err)
	}
	almost, err := verifiertest.NewKeySigner("bad", 2047)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, jwk string }{
		{"1024 bits", small.JWK()},
		{"2047 bits", almost.JWK()},
		{"more than 8192 bits", bad(`{"n":"`+verifiertest.Encode(strings.Repeat("\xff", 1025))+`"}`, "")},
		{"a modulus padded with zeros", edit(t, small.JWK(), `{"n":"`+verifiertest.Encode(strings.Repeat("\x00", 128)+string(small.Private.N.Bytes()))+`"}`, "")},
		{"no modulus", bad(``, "n")},
		{"an empty modulus", bad(`{"n":""}`, "")},
		{"a modulus that is not base64url", bad(`{"n":"+/+/"}`, "")},
		{"no exponent", bad(``, "e")},
		{"exponent 1", bad(`{"e":"AQ"}`, "")},
		{"exponent 2", bad(`{"e":"Ag"}`, "")},
		{"exponent 0", bad(`{"e":"AA"}`, "")},
		{"an even exponent", bad(`{"e":"AQAA"}`, "")},
		{"an exponent of 33 bits", bad(`{"e":"AQAAAAE"}`, "")},
		{"no kid", bad(``, "kid")},
		{"an empty kid", bad(`{"kid":""}`, "")},
		{"a kid that is a number", bad(`{"kid":1}`, "")},
		{"a huge kid", bad(`{"kid":"`+strings.Repeat("k", 257)+`"}`, "")},
		{"a key for encryption", bad(`{"use":"enc"}`, "")},
		{"an unknown use", bad(`{"use":"x"}`, "")},
		{"a key for RS512", bad(`{"alg":"RS512"}`, "")},
		{"a key for PS256", bad(`{"alg":"PS256"}`, "")},
		{"a key for HS256", bad(`{"alg":"HS256"}`, "")},
		{"a key for none", bad(`{"alg":"none"}`, "")},
		{"a key for RSA-OAEP", bad(`{"alg":"RSA-OAEP"}`, "")},
		{"a key for signing only", bad(`{"key_ops":["sign"]}`, "use")},
		{"a key for encryption by its operations", bad(`{"key_ops":["encrypt","wrapKey"]}`, "use")},
		{"a private key", privateJWK(t)},
		{"an elliptic curve", ellipticJWK(t)},
		{"a symmetric key", `{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","kid":"bad","use":"sig"}`},
		{"a symmetric key that calls itself RS256", `{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","kid":"bad","alg":"RS256"}`},
		{"an Edwards curve", `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"bad"}`},
		{"no type", bad(``, "kty")},
		{"an unknown type", bad(`{"kty":"AKP"}`, "")},
		{"the type in lower case", bad(`{"kty":"rsa"}`, "")},
		{"null", `null`},
		{"a string", `"bad"`},
		{"an array", `[]`},
		{"an empty object", `{}`},
		{"a set in a set", verifiertest.JWKS(newSigner(t, "bad").JWK())},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, document := range []string{verifiertest.JWKS(row.jwk, good), verifiertest.JWKS(good, row.jwk)} {
				keys, err := verifier.ParseKeySet([]byte(document))
				if err != nil || len(keys) != 1 || keys[0].ID != "good" {
					t.Errorf("expected the good key alone, got %v, %v", keys, err)
				}
			}
			if _, err := verifier.ParseKeySet([]byte(verifiertest.JWKS(row.jwk))); !errors.Is(err, verifier.ErrNoKeys) {
				t.Errorf("expected %v, got %v", verifier.ErrNoKeys, err)
			}
		})
	}
}

func privateJWK(t *testing.T) string {
	t.Helper()
	private := newSigner(t, "bad").Private
	members := map[string]string{"kty": "RSA", "kid": "bad", "e": "AQAB"}
	for name, value := range map[string][]byte{
		"n": private.N.Bytes(), "d": private.D.Bytes(), "p": private.Primes[0].Bytes(), "q": private.Primes[1].Bytes(),
		"dp": private.Precomputed.Dp.Bytes(), "dq": private.Precomputed.Dq.Bytes(), "qi": private.Precomputed.Qinv.Bytes(),
	} {
		members[name] = verifiertest.Encode(string(value))
	}
	jwk, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(jwk)
}

func ellipticJWK(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":"bad","use":"sig","x":%q,"y":%q}`,
		verifiertest.Encode(string(point[1:33])), verifiertest.Encode(string(point[33:])))
}

func TestRefusedKeySets(t *testing.T) {
	k1 := newSigner(t, "k1").JWK()
	many := slices.Repeat([]string{`{"kty":"oct"}`}, 64)
	for _, row := range []struct {
		name, document string
		want           error
	}{
		{"nothing", ``, verifier.ErrNotKeySet},
		{"garbage", `keys`, verifier.ErrNotKeySet},
		{"an array of keys", `[` + k1 + `]`, verifier.ErrNotKeySet},
		{"keys that are an object", `{"keys":{}}`, verifier.ErrNotKeySet},
		{"garbage behind the set", verifiertest.JWKS(k1) + "x", verifier.ErrNotKeySet},
		{"a second set", verifiertest.JWKS(k1) + verifiertest.JWKS(k1), verifier.ErrNotKeySet},
		{"more than 64 keys", verifiertest.JWKS(append(many, k1)...), verifier.ErrNotKeySet},
		{"more than 256 KiB", verifiertest.JWKS(k1) + strings.Repeat(" ", 256<<10), verifier.ErrNotKeySet},
		{"null", `null`, verifier.ErrNoKeys},
		{"an empty object", `{}`, verifier.ErrNoKeys},
		{"no keys", `{"keys":[]}`, verifier.ErrNoKeys},
		{"keys that are null", `{"keys":null}`, verifier.ErrNoKeys},
		{"a bare key", k1, verifier.ErrNoKeys},
		{"one key twice", verifiertest.JWKS(k1, k1), verifier.ErrDuplicateKeyID},
		{"two keys with one ID", verifiertest.JWKS(k1, newKeySigner(t, "k1").JWK()), verifier.ErrDuplicateKeyID},
	} {
		t.Run(row.name, func(t *testing.T) {
			if keys, err := verifier.ParseKeySet([]byte(row.document)); !errors.Is(err, row.want) || keys != nil {
				t.Errorf("expected %v, got %v, %v", row.want, keys, err)
			}
		})
	}
}

func TestAcceptedKeySets(t *testing.T) {
	jwk := newSigner(t, "k1").JWK()
	for _, row := range []struct{ name, document string }{
		{"as Cognito publishes it", verifiertest.JWKS(jwk)},
		{"no use and no alg", verifiertest.JWKS(edit(t, edit(t, jwk, ``, "use"), ``, "alg"))},
		{"key_ops verify", verifiertest.JWKS(edit(t, jwk, `{"key_ops":["verify"]}`, "use"))},
		{"exponent 3", verifiertest.JWKS(edit(t, jwk, `{"e":"Aw"}`, ""))},
		{"the largest exponent", verifiertest.JWKS(edit(t, jwk, `{"e":"f____w"}`, ""))},
		{"unknown members", verifiertest.JWKS(edit(t, jwk, `{"x":{"y":1}}`, ""))},
		{"unknown members of the set", `{"x":1,"keys":[` + jwk + `]}`},
		{"64 keys", verifiertest.JWKS(append(slices.Repeat([]string{`{"kty":"oct"}`}, 63), jwk)...)},
		{"a duplicate of a key that is skipped", verifiertest.JWKS(edit(t, jwk, `{"use":"enc"}`, ""), jwk)},
		{"256 KiB", verifiertest.JWKS(jwk) + strings.Repeat(" ", 256<<10-len(verifiertest.JWKS(jwk)))},
	} {
		t.Run(row.name, func(t *testing.T) {
			if keys, err := verifier.ParseKeySet([]byte(row.document)); err != nil || len(keys) != 1 || keys[0].ID != "k1" {
				t.Errorf("expected the key, got %v, %v", keys, err)
			}
		})
	}
}
