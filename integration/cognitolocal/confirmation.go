package cognitolocal

import (
	"crypto/subtle"
	"strings"
	"time"
)

// Lifetimes of codes outside a sign-in.
const (
	signUpCodeLifetime   = 24 * time.Hour
	passwordCodeLifetime = time.Hour
)

const (
	wrongConfirmation   = "Invalid verification code provided, please try again."
	expiredConfirmation = "Invalid code provided, please request a code again."
)

// codeKey is a user and what the code is for. A new code replaces the old one.
type codeKey struct{ sub, purpose string }

// confirmation is a code that ConfirmSignUp or ConfirmForgotPassword takes.
type confirmation struct {
	code      string
	attribute string // that it proves
	expires   time.Time
}

type codeDeliveryDetails struct {
	AttributeName  string
	DeliveryMedium string
	Destination    string
}

type codeDeliveryOutput struct{ CodeDeliveryDetails codeDeliveryDetails }

func (d delivery) details() codeDeliveryDetails {
	return codeDeliveryDetails{attributeOf(d.medium), d.medium, d.destination}
}

// sendConfirmation sends a code to the user. The caller holds the lock.
func (p *Pool) sendConfirmation(u *User, medium, purpose string, lifetime time.Duration) codeDeliveryDetails {
	code := digits(mfaDigits)
	p.auth.codes[codeKey{u.Sub, purpose}] = &confirmation{code, attributeOf(medium), p.now().Add(lifetime)}
	return p.deliver(u, medium, purpose, code).details()
}

// useConfirmation takes the code, which works once, and returns the attribute it
// proves. The caller holds the lock.
func (p *Pool) useConfirmation(u *User, purpose, code string) (attribute string, err error) {
	key := codeKey{u.Sub, purpose}
	stored := p.auth.codes[key]
	switch {
	case stored == nil || !p.now().Before(stored.expires):
		return "", expiredCode(expiredConfirmation)
	case subtle.ConstantTimeCompare([]byte(stored.code), []byte(code)) != 1:
		return "", codeMismatch(wrongConfirmation)
	}
	delete(p.auth.codes, key)
	return stored.attribute, nil
}

// pretendedMedium is where the code of a name nobody has would go: what looks
// like a telephone number gets a text message.
func pretendedMedium(name string) string {
	if strings.HasPrefix(name, "+") {
		return mediumSMS
	}
	return mediumEmail
}
