package cognitolocal

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MappingType says what a RoleMapping chooses the role by.
type MappingType string

// The mapping types: the role claims of the token, or rules over its claims.
const (
	MappingToken MappingType = "Token"
	MappingRules MappingType = "Rules"
)

// AmbiguousRoleResolution says what happens when a mapping finds no role.
type AmbiguousRoleResolution string

// The resolutions: the pool's authenticated role, or a refusal.
const (
	ResolveAuthenticatedRole AmbiguousRoleResolution = "AuthenticatedRole"
	ResolveDeny              AmbiguousRoleResolution = "Deny"
)

// MatchType is how a Rule compares.
type MatchType string

// The match types. All ask for the claim to be there, NotEqual too.
const (
	MatchEquals     MatchType = "Equals"
	MatchNotEqual   MatchType = "NotEqual"
	MatchStartsWith MatchType = "StartsWith"
	MatchContains   MatchType = "Contains"
)

// RoleMapping chooses the role of the users of one app client.
type RoleMapping struct {
	Type MappingType

	// AmbiguousRoleResolution has no default, as at AWS.
	AmbiguousRoleResolution AmbiguousRoleResolution

	// Rules are for MappingRules, at most 25. The first match decides.
	Rules []Rule
}

// Rule gives a role to the tokens whose claim matches.
type Rule struct {
	Claim     string
	MatchType MatchType
	Value     string
	RoleARN   string
}

// maxRules is Cognito's limit.
const maxRules = 25

var matchers = map[MatchType]func(claim, value string) bool{
	MatchEquals:     func(claim, value string) bool { return claim == value },
	MatchNotEqual:   func(claim, value string) bool { return claim != value },
	MatchStartsWith: strings.HasPrefix,
	MatchContains:   strings.Contains,
}

func (m RoleMapping) validate() error {
	switch {
	case m.AmbiguousRoleResolution != ResolveAuthenticatedRole && m.AmbiguousRoleResolution != ResolveDeny:
		return fmt.Errorf("ambiguous role resolution %q: want %s or %s", m.AmbiguousRoleResolution, ResolveAuthenticatedRole, ResolveDeny)
	case m.Type == MappingToken && len(m.Rules) == 0:
		return nil
	case m.Type != MappingRules || len(m.Rules) == 0 || len(m.Rules) > maxRules:
		return fmt.Errorf("want type %s without rules, or %s with 1 to %d", MappingToken, MappingRules, maxRules)
	}
	for i, r := range m.Rules {
		if err := r.validate(); err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
	}
	return nil
}

func (r Rule) validate() error {
	switch {
	case r.Claim == "" || r.Value == "":
		return errors.New("claim and value are required")
	case matchers[r.MatchType] == nil:
		return fmt.Errorf("unknown match type %q", r.MatchType)
	case !roleARNPattern.MatchString(r.RoleARN):
		return fmt.Errorf("%q is no role ARN", r.RoleARN)
	}
	return nil
}

// role is the role for the proofs, which are empty for a guest. Only mappings
// look at the role that was asked for: the service model says of CustomRoleArn
// that it may be sent where roles cannot be chosen.
func (ip *IdentityPool) role(proofs []proof, asked string) (string, error) {
	if len(proofs) == 0 {
		return configured(ip.opts.UnauthenticatedRole)
	}
	for _, p := range proofs {
		if m, ok := ip.opts.RoleMappings[p.mappingKey()]; ok {
			return m.choose(p.claims, asked, ip.opts.AuthenticatedRole)
		}
	}
	return configured(ip.opts.AuthenticatedRole)
}

// choose applies the mapping to the claims.
func (m RoleMapping) choose(claims map[string]any, asked, fallback string) (string, error) {
	allowed, preferred := m.candidates(claims)
	switch {
	case asked != "" && slices.Contains(allowed, asked):
		return asked, nil
	case asked != "":
		// AWS documents that this is denied, not with which words.
		return "", notAuthorized("CustomRoleArn is not among the roles of the token.")
	case preferred != "":
		return preferred, nil
	case m.AmbiguousRoleResolution == ResolveAuthenticatedRole:
		return configured(fallback)
	}
	return "", invalidConfiguration()
}

// candidates are the roles that may be asked for, and the one for those who do
// not ask.
func (m RoleMapping) candidates(claims map[string]any) (allowed []string, preferred string) {
	if m.Type == MappingToken {
		return texts(claims, "cognito:roles"), text(claims, "cognito:preferred_role")
	}
	for _, r := range m.Rules {
		if r.matches(claims) {
			allowed = append(allowed, r.RoleARN)
		}
	}
	if len(allowed) > 0 {
		preferred = allowed[0]
	}
	return allowed, preferred
}

// matches compares the claim as text. A claim that is no string, such as the
// groups, is compared as its JSON: AWS does not say what it does with those.
func (r Rule) matches(claims map[string]any) bool {
	claim, ok := claims[r.Claim]
	if !ok {
		return false
	}
	s, isText := claim.(string)
	if !isText {
		raw, err := json.Marshal(claim)
		if err != nil {
			return false
		}
		s = string(raw)
	}
	return matchers[r.MatchType](s, r.Value)
}

// configured is the ARN, if there is one.
func configured(arn string) (string, error) {
	if arn == "" {
		return "", invalidConfiguration()
	}
	return arn, nil
}

func invalidConfiguration() error {
	return &apiError{
		"InvalidIdentityPoolConfigurationException",
		"Invalid identity pool configuration. Check assigned IAM roles for this pool.",
	}
}
