package integration_test

import (
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestCognitoIsDown: a sign-in says so, at its first step and at a later one, and
// goes on when Cognito is back.
func TestCognitoIsDown(t *testing.T) {
	const down = "Sign-in is not available just now. Wait a little, then try again."
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page {\nflow USER_PASSWORD_AUTH\n}\nlimit user 1000" + manyAttempts})
	evil := w.upstream.addr
	for _, row := range []struct {
		name   string
		fault  cognitolocal.Fault
		status int
		code   string
		says   string
	}{
		{"it breaks the connection", cognitolocal.FaultDown(), 503, "unavailable", down},
		{"it fails inside", cognitolocal.FaultAPI("InternalErrorException", "Internal"), 503, "unavailable", down},
		{"it throttles", cognitolocal.FaultThrottle(), 503, "throttled", down},
		{"it talks garbage", cognitolocal.FaultGarbage(), 502, "answer", down},
		{"it redirects", cognitolocal.FaultRedirect("http://" + evil), 502, "answer", down},
		{"a firewall refuses", cognitolocal.FaultWAF(), 403, "blocked", "The request was blocked. Try again later or from another network."},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.on(t)
			letters := row.code + row.name[3:9]
			p := w.addPerson(cognitolocal.User{Username: "kit-" + noBlanks(letters), MFA: allFactors[:1]})
			v, api := pageVisit{w.newBrowser()}, w.newAPIVisit()
			both := func(f func(visit)) {
				t.Helper()
				rows := &together{T: t}
				rows.Go(func() { f(v) })
				rows.Go(func() { f(api) })
				rows.Wait()
			}
			during := func(heading string) {
				t.Helper()
				v.wantPage(row.status, heading, row.says)
				api.wantFailure(row.status, row.code)
				if (v.page.header.Get("Retry-After") != "") != (row.status == 503) || (api.last.header.Get("Retry-After") != "") != (row.status == 503) {
					t.Errorf("expected Retry-After with 503 alone, got %v and %v", v.page.header, api.last.header)
				}
			}
			w.cognito.SetFault("InitiateAuth", row.fault)
			both(func(v visit) { v.begin("username", p.name, "password", password) })
			during("Sign in")
			w.cognito.SetFault("InitiateAuth", cognitolocal.Fault{})
			v.answer("password", password) // the name is still there
			v.wantAsked(smsRound)
			code := sentCode(p, v)
			api.begin("username", p.name, "password", password)
			other := sentCode(p, api)
			w.cognito.SetFault("RespondToAuthChallenge", row.fault)
			both(func(some visit) {
				if some == visit(v) {
					some.answer(code...)
				} else {
					some.answer(other...)
				}
			})
			w.cognito.SetFault("RespondToAuthChallenge", cognitolocal.Fault{})
			if row.code == "blocked" {
				return // the sign-in is over
			}
			during("Enter your code")
			v.answer(code...)
			v.wantIn(p)
			api.answer(other...)
			api.wantIn(p)
		})
	}
	for _, saw := range w.upstream.take() {
		if saw.method != "GET" {
			t.Errorf("expected that no password goes elsewhere, got %v", saw)
		}
	}
	if n := w.logged("warn", "sign-in failed for a reason that visitors cannot mend"); n != 3 {
		t.Errorf("expected one warning for each kind of trouble, got %d", n)
	}
}

func noBlanks(text string) string {
	out := []rune(text)
	for i, r := range out {
		if r == ' ' {
			out[i] = '-'
		}
	}
	return string(out)
}
