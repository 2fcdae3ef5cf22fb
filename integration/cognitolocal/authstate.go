package cognitolocal

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"time"
)

// authState is the part of the pool that signs users in. It is not safe for
// concurrent use: Pool locks around it.
type authState struct {
	settings SignIn
	variants Variants
	seed     []byte // of everything that is made up for names nobody has
	attempts attempts
	factors  map[string]*factors // by subject
	codes    map[codeKey]*confirmation
	quotas   map[quotaKey]*quota
	outbox   []Message
}

func newAuthState(settings SignIn) authState {
	return authState{
		settings: settings, seed: randomBytes(seedSize),
		attempts: attempts{open: map[string]*attempt{}, spent: map[string]time.Time{}},
		factors:  map[string]*factors{},
		codes:    map[codeKey]*confirmation{},
		quotas:   map[quotaKey]*quota{},
	}
}

const seedSize = 32

// factors is what a user has enrolled, beside the fields of User.
type factors struct {
	newTOTP  string // of AssociateSoftwareToken, not verified yet
	totpStep int64  // of the last code that was accepted
	totpName string
	devices  []*device
	passkeys []passkey
	ceremony *ceremony // of StartWebAuthnRegistration
}

// factorsOf never returns nil.
func (s *authState) factorsOf(u *User) *factors {
	f := s.factors[u.Sub]
	if f == nil {
		f = &factors{}
		s.factors[u.Sub] = f
	}
	return f
}

// derive makes bytes that look random and are always the same for the label
// and the name, as RFC 5054 section 2.5.1.3 wants for users who do not exist.
func (s *authState) derive(label, name string) []byte {
	mac := hmac.New(sha256.New, s.seed)
	mac.Write([]byte(label + "\x00" + name))
	return mac.Sum(nil)
}

// deriveUUID is derive in the form of a UUID.
func (s *authState) deriveUUID(label, name string) string {
	b := s.derive(label, name)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
