package cognitolocal

import (
	"fmt"
	"strings"
	"unicode"
)

// PasswordPolicy is what a new password must look like. The zero value is
// Cognito's default: eight characters, and one of each kind.
type PasswordPolicy struct {
	// MinLength is 6 to 99; 0 means 8.
	MinLength int

	// Kinds of characters that need not occur.
	NoUppercase, NoLowercase, NoNumber, NoSymbol bool
}

// Limits of Cognito on a password.
const (
	defaultMinPassword = 8
	leastMinPassword   = 6
	mostMinPassword    = 99
	maxPassword        = 256
)

// passwordSymbols are the characters that count as symbols.
const passwordSymbols = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= "

func (pp PasswordPolicy) withDefaults() PasswordPolicy {
	if pp.MinLength == 0 {
		pp.MinLength = defaultMinPassword
	}
	return pp
}

func (pp PasswordPolicy) validate() error {
	if pp.MinLength < leastMinPassword || pp.MinLength > mostMinPassword {
		return fmt.Errorf("cognitolocal: password length %d: want %d to %d",
			pp.MinLength, leastMinPassword, mostMinPassword)
	}
	return nil
}

// check names the first rule that the password breaks.
func (pp PasswordPolicy) check(password string) error {
	has := func(is func(rune) bool) bool { return strings.ContainsFunc(password, is) }
	switch {
	case len(password) > maxPassword:
		return invalidParameter("Password must have length less than or equal to 256")
	case len([]rune(password)) < pp.MinLength:
		return invalidPassword("Password not long enough")
	case !pp.NoUppercase && !has(unicode.IsUpper):
		return invalidPassword("Password must have uppercase characters")
	case !pp.NoLowercase && !has(unicode.IsLower):
		return invalidPassword("Password must have lowercase characters")
	case !pp.NoNumber && !has(unicode.IsDigit):
		return invalidPassword("Password must have numeric characters")
	case !pp.NoSymbol && !strings.ContainsAny(password, passwordSymbols):
		return invalidPassword("Password must have symbol characters")
	}
	return nil
}

func invalidPassword(rule string) error {
	return &apiError{"InvalidPasswordException", "Password did not conform with policy: " + rule}
}
