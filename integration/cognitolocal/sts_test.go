package cognitolocal_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// newSTS is a cloud with a role for the users of the public client, one for the
// client with a secret, and an identity pool with a role for its users.
func newSTS(t *testing.T) (*cloud, *cognitolocal.IdentityPool) {
	t.Helper()
	c := newCloud(t)
	pool := c.pool(t, open())
	add := func(arn string, trust cognitolocal.Trust) {
		noError(t, c.AddRole(cognitolocal.Role{ARN: arn, Trust: []cognitolocal.Trust{trust}, MaxDuration: 2 * time.Hour}))
	}
	add(otherRole, cognitolocal.Trust{UserPool: c.Pool(), ClientIDs: []string{webClient}})
	add(adminRole, cognitolocal.Trust{UserPool: c.Pool(), ClientIDs: []string{secretClient}})
	add(memberRole, cognitolocal.Trust{IdentityPool: pool})
	return c, pool
}

// token is jo's, with changed claims.
func (c *cloud) token(t *testing.T, mutate func(map[string]any)) string {
	t.Helper()
	return c.logins(t, mutate)[c.Pool().ProviderName()]
}

func TestAssumeRoleWithAnIDToken(t *testing.T) {
	c, _ := newSTS(t)
	out, err := c.assume(t, otherRole, c.token(t, nil), nil)
	noError(t, err)
	jo, _ := c.Pool().User("jo")
	const arn = "arn:aws:sts::111122223333:assumed-role/Others/jo@example.org"
	if *out.SubjectFromWebIdentityToken != jo.Sub || *out.Audience != webClient || *out.Provider != c.Pool().Issuer() {
		t.Errorf("unexpected subject %s, audience %s or provider %s", *out.SubjectFromWebIdentityToken, *out.Audience, *out.Provider)
	}
	if user := out.AssumedRoleUser; *user.Arn != arn || !strings.HasPrefix(*user.AssumedRoleId, "AROA") || !strings.HasSuffix(*user.AssumedRoleId, ":jo@example.org") {
		t.Errorf("unexpected user %s, %s", *user.Arn, *user.AssumedRoleId)
	}
	want := cognitolocal.Session{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey,
		SessionToken: *out.Credentials.SessionToken, Expires: c.clock.Now().Add(time.Hour),
		RoleARN: otherRole, SessionARN: arn, Subject: jo.Sub,
	}
	if got := c.session(t, want.AccessKeyID); got != want {
		t.Errorf("expected session %v, got %v", want, got)
	}
	if !out.Credentials.Expiration.Equal(want.Expires) {
		t.Errorf("expected expiry %v, got %v", want.Expires, out.Credentials.Expiration)
	}
}

func TestBasicFlow(t *testing.T) {
	c, pool := newSTS(t)
	logins := c.logins(t, nil)
	id := c.mustID(t, pool, logins)
	token, err := c.getOpenIDToken(t, id, logins)
	noError(t, err)
	jo, _ := c.Pool().User("jo")
	got := claims(t, token)
	if got["iss"] != "https://cognito-identity.amazonaws.com" || got["aud"] != pool.ID() || got["sub"] != id {
		t.Errorf("unexpected claims %v", got)
	}
	if got["exp"].(float64)-got["iat"].(float64) != 600 {
		t.Errorf("expected ten minutes, got %v to %v", got["iat"], got["exp"])
	}
	name := c.Pool().ProviderName()
	amr, _ := got["amr"].([]any)
	if len(amr) != 3 || amr[0] != "authenticated" || amr[1] != name || amr[2] != name+":CognitoSignIn:"+jo.Sub {
		t.Errorf("unexpected amr %v", amr)
	}
	out, err := c.assume(t, memberRole, token, func(in *sts.AssumeRoleWithWebIdentityInput) {
		in.DurationSeconds, in.Policy = aws.Int32(7200), aws.String(policy)
	})
	noError(t, err)
	session := c.session(t, *out.Credentials.AccessKeyId)
	if session.IdentityID != id || session.Subject != jo.Sub || session.RoleARN != memberRole || session.Policy != policy {
		t.Errorf("unexpected session %v: identity %s, subject %s", session, session.IdentityID, session.Subject)
	}
	if want := c.clock.Now().Add(2 * time.Hour); !session.Expires.Equal(want) || *out.Provider != "cognito-identity.amazonaws.com" {
		t.Errorf("expected %v by the identity pools, got %v by %s", want, session.Expires, *out.Provider)
	}
}

func TestBasicFlowOfAGuest(t *testing.T) {
	c, pool := newSTS(t)
	noError(t, c.AddRole(cognitolocal.Role{
		ARN: guestRole, Trust: []cognitolocal.Trust{{IdentityPool: pool, AMR: []string{"unauthenticated"}}},
	}))
	id := c.mustID(t, pool, nil)
	token, err := c.getOpenIDToken(t, id, nil)
	noError(t, err)
	out, err := c.assume(t, guestRole, token, nil)
	noError(t, err)
	if got := c.session(t, *out.Credentials.AccessKeyId); got.IdentityID != id || got.Subject != "" {
		t.Errorf("expected a guest, got identity %s of subject %q", got.IdentityID, got.Subject)
	}
}

func TestTokensThatSTSRefuses(t *testing.T) {
	c, pool := newSTS(t)
	logins := c.logins(t, nil)
	openID, err := c.getOpenIDToken(t, c.mustID(t, pool, logins), logins)
	noError(t, err)
	guest, err := c.getOpenIDToken(t, c.mustID(t, pool, nil), nil)
	noError(t, err)
	stranger := c.pool(t, open())
	foreign, err := c.getOpenIDToken(t, c.mustID(t, stranger, logins), logins)
	noError(t, err)
	access, err := c.Pool().AccessToken("jo", webClient, nil)
	noError(t, err)
	unlisted, err := otherPool(t, c).IDToken("jo", "otherclient", nil)
	noError(t, err)
	good := c.token(t, nil)
	set := func(name string, value any) string {
		return c.token(t, func(m map[string]any) { m[name] = value })
	}
	const denied = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
	tests := []struct {
		name, role, token, code, message string
		status                           string
	}{
		{"no JWT", otherRole, "undefined", "InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)", "400"},
		{"an access token", otherRole, access, "InvalidIdentityToken", "Missing a required claim: aud", "400"},
		{"an expired token", otherRole, set("exp", 1_790_000_000), "ExpiredTokenException", "Token expired: current date/time 1790000000 must be before the expiration date/time 1790000000", "400"},
		{"a token that never expires", otherRole, c.token(t, func(m map[string]any) { delete(m, "exp") }), "InvalidIdentityToken", "Missing a required claim: exp", "400"},
		{"a client that no role lists", otherRole, set("aud", "unknown"), "InvalidIdentityToken", "Incorrect token audience", "400"},
		{"a client that another role lists", adminRole, good, "AccessDenied", denied, "403"},
		{"a user pool that no role lists", otherRole, unlisted, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://cognito-idp.us-east-2.amazonaws.com/us-east-2_Other", "400"},
		{"a signature that was cut", otherRole, good[:strings.LastIndex(good, ".")+1], "InvalidIdentityToken", "", "400"},
		{"a token that only claims to be an identity pool's", memberRole, set("iss", "https://cognito-identity.amazonaws.com"), "InvalidIdentityToken", "", "400"},
		{"a role nobody added", "arn:aws:iam::111122223333:role/Nobody", good, "AccessDenied", denied, "403"},
		{"a role for the identity pool", memberRole, good, "AccessDenied", denied, "403"},
		{"an identity pool's token for another role", otherRole, openID, "AccessDenied", denied, "403"},
		{"a guest where users are trusted", memberRole, guest, "AccessDenied", denied, "403"},
		{"the token of another identity pool", memberRole, foreign, "AccessDenied", denied, "403"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.assume(t, tt.role, tt.token, nil)
			wantCode(t, err, tt.code, tt.message)
			wantText(t, err, tt.code, "StatusCode: "+tt.status)
		})
	}
	c.clock.Advance(10 * time.Minute)
	_, err = c.assume(t, memberRole, openID, nil)
	wantCode(t, err, "ExpiredTokenException", "")
}

func TestParametersThatSTSRefuses(t *testing.T) {
	c, _ := newSTS(t)
	good := c.token(t, nil)
	type input = sts.AssumeRoleWithWebIdentityInput
	policyOf := func(size int) *string {
		return aws.String(`{"Statement":[{"Sid":"` + strings.Repeat("x", size) + `"}]}`)
	}
	tests := []struct {
		name          string
		change        func(*input)
		code, message string
	}{
		{"a session name of one character", func(in *input) { in.RoleSessionName = aws.String("x") }, "ValidationError", "1 validation error detected: Value 'x' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		{"a session name with a space", func(in *input) { in.RoleSessionName = aws.String("jo doe") }, "ValidationError", `Member must satisfy regular expression pattern: [\w+=,.@-]*`},
		{"a session name with a bar", func(in *input) { in.RoleSessionName = aws.String("google|1") }, "ValidationError", "roleSessionName"},
		{"a session name of 65 characters", func(in *input) { in.RoleSessionName = aws.String(strings.Repeat("x", 65)) }, "ValidationError", "less than or equal to 64"},
		{"less than 15 minutes", func(in *input) { in.DurationSeconds = aws.Int32(899) }, "ValidationError", "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{"more than 12 hours", func(in *input) { in.DurationSeconds = aws.Int32(43_201) }, "ValidationError", "less than or equal to 43200"},
		{"more than the role allows", func(in *input) { in.DurationSeconds = aws.Int32(7201) }, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"two mistakes at once", func(in *input) { in.DurationSeconds, in.RoleSessionName = aws.Int32(1), aws.String("x") }, "ValidationError", "2 validation errors detected: "},
		{"a role that is no ARN", func(in *input) { in.RoleArn = aws.String("this-is-not-an-arn-at-all") }, "ValidationError", "this-is-not-an-arn-at-all is invalid"},
		{"a role that is too short", func(in *input) { in.RoleArn = aws.String("Others") }, "ValidationError", "roleArn"},
		{"a token that is too long", func(in *input) { in.WebIdentityToken = aws.String(strings.Repeat("x", 20_001)) }, "ValidationError", "webIdentityToken"},
		{"a policy that is no JSON", func(in *input) { in.Policy = aws.String("{") }, "MalformedPolicyDocument", ""},
		{"a policy that says nothing", func(in *input) { in.Policy = aws.String("{}") }, "MalformedPolicyDocument", ""},
		{"a policy that is too large", func(in *input) { in.Policy = policyOf(2048) }, "PackedPolicyTooLarge", ""},
		{"eleven managed policies", func(in *input) { in.PolicyArns = make([]types.PolicyDescriptorType, 11); fill(in.PolicyArns) }, "ValidationError", "policyArns"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.assume(t, otherRole, good, tt.change)
			wantText(t, err, tt.code, tt.message)
			wantText(t, err, tt.code, "StatusCode: 400")
		})
	}
	_, err := c.assume(t, otherRole, good, func(in *input) {
		in.DurationSeconds, in.Policy, in.RoleSessionName = aws.Int32(900), policyOf(2000), aws.String("Jo+=,.@-_")
	})
	noError(t, err)
}

func fill(arns []types.PolicyDescriptorType) {
	for i := range arns {
		arns[i].Arn = aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")
	}
}

func TestSTSOnTheWire(t *testing.T) {
	c, _ := newSTS(t)
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {otherRole},
		"RoleSessionName": {"jo"}, "WebIdentityToken": {c.token(t, nil)},
	}
	tests := []struct {
		name, key, value string
		status           int
		want             []string
	}{
		{"a success", "RoleSessionName", "jo", 200, []string{
			`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>`,
			"<Expiration>2026-09-21T15:13:20Z</Expiration>", "</AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>",
		}},
		{"a refusal", "RoleArn", "arn:aws:iam::111122223333:role/Nobody", 403, []string{
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>`, "</Error><RequestId>",
		}},
		{"another action", "Action", "AssumeRole", 400, []string{"<Code>InvalidAction</Code>"}},
		{"another version", "Version", "2012-10-17", 400, []string{"<Code>InvalidAction</Code>"}},
		{"a duration that is no number", "DurationSeconds", "an hour", 400, []string{"<Code>MalformedInput</Code>"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			changed := url.Values{}
			for k, v := range form {
				changed[k] = v
			}
			changed.Set(tt.key, tt.value)
			status, body := c.post(t, changed.Encode())
			if status != tt.status {
				t.Errorf("expected status %d, got %d: %s", tt.status, status, body)
			}
			for _, want := range tt.want {
				if !strings.Contains(body, want) {
					t.Errorf("expected %s in %s", want, body)
				}
			}
		})
	}
	if status, body := c.post(t, "Action=%zz"); status != 400 || !strings.Contains(body, "<Code>MalformedInput</Code>") {
		t.Errorf("expected a broken form to be refused, got %d: %s", status, body)
	}
}

// post sends a form to the STS.
func (c *cloud) post(t *testing.T, form string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url+"/", strings.NewReader(form))
	noError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	resp, err := http.DefaultTransport.RoundTrip(req)
	noError(t, err)
	body, err := io.ReadAll(resp.Body)
	noError(t, err)
	noError(t, resp.Body.Close())
	return resp.StatusCode, string(body)
}

func TestTrustOfAllClientsFollowsThePool(t *testing.T) {
	c := newCloud(t)
	noError(t, c.AddRole(cognitolocal.Role{ARN: otherRole, Trust: []cognitolocal.Trust{{UserPool: c.Pool()}}}))
	token := c.token(t, func(m map[string]any) { m["aud"] = "lateclient" })
	_, err := c.assume(t, otherRole, token, nil)
	wantCode(t, err, "InvalidIdentityToken", "Incorrect token audience")
	noError(t, c.Pool().AddClient(cognitolocal.Client{ID: "lateclient"}))
	_, err = c.assume(t, otherRole, token, nil)
	noError(t, err)
}

func TestTrustByPatternOfAMR(t *testing.T) {
	c, pool := newSTS(t)
	logins := c.logins(t, nil)
	token, err := c.getOpenIDToken(t, c.mustID(t, pool, logins), logins)
	noError(t, err)
	tests := []struct {
		name, pattern string
		ok            bool
	}{
		{"a star stands for any text", c.Pool().ProviderName() + ":CognitoSignIn:*", true},
		{"a star stands for slashes, too", "cognito-idp.*", true},
		{"a question mark stands for one character", "authenticate?", true},
		{"a question mark stands for no more", "authentic?", false},
		{"a pattern must match all of a value", "cognito-idp", false},
		{"a dot is a dot", "cognito.idp*", false},
		{"another provider does not match", "graph.facebook.com*", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			noError(t, c.AddRole(cognitolocal.Role{ARN: memberRole, Trust: []cognitolocal.Trust{{IdentityPool: pool, AMR: []string{tt.pattern}}}}))
			_, err := c.assume(t, memberRole, token, nil)
			if tt.ok {
				noError(t, err)
				return
			}
			wantCode(t, err, "AccessDenied", "")
		})
	}
}

func TestRolesThatAreRefused(t *testing.T) {
	c := newCloud(t)
	pool := c.pool(t, open())
	trust := func(t cognitolocal.Trust) cognitolocal.Role {
		return cognitolocal.Role{ARN: otherRole, Trust: []cognitolocal.Trust{t}}
	}
	tests := map[string]cognitolocal.Role{
		"a name for the ARN":                     {ARN: "Others"},
		"the ARN of a user":                      {ARN: "arn:aws:iam::111122223333:user/jo"},
		"an ARN that ends in a slash":            {ARN: "arn:aws:iam::111122223333:role/path/"},
		"sessions of less than an hour":          {ARN: otherRole, MaxDuration: time.Minute},
		"sessions of more than half a day":       {ARN: otherRole, MaxDuration: 13 * time.Hour},
		"trust in nobody":                        trust(cognitolocal.Trust{}),
		"trust in both kinds of pools at once":   trust(cognitolocal.Trust{UserPool: c.Pool(), IdentityPool: pool}),
		"app clients of an identity pool":        trust(cognitolocal.Trust{IdentityPool: pool, ClientIDs: []string{webClient}}),
		"authentication methods of a user pool ": trust(cognitolocal.Trust{UserPool: c.Pool(), AMR: []string{"authenticated"}}),
	}
	for name, role := range tests {
		t.Run(name, func(t *testing.T) {
			if c.AddRole(role) == nil {
				t.Error("expected an error")
			}
		})
	}
}
