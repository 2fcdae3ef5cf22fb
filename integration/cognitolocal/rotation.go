package cognitolocal

import "time"

// refreshTokenReuse is the exception for a token that rotation has replaced.
const refreshTokenReuse = "RefreshTokenReuseException"

// RotationVariant selects among the behaviours of refresh token rotation that
// AWS leaves undocumented. A client must live with all of them. With the zero
// value every use within the grace period issues a replacement, all of which
// stay good, and reuse after it is refused without further consequences.
type RotationVariant struct {
	// LatestOnly makes a retry within the grace period retire the replacement
	// that the use before it has issued.
	LatestOnly bool

	// ReuseEndsSession makes the reuse of a rotated token after the grace
	// period revoke all tokens of the sign-in, as RFC 9700 section 4.14.2
	// advises.
	ReuseEndsSession bool
}

// SetRotationVariant changes how rotation behaves from the next refresh on.
func (p *Pool) SetRotationVariant(v RotationVariant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions.variant = v
}

// reused reports whether the token was replaced, and its grace has run out.
func (t *refreshToken) reused(c Client, now time.Time) bool {
	return t.retired || !t.rotatedAt.IsZero() && !now.Before(t.rotatedAt.Add(c.RotationGrace))
}

// rotate replaces the token by one that expires when the first token of the
// family would have. The grace period counts from the first use: a retry must
// not prolong it.
func (s *sessions) rotate(t *refreshToken, now time.Time) string {
	if t.rotatedAt.IsZero() {
		t.rotatedAt = now
	}
	if s.variant.LatestOnly && t.successor != nil {
		t.successor.retired = true
	}
	raw := s.issue(t.family)
	t.successor = s.tokens[raw]
	return raw
}
