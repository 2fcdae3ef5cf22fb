package cognitolocal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// UserStatus is the part of a user's life cycle that decides about sign-in.
type UserStatus int

// The user states. The zero value is a user who can sign in.
const (
	Confirmed UserStatus = iota
	Unconfirmed
	ResetRequired
	// ForceChangePassword is a user whom an administrator made: the password is
	// temporary.
	ForceChangePassword
)

// User is one user of the pool.
type User struct {
	// Username is the immutable name (cognito:username). Lookups ignore case,
	// as in pools made since 2020.
	Username string

	// Sub is the subject, a UUID. Empty: AddUser makes one.
	Sub string

	// Password is compared as it is. User returns users without it.
	Password string

	// Attributes are standard attributes by their OIDC names and "custom:…"
	// ones. All values are strings, "true" and "false" for *_verified.
	Attributes map[string]string

	// Groups are names given to AddGroup before.
	Groups []string

	// Disabled users can neither sign in nor refresh, nor use a token at the
	// API; a verifier that works offline sees no difference.
	Disabled bool

	// Status is Confirmed unless set.
	Status UserStatus

	// PasswordExpires is the end of a temporary password. Zero: never.
	PasswordExpires time.Time

	// MFA are the second factors that are switched on, such as SMSMFA, and
	// PreferredMFA the one of them that is asked for. Codes go to phone_number
	// and email, verified or not.
	MFA          []string
	PreferredMFA string

	// TOTPSecret is the secret of the authenticator app in base32, which
	// SoftwareTokenMFA needs. User returns users without it.
	TOTPSecret string
}

// standardAttributes are the attributes every pool has.
var standardAttributes = []string{
	"address", "birthdate", "email", "email_verified", "family_name", "gender",
	"given_name", "locale", "middle_name", "name", "nickname", "phone_number",
	"phone_number_verified", "picture", "preferred_username", "profile",
	"updated_at", "website", "zoneinfo",
}

// maxAttributeLength is Cognito's limit on an attribute value.
const maxAttributeLength = 2048

// errNoUser is returned by mutators and by minting.
var errNoUser = errors.New("cognitolocal: no such user")

// fold is the key of a username.
func fold(username string) string { return strings.ToLower(username) }

func (u *User) clone() User {
	c := *u
	c.Attributes = maps.Clone(u.Attributes)
	c.Groups = slices.Clone(u.Groups)
	c.MFA = slices.Clone(u.MFA)
	return c
}

// hasAlias reports whether name is the user's value of the alias attribute. An
// unverified address is no alias: anybody could claim it.
func (u *User) hasAlias(attribute, name string) bool {
	if name == "" || !strings.EqualFold(u.Attributes[attribute], name) {
		return false
	}
	return attribute == "preferred_username" || u.Attributes[attribute+"_verified"] == "true"
}

// AddUser adds a user and returns the subject. It fails for a name or subject
// in use, an unknown group and an attribute Cognito does not have.
func (p *Pool) AddUser(u User) (sub string, err error) {
	if u.Username == "" {
		return "", errors.New("cognitolocal: user: the username is required")
	}
	if err := checkAttributes(u.Attributes); err != nil {
		return "", err
	}
	if err := u.checkMFA(); err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.addUser(u)
}

// addUser is AddUser with the lock held.
func (p *Pool) addUser(u User) (sub string, err error) {
	if u.Sub == "" {
		u.Sub = newUUID()
	}
	if p.user(u.Username) != nil || p.userBySub(u.Sub) != nil {
		return "", fmt.Errorf("cognitolocal: user %q: username or subject already in use", u.Username)
	}
	if err := p.checkGroups(u.Groups); err != nil {
		return "", err
	}
	stored := u.clone()
	p.users[fold(u.Username)] = &stored
	return u.Sub, nil
}

func checkAttributes(attributes map[string]string) error {
	for name, value := range attributes {
		custom := strings.HasPrefix(name, "custom:") || strings.HasPrefix(name, "dev:custom:")
		if !custom && !slices.Contains(standardAttributes, name) {
			return fmt.Errorf("cognitolocal: attribute %q: neither a standard attribute nor custom:…", name)
		}
		if len(value) > maxAttributeLength {
			return fmt.Errorf("cognitolocal: attribute %q: longer than %d bytes", name, maxAttributeLength)
		}
	}
	return nil
}

// User returns a copy of the user without the password.
func (p *Pool) User(username string) (User, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.user(username)
	if u == nil {
		return User{}, false
	}
	c := u.clone()
	c.Password, c.TOTPSecret = "", ""
	return c, true
}

// RemoveUser deletes the user. Their refresh tokens stop working at once.
func (p *Pool) RemoveUser(username string) error {
	return p.changeUser(username, func(u *User) error {
		p.sessions.revokeUser(u.Sub)
		delete(p.users, fold(username))
		delete(p.auth.factors, u.Sub)
		return nil
	})
}

// SetPassword changes the password. Sessions go on, as in Cognito.
func (p *Pool) SetPassword(username, password string) error {
	return p.changeUser(username, func(u *User) error {
		u.Password = password
		return nil
	})
}

// SetDisabled disables or enables the user.
func (p *Pool) SetDisabled(username string, disabled bool) error {
	return p.changeUser(username, func(u *User) error {
		u.Disabled = disabled
		return nil
	})
}

// SetStatus changes the user's status.
func (p *Pool) SetStatus(username string, status UserStatus) error {
	return p.changeUser(username, func(u *User) error {
		u.Status = status
		return nil
	})
}

// SetAttributes replaces all attributes. Tokens show them from the next
// sign-in or refresh.
func (p *Pool) SetAttributes(username string, attributes map[string]string) error {
	if err := checkAttributes(attributes); err != nil {
		return err
	}
	return p.changeUser(username, func(u *User) error {
		u.Attributes = maps.Clone(attributes)
		return nil
	})
}

// SetGroups replaces the user's groups. Tokens show them from the next sign-in
// or refresh.
func (p *Pool) SetGroups(username string, groups ...string) error {
	return p.changeUser(username, func(u *User) error {
		if err := p.checkGroups(groups); err != nil {
			return err
		}
		u.Groups = slices.Clone(groups)
		return nil
	})
}

// SignOut ends all sessions of the user, as AdminUserGlobalSignOut does:
// refresh tokens stop working, and the API refuses their access tokens.
func (p *Pool) SignOut(username string) error {
	return p.changeUser(username, func(u *User) error {
		p.sessions.revokeUser(u.Sub)
		return nil
	})
}

// changeUser runs change on the stored user with the pool locked.
func (p *Pool) changeUser(username string, change func(*User) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.user(username)
	if u == nil {
		return errNoUser
	}
	return change(u)
}
