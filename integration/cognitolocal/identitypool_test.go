package cognitolocal_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

var identityID = regexp.MustCompile(`^eu-west-1:[0-9a-f-]{36}$`)

func TestLoginTokensThatAreRefused(t *testing.T) {
	c := newCloud(t)
	pool := c.pool(t, open())
	name := c.Pool().ProviderName()
	other := otherPool(t, c)
	foreign, err := other.IDToken("jo", "otherclient", nil)
	noError(t, err)
	access, err := c.Pool().AccessToken("jo", webClient, nil)
	noError(t, err)
	mint := func(mutate func(map[string]any)) string { return c.logins(t, mutate)[name] }
	good := mint(nil)
	cut := good[:strings.LastIndex(good, ".")+1]
	tests := []struct {
		name, provider, token, code, message string
	}{
		{"a pool that is no provider", other.ProviderName(), foreign, "NotAuthorizedException", "Token is not from a supported provider of this identity pool."},
		{"a client that is no audience", name, mint(func(m map[string]any) { m["aud"] = "unknown" }), "NotAuthorizedException", "Token is not from a supported provider of this identity pool."},
		{"the name of another pool", other.ProviderName(), good, "NotAuthorizedException", "Invalid login token. Issuer doesn't match providerName"},
		{"the token of another pool", name, foreign, "NotAuthorizedException", "Invalid login token. Issuer doesn't match providerName"},
		{"an expired token", name, mint(func(m map[string]any) { m["exp"] = 1_790_000_000 }), "NotAuthorizedException", "Invalid login token. Token expired: 1790000000 >= 1790000000"},
		{"a token that never expires", name, mint(func(m map[string]any) { delete(m, "exp") }), "NotAuthorizedException", "Invalid login token. Missing a required claim: exp"},
		{"an access token", name, access, "NotAuthorizedException", "Invalid login token. Missing a required claim: aud"},
		{"an access token with an audience", name, mint(func(m map[string]any) { m["token_use"] = "access" }), "NotAuthorizedException", "Invalid login token. Not a valid OpenId Connect identity token."},
		{"a signature of nothing", name, cut, "NotAuthorizedException", "Invalid login token. Couldn't verify signed token."},
		{"no JWT", name, "token", "NotAuthorizedException", "Invalid login token. Not a valid OpenId Connect identity token."},
		{"a provider that is a URL", c.Pool().Issuer(), good, "InvalidParameterException", "Please provide a valid public provider"},
		{"a token too long", name, strings.Repeat("x", 50_001), "ValidationException", ""},
	}
	id := c.mustID(t, pool, c.logins(t, nil))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			logins := map[string]string{tt.provider: tt.token}
			_, err := c.getID(t, pool.ID(), logins)
			wantCode(t, err, tt.code, tt.message)
			_, err = c.getCredentials(t, id, logins, "")
			wantCode(t, err, tt.code, tt.message)
			_, err = c.getOpenIDToken(t, id, logins)
			wantCode(t, err, tt.code, tt.message)
		})
	}
}

func TestTokenOfAForeignKeyIsRefused(t *testing.T) {
	c := newCloud(t)
	pool := c.pool(t, open())
	logins := c.logins(t, nil)
	noError(t, c.Pool().RotateKeys())
	c.Pool().DropOldKeys()
	_, err := c.getID(t, pool.ID(), logins)
	wantCode(t, err, "NotAuthorizedException", "Invalid login token. Couldn't verify signed token.")
}

func TestPoolTakesOnlyItsClients(t *testing.T) {
	c := newCloud(t)
	o := open()
	o.Providers = []cognitolocal.Provider{{ClientIDs: []string{secretClient}}}
	_, err := c.getID(t, c.pool(t, o).ID(), c.logins(t, nil))
	wantCode(t, err, "NotAuthorizedException", "Token is not from a supported provider of this identity pool.")
	o.Providers[0].ClientIDs = append(o.Providers[0].ClientIDs, webClient)
	c.mustID(t, c.pool(t, o), c.logins(t, nil))
}

func TestRequestsThatAreRefused(t *testing.T) {
	c := newCloud(t)
	closed := c.pool(t, cognitolocal.IdentityPoolOptions{AuthenticatedRole: memberRole})
	pool := c.pool(t, open())
	mine, theirs := c.logins(t, nil), c.loginsOf(t, "eve")
	id, closedID := c.mustID(t, pool, mine), c.mustID(t, closed, mine)
	token, guest := mine[c.Pool().ProviderName()], c.mustID(t, pool, nil)
	many := map[string]string{}
	for i := range 11 {
		many[strings.Repeat("p", i+1)] = token
	}
	const nobody = "eu-west-1:00000000-0000-0000-0000-000000000000"
	getID := func(pool string, logins map[string]string) error {
		_, err := c.getID(t, pool, logins)
		return err
	}
	credentials := func(id string, logins map[string]string) error {
		_, err := c.getCredentials(t, id, logins, "")
		return err
	}
	openID := func(id string, logins map[string]string) error {
		_, err := c.getOpenIDToken(t, id, logins)
		return err
	}
	const mismatch = "Logins don't match. Please include at least one valid login for this identity or identity pool."
	tests := []struct {
		name          string
		err           error
		code, message string
	}{
		{"an identity pool nobody made", getID(nobody, mine), "ResourceNotFoundException", "IdentityPool '" + nobody + "' not found."},
		{"a user pool's ID for the identity pool's", getID("eu-west-1_AbC", mine), "ValidationException", `1 validation error detected: Value 'eu-west-1_AbC' at 'identityPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`},
		{"an identity nobody has", credentials(nobody, mine), "ResourceNotFoundException", "Identity '" + nobody + "' not found."},
		{"no identity", openID("", mine), "ValidationException", ""},
		{"the identity of another user", credentials(id, theirs), "NotAuthorizedException", mismatch},
		{"the token of another user", openID(id, theirs), "NotAuthorizedException", mismatch},
		{"a user's identity without the token", credentials(id, nil), "NotAuthorizedException", "Access to Identity '" + id + "' is forbidden."},
		{"a user's identity without the token, in the basic flow", openID(id, nil), "NotAuthorizedException", "Access to Identity '" + id + "' is forbidden."},
		{"a guest where there are none", getID(closed.ID(), nil), "NotAuthorizedException", "Unauthenticated access is not supported for this identity pool."},
		{"a user without the token where there are no guests", credentials(closedID, nil), "NotAuthorizedException", "Unauthenticated access is not supported for this identity pool."},
		{"the basic flow where it is off", openID(closedID, mine), "InvalidParameterException", "Basic (classic) flow is not enabled, please use enhanced flow."},
		{"too many logins", getID(pool.ID(), many), "ValidationException", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantCode(t, tt.err, tt.code, tt.message) })
	}
	noError(t, credentials(guest, nil)) // the guest was none of those
}

func TestBasicFlowIsNotForRoleMappings(t *testing.T) {
	c := newCloud(t)
	pool := c.pool(t, withMapping(open(), c, byToken(cognitolocal.ResolveDeny)))
	logins := c.logins(t, nil)
	_, err := c.getOpenIDToken(t, c.mustID(t, pool, logins), logins)
	wantCode(t, err, "InvalidParameterException", "Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.")
}

func TestServerSideTokenCheck(t *testing.T) {
	tests := []struct {
		name string
		end  func(*testing.T, *cloud, string) error
	}{
		{"a user who was signed out", func(_ *testing.T, c *cloud, _ string) error { return c.Pool().SignOut("jo") }},
		{"a session that was revoked", func(t *testing.T, c *cloud, refresh string) error { return c.revoke(t, webClient, refresh) }},
		{"a user who was disabled", func(_ *testing.T, c *cloud, _ string) error { return c.Pool().SetDisabled("jo", true) }},
		{"a user who was deleted", func(_ *testing.T, c *cloud, _ string) error { return c.Pool().RemoveUser("jo") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			checking := open()
			checking.ServerSideTokenCheck = true
			strict, easy := c.pool(t, checking), c.pool(t, open())
			session := c.signIn(t)
			logins := map[string]string{c.Pool().ProviderName(): *session.IdToken}
			c.mustID(t, strict, logins)
			noError(t, tt.end(t, c, *session.RefreshToken))
			_, err := c.getID(t, strict.ID(), logins)
			wantCode(t, err, "NotAuthorizedException", "Invalid login token. User is signed out, disabled or deleted.")
			c.mustID(t, easy, logins)
		})
	}
}

func TestIdentityIsThatOfTheUser(t *testing.T) {
	c := newCloud(t)
	first, second := c.pool(t, open()), c.pool(t, open())
	id := c.mustID(t, first, c.logins(t, nil))
	if !identityID.MatchString(id) {
		t.Errorf("expected a region and a UUID, got %q", id)
	}
	if got := c.mustID(t, first, c.logins(t, nil)); got != id {
		t.Errorf("expected the same identity, got %q and %q", id, got)
	}
	token, err := c.Pool().IDToken("jo", secretClient, nil)
	noError(t, err)
	byIssuer := map[string]string{strings.TrimPrefix(c.Pool().Issuer(), "http://"): token}
	if got := c.mustID(t, first, byIssuer); got != id {
		t.Errorf("expected the client and the spelling of the provider not to matter, got %q", got)
	}
	if got := c.mustID(t, second, c.logins(t, nil)); got == id {
		t.Error("expected another identity in another pool")
	}
	if got := c.mustID(t, first, c.loginsOf(t, "eve")); got == id {
		t.Error("expected another identity for another user")
	}
}

func TestDeletedIdentityIsReplaced(t *testing.T) {
	c := newCloud(t)
	pool, logins := c.pool(t, open()), c.logins(t, nil)
	id := c.mustID(t, pool, logins)
	if !pool.DeleteIdentity(id) || pool.DeleteIdentity(id) {
		t.Error("expected the identity to be there once")
	}
	_, err := c.getCredentials(t, id, logins, "")
	wantCode(t, err, "ResourceNotFoundException", "Identity '"+id+"' not found.")
	if got := c.mustID(t, pool, logins); got == id {
		t.Error("expected a new identity")
	}
}

func TestGuests(t *testing.T) {
	c := newCloud(t)
	pool := c.pool(t, open())
	guest := c.mustID(t, pool, nil)
	if c.mustID(t, pool, nil) == guest {
		t.Error("expected a new identity for each guest")
	}
	out, err := c.getCredentials(t, guest, nil, "")
	noError(t, err)
	got := c.session(t, *out.Credentials.AccessKeyId)
	if got.RoleARN != guestRole || got.Subject != "" || got.IdentityID != guest {
		t.Errorf("unexpected session %+v of role %s, subject %q", got, got.RoleARN, got.Subject)
	}
}

func TestGuestWhoSignsIn(t *testing.T) {
	c := newCloud(t)
	pool, logins := c.pool(t, open()), c.logins(t, nil)
	guest, late := c.mustID(t, pool, nil), c.mustID(t, pool, nil)

	out, err := c.getCredentials(t, guest, logins, "")
	noError(t, err)
	if *out.IdentityId != guest || c.mustID(t, pool, logins) != guest {
		t.Error("expected the identity to stay the guest's")
	}
	_, err = c.getCredentials(t, guest, nil, "")
	wantCode(t, err, "NotAuthorizedException", "Access to Identity '"+guest+"' is forbidden.")

	out, err = c.getCredentials(t, late, logins, "")
	noError(t, err)
	if *out.IdentityId != guest {
		t.Errorf("expected the identities to be merged into %q, got %q", guest, *out.IdentityId)
	}
	_, err = c.getCredentials(t, late, logins, "")
	wantCode(t, err, "ResourceNotFoundException", "")
}

func TestUserOfTwoProviders(t *testing.T) {
	c := newCloud(t)
	other := otherPool(t, c)
	o := open()
	o.Providers = []cognitolocal.Provider{{}, {Pool: other, ClientIDs: []string{"otherclient"}}}
	pool := c.pool(t, o)
	token, err := other.IDToken("jo", "otherclient", nil)
	noError(t, err)
	here, there := c.logins(t, nil), map[string]string{other.ProviderName(): token}
	both := maps.Clone(here)
	maps.Copy(both, there)

	id := c.mustID(t, pool, both)
	if c.mustID(t, pool, here) != id || c.mustID(t, pool, there) != id {
		t.Error("expected either login to lead to the one identity")
	}
	eve := c.loginsOf(t, "eve")
	eveID := c.mustID(t, pool, eve)
	maps.Copy(eve, there)
	_, err = c.getID(t, pool.ID(), eve)
	wantCode(t, err, "ResourceConflictException", "Login already linked to another account.")
	_, err = c.getCredentials(t, eveID, eve, "")
	wantCode(t, err, "ResourceConflictException", "")
}

func TestCredentialsOnTheWire(t *testing.T) {
	c := newCloud(t)
	pool, logins := c.pool(t, open()), c.logins(t, nil)
	id := c.mustID(t, pool, logins)
	body, err := json.Marshal(map[string]any{"IdentityId": id, "Logins": logins})
	noError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url, strings.NewReader(string(body)))
	noError(t, err)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityService.GetCredentialsForIdentity")
	resp, err := http.DefaultTransport.RoundTrip(req)
	noError(t, err)
	defer func() { noError(t, resp.Body.Close()) }()
	var out struct{ Credentials map[string]json.RawMessage }
	noError(t, json.NewDecoder(resp.Body).Decode(&out))
	if got := string(out.Credentials["Expiration"]); got != "1.7900036E+09" {
		t.Errorf("expected a number of seconds with an exponent, got %s", got)
	}
	if out.Credentials["SecretKey"] == nil || out.Credentials["SecretAccessKey"] != nil {
		t.Error("expected the secret to be named SecretKey")
	}
}

func TestCredentialsLifetime(t *testing.T) {
	c := newCloud(t)
	o := open()
	o.CredentialsLifetime = 90 * time.Second
	got, err := c.enhanced(t, c.pool(t, o), c.logins(t, nil), "")
	noError(t, err)
	if want := c.clock.Now().Add(90 * time.Second); !got.Expires.Equal(want) {
		t.Errorf("expected %v, got %v", want, got.Expires)
	}
}

func TestIdentityPoolOptionsThatAreRefused(t *testing.T) {
	c := newCloud(t)
	taken := c.pool(t, open())
	mapped := func(key string, m cognitolocal.RoleMapping) cognitolocal.IdentityPoolOptions {
		return cognitolocal.IdentityPoolOptions{RoleMappings: map[string]cognitolocal.RoleMapping{key: m}}
	}
	key := c.Pool().ProviderName() + ":" + webClient
	rule := cognitolocal.Rule{Claim: "email", MatchType: cognitolocal.MatchEquals, Value: "x", RoleARN: otherRole}
	noMatch, noRole, noClaim := rule, rule, rule
	noMatch.MatchType, noRole.RoleARN, noClaim.Claim = "Like", "Others", ""
	many := make([]cognitolocal.Rule, 26)
	for i := range many {
		many[i] = rule
	}
	tests := map[string]cognitolocal.IdentityPoolOptions{
		"an ID in use":                     {ID: taken.ID()},
		"an ID without a region":           {ID: "1d2c3b4a"},
		"an ID of another region":          {ID: "eu-west-1:1d2c3b4a", Region: "us-east-1"},
		"a region with a slash":            {Region: "eu/west"},
		"a negative lifetime":              {CredentialsLifetime: -1},
		"a role that is no ARN":            {AuthenticatedRole: "Members"},
		"a guest role that is no ARN":      {UnauthenticatedRole: "arn:aws:iam::1:role/x"},
		"a mapping of no provider":         mapped("cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Else:x", byToken(cognitolocal.ResolveDeny)),
		"a mapping without a resolution":   mapped(key, byToken("")),
		"a mapping without a type":         mapped(key, cognitolocal.RoleMapping{AmbiguousRoleResolution: cognitolocal.ResolveDeny}),
		"a mapping by token with rules":    mapped(key, cognitolocal.RoleMapping{Type: cognitolocal.MappingToken, AmbiguousRoleResolution: cognitolocal.ResolveDeny, Rules: []cognitolocal.Rule{rule}}),
		"rules that are none":              mapped(key, byRules(cognitolocal.ResolveDeny)),
		"rules that are too many":          mapped(key, byRules(cognitolocal.ResolveDeny, many...)),
		"a rule with an unknown match":     mapped(key, byRules(cognitolocal.ResolveDeny, noMatch)),
		"a rule with a role that is none":  mapped(key, byRules(cognitolocal.ResolveDeny, noRole)),
		"a rule that asks about no claim":  mapped(key, byRules(cognitolocal.ResolveDeny, noClaim)),
		"a rule that is bad after a good ": mapped(key, byRules(cognitolocal.ResolveDeny, rule, noRole)),
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := c.AddIdentityPool(o); err == nil {
				t.Error("expected an error")
			}
		})
	}
	if got := c.pool(t, cognitolocal.IdentityPoolOptions{Region: "us-east-1"}).ID(); !strings.HasPrefix(got, "us-east-1:") {
		t.Errorf("expected the region in the ID, got %q", got)
	}
	if got := c.pool(t, cognitolocal.IdentityPoolOptions{ID: "ap-east-1:1d2c"}); got.ID() != "ap-east-1:1d2c" {
		t.Errorf("expected the given ID, got %q", got.ID())
	}
}
