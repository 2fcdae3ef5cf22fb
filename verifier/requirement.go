package verifier

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

// RequirementKind is what a [Requirement] looks at.
type RequirementKind string

// The kinds of requirements.
const (
	RequireScope  RequirementKind = "scope"   // OAuth scopes of an access token
	RequireGroup  RequirementKind = "group"   // cognito:groups
	RequireACR    RequirementKind = "acr"     // authentication context class, RFC 9470
	RequireMaxAge RequirementKind = "max_age" // age of auth_time, RFC 9470
	RequireClaim  RequirementKind = "claim"   // any claim
)

// Requirement is something that a route demands of a verified token. Several are
// combined by checking each: all must hold.
type Requirement struct {
	Kind RequirementKind
	// Claim is the claim's name, for RequireClaim.
	Claim string
	// Values are alternatives: one of them must be there. For RequireClaim they
	// are compared with a string claim, the members of an array of strings, or
	// the JSON text of a number or boolean.
	Values []string
	// MaxAge is the greatest age of auth_time, for RequireMaxAge.
	MaxAge time.Duration
}

// ParseRequirement reads a requirement as configurations write it: the kind and
// its arguments, such as "group" "editors" "admins".
func ParseRequirement(kind string, args ...string) (Requirement, error) {
	r := Requirement{Kind: RequirementKind(kind), Values: args}
	switch r.Kind {
	case RequireScope, RequireGroup, RequireACR:
	case RequireMaxAge:
		return parseMaxAge(args)
	case RequireClaim:
		if len(args) > 0 {
			r.Claim, r.Values = args[0], args[1:]
		}
	default:
		return r, fmt.Errorf("unknown requirement %q: expected scope, group, acr, max_age or claim", kind)
	}
	if len(r.Values) == 0 || slices.Contains(args, "") {
		return r, fmt.Errorf("requirement %q: expected one or more values, none of them empty", kind)
	}
	return r, nil
}

func parseMaxAge(args []string) (Requirement, error) {
	if len(args) == 1 {
		if age, err := time.ParseDuration(args[0]); err == nil && age > 0 {
			return Requirement{Kind: RequireMaxAge, MaxAge: age}, nil
		}
	}
	return Requirement{}, fmt.Errorf(`requirement "max_age": expected one duration such as 15m, got %q`, strings.Join(args, " "))
}

// Check returns nil or a [TokenError].
func (r Requirement) Check(t *Token, now time.Time) error {
	switch r.Kind {
	case RequireScope:
		return r.anyOf(ErrScope, "scope", t.Scopes())
	case RequireGroup:
		return r.anyOf(ErrGroup, "cognito:groups", t.Groups())
	case RequireACR:
		return r.anyOf(ErrAuthContext, "acr", t.StringsClaim("acr"))
	case RequireMaxAge:
		return r.checkAge(t, now)
	case RequireClaim:
		return r.checkClaim(t)
	}
	return refuse(ErrClaim, string(r.Kind), "") // no such kind: refuse rather than let pass
}

func (r Requirement) anyOf(reason error, claim string, got iter.Seq[string]) error {
	for value := range got {
		if slices.Contains(r.Values, value) {
			return nil
		}
	}
	if r.Kind == RequireClaim { // whose values may be personal
		got = func(func(string) bool) {}
	}
	return refuse(reason, claim, strings.Join(slices.Collect(got), " "), r.Values...)
}

func (r Requirement) checkAge(t *Token, now time.Time) error {
	at, ok := t.AuthTime()
	if !ok || now.Sub(at) > r.MaxAge {
		said, _ := t.Claim("auth_time")
		return refuse(ErrAuthAge, "auth_time", said, r.MaxAge.String())
	}
	return nil
}

func (r Requirement) checkClaim(t *Token) error {
	raw, _ := t.Claim(r.Claim)
	if raw != "" && strings.IndexByte(`"[{`, raw[0]) < 0 && slices.Contains(r.Values, raw) {
		return nil
	}
	return r.anyOf(ErrClaim, r.Claim, t.StringsClaim(r.Claim))
}
