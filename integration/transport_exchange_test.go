package integration_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const adminRole, staffRole = "arn:aws:iam::000000000000:role/admins", "arn:aws:iam::000000000000:role/staff"

// sts is an exchange named media at the local STS, whose roles trust the user pool.
func (w *world) sts(lines string) string {
	w.Helper()
	for _, arn := range []string{memberRole, adminRole, staffRole} {
		check(w.T, w.cognito.AddRole(cognitolocal.Role{ARN: arn, Trust: []cognitolocal.Trust{{UserPool: w.pool}}, MaxDuration: 12 * time.Hour}))
	}
	return "web_identity media $COGNITO {\nuser_pool main\n" + lines + "\n}\n"
}

// startedSTS is a service behind a web_identity.
func startedSTS(t *testing.T, lines string, s signing) *serviceWorld {
	t.Helper()
	w := startedService(t, s)
	w.againSTS(lines, s)
	return w
}

func (w *serviceWorld) againSTS(lines string, s signing) {
	w.Helper()
	if s.service == "" {
		s.service = w.service.name
	}
	s.site = authOf(s.auth) + s.proxyTo(s.upstreams)
	site := w.siteOf(s)
	site.pools = w.sts(lines)
	w.load(site)
}

// TestUsersGetRolesOfTheirOwn by every way of exchange.
func TestUsersGetRolesOfTheirOwn(t *testing.T) {
	mapped := func(w *serviceWorld) map[string]cognitolocal.RoleMapping {
		return map[string]cognitolocal.RoleMapping{w.pool.ProviderName() + ":" + webClient: {
			Type: cognitolocal.MappingToken, AmbiguousRoleResolution: cognitolocal.ResolveAuthenticatedRole,
		}}
	}
	rows := []struct {
		name, lines string
		start       func(t *testing.T, lines string) *serviceWorld
		jo, mo      string // roles; "": 403
	}{
		{"the role of the identity pool", "", enhanced(nil), memberRole, memberRole},
		{"the pool's choice by the token", "", enhanced(mapped), adminRole, memberRole},
		{"a role that the edge asks for", "group_role admins " + staffRole + "\nrole_arn " + memberRole, enhanced(nil), memberRole, memberRole}, // which only mappings look at
		{"a role of a group that the token allows", "group_role admins " + adminRole, enhanced(mapped), adminRole, ""},
		{"a role of a group that the token does not allow", "group_role admins " + staffRole, enhanced(mapped), "", ""},
		{"the basic flow", "basic {\nendpoint $COGNITO\n}\nrole_arn " + memberRole, basic, memberRole, memberRole},
		{"the basic flow with roles of groups", "basic {\nendpoint $COGNITO\n}\ngroup_role staff " + staffRole, basic, staffRole, ""},
		{"the basic flow with a role that does not trust the pool", "basic {\nendpoint $COGNITO\n}\nrole_arn " + adminRole, basic, "", ""},
		{"STS", "role_arn " + memberRole, direct, memberRole, memberRole},
		{"STS with roles of groups, in order", "group_role staff " + staffRole + "\ngroup_role admins " + adminRole, direct, staffRole, ""},
		{"STS with roles of groups, in another order, and one for the rest", "group_role admins " + adminRole + "\ngroup_role staff " + staffRole + "\nrole_arn " + memberRole, direct, adminRole, memberRole},
		{"STS with the preferred role", "preferred_role\nrole_arn " + memberRole, direct, adminRole, memberRole},
		{"STS with a role that nobody added", "role_arn arn:aws:iam::000000000000:role/nobody", direct, "", ""},
		{"STS with roles of groups whose names differ in case", "group_role Admins " + adminRole, direct, "", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := row.start(t, row.lines)
			for user, want := range map[string]string{"jo": w.roleOf("jo"), "mo": w.roleOf("mo")} {
				expected := map[string]string{"jo": row.jo, "mo": row.mo}[user]
				if want != expected {
					t.Errorf("expected role %q for %s, got %q", expected, user, want)
				}
			}
		})
	}
}

func enhanced(mappings func(w *serviceWorld) map[string]cognitolocal.RoleMapping) func(*testing.T, string) *serviceWorld {
	return func(t *testing.T, lines string) *serviceWorld {
		t.Helper()
		w := startedService(t, signing{})
		w.rolesOfGroups()
		o := cognitolocal.IdentityPoolOptions{AuthenticatedRole: memberRole}
		if mappings != nil {
			o.RoleMappings = mappings(w)
		}
		var err error
		w.identities, err = w.cognito.AddIdentityPool(o)
		check(t, err)
		w.again(signing{exchange: lines})
		return w
	}
}

// rolesOfGroups puts cognito:roles and cognito:preferred_role into jo's tokens.
func (w *serviceWorld) rolesOfGroups() {
	w.Helper()
	check(w.T, w.pool.AddGroup(cognitolocal.Group{Name: "admins", Precedence: new(1), RoleARN: adminRole}))
}

func basic(t *testing.T, lines string) *serviceWorld {
	t.Helper()
	w := startedService(t, signing{pool: cognitolocal.IdentityPoolOptions{AuthenticatedRole: memberRole, Classic: true}})
	for _, arn := range []string{memberRole, staffRole} {
		check(t, w.cognito.AddRole(cognitolocal.Role{ARN: arn, Trust: []cognitolocal.Trust{{IdentityPool: w.identities}}}))
	}
	check(t, w.cognito.AddRole(cognitolocal.Role{ARN: adminRole, Trust: []cognitolocal.Trust{{UserPool: w.pool}}}))
	w.again(signing{exchange: lines})
	return w
}

func direct(t *testing.T, lines string) *serviceWorld {
	t.Helper()
	w := startedService(t, signing{})
	w.rolesOfGroups()
	w.againSTS(lines, signing{})
	return w
}

// roleOf is the role with which a user's request arrives; empty when it is
// refused with 403.
func (w *serviceWorld) roleOf(user string) string {
	w.Helper()
	got := w.as(user, "GET", "/", "")
	if got.status == 403 {
		if code := decode(w.T, got.body)["code"]; code != "denied" && code != "no_role" {
			w.Errorf("unexpected code %v", code)
		}
		w.service.none(w.T)
		return ""
	}
	w.wantStatus(200, got)
	arrived := w.service.one(w.T)
	if arrived.session.Subject != w.sub(user) {
		w.Errorf("expected credentials of %s, got %v", user, arrived.session)
	}
	return arrived.session.RoleARN
}

func TestCredentialsDifferPerUserAndAreKept(t *testing.T) {
	for name, start := range map[string]func(*testing.T, string) *serviceWorld{
		"the identity pool": enhanced(nil),
		"the basic flow": func(t *testing.T, _ string) *serviceWorld {
			return basic(t, "basic {\nendpoint $COGNITO\n}\nrole_arn "+memberRole)
		},
		"STS": func(t *testing.T, _ string) *serviceWorld { return direct(t, "role_arn "+memberRole) },
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, "")
			keys := make(map[string]string)
			for range 3 {
				for _, user := range []string{"jo", "mo"} {
					w.wantStatus(200, w.as(user, "GET", "/", "")) // each with a new token
					key := w.service.one(t).session.AccessKeyID
					if before, ok := keys[user]; ok && before != key {
						t.Errorf("expected the credentials of %s to be kept", user)
					}
					keys[user] = key
				}
			}
			if keys["jo"] == keys["mo"] {
				t.Error("two users have the same credentials")
			}
		})
	}
}

// TestTheCacheKnowsWhatChangesTheAnswer: credentials from before somebody lost a
// group are not used after it.
func TestTheCacheKnowsWhatChangesTheAnswer(t *testing.T) {
	w := startedSTS(t, "group_role admins "+adminRole+"\nrole_arn "+memberRole, signing{})
	if got := w.roleOf("jo"); got != adminRole {
		t.Fatalf("expected %s, got %s", adminRole, got)
	}
	check(t, w.pool.SetGroups("jo", "staff"))
	if got := w.roleOf("jo"); got != memberRole {
		t.Errorf("expected the role without the group, got %s", got)
	}
	other, err := w.pool.IDToken("jo", machineClient, nil)
	check(t, err)
	calls := w.cognito.Calls("AssumeRoleWithWebIdentity")
	w.wantStatus(200, w.get("/", "Authorization: Bearer "+other))
	if w.cognito.Calls("AssumeRoleWithWebIdentity") != calls+1 {
		t.Error("expected an exchange for another app client: roles may depend on it")
	}
}

// TestTheCacheKnowsGroupsAlsoWhereThePoolChooses, and the edge asks for no role.
func TestTheCacheKnowsGroupsAlsoWhereThePoolChooses(t *testing.T) {
	w := enhanced(func(w *serviceWorld) map[string]cognitolocal.RoleMapping {
		return map[string]cognitolocal.RoleMapping{w.pool.ProviderName() + ":" + webClient: {
			Type: cognitolocal.MappingRules, AmbiguousRoleResolution: cognitolocal.ResolveAuthenticatedRole,
			Rules: []cognitolocal.Rule{{Claim: "cognito:groups", MatchType: cognitolocal.MatchContains, Value: "admins", RoleARN: adminRole}},
		}}
	})(t, "")
	for _, row := range []struct {
		groups []string
		want   string
	}{{[]string{"admins", "staff"}, adminRole}, {[]string{"staff"}, memberRole}, {nil, memberRole}, {[]string{"admins"}, adminRole}} {
		check(t, w.pool.SetGroups("jo", row.groups...))
		if got := w.roleOf("jo"); got != row.want {
			t.Errorf("expected %s in groups %q, got %s", row.want, row.groups, got)
		}
	}
}

// TestWhatIsSaidToSTS reaches it.
func TestWhatIsSaidToSTS(t *testing.T) {
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
	rows := []struct {
		name, lines string
		exp         time.Duration // of the token
		duration    time.Duration
		policy      string
	}{
		{"a token that lasts half an hour", "", 30 * time.Minute, 30 * time.Minute, ""},
		{"a token that lasts a minute: STS knows nothing shorter than 15", "", time.Minute, 15 * time.Minute, ""},
		{"a token that lasts 20 hours: an hour is enough", "", 20 * time.Hour, time.Hour, ""},
		{"a configured duration", "duration 2h", 30 * time.Minute, 2 * time.Hour, ""},
		{"the longest duration", "duration 12h", 30 * time.Minute, 12 * time.Hour, ""},
		{"a session policy", "policy `" + policy + "`", time.Hour, time.Hour, policy},
		{"a session policy with placeholders, which are not Caddy's", "policy `" + strings.Replace(policy, `"*"`, `"arn:aws:s3:::b/${aws:userid}/*"`, 1) + "`", time.Hour, time.Hour,
			strings.Replace(policy, `"*"`, `"arn:aws:s3:::b/${aws:userid}/*"`, 1)},
	}
	w := startedService(t, signing{})
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := w.in(t)
			w.againSTS("role_arn "+memberRole+"\n"+row.lines, signing{})
			before := time.Now()
			w.wantStatus(200, w.get("/", "Authorization: Bearer "+w.tokenOf("jo", with("exp", before.Add(row.exp).Unix()))))
			got := w.service.one(t).session
			if early := before.Add(row.duration - 5*time.Second); got.Expires.Before(early) || got.Expires.After(time.Now().Add(row.duration)) {
				t.Errorf("expected %v, got %v", row.duration, time.Until(got.Expires))
			}
			if got.Policy != row.policy {
				t.Errorf("expected the policy %s, got %s", row.policy, got.Policy)
			}
			if want := "/jo"; !strings.HasSuffix(got.SessionARN, want) {
				t.Errorf("expected the session to be named after the user, got %s", got.SessionARN)
			}
		})
	}
}

// TestSignedOutUsersAreRefused where the identity pool asks the user pool.
func TestSignedOutUsersAreRefused(t *testing.T) {
	w := startedService(t, signing{pool: cognitolocal.IdentityPoolOptions{AuthenticatedRole: memberRole, ServerSideTokenCheck: true}})
	_, token := w.signIn("jo")
	check(t, w.pool.SignOut("jo"))
	got := w.get("/", "Authorization: Bearer "+token)
	w.wantProblem(401, "token_rejected", got)
	w.service.none(t)
	_, token = w.signIn("jo") // who signs in again waits for nothing
	w.wantStatus(200, w.get("/", "Authorization: Bearer "+token))
	w.service.one(t)
}

// TestForeignTokensAreNotExchanged: cognito_auth takes two pools, the identity pool
// knows one.
func TestForeignTokensAreNotExchanged(t *testing.T) {
	keys, err := cognitolocal.NewKeys()
	check(t, err)
	second := newPool(t, cognitolocal.Options{PoolID: "eu-west-1_SecondPooL", Keys: keys})
	w := startedService(t, signing{})
	s := signing{service: "dynamodb"}
	s.pools = "user_pool second eu-west-1_SecondPooL {\nclient " + otherClient + "\nissuer " + second.Pool().Issuer() + "\n}"
	s.site = strings.Replace(authOf(""), "cognito_auth main", "cognito_auth main second", 1) + s.proxyTo("")
	w.again(s)
	theirs, err := second.Pool().IDToken("mo", otherClient, nil)
	check(t, err)
	w.wantProblem(401, "foreign_pool", w.get("/", "Authorization: Bearer "+theirs))
	w.service.none(t)
	if w.cognito.Calls("GetId") != 0 {
		t.Error("expected no exchange")
	}
	w.wantStatus(200, w.as("jo", "GET", "/", ""))
}

// TestGuestsHaveCredentialsOfTheirOwn where they are let in.
func TestGuestsHaveCredentialsOfTheirOwn(t *testing.T) {
	const guestRole = "arn:aws:iam::000000000000:role/guests"
	pool := cognitolocal.IdentityPoolOptions{AuthenticatedRole: memberRole, UnauthenticatedRole: guestRole, Guests: true}
	w := startedService(t, signing{exchange: "guests", pool: pool, auth: "optional"})
	w.wantStatus(200, w.get("/"))
	if got := w.service.one(t); got.session.RoleARN != guestRole || got.session.Subject != "" {
		t.Errorf("expected a guest, got %v", got.session)
	}
	if got := w.roleOf("jo"); got != memberRole {
		t.Errorf("expected the role of users, got %s", got)
	}
	w.wantStatus(401, w.get("/", "Authorization: Bearer "+w.tokenOf("jo", with("exp", 1)))) // who is no guest
	w.service.none(t)
	w.again(signing{auth: "optional"}) // the pool allows guests, the edge does not
	w.wantProblem(401, "missing", w.get("/"))
	w.service.none(t)
}

// TestRefusalsCanBeShaped by handle_response, like an answer of the upstream's.
func TestRefusalsCanBeShaped(t *testing.T) {
	w := startedService(t, signing{
		exchange: "group_role admins " + memberRole,
		proxy: "@refused status 400 401 403 413 5xx\nhandle_response @refused {\nheader Shaped {http.cognito.reason}\n" +
			"respond \"{rp.status_code} because of {http.cognito.reason}\" {rp.status_code}\n}",
	})
	for _, row := range []struct {
		name   string
		got    func() answer
		status int
		reason string
	}{
		{"no role", func() answer { return w.as("mo", "GET", "/", "") }, 403, "no_role"},
		{"a presigned query", func() answer { return w.as("jo", "GET", "/?X-Amz-Date=1", "") }, 400, "store_request"},
		{"a body that is too large", func() answer { return w.tooLarge(1<<20 + 1) }, 413, "too_large"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := row.got()
			w.wantStatus(row.status, got)
			if want := fmt.Sprintf("%d because of %s", row.status, row.reason); got.body != want || got.header.Get("Shaped") != row.reason {
				t.Errorf("expected %q, got %q with %v", want, got.body, got.header)
			}
			w.service.none(t)
		})
	}
	w.wantStatus(200, w.as("jo", "GET", "/", ""))
	w.service.answers(func(rw http.ResponseWriter, _ *http.Request, _ arrived) bool { rw.WriteHeader(403); return true })
	if got := w.as("jo", "GET", "/", ""); got.body != "403 because of {http.cognito.reason}" {
		t.Errorf("expected no reason of ours for the service's own refusal, got %q", got.body)
	}
}
