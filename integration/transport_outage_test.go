package integration_test

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

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
		{"an invalid token", api("InvalidIdentityToken", "Missing a required claim: exp"), 401, "token_rejected"},
		{"keys of the user pool that STS cannot fetch just now", api("InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"), 503, "unavailable"},
		{"an account that does not know the user pool", api("InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x"), 502, "misconfigured"},
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
