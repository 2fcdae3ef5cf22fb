package integration_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestAttemptsAreLimited per user, address and client, and in all. Cognito does not
// hear of the rest.
func TestAttemptsAreLimited(t *testing.T) {
	const jo, mo = "jo", "mo"
	type attempt struct{ username, address string }
	tests := []struct {
		name, limit string
		allowed     []attempt
		refused     attempt
		still       []attempt
	}{
		{"a user, in whatever letters", "user 2", []attempt{{jo, "192.0.2.1"}, {" Jo ", "192.0.2.2"}}, attempt{"JO", "192.0.2.3"}, []attempt{{mo, "192.0.2.3"}}},
		{"an address", "address 2", []attempt{{jo, "192.0.2.1"}, {mo, "192.0.2.1"}}, attempt{jo, "192.0.2.1"}, []attempt{{jo, "192.0.2.2"}}},
		{"a network of IPv6", "address 2", []attempt{{jo, "2001:db8::1"}, {mo, "2001:db8::2"}}, attempt{jo, "2001:db8::ffff"}, []attempt{{jo, "2001:db8:0:1::1"}}},
		{"the client", "client 2", []attempt{{jo, "192.0.2.1"}, {mo, "192.0.2.2"}}, attempt{jo, "192.0.2.3"}, nil},
		{"all", "all 2", []attempt{{jo, "192.0.2.1"}, {mo, "192.0.2.2"}}, attempt{jo, "192.0.2.3"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &signinWorld{newWorld(t)}
			w.addClient(everyFlow)
			s := w.setup(signinSetup{signin: "page\nlimit " + tt.limit})
			s.server = "trusted_proxies_unix"
			w.load(s)
			try := func(a attempt, want int) *apiVisit {
				t.Helper()
				v := w.newAPIVisit()
				v.request("POST", "/_cognito/sign-in", `{"username":"`+a.username+`","password":"`+password+`"}`,
					"Content-Type: application/json", "X-Forwarded-For: "+a.address)
				if v.last.status != want {
					t.Errorf("%v: expected %d, got %d with %s", a, want, v.last.status, v.last.body)
				}
				return v
			}
			for _, a := range tt.allowed {
				try(a, 200)
			}
			calls := w.cognito.Requests(cognitolocal.EndpointAPI)
			v := try(tt.refused, 429)
			v.wantFailure(429, "too_many_attempts")
			if wait, err := strconv.Atoi(v.last.header.Get("Retry-After")); err != nil || wait < 1 || wait > 60 {
				t.Errorf("expected a wait of up to a minute, got %q", v.last.header.Get("Retry-After"))
			}
			if n := w.cognito.Requests(cognitolocal.EndpointAPI); n != calls {
				t.Errorf("expected that Cognito is not asked, got %d calls", n-calls)
			}
			for _, a := range tt.still {
				try(a, 200)
			}
			if w.logged("info", "sign-in attempt over the limit") != 1 {
				t.Errorf("expected a line in the log, got %v", w.logLines())
			}
		})
	}
}

// TestCallbacksAreLimited: a script could send one flow with any code again and
// again, and each would be a call of the pool's domain.
func TestCallbacksAreLimited(t *testing.T) {
	w := startedSignin(t, signinSetup{signin: "hosted\nlimit address 2"})
	b := w.newBrowser()
	target := "/_cognito/callback?code=made-up&state=" + b.toPool("/private").Get("state")
	flow := slices.Clone(b.cookies)
	for _, want := range []int{422, 422, 429, 429} {
		b.cookies = slices.Clone(flow)
		got := b.open(target)
		if b.wantPage(got, want); (want == 429) != (got.header.Get("Retry-After") != "") || (want == 429) != (len(b.flows()) > 0) {
			t.Errorf("expected the flow to wait for another try, got %v with %q", got.header, b.flows())
		}
	}
	if n := w.cognito.Requests(cognitolocal.EndpointToken); n != 2 {
		t.Errorf("expected two calls, got %d", n)
	}
}

// TestLimitsHoldForEveryEndpoint, and keep the step.
func TestLimitsHoldForEveryEndpoint(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page {\nsign_up email\n}\nlimit user 1"})
	rows := &together{T: t}
	defer rows.Wait()
	for _, endpoint := range []string{"forgot-password", "reset-password", "sign-up", "confirm-sign-up", "resend-code"} {
		rows.run(endpoint, func(t *testing.T) {
			v := w.on(t).newAPIVisit()
			v.post("sign-in", "username", "of-"+endpoint, "password", "x")
			v.post(endpoint, "username", "of-"+endpoint)
			v.wantFailure(429, "too_many_attempts")
		})
	}
	rows.run("an answer", func(t *testing.T) {
		p := w.on(t).addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[:1]})
		v := pageVisit{p.newBrowser()}
		v.begin("username", "kit", "password", password)
		v.answer("code", "000000")
		v.wantPage(429, "Enter your code", "Too many attempts. Wait a few minutes and try again.")
		if v.page.form.fields.Get("state") == "" || v.page.header.Get("Retry-After") == "" {
			t.Errorf("expected to be able to go on later, got %v", v.page.header)
		}
	})
}

// TestTokensThatAnybodySendsAreLimited: Cognito is not asked for whoever likes, and
// the log is not filled.
func TestTokensThatAnybodySendsAreLimited(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page\ndeliver tokens\nlimit address 4"})
	p := w.addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[:1]})
	step := w.newAPIVisit()
	step.begin("username", p.name, "password", password)
	v := w.newAPIVisit()
	for range 3 {
		v.post("sign-out", "refresh_token", "x")
		if v.last.status != 200 {
			t.Fatalf("expected to be signed out, got %d with %s", v.last.status, v.last.body)
		}
	}
	calls := w.cognito.Requests(cognitolocal.EndpointAPI)
	v.post("sign-out", "refresh_token", "x")
	v.wantFailure(429, "too_many_attempts")
	v.post("sign-in", "refresh_token", "x")
	v.wantFailure(429, "too_many_attempts")
	v.post("remember-device", "state", step.said.State, "choice", "yes", "access_token", "x")
	v.wantFailure(422, "session_expired")
	if n := w.cognito.Requests(cognitolocal.EndpointAPI); n != calls {
		t.Errorf("expected that Cognito is not asked, got %d calls", n-calls)
	}
	if w.logged("warn", "a device cannot be remembered")+w.logged("warn", "sign-in failed") != 0 {
		t.Errorf("expected no warnings of what anybody can send, got %v", w.logLines())
	}
}

// TestAddressesThatAClientMakesUp count for nothing: without a trusted proxy, the
// one of the connection does.
func TestAddressesThatAClientMakesUp(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signin: "page\nlimit address 2"})
	for i, status := range []int{200, 200, 429, 429} {
		address := "192.0.2." + strconv.Itoa(i)
		got := w.sendJSON("/_cognito/sign-in", map[string]any{"username": "jo", "password": password},
			"X-Forwarded-For: "+address, "X-Real-Ip: "+address, "Forwarded: for="+address, "Client-Ip: "+address)
		w.wantStatus(status, got)
	}
}

// TestCognitoLearnsTheVisitorsAddress, for threat protection; with SRP it never
// learns the password.
func TestCognitoLearnsTheVisitorsAddress(t *testing.T) {
	w := &signinWorld{newWorld(t)}
	w.addClient(everyFlow)
	check(t, w.pool.SetSignIn(optionalFactors))
	r := w.newRelay()
	s := w.setup(signinSetup{signin: "page" + manyAttempts})
	s.pools, s.server = r.between(s.pools), "trusted_proxies_unix"
	w.load(s)
	w.addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[:1]})
	v := w.newAPIVisit()
	v.request("POST", "/_cognito/sign-in", `{"username":"kit","password":"`+password+`"}`, "Content-Type: application/json", "X-Forwarded-For: 192.0.2.7")
	v.request("POST", "/_cognito/sign-in", `{"state":"`+v.said.State+`","code":"`+w.pool.LastCode("kit")+`"}`, "Content-Type: application/json", "X-Forwarded-For: 192.0.2.8")
	sent := r.requests()
	if len(sent) != 3 || !v.said.SignedIn {
		t.Fatalf("expected a sign-in of three calls, got %d with %s", len(sent), v.last.body)
	}
	for i, address := range []string{"192.0.2.7", "192.0.2.7", "192.0.2.8"} {
		if !strings.Contains(sent[i], `"UserContextData":{"IpAddress":"`+address+`"}`) || strings.Contains(sent[i], password) {
			t.Errorf("expected call %d to tell of %s and not of the password, got %s", i+1, address, sent[i])
		}
	}
}
