package cognitolocal

import (
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"time"
)

// Session is a set of temporary AWS credentials and whom they were given to.
// Printing one shows no secret.
type Session struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string

	// Expires is when a service must stop taking them.
	Expires time.Time

	// RoleARN is the role, SessionARN is what AWS calls the caller:
	// "arn:aws:sts::<account>:assumed-role/<role name>/<session name>".
	RoleARN, SessionARN string

	// IdentityID is the identity of the identity pool. It is empty when a token
	// of a user pool was exchanged at STS.
	IdentityID string

	// Subject is the user pool's subject. It is empty for a guest.
	Subject string

	// Policy is the session policy of AssumeRoleWithWebIdentity in JSON, which
	// takes rights away, or "".
	Policy string
}

// String shows no secret.
func (s Session) String() string {
	return fmt.Sprintf("%s as %s until %s", s.AccessKeyID, s.SessionARN, s.Expires.UTC().Format(time.RFC3339))
}

// GoString shows no secret, since %#v would otherwise.
func (s Session) GoString() string { return s.String() }

// MarshalJSON shows no secret.
func (s Session) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"AccessKeyId":%q,"SessionArn":%q,"Expiration":%q}`,
		s.AccessKeyID, s.SessionARN, s.Expires.UTC().Format(time.RFC3339)), nil
}

// keepExpired is how long a session stays known after its end, so that a
// service can say "expired" and not "unknown", as AWS does for some time.
const keepExpired = time.Hour

// pruneAbove is the size at which the store looks for old sessions at all.
const pruneAbove = 1024

// awsSessions holds what was issued. It is not safe for concurrent use: account
// locks around it.
type awsSessions struct {
	byKey   map[string]Session
	pruneAt int
}

// add keeps the session. It prunes when the store has doubled since it last
// did, so that adding stays cheap.
func (s *awsSessions) add(session Session, now time.Time) {
	if len(s.byKey) >= max(s.pruneAt, pruneAbove) {
		s.remove(func(old Session) bool { return !now.Before(old.Expires.Add(keepExpired)) })
		s.pruneAt = 2 * len(s.byKey)
	}
	s.byKey[session.AccessKeyID] = session
}

func (s *awsSessions) remove(which func(Session) bool) int {
	n := 0
	for key, session := range s.byKey {
		if which(session) {
			delete(s.byKey, key)
			n++
		}
	}
	return n
}

// Session returns the session of an access key ID, for a service to verify a
// signature with. It is known for an hour after its end at least: who asks must
// look at Expires. A session that was revoked is not known.
func (s *Server) Session(accessKeyID string) (Session, bool) {
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	session, ok := s.account.sessions.byKey[accessKeyID]
	return session, ok
}

// RevokeSessions forgets the sessions that which selects, nil all of them, and
// returns how many. A service then knows neither key nor token. Which must not
// call the server.
func (s *Server) RevokeSessions(which func(Session) bool) int {
	if which == nil {
		which = func(Session) bool { return true }
	}
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	return s.account.sessions.remove(which)
}

// Sizes of the parts of credentials, in bytes before they are encoded, and the
// length of the random part of an access key ID.
const (
	secretSize       = 30
	sessionTokenSize = 756 // with the prefix a token of about a kilobyte
	accessKeyLength  = 16
)

// sessionTokenPrefix is how real session tokens begin.
const sessionTokenPrefix = "IQoJb3JpZ2luX2Vj"

// issue completes the session with keys and keeps it.
func (a *account) issue(session Session) Session {
	session.AccessKeyID = "ASIA" + upperID(accessKeyLength)
	session.SecretAccessKey = base64.StdEncoding.EncodeToString(randomBytes(secretSize))
	session.SessionToken = sessionTokenPrefix + base64.StdEncoding.EncodeToString(randomBytes(sessionTokenSize))
	// The wire carries whole seconds.
	session.Expires = session.Expires.Truncate(time.Second)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions.add(session, a.now())
	return session
}

// upperID returns n random characters of the alphabet of AWS's unique IDs.
func upperID(n int) string {
	return base32.StdEncoding.EncodeToString(randomBytes(n))[:n]
}
