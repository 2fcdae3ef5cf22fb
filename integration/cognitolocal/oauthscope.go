package cognitolocal

import (
	"regexp"
	"slices"
	"strings"
)

// The scopes that every pool knows.
const (
	scopeOpenID  = "openid"
	scopeEmail   = "email"
	scopePhone   = "phone"
	scopeProfile = "profile"
)

var standardScopes = []string{scopeOpenID, scopeEmail, scopePhone, scopeProfile, adminScope}

// customScope is "<resource server>/<scope>", where the former is often a URL.
// Resource servers are not modelled: every name of this form is taken for one
// of theirs.
var customScope = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]+/[\x21\x23-\x2e\x30-\x5b\x5d-\x7e]+$`)

// scopes are the scopes of a sign-in at the hosted pages.
type scopes []string

func (s scopes) String() string { return strings.Join(s, " ") }

func (s scopes) has(scope string) bool { return slices.Contains(s, scope) }

// needOpenID reports a scope that asks for claims without the scope that
// brings the token they stand in.
func (s scopes) needOpenID() bool {
	return !s.has(scopeOpenID) && (s.has(scopeEmail) || s.has(scopePhone) || s.has(scopeProfile))
}

// show reports whether the scopes let the attribute be seen. By openid alone
// all are; the scope of the API does not matter here. A sign-in at the API has
// no scopes and shows everything.
func (s scopes) show(attribute string) bool {
	if !s.has(scopeEmail) && !s.has(scopePhone) && !s.has(scopeProfile) {
		return true
	}
	switch attribute {
	case "email", "email_verified":
		return s.has(scopeEmail)
	case "phone_number", "phone_number_verified":
		return s.has(scopePhone)
	case "address":
		return false // OIDC has a scope for it, Cognito has not
	}
	return s.has(scopeProfile)
}

// parseScopes splits the parameter and drops repetitions. With none asked for,
// the client gets all that it may have.
func parseScopes(raw string, allowed []string) scopes {
	var out scopes
	for _, scope := range strings.Fields(raw) {
		if !out.has(scope) {
			out = append(out, scope)
		}
	}
	if out == nil {
		return slices.Clone(allowed)
	}
	return out
}

// within reports whether all scopes are among the allowed ones.
func (s scopes) within(allowed []string) bool {
	return !slices.ContainsFunc(s, func(scope string) bool { return !slices.Contains(allowed, scope) })
}

// custom returns the scopes of resource servers.
func (s scopes) custom() scopes {
	return slices.DeleteFunc(slices.Clone(s), func(scope string) bool { return slices.Contains(standardScopes, scope) })
}
