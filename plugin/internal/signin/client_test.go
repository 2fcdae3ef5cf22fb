package signin_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

func TestOptionsThatAreRefused(t *testing.T) {
	for name, opts := range map[string]signin.Options{
		"no user pool":       {ClientID: clientID},
		"no user pool ID":    {UserPoolID: "https://example.org", ClientID: clientID},
		"no app client":      {UserPoolID: poolID},
		"an empty secret":    {UserPoolID: poolID, ClientID: clientID, Secrets: []signin.Secret{"a", ""}},
		"too many secrets":   {UserPoolID: poolID, ClientID: clientID, Secrets: []signin.Secret{"a", "b", "c"}},
		"a pool of no place": {UserPoolID: "AbCdEfGhI", ClientID: clientID},
	} {
		if client, err := signin.NewClient(opts); err == nil || client != nil {
			t.Errorf("%s: expected a refusal", name)
		}
	}
}

// roundTrip is an HTTP client.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) Do(r *http.Request) (*http.Response, error) { return f(r) }

func TestTheEndpointFollowsFromThePool(t *testing.T) {
	for pool, want := range map[string]string{
		"eu-west-1_A": "cognito-idp.eu-west-1.amazonaws.com", "us-gov-west-1_A": "cognito-idp.us-gov-west-1.amazonaws.com", "eusc-de-east-1_A": "cognito-idp.eusc-de-east-1.amazonaws.eu",
	} {
		host := ""
		client, err := signin.NewClient(signin.Options{UserPoolID: pool, ClientID: clientID, HTTPClient: roundTrip(func(r *http.Request) (*http.Response, error) {
			host = r.URL.Host
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{}`)), Header: http.Header{}}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.ForgotPassword(t.Context(), "jo", signin.Caller{}); err != nil || host != want {
			t.Errorf("expected %s, got %s, %v", want, host, err)
		}
	}
}

// knowing is a pool whose app client has the secrets.
func knowing(complaint [2]string, secrets ...string) handler {
	return func(r request) reply {
		for _, secret := range secrets {
			if r.text("AuthParameters", "SECRET_HASH") == hashOf(secret, "jo@example.org") || r.text("ClientSecret") == secret {
				return reply{status: 200, body: tokens}
			}
		}
		return exception(0, complaint[0], complaint[1])
	}
}

var complaints = [][2]string{
	{"NotAuthorizedException", "Unable to verify secret hash for client 1h57"},
	{"NotAuthorizedException", "Client secret is not valid"},
	{"InvalidParameterException", "SecretHash does not match for the client: 1h57"},
	{"UnauthorizedException", "Invalid client secret"},
	{"invalid_client", ""},
}

func TestEitherOfTwoSecretsWillDo(t *testing.T) {
	for _, complaint := range complaints {
		s := newStub(t).on("InitiateAuth", slices.Repeat([]handler{knowing(complaint, "next")}, 3)...).
			on("GetTokensFromRefreshToken", slices.Repeat([]handler{knowing(complaint, "primary")}, 3)...)
		client := s.client("primary", "next")
		for call := range 2 {
			step, err := client.Start(t.Context(), jo(signin.FlowPassword, "pw"))
			signedIn(t, step, err)
			if want := []int{2, 3}[call]; s.count() != want {
				t.Errorf("%s: expected the secret that works to be remembered, got %d calls instead of %d", complaint, s.count(), want)
			}
		}
		for range 2 { // the primary one came back
			if _, err := client.Refresh(t.Context(), "old", "", signin.Caller{}); err != nil {
				t.Errorf("%s: %v", complaint, err)
			}
		}
		if s.count() != 6 {
			t.Errorf("%s: expected 6 calls, got %d", complaint, s.count())
		}
		s.done()
	}
}

func TestSecretsThatAreBothWrong(t *testing.T) {
	for _, complaint := range complaints {
		s := newStub(t).on("InitiateAuth", slices.Repeat([]handler{knowing(complaint, "third")}, 4)...)
		client := s.client("primary", "next")
		for range 2 {
			_, err := client.Start(t.Context(), jo(signin.FlowPassword, "pw"))
			refused, ok := errors.AsType[*signin.Error](err)
			if !ok || refused.Reason != signin.ErrMisconfigured || refused.Detail != "secret" {
				t.Errorf("%s: expected a fault of the operator, got %v", complaint, err)
			}
		}
		if s.requests[0].text("AuthParameters", "SECRET_HASH") != s.requests[2].text("AuthParameters", "SECRET_HASH") {
			t.Error("expected no secret to be remembered that does not work")
		}
		s.done()
	}
}

func TestASecretIsNotTriedForOtherRefusals(t *testing.T) {
	for _, row := range [][2]string{
		{"NotAuthorizedException", "Incorrect username or password."},
		{"InvalidParameterException", "1 validation error detected: Value 'secret' failed to satisfy constraint"},
		{"UserLambdaValidationException", "PreAuthentication failed with error the secret word is wrong"},
		{"InternalErrorException", "secret"},
	} {
		s := newStub(t).on("InitiateAuth", fails(row[0], row[1]))
		if _, err := s.client("primary", "next").Start(t.Context(), jo(signin.FlowPassword, "pw")); err == nil {
			t.Errorf("%s: expected a refusal", row)
		}
		s.done()
	}
	s := newStub(t).on("InitiateAuth", fails("NotAuthorizedException", "Unable to verify secret hash"))
	_, err := s.client().Start(t.Context(), jo(signin.FlowPassword, "pw"))
	expectReason(t, "a client without a secret", err, signin.ErrMisconfigured)
	if s.last().text("AuthParameters", "SECRET_HASH") != "" {
		t.Error("expected no hash without a secret")
	}
}

func TestTheVisitorsAddressIsOptional(t *testing.T) {
	for name, row := range map[string]struct {
		caller signin.Caller
		want   string
	}{
		"none":    {signin.Caller{}, ""},
		"IPv4":    {signin.Caller{IP: netip.MustParseAddr("192.0.2.1")}, "192.0.2.1"},
		"mapped":  {signin.Caller{IP: netip.MustParseAddr("::ffff:192.0.2.1")}, "192.0.2.1"},
		"a scope": {signin.Caller{IP: netip.MustParseAddr("fe80::1%eth0")}, "fe80::1"},
	} {
		s := newStub(t).on("InitiateAuth", challenge("SMS_MFA", nil)).on("RespondToAuthChallenge", answer(tokens))
		client, start := s.client(), jo(signin.FlowPassword, "pw")
		start.Caller = row.caller
		step := begin(t, client, start)
		if _, err := client.Answer(t.Context(), step.State, signin.Answer{Code: "1", Caller: row.caller}); err != nil {
			t.Error(err)
		}
		for _, call := range s.requests {
			_, sent := call.body["UserContextData"]
			if call.text("UserContextData", "IpAddress") != row.want || sent != (row.want != "") {
				t.Errorf("%s: expected %q, got %v", name, row.want, call.body)
			}
		}
	}
}

// A lost answer may have been a success, which can be had once only.
func TestOnlyWhatWasNotCarriedOutIsRepeated(t *testing.T) {
	for name, row := range map[string]struct {
		script []handler
		want   error
	}{
		"throttled once":           {[]handler{fails("TooManyRequestsException", ""), answer(tokens)}, nil},
		"throttled twice":          {[]handler{fails("TooManyRequestsException", ""), fails("TooManyRequestsException", "")}, errUnavailable},
		"an internal error":        {[]handler{fails("InternalErrorException", "")}, errUnavailable},
		"a gateway's error":        {[]handler{func(request) reply { return reply{status: 502, body: "<html>"} }}, errUnavailable},
		"an answer cut in between": {[]handler{answer(`{"AuthenticationResult":{"Acc`)}, signin.ErrAnswer},
		"a wrong password":         {[]handler{fails("NotAuthorizedException", "Incorrect username or password.")}, signin.ErrCredentials},
	} {
		s := newStub(t).on("InitiateAuth", row.script...)
		_, err := s.client().Start(t.Context(), jo(signin.FlowPassword, "pw"))
		expectReason(t, name, unavailableAsError(err), row.want)
		s.done()
	}
	calls := 0
	lost := roundTrip(func(*http.Request) (*http.Response, error) {
		calls++
		return nil, &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	})
	client, err := signin.NewClient(signin.Options{UserPoolID: poolID, ClientID: clientID, HTTPClient: lost})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Start(t.Context(), jo(signin.FlowPassword, "pw"))
	if unavailable, ok := errors.AsType[*signin.UnavailableError](err); !ok || calls != 1 || unavailable.Throttled || unavailable.RetryAfter != time.Second || unavailable.Err == nil {
		t.Errorf("expected one call and an outage, got %d and %v", calls, err)
	}
}

func TestAConnectionThatIsRefusedIsTriedAgain(t *testing.T) {
	calls := 0
	down := roundTrip(func(*http.Request) (*http.Response, error) {
		calls++
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	})
	client, err := signin.NewClient(signin.Options{UserPoolID: poolID, ClientID: clientID, HTTPClient: down})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Start(t.Context(), jo(signin.FlowPassword, "pw"))
	if signin.Reason(err) != "unavailable" || calls != 2 {
		t.Errorf("expected two calls and an outage, got %d and %v", calls, err)
	}
}

// What stands in front of Cognito, or in its place, answers in its own way.
func TestAnswersThatAreNotCognitos(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"a firewall's page":               {403, "<html>blocked</html>", "blocked"},
		"a firewall's status":             {405, "", "blocked"},
		"a firewall's JSON":               {403, `{"reason":"no"}`, "blocked"},
		"too many requests at the door":   {429, "slow down", "throttled"},
		"too many requests in JSON":       {429, `{}`, "throttled"},
		"a gateway that gave up":          {504, "<html>", "unavailable"},
		"a gateway that gave up, in JSON": {503, `{}`, "unavailable"},
		"a page instead of an answer":     {200, "<html>", "answer"},
		"JSON of another kind":            {200, `[]`, "answer"},
		"nothing":                         {200, ``, "answer"},
		"a bad request without a name":    {400, `{}`, "answer"},
		"a bad request that is no JSON":   {400, `oops`, "answer"},
		"an answer without an end":        {200, `{"Session":"` + strings.Repeat("x", 2<<20) + `",` + tokens[1:], "answer"},
	} {
		s := newStub(t).on("InitiateAuth", slices.Repeat([]handler{func(request) reply { return reply{status: row.status, body: row.body} }}, 2)...)
		_, err := s.client().Start(t.Context(), jo(signin.FlowPassword, "pw"))
		if got := signin.Reason(err); got != row.want {
			t.Errorf("%s: expected %s, got %s (%v)", name, row.want, got, err)
		}
	}
}

// With 307 and 308, following a redirect would carry the password along.
func TestNoPasswordFollowsARedirect(t *testing.T) {
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("expected no call") }))
	defer thief.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for name, httpClient := range map[string]signin.HTTPClient{"its own client": nil, "a client that would follow": &http.Client{}} {
			s := newStub(t).on("InitiateAuth", func(request) reply {
				return reply{status: status, header: http.Header{"Location": {thief.URL}}}
			})
			client, err := signin.NewClient(signin.Options{UserPoolID: poolID, ClientID: clientID, Endpoint: s.url, HTTPClient: httpClient})
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Start(t.Context(), jo(signin.FlowPassword, "pw"))
			expectReason(t, name, err, signin.ErrAnswer)
		}
	}
}

func TestACallThatHangsEnds(t *testing.T) {
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-hang
	}))
	defer server.Close()
	defer close(hang)
	client, err := signin.NewClient(signin.Options{UserPoolID: poolID, ClientID: clientID, Endpoint: server.URL, HTTPClient: &http.Client{Timeout: 50 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Start(t.Context(), jo(signin.FlowPassword, "pw")); signin.Reason(err) != "unavailable" {
		t.Errorf("expected an outage, got %v", err)
	}
}
