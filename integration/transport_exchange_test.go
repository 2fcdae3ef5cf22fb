package integration_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strconv"
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

// TestExchangesThatFail have a status, a reason and nothing that helps nobody but
// an operator.
func TestExchangesThatFail(t *testing.T) {
	api := func(name, message string) cognitolocal.Fault { return cognitolocal.FaultAPI(name, message) }
	rows := []struct {
		name   string
		fault  cognitolocal.Fault
		status int
		reason string
	}{
		{"a token that expired by the exchange's clock", api("NotAuthorizedException", "Invalid login token. Token expired: 2 >= 1"), 401, "token_rejected"},
		{"a token of another pool", api("NotAuthorizedException", "Token is not from a supported provider of this identity pool."), 401, "token_rejected"},
		{"a pool that does not want this user", api("NotAuthorizedException", "Access to Identity is forbidden."), 403, "denied"},
		{"a pool without roles", api("InvalidIdentityPoolConfigurationException", "Check assigned IAM roles"), 403, "denied"},
		{"a pool that is not there", api("ResourceNotFoundException", "IdentityPool not found."), 502, "misconfigured"},
		{"throttling", api("TooManyRequestsException", "Rate exceeded"), 503, "unavailable"},
		{"throttling in other words", api("LimitExceededException", "Rate exceeded"), 503, "unavailable"},
		{"an internal error", api("InternalErrorException", "Oops"), 503, "unavailable"},
		{"an error that nobody knows", api("BrandNewException", "Oops"), 503, "unavailable"},
		{"a gateway that is broken", cognitolocal.FaultStatus(502), 503, "unavailable"},
		{"a firewall's page", cognitolocal.FaultWAF(), 502, "answer"},
		{"something that is no answer", cognitolocal.FaultGarbage(), 502, "answer"},
		{"an answer that has nothing in it", cognitolocal.FaultEmptyKeySet(), 502, "answer"},
		{"an answer that has no end", cognitolocal.FaultHuge(), 502, "answer"},
	}
	for _, endpoint := range []cognitolocal.Endpoint{cognitolocal.EndpointGetID, cognitolocal.EndpointGetCredentials} {
		for _, row := range rows {
			t.Run(string(endpoint)+": "+row.name, func(t *testing.T) {
				w := startedService(t, signing{proxy: "header_down +Reason {http.cognito.reason}"})
				w.cognito.SetFault(endpoint, row.fault)
				w.failed(row.status, row.reason)
			})
		}
	}
}

// failed wants a refusal, and that the log at level INFO has it once however often
// it happens, without its users.
func (w *serviceWorld) failed(status int, reason string) {
	w.Helper()
	for range 3 {
		got := w.as("jo", "POST", "/", "hello")
		w.wantProblem(status, reason, got)
		retry, err := strconv.Atoi(got.header.Get("Retry-After"))
		if again := err == nil && retry > 0; again != (status == 503) {
			w.Errorf("expected Retry-After with 503 only, got %v", got.header)
		}
		challenge := got.header.Get("WWW-Authenticate")
		if strings.Contains(challenge, `error="invalid_token"`) != (status == 401) {
			w.Errorf("expected a challenge with 401 only, got %q", challenge)
		}
		for _, word := range []string{"Rate exceeded", "Oops", "Exception", w.identities.ID(), "127.0.0.1"} {
			if strings.Contains(got.body, word) {
				w.Errorf("the answer tells of %q: %s", word, got.body)
			}
		}
		if got.header.Get("Reason") != reason {
			w.Errorf("expected the reason %q for the proxy's own headers, got %q", reason, got.header.Get("Reason"))
		}
	}
	w.service.none(w.T)
	if loud := w.logged("warn", "cannot get credentials") + w.logged("warn", "credentials were refused") + w.logged("error", "nobody can get credentials"); loud != 1 {
		w.Errorf("expected one alarm, got %d", loud)
	}
}

func TestAnExchangeThatIsGoneIsAnOutage(t *testing.T) {
	w := startedService(t, signing{})
	s := w.siteOf(signing{service: "dynamodb"})
	s.pools = strings.Replace(s.pools, "endpoint $COGNITO", "endpoint http://"+nobody, 1)
	w.load(s)
	w.wantProblem(503, "unavailable", w.as("jo", "GET", "/", ""))
	w.service.none(t)
}

// TestAHangingExchangeIsGivenUp, and a client that goes away first takes nobody
// with it.
func TestAHangingExchangeIsGivenUp(t *testing.T) {
	w := startedService(t, signing{})
	w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.FaultHang())
	began := time.Now()
	w.wantProblem(503, "unavailable", w.as("jo", "GET", "/", ""))
	if took := time.Since(began); took > 11*time.Second {
		t.Errorf("expected an answer within two calls, got %v", took)
	}
	w.service.none(t)
}

// TestOthersWaitForTheExchangeOfOneThatGoesAway.
func TestOthersWaitForTheExchangeOfOneThatGoesAway(t *testing.T) {
	w := startedService(t, signing{})
	w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.FaultHang())
	conn := w.dial()
	_, err := conn.Write([]byte(rawGet("/gone", w.bearerOf("jo"))))
	check(t, err)
	eventually(t, "the exchange runs", func() bool { return w.exchanges() == 1 })
	answered := make(chan answer, 1)
	token := w.tokenOf("jo", nil)
	go func() { answered <- w.get("/stays", "Authorization: Bearer "+token) }()
	check(t, conn.Close())
	eventually(t, "the client that left is logged", func() bool { return w.logged("info", "handled request") == 1 })
	w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.Fault{})
	w.wantStatus(200, <-answered)
	if got := w.service.one(t); got.uri != "/stays" {
		t.Errorf("expected the other one, got %s", got.uri)
	}
	if w.exchanges() != 1 {
		t.Errorf("expected one exchange, got %d", w.exchanges())
	}
}

func TestSTSThatRefuses(t *testing.T) {
	api := cognitolocal.FaultAPI
	rows := []struct {
		name   string
		fault  cognitolocal.Fault
		status int
		reason string
	}{
		{"an expired token", api("ExpiredTokenException", "Token expired"), 401, "token_rejected"},
		{"an invalid token", api("InvalidIdentityToken", "No OpenIDConnect provider found"), 401, "token_rejected"},
		{"a rejected claim", api("IDPRejectedClaim", "no"), 401, "token_rejected"},
		{"MinIO's word for a token that it does not like", api("InvalidParameterValue", "Token is expired"), 401, "token_rejected"},
		{"MinIO's word for a missing policy", api("InvalidParameterValue", "None of the given policies are defined"), 403, "denied"},
		{"a role that is not for this user", api("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"), 403, "denied"},
		{"a session policy that is none", api("MalformedPolicyDocument", "Syntax errors in policy."), 403, "denied"},
		{"throttling", api("Throttling", "Rate exceeded"), 503, "unavailable"},
		{"an issuer that STS cannot reach", api("IDPCommunicationError", "no"), 503, "unavailable"},
		{"an outage", api("ServiceUnavailable", "no"), 503, "unavailable"},
		{"something that is no answer", cognitolocal.FaultGarbage(), 502, "answer"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := startedSTS(t, "role_arn "+memberRole, signing{proxy: "header_down +Reason {http.cognito.reason}"})
			w.cognito.SetFault(cognitolocal.EndpointAssumeRole, row.fault)
			w.failed(row.status, row.reason)
		})
	}
}

// TestAnEndlessAnswerIsNotReadToItsEnd: every user who comes meanwhile would have
// the edge read as much.
func TestAnEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	w := startedService(t, signing{})
	for _, endpoint := range []cognitolocal.Endpoint{cognitolocal.EndpointGetID, cognitolocal.EndpointGetCredentials} {
		w.cognito.SetFault(endpoint, cognitolocal.FaultHuge()) // 64 MiB
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		user := map[cognitolocal.Endpoint]string{cognitolocal.EndpointGetID: "jo", cognitolocal.EndpointGetCredentials: "mo"}[endpoint]
		w.wantProblem(502, "answer", w.as(user, "GET", "/", ""))
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
			t.Errorf("expected %s to be given up early, but %d MiB were allocated", endpoint, grown>>20)
		}
		w.cognito.SetFault(endpoint, cognitolocal.Fault{})
	}
}

// TestExchangesDoNotFollowRedirects: a token must not go where nobody sent it.
func TestExchangesDoNotFollowRedirects(t *testing.T) {
	for _, endpoint := range []cognitolocal.Endpoint{cognitolocal.EndpointGetID, cognitolocal.EndpointGetCredentials} {
		w := startedService(t, signing{})
		w.cognito.SetFault(endpoint, cognitolocal.FaultRedirect("http://"+w.upstream.addr+"/"))
		got := w.as("jo", "GET", "/", "")
		if got.status != 502 && got.status != 503 {
			t.Errorf("expected 502 or 503, got %d", got.status)
		}
		w.upstream.none(t)
		w.service.none(t)
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

// TestAnOutageDoesNotTouchThoseWhoHaveCredentials.
func TestAnOutageDoesNotTouchThoseWhoHaveCredentials(t *testing.T) {
	w := startedService(t, signing{})
	w.wantStatus(200, w.as("jo", "GET", "/", ""))
	w.service.take()
	w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.FaultStatus(503))
	for range 5 {
		w.wantStatus(200, w.as("jo", "GET", "/", ""))
		w.service.one(t)
		w.wantProblem(503, "unavailable", w.as("mo", "GET", "/", ""))
	}
	w.service.none(t)
	w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.Fault{})
	eventually(t, "mo is served", func() bool { return w.as("mo", "GET", "/", "").status == 200 })
	if w.logged("warn", "cannot get credentials") != 1 || w.logged("info", "credentials can be got again") != 1 {
		t.Error("expected one warning, and the news of its end")
	}
}

// TestExpiredCredentialsAreNotUsed, not even when there are no others.
func TestExpiredCredentialsAreNotUsed(t *testing.T) {
	w := startedService(t, signing{pool: cognitolocal.IdentityPoolOptions{AuthenticatedRole: memberRole, CredentialsLifetime: 2 * time.Second}})
	w.wantStatus(200, w.as("jo", "GET", "/", ""))
	first := w.service.one(t).session
	w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.FaultStatus(503))
	var got answer
	eventually(t, "the credentials have expired", func() bool { got = w.as("jo", "GET", "/", ""); return got.status != 200 })
	w.wantProblem(503, "unavailable", got)
	if time.Now().Before(first.Expires) {
		t.Errorf("expected them to be used until %v", first.Expires)
	}
	for _, request := range w.service.take() {
		at, err := time.Parse("20060102T150405Z", request.header.Get("X-Amz-Date"))
		check(t, err)
		if !at.Before(first.Expires) { // one that was signed before may arrive after
			t.Errorf("expected no request with credentials that expired at %v, got one of %v", first.Expires, at)
		}
	}
}
