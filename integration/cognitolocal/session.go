package cognitolocal

import (
	"errors"
	"time"
)

// family is one sign-in and everything issued from it: the unit of revocation.
type family struct {
	originJTI string
	eventID   string
	sub       string
	clientID  string
	deviceKey string // of the device that proved itself, if any
	boundTo   string // the device that may refresh; empty: any
	scopes    scopes // nil: a sign-in at the API
	authTime  time.Time
	expires   time.Time // of every refresh token of the family
	revoked   bool
}

// refreshToken is an issued refresh token.
type refreshToken struct {
	*family
	rotatedAt time.Time     // zero: not rotated
	successor *refreshToken // the latest replacement
	retired   bool          // by a later replacement, see RotationVariant
}

// Reasons for refusing a refresh token.
var (
	errTokenUnknown = errors.New("cognitolocal: refresh token unknown")
	errTokenExpired = errors.New("cognitolocal: refresh token expired")
	errTokenRevoked = errors.New("cognitolocal: refresh token revoked")
	errTokenReused  = errors.New("cognitolocal: refresh token reused after rotation")
)

// sessions is the store of refresh tokens. It is not safe for concurrent use:
// Pool locks around it.
type sessions struct {
	tokens   map[string]*refreshToken
	families map[string]*family // by originJTI
	variant  RotationVariant
}

// start opens a family and returns its first refresh token.
func (s *sessions) start(sub string, c Client, now time.Time) (*family, string) {
	f := &family{
		originJTI: newUUID(), eventID: newUUID(), sub: sub, clientID: c.ID,
		authTime: now, expires: now.Add(c.RefreshTokenLifetime),
	}
	s.families[f.originJTI] = f
	return f, s.issue(f)
}

func (s *sessions) issue(f *family) string {
	raw := newRefreshToken()
	s.tokens[raw] = &refreshToken{family: f}
	return raw
}

// redeem finds the live token that belongs to the client. Reuse after rotation
// ends the session if the variant says so.
func (s *sessions) redeem(raw string, c Client, now time.Time) (*refreshToken, error) {
	t := s.tokens[raw]
	switch {
	case t == nil || t.clientID != c.ID:
		return nil, errTokenUnknown
	case t.revoked:
		return nil, errTokenRevoked
	case !now.Before(t.expires):
		return nil, errTokenExpired
	case t.reused(c, now):
		t.revoked = s.variant.ReuseEndsSession
		return nil, errTokenReused
	}
	return t, nil
}

func (s *sessions) revokeUser(sub string) {
	for _, f := range s.families {
		if f.sub == sub {
			f.revoked = true
		}
	}
}

// revoked reports whether the tokens with this origin_jti were revoked. Tokens
// minted by a test have an origin nobody knows, and live.
func (s *sessions) revoked(originJTI string) bool {
	f := s.families[originJTI]
	return f != nil && f.revoked
}
