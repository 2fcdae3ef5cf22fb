package cognitolocal

import "slices"

const purposeSignUp = "SignUp"

// challengeSignedUp is what the Session of SignUp and ConfirmSignUp waits for.
// It is no challenge of the API: InitiateAuth takes the Session.
const (
	challengeSignedUp  = "SIGNED_UP"
	challengeConfirmed = "SIGN_UP_CONFIRMED"
)

type signUpOutput struct {
	CodeDeliveryDetails *codeDeliveryDetails `json:",omitempty"`
	Session             string               `json:",omitempty"`
	UserConfirmed       bool
	UserSub             string
}

// signUp makes an unconfirmed user and sends a code to the address to verify.
func (p *Pool) signUp(in accountInput) (any, error) {
	c, err := p.account(in)
	if err != nil {
		return nil, err
	}
	u := User{Username: in.Username, Password: in.Password, Attributes: map[string]string{}, Status: Unconfirmed}
	for _, a := range in.UserAttributes {
		u.Attributes[a.Name] = a.Value
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.checkSignUp(u); err != nil {
		return nil, err
	}
	if _, err := p.addUser(u); err != nil {
		return nil, &apiError{"UsernameExistsException", "User already exists"}
	}
	stored := p.user(u.Username)
	out := signUpOutput{UserSub: stored.Sub}
	if medium := p.verifyMedium(stored); medium != "" {
		out.CodeDeliveryDetails = new(p.sendConfirmation(stored, medium, purposeSignUp, signUpCodeLifetime))
	}
	if slices.Contains(c.AuthFlows, AllowUserAuth) {
		out.Session = p.signUpSession(c, stored, in.Username, challengeSignedUp)
	}
	return out, nil
}

// checkSignUp judges what the user has chosen. Without a password there must be
// another way in. The caller holds the lock.
func (p *Pool) checkSignUp(u User) error {
	s := p.auth.settings
	passwordless := slices.Contains(s.FirstFactors, FactorEmailOTP) || slices.Contains(s.FirstFactors, FactorSMSOTP)
	if u.Password != "" || !passwordless {
		if err := s.Passwords.check(u.Password); err != nil {
			return err
		}
	}
	for _, name := range []string{"email_verified", "phone_number_verified"} {
		if u.Attributes[name] != "" {
			return notAuthorized("A client attempted to write unauthorized attribute")
		}
	}
	if missing := p.missingAttributes(u.Attributes); len(missing) > 0 {
		return invalidParameter("Attributes did not conform to the schema: " + missing[0] + ": The attribute is required")
	}
	if checkAttributes(u.Attributes) != nil {
		return invalidParameter("Attributes did not conform to the schema")
	}
	return nil
}

// verifyMedium is where sign-up sends its code, or "". The caller holds the
// lock.
func (p *Pool) verifyMedium(u *User) string {
	for _, attribute := range p.auth.settings.Verify {
		if u.Attributes[attribute] == "" {
			continue
		}
		if attribute == "phone_number" {
			return mediumSMS
		}
		return mediumEmail
	}
	return ""
}

// signUpSession lets a user who signs up go on to USER_AUTH. The caller holds
// the lock.
func (p *Pool) signUpSession(c Client, u *User, name, state string) string {
	return p.ask(p.begin(c, u, name, nil), c, pending{challenge: state}, nil).session
}

// signInAfterSignUp is USER_AUTH with the Session of ConfirmSignUp: the code
// that confirmed the user has signed them in as well. The caller holds the
// lock.
func (p *Pool) signInAfterSignUp(c Client, name string, in initiateAuthInput) (outcome, error) {
	a, err := p.auth.attempts.claim(in.Session, c.ID, challengeConfirmed, p.now())
	if err != nil {
		return outcome{}, err
	}
	if !p.belongs(a, name) {
		return outcome{}, notAuthorized(invalidSession)
	}
	return p.pass(a, c, challengeConfirmed)
}
