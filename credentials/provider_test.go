package credentials_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

const (
	getID          = `{"IdentityId":"eu-west-1:11111111-0000-0000-0000-000000000000"}`
	getCredentials = `{"IdentityId":"eu-west-1:11111111-0000-0000-0000-000000000000","Credentials":` +
		`{"AccessKeyId":"ASIAEXAMPLE","SecretKey":"secret","SessionToken":"session","Expiration":4.1024448E9}}`
	assumeRole = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>` +
		`<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>` +
		`<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
)

func newPool(t *testing.T, aws *fakeAWS, opts credentials.IdentityPoolOptions) *credentials.IdentityPool {
	t.Helper()
	opts.ID, opts.HTTPClient = poolID, aws
	pool, err := credentials.NewIdentityPool(opts)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

func newWebIdentity(t *testing.T, aws *fakeAWS, opts credentials.WebIdentityOptions) *credentials.WebIdentity {
	t.Helper()
	opts.HTTPClient = aws
	web, err := credentials.NewWebIdentity(opts)
	if err != nil {
		t.Fatal(err)
	}
	return web
}

func TestIdentityPoolEnhancedFlow(t *testing.T) {
	aws := &fakeAWS{answers: map[string]func() (int, string){
		"GetId": answer(200, getID), "GetCredentialsForIdentity": answer(200, getCredentials),
	}}
	pool := newPool(t, aws, credentials.IdentityPoolOptions{})
	for range 2 {
		got, err := pool.Retrieve(t.Context(), user("jo"), readers)
		if err != nil {
			t.Fatal(err)
		}
		if got.AccessKeyID != "ASIAEXAMPLE" || got.SecretAccessKey != "secret" || got.SessionToken != "session" ||
			got.Expires.Unix() != 4_102_444_800 || got.IdentityID != "eu-west-1:11111111-0000-0000-0000-000000000000" {
			t.Errorf("unexpected credentials %+v of %s", got, got.IdentityID)
		}
	}
	if len(aws.calls) != 3 || !strings.HasPrefix(aws.calls[2], "GetCredentialsForIdentity") {
		t.Errorf("expected the identity to be asked for once, got %d calls", len(aws.calls))
	}
	for _, call := range aws.calls {
		if !strings.Contains(call, `"Logins":{"cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI":"token-of-jo"}`) {
			t.Errorf("expected the login with every call, got %s", call)
		}
	}
	if !strings.Contains(aws.calls[1], `"CustomRoleArn":"`+readers+`"`) {
		t.Errorf("expected the role, got %s", aws.calls[1])
	}
}

func TestIdentityPoolBasicFlow(t *testing.T) {
	aws := &fakeAWS{answers: map[string]func() (int, string){
		"GetId": answer(200, getID), "AssumeRoleWithWebIdentity": answer(200, assumeRole),
		"GetOpenIdToken": answer(200, `{"IdentityId":"eu-west-1:22222222-0000-0000-0000-000000000000","Token":"vouched"}`),
	}}
	pool := newPool(t, aws, credentials.IdentityPoolOptions{Basic: newWebIdentity(t, aws, credentials.WebIdentityOptions{})})
	got, err := pool.Retrieve(t.Context(), user("jo"), readers)
	if err != nil || got.AccessKeyID != "ASIAEXAMPLE" || got.IdentityID != "eu-west-1:22222222-0000-0000-0000-000000000000" {
		t.Fatalf("unexpected %v of %q, %v", got, got.IdentityID, err)
	}
	if last := aws.calls[len(aws.calls)-1]; !strings.Contains(last, "WebIdentityToken=vouched") || strings.Contains(last, "token-of-jo") {
		t.Errorf("expected the pool's token at STS, got %s", last)
	}
}

// TestAMergedIdentityIsAskedForFromThenOn: the pool joined two identities of the
// user, and answers for the one that is left.
func TestAMergedIdentityIsAskedForFromThenOn(t *testing.T) {
	const left = "eu-west-1:22222222-0000-0000-0000-000000000000"
	for _, row := range []struct {
		name, operation, answer string
		basic                   bool
	}{
		{"the enhanced flow", "GetCredentialsForIdentity", strings.Replace(getCredentials, "11111111", "22222222", 1), false},
		{"the basic flow", "GetOpenIdToken", `{"IdentityId":"` + left + `","Token":"vouched"}`, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			aws := &fakeAWS{answers: map[string]func() (int, string){
				"GetId": answer(200, getID), row.operation: answer(200, row.answer), "AssumeRoleWithWebIdentity": answer(200, assumeRole),
			}}
			var opts credentials.IdentityPoolOptions
			if row.basic {
				opts.Basic = newWebIdentity(t, aws, credentials.WebIdentityOptions{})
			}
			pool := newPool(t, aws, opts)
			for range 2 {
				if got, err := pool.Retrieve(t.Context(), user("jo"), readers); err != nil || got.IdentityID != left {
					t.Fatalf("expected the credentials of %s, got those of %q, %v", left, got.IdentityID, err)
				}
			}
			var asked []string
			for _, call := range aws.calls {
				if strings.HasPrefix(call, row.operation) {
					asked = append(asked, call)
				}
			}
			if len(asked) != 2 || strings.Contains(asked[0], left) || !strings.Contains(asked[1], left) {
				t.Errorf("expected the second call for %s, got %q", left, asked)
			}
		})
	}
}

func TestGuests(t *testing.T) {
	aws := &fakeAWS{answers: map[string]func() (int, string){
		"GetId": answer(200, getID), "GetCredentialsForIdentity": answer(200, getCredentials),
	}}
	if _, err := newPool(t, aws, credentials.IdentityPoolOptions{}).Retrieve(t.Context(), credentials.Identity{}, ""); !errors.Is(err, credentials.ErrDenied) {
		t.Errorf("expected ErrDenied, got %v", err)
	}
	if _, err := newPool(t, aws, credentials.IdentityPoolOptions{Guests: true}).Retrieve(t.Context(), credentials.Identity{}, ""); err != nil {
		t.Error(err)
	}
	if strings.Contains(strings.Join(aws.calls, ""), "Logins") {
		t.Errorf("expected no logins, got %s", aws.calls)
	}
}

func TestWebIdentity(t *testing.T) {
	aws := &fakeAWS{answers: map[string]func() (int, string){"AssumeRoleWithWebIdentity": answer(200, assumeRole)}}
	web := newWebIdentity(t, aws, credentials.WebIdentityOptions{Policy: `{"Version":"2012-10-17"}`, PolicyARNs: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}})
	who := user("jo doe|x")
	who.TokenExpires = time.Now().Add(20 * time.Minute)
	if _, err := web.Retrieve(t.Context(), who, readers); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"RoleSessionName=jo-doe-x", "DurationSeconds=1", "WebIdentityToken=token-of-jo+doe%7Cx", "Policy=%7B", "PolicyArns.member.1.arn="} {
		if !strings.Contains(aws.calls[0], want) {
			t.Errorf("expected %s, got %s", want, aws.calls[0])
		}
	}
	for _, role := range []string{"", "Readers", "https://sts.example.org/arn:aws:iam::111122223333:role/Readers"} {
		if _, err := web.Retrieve(t.Context(), who, role); !errors.Is(err, credentials.ErrNoRole) {
			t.Errorf("%q: expected ErrNoRole, got %v", role, err)
		}
	}
	if len(aws.calls) != 1 {
		t.Errorf("expected no call without a role, got %q", aws.calls[1:])
	}
}

func TestRefusalsOfTheExchange(t *testing.T) {
	var unavailable *credentials.UnavailableError
	cognito := func(name, message string) string { return fmt.Sprintf(`{"__type":%q,"message":%q}`, name, message) }
	sts := func(code, message string) string {
		return `<ErrorResponse><Error><Type>Sender</Type><Code>` + code + `</Code><Message>` + message + `</Message></Error></ErrorResponse>`
	}
	for _, row := range []struct {
		name, operation string
		status          int
		body            string
		want            error // nil: unavailable
	}{
		{"a pool that does not know the client", "GetId", 400, cognito("NotAuthorizedException", "Token is not from a supported provider of this identity pool."), credentials.ErrTokenRejected},
		{"an expired token", "GetId", 400, cognito("NotAuthorizedException", "Invalid login token. Token expired: 1 >= 0"), credentials.ErrTokenRejected},
		{"the identity of somebody else", "GetCredentialsForIdentity", 400, cognito("NotAuthorizedException", "Logins don't match."), credentials.ErrTokenRejected},
		{"no guests", "GetId", 400, cognito("NotAuthorizedException", "Unauthenticated access is not supported for this identity pool."), credentials.ErrDenied},
		{"a pool without roles", "GetCredentialsForIdentity", 400, cognito("InvalidIdentityPoolConfigurationException", "Check assigned IAM roles."), credentials.ErrDenied},
		{"an identity that is gone", "GetCredentialsForIdentity", 400, cognito("ResourceNotFoundException", "Identity 'eu-west-1:1' not found."), credentials.ErrDenied},
		{"a throttled pool", "GetId", 400, cognito("TooManyRequestsException", "Rate exceeded"), nil},
		{"a pool in trouble", "GetId", 500, cognito("InternalErrorException", ""), nil},
		{"rubbish from the pool", "GetId", 200, "<html>", credentials.ErrAnswer},
		{"an empty answer", "GetId", 200, "{}", credentials.ErrAnswer},
		{"credentials without a key", "GetCredentialsForIdentity", 200, getID, credentials.ErrAnswer},
		{"credentials without an end", "GetCredentialsForIdentity", 200, strings.Replace(getCredentials, `,"Expiration":4.1024448E9`, "", 1), credentials.ErrAnswer},
		{"credentials that have ended", "GetCredentialsForIdentity", 200, strings.Replace(getCredentials, "4.1024448E9", "946684800", 1), credentials.ErrAnswer},
		{"STS: credentials that have ended", "AssumeRoleWithWebIdentity", 200, strings.Replace(assumeRole, "2100-", "2000-", 1), credentials.ErrAnswer},
		{"AWS: an expired token", "AssumeRoleWithWebIdentity", 400, sts("ExpiredTokenException", ""), credentials.ErrTokenRejected},
		{"AWS: another audience", "AssumeRoleWithWebIdentity", 400, sts("InvalidIdentityToken", "Incorrect token audience"), credentials.ErrTokenRejected},
		{"MinIO: an expired token", "AssumeRoleWithWebIdentity", 400, sts("InvalidParameterValue", "Token is expired"), credentials.ErrTokenRejected},
		{"MinIO: no policy for the user", "AssumeRoleWithWebIdentity", 400, sts("InvalidParameterValue", "None of the given policies are defined"), credentials.ErrDenied},
		{"a trust policy that does not match", "AssumeRoleWithWebIdentity", 403, sts("AccessDenied", ""), credentials.ErrDenied},
		{"STS cannot reach the issuer", "AssumeRoleWithWebIdentity", 400, sts("IDPCommunicationError", ""), nil},
		{"STS cannot fetch the issuer's keys", "AssumeRoleWithWebIdentity", 400, sts("InvalidIdentityToken", keysNotFetched), nil},
		{"STS is down", "AssumeRoleWithWebIdentity", 503, "<html>", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			aws := &fakeAWS{answers: map[string]func() (int, string){
				"GetId": answer(200, getID), "GetCredentialsForIdentity": answer(200, getCredentials),
			}}
			aws.answers[row.operation] = answer(row.status, row.body)
			var p credentials.Provider = newPool(t, aws, credentials.IdentityPoolOptions{})
			if row.operation == "AssumeRoleWithWebIdentity" {
				p = newWebIdentity(t, aws, credentials.WebIdentityOptions{})
			}
			_, err := p.Retrieve(t.Context(), user("jo"), readers)
			if row.want != nil && !errors.Is(err, row.want) || row.want == nil && !errors.As(err, &unavailable) {
				t.Errorf("expected %v, got %v (%v)", row.want, err, errors.Unwrap(err))
			}
			if strings.Contains(fmt.Sprint(err), "token-of") {
				t.Errorf("the error holds the token: %v", err)
			}
		})
	}
}

// TestAPoolThatIsNotThere is nobody's fault but the operator's, whose log names it.
func TestAPoolThatIsNotThere(t *testing.T) {
	for _, operation := range []string{"GetId", "GetCredentialsForIdentity"} {
		for _, message := range []string{"IdentityPool '" + poolID + "' not found.", "IdentityPool not found.", ""} {
			aws := &fakeAWS{answers: map[string]func() (int, string){"GetId": answer(200, getID), "GetCredentialsForIdentity": answer(200, getCredentials)}}
			aws.answers[operation] = answer(400, fmt.Sprintf(`{"__type":"ResourceNotFoundException","message":%q}`, message))
			_, err := newPool(t, aws, credentials.IdentityPoolOptions{}).Retrieve(t.Context(), user("jo"), "")
			wrong, ok := errors.AsType[*credentials.MisconfiguredError](err)
			if !ok || wrong.Key != "identity_pool" || !strings.Contains(wrong.Error(), poolID) || errors.Is(err, credentials.ErrDenied) {
				t.Errorf("%s, %q: expected the pool to be named, got %v", operation, message, err)
			}
		}
	}
}

// TestAnAccountWithoutTheProvider is nobody's fault but the operator's, either.
func TestAnAccountWithoutTheProvider(t *testing.T) {
	refusal := "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>No OpenIDConnect provider found in your account for " + poolIssuer + "</Message></Error></ErrorResponse>"
	aws := &fakeAWS{answers: map[string]func() (int, string){"AssumeRoleWithWebIdentity": answer(400, refusal)}}
	_, err := newWebIdentity(t, aws, credentials.WebIdentityOptions{}).Retrieve(t.Context(), user("jo"), readers)
	wrong, ok := errors.AsType[*credentials.MisconfiguredError](err)
	if !ok || wrong.Key != "web_identity" || !strings.Contains(wrong.Error(), poolIssuer) || errors.Is(err, credentials.ErrTokenRejected) {
		t.Errorf("expected the provider to be named, got %v", err)
	}
}

// TestKeysThatSTSFetchesWithTheNextTry: nobody notices.
func TestKeysThatSTSFetchesWithTheNextTry(t *testing.T) {
	tries := 0
	aws := &fakeAWS{answers: map[string]func() (int, string){"AssumeRoleWithWebIdentity": func() (int, string) {
		if tries++; tries == 1 {
			return 400, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>" + keysNotFetched + "</Message></Error></ErrorResponse>"
		}
		return 200, assumeRole
	}}}
	if _, err := newWebIdentity(t, aws, credentials.WebIdentityOptions{}).Retrieve(t.Context(), user("jo"), readers); err != nil {
		t.Errorf("expected credentials, got %v", err)
	}
}

const keysNotFetched = "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"

func TestOptionsThatMakeNoSense(t *testing.T) {
	if _, err := credentials.NewIdentityPool(credentials.IdentityPoolOptions{ID: "eu-west-1_AbCdEfGhI"}); err == nil {
		t.Error("expected a user pool ID to be refused")
	}
	for _, opts := range []credentials.WebIdentityOptions{{Duration: time.Minute}, {Duration: 13 * time.Hour}, {Policy: strings.Repeat("x", 2049)}} {
		if _, err := credentials.NewWebIdentity(opts); err == nil {
			t.Errorf("expected %v to be refused", opts.Duration)
		}
	}
	if _, err := credentials.NewCache(credentials.CacheOptions{}); err == nil {
		t.Error("expected a cache without a provider to be refused")
	}
}

func TestPrintingCredentialsShowsNoSecret(t *testing.T) {
	creds := credentials.Credentials{AccessKeyID: "ASIAMARKER", SecretAccessKey: "MARKER", SessionToken: "MARKER"}
	json, err := creds.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%v %+v %#v %s %s", creds, creds, creds, creds, json); strings.Contains(text, "MARKER") {
		t.Errorf("a secret shows: %s", text)
	}
}
