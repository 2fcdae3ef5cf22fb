package integration_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// host is the name of the machine that all servers of these tests have.
const host = "127.0.0.1"

// userPoolCall are the attributes of a call of the user pool API.
func userPoolCall(operation string) map[string]string {
	return map[string]string{
		"cognito.pool": "signin", "rpc.system": "aws-api", "rpc.service": "Cognito Identity Provider", "rpc.method": operation,
	}
}

// TestKeyFetchesAreTraced where a request waits for them. Nothing else is: what
// runs in the background belongs to no request.
func TestKeyFetchesAreTraced(t *testing.T) {
	c := newCollector(t)
	w := newWorld(t)
	w.load(setup{site: tracedSite + protected, pool: "cooldown 1ms\nrefresh_interval 1h"})
	w.wantStatus(200, w.refresh())
	w.wantStatus(200, w.bearer(w.access(nil)))
	check(t, w.pool.RotateKeys())
	token := w.access(nil)
	for range 2 { // of which the second finds the key
		w.wantStatus(200, w.bearer(token))
	}
	forged := forge{w}.headed("kid", "made-up")
	w.wantStatus(401, w.bearer(forged))
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultGarbage())
	eventually(t, "the last fetch is over", func() bool { return w.bearer(forged).status == 503 })
	tr := c.stop(t)
	const name = "cognito key fetch"
	if requests := len(tr.named("request")); requests < 5 || len(tr.spans) != requests+len(tr.named(name)) {
		t.Fatalf("expected requests and fetches, got %v", tr.told())
	}
	tr.one(name, "ok") // of three good tokens
	results := make(map[string]bool)
	for _, got := range tr.named(name) {
		results[got.attributes["cognito.result"]] = true
		tr.wantSpan(got, "request", map[string]string{"cognito.pool": "main", "server.address": host})
	}
	if !results["unknown_key"] || !results["unavailable"] {
		t.Errorf("expected an unknown key and an outage, got %v", results)
	}
	tr.wantSilent(token, forged, "made-up", w.sub("jo"))
}

// TestStepsOfSignInsAreTraced: each call of the user pool belongs to the request
// that waits for it, whether the visitor gets on or not.
func TestStepsOfSignInsAreTraced(t *testing.T) {
	c := newCollector(t)
	w := &signinWorld{newWorld(t)}
	w.addClient(everyFlow)
	check(t, w.pool.SetSignIn(optionalFactors))
	r := w.newRelay()
	s := w.setup(signinSetup{signin: "page {\nsign_up email\n}" + manyAttempts})
	s.pools, s.site = r.between(s.pools), tracedSite+s.site
	w.load(s)
	p := w.addPerson(cognitolocal.User{Username: "kit-the-person", MFA: allFactors[:1]})
	v := w.newAPIVisit()
	v.begin("username", p.name, "password", "a-wrong-passw0rd")
	v.begin("username", p.name, "password", password)
	v.answer("code", "009182")
	v.answer("code", w.pool.LastCode(p.name))
	v.wantIn(p)
	v.post("sign-out")
	v.post("sign-up", "username", "ada-the-person", "password", "Y3t!another1", "attribute.email", "ada@example.org")
	v.post("confirm-sign-up", "state", v.said.State, "code", w.pool.LastCode("ada-the-person"))
	v.post("forgot-password", "username", "ada-the-person")
	w.cognito.SetFault("ConfirmForgotPassword", cognitolocal.FaultDown())
	v.post("reset-password", "state", v.said.State, "code", "001234", "new_password", newPassword)
	tr := c.stop(t)
	want := map[string][]string{
		"InitiateAuth":           {"ok", "ok"},
		"RespondToAuthChallenge": {"bad_credentials", "ok", "wrong_code", "ok"},
		"RevokeToken":            {"ok"}, "SignUp": {"ok"}, "ConfirmSignUp": {"ok"}, "ForgotPassword": {"ok"}, "ConfirmForgotPassword": {"unavailable"},
	}
	for operation, results := range want {
		var got []string
		for _, s := range tr.named("Cognito Identity Provider." + operation) {
			tr.wantSpan(s, "request", userPoolCall(operation))
			got = append(got, s.attributes["cognito.result"])
		}
		if !slices.Equal(got, results) {
			t.Errorf("%s: expected %q, got %q", operation, results, got)
		}
	}
	if tr.one("Cognito Identity Provider.RespondToAuthChallenge", "wrong_code").attributes["aws.request_id"] == "" {
		t.Error("expected the ID that AWS gave the request")
	}
	secrets := []string{"kit-the-person", "ada-the-person", p.sub, "009182", "a-wrong-passw0rd", password, newPassword}
	for _, secret := range r.secrets(w) {
		secrets = append(secrets, secret)
	}
	if len(secrets) < 20 {
		t.Errorf("expected many secrets to look for, got %d", len(secrets))
	}
	tr.wantSilent(secrets...)
}

// TestHostedSignInsAreTraced: the exchange of the code is the only call.
func TestHostedSignInsAreTraced(t *testing.T) {
	c := newCollector(t)
	w := startedHosted(t, signinSetup{client: federated})
	s := w.setup(signinSetup{client: federated, signin: "hosted"})
	s.site = tracedSite + s.site
	w.load(s)
	b := w.newBrowser()
	callback := b.stopped("/private?x=1", "jo")
	for range 2 { // the second time, the code is of no more use
		flow := slices.Clone(b.cookies)
		b.navigate(http.MethodGet, callback, "")
		b.cookies = flow
	}
	tr := c.stop(t)
	call := map[string]string{
		"cognito.pool": "signin", "server.address": host, "http.request.method": "POST", "url.template": "/oauth2/token",
	}
	tr.wantSpan(tr.one("POST /oauth2/token", "ok"), "request", call)
	call["http.response.status_code"] = "400"
	tr.wantSpan(tr.one("POST /oauth2/token", "session_expired"), "request", call)
	for _, got := range tr.named("POST /oauth2/token") {
		for _, value := range got.attributes {
			if value == callback.Query().Get("code") {
				t.Errorf("expected no code in a span, got %v", got.attributes)
			}
		}
	}
}

// TestSessionRefreshesAreTraced, with the call that they make.
func TestSessionRefreshesAreTraced(t *testing.T) {
	c := newCollector(t)
	w := &signinWorld{newWorld(t)}
	short := everyFlow
	short.AccessTokenLifetime, short.IDTokenLifetime = 3*time.Second, 3*time.Second
	w.addClient(short)
	s := w.setup(signinSetup{signin: "page" + manyAttempts})
	s.site = tracedSite + s.site
	w.load(s)
	session := w.signedIn("jo")
	w.cognito.SetFault("GetTokensFromRefreshToken", cognitolocal.FaultThrottle())
	eventually(t, "a request cannot have new tokens", func() bool { return w.send("GET", "/", "", session).status == 503 })
	w.cognito.SetFault("GetTokensFromRefreshToken", cognitolocal.Fault{})
	eventually(t, "a request has new tokens", func() bool { return w.send("GET", "/", "", session).status == 200 })
	tr := c.stop(t)
	const name, call = "cognito session refresh", "Cognito Identity Provider.GetTokensFromRefreshToken"
	results := make(map[string]bool)
	for _, got := range tr.named(name) {
		results[got.attributes["cognito.result"]] = true
		tr.wantSpan(got, "request", map[string]string{"cognito.pool": "signin"})
	}
	for _, got := range tr.named(call) {
		tr.wantSpan(got, name, userPoolCall("GetTokensFromRefreshToken"))
	}
	if !results["ok"] || !results["unavailable"] || len(tr.named(call)) != len(tr.named(name)) {
		t.Errorf("expected refreshes with one call each, some of which fail, got %v", tr.told())
	}
	value, err := url.QueryUnescape(session)
	check(t, err)
	tr.wantSilent(value[len("Cookie: "+sessionCookie+"="):], w.sub("jo"), signinSecret)
}

// TestWhatIsNotSampledHasNoSpans: the client, or whoever is in front, decides.
func TestWhatIsNotSampledHasNoSpans(t *testing.T) {
	c := newCollector(t)
	w := started(t, setup{site: tracedSite + protected, pool: "cooldown 1ms"})
	const parent = "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	w.wantStatus(401, w.get("/", "Authorization: Bearer "+forge{w}.headed("kid", "made-up"), parent))
	if tr := c.stop(t); len(tr.spans) != 0 {
		t.Errorf("expected no spans, got %v", tr.told())
	}
}
