package cognitolocal

import "crypto/subtle"

// customRun is where a CUSTOM_AUTH sign-in stands.
type customRun struct {
	withSRP bool
	round   int // the one to be answered
	wrong   int
}

// customAuth is the flow CUSTOM_AUTH.
func (p *Pool) customAuth(c Client, in initiateAuthInput) (outcome, error) {
	params := in.AuthParameters
	name, err := c.signInName(params)
	if err != nil {
		return outcome{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	rules := p.auth.settings.CustomAuth
	if rules == nil {
		return outcome{}, invalidParameter("Custom auth lambda trigger is not configured for the user pool.")
	}
	u := p.signInUser(name)
	if u == nil && c.LegacyUserErrors {
		return outcome{}, userNotFound()
	}
	a := p.begin(c, u, name, params)
	a.custom = &customRun{withSRP: params["CHALLENGE_NAME"] == "SRP_A"}
	if a.custom.withSRP {
		if err := require(params, "SRP_A"); err != nil {
			return outcome{}, err
		}
		return p.askPasswordVerifier(a, u, c, params["SRP_A"])
	}
	if rules.PasswordFirst {
		return outcome{}, notAuthorized(wrongPassword) // failAuthentication
	}
	return p.nextRound(a, c)
}

// nextRound goes on after an answer. Triggers are called for names nobody has,
// too, with userNotFound set. The caller holds the lock.
func (p *Pool) nextRound(a *attempt, c Client) (outcome, error) {
	if a.sub != "" {
		return p.advance(a, c)
	}
	next, err := p.customStage(a, nil, c)
	if err != nil {
		return outcome{}, err
	}
	return *next, nil
}

// customStage presents the round that is to be answered.
func (p *Pool) customStage(a *attempt, _ *User, c Client) (*outcome, error) {
	rules := p.auth.settings.CustomAuth
	switch {
	case a.custom == nil:
		return nil, nil
	case rules == nil: // taken away meanwhile
		return nil, notAuthorized(wrongPassword)
	case rules.DefineError != "":
		return nil, lambdaFailed("DefineAuthChallenge", rules.DefineError)
	case a.custom.round >= len(rules.Rounds):
		return nil, nil // issueTokens
	}
	round := rules.Rounds[a.custom.round]
	if round.CreateError != "" {
		return nil, lambdaFailed("CreateAuthChallenge", round.CreateError)
	}
	params := map[string]string{"USERNAME": a.userID}
	for name, value := range round.Parameters {
		params[name] = value
	}
	next := p.ask(a, c, pending{challenge: challengeCustom}, params)
	return &next, nil
}

// answerCustom judges an answer. A wrong one leads to a new challenge, with a
// new Session, and not to an error.
func (p *Pool) answerCustom(c Client, a *attempt, answers map[string]string) (outcome, error) {
	if err := require(answers, "ANSWER"); err != nil {
		return outcome{}, err
	}
	rules := p.auth.settings.CustomAuth
	if rules == nil || a.custom.round >= len(rules.Rounds) { // replaced meanwhile
		return outcome{}, notAuthorized(wrongPassword)
	}
	round := rules.Rounds[a.custom.round]
	if round.VerifyError != "" {
		return outcome{}, lambdaFailed("VerifyAuthChallengeResponse", round.VerifyError)
	}
	right, ok := round.right(p.userBySub(a.sub))
	if ok && subtle.ConstantTimeCompare([]byte(right), []byte(answers["ANSWER"])) == 1 {
		a.custom.round++
		return p.nextRound(a, c)
	}
	if a.custom.wrong++; a.custom.wrong >= rules.Tries {
		return outcome{}, notAuthorized(wrongPassword) // failAuthentication
	}
	return p.nextRound(a, c)
}
