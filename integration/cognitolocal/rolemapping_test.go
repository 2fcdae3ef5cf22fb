package cognitolocal_test

import (
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func byToken(ambiguous cognitolocal.AmbiguousRoleResolution) cognitolocal.RoleMapping {
	return cognitolocal.RoleMapping{Type: cognitolocal.MappingToken, AmbiguousRoleResolution: ambiguous}
}

func byRules(ambiguous cognitolocal.AmbiguousRoleResolution, rules ...cognitolocal.Rule) cognitolocal.RoleMapping {
	return cognitolocal.RoleMapping{Type: cognitolocal.MappingRules, AmbiguousRoleResolution: ambiguous, Rules: rules}
}

// withMapping maps the roles of the public client's users.
func withMapping(o cognitolocal.IdentityPoolOptions, c *cloud, m cognitolocal.RoleMapping) cognitolocal.IdentityPoolOptions {
	o.RoleMappings = map[string]cognitolocal.RoleMapping{c.Pool().ProviderName() + ":" + webClient: m}
	return o
}

// Claims of the tokens in the tables below.
func noRoles(m map[string]any) {
	delete(m, "cognito:roles")
	delete(m, "cognito:preferred_role")
}

func twoRoles(m map[string]any) {
	m["cognito:roles"] = []string{adminRole, otherRole}
	delete(m, "cognito:preferred_role")
}

func preferAdmin(m map[string]any) {
	twoRoles(m)
	m["cognito:preferred_role"] = adminRole
}

// roleTest is a row: want is the role, or the code of the refusal.
type roleTest struct {
	name    string
	mapping cognitolocal.RoleMapping
	claims  func(map[string]any)
	asked   string
	want    string
}

const (
	badConfiguration = "InvalidIdentityPoolConfigurationException"
	refused          = "NotAuthorizedException"
)

func (tt roleTest) run(t *testing.T, c *cloud) {
	pool := c.pool(t, withMapping(open(), c, tt.mapping))
	got, err := c.enhanced(t, pool, c.logins(t, tt.claims), tt.asked)
	if err != nil {
		wantCode(t, err, tt.want, "")
		return
	}
	if got.RoleARN != tt.want {
		t.Errorf("expected %s, got role %s", tt.want, got.RoleARN)
	}
}

func TestRoleByToken(t *testing.T) {
	fallback, deny := byToken(cognitolocal.ResolveAuthenticatedRole), byToken(cognitolocal.ResolveDeny)
	c := newCloud(t)
	for _, tt := range []roleTest{
		{"the preferred role is taken", deny, preferAdmin, "", adminRole},
		{"a role of the token may be asked for", deny, preferAdmin, otherRole, otherRole},
		{"asking settles what is ambiguous", deny, twoRoles, otherRole, otherRole},
		{"a role that is not in the token is denied", fallback, preferAdmin, memberRole, refused},
		{"a token without roles has none to ask for", fallback, noRoles, adminRole, refused},
		{"ambiguous roles are denied", deny, twoRoles, "", badConfiguration},
		{"no role is denied", deny, noRoles, "", badConfiguration},
		{"ambiguous roles fall back", fallback, twoRoles, "", memberRole},
		{"no role falls back", fallback, noRoles, "", memberRole},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, c) })
	}
}

func TestRoleByRules(t *testing.T) {
	rule := func(claim string, match cognitolocal.MatchType, value, role string) cognitolocal.Rule {
		return cognitolocal.Rule{Claim: claim, MatchType: match, Value: value, RoleARN: role}
	}
	deny := func(rules ...cognitolocal.Rule) cognitolocal.RoleMapping {
		return byRules(cognitolocal.ResolveDeny, rules...)
	}
	equals, other := cognitolocal.MatchEquals, cognitolocal.MatchNotEqual
	tenant, mail := rule("custom:tenant", equals, "42", adminRole), rule("email", cognitolocal.MatchStartsWith, "jo@", otherRole)
	c := newCloud(t)
	for _, tt := range []roleTest{
		{"an equal claim matches", deny(tenant), nil, "", adminRole},
		{"an unequal claim does not", deny(rule("custom:tenant", equals, "4", adminRole)), nil, "", badConfiguration},
		{"a different claim is not equal", deny(rule("custom:tenant", other, "7", adminRole)), nil, "", adminRole},
		{"an equal claim is not different", deny(rule("custom:tenant", other, "42", adminRole)), nil, "", badConfiguration},
		{"a claim that is not there is not different", deny(rule("custom:none", other, "7", adminRole)), nil, "", badConfiguration},
		{"a claim that is not there equals nothing", deny(rule("custom:none", equals, "7", adminRole)), nil, "", badConfiguration},
		{"a claim starts with the value", deny(mail), nil, "", otherRole},
		{"a claim that only contains the value does not start with it", deny(rule("email", cognitolocal.MatchStartsWith, "example", otherRole)), nil, "", badConfiguration},
		{"a claim contains the value", deny(rule("email", cognitolocal.MatchContains, "@example.", otherRole)), nil, "", otherRole},
		{"a claim does not contain the value", deny(rule("email", cognitolocal.MatchContains, "@example,", otherRole)), nil, "", badConfiguration},
		{"a list is looked at as JSON", deny(rule("cognito:groups", cognitolocal.MatchContains, `"admins"`, otherRole)), nil, "", otherRole},
		{"the first of two matches wins", deny(tenant, mail), nil, "", adminRole},
		{"the order decides", deny(mail, tenant), nil, "", otherRole},
		{"a later match may be asked for", deny(tenant, mail), nil, otherRole, otherRole},
		{"the role of a rule that does not match may not", deny(tenant, rule("email", equals, "x", otherRole)), nil, otherRole, refused},
		{"the roles of the token do not count", deny(mail), preferAdmin, adminRole, refused},
		{"no match falls back", byRules(cognitolocal.ResolveAuthenticatedRole, rule("email", equals, "x", otherRole)), nil, "", memberRole},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, c) })
	}
}

func TestRoleWithoutMapping(t *testing.T) {
	c := newCloud(t)
	plain := c.pool(t, open())
	got, err := c.enhanced(t, plain, c.logins(t, preferAdmin), "")
	noError(t, err)
	if got.RoleARN != memberRole {
		t.Errorf("expected the role of the pool, got %s", got.RoleARN)
	}
	got, err = c.enhanced(t, plain, c.logins(t, nil), adminRole)
	noError(t, err)
	if got.RoleARN != memberRole {
		t.Errorf("expected the wish to be ignored, got %s", got.RoleARN)
	}
	elsewhere := open()
	elsewhere.RoleMappings = map[string]cognitolocal.RoleMapping{
		c.Pool().ProviderName() + ":" + secretClient: byToken(cognitolocal.ResolveDeny),
	}
	got, err = c.enhanced(t, c.pool(t, elsewhere), c.logins(t, preferAdmin), "")
	noError(t, err)
	if got.RoleARN != memberRole {
		t.Errorf("expected the mapping of another client not to count, got %s", got.RoleARN)
	}
}

func TestPoolWithoutARoleGivesNoCredentials(t *testing.T) {
	c := newCloud(t)
	const text = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
	bare := c.pool(t, cognitolocal.IdentityPoolOptions{Guests: true})
	_, err := c.enhanced(t, bare, c.logins(t, nil), "")
	wantCode(t, err, badConfiguration, text)
	_, err = c.enhanced(t, bare, nil, "")
	wantCode(t, err, badConfiguration, text)
	fallback := withMapping(cognitolocal.IdentityPoolOptions{}, c, byToken(cognitolocal.ResolveAuthenticatedRole))
	_, err = c.enhanced(t, c.pool(t, fallback), c.logins(t, noRoles), "")
	wantCode(t, err, badConfiguration, text)
	odd := withMapping(open(), c, byToken(cognitolocal.ResolveDeny))
	_, err = c.enhanced(t, c.pool(t, odd), c.logins(t, func(m map[string]any) { m["cognito:preferred_role"] = "Admins" }), "")
	wantCode(t, err, badConfiguration, text)
}

func TestEnhancedFlowAsksTheTrustOfTheRole(t *testing.T) {
	c := newCloud(t)
	pool, other := c.pool(t, open()), c.pool(t, open())
	trust := func(role string, trust ...cognitolocal.Trust) {
		noError(t, c.AddRole(cognitolocal.Role{ARN: role, Trust: trust}))
	}
	logins := c.logins(t, nil)
	tests := []struct {
		name  string
		trust []cognitolocal.Trust
		ok    bool
	}{
		{"a role that trusts nobody", nil, false},
		{"a role that trusts another pool", []cognitolocal.Trust{{IdentityPool: other}}, false},
		{"a role that trusts guests", []cognitolocal.Trust{{IdentityPool: pool, AMR: []string{"unauthenticated"}}}, false},
		{"a role that trusts the user pool only", []cognitolocal.Trust{{UserPool: c.Pool()}}, false},
		{"a role that trusts the pool", []cognitolocal.Trust{{IdentityPool: other}, {IdentityPool: pool}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			trust(memberRole, tt.trust...)
			_, err := c.enhanced(t, pool, logins, "")
			if tt.ok {
				noError(t, err)
				return
			}
			wantCode(t, err, badConfiguration, "")
		})
	}
	trust(guestRole, cognitolocal.Trust{IdentityPool: pool})
	_, err := c.enhanced(t, pool, nil, "")
	wantCode(t, err, badConfiguration, "")
}
