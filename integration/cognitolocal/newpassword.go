package cognitolocal

import (
	"slices"
	"strings"
)

// attributePrefix stands before the attributes of NEW_PASSWORD_REQUIRED.
const attributePrefix = "userAttributes."

// newPasswordStage makes a user with a temporary password choose one.
func (p *Pool) newPasswordStage(a *attempt, u *User, c Client) (*outcome, error) {
	if u.Status != ForceChangePassword || a.first != FactorPassword {
		return nil, nil
	}
	if !u.PasswordExpires.IsZero() && !p.now().Before(u.PasswordExpires) {
		return nil, notAuthorized("Temporary password has expired and must be reset by an administrator.")
	}
	shown := map[string]string{}
	for name, value := range u.Attributes {
		if c.mayRead(name) {
			shown[name] = value
		}
	}
	missing := []string{}
	for _, name := range p.missingAttributes(u.Attributes) {
		missing = append(missing, attributePrefix+name)
	}
	next := p.ask(a, c, pending{challenge: challengeNewPassword}, map[string]string{
		"userAttributes": jsonText(shown), "requiredAttributes": jsonText(missing), "USER_ID_FOR_SRP": a.userID,
	})
	return &next, nil
}

// missingAttributes lists the required attributes without a value. The caller
// holds the lock.
func (p *Pool) missingAttributes(given map[string]string) []string {
	return slices.DeleteFunc(slices.Clone(p.auth.settings.RequiredAttributes),
		func(name string) bool { return given[name] != "" })
}

// answerNewPassword sets the password and the attributes, or nothing.
func (p *Pool) answerNewPassword(c Client, a *attempt, answers map[string]string) (outcome, error) {
	if err := require(answers, "NEW_PASSWORD"); err != nil {
		return outcome{}, err
	}
	u := p.userBySub(a.sub)
	if u == nil {
		return outcome{}, notAuthorized(invalidSession)
	}
	given := map[string]string{}
	for name, value := range answers {
		if bare, ok := strings.CutPrefix(name, attributePrefix); ok {
			given[bare] = value
		}
	}
	if err := p.auth.settings.Passwords.check(answers["NEW_PASSWORD"]); err != nil {
		return outcome{}, err
	}
	if err := p.checkGiven(u, given); err != nil {
		return outcome{}, err
	}
	for name, value := range given {
		u.setAttribute(name, value)
	}
	u.Password, u.Status = answers["NEW_PASSWORD"], Confirmed
	return p.advance(a, c)
}

// checkGiven refuses attributes that this challenge must not set, and the lack
// of those that it must.
func (p *Pool) checkGiven(u *User, given map[string]string) error {
	if err := checkAttributes(given); err != nil {
		return invalidParameter("Attributes did not conform to the schema")
	}
	for name := range given {
		if strings.HasSuffix(name, "_verified") {
			return invalidParameter("Cannot modify " + name)
		}
		if u.Attributes[name] != "" && slices.Contains(p.auth.settings.RequiredAttributes, name) {
			return invalidParameter("Cannot modify an already provided " + name)
		}
	}
	for _, name := range p.missingAttributes(u.Attributes) {
		if given[name] == "" {
			return invalidParameter("Invalid attributes given, " + name + " is missing")
		}
	}
	return nil
}
