package cognitolocal_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// srpClient is a client of SRP as amazon-cognito-identity-js writes it, with
// numbers as hexadecimal text. It shares no code with the server.
type srpClient struct {
	pool   string // pool name or device group key
	secret *big.Int
	public *big.Int
}

// primeN is the same prime in another way: RFC 3526 section 5 gives it as a
// formula over pi.
var primeN = func() *big.Int {
	one := big.NewInt(1)
	shift := func(n *big.Int, bits uint) *big.Int { return new(big.Int).Lsh(n, bits) }
	pi := new(big.Int).Add(floorPi(2942), big.NewInt(1690314))
	n := new(big.Int).Sub(shift(one, 3072), shift(one, 3008))
	n.Sub(n, one)
	return n.Add(n, shift(pi, 64))
}()

// floorPi is floor(2^bits * pi) by Machin's formula.
func floorPi(bits uint) *big.Int {
	const guard = 64
	unit := new(big.Int).Lsh(big.NewInt(1), bits+guard)
	arctan := func(x int64) *big.Int {
		power := new(big.Int).Quo(unit, big.NewInt(x))
		sum := new(big.Int).Set(power)
		for n, sign := int64(3), int64(-1); power.Sign() != 0; n, sign = n+2, -sign {
			power.Quo(power, big.NewInt(x*x))
			sum.Add(sum, new(big.Int).Quo(power, big.NewInt(sign*n)))
		}
		return sum
	}
	pi := arctan(5)
	pi.Mul(pi, big.NewInt(4)).Sub(pi, arctan(239)).Mul(pi, big.NewInt(4))
	return pi.Rsh(pi, guard)
}

func newSRPClient(pool string) *srpClient {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	return srpClientWith(pool, new(big.Int).SetBytes(secret))
}

func srpClientWith(pool string, secret *big.Int) *srpClient {
	return &srpClient{pool, secret, new(big.Int).Exp(big.NewInt(2), secret, primeN)}
}

// a is SRP_A.
func (c *srpClient) a() string { return fmt.Sprintf("%x", c.public) }

// padHex is the function of this name in the JavaScript library.
func padHex(n *big.Int) string {
	text := fmt.Sprintf("%x", n)
	if len(text)%2 == 1 {
		text = "0" + text
	}
	if strings.ContainsRune("89abcdef", rune(text[0])) {
		text = "00" + text
	}
	return text
}

func hexHash(text string) *big.Int {
	raw, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(raw)
	return new(big.Int).SetBytes(sum[:])
}

func (c *srpClient) x(user, password string, salt *big.Int) *big.Int {
	inner := sha256.Sum256([]byte(c.pool + user + ":" + password))
	return hexHash(padHex(salt) + hex.EncodeToString(inner[:]))
}

// s is the shared secret of the client.
func (c *srpClient) s(user, password string, salt, b *big.Int) (s, u *big.Int) {
	k := hexHash(padHex(primeN) + padHex(big.NewInt(2)))
	x := c.x(user, password, salt)
	u = hexHash(padHex(c.public) + padHex(b))
	base := new(big.Int).Exp(big.NewInt(2), x, primeN)
	base.Sub(b, base.Mul(base, k)).Mod(base, primeN)
	exponent := new(big.Int).Add(c.secret, new(big.Int).Mul(u, x))
	return base.Exp(base, exponent, primeN), u
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}

// key is HKDF written out.
func (c *srpClient) key(user, password string, salt, b *big.Int) []byte {
	s, u := c.s(user, password, salt, b)
	ikm, _ := hex.DecodeString(padHex(s))
	info, _ := hex.DecodeString(padHex(u))
	return mac(mac(info, ikm), []byte("Caldera Derived Key\x01"))[:16]
}

func (c *srpClient) sign(user string, key []byte, block, timestamp string) string {
	raw, err := base64.StdEncoding.DecodeString(block)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(mac(key, []byte(c.pool+user+string(raw)+timestamp)))
}

// timestamp is TIMESTAMP, without Go's time layouts.
func timestamp(at time.Time) string {
	at = at.UTC()
	return fmt.Sprintf("%s %s %d %02d:%02d:%02d UTC %d", at.Weekday().String()[:3], at.Month().String()[:3],
		at.Day(), at.Hour(), at.Minute(), at.Second(), at.Year())
}

// prove answers a verifier challenge: the parameters of the challenge in, those
// of the answer out, as key, value, …
func (c *srpClient) prove(user, password string, params map[string]string, at time.Time) []string {
	salt, _ := new(big.Int).SetString(params["SALT"], 16)
	b, _ := new(big.Int).SetString(params["SRP_B"], 16)
	stamp := timestamp(at)
	key := c.key(user, password, salt, b)
	return []string{
		"PASSWORD_CLAIM_SIGNATURE", c.sign(user, key, params["SECRET_BLOCK"], stamp),
		"PASSWORD_CLAIM_SECRET_BLOCK", params["SECRET_BLOCK"], "TIMESTAMP", stamp,
	}
}

func sha(b []byte) string { sum := sha256.Sum256(b); return hex.EncodeToString(sum[:]) }

// TestSRPVectors holds both halves to the vectors that Python and
// amazon-cognito-identity-js agree on.
func TestSRPVectors(t *testing.T) {
	const pool, user, pass = "AbCdEf123", "11111111-2222-3333-4444-555555555555", "Passw0rd!"
	secret := func(seed string) *big.Int {
		sum := sha256.Sum256([]byte(seed))
		return new(big.Int).SetBytes(bytes.Repeat(sum[:], 4))
	}
	salt, _ := new(big.Int).SetString("d3a1b2c3d4e5f60718293a4b5c6d7e8f", 16)
	c := srpClientWith(pool, secret("client-a"))
	server := cognitolocal.NewSRPServer(pool+user, pass, salt, c.public, secret("server-b"), []byte("secret-block-0123456789"))
	s, u := c.s(user, pass, salt, server.B())
	clientKey := c.key(user, pass, salt, server.B())
	serverKey, err := server.Key()
	noError(t, err)
	const stamp = "Tue Jan 6 03:04:05 UTC 2026"
	signature := c.sign(user, clientKey, server.Block(), stamp)
	for _, v := range []struct{ name, want, got string }{
		{"k", "538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6", fmt.Sprintf("%x", hexHash(padHex(primeN)+"02"))},
		{"x", "93b5e7f97bd4846ce46bffb0d47a0110e1d80584282cd04daec269c2ffcf2473", fmt.Sprintf("%x", c.x(user, pass, salt))},
		{"u", "4c46bf2260144511ea772df6af3a4c4cce02ea0bb332e9f085590789b77b95b0", fmt.Sprintf("%x", u)},
		{"v", "1e85395bca3bfe6f8873dc312f8f6a0fd92f319005df8a364d8190eaed0c1704", sha(cognitolocal.Pad(server.Verifier()))},
		{"A", "28afc59b10103d2a84e2c1fd16a0b550", c.a()[:32]},
		{"A hashed", "513109fbf947a1c49172ba8c6c6a0803b30471e122af10819ede7edf7919a1bf", sha(cognitolocal.Pad(c.public))},
		{"B", "aa9f72d1a61f9c536816d328502bbc99", server.B().Text(16)[:32]},
		{"B hashed", "244ddab96d61898c327505440985a02712d02dd4890a7b3e116b65d4045cc88d", sha(cognitolocal.Pad(server.B()))},
		{"S hashed", "9a707bf7a7de01e7028af62e176c526cf519b6018b6e83dbc62433ee76d46c76", sha(cognitolocal.Pad(s))},
		{"client key", "9a57d57d4b0ec1d21c1b9f21b5b844f9", hex.EncodeToString(clientKey)},
		{"server key", "9a57d57d4b0ec1d21c1b9f21b5b844f9", hex.EncodeToString(serverKey)},
		{"signature", "dIvgJur3Wcjx3iOyFqCv2cJ8jUchjWLIHLnSDN5neYY=", signature},
	} {
		if v.got != v.want {
			t.Errorf("%s: expected %s, got %s", v.name, v.want, v.got)
		}
	}
	if !server.Proves(signature, stamp) {
		t.Error("expected the server to take the signature")
	}
	if server.Proves(signature, "Tue Jan 6 03:04:06 UTC 2026") {
		t.Error("expected the signature to bind the timestamp")
	}
}

// TestSRPHandshakes looks for numbers that are short or have the top bit set:
// one handshake in a few hundred fails where the padding is wrong.
func TestSRPHandshakes(t *testing.T) {
	handshakes := 1000
	if testing.Short() {
		handshakes = 50
	}
	number := func(n int) *big.Int {
		b := make([]byte, n)
		_, _ = rand.Read(b)
		return new(big.Int).SetBytes(b)
	}
	const stamp = "Tue Jan 6 03:04:05 UTC 2026"
	for worker := range 4 {
		t.Run(fmt.Sprint(worker), func(t *testing.T) {
			t.Parallel()
			for range handshakes / 4 {
				salt, c := number(2), newSRPClient("pool") // a short salt is short more often
				server := cognitolocal.NewSRPServer("pooljo", password, salt, c.public, number(32), nil)
				key := c.key("jo", password, salt, server.B())
				if !server.Proves(c.sign("jo", key, server.Block(), stamp), stamp) {
					t.Fatalf("salt %x, a %x: expected the proof to be good", salt, c.secret)
				}
			}
		})
	}
}
