package cognitolocal

import "crypto/subtle"

// Messages of a refused sign-in, as clients see them today.
const (
	wrongPassword   = "Incorrect username or password."
	tooManyAttempts = "Password attempts exceeded"
	userDisabled    = "User is disabled."
)

// passwordAuth is the flow USER_PASSWORD_AUTH.
func (p *Pool) passwordAuth(c Client, in initiateAuthInput) (outcome, error) {
	params := in.AuthParameters
	name, err := c.signInName(params, "PASSWORD")
	if err != nil {
		return outcome{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.signInUser(name)
	if err := p.checkPassword(u, c, name, params["PASSWORD"]); err != nil {
		return outcome{}, err
	}
	return p.pass(p.begin(c, u, name, params), c, FactorPassword)
}

// signInName returns the name of a sign-in, when it and the other parameters
// that the flow needs are there.
func (c Client) signInName(params map[string]string, needed ...string) (string, error) {
	if err := require(params, append([]string{"USERNAME"}, needed...)...); err != nil {
		return "", err
	}
	// For sign-in the hash covers the name exactly as it was sent.
	name := params["USERNAME"]
	return name, c.checkSecretHash(params["SECRET_HASH"], name)
}

func require(params map[string]string, names ...string) error {
	for _, name := range names {
		if params[name] == "" {
			return invalidParameter("Missing required parameter " + name)
		}
	}
	return nil
}

// checkPassword counts failures and decides whether the user may sign in; u is
// nil for a name nobody has. The caller holds the lock.
func (p *Pool) checkPassword(u *User, c Client, name, password string) error {
	now, key := p.now(), lockoutKey(u, name)
	if p.lockouts.locked(key, now) {
		return notAuthorized(tooManyAttempts)
	}
	if u == nil && c.LegacyUserErrors {
		return userNotFound()
	}
	if err := p.statusFirst(u); err != nil {
		return err
	}
	if u == nil || u.Password == "" ||
		subtle.ConstantTimeCompare([]byte(u.Password), []byte(password)) != 1 {
		p.lockouts.fail(key, now)
		return notAuthorized(wrongPassword)
	}
	p.lockouts.reset(key)
	return u.maySignIn()
}

// statusFirst is for the variant StatusFirst.
func (p *Pool) statusFirst(u *User) error {
	if !p.auth.variants.StatusFirst || u == nil || u.Disabled {
		return nil
	}
	return u.maySignIn()
}

// lockoutKey is the username where there is one, so that an alias does not
// bring five more attempts.
func lockoutKey(u *User, name string) string {
	if u != nil {
		return fold(u.Username)
	}
	return fold(name)
}

// maySignIn is asked after the password was right: before that, the answer
// would tell strangers about the user.
func (u *User) maySignIn() error {
	switch {
	case u.Disabled:
		return notAuthorized(userDisabled)
	case u.Status == Unconfirmed:
		return &apiError{"UserNotConfirmedException", "User is not confirmed."}
	case u.Status == ResetRequired:
		return &apiError{"PasswordResetRequiredException", "Password reset required for the user"}
	}
	return nil
}
