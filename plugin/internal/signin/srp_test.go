package signin

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

// srpServer is Cognito's half of a handshake, written from RFC 5054 and apart
// from the client's code as far as it goes.
type srpServer struct {
	who     identity
	salt, b *big.Int
	v, B    *big.Int
}

func newSRPServer(who identity, salt, b *big.Int) *srpServer {
	s := &srpServer{who: who, salt: salt, b: b}
	s.v = new(big.Int).Exp(srpG, who.secretX(salt), srpN)
	s.B = new(big.Int).Mul(srpK, s.v)
	s.B.Add(s.B, new(big.Int).Exp(srpG, b, srpN)).Mod(s.B, srpN)
	return s
}

func (s *srpServer) params(block []byte) map[string]string {
	return map[string]string{"SALT": s.salt.Text(16), "SRP_B": s.B.Text(16), "SECRET_BLOCK": base64.StdEncoding.EncodeToString(block)}
}

// key is (A·v^u)^b, run through HKDF by hand.
func (s *srpServer) key(publicA *big.Int) (key []byte, shared *big.Int) {
	u := new(big.Int).SetBytes(digest(pad(publicA), pad(s.B)))
	shared = new(big.Int).Exp(s.v, u, srpN)
	shared.Exp(shared.Mul(shared, publicA), s.b, srpN)
	extract := hmac.New(sha256.New, pad(u))
	extract.Write(pad(shared))
	expand := hmac.New(sha256.New, extract.Sum(nil))
	expand.Write([]byte("Caldera Derived Key\x01"))
	return expand.Sum(nil)[:16], shared
}

// accepts checks a claim as Cognito does.
func (s *srpServer) accepts(srpA string, claim map[string]string) bool {
	publicA, ok := new(big.Int).SetString(srpA, 16)
	if !ok || new(big.Int).Mod(publicA, srpN).Sign() == 0 {
		return false
	}
	block, _ := base64.StdEncoding.DecodeString(claim["PASSWORD_CLAIM_SECRET_BLOCK"])
	key, _ := s.key(publicA)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(s.who.realm + s.who.id + string(block) + claim["TIMESTAMP"]))
	signature, _ := base64.StdEncoding.DecodeString(claim["PASSWORD_CLAIM_SIGNATURE"])
	return hmac.Equal(mac.Sum(nil), signature)
}

func fourTimes(seed string) *big.Int {
	return new(big.Int).SetBytes(bytes.Repeat(digest([]byte(seed)), 4))
}

func random(t testing.TB, size int) *big.Int {
	t.Helper()
	raw := make([]byte, size)
	if _, err := rand.Read(raw); err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(raw)
}

// The vector was computed by amazon-cognito-identity-js and by an independent
// program.
func TestTheVectorOfAmazonCognitoIdentityJS(t *testing.T) {
	who := identity{"AbCdEf123", "11111111-2222-3333-4444-555555555555", "Passw0rd!"}
	salt := unhex("d3a1b2c3d4e5f60718293a4b5c6d7e8f")
	client, server := handshakeOf(fourTimes("client-a")), newSRPServer(who, salt, fourTimes("server-b"))
	key, err := client.key(who, salt, server.B)
	if err != nil {
		t.Fatal(err)
	}
	serverKey, shared := server.key(client.public)
	block := base64.StdEncoding.EncodeToString([]byte("secret-block-0123456789"))
	claim, err := client.claim(who, map[string]string{"SALT": salt.Text(16), "SRP_B": server.B.Text(16), "SECRET_BLOCK": block},
		time.Date(2026, 1, 6, 3, 4, 5, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, got, want string }{
		{"k", srpK.Text(16), "538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6"},
		{"x", who.secretX(salt).Text(16), "93b5e7f97bd4846ce46bffb0d47a0110e1d80584282cd04daec269c2ffcf2473"},
		{"u", hex.EncodeToString(digest(pad(client.public), pad(server.B))), "4c46bf2260144511ea772df6af3a4c4cce02ea0bb332e9f085590789b77b95b0"},
		{"v", hex.EncodeToString(digest(pad(server.v))), "1e85395bca3bfe6f8873dc312f8f6a0fd92f319005df8a364d8190eaed0c1704"},
		{"start of A", client.srpA()[:32], "28afc59b10103d2a84e2c1fd16a0b550"},
		{"A", hex.EncodeToString(digest(pad(client.public))), "513109fbf947a1c49172ba8c6c6a0803b30471e122af10819ede7edf7919a1bf"},
		{"start of B", server.B.Text(16)[:32], "aa9f72d1a61f9c536816d328502bbc99"},
		{"B", hex.EncodeToString(digest(pad(server.B))), "244ddab96d61898c327505440985a02712d02dd4890a7b3e116b65d4045cc88d"},
		{"S", hex.EncodeToString(digest(pad(shared))), "9a707bf7a7de01e7028af62e176c526cf519b6018b6e83dbc62433ee76d46c76"},
		{"key of the client", hex.EncodeToString(key), "9a57d57d4b0ec1d21c1b9f21b5b844f9"},
		{"key of the server", hex.EncodeToString(serverKey), "9a57d57d4b0ec1d21c1b9f21b5b844f9"},
		{"timestamp", claim["TIMESTAMP"], "Tue Jan 6 03:04:05 UTC 2026"},
		{"signature", claim["PASSWORD_CLAIM_SIGNATURE"], "dIvgJur3Wcjx3iOyFqCv2cJ8jUchjWLIHLnSDN5neYY="},
		{"secret block", claim["PASSWORD_CLAIM_SECRET_BLOCK"], block},
	} {
		if row.got != row.want {
			t.Errorf("%s: expected %s, got %s", row.name, row.want, row.got)
		}
	}
}

func TestTheGroupIsThatOfRFC3526(t *testing.T) {
	half := new(big.Int).Rsh(srpN, 1)
	if srpN.BitLen() != 3072 || !srpN.ProbablyPrime(10) || !half.ProbablyPrime(10) {
		t.Error("expected a safe prime of 3072 bits")
	}
}

func TestNumbersAreHashedInTheirShortestPositiveForm(t *testing.T) {
	for n, want := range map[string]string{
		"0": "00", "1": "01", "7f": "7f", "80": "0080", "ff": "00ff", "100": "0100", "7fff": "7fff", "8000": "008000", "00ab": "00ab",
	} {
		if got := hex.EncodeToString(pad(unhex(n))); got != want {
			t.Errorf("pad(%s): expected %s, got %s", n, want, got)
		}
	}
}

func TestTimestampsAreEnglishUTCWith24HoursAndAnUnpaddedDay(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	for want, at := range map[string]time.Time{
		"Tue Jan 6 00:05:00 UTC 2026":  time.Date(2026, 1, 6, 0, 5, 0, 0, time.UTC),
		"Tue Jan 6 13:00:09 UTC 2026":  time.Date(2026, 1, 6, 13, 0, 9, 0, time.UTC),
		"Mon Jan 5 23:59:59 UTC 2026":  time.Date(2026, 1, 6, 8, 59, 59, 0, tokyo),
		"Sun Nov 22 12:00:00 UTC 2026": time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
	} {
		if got := timestamp(at); got != want {
			t.Errorf("expected %q, got %q", want, got)
		}
	}
}

// checkHandshake runs one: both sides agree.
func checkHandshake(t *testing.T, who identity, salt, b *big.Int) {
	t.Helper()
	server, client := newSRPServer(who, salt, b), newHandshake()
	claim, err := client.claim(who, server.params([]byte("block")), time.Now())
	if err != nil {
		t.Fatalf("%v with salt %x, b %x", err, salt, b)
	}
	if !server.accepts(client.srpA(), claim) {
		t.Fatalf("expected both sides to agree, a %x, b %x, salt %x, password %q", client.a, b, salt, string(who.password))
	}
}

func TestNoOtherPasswordNameOrPoolAgrees(t *testing.T) {
	server := newSRPServer(identity{"Pool", "user", "secret"}, random(t, 16), random(t, 32))
	for _, who := range []identity{{"Pool", "user", "Secret"}, {"Pool", "user", ""}, {"Pool", "user2", "secret"}, {"Pool2", "user", "secret"}} {
		client := newHandshake()
		if claim, err := client.claim(who, server.params([]byte("block")), time.Now()); err != nil || server.accepts(client.srpA(), claim) {
			t.Errorf("expected %s/%s with another identity to be refused, got %v", who.realm, who.id, err)
		}
	}
}

// Padding that is wrong fails one handshake in some hundred, so that a few would
// show nothing.
func TestAThousandHandshakes(t *testing.T) {
	count := 1000
	if testing.Short() {
		count = 100
	}
	for range 2 {
		t.Run("in parallel", func(t *testing.T) {
			t.Parallel()
			for i := range count / 2 {
				password := Secret(base64.StdEncoding.EncodeToString(random(t, 1+i%40).Bytes()))
				checkHandshake(t, identity{"Pool", "user", password}, random(t, 1+i%16), random(t, 32))
			}
		})
	}
}

func FuzzHandshake(f *testing.F) {
	f.Add("AbCdEf123", "user", "Passw0rd!", []byte{0x80}, []byte{1})
	f.Add("", "", "", []byte{}, []byte{})
	f.Add("p", "ü", "пароль 密码", []byte{0, 0, 1}, bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, realm, id, password string, salt, b []byte) {
		if len(salt) > 64 || len(b) > 128 {
			return
		}
		server := newSRPServer(identity{realm, id, Secret(password)}, new(big.Int).SetBytes(salt), new(big.Int).SetBytes(b))
		if new(big.Int).Mod(server.B, srpN).Sign() == 0 {
			return
		}
		checkHandshake(t, server.who, server.salt, server.b)
	})
}

func TestServerValuesThatAreRefused(t *testing.T) {
	good := newSRPServer(identity{"Pool", "user", "secret"}, big.NewInt(42), big.NewInt(4711)).params([]byte("block"))
	twice := new(big.Int).Lsh(srpN, 1)
	for name, change := range map[string]map[string]string{
		"B is missing":                    {"SRP_B": ""},
		"B is zero":                       {"SRP_B": "0"},
		"B is many zeros":                 {"SRP_B": strings.Repeat("0", 768)},
		"B is N":                          {"SRP_B": srpN.Text(16)},
		"B is twice N":                    {"SRP_B": twice.Text(16)},
		"B is longer than N":              {"SRP_B": strings.Repeat("1", 769)},
		"B is negative":                   {"SRP_B": "-1f"},
		"B has a prefix":                  {"SRP_B": "0x1f"},
		"B has an underscore":             {"SRP_B": "1_f0"},
		"B is no number":                  {"SRP_B": "zz"},
		"the salt is missing":             {"SALT": ""},
		"the salt is no number":           {"SALT": "salt"},
		"the salt is far too long":        {"SALT": strings.Repeat("a", 4096)},
		"the secret block is missing":     {"SECRET_BLOCK": ""},
		"the secret block is not base64":  {"SECRET_BLOCK": "***"},
		"the secret block is unpadded":    {"SECRET_BLOCK": "YQ"},
		"the secret block is base64 URLs": {"SECRET_BLOCK": "_-_-"},
	} {
		params := map[string]string{"SALT": good["SALT"], "SRP_B": good["SRP_B"], "SECRET_BLOCK": good["SECRET_BLOCK"]}
		for key, value := range change {
			params[key] = value
		}
		if claim, err := newHandshake().claim(identity{"Pool", "user", "secret"}, params, time.Now()); !errors.Is(err, errSRP) || claim != nil {
			t.Errorf("%s: expected a refusal, got %v", name, err)
		}
	}
}

func TestHexWithAnOddNumberOfDigitsIsRead(t *testing.T) {
	if n, err := parseHex("abc"); err != nil || n.Int64() != 0xabc {
		t.Errorf("expected 0xabc, got %v, %v", n, err)
	}
}

func TestEachHandshakeHasASecretOfItsOwn(t *testing.T) {
	one, two := newHandshake(), newHandshake()
	if one.a.Cmp(two.a) == 0 || one.a.BitLen() < 200 {
		t.Errorf("expected secrets of 256 bits, got %d and %d bits", one.a.BitLen(), two.a.BitLen())
	}
}

// A device proves itself against the verifier that was registered for it.
func TestADeviceVerifierIsGoodForDeviceSRP(t *testing.T) {
	made := newDeviceVerifier("group", "eu-west-1_key")
	salt, err := base64.StdEncoding.DecodeString(made.salt)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := base64.StdEncoding.DecodeString(made.verifier)
	if err != nil {
		t.Fatal(err)
	}
	who := identity{"group", "eu-west-1_key", made.password}
	server := newSRPServer(who, new(big.Int).SetBytes(salt), big.NewInt(99))
	if !bytes.Equal(verifier, pad(server.v)) {
		t.Error("expected the padded verifier")
	}
	if secret, err := base64.StdEncoding.DecodeString(string(made.password)); err != nil || len(secret) != 40 {
		t.Errorf("expected 40 bytes in base64, got %d, %v", len(secret), err)
	}
	if other := newDeviceVerifier("group", "eu-west-1_key"); other.password == made.password || other.salt == made.salt {
		t.Error("expected each device to have a password and a salt of its own")
	}
}

func TestTheSaltOfADeviceIsPadded(t *testing.T) {
	made := deviceVerifierOf("group", "key", "password", unhex("ff000000000000000000000000000000"))
	if raw, _ := base64.StdEncoding.DecodeString(made.salt); len(raw) != 17 || raw[0] != 0 {
		t.Errorf("expected a zero byte in front, got %x", raw)
	}
}

func BenchmarkClaim(b *testing.B) {
	who := identity{"Pool", "user", "secret"}
	params := newSRPServer(who, big.NewInt(42), big.NewInt(4711)).params([]byte("block"))
	for b.Loop() {
		if _, err := newHandshake().claim(who, params, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
