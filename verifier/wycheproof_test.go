//go:build interop

package verifier

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Wycheproof's vectors, of the version that Go's own tests use. The module is no
// requirement of ours: it has 100 MB, and asks for a newer Go than we do.
const (
	wycheproof    = "github.com/c2sp/wycheproof@v0.0.0-20260625212325-ee7b4f7e6119"
	wycheproofSum = "h1:jOCu6erj86P93+eFn8Qxp6XLwftn1nW0C9RUx7xZwZg="
)

// vectors are a file of Wycheproof, as far as it is about us.
type vectors struct {
	TestGroups []struct {
		Public, KeyJWK json.RawMessage
		Tests          []vector
	}
}

type vector struct {
	ID       int `json:"tcId"`
	Comment  string
	Result   string
	JWS, JWE json.RawMessage
	Msg, Sig string
}

// download brings the vectors into Go's module cache, by the hash that go.sum would
// hold.
func download(t *testing.T) (dir string) {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", wycheproof)
	cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var module struct{ Dir, Sum, Error string }
	if err := errors.Join(err, json.Unmarshal(out, &module)); err != nil || module.Sum != wycheproofSum {
		t.Fatalf("expected the sum %s, got %q: %v %s%s", wycheproofSum, module.Sum, err, module.Error, stderr.Bytes())
	}
	return filepath.Join(module.Dir, "testvectors_v1")
}

func readVectors(t *testing.T, dir, name string) (v vectors) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// keysOf reads what a group gives for its public key: one, a set, or nothing.
func keysOf(document json.RawMessage) []*Key {
	if !bytes.Contains(document, []byte(`"keys"`)) {
		document = []byte(`{"keys":[` + string(document) + `]}`)
	}
	keys, _ := ParseKeySet(document)
	return keys
}

// judgeJWS does what [Verify] does to a token, save for its claims: the payloads of
// the vectors are no claims. The result is the word that counts.
func judgeJWS(keys []*Key, raw string) string {
	header, rest, ok1 := strings.Cut(raw, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || strings.Contains(signature, ".") {
		return "malformed"
	}
	keyID, err := parseHeader(header)
	if err != nil {
		return Reason(err)
	}
	if _, err := appendBase64(nil, []byte(payload)); err != nil {
		return "malformed"
	}
	key, err := NewStaticKeySet(keys).Key(context.Background(), keyID)
	if err == nil {
		err = key.verify(header+"."+payload, signature)
	}
	return Reason(err)
}

// What we judge otherwise than Wycheproof, and why.
var otherwise = map[string]map[int]string{
	// A modulus of the ROCA fault is not looked for: the keys are made by AWS.
	"json_web_crypto_test": {46: "ok"},
	"json_web_key_test":    {7: "ok"},
	// key_ops is ["sign, verify"]: one operation that nobody knows.
	"json_web_signature_test": {349: "unknown_key"},
}

// raw is the token as it would come in a header.
func (v vector) raw() (token string) {
	text := v.JWS
	if text == nil {
		text = v.JWE
	}
	if json.Unmarshal(text, &token) != nil {
		return string(text) // in JSON serialization
	}
	return token
}

// forUs says whether the token names our algorithm.
func (v vector) forUs() bool {
	header, _, _ := strings.Cut(v.raw(), ".")
	text, _ := base64.RawURLEncoding.DecodeString(header)
	var named struct{ Alg string }
	_ = json.Unmarshal(text, &named)
	return named.Alg == "RS256"
}

// TestInteropWycheproofJOSE: of the valid vectors those of RS256 pass, and nothing
// else does. Other algorithms and encrypted tokens are refused although they are
// right. How many there are of each outcome must not change unseen.
func TestInteropWycheproofJOSE(t *testing.T) {
	dir := download(t)
	for name, want := range map[string]map[string]int{
		"json_web_signature_test":  {"ok": 8, "malformed": 27, "algorithm": 145, "unknown_key": 4, "signature": 217},
		"json_web_key_test":        {"ok": 2, "algorithm": 21, "unknown_key": 3},
		"json_web_crypto_test":     {"ok": 2, "malformed": 58, "algorithm": 18, "unknown_key": 1, "signature": 4},
		"json_web_encryption_test": {"malformed": 139},
	} {
		got := make(map[string]int)
		for _, group := range readVectors(t, dir, name).TestGroups {
			keys := keysOf(group.Public)
			for _, v := range group.Tests {
				outcome := judgeJWS(keys, v.raw())
				got[outcome]++
				good := outcome == "ok"
				if exception, ok := otherwise[name][v.ID]; ok && outcome == exception {
					good = !good
				}
				if good != (v.Result == "valid" && v.forUs()) {
					t.Errorf("%s %d, %s: it is %s, and here %s", name, v.ID, v.Comment, v.Result, outcome)
				}
				expectNobody(t, keys, v)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: expected %v, got %v", name, want, got)
		}
	}
}

// expectNobody: without claims there is nobody to let in, whoever signed.
func expectNobody(t *testing.T, keys []*Key, v vector) {
	t.Helper()
	all, err := New(Options{KeySets: map[string]KeySet{"https://issuer.example": NewStaticKeySet(keys)}, SkipClientCheck: true, CacheSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := all.Verify(t.Context(), v.raw()); Reason(err) != "malformed" && Reason(err) != "algorithm" {
		t.Errorf("%d, %s: expected a refusal of the token, got %v", v.ID, v.Comment, err)
	}
}

// TestInteropWycheproofSignatures: RSASSA-PKCS1-v1_5 with SHA-256, by keys of every
// size. What Wycheproof calls acceptable, an ASN.1 NULL that is missing, is not.
func TestInteropWycheproofSignatures(t *testing.T) {
	dir := download(t)
	for name, want := range map[string]map[string]int{
		"rsa_signature_2048_sha256_test": {"ok": 9, "signature": 250},
		"rsa_signature_3072_sha256_test": {"ok": 8, "signature": 251},
		"rsa_signature_4096_sha256_test": {"ok": 7, "signature": 251},
		"rsa_signature_8192_sha256_test": {"ok": 7, "signature": 251},
	} {
		got := make(map[string]int)
		for _, group := range readVectors(t, dir, name).TestGroups {
			keys := keysOf(group.KeyJWK)
			if len(keys) != 1 {
				t.Fatalf("%s: expected the key to be accepted", name)
			}
			for _, v := range group.Tests {
				outcome := Reason(keys[0].verify(unhex(t, v.Msg), base64URL.EncodeToString([]byte(unhex(t, v.Sig)))))
				got[outcome]++
				if (outcome == "ok") != (v.Result == "valid") {
					t.Errorf("%s %d, %s: it is %s, and here %s", name, v.ID, v.Comment, v.Result, outcome)
				}
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: expected %v, got %v", name, want, got)
		}
	}
}

func unhex(t *testing.T, text string) string {
	t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
