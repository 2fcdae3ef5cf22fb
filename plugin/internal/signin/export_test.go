package signin

import "math/big"

// SRPServer is Cognito's half of SRP, for the stub of a pool.
type SRPServer struct{ *srpServer }

// NewSRPServer knows one password.
func NewSRPServer(realm, id string, password Secret) SRPServer {
	return SRPServer{newSRPServer(identity{realm, id, password}, unhex("d3a1b2c3d4e5f60718293a4b5c6d7e8f"), fourTimes("server-b"))}
}

// WithVerifier is a server that knows a verifier instead of the password.
func (s SRPServer) WithVerifier(verifier, salt []byte) SRPServer {
	one := *s.srpServer
	one.v, one.salt = new(big.Int).SetBytes(verifier), new(big.Int).SetBytes(salt)
	one.B = new(big.Int).Mul(srpK, one.v)
	one.B.Add(one.B, new(big.Int).Exp(srpG, one.b, srpN)).Mod(one.B, srpN)
	return SRPServer{&one}
}

// Named is the server for another identity.
func (s SRPServer) Named(realm, id string) SRPServer {
	s.who.realm, s.who.id = realm, id
	return s
}

// Params are the challenge's.
func (s SRPServer) Params() map[string]string { return s.params([]byte("secret-block")) }

// Accepts checks a claim.
func (s SRPServer) Accepts(srpA string, claim map[string]string) bool { return s.accepts(srpA, claim) }
