package cognitolocal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"time"
)

// The group of SRP: the 3072-bit one of RFC 5054 appendix A with g = 2, where
// that has 5.
var (
	srpN = hexInt("" +
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
	srpK = hashInt(pad(srpN), pad(srpG))
)

const (
	srpKeySize   = 16
	srpInfo      = "Caldera Derived Key"
	srpSecret    = 32 // bytes of b
	secretBlock  = 1024
	saltSize     = 16
	srpTimestamp = "Mon Jan 2 15:04:05 UTC 2006"
)

func hexInt(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 16)
	return n
}

// pad is the shortest big-endian form with a clear top bit, as Java's
// BigInteger.toByteArray gives it. It is not padded to a fixed width: a client
// that does so fails once in 256 times.
func pad(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		return append([]byte{0}, b...)
	}
	return b
}

func hashInt(parts ...[]byte) *big.Int {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return new(big.Int).SetBytes(h.Sum(nil))
}

// srpVerifier is what a server keeps of a password: g^x.
func srpVerifier(salt *big.Int, identity, password string) *big.Int {
	inner := sha256.Sum256([]byte(identity + ":" + password))
	return new(big.Int).Exp(srpG, hashInt(pad(salt), inner[:]), srpN)
}

// srpExchange is one handshake, seen from the server. It does not change once
// made.
type srpExchange struct {
	identity string // pool name and user ID, or device group and device key
	salt     *big.Int
	verifier *big.Int
	a, b     *big.Int // A of the client and the server's secret
	public   *big.Int // B
	block    []byte
	began    time.Time
}

var errSRPA = errors.New("cognitolocal: SRP_A is not a number between 0 and N")

// parseSRPA reads the client's public value. Zero, and what is zero modulo N,
// would make the key known to everybody.
func parseSRPA(text string) (*big.Int, error) {
	a, ok := new(big.Int).SetString(text, 16)
	if !ok || a.Sign() <= 0 || a.Cmp(srpN) >= 0 {
		return nil, errSRPA
	}
	return a, nil
}

// start chooses the server's half of the handshake.
func (x *srpExchange) start(secret *big.Int, now time.Time) {
	x.b = secret
	kv := new(big.Int).Mul(srpK, x.verifier)
	x.public = kv.Add(kv, new(big.Int).Exp(srpG, secret, srpN)).Mod(kv, srpN)
	x.block = randomBytes(secretBlock)
	x.began = now
}

// key is the key that both sides know after the handshake.
func (x *srpExchange) key() ([]byte, error) {
	u := hashInt(pad(x.a), pad(x.public))
	base := new(big.Int).Exp(x.verifier, u, srpN)
	base.Mul(base, x.a).Mod(base, srpN)
	shared := base.Exp(base, x.b, srpN)
	return hkdf.Key(sha256.New, pad(shared), pad(u), srpInfo, srpKeySize)
}

// proves reports whether the signature is made with the key, over what the
// server sent and the timestamp.
func (x *srpExchange) proves(signature, timestamp string) bool {
	key, err := x.key()
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(x.identity))
	mac.Write(x.block)
	mac.Write([]byte(timestamp))
	got, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && hmac.Equal(got, mac.Sum(nil))
}

// params are the parameters of the verifier challenges. Numbers go out as Java
// prints them: without leading zeros, so that their length varies.
func (x *srpExchange) params() map[string]string {
	return map[string]string{
		"SRP_B": x.public.Text(16), "SALT": x.salt.Text(16),
		"SECRET_BLOCK": base64.StdEncoding.EncodeToString(x.block),
	}
}
