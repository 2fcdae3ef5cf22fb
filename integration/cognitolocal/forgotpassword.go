package cognitolocal

const purposeForgotPassword = "ForgotPassword"

// accountInput is the input of the operations on an account that need no token.
type accountInput struct {
	ClientID           string `json:"ClientId"`
	Username           string
	SecretHash         string
	ConfirmationCode   string
	Password           string
	ForceAliasCreation bool
	Session            string
	UserAttributes     []attribute
}

// account returns the client, when the request names it and the user.
func (p *Pool) account(in accountInput) (Client, error) {
	c, err := p.client(in.ClientID)
	if err != nil {
		return c, err
	}
	if in.Username == "" {
		return c, invalidParameter("Missing required parameter Username")
	}
	return c, c.checkSecretHash(in.SecretHash, in.Username)
}

// forgotPassword sends a code to the verified address or number of the user.
func (p *Pool) forgotPassword(in accountInput) (any, error) {
	c, err := p.account(in)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.signInUser(in.Username)
	if err := p.auth.spend(quotaForgotPassword, lockoutKey(u, in.Username), p.now()); err != nil {
		return nil, err
	}
	medium, err := p.recoveryMedium(u)
	switch {
	case err == nil:
		details := p.sendConfirmation(u, medium, purposeForgotPassword, passwordCodeLifetime)
		return codeDeliveryOutput{details}, nil
	case c.LegacyUserErrors || u != nil && u.Status == ForceChangePassword:
		return nil, err
	}
	return codeDeliveryOutput{p.pretend(in.Username, pretendedMedium(in.Username)).details()}, nil
}

// recoveryMedium is where a user can recover the password. The caller holds the
// lock.
func (p *Pool) recoveryMedium(u *User) (string, error) {
	switch {
	case u == nil:
		return "", userNotFound()
	case u.Disabled:
		return "", notAuthorized(userDisabled)
	case u.Status == ForceChangePassword:
		return "", notAuthorized("User password cannot be reset in the current state.")
	case u.Attributes["email"] != "" && u.Attributes["email_verified"] == "true":
		return mediumEmail, nil
	case u.Attributes["phone_number"] != "" && u.Attributes["phone_number_verified"] == "true":
		return mediumSMS, nil
	}
	return "", invalidParameter(
		"Cannot reset password for the user as there is no registered/verified email or phone_number")
}

// confirmForgotPassword sets a new password for a code. Sessions go on.
func (p *Pool) confirmForgotPassword(in accountInput) (any, error) {
	c, err := p.account(in)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.signInUser(in.Username)
	key := lockoutKey(u, in.Username)
	if err := p.auth.spend(quotaConfirmForgotPassword, key, p.now()); err != nil {
		return nil, err
	}
	if u == nil || u.Disabled {
		return nil, c.stranger(u)
	}
	// The policy comes first: who mistypes the password keeps the code.
	if err := p.auth.settings.Passwords.check(in.Password); err != nil {
		return nil, err
	}
	if _, err := p.useConfirmation(u, purposeForgotPassword, in.ConfirmationCode); err != nil {
		return nil, err
	}
	u.Password = in.Password
	if u.Status == ResetRequired {
		u.Status = Confirmed
	}
	p.lockouts.reset(key)
	return struct{}{}, nil
}

// stranger is the answer of the confirming operations for somebody who does not
// exist or is disabled.
func (c Client) stranger(u *User) error {
	switch {
	case !c.LegacyUserErrors:
		return codeMismatch(wrongConfirmation)
	case u == nil:
		return userNotFound()
	}
	return notAuthorized(userDisabled)
}
