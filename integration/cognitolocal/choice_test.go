package cognitolocal_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

var everyFactor = []string{
	cognitolocal.FactorPassword, cognitolocal.FactorEmailOTP, cognitolocal.FactorSMSOTP, cognitolocal.FactorPasskey,
}

// choose begins USER_AUTH for jo.
func (w *world) choose(t *testing.T, params ...string) (reply, error) {
	t.Helper()
	return w.begin(t, types.AuthFlowTypeUserAuth, anyClient, append([]string{"USERNAME", "jo"}, params...)...)
}

// choiceWorld has every first factor, of which jo has all but a passkey.
func choiceWorld(t *testing.T) *world {
	t.Helper()
	w := newChallengeWorld(t, cognitolocal.SignIn{
		FirstFactors: everyFactor, Passkeys: cognitolocal.Passkeys{RelyingPartyID: "localhost"},
	})
	w.give(t, "phone_number", phone, "phone_number_verified", "true")
	return w
}

func available(a reply) string {
	var out []string
	for _, name := range a.Available {
		out = append(out, string(name))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestWhatIsOffered(t *testing.T) {
	const passwords = "PASSWORD PASSWORD_SRP"
	tests := []struct {
		name    string
		factors []string
		mfa     cognitolocal.MFAMode
		own     []string
		attrs   []string
		noPass  bool
		want    string
	}{
		{name: "a pool offers passwords by default", attrs: []string{"phone_number", phone}, want: passwords},
		{name: "everything the pool has and the user too", factors: everyFactor,
			attrs: []string{"phone_number", phone, "phone_number_verified", "true"}, want: "EMAIL_OTP " + passwords + " SMS_OTP"},
		{name: "no codes to a number that is not verified", factors: everyFactor, attrs: []string{"phone_number", phone},
			want: "EMAIL_OTP " + passwords},
		{name: "no codes to an address that is not verified", factors: everyFactor, attrs: []string{"email_verified", "false"}, want: passwords},
		{name: "no password that the user does not have", factors: everyFactor, noPass: true, want: "EMAIL_OTP"},
		{name: "passwords only where a second factor is required", factors: everyFactor, mfa: cognitolocal.MFARequired, want: passwords},
		{name: "passwords only for a user with a second factor", factors: everyFactor, mfa: cognitolocal.MFAOptional,
			own: []string{"EMAIL_OTP"}, want: passwords},
		{name: "everything for a user without one", factors: everyFactor, mfa: cognitolocal.MFAOptional, want: "EMAIL_OTP " + passwords},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newChallengeWorld(t, cognitolocal.SignIn{FirstFactors: tt.factors, MFA: tt.mfa})
			w.give(t, tt.attrs...)
			noError(t, w.Pool().SetMFA("jo", "", tt.own...))
			if tt.noPass {
				noError(t, w.Pool().SetPassword("jo", ""))
			}
			a, err := w.choose(t)
			noError(t, err)
			if got := available(a.is(t, "SELECT_CHALLENGE")); got != tt.want {
				t.Errorf("expected %q, got %q", tt.want, got)
			}
		})
	}
}

// TestEveryWayToAFactor begins each factor as a preference, as a selection, and
// with what it takes sent along.
func TestEveryWayToAFactor(t *testing.T) {
	c := newSRPClient("LocaLPooL")
	tests := []struct {
		factor    string
		along     []string // sent along
		answer    []string // to the challenge
		challenge string   // after along
	}{
		{factor: "PASSWORD", along: []string{"PASSWORD", password}, answer: []string{"PASSWORD", password}},
		{factor: "PASSWORD_SRP", along: []string{"SRP_A", c.a()}, answer: []string{"SRP_A", c.a()}, challenge: "PASSWORD_VERIFIER"},
	}
	for _, tt := range tests {
		end := func(t *testing.T, w *world, a reply) {
			t.Helper()
			if tt.challenge != "" {
				a = w.next(t, a.is(t, tt.challenge), w.proof(c, a)...)
			}
			a.signedIn(t)
		}
		for _, along := range []bool{false, true} {
			extra := tt.along
			if !along {
				extra = nil
			}
			t.Run(tt.factor+" preferred", func(t *testing.T) {
				w := choiceWorld(t)
				a, err := w.choose(t, append([]string{"PREFERRED_CHALLENGE", tt.factor}, extra...)...)
				noError(t, err)
				if !along {
					a = w.next(t, a.is(t, tt.factor), tt.answer...)
				}
				end(t, w, a)
			})
			t.Run(tt.factor+" selected", func(t *testing.T) {
				w := choiceWorld(t)
				a, err := w.choose(t)
				noError(t, err)
				a = w.next(t, a, append([]string{"ANSWER", tt.factor}, extra...)...)
				if !along {
					a = w.next(t, a.is(t, tt.factor), tt.answer...)
				}
				end(t, w, a)
			})
		}
	}
}

func TestOneTimeCodes(t *testing.T) {
	for factor, parameter := range map[string]string{"EMAIL_OTP": "EMAIL_OTP_CODE", "SMS_OTP": "SMS_OTP_CODE"} {
		t.Run(factor, func(t *testing.T) {
			w := choiceWorld(t)
			a, err := w.choose(t, "PREFERRED_CHALLENGE", factor)
			noError(t, err)
			if len(w.lastCode(t)) != 8 {
				t.Errorf("expected eight digits, got %d", len(w.lastCode(t)))
			}
			_, err = w.respond(t, anyClient, a.is(t, factor).Name, a.Session, parameter, otherCode(w.lastCode(t)))
			wantCode(t, err, "CodeMismatchException", "Invalid code or auth state for the user.")
			w.next(t, a, parameter, w.lastCode(t)).signedIn(t)
		})
		t.Run(factor+" selected", func(t *testing.T) {
			w := choiceWorld(t)
			a, err := w.choose(t)
			noError(t, err)
			a = w.next(t, a, "ANSWER", factor).is(t, factor)
			w.next(t, a, parameter, w.lastCode(t)).signedIn(t)
		})
	}
}

func TestPasswordOfChoiceIsFollowedByMFA(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{MFA: cognitolocal.MFAOptional})
	withMFA(t, w, "SMS_MFA", "SMS_MFA")
	a, err := w.choose(t, "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	noError(t, err)
	w.next(t, a.is(t, "SMS_MFA"), "SMS_MFA_CODE", w.lastCode(t)).signedIn(t)
}

func TestAPreferenceOutOfReachIsAChoice(t *testing.T) {
	w := newChallengeWorld(t, cognitolocal.SignIn{})
	a, err := w.choose(t, "PREFERRED_CHALLENGE", "SMS_OTP")
	noError(t, err)
	a.is(t, "SELECT_CHALLENGE")
}

func TestAvailableChallengesWithoutAName(t *testing.T) {
	w := choiceWorld(t)
	w.Pool().SetVariants(cognitolocal.Variants{NoSelectChallenge: true})
	a, err := w.choose(t)
	noError(t, err)
	if a.Name != "" || len(a.Available) == 0 || a.Session == "" {
		t.Errorf("expected the list and no name, got %q and %v", a.Name, a.Available)
	}
	out, err := w.respond(t, anyClient, "SELECT_CHALLENGE", a.Session, "ANSWER", "PASSWORD", "PASSWORD", password)
	noError(t, err)
	out.signedIn(t)
}

func TestChoiceRefusals(t *testing.T) {
	t.Run("a preference that does not exist", func(t *testing.T) {
		_, err := choiceWorld(t).choose(t, "PREFERRED_CHALLENGE", "PIGEON")
		wantCode(t, err, badParameter, "")
	})
	t.Run("a second factor as a preference", func(t *testing.T) {
		_, err := choiceWorld(t).choose(t, "PREFERRED_CHALLENGE", "SOFTWARE_TOKEN_MFA")
		wantCode(t, err, badParameter, "")
	})
	t.Run("a client that does not allow it", func(t *testing.T) {
		_, err := choiceWorld(t).begin(t, types.AuthFlowTypeUserAuth, webClient, "USERNAME", "jo")
		wantCode(t, err, badParameter, "USER_AUTH flow not enabled for this client")
	})
	t.Run("no username", func(t *testing.T) {
		_, err := choiceWorld(t).begin(t, types.AuthFlowTypeUserAuth, anyClient)
		wantCode(t, err, badParameter, "Missing required parameter USERNAME")
	})
	t.Run("a wrong password sent along", func(t *testing.T) {
		_, err := choiceWorld(t).choose(t, "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", "x")
		wantCode(t, err, notAuthorized, wrongPassword)
	})
	t.Run("a user with nothing to sign in with", func(t *testing.T) {
		w := newChallengeWorld(t, cognitolocal.SignIn{})
		noError(t, w.Pool().SetPassword("jo", ""))
		_, err := w.choose(t)
		wantCode(t, err, notAuthorized, wrongPassword)
	})
	selections := []struct {
		name   string
		answer []string
		code   string
	}{
		{"no selection", nil, badParameter},
		{"a selection that does not exist", []string{"ANSWER", "PIGEON"}, badParameter},
		{"a selection that is not offered", []string{"ANSWER", "WEB_AUTHN"}, badParameter},
		{"a wrong password with the selection", []string{"ANSWER", "PASSWORD", "PASSWORD", "x"}, notAuthorized},
		{"SRP_A that is zero with the selection", []string{"ANSWER", "PASSWORD_SRP", "SRP_A", "0"}, badParameter},
	}
	for _, tt := range selections {
		t.Run(tt.name, func(t *testing.T) {
			w := choiceWorld(t)
			a, err := w.choose(t)
			noError(t, err)
			_, err = w.respond(t, anyClient, a.Name, a.Session, tt.answer...)
			wantCode(t, err, tt.code, "")
		})
	}
	t.Run("no password", func(t *testing.T) {
		w := choiceWorld(t)
		a, err := w.choose(t, "PREFERRED_CHALLENGE", "PASSWORD")
		noError(t, err)
		_, err = w.respond(t, anyClient, a.Name, a.Session)
		wantCode(t, err, badParameter, "Missing required parameter PASSWORD")
	})
	t.Run("the password of a disabled user", func(t *testing.T) {
		w := choiceWorld(t)
		noError(t, w.Pool().SetDisabled("jo", true))
		_, err := w.choose(t, "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
		wantCode(t, err, notAuthorized, "User is disabled.")
	})
}

// TestChoiceOfNobody answers for names nobody has as for others, also for a
// client with legacy errors, and takes no answer.
func TestChoiceOfNobody(t *testing.T) {
	right := map[string][]string{
		"PASSWORD": {"PASSWORD", password}, "EMAIL_OTP": {"EMAIL_OTP_CODE", "00000000"},
		"SMS_OTP": {"SMS_OTP_CODE", "00000000"}, "PASSWORD_SRP": {"SRP_A", "02"},
	}
	w := choiceWorld(t)
	for _, client := range []string{anyClient, legacyClient} {
		a, err := w.begin(t, types.AuthFlowTypeUserAuth, client, "USERNAME", "nobody")
		noError(t, err)
		again, err := w.begin(t, types.AuthFlowTypeUserAuth, client, "USERNAME", "nobody")
		noError(t, err)
		if available(a.is(t, "SELECT_CHALLENGE")) != available(again) {
			t.Error("expected the same offers for the same name")
		}
		for _, factor := range strings.Fields(available(a)) {
			if factor == "WEB_AUTHN" {
				continue // see TestPasskeyOfNobody
			}
			b, err := w.begin(t, types.AuthFlowTypeUserAuth, client, "USERNAME", "nobody", "PREFERRED_CHALLENGE", factor)
			noError(t, err)
			out, err := w.respond(t, client, b.is(t, factor).Name, b.Session, append(right[factor], "USERNAME", "nobody")...)
			if factor == "PASSWORD_SRP" {
				noError(t, err)
				out.is(t, "PASSWORD_VERIFIER")
				continue
			}
			code := "CodeMismatchException"
			if factor == "PASSWORD" {
				code = notAuthorized
			}
			wantCode(t, err, code, "")
		}
	}
	if sent := w.Pool().Outbox(); len(sent) != 0 {
		t.Errorf("expected nothing to be sent, got %v", sent)
	}
}
