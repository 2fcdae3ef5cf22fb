package integration_test

import (
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestExchangesAreTraced: the span of an exchange belongs to that of the request
// that waits for it, and tells no secret.
func TestExchangesAreTraced(t *testing.T) {
	c := newCollector(t)
	w := startedService(t, signing{exchange: "group_role admins " + memberRole + "\nrole_arn " + memberRole})
	s := signing{service: "dynamodb"}
	s.site = tracedSite + authOf("") + s.proxyTo("")
	w.again(s)
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for range 2 { // of which the second makes no exchange
		w.wantStatus(200, w.as("jo", "GET", "/", "", "Traceparent: "+parent))
	}
	w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.FaultAPI("TooManyRequestsException", "Rate exceeded"))
	w.wantStatus(503, w.as("mo", "GET", "/", ""))
	tr := c.stop(t)
	const name = "cognito credentials exchange"
	if len(tr.named("request")) != 3 || len(tr.named(name)) != 2 {
		t.Fatalf("expected three requests and two exchanges, got %v", tr.told())
	}
	for _, result := range []string{"ok", "unavailable"} {
		got := tr.one(name, result)
		tr.wantSpan(got, "request", map[string]string{"cognito.credentials": "media", "cognito.provider": "identity_pool"})
		if (got.trace == "0af7651916cd43dd8448eb211c80319c") != (result == "ok") {
			t.Errorf("expected the trace of the client, got %s", got.trace)
		}
	}
	secrets := w.leaked()
	if len(secrets) == 0 {
		t.Error("expected secrets to look for")
	}
	tr.wantSilent(append(secrets, w.sub("jo"))...)
}
