package cognitolocal

import "errors"

// errNoApp is returned for a user without an authenticator app.
var errNoApp = errors.New("cognitolocal: the user has no TOTP secret")

// CurrentTOTP returns a code of the user's authenticator app that the pool takes
// now. It is the one that the app shows, unless that was used already: a code
// works once, and then it is the next one, which the pool takes half a minute
// early. After two sign-ins in the same half minute there is none left, and the
// code of that moment is refused.
func (p *Pool) CurrentTOTP(username string) (string, error) {
	var code string
	err := p.changeUser(username, func(u *User) (err error) {
		if u.TOTPSecret == "" {
			return errNoApp
		}
		at := p.now()
		if p.auth.factorsOf(u).totpStep >= totpStep(at) {
			at = at.Add(totpWindow * totpPeriod)
		}
		code, err = TOTP(u.TOTPSecret, at)
		return err
	})
	return code, err
}

// NewTOTPSecret returns a random secret for User.TOTPSecret, of the length of
// Cognito's.
func NewTOTPSecret() string { return newTOTPSecret() }
