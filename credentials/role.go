package credentials

import (
	"slices"
	"strings"
)

// Roles chooses the IAM role of a user. The zero value leaves the choice to the
// provider.
type Roles struct {
	// Groups are tried in order: the first whose group the user is in decides.
	Groups []GroupRole
	// Preferred takes the role of the claim cognito:preferred_role next.
	Preferred bool
	// Default is the role of everybody else. Empty: the provider's own choice,
	// or, for a provider that has none, no credentials.
	Default string
}

// GroupRole is the role of a group's members.
type GroupRole struct{ Group, Role string }

// For is the role of a user; empty when the provider is to choose. It is false
// when roles are configured and the user gets none of them.
func (r Roles) For(user Identity) (role string, ok bool) {
	for _, mapping := range r.Groups {
		if slices.Contains(user.Groups, mapping.Group) {
			return mapping.Role, true
		}
	}
	if r.Preferred && user.PreferredRole != "" {
		return user.PreferredRole, true
	}
	if r.Default == "" && len(r.Groups) > 0 {
		return "", false
	}
	return r.Default, true
}

// Bounds of RoleSessionName at STS.
const minSessionName, maxSessionName = 2, 64

// sessionName is the user in the characters that STS allows, [\w+=,.@-]: it
// names the user in the store's own audit log.
func sessionName(user Identity) string {
	name := user.Username
	if name == "" {
		name = user.Subject
	}
	name = strings.Map(func(c rune) rune {
		if c < 0x80 && (c == '_' || strings.ContainsRune("+=,.@-", c) ||
			'0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return c
		}
		return '-'
	}, name)
	if len(name) > maxSessionName {
		name = name[:maxSessionName]
	}
	for len(name) < minSessionName {
		name += "-"
	}
	return name
}
