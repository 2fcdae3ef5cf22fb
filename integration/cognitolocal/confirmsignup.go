package cognitolocal

import "strings"

type confirmSignUpOutput struct {
	Session string `json:",omitempty"`
}

// confirmSignUp takes the code of SignUp or ResendConfirmationCode.
func (p *Pool) confirmSignUp(in accountInput) (any, error) {
	c, err := p.account(in)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.signInUser(in.Username)
	if err := p.auth.spend(quotaConfirmSignUp, lockoutKey(u, in.Username), p.now()); err != nil {
		return nil, err
	}
	switch {
	case u == nil || u.Disabled:
		return nil, c.stranger(u)
	case u.Status != Unconfirmed:
		return nil, notAuthorized("User cannot be confirmed. Current status is CONFIRMED")
	}
	if err := p.confirm(u, in); err != nil {
		return nil, err
	}
	return p.continueSignUp(c, u, in)
}

// confirm uses the code. An address can be the verified alias of one user only.
// The caller holds the lock.
func (p *Pool) confirm(u *User, in accountInput) error {
	key := codeKey{u.Sub, purposeSignUp}
	stored := p.auth.codes[key]
	attribute, err := p.useConfirmation(u, purposeSignUp, in.ConfirmationCode)
	if err != nil {
		return err
	}
	if other := p.aliasOwner(u, attribute); other != nil {
		if !in.ForceAliasCreation {
			p.auth.codes[key] = stored
			return &apiError{"AliasExistsException",
				"An account with the " + strings.ReplaceAll(attribute, "_", " ") + " already exists."}
		}
		other.Attributes[attribute+"_verified"] = "false"
	}
	u.verify(attribute)
	u.Status = Confirmed
	return nil
}

// aliasOwner is another user whose verified alias the address is, or nil. The
// caller holds the lock.
func (p *Pool) aliasOwner(u *User, attribute string) *User {
	for _, alias := range p.aliases {
		if alias != attribute {
			continue
		}
		for _, other := range p.users {
			if other != u && other.hasAlias(attribute, u.Attributes[attribute]) {
				return other
			}
		}
	}
	return nil
}

// continueSignUp exchanges the Session of SignUp, when there is one, for one
// that signs in. The caller holds the lock.
func (p *Pool) continueSignUp(c Client, u *User, in accountInput) (any, error) {
	if in.Session == "" {
		return confirmSignUpOutput{}, nil
	}
	a, err := p.auth.attempts.claim(in.Session, c.ID, challengeSignedUp, p.now())
	if err != nil || a.sub != u.Sub {
		// The user is confirmed all the same, and signs in the usual way.
		return confirmSignUpOutput{}, nil
	}
	return confirmSignUpOutput{p.signUpSession(c, u, in.Username, challengeConfirmed)}, nil
}

// resendConfirmationCode sends the code of sign-up anew.
func (p *Pool) resendConfirmationCode(in accountInput) (any, error) {
	c, err := p.account(in)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.signInUser(in.Username)
	if err := p.auth.spend(quotaResendCode, lockoutKey(u, in.Username), p.now()); err != nil {
		return nil, err
	}
	switch {
	case u == nil && c.LegacyUserErrors:
		return nil, userNotFound()
	case u == nil || u.Disabled && !c.LegacyUserErrors:
		return codeDeliveryOutput{p.pretend(in.Username, pretendedMedium(in.Username)).details()}, nil
	case u.Disabled:
		return nil, notAuthorized(userDisabled)
	case u.Status != Unconfirmed:
		return nil, invalidParameter("User is already confirmed.")
	}
	medium := p.verifyMedium(u)
	if medium == "" {
		return nil, invalidParameter("Auto verification not turned on.")
	}
	return codeDeliveryOutput{p.sendConfirmation(u, medium, purposeSignUp, signUpCodeLifetime)}, nil
}
