package integration_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestTokensThatBringTheirOwnKey would verify themselves if the edge looked at
// what they say about keys.
func TestTokensThatBringTheirOwnKey(t *testing.T) {
	evil, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	server := newRecorder(t) // must never be asked for keys
	w := started(t, hostileSite())
	own := func(pairs ...any) func(forge) string {
		return func(f forge) string {
			header := make(map[string]any)
			with(pairs...)(header)
			return f.own(evil, f.claims(), header)
		}
	}
	jwk := jwkOf(&evil.PublicKey, map[string]any{"kid": "evil", "alg": "RS256", "use": "sig"})
	url := "http://" + server.addr + "/jwks.json"
	certificate := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&evil.PublicKey))
	refuseAll(t, w, []hostile{
		{"signed by the attacker under a genuine kid", own(), "signature"},
		{"with the key embedded", own("jwk", jwk), "signature"},
		{"with the key embedded under its own kid", own("jwk", jwk, "kid", "evil"), "unknown_key"},
		{"with a whole key set embedded", own("jwks", map[string]any{"keys": []any{jwk}}, "kid", "evil"), "unknown_key"},
		{"with jku", own("jku", url), "signature"},
		{"with jku and its kid", own("jku", url, "kid", "evil"), "unknown_key"},
		{"with x5u", own("x5u", url, "kid", "evil"), "unknown_key"},
		{"with x5c", own("x5c", []string{certificate}, "kid", "evil"), "unknown_key"},
		{"with x5t", own("x5t", "AAAA", "x5t#S256", "AAAA"), "signature"},
		{"with a URL as kid", own("kid", url), "unknown_key"},
		{"with a path as kid", own("kid", "../../../../../../dev/null"), "unknown_key"},
		{"with a file as kid", own("kid", "/etc/passwd"), "unknown_key"},
		{"with a NUL in the kid", own("kid", "a\x00b"), "unknown_key"},
		{"with SQL as kid", own("kid", "x' UNION SELECT 'key';--"), "unknown_key"},
		{"with a command as kid", own("kid", "|/bin/sleep 10|"), "unknown_key"},
		{"with a placeholder as kid", own("kid", "{env.HOME}"), "unknown_key"},
		{"with a file placeholder as kid", own("kid", "{file./etc/passwd}"), "unknown_key"},
		{"with line breaks in the kid", own("kid", "a\r\nX-Reason: ok"), "unknown_key"},
		{"with a kid that is too long", own("kid", strings.Repeat("k", 300)), "malformed"},
		{"with the kid of ID tokens", func(f forge) string {
			return f.headed("kid", f.pool.KeyID(cognitolocal.IDToken))
		}, "signature"},
		{"with a genuine signature, jku is ignored", header("jku", url), ""},
		{"with a genuine signature, jwk is ignored", header("jwk", jwk), ""},
	})
	server.none(t)
}

// TestKeysOfOthers: keys are looked for in the issuer's own set only.
func TestKeysOfOthers(t *testing.T) {
	keys, err := cognitolocal.NewKeys()
	check(t, err)
	other := newPool(t, cognitolocal.Options{PoolID: "eu-west-1_OtherPooL", Keys: keys})
	w := newWorld(t)
	w.load(setup{
		pools: "user_pool other eu-west-1_OtherPooL {\nclient " + otherClient + "\nissuer " + other.Pool().Issuer() + "\n}",
		site: "cognito_auth main other\nreverse_proxy $UPSTREAM\n" +
			"handle_errors {\nheader X-Reason {http.cognito.reason}\nrespond \"{http.error.message}\" {http.error.status_code}\n}",
	})
	cross := func(p *cognitolocal.Pool, pairs ...any) func(forge) string {
		return func(f forge) string {
			token, err := p.AccessToken("jo", otherClient, with(pairs...))
			check(f.T, err)
			return token
		}
	}
	refuseAll(t, w, []hostile{
		{"the other pool's own token", cross(other.Pool()), ""},
		{"the other pool's key for our issuer", cross(other.Pool(), "iss", w.pool.Issuer(), "client_id", webClient), "unknown_key"},
		{"our key for the other pool's issuer", cross(w.pool, "iss", other.Pool().Issuer()), "unknown_key"},
		{"our client in the other pool", cross(other.Pool(), "client_id", webClient), "client"},
		{"the other pool's client in ours", cross(w.pool), "client"},
	})
}

// TestKeySetsWithForeignKeys: one bad key spoils neither the set nor the rules.
func TestKeySetsWithForeignKeys(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	check(t, err)
	evil, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	point, err := curve.PublicKey.Bytes()
	check(t, err)
	w := newWorld(t)
	check(t, w.pool.PublishExtra(
		entry(t, jwkOf(&small.PublicKey, map[string]any{"kid": "small"})),
		entry(t, jwkOf(&evil.PublicKey, map[string]any{"kid": "enc", "use": "enc"})),
		entry(t, jwkOf(&evil.PublicKey, map[string]any{"kid": "rs512", "alg": "RS512"})),
		entry(t, jwkOf(&evil.PublicKey, map[string]any{"kid": "signs", "key_ops": []string{"sign"}})),
		entry(t, jwkOf(&evil.PublicKey, map[string]any{"kid": "even", "e": "AQAC"})),
		entry(t, jwkOf(&evil.PublicKey, nil)), // without kid
		entry(t, map[string]any{"kty": "oct", "kid": "oct", "k": b64([]byte("secret"))}),
		entry(t, map[string]any{"kty": "EC", "kid": "ec", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}),
		entry(t, map[string]any{"kty": "XYZ", "kid": "xyz"}), json.RawMessage(`null`), json.RawMessage(`"x"`), json.RawMessage(`{}`),
	))
	w.load(hostileSite())
	with := func(key *rsa.PrivateKey, kid string) func(forge) string {
		return func(f forge) string { return f.own(key, f.claims(), map[string]any{"kid": kid}) }
	}
	refuseAll(t, w, []hostile{
		{"a genuine token passes all the same", func(f forge) string { return f.access(nil) }, ""},
		{"an RSA key of 1024 bits", with(small, "small"), "unknown_key"},
		{"a key for encryption", with(evil, "enc"), "unknown_key"},
		{"a key for RS512", with(evil, "rs512"), "unknown_key"},
		{"a key for signing only", with(evil, "signs"), "unknown_key"},
		{"a key with an even exponent", with(evil, "even"), "unknown_key"},
		{"a secret in the set, used with HS256", func(f forge) string { return f.hmac([]byte("secret"), "kid", "oct") }, "algorithm"},
		{"a secret in the set, used as RS256", func(f forge) string { return f.hmac([]byte("secret"), "kid", "oct", "alg", "RS256") }, "unknown_key"},
		{"a curve in the set", func(f forge) string { return f.headed("kid", "ec") }, "unknown_key"},
	})
}

func entry(t *testing.T, jwk map[string]any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(jwk)
	check(t, err)
	return raw
}
