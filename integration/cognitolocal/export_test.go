package cognitolocal

import (
	"encoding/base64"
	"math/big"
	"time"
)

// SRPServer is the server's half of a handshake with nothing left to chance,
// for the vectors.
type SRPServer struct{ x *srpExchange }

// NewSRPServer answers A with the secret b.
func NewSRPServer(identity, password string, salt, a, b *big.Int, block []byte) *SRPServer {
	x := &srpExchange{
		identity: identity, salt: salt, verifier: srpVerifier(salt, identity, password), a: a,
	}
	x.start(b, time.Now())
	if block != nil {
		x.block = block
	}
	return &SRPServer{x}
}

func (s *SRPServer) B() *big.Int          { return s.x.public }
func (s *SRPServer) Verifier() *big.Int   { return s.x.verifier }
func (s *SRPServer) Key() ([]byte, error) { return s.x.key() }
func (s *SRPServer) Block() string        { return base64.StdEncoding.EncodeToString(s.x.block) }

func (s *SRPServer) Proves(signature, timestamp string) bool { return s.x.proves(signature, timestamp) }

// Pad is the encoding of numbers.
var Pad = pad
