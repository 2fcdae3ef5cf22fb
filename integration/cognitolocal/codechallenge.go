package cognitolocal

import "crypto/subtle"

// Lengths of codes. First factors get longer ones: there is no password before
// them.
const (
	mfaDigits    = 6
	factorDigits = 8
)

// askCode sends a code and asks for it. U is nil for a name nobody has. The
// caller holds the lock.
func (p *Pool) askCode(a *attempt, u *User, c Client, challenge, medium string, length int) outcome {
	code, to := "", p.pretend(a.name, medium)
	if u != nil {
		code = digits(length)
		to = p.deliver(u, medium, challenge, code)
	}
	return p.ask(a, c, pending{challenge: challenge, code: code, sentTo: to}, map[string]string{
		"CODE_DELIVERY_DELIVERY_MEDIUM": to.medium, "CODE_DELIVERY_DESTINATION": to.destination,
		"USER_ID_FOR_SRP": a.userID,
	})
}

// codeResponder judges a code that was sent, found in the given answer.
func codeResponder(answer string) responder {
	return func(p *Pool, c Client, a *attempt, answers map[string]string) (outcome, error) {
		if err := require(answers, answer); err != nil {
			return outcome{}, err
		}
		right := subtle.ConstantTimeCompare([]byte(a.pending.code), []byte(answers[answer])) == 1
		if err := p.countCode(a, right, "Invalid code or auth state for the user."); err != nil {
			return outcome{}, err
		}
		return p.passCode(a, c)
	}
}

// countCode lets wrong codes lock the user as wrong passwords do. They are
// counted apart, so that a right password does not make room for more codes.
// The caller holds the lock.
func (p *Pool) countCode(a *attempt, right bool, message string) error {
	key, now := codeLockoutKey(a), p.now()
	if p.lockouts.locked(key, now) {
		return notAuthorized(tooManyAttempts)
	}
	if right {
		p.lockouts.reset(key)
		return nil
	}
	a.wrong++
	p.lockouts.fail(key, now)
	return codeMismatch(message)
}

// codeLockoutKey cannot be a folded name: those have no upper case.
func codeLockoutKey(a *attempt) string { return "CODE " + fold(a.userID) }

// passCode goes on after a right code, as a first factor or as a second one. A
// code that arrived proves the address. The caller holds the lock.
func (p *Pool) passCode(a *attempt, c Client) (outcome, error) {
	factor := a.pending.challenge
	if u := p.userBySub(a.sub); u != nil {
		u.verify(attributeOf(mediumOf(factor)))
	}
	if a.first == "" {
		return p.pass(a, c, factor)
	}
	a.mfaDone = true
	return p.advance(a, c)
}

func mediumOf(challenge string) string {
	if challenge == SMSMFA || challenge == FactorSMSOTP {
		return mediumSMS
	}
	return mediumEmail
}

// verify marks an address of the user as verified.
func (u *User) verify(attribute string) {
	if u.Attributes[attribute] != "" {
		u.Attributes[attribute+"_verified"] = "true"
	}
}
