package cognitolocal

import "slices"

const codeUsed = "Your software token has already been used once."

// answerSoftwareToken judges a code of the authenticator app. A code that was
// used is refused, also by another sign-in.
func (p *Pool) answerSoftwareToken(c Client, a *attempt, answers map[string]string) (outcome, error) {
	if err := require(answers, "SOFTWARE_TOKEN_MFA_CODE"); err != nil {
		return outcome{}, err
	}
	u := p.userBySub(a.sub)
	if u == nil || u.TOTPSecret == "" {
		return outcome{}, noSoftwareToken()
	}
	f := p.auth.factorsOf(u)
	step, right := matchTOTP(u.TOTPSecret, answers["SOFTWARE_TOKEN_MFA_CODE"], p.now())
	if err := p.countCode(a, right, "Invalid code received for user"); err != nil {
		return outcome{}, err
	}
	if step <= f.totpStep {
		return outcome{}, expiredCode(codeUsed)
	}
	f.totpStep, a.mfaDone = step, true
	return p.advance(a, c)
}

func noSoftwareToken() error {
	return &apiError{"SoftwareTokenMFANotFoundException", "Software token MFA has not been set up for the user."}
}

type softwareTokenInput struct {
	AccessToken        string
	Session            string
	UserCode           string
	FriendlyDeviceName string
}

type associateOutput struct {
	SecretCode string
	Session    string `json:",omitempty"`
}

type verifyTokenOutput struct {
	Status  string
	Session string `json:",omitempty"`
}

// associateSoftwareToken makes a secret, for a user who is signed in or one in
// the middle of MFA_SETUP.
func (p *Pool) associateSoftwareToken(in softwareTokenInput) (any, error) {
	secret := newTOTPSecret()
	if in.AccessToken == "" {
		session, err := p.duringSetup(in.Session, func(a *attempt) error {
			a.pending.newTOTP, a.pending.verified = secret, false
			return nil
		})
		return associateOutput{secret, session}, err
	}
	return p.asOwner(in.AccessToken, func(u *User, _ Client) (any, error) {
		p.auth.factorsOf(u).newTOTP = secret
		return associateOutput{SecretCode: secret}, nil
	})
}

// verifySoftwareToken checks the first code of a new secret.
func (p *Pool) verifySoftwareToken(in softwareTokenInput) (any, error) {
	if in.AccessToken == "" {
		session, err := p.duringSetup(in.Session, func(a *attempt) error {
			return p.verifyForSetup(a, in)
		})
		return verifyTokenOutput{"SUCCESS", session}, err
	}
	return p.asOwner(in.AccessToken, func(u *User, _ Client) (any, error) {
		f := p.auth.factorsOf(u)
		if err := p.checkFirstCode(f, f.newTOTP, in.UserCode); err != nil {
			return nil, err
		}
		u.TOTPSecret, f.newTOTP, f.totpName = f.newTOTP, "", in.FriendlyDeviceName
		return verifyTokenOutput{Status: "SUCCESS"}, nil
	})
}

// verifyForSetup notes the proof in the attempt: MFA_SETUP switches the factor
// on.
func (p *Pool) verifyForSetup(a *attempt, in softwareTokenInput) error {
	u := p.userBySub(a.sub)
	if u == nil {
		return notAuthorized(invalidSession)
	}
	f := p.auth.factorsOf(u)
	if err := p.checkFirstCode(f, a.pending.newTOTP, in.UserCode); err != nil {
		a.wrong++
		return err
	}
	a.pending.verified, f.totpName = true, in.FriendlyDeviceName
	return nil
}

// checkFirstCode is called with the lock held.
func (p *Pool) checkFirstCode(f *factors, secret, code string) error {
	if secret == "" {
		return noSoftwareToken()
	}
	if code == "" {
		return invalidParameter("Missing required parameter UserCode")
	}
	step, ok := matchTOTP(secret, code, p.now())
	if !ok {
		return &apiError{"EnableSoftwareTokenMFAException", "Code mismatch"}
	}
	f.totpStep = step
	return nil
}

// duringSetup runs a step of MFA_SETUP that is not an answer to it, and returns
// the next Session.
func (p *Pool) duringSetup(session string, run func(*attempt) error) (string, error) {
	if session == "" {
		return "", invalidParameter("Either AccessToken or Session is required")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a, err := p.auth.attempts.claim(session, anyClient, challengeMFASetup, p.now())
	if err != nil {
		return "", err
	}
	if err := run(a); err != nil {
		if a.wrong < maxWrongCodes && p.mayCorrect(a, err) {
			p.auth.attempts.putBack(session, a)
		}
		return "", err
	}
	return p.ask(a, p.clients[a.clientID], a.pending, nil).session, nil
}

// askMFASetup makes the user set a second factor up. The caller holds the lock.
func (p *Pool) askMFASetup(a *attempt, c Client) outcome {
	next := pending{challenge: challengeMFASetup}
	if a.hosted {
		next.newTOTP = newTOTPSecret() // the page shows it at once
	}
	return p.ask(a, c, next, map[string]string{
		"MFAS_CAN_SETUP": jsonText(p.auth.settings.MFATypes), "USER_ID_FOR_SRP": a.userID,
	})
}

// answerMFASetup switches on what the user has set up: an authenticator app
// that VerifySoftwareToken has seen a code of, or an e-mail address, which gets
// a code first.
func (p *Pool) answerMFASetup(c Client, a *attempt, answers map[string]string) (outcome, error) {
	u := p.userBySub(a.sub)
	if u == nil {
		return outcome{}, notAuthorized(invalidSession)
	}
	types := p.auth.settings.MFATypes
	switch address := answers["EMAIL"]; {
	case a.pending.verified && slices.Contains(types, SoftwareTokenMFA):
		u.TOTPSecret = a.pending.newTOTP
		u.switchOn(SoftwareTokenMFA)
		if p.auth.variants.CodeAfterSetup {
			return p.askMFA(a, u, c, SoftwareTokenMFA), nil
		}
		a.mfaDone = true
		return p.advance(a, c)
	case address != "" && slices.Contains(types, EmailMFA):
		u.setAttribute("email", address)
		u.switchOn(EmailMFA)
		return p.askMFA(a, u, c, EmailMFA), nil
	}
	return outcome{}, noSoftwareToken()
}

// switchOn makes the factor one of the user's, and the preferred one where
// there is none yet.
func (u *User) switchOn(factor string) {
	if !slices.Contains(u.MFA, factor) {
		u.MFA = append(u.MFA, factor)
	}
	if u.PreferredMFA == "" {
		u.PreferredMFA = factor
	}
}

// setAttribute changes an attribute. A new address is not verified.
func (u *User) setAttribute(name, value string) {
	if u.Attributes == nil {
		u.Attributes = map[string]string{}
	}
	u.Attributes[name] = value
	if slices.Contains(verifiable, name) {
		u.Attributes[name+"_verified"] = "false"
	}
}
