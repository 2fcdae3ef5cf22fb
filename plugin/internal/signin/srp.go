package signin

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"time"
)

// The group of SRP as Cognito uses it: the 3072-bit group of RFC 3526 §5 and
// generator 2, with SHA-256.
var (
	srpN = unhex("" +
		"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74" +
		"020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437" +
		"4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED" +
		"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05" +
		"98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB" +
		"9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B" +
		"E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718" +
		"3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33" +
		"A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7" +
		"ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864" +
		"D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2" +
		"08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF")
	srpG = big.NewInt(2)
	srpK = new(big.Int).SetBytes(digest(pad(srpN), pad(srpG)))
)

// srpSecretBytes is the length of the secret exponent a: RFC 5054 asks for 256
// bits, and the group is no stronger than half of that. A fresh one is drawn for
// each handshake.
const srpSecretBytes = 32

// maxSRPHex bounds what is parsed as a number, in hex digits: N has 768.
const maxSRPHex = 768

// handshake is the client's side of one SRP-6a run.
//
// math/big takes a time that depends on its operands. What could be learned
// from it is either drawn anew for each run (a) or computed from what the same
// visitor has just typed (x), so there is nothing to measure twice.
type handshake struct {
	a, public *big.Int
}

func newHandshake() *handshake {
	secret := make([]byte, srpSecretBytes)
	_, _ = rand.Read(secret) // never fails
	return handshakeOf(new(big.Int).SetBytes(secret))
}

func handshakeOf(a *big.Int) *handshake {
	return &handshake{a: a, public: new(big.Int).Exp(srpG, a, srpN)}
}

// srpA is the public value as SRP_A carries it.
func (h *handshake) srpA() string { return h.public.Text(16) }

// identity is whom a handshake is about: a user by the name of the pool and the
// internal user ID, or a device by its group and key.
type identity struct {
	realm, id string
	password  Secret
}

// secretX is the exponent that stands for the password.
func (i identity) secretX(salt *big.Int) *big.Int {
	inner := digest([]byte(i.realm + i.id + ":" + string(i.password)))
	return new(big.Int).SetBytes(digest(pad(salt), inner))
}

// key is the key that both sides arrive at when the password is right.
func (h *handshake) key(who identity, salt, serverB *big.Int) ([]byte, error) {
	u := new(big.Int).SetBytes(digest(pad(h.public), pad(serverB)))
	// RFC 5054 §2.5.4: with B = 0 mod N the key depends on the client's secret
	// alone, and with u = 0 not on the password at all, so that a false server
	// could choose them to be believed.
	if u.Sign() == 0 || new(big.Int).Mod(serverB, srpN).Sign() == 0 {
		return nil, errSRP
	}
	x := who.secretX(salt)
	base := new(big.Int).Exp(srpG, x, srpN)
	base.Sub(serverB, base.Mul(base, srpK)).Mod(base, srpN)
	exponent := new(big.Int).Mul(u, x)
	shared := base.Exp(base, exponent.Add(exponent, h.a), srpN)
	return hkdf.Key(sha256.New, pad(shared), pad(u), "Caldera Derived Key", 16)
}

// claim is the reply to PASSWORD_VERIFIER or DEVICE_PASSWORD_VERIFIER.
func (h *handshake) claim(who identity, params map[string]string, now time.Time) (map[string]string, error) {
	salt, errSalt := parseHex(params["SALT"])
	serverB, errB := parseHex(params["SRP_B"])
	block, errBlock := base64.StdEncoding.DecodeString(params["SECRET_BLOCK"])
	if errSalt != nil || errB != nil || errBlock != nil || len(block) == 0 {
		return nil, errSRP
	}
	key, err := h.key(who, salt, serverB)
	if err != nil {
		return nil, err
	}
	stamp := timestamp(now)
	mac := hmac.New(sha256.New, key)
	for _, part := range [][]byte{[]byte(who.realm), []byte(who.id), block, []byte(stamp)} {
		mac.Write(part)
	}
	return map[string]string{
		"PASSWORD_CLAIM_SIGNATURE":    base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		"PASSWORD_CLAIM_SECRET_BLOCK": params["SECRET_BLOCK"],
		"TIMESTAMP":                   stamp,
	}, nil
}

// timestamp is the only form that Cognito takes: English, UTC, 24 hours, and a
// day without padding.
func timestamp(now time.Time) string { return now.UTC().Format("Mon Jan 2 15:04:05 UTC 2006") }

// pad is the form in which Cognito hashes numbers: as short as they are, with a
// zero byte in front of a top bit that is set. It is not the fixed width of
// RFC 5054, with which one sign-in in some hundred would fail.
func pad(n *big.Int) []byte {
	raw := n.Bytes()
	if len(raw) == 0 || raw[0] >= 0x80 {
		return append([]byte{0}, raw...)
	}
	return raw
}

// parseHex is strict where big.Int is not: no sign, no prefix, no underscore.
func parseHex(s string) (*big.Int, error) {
	if s == "" || len(s) > maxSRPHex {
		return nil, errSRP
	}
	if len(s)%2 == 1 {
		s = "0" + s
	}
	raw, err := hex.DecodeString(s)
	if err != nil {
		return nil, errSRP
	}
	return new(big.Int).SetBytes(raw), nil
}

func unhex(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic("not a number")
	}
	return n
}

func digest(parts ...[]byte) []byte {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}
