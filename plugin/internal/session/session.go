package session

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"
)

// Tokens are what Cognito issues at sign-in or refresh, as it wrote them.
type Tokens struct {
	ID, Access, Refresh Secret
}

// Session is a user who is signed in. It is immutable: opened cookies share one.
//
// What it says of the user comes from tokens whose signatures this package does
// not check. A session whose tokens were verified before it was sealed can be
// believed later on the strength of the seal.
type Session struct {
	// Tokens are the whole tokens. After the opening of a cookie that had no room
	// for them, ID and Access can be empty; [Refresher.Fresh] completes them.
	Tokens
	// IDClaims and AccessClaims are the claims of both tokens as JSON, byte for
	// byte, also when the tokens are not whole. Without an ID token IDClaims is
	// empty.
	IDClaims, AccessClaims string
	// Subject is the claim sub of the tokens.
	Subject string
	// OriginJTI is the claim origin_jti of the first tokens: the name of the
	// session over all refreshes. Where the app client issues none, it is random.
	OriginJTI string
	// DeviceKey is needed to refresh the tokens of a remembered device; or empty.
	DeviceKey string
	// Created is when the user signed in, LastUse when the session was last used,
	// as precisely as [Codec.Touch] keeps it.
	Created, LastUse time.Time
	// Expires is when the first of the tokens expires, Lifetime how long that one
	// was good for when it was issued.
	Expires  time.Time
	Lifetime time.Duration
}

// New begins a session with tokens that were just issued; an ID token and a
// refresh token may be missing. The error matches [ErrTokens].
func New(t Tokens, deviceKey string) (*Session, error) {
	now := time.Now().Truncate(time.Second)
	s := &Session{Tokens: t, DeviceKey: deviceKey, Created: now, LastUse: now}
	access, err := readClaims(t.Access)
	if err != nil {
		return nil, fmt.Errorf("access token: %w", err)
	}
	s.AccessClaims, s.Subject, s.OriginJTI = access.json, access.subject, access.originJTI
	s.Expires, s.Lifetime = access.expires, access.lifetime
	if t.ID != "" {
		id, err := readClaims(t.ID)
		if err != nil {
			return nil, fmt.Errorf("ID token: %w", err)
		}
		if id.subject != access.subject {
			return nil, fmt.Errorf("%w: the ID token is of another user than the access token", ErrTokens)
		}
		s.IDClaims = id.json
		if id.expires.Before(s.Expires) {
			s.Expires, s.Lifetime = id.expires, id.lifetime
		}
	}
	if s.OriginJTI == "" { // revocation is switched off in the app client
		s.OriginJTI = randomName()
	}
	return s, nil
}

func randomName() string {
	var name [16]byte
	_, _ = rand.Read(name[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(name[:])
}

// renewed is the session with new tokens. Cognito sends no refresh token when it
// does not rotate them: then the old one stays. Tokens of another user are
// refused, or a mix-up anywhere behind us would turn one user into another.
func (s *Session) renewed(t Tokens) (*Session, error) {
	if t.Refresh == "" {
		t.Refresh = s.Refresh
	}
	next, err := New(t, s.DeviceKey)
	if err != nil {
		return nil, err
	}
	if next.Subject != s.Subject {
		return nil, ErrSubject
	}
	if next.IDClaims == "" && s.IDClaims != "" {
		return nil, fmt.Errorf("%w: no ID token came back", ErrTokens)
	}
	next.Created, next.OriginJTI = s.Created, s.OriginJTI
	return next, nil
}

// LongestToken is the longest that Cognito lets an ID or access token live.
const LongestToken = 24 * time.Hour

// LastExpiry is when all tokens have expired that were issued up to now, also to
// copies of the cookie, whose tokens can be newer than these. They live as long as
// these do, or for LongestToken where these do not say.
func (s *Session) LastExpiry(now time.Time) time.Time {
	var longest time.Duration
	for _, text := range [...]string{s.AccessClaims, s.IDClaims} {
		if c, err := parseClaims(text); err == nil {
			longest = max(longest, c.lifetime)
		}
	}
	if longest == 0 {
		longest = LongestToken
	}
	return now.Add(longest)
}

// completed is the session with the whole tokens of another opening of it.
func (s *Session) completed(t Tokens) *Session {
	whole := *s
	whole.Tokens = t
	return &whole
}

// whole reports whether no token had to be taken apart for want of room.
func (s *Session) whole() bool {
	return s.Access != "" && (s.ID != "" || s.IDClaims == "")
}
