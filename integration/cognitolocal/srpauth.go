package cognitolocal

import (
	"crypto/subtle"
	"encoding/base64"
	"math/big"
	"strings"
	"time"
)

// What an answer to PASSWORD_VERIFIER has to keep to. AWS says "within a few
// seconds" of the challenge and nothing of clocks.
const (
	srpPatience  = 30 * time.Second
	srpClockSkew = 5 * time.Minute
)

// srpAuth is the flow USER_SRP_AUTH.
func (p *Pool) srpAuth(c Client, in initiateAuthInput) (outcome, error) {
	params := in.AuthParameters
	name, err := c.signInName(params, "SRP_A")
	if err != nil {
		return outcome{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.signInUser(name)
	if u == nil && c.LegacyUserErrors {
		return outcome{}, userNotFound()
	}
	if err := p.statusFirst(u); err != nil {
		return outcome{}, err
	}
	a := p.begin(c, u, name, params)
	next, err := p.askPasswordVerifier(a, u, c, params["SRP_A"])
	if err != nil || p.auth.variants.SessionWithSRP {
		return next, err
	}
	// Clients of this flow answer without a Session: the SECRET_BLOCK stands
	// for it.
	delete(p.auth.attempts.open, next.session)
	next.session = ""
	p.await(a, c, next.params["SECRET_BLOCK"], a.pending)
	return next, nil
}

// askPasswordVerifier answers SRP_A for the user, or for a name nobody has, in
// the same way. The caller holds the lock.
func (p *Pool) askPasswordVerifier(a *attempt, u *User, c Client, srpA string) (outcome, error) {
	publicA, err := parseSRPA(srpA)
	if err != nil {
		return outcome{}, invalidParameter("Invalid SRP_A")
	}
	x := p.passwordExchange(a, u)
	x.a = publicA
	x.start(new(big.Int).SetBytes(randomBytes(srpSecret)), p.now())
	params := x.params()
	params["USERNAME"], params["USER_ID_FOR_SRP"] = a.userID, a.userID
	return p.ask(a, c, pending{challenge: challengePasswordVerifier, srp: x}, params), nil
}

// passwordExchange is a handshake about the password. The salt is the same
// until the password changes. Where there is none, both are made up: the
// handshake takes its time, and no proof is good.
func (p *Pool) passwordExchange(a *attempt, u *User) *srpExchange {
	x := &srpExchange{identity: p.srpName() + a.userID}
	password := string(p.auth.derive("password", fold(a.name)))
	salt := p.auth.derive("salt", fold(a.name))
	if u != nil && u.Password != "" {
		password = u.Password
		salt = p.auth.derive("salt", u.Sub+u.Password)
	}
	x.salt = new(big.Int).SetBytes(salt[:saltSize])
	x.verifier = srpVerifier(x.salt, x.identity, password)
	return x
}

// srpName is the pool's part of the identity: its ID without the region.
func (p *Pool) srpName() string {
	_, name, _ := strings.Cut(p.id, "_")
	return name
}

// answerPasswordVerifier checks the proof of the password.
func (p *Pool) answerPasswordVerifier(c Client, a *attempt, answers map[string]string) (outcome, error) {
	u := p.userBySub(a.sub)
	key, now := lockoutKey(u, a.name), p.now()
	if p.lockouts.locked(key, now) {
		return outcome{}, notAuthorized(tooManyAttempts)
	}
	ok, err := a.pending.srp.accepts(answers, now)
	if err != nil {
		return outcome{}, err
	}
	if !ok {
		p.lockouts.fail(key, now)
		return outcome{}, notAuthorized(wrongPassword)
	}
	p.lockouts.reset(key)
	return p.pass(a, c, FactorPassword)
}

// accepts judges the answer to a verifier challenge. The error is for answers
// that could not be judged.
func (x *srpExchange) accepts(answers map[string]string, now time.Time) (bool, error) {
	if err := require(answers, "PASSWORD_CLAIM_SIGNATURE", "PASSWORD_CLAIM_SECRET_BLOCK", "TIMESTAMP"); err != nil {
		return false, err
	}
	timestamp := answers["TIMESTAMP"]
	at, err := time.Parse(srpTimestamp, timestamp)
	// Parsing alone would take "Jan 06" for "Jan 6".
	if err != nil || at.Format(srpTimestamp) != timestamp {
		return false, invalidParameter("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
	}
	block, err := base64.StdEncoding.DecodeString(answers["PASSWORD_CLAIM_SECRET_BLOCK"])
	sameBlock := err == nil && subtle.ConstantTimeCompare(block, x.block) == 1
	inTime := now.Sub(x.began) <= srpPatience && now.Sub(at).Abs() <= srpClockSkew
	proven := x.proves(answers["PASSWORD_CLAIM_SIGNATURE"], timestamp)
	return sameBlock && inTime && proven, nil
}
