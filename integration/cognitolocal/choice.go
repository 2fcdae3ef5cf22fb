package cognitolocal

import "slices"

// selectable is what PREFERRED_CHALLENGE and the answer to SELECT_CHALLENGE may
// name.
var selectable = []string{FactorPassword, challengePasswordSRP, FactorEmailOTP, FactorSMSOTP, FactorPasskey}

// userAuth is the flow USER_AUTH: the user chooses the first factor.
func (p *Pool) userAuth(c Client, in initiateAuthInput) (outcome, error) {
	params := in.AuthParameters
	name, err := c.signInName(params)
	if err != nil {
		return outcome{}, err
	}
	preferred := params["PREFERRED_CHALLENGE"]
	if preferred != "" && !slices.Contains(selectable, preferred) {
		return outcome{}, invalidParameter("Invalid PREFERRED_CHALLENGE " + preferred)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if in.Session != "" {
		return p.signInAfterSignUp(c, name, in)
	}
	u := p.signInUser(name)
	a := p.begin(c, u, name, params)
	offers := p.offers(a, u)
	switch {
	case len(offers) == 0:
		return outcome{}, u.nothingToOffer()
	case slices.Contains(offers, preferred):
		return p.startFactor(a, u, c, preferred, params)
	}
	// A preference that the user cannot meet is no error.
	return p.askSelect(a, u, c, offers)
}

// nothingToOffer tells a user without any factor as little as a wrong password
// would, unless sign-up is what is missing.
func (u *User) nothingToOffer() error {
	if err := u.maySignIn(); err != nil {
		return err
	}
	return notAuthorized(wrongPassword)
}

// offers lists the first factors of the user. Who has a second factor signs in
// by password, or by a passkey that counts for both. The caller holds the lock.
func (p *Pool) offers(a *attempt, u *User) []string {
	if u == nil {
		return p.pretendedOffers(a)
	}
	s := p.auth.settings
	allowed := func(factor string) bool { return slices.Contains(s.FirstFactors, factor) }
	var out []string
	if u.Password != "" && allowed(FactorPassword) {
		out = append(out, FactorPassword, challengePasswordSRP)
	}
	second := s.MFA == MFARequired || s.MFA == MFAOptional && len(p.mfaOf(u)) > 0
	if len(p.auth.factorsOf(u).passkeys) > 0 && allowed(FactorPasskey) && (!second || s.Passkeys.MultiFactor) {
		out = append(out, FactorPasskey)
	}
	if second {
		return out
	}
	if allowed(FactorEmailOTP) && u.Attributes["email_verified"] == "true" {
		out = append(out, FactorEmailOTP)
	}
	if allowed(FactorSMSOTP) && u.Attributes["phone_number_verified"] == "true" {
		out = append(out, FactorSMSOTP)
	}
	return out
}

// pretendedOffers are those of a name nobody has: some of the pool's. AWS says
// that they are chosen at random; here the name chooses, so that asking twice
// tells nothing.
func (p *Pool) pretendedOffers(a *attempt) []string {
	dice := p.auth.derive("offers", fold(a.name))
	var out []string
	for i, factor := range p.auth.settings.FirstFactors {
		switch {
		case factor == FactorPassword:
			out = append(out, FactorPassword, challengePasswordSRP)
		case dice[i]&1 == 0:
			out = append(out, factor)
		}
	}
	if out == nil {
		return p.auth.settings.FirstFactors[:1]
	}
	return out
}

// startFactor presents a first factor, or judges it at once when the client
// sent what it takes along. The caller holds the lock.
func (p *Pool) startFactor(a *attempt, u *User, c Client, factor string, given map[string]string) (outcome, error) {
	switch {
	case factor == FactorPassword && given["PASSWORD"] != "":
		return p.tryPassword(a, c, given["PASSWORD"])
	case factor == challengePasswordSRP && given["SRP_A"] != "":
		return p.askPasswordVerifier(a, u, c, given["SRP_A"])
	case factor == FactorEmailOTP:
		return p.askCode(a, u, c, FactorEmailOTP, mediumEmail, factorDigits), nil
	case factor == FactorSMSOTP:
		return p.askCode(a, u, c, FactorSMSOTP, mediumSMS, factorDigits), nil
	case factor == FactorPasskey:
		return p.askPasskey(a, u, c)
	}
	return p.ask(a, c, pending{challenge: factor}, map[string]string{"USERNAME": a.userID}), nil
}

// askSelect lists the factors. Where a passkey is among them its challenge goes
// along, since the answer may bring CREDENTIAL at once. The caller holds the
// lock.
func (p *Pool) askSelect(a *attempt, u *User, c Client, offers []string) (outcome, error) {
	next, params := pending{challenge: challengeSelect, options: offers}, map[string]string{}
	if slices.Contains(offers, FactorPasskey) {
		ceremony, options, err := p.passkeyRequest(a, u)
		if err != nil {
			return outcome{}, err
		}
		next.ceremony, params[requestOptions] = ceremony, options
	}
	out := p.ask(a, c, next, params)
	out.options = offers
	if p.auth.variants.NoSelectChallenge {
		out.challenge = ""
	}
	return out, nil
}

// answerSelect starts the factor that the user has selected.
func (p *Pool) answerSelect(c Client, a *attempt, answers map[string]string) (outcome, error) {
	if err := require(answers, "ANSWER"); err != nil {
		return outcome{}, err
	}
	factor := answers["ANSWER"]
	if !slices.Contains(a.pending.options, factor) {
		return outcome{}, invalidParameter("Selected challenge is not available: " + factor)
	}
	if factor == FactorPasskey && answers["CREDENTIAL"] != "" {
		return p.answerPasskey(c, a, answers)
	}
	return p.startFactor(a, p.userBySub(a.sub), c, factor, answers)
}

// answerPassword judges the password of USER_AUTH.
func (p *Pool) answerPassword(c Client, a *attempt, answers map[string]string) (outcome, error) {
	if err := require(answers, "PASSWORD"); err != nil {
		return outcome{}, err
	}
	return p.tryPassword(a, c, answers["PASSWORD"])
}

func (p *Pool) tryPassword(a *attempt, c Client, password string) (outcome, error) {
	// USER_AUTH hides who exists whatever the client's setting is.
	quiet := c
	quiet.LegacyUserErrors = false
	if err := p.checkPassword(p.userBySub(a.sub), quiet, a.name, password); err != nil {
		return outcome{}, err
	}
	return p.pass(a, c, FactorPassword)
}

// answerPasswordSRP starts SRP in USER_AUTH.
func (p *Pool) answerPasswordSRP(c Client, a *attempt, answers map[string]string) (outcome, error) {
	if err := require(answers, "SRP_A"); err != nil {
		return outcome{}, err
	}
	return p.askPasswordVerifier(a, p.userBySub(a.sub), c, answers["SRP_A"])
}
