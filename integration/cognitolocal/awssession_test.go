package cognitolocal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/go-jose/go-jose/v4"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

var (
	accessKey = regexp.MustCompile(`^ASIA[A-Z0-9]{16}$`)
	secretKey = regexp.MustCompile(`^[A-Za-z0-9+/]{40}$`)
)

func TestSessionOfTheEnhancedFlow(t *testing.T) {
	c := newCloud(t)
	pool, logins := c.pool(t, open()), c.logins(t, nil)
	id := c.mustID(t, pool, logins)
	out, err := c.getCredentials(t, id, logins, "")
	noError(t, err)
	jo, _ := c.Pool().User("jo")
	want := cognitolocal.Session{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretKey,
		SessionToken: *out.Credentials.SessionToken, Expires: c.clock.Now().Add(time.Hour),
		RoleARN: memberRole, SessionARN: "arn:aws:sts::111122223333:assumed-role/Members/CognitoIdentityCredentials",
		IdentityID: id, Subject: jo.Sub,
	}
	got := c.session(t, want.AccessKeyID)
	if got != want {
		t.Errorf("expected %v, got %v", want, got)
	}
	if !out.Credentials.Expiration.Equal(want.Expires) {
		t.Errorf("expected expiry %v, got %v", want.Expires, out.Credentials.Expiration)
	}
	if !accessKey.MatchString(got.AccessKeyID) || !secretKey.MatchString(got.SecretAccessKey) {
		t.Errorf("unexpected shape of key %q or secret", got.AccessKeyID)
	}
	if n := len(got.SessionToken); n < 900 || n > 1200 {
		t.Errorf("expected a token of about a kilobyte, got %d bytes", n)
	}
}

func TestSessionPrintsNoSecret(t *testing.T) {
	s := cognitolocal.Session{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "very-secret", SessionToken: "rather-secret", Policy: "a policy"}
	raw, err := json.Marshal(s)
	noError(t, err)
	within, err := json.Marshal(map[string]any{"session": &s})
	noError(t, err)
	printed := []string{
		s.String(), fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%q", s),
		fmt.Sprintf("%v", []cognitolocal.Session{s}), string(raw), string(within),
	}
	for _, text := range printed {
		if strings.Contains(text, "-secret") || !strings.Contains(text, "ASIAEXAMPLE") {
			t.Errorf("expected the key ID and no secret, got %s", text)
		}
	}
}

func TestRevokedSessionsAreUnknown(t *testing.T) {
	c := newCloud(t)
	pool := c.pool(t, open())
	user, err := c.enhanced(t, pool, c.logins(t, nil), "")
	noError(t, err)
	guest, err := c.enhanced(t, pool, nil, "")
	noError(t, err)
	if n := c.RevokeSessions(func(s cognitolocal.Session) bool { return s.Subject == "" }); n != 1 {
		t.Errorf("expected one session to end, got %d", n)
	}
	if _, ok := c.Session(guest.AccessKeyID); ok {
		t.Error("expected the guest's session to be gone")
	}
	if c.session(t, user.AccessKeyID) != user {
		t.Error("expected the user's session to go on")
	}
	if n := c.RevokeSessions(nil); n != 1 {
		t.Errorf("expected all to end, got %d", n)
	}
	if _, ok := c.Session(""); ok {
		t.Error("expected no session without a key")
	}
}

func TestExpiredSessionsArePruned(t *testing.T) {
	c := newCloud(t)
	pool := c.pool(t, open())
	first, err := c.enhanced(t, pool, nil, "")
	noError(t, err)
	c.clock.Advance(time.Hour + time.Minute)
	if got := c.session(t, first.AccessKeyID); !got.Expires.Before(c.clock.Now()) {
		t.Error("expected the session to be known, and expired")
	}
	c.clock.Advance(time.Hour)
	guest := c.mustID(t, pool, nil)
	for range 1024 {
		_, err := c.getCredentials(t, guest, nil, "")
		noError(t, err)
	}
	if _, ok := c.Session(first.AccessKeyID); ok {
		t.Error("expected a session that ended long ago to be forgotten")
	}
}

func TestKeysOfIdentityPoolsVerifyTheirTokens(t *testing.T) {
	c := newCloud(t)
	token, err := c.getOpenIDToken(t, c.mustID(t, c.pool(t, open()), nil), nil)
	noError(t, err)
	_, body := c.get(t, "/.well-known/jwks_uri")
	var keys jose.JSONWebKeySet
	noError(t, json.Unmarshal([]byte(body), &keys))
	signed, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	noError(t, err)
	if _, err := signed.Verify(&keys); err != nil {
		t.Errorf("expected the published key to verify the token: %v", err)
	}
	if got := c.Requests(cognitolocal.EndpointIdentityKeys); got != 1 {
		t.Errorf("expected one request, got %d", got)
	}
}

func TestCallsAndFaultsByOperation(t *testing.T) {
	c, pool := newSTS(t)
	logins := c.logins(t, nil)
	id := c.mustID(t, pool, logins)
	throttle := cognitolocal.FaultAPI("TooManyRequestsException", "Rate exceeded")
	c.SetFault(cognitolocal.EndpointGetCredentials, throttle.Times(1))
	_, err := c.getCredentials(t, id, logins, "")
	if _, ok := errors.AsType[*types.TooManyRequestsException](err); !ok {
		t.Errorf("expected a typed throttle, got %v", err)
	}
	c.mustID(t, pool, logins)
	_, err = c.getCredentials(t, id, logins, "")
	noError(t, err)
	c.SetFault(cognitolocal.EndpointIdentityPool, throttle)
	_, err = c.getID(t, pool.ID(), logins)
	wantCode(t, err, "TooManyRequestsException", "Rate exceeded")
	if w := c.signIn(t); w == nil || c.Calls("InitiateAuth") != 1 {
		t.Error("expected the user pool to be on its own")
	}
	for op, want := range map[string]int{"GetId": 2, "GetCredentialsForIdentity": 2, "GetOpenIdToken": 0, "AssumeRoleWithWebIdentity": 0, "Nothing": 0} {
		if got := c.Calls(op); got != want {
			t.Errorf("%s: expected %d calls, got %d", op, want, got)
		}
	}
	if got := c.Requests(cognitolocal.EndpointIdentityPool); got != 5 {
		t.Errorf("expected five requests of the service, got %d", got)
	}
}

func TestFaultsOfTheUserPoolByOperation(t *testing.T) {
	w := newWorld(t)
	token := *w.signIn(t).AccessToken
	w.SetFault("GetUser", cognitolocal.FaultAPI("InternalErrorException", "x"))
	_, err := w.getUser(t, token)
	wantCode(t, err, "InternalErrorException", "x")
	w.signIn(t)
}

func TestFaultsOfSTS(t *testing.T) {
	c, _ := newSTS(t)
	token := c.token(t, nil)
	try := func() error {
		_, err := c.assume(t, otherRole, token, nil)
		return err
	}
	tests := []struct {
		name     string
		endpoint cognitolocal.Endpoint
		fault    cognitolocal.Fault
		want     string
	}{
		{"a throttle is XML", cognitolocal.EndpointSTS, cognitolocal.FaultAPI("Throttling", "Rate exceeded"), "StatusCode: 400"},
		{"a throttle of the operation is XML, too", cognitolocal.EndpointAssumeRole, cognitolocal.FaultAPI("Throttling", "Rate exceeded"), "api error Throttling: Rate exceeded"},
		{"an outage has its status", cognitolocal.EndpointSTS, cognitolocal.FaultAPI("ServiceUnavailable", "x"), "StatusCode: 503"},
		{"a claim the provider rejects has its status", cognitolocal.EndpointAssumeRole, cognitolocal.FaultAPI("IDPRejectedClaim", "x"), "StatusCode: 403"},
		{"a status is answered", cognitolocal.EndpointAssumeRole, cognitolocal.FaultStatus(502), "StatusCode: 502"},
		{"garbage is no XML", cognitolocal.EndpointSTS, cognitolocal.FaultGarbage(), "deserialization failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c.SetFault(tt.endpoint, tt.fault)
			if err := try(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("expected %q, got %v", tt.want, err)
			}
			c.SetFault(tt.endpoint, cognitolocal.Fault{})
			noError(t, try())
		})
	}
}

func TestHangAndSlownessOfOperations(t *testing.T) {
	c, pool := newSTS(t)
	c.SetFault(cognitolocal.EndpointSTS, cognitolocal.FaultSlow(time.Millisecond))
	_, err := c.assume(t, otherRole, c.token(t, nil), nil)
	noError(t, err)
	c.SetFault(cognitolocal.EndpointGetID, cognitolocal.FaultHang())
	done := make(chan error, 1)
	id := pool.ID()
	go func() {
		_, err := c.identity.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &id})
		done <- err
	}()
	waitFor(t, func() bool { return c.Calls("GetId") == 1 })
	c.SetFault(cognitolocal.EndpointGetID, cognitolocal.Fault{})
	noError(t, <-done)
	c.SetFault(cognitolocal.EndpointAssumeRole, cognitolocal.FaultHang())
	go func() {
		_, err := c.assume(t, otherRole, c.token(t, nil), nil)
		done <- err
	}()
	waitFor(t, func() bool { return c.Calls("AssumeRoleWithWebIdentity") == 2 })
	c.SetFault(cognitolocal.EndpointAssumeRole, cognitolocal.Fault{})
	noError(t, <-done)
}
