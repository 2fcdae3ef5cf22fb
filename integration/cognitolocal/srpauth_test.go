package cognitolocal_test

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestSRPSignIn(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	c, a := w.srp(t, anyClient)
	if a.Session != "" {
		t.Error("expected no Session: the SECRET_BLOCK stands for it")
	}
	if a.Params["USERNAME"] != "jo" || a.Params["USER_ID_FOR_SRP"] != "jo" {
		t.Errorf("expected jo, got %q and %q", a.Params["USERNAME"], a.Params["USER_ID_FOR_SRP"])
	}
	w.next(t, a, w.proof(c, a)...).signedIn(t)
}

func TestSRPSignInByAlias(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	c := newSRPClient("LocaLPooL")
	a, err := w.begin(t, types.AuthFlowTypeUserSrpAuth, anyClient, "USERNAME", email, "SRP_A", c.a())
	noError(t, err)
	if a.Params["USER_ID_FOR_SRP"] != "jo" {
		t.Fatalf("expected the username, got %q", a.Params["USER_ID_FOR_SRP"])
	}
	w.next(t, a, w.proof(c, a)...).signedIn(t)
}

func TestSRPBeginRefusals(t *testing.T) {
	n := fmt.Sprintf("%x", primeN)
	tests := []struct {
		name, client  string
		params        []string
		code, message string
	}{
		{"the username is required", anyClient, []string{"SRP_A", "02"}, badParameter, "Missing required parameter USERNAME"},
		{"SRP_A is required", anyClient, []string{"USERNAME", "jo"}, badParameter, "Missing required parameter SRP_A"},
		{"zero gives the key away", anyClient, []string{"USERNAME", "jo", "SRP_A", "00"}, badParameter, ""},
		{"N gives the key away", anyClient, []string{"USERNAME", "jo", "SRP_A", n}, badParameter, ""},
		{"2N gives the key away", anyClient,
			[]string{"USERNAME", "jo", "SRP_A", fmt.Sprintf("%x", new(big.Int).Lsh(primeN, 1))}, badParameter, ""},
		{"a negative number is none", anyClient, []string{"USERNAME", "jo", "SRP_A", "-2"}, badParameter, ""},
		{"SRP_A is hexadecimal", anyClient, []string{"USERNAME", "jo", "SRP_A", "xyz"}, badParameter, ""},
		{"the client must allow the flow", webClient, []string{"USERNAME", "jo", "SRP_A", "02"}, badParameter,
			"USER_SRP_AUTH flow not enabled for this client"},
		{"a client with a secret sends a hash", hashClient, []string{"USERNAME", "jo", "SRP_A", "02"}, notAuthorized, ""},
		{"a legacy client tells unknown users apart", legacyClient, []string{"USERNAME", "no", "SRP_A", "02"},
			"UserNotFoundException", "User does not exist."},
	}
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.begin(t, types.AuthFlowTypeUserSrpAuth, tt.client, tt.params...)
			wantCode(t, err, tt.code, tt.message)
		})
	}
}

func TestSRPProofRefusals(t *testing.T) {
	set := func(key, value string) func(*world, map[string]string) {
		return func(_ *world, r map[string]string) { r[key] = value }
	}
	tests := []struct {
		name          string
		change        func(*world, map[string]string)
		code, message string
	}{
		{"another signature", set("PASSWORD_CLAIM_SIGNATURE", base64.StdEncoding.EncodeToString(make([]byte, 32))),
			notAuthorized, wrongPassword},
		{"no base64", set("PASSWORD_CLAIM_SIGNATURE", "***"), notAuthorized, wrongPassword},
		{"no signature", set("PASSWORD_CLAIM_SIGNATURE", ""), badParameter, "Missing required parameter PASSWORD_CLAIM_SIGNATURE"},
		{"no timestamp", set("TIMESTAMP", ""), badParameter, "Missing required parameter TIMESTAMP"},
		{"a secret block nobody sent", set("PASSWORD_CLAIM_SECRET_BLOCK", "AAAA"), notAuthorized, invalidSession},
		{"no secret block", set("PASSWORD_CLAIM_SECRET_BLOCK", ""), badParameter, ""},
		{"a timestamp that was not signed", func(w *world, r map[string]string) {
			r["TIMESTAMP"] = timestamp(w.clock.Now().Add(time.Second))
		}, notAuthorized, wrongPassword},
		{"a day of the month with a zero", set("TIMESTAMP", "Tue Jan 06 03:04:05 UTC 2026"), badParameter,
			"TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."},
		{"a day of the month with a space", set("TIMESTAMP", "Tue Jan  6 03:04:05 UTC 2026"), badParameter, ""},
		{"a timestamp in ISO 8601", set("TIMESTAMP", "2026-01-06T03:04:05Z"), badParameter, ""},
		{"another zone", set("TIMESTAMP", "Tue Jan 6 03:04:05 CET 2026"), badParameter, ""},
		{"another user", set("USERNAME", "mallory"), notAuthorized, invalidSession},
		{"an answer half a minute late", func(w *world, _ map[string]string) { w.clock.Advance(31 * time.Second) },
			notAuthorized, wrongPassword},
		{"an answer after the session", func(w *world, _ map[string]string) { w.clock.Advance(3 * time.Minute) },
			notAuthorized, expiredSession},
		{"a user who was removed", func(w *world, _ map[string]string) { _ = w.Pool().RemoveUser("jo") },
			notAuthorized, wrongPassword},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newChallengeWorld(t, cognitolocal.SignIn{})
			c, a := w.srp(t, anyClient)
			answers := pairs(w.proof(c, a))
			tt.change(w, answers)
			_, err := w.respond(t, anyClient, a.Name, "", flat(answers)...)
			wantCode(t, err, tt.code, tt.message)
		})
	}
}

func flat(m map[string]string) []string {
	var out []string
	for key, value := range m {
		out = append(out, key, value)
	}
	return out
}

// TestSRPTimestamp signs timestamps that are right, but of another time.
func TestSRPTimestamp(t *testing.T) {
	tests := []struct {
		name string
		skew time.Duration
		code string
	}{
		{"a clock four minutes ahead is good", 4 * time.Minute, ""},
		{"a clock four minutes behind is good", -4 * time.Minute, ""},
		{"a clock six minutes ahead is not", 6 * time.Minute, notAuthorized},
		{"a clock six minutes behind is not", -6 * time.Minute, notAuthorized},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newChallengeWorld(t, cognitolocal.SignIn{})
			c, a := w.srp(t, anyClient)
			out, err := w.respond(t, anyClient, a.Name, "", c.prove("jo", password, a.Params, w.clock.Now().Add(tt.skew))...)
			if tt.code != "" {
				wantCode(t, err, tt.code, wrongPassword)
				return
			}
			noError(t, err)
			out.signedIn(t)
		})
	}
}

func TestSRPAnswerIsGoodOnce(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	c, a := w.srp(t, anyClient)
	proof := w.proof(c, a)
	w.next(t, a, proof...).signedIn(t)
	_, err := w.respond(t, anyClient, a.Name, "", proof...)
	wantCode(t, err, notAuthorized, spentSession)
}

func TestSRPAnswerAfterAWrongOneIsRefused(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	c, a := w.srp(t, anyClient)
	_, err := w.respond(t, anyClient, a.Name, "", c.prove("jo", "x", a.Params, w.clock.Now())...)
	wantCode(t, err, notAuthorized, wrongPassword)
	_, err = w.respond(t, anyClient, a.Name, "", w.proof(c, a)...)
	wantCode(t, err, notAuthorized, spentSession)
}

func TestSRPLockout(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	for range 5 {
		c, a := w.srp(t, anyClient)
		_, err := w.respond(t, anyClient, a.Name, "", c.prove("jo", "x", a.Params, w.clock.Now())...)
		wantCode(t, err, notAuthorized, wrongPassword)
	}
	c, a := w.srp(t, anyClient)
	_, err := w.respond(t, anyClient, a.Name, "", w.proof(c, a)...)
	wantCode(t, err, notAuthorized, "Password attempts exceeded")
	_, err = w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, "USERNAME", "jo", "PASSWORD", password)
	wantCode(t, err, notAuthorized, "Password attempts exceeded")
}

// TestSRPOfNobody checks that SRP answers for names nobody has as for others,
// always the same for one name, and refuses the proof.
func TestSRPOfNobody(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	ask := func(name string) (*srpClient, reply) {
		c := newSRPClient("LocaLPooL")
		a, err := w.begin(t, types.AuthFlowTypeUserSrpAuth, anyClient, "USERNAME", name, "SRP_A", c.a())
		noError(t, err)
		return c, a.is(t, "PASSWORD_VERIFIER")
	}
	_, real := ask("jo")
	c, first := ask("nobody")
	_, again := ask("NOBODY")
	_, other := ask("nobodyelse")
	id := first.Params["USER_ID_FOR_SRP"]
	if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("expected a UUID, got %q", id)
	}
	for _, name := range []string{"USER_ID_FOR_SRP", "SALT"} {
		if first.Params[name] != again.Params[name] {
			t.Errorf("%s: expected the same for the same name", name)
		}
		if first.Params[name] == other.Params[name] || first.Params[name] == real.Params[name] {
			t.Errorf("%s: expected another for another name", name)
		}
	}
	if first.Params["SRP_B"] == again.Params["SRP_B"] {
		t.Error("SRP_B: expected another each time")
	}
	for name, value := range real.Params {
		if abs(len(value)-len(first.Params[name])) > 40 {
			t.Errorf("%s: expected about %d characters, got %d", name, len(value), len(first.Params[name]))
		}
	}
	_, err := w.respond(t, anyClient, first.Name, "", append([]string{"USERNAME", id}, w.proof(c, first)...)...)
	wantCode(t, err, notAuthorized, wrongPassword)
}

func abs(n int) int { return max(n, -n) }

func TestSRPSaltChangesWithThePassword(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	_, before := w.srp(t, anyClient)
	_, same := w.srp(t, anyClient)
	noError(t, w.Pool().SetPassword("jo", "another"))
	_, after := w.srp(t, anyClient)
	if before.Params["SALT"] != same.Params["SALT"] {
		t.Error("expected the salt to stay")
	}
	if before.Params["SALT"] == after.Params["SALT"] {
		t.Error("expected a new password to have a new salt")
	}
}

func TestSRPOfAUserWithoutPassword(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	w.user(t, cognitolocal.User{Username: "pat"})
	c := newSRPClient("LocaLPooL")
	a, err := w.begin(t, types.AuthFlowTypeUserSrpAuth, anyClient, "USERNAME", "pat", "SRP_A", c.a())
	noError(t, err)
	proof := c.prove("pat", "", a.Params, w.clock.Now())
	_, err = w.respond(t, anyClient, a.Name, "", append([]string{"USERNAME", "pat"}, proof...)...)
	wantCode(t, err, notAuthorized, wrongPassword)
}

func TestSRPWithASession(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	w.Pool().SetVariants(cognitolocal.Variants{SessionWithSRP: true})
	c, a := w.srp(t, anyClient)
	if a.Session == "" {
		t.Fatal("expected a Session")
	}
	_, err := w.respond(t, anyClient, a.Name, "", w.proof(c, a)...)
	wantCode(t, err, notAuthorized, invalidSession)
	w.next(t, a, w.proof(c, a)...).signedIn(t)

	c, a = w.srp(t, anyClient)
	_, err = w.respond(t, anyClient, a.Name, a.Session, append(w.proof(c, a), "PASSWORD_CLAIM_SECRET_BLOCK", "AAAA")...)
	wantCode(t, err, notAuthorized, wrongPassword)
}

// TestSRPNumbersHaveNoLeadingZeros finds a salt of odd length: a client that
// takes it for bytes fails.
func TestSRPNumbersHaveNoLeadingZeros(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	odd := false
	for i := range 200 {
		c := newSRPClient("LocaLPooL")
		name := fmt.Sprint("user", i)
		a, err := w.begin(t, types.AuthFlowTypeUserSrpAuth, anyClient, "USERNAME", name, "SRP_A", c.a())
		noError(t, err)
		if strings.HasPrefix(a.Params["SALT"], "0") || strings.HasPrefix(a.Params["SRP_B"], "0") {
			t.Fatalf("expected no leading zero, got %q", a.Params["SALT"])
		}
		if odd = odd || len(a.Params["SALT"])%2 == 1; odd {
			return
		}
	}
	t.Error("expected a salt of odd length among 200")
}
