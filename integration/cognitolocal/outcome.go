package cognitolocal

// outcome is what a step of a sign-in leads to: a challenge, or tokens.
type outcome struct {
	challenge string
	params    map[string]string
	session   string
	options   []string // of SELECT_CHALLENGE

	signedIn  *grant
	newDevice *newDeviceMetadata

	atPage *hostedSignIn // instead of tokens, at the hosted pages
	cookie string        // of atPage
}

// challengeOutput is the answer that asks for more.
type challengeOutput struct {
	ChallengeName       string            `json:",omitempty"`
	ChallengeParameters map[string]string `json:",omitzero"`
	Session             string            `json:",omitempty"`
	AvailableChallenges []string          `json:",omitempty"`
}

// granted is the outcome of a flow that has no challenges.
func granted(g grant, err error) (outcome, error) {
	return outcome{signedIn: &g}, err
}

// answer signs tokens or presents the challenge. It runs without the lock.
func (p *Pool) answer(o outcome) (any, error) {
	if o.signedIn == nil {
		return challengeOutput{o.challenge, o.params, o.session, o.options}, nil
	}
	out, err := p.tokens(*o.signedIn)
	if err != nil {
		return nil, err
	}
	out.AuthenticationResult.NewDeviceMetadata = o.newDevice
	out.ChallengeParameters = map[string]string{}
	return out, nil
}
