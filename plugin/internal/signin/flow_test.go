package signin_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

func TestAPasswordBringsTokens(t *testing.T) {
	s := newStub(t).on("InitiateAuth", answer(tokens))
	before := time.Now()
	step, err := s.client("secret").Start(t.Context(), jo(signin.FlowPassword, "Passw0rd!"))
	got := signedIn(t, step, err)
	if got.Refresh != "the-refresh-token" || got.NewDevice != nil || got.Expires.Before(before.Add(time.Hour)) || got.Expires.After(time.Now().Add(time.Hour)) {
		t.Errorf("unexpected tokens until %s", got.Expires)
	}
	want := map[string]string{"USERNAME": "jo@example.org", "PASSWORD": "Passw0rd!", "SECRET_HASH": hashOf("secret", "jo@example.org")}
	call := s.last()
	if call.text("AuthFlow") != "USER_PASSWORD_AUTH" || call.text("ClientId") != clientID || !maps.Equal(call.values("AuthParameters"), want) {
		t.Errorf("expected %v, got %v", want, call.body)
	}
	s.done()
}

// The challenges that one input answers.
func TestChallengesOfOneInput(t *testing.T) {
	code := map[string]string{"CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "CODE_DELIVERY_DESTINATION": "+*******1234", "USER_ID_FOR_SRP": internal}
	for _, row := range []struct {
		name   string
		params map[string]string
		show   signin.Challenge
		answer signin.Answer
		key    string
		sent   string
	}{
		{"SMS_MFA", code, signin.Challenge{Medium: "SMS", Destination: "+*******1234"}, signin.Answer{Code: "123456"}, "SMS_MFA_CODE", "123456"},
		{"SMS_OTP", code, signin.Challenge{Medium: "SMS", Destination: "+*******1234"}, signin.Answer{Code: " 1234 5678 "}, "SMS_OTP_CODE", "12345678"},
		{"EMAIL_OTP", map[string]string{"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "j***@e***"},
			signin.Challenge{Medium: "EMAIL", Destination: "j***@e***"}, signin.Answer{Code: "123-456"}, "EMAIL_OTP_CODE", "123456"},
		{"EMAIL_MFA", nil, signin.Challenge{Medium: "EMAIL"}, signin.Answer{Code: "123456"}, "EMAIL_MFA_CODE", "123456"},
		{"SOFTWARE_TOKEN_MFA", map[string]string{"FRIENDLY_DEVICE_NAME": "Jo\u202e's\nphone", "USER_ID_FOR_SRP": internal},
			signin.Challenge{DeviceName: "Jo's phone"}, signin.Answer{Code: "123456"}, "SOFTWARE_TOKEN_MFA_CODE", "123456"},
		{"PASSWORD", nil, signin.Challenge{}, signin.Answer{Password: " Passw0rd! "}, "PASSWORD", " Passw0rd! "},
		{"WEB_AUTHN", map[string]string{"CREDENTIAL_REQUEST_OPTIONS": `{"challenge":"abc"}`},
			signin.Challenge{Options: `{"challenge":"abc"}`}, signin.Answer{Credential: `{"id":"x"}`}, "CREDENTIAL", `{"id":"x"}`},
		{"CUSTOM_CHALLENGE", map[string]string{"question": "Your first pet?", "USERNAME": internal},
			signin.Challenge{Parameters: map[string]string{"question": "Your first pet?"}}, signin.Answer{Answer: "Rex"}, "ANSWER", "Rex"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStub(t).on("InitiateAuth", challenge(row.name, row.params)).on("RespondToAuthChallenge", answer(tokens))
			client := s.client("secret")
			step := begin(t, client, jo(signin.FlowChoice, ""))
			if got := step.State.Challenge(); got.Name != row.name || got.Round != 1 || len(got.Needs) != 1 || got.Medium != row.show.Medium ||
				got.Destination != row.show.Destination || got.DeviceName != row.show.DeviceName || got.Options != row.show.Options ||
				!maps.Equal(got.Parameters, row.show.Parameters) {
				t.Errorf("unexpected challenge %+v", got)
			}
			step, err := client.Answer(t.Context(), step.State, row.answer)
			signedIn(t, step, err)
			username := "jo@example.org"
			if row.params["USER_ID_FOR_SRP"]+row.params["USERNAME"] != "" {
				username = internal
			}
			want := map[string]string{row.key: row.sent, "USERNAME": username, "SECRET_HASH": hashOf("secret", username)}
			call := s.last()
			if call.text("ChallengeName") != row.name || call.text("Session") != "session-of-"+row.name+"-0123456789" || !maps.Equal(call.values("ChallengeResponses"), want) {
				t.Errorf("expected %v, got %v", want, call.body)
			}
			s.done()
		})
	}
}

// srpPool answers SRP for a user, and then as told.
func srpPool(t *testing.T, s *stub, password signin.Secret, then handler) handler {
	server := signin.NewSRPServer("AbCdEfGhI", internal, password)
	srpA := ""
	verify := func(r request) reply {
		if r.text("ChallengeName") != "PASSWORD_VERIFIER" || r.text("ChallengeResponses", "USERNAME") != internal {
			t.Errorf("expected a reply as %s, got %v", internal, r.body)
		}
		if !server.Accepts(srpA, r.values("ChallengeResponses")) {
			return exception(0, "NotAuthorizedException", "Incorrect username or password.")
		}
		return then(r)
	}
	return func(r request) reply {
		srpA = r.text("AuthParameters", "SRP_A") + r.text("ChallengeResponses", "SRP_A")
		params := server.Params()
		params["USERNAME"], params["USER_ID_FOR_SRP"] = internal, internal
		s.on("RespondToAuthChallenge", verify)
		return challenge("PASSWORD_VERIFIER", params)(r)
	}
}

func TestSRPIsDoneWithinOneCall(t *testing.T) {
	for _, row := range []struct {
		name  string
		start signin.Start
		sent  map[string]string
	}{
		{"USER_SRP_AUTH", jo(signin.FlowSRP, "Passw0rd!"), map[string]string{}},
		{"CUSTOM_AUTH with a password", jo(signin.FlowCustom, "Passw0rd!"), map[string]string{"CHALLENGE_NAME": "SRP_A"}},
		{"USER_AUTH that prefers SRP", signin.Start{Flow: signin.FlowChoice, Username: "jo@example.org", Password: "Passw0rd!", Preferred: "PASSWORD_SRP"},
			map[string]string{"PREFERRED_CHALLENGE": "PASSWORD_SRP"}},
	} {
		s := newStub(t)
		s.on("InitiateAuth", srpPool(t, s, "Passw0rd!", answer(tokens)))
		step, err := s.client("secret").Start(t.Context(), row.start)
		signedIn(t, step, err)
		sent := s.requests[0].values("AuthParameters")
		delete(sent, "SRP_A")
		row.sent["USERNAME"], row.sent["SECRET_HASH"] = "jo@example.org", hashOf("secret", "jo@example.org")
		if !maps.Equal(sent, row.sent) {
			t.Errorf("%s: expected %v, got %v", row.name, row.sent, sent)
		}
		s.done()

		wrong := newStub(t)
		wrong.on("InitiateAuth", srpPool(t, wrong, "another", answer(tokens)))
		_, err = wrong.client().Start(t.Context(), row.start)
		expectReason(t, row.name+" with a wrong password", err, signin.ErrCredentials)
	}
}

func TestAfterSRPComeFurtherChallenges(t *testing.T) {
	s := newStub(t)
	s.on("InitiateAuth", srpPool(t, s, "Passw0rd!", challenge("CUSTOM_CHALLENGE", map[string]string{"n": "1"})))
	client := s.client()
	step := begin(t, client, jo(signin.FlowCustom, "Passw0rd!"))
	s.on("RespondToAuthChallenge", challenge("CUSTOM_CHALLENGE", map[string]string{"n": "2"}), challenge("SMS_MFA", nil), answer(tokens))
	for round, want := range []string{"CUSTOM_CHALLENGE", "CUSTOM_CHALLENGE", "SMS_MFA"} {
		if got := step.State.Challenge(); got.Name != want || got.Round != round+1 {
			t.Fatalf("expected %s in round %d, got %+v", want, round+1, got)
		}
		next, err := client.Answer(t.Context(), step.State, signin.Answer{Answer: "x", Code: "123456"})
		if round == 2 {
			signedIn(t, next, err)
			break
		}
		step = asked(t, next, err)
	}
	s.done()
}

func TestPasswordSRPAsAChallenge(t *testing.T) {
	s := newStub(t).on("InitiateAuth", challenge("PASSWORD_SRP", nil))
	client := s.client()
	step := begin(t, client, jo(signin.FlowChoice, ""))
	if needs := step.State.Challenge().Needs; !slices.Equal(needs, []signin.Field{signin.FieldPassword}) {
		t.Errorf("expected to need the password, got %v", needs)
	}
	s.on("RespondToAuthChallenge", srpPool(t, s, "Passw0rd!", answer(tokens)))
	got, err := client.Answer(t.Context(), step.State, signin.Answer{Password: "Passw0rd!"})
	signedIn(t, got, err)
	s.done()
}

func TestUserAuthWithAPasswordAsksForNothingElse(t *testing.T) {
	s := newStub(t).on("InitiateAuth", answer(tokens))
	step, err := s.client().Start(t.Context(), jo(signin.FlowChoice, "Passw0rd!"))
	signedIn(t, step, err)
	want := map[string]string{"USERNAME": "jo@example.org", "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": "Passw0rd!"}
	if got := s.last().values("AuthParameters"); !maps.Equal(got, want) {
		t.Errorf("expected %v, got %v", want, got)
	}
}

func TestTheSessionOfASignUpSignsIn(t *testing.T) {
	s := newStub(t).on("InitiateAuth", answer(tokens))
	start := jo(signin.FlowChoice, "")
	start.Session = "session-of-the-sign-up"
	step, err := s.client().Start(t.Context(), start)
	signedIn(t, step, err)
	if s.last().text("Session") != "session-of-the-sign-up" {
		t.Errorf("expected the session, got %v", s.last().body)
	}
}

// Cognito names the choice in one of two ways.
const available = `"AvailableChallenges":["PASSWORD","PASSWORD_SRP","EMAIL_OTP","WEB_AUTHN","PASSWORD","TELEPATHY"],"Session":"session-0123456789"`

func TestChoosingAFirstFactor(t *testing.T) {
	for _, first := range []string{`{"ChallengeName":"SELECT_CHALLENGE",` + available + `}`, `{` + available + `}`} {
		for _, row := range []struct {
			name   string
			answer signin.Answer
			want   map[string]string
		}{
			{"a code by e-mail", signin.Answer{Choice: "EMAIL_OTP"}, map[string]string{"ANSWER": "EMAIL_OTP"}},
			{"a passkey", signin.Answer{Choice: "WEB_AUTHN"}, map[string]string{"ANSWER": "WEB_AUTHN"}},
			{"a passkey that was used already", signin.Answer{Choice: "WEB_AUTHN", Credential: `{}`}, map[string]string{"ANSWER": "WEB_AUTHN", "CREDENTIAL": `{}`}},
			{"a password at once", signin.Answer{Choice: "PASSWORD", Password: "pw"}, map[string]string{"ANSWER": "PASSWORD", "PASSWORD": "pw"}},
		} {
			s := newStub(t).on("InitiateAuth", answer(first)).on("RespondToAuthChallenge", answer(tokens))
			client := s.client()
			step := begin(t, client, jo(signin.FlowChoice, ""))
			if got := step.State.Challenge(); got.Name != "SELECT_CHALLENGE" || !slices.Equal(got.Choices, []string{"PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "WEB_AUTHN"}) ||
				!slices.Equal(got.Needs, []signin.Field{signin.FieldChoice}) {
				t.Fatalf("unexpected challenge %+v", got)
			}
			step, err := client.Answer(t.Context(), step.State, row.answer)
			signedIn(t, step, err)
			row.want["USERNAME"] = "jo@example.org"
			if got := s.last(); got.text("ChallengeName") != "SELECT_CHALLENGE" || !maps.Equal(got.values("ChallengeResponses"), row.want) {
				t.Errorf("%s: expected %v, got %v", row.name, row.want, got.body)
			}
		}
	}
}

// A page without scripts asks for the choice first and for the password then;
// Cognito hears of both at once.
func TestAChoiceWaitsForItsPassword(t *testing.T) {
	for _, choice := range []string{"PASSWORD", "PASSWORD_SRP"} {
		s := newStub(t).on("InitiateAuth", answer(`{`+available+`}`))
		client := s.client()
		step := begin(t, client, jo(signin.FlowChoice, ""))
		next, err := client.Answer(t.Context(), step.State, signin.Answer{Choice: choice})
		step = asked(t, next, err)
		if got := step.State.Challenge(); got.Name != choice || !slices.Equal(got.Needs, []signin.Field{signin.FieldPassword}) || s.count() != 1 {
			t.Fatalf("expected %s without a call, got %+v after %d calls", choice, got, s.count())
		}
		_, err = client.Answer(t.Context(), step.State, signin.Answer{})
		expectReason(t, "no password", err, signin.ErrInput)
		s.on("RespondToAuthChallenge", answer(tokens))
		if choice == "PASSWORD_SRP" {
			s.scripts["RespondToAuthChallenge"] = nil
			s.on("RespondToAuthChallenge", srpPool(t, s, "Passw0rd!", answer(tokens)))
		}
		next, err = client.Answer(t.Context(), step.State, signin.Answer{Password: "Passw0rd!"})
		signedIn(t, next, err)
		if s.requests[1].text("ChallengeName") != "SELECT_CHALLENGE" || s.requests[1].text("ChallengeResponses", "ANSWER") != choice {
			t.Errorf("expected the choice with its password, got %v", s.requests[1].body)
		}
		s.done()
	}
}

func TestAChoiceIsForgottenAfterItsRound(t *testing.T) {
	s := newStub(t).on("InitiateAuth", answer(`{`+available+`}`)).on("RespondToAuthChallenge", challenge("MFA_SETUP", canSetUp(`["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]`)))
	client := s.client()
	next, err := client.Answer(t.Context(), begin(t, client, jo(signin.FlowChoice, "")).State, signin.Answer{Choice: "PASSWORD"})
	next, err = client.Answer(t.Context(), asked(t, next, err).State, signin.Answer{Password: "pw"})
	_, err = client.Answer(t.Context(), asked(t, next, err).State, signin.Answer{Code: "123456"})
	if refused, ok := errors.AsType[*signin.Error](err); !ok || refused.Detail != "choice" {
		t.Errorf("expected to be asked for a choice, got %v", err)
	}
}

func TestSelectingAnMFAType(t *testing.T) {
	for _, key := range []string{"MFAS_CAN_CHOOSE", "MFAS_CAN_SELECT"} {
		s := newStub(t).on("InitiateAuth", challenge("SELECT_MFA_TYPE", map[string]string{key: `["SMS_MFA","SOFTWARE_TOKEN_MFA","EMAIL_MFA","PIGEON_MFA"]`})).
			on("RespondToAuthChallenge", challenge("EMAIL_MFA", nil))
		client := s.client()
		step := begin(t, client, jo(signin.FlowPassword, "pw"))
		if got := step.State.Challenge().Choices; !slices.Equal(got, []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_MFA"}) {
			t.Errorf("%s: unexpected choices %v", key, got)
		}
		next, err := client.Answer(t.Context(), step.State, signin.Answer{Choice: "EMAIL_MFA"})
		asked(t, next, err)
		if s.last().text("ChallengeResponses", "ANSWER") != "EMAIL_MFA" {
			t.Errorf("expected the choice, got %v", s.last().body)
		}
		for name, choice := range map[string]string{"none": "", "one that was not offered": "SMS_OTP", "an unknown one": "PIGEON_MFA"} {
			_, err := client.Answer(t.Context(), step.State, signin.Answer{Choice: choice})
			expectReason(t, name, err, signin.ErrInput)
		}
	}
}

func TestANewPassword(t *testing.T) {
	params := map[string]string{
		"requiredAttributes": `["userAttributes.given_name","userAttributes.email","userAttributes.family_name"]`,
		"userAttributes":     `{"email":"jo@example.org","family_name":"","email_verified":"true"}`, "USER_ID_FOR_SRP": internal,
	}
	s := newStub(t).on("InitiateAuth", challenge("NEW_PASSWORD_REQUIRED", params)).
		on("RespondToAuthChallenge", fails("InvalidPasswordException", "Password did not conform with policy: Password must have uppercase characters"), answer(tokens))
	client := s.client()
	step := begin(t, client, jo(signin.FlowPassword, "temporary"))
	got := step.State.Challenge()
	if !slices.Equal(got.Attributes, []string{"given_name", "family_name"}) || !slices.Equal(got.Needs, []signin.Field{signin.FieldNewPassword, signin.FieldAttributes}) {
		t.Fatalf("unexpected challenge %+v", got)
	}
	given := signin.Answer{NewPassword: "N3w!", Attributes: map[string]string{"given_name": "Jo", "family_name": "Doe", "custom:role": "admin", "email": "x@y"}}
	_, err := client.Answer(t.Context(), step.State, given)
	expectReason(t, "a weak password", err, signin.ErrPassword)
	next, err := client.Answer(t.Context(), step.State, given)
	signedIn(t, next, err)
	want := map[string]string{"USERNAME": internal, "NEW_PASSWORD": "N3w!", "userAttributes.given_name": "Jo", "userAttributes.family_name": "Doe"}
	if got := s.last().values("ChallengeResponses"); !maps.Equal(got, want) {
		t.Errorf("expected only what was asked for, %v, got %v", want, got)
	}
}

func TestANewPasswordWithoutAttributes(t *testing.T) {
	for _, params := range []map[string]string{nil, {"requiredAttributes": "[]", "userAttributes": "{}"}} {
		s := newStub(t).on("InitiateAuth", challenge("NEW_PASSWORD_REQUIRED", params))
		if needs := begin(t, s.client(), jo(signin.FlowPassword, "pw")).State.Challenge().Needs; !slices.Equal(needs, []signin.Field{signin.FieldNewPassword}) {
			t.Errorf("expected to need a password only, got %v", needs)
		}
	}
}
