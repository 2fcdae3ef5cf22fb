package cognitolocal

import (
	"encoding/base64"
	"slices"
	"time"
)

// attempt is one sign-in on its way. Whoever has claimed it owns it.
type attempt struct {
	clientID  string
	sub       string // empty: nobody has the name
	name      string // as InitiateAuth had it
	userID    string // USER_ID_FOR_SRP
	deviceKey string
	expires   time.Time

	pending pending // what the client must answer next
	wrong   int     // wrong codes for it

	first               string // the first factor, once passed
	mfaDone, deviceDone bool
	custom              *customRun // of CUSTOM_AUTH
	hosted              bool       // at the hosted pages
}

// pending is a challenge with what its answer is judged by.
type pending struct {
	challenge string
	srp       *srpExchange
	code      string
	sentTo    delivery
	options   []string // to select from
	ceremony  *ceremony
	newTOTP   string // of AssociateSoftwareToken
	verified  bool   // by VerifySoftwareToken
}

// attempts are the sign-ins that wait for an answer, by the handle that the
// answer will bring: the Session, or the SECRET_BLOCK where there is none.
type attempts struct {
	open    map[string]*attempt
	spent   map[string]time.Time // handles that were used
	pruneAt int
}

// Messages of a refused Session.
const (
	invalidSession = "Invalid session for the user."
	expiredSession = "Invalid session for the user, session is expired."
	spentSession   = "Invalid session for the user, session can only be used once."
)

// claim takes the attempt out of the store, so that of two answers sent at
// once one is refused. The attempt is the client's, and waits for the
// challenge.
func (s *attempts) claim(handle, clientID string, challenge string, now time.Time) (*attempt, error) {
	a := s.open[handle]
	if a == nil || a.hosted {
		return nil, s.unknown(handle)
	}
	switch {
	case a.clientID != clientID && clientID != anyClient:
		return nil, notAuthorized(invalidSession)
	case !now.Before(a.expires):
		s.spend(handle, a)
		return nil, notAuthorized(expiredSession)
	case a.pending.challenge != challenge:
		return nil, wrongChallenge(a.pending.challenge, challenge)
	}
	s.spend(handle, a)
	return a, nil
}

// claimAtPage is claim for the hosted pages, where the Session alone says what
// is answered. Neither the pages nor the API take the Sessions of the other.
func (s *attempts) claimAtPage(handle, clientID string, now time.Time) (*attempt, error) {
	a := s.open[handle]
	switch {
	case a == nil || !a.hosted:
		return nil, s.unknown(handle)
	case a.clientID != clientID:
		return nil, notAuthorized(invalidSession)
	case !now.Before(a.expires):
		s.spend(handle, a)
		return nil, notAuthorized(expiredSession)
	}
	s.spend(handle, a)
	return a, nil
}

// unknown refuses a handle that no attempt waits under.
func (s *attempts) unknown(handle string) error {
	if _, ok := s.spent[handle]; ok {
		return notAuthorized(spentSession)
	}
	return notAuthorized(invalidSession)
}

// anyClient is for the operations that name no client.
const anyClient = "*"

func (s *attempts) spend(handle string, a *attempt) {
	delete(s.open, handle)
	s.spent[handle] = a.expires
}

// wrongChallenge is the answer to an answer to another challenge. Between
// codes, Cognito calls the code wrong (amplify-js issue 11069).
func wrongChallenge(want, got string) error {
	codes := []string{SMSMFA, SoftwareTokenMFA, EmailMFA, emailMFAVariant, FactorSMSOTP}
	if slices.Contains(codes, want) && slices.Contains(codes, got) {
		return codeMismatch("Invalid code or auth state for the user.")
	}
	return notAuthorized(invalidSession)
}

// putBack makes a claimed handle good for another try.
func (s *attempts) putBack(handle string, a *attempt) {
	delete(s.spent, handle)
	s.open[handle] = a
}

// keep stores the attempt under a new handle.
func (s *attempts) keep(handle string, a *attempt, now time.Time) {
	s.prune(now)
	s.open[handle] = a
}

// prune forgets what expired long ago whenever the store has doubled since it
// last did.
func (s *attempts) prune(now time.Time) {
	if len(s.open)+len(s.spent) < max(s.pruneAt, pruneAbove) {
		return
	}
	old := func(expires time.Time) bool { return now.After(expires.Add(keepExpired)) }
	for handle, a := range s.open {
		if old(a.expires) {
			delete(s.open, handle)
		}
	}
	for handle, expires := range s.spent {
		if old(expires) {
			delete(s.spent, handle)
		}
	}
	s.pruneAt = 2 * (len(s.open) + len(s.spent))
}

// sessionSize makes a Session of about the length of real ones, near 1,000
// characters, so that cookie limits bite.
const sessionSize = 750

func newSession() string { return base64.RawURLEncoding.EncodeToString(randomBytes(sessionSize)) }

// begin starts an attempt; u is nil for a name nobody has. The caller holds the
// lock.
func (p *Pool) begin(c Client, u *User, name string, params map[string]string) *attempt {
	a := &attempt{clientID: c.ID, name: name, deviceKey: params["DEVICE_KEY"]}
	if u == nil {
		a.userID = p.auth.deriveUUID("user id", fold(name))
		return a
	}
	a.sub, a.userID = u.Sub, u.Username
	return a
}

// ask makes next the challenge of the attempt and gives it a fresh Session. The
// caller holds the lock.
func (p *Pool) ask(a *attempt, c Client, next pending, params map[string]string) outcome {
	session := newSession()
	p.await(a, c, session, next)
	return outcome{challenge: next.challenge, params: params, session: session}
}

// await stores the attempt until the answer to the challenge comes.
func (p *Pool) await(a *attempt, c Client, handle string, next pending) {
	now := p.now()
	a.pending, a.wrong, a.expires = next, 0, now.Add(c.AuthSessionValidity)
	p.auth.attempts.keep(handle, a, now)
}
