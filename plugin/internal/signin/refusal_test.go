package signin_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

func TestStartsThatAreRefusedWithoutACall(t *testing.T) {
	long := strings.Repeat("x", 257)
	client := newStub(t).client()
	for name, row := range map[string]struct {
		in    signin.Start
		want  error
		field string
	}{
		"no flow":                          {signin.Start{Username: "jo", Password: "pw"}, signin.ErrMisconfigured, "flow"},
		"a flow for administrators":        {signin.Start{Flow: "ADMIN_USER_PASSWORD_AUTH", Username: "jo", Password: "pw"}, signin.ErrMisconfigured, "flow"},
		"no user name":                     {signin.Start{Flow: signin.FlowPassword, Password: "pw"}, signin.ErrInput, "username"},
		"a user name that is too long":     {signin.Start{Flow: signin.FlowPassword, Username: long, Password: "pw"}, signin.ErrInput, "username"},
		"a user name with a space":         {signin.Start{Flow: signin.FlowPassword, Username: "jo doe", Password: "pw"}, signin.ErrInput, "username"},
		"a user name with a line break":    {signin.Start{Flow: signin.FlowPassword, Username: "jo\n", Password: "pw"}, signin.ErrInput, "username"},
		"a user name with a control":       {signin.Start{Flow: signin.FlowPassword, Username: "jo\x00", Password: "pw"}, signin.ErrInput, "username"},
		"a user name that is not UTF-8":    {signin.Start{Flow: signin.FlowPassword, Username: "jo\xff", Password: "pw"}, signin.ErrInput, "username"},
		"no password":                      {signin.Start{Flow: signin.FlowPassword, Username: "jo"}, signin.ErrInput, "password"},
		"no password for SRP":              {signin.Start{Flow: signin.FlowSRP, Username: "jo"}, signin.ErrInput, "password"},
		"a password that is too long":      {signin.Start{Flow: signin.FlowSRP, Username: "jo", Password: signin.Secret(long)}, signin.ErrInput, "password"},
		"a password that is not UTF-8":     {signin.Start{Flow: signin.FlowChoice, Username: "jo", Password: "\xff"}, signin.ErrInput, "password"},
		"a preference that does not exist": {signin.Start{Flow: signin.FlowChoice, Username: "jo", Preferred: "SMS_MFA"}, signin.ErrInput, "choice"},
	} {
		_, err := client.Start(t.Context(), row.in)
		refused, ok := errors.AsType[*signin.Error](err)
		if !ok || refused.Reason != row.want || refused.Detail != row.field {
			t.Errorf("%s: expected %v (%s), got %v", name, row.want, row.field, err)
		}
	}
}

func TestAnswersThatAreRefusedWithoutACall(t *testing.T) {
	long := signin.Secret(strings.Repeat("x", 16385))
	needsAttribute := map[string]string{"requiredAttributes": `["userAttributes.name"]`}
	for _, row := range []struct {
		name   string
		first  handler
		answer signin.Answer
		field  string
	}{
		{"no code", challenge("SMS_MFA", nil), signin.Answer{Password: "pw"}, "code"},
		{"a code of spaces", challenge("SMS_OTP", nil), signin.Answer{Code: "  - "}, "code"},
		{"a code that is too long", challenge("EMAIL_OTP", nil), signin.Answer{Code: long[:65]}, "code"},
		{"no password", challenge("PASSWORD", nil), signin.Answer{Code: "1"}, "password"},
		{"no password to prove", challenge("PASSWORD_SRP", nil), signin.Answer{}, "password"},
		{"no answer", challenge("CUSTOM_CHALLENGE", nil), signin.Answer{}, "answer"},
		{"an answer that is too long", challenge("CUSTOM_CHALLENGE", nil), signin.Answer{Answer: long}, "answer"},
		{"no credential", challenge("WEB_AUTHN", map[string]string{"CREDENTIAL_REQUEST_OPTIONS": "{}"}), signin.Answer{}, "credential"},
		{"no new password", challenge("NEW_PASSWORD_REQUIRED", nil), signin.Answer{Password: "pw"}, "new_password"},
		{"no attribute", challenge("NEW_PASSWORD_REQUIRED", needsAttribute), signin.Answer{NewPassword: "pw"}, "attributes"},
		{"an attribute that is too long", challenge("NEW_PASSWORD_REQUIRED", needsAttribute),
			signin.Answer{NewPassword: "pw", Attributes: map[string]string{"name": string(long)}}, "attributes"},
		{"no choice", answer(`{` + available + `}`), signin.Answer{Password: "pw"}, "choice"},
		{"a choice that was not offered", answer(`{` + available + `}`), signin.Answer{Choice: "SMS_OTP"}, "choice"},
		{"a choice that is unknown", answer(`{` + available + `}`), signin.Answer{Choice: "TELEPATHY"}, "choice"},
		{"a password that is too long", answer(`{` + available + `}`), signin.Answer{Choice: "PASSWORD_SRP", Password: long}, "password"},
	} {
		s := newStub(t).on("InitiateAuth", row.first)
		client := s.client()
		_, err := client.Answer(t.Context(), begin(t, client, jo(signin.FlowChoice, "")).State, row.answer)
		refused, ok := errors.AsType[*signin.Error](err)
		if !ok || refused.Reason != signin.ErrInput || refused.Detail != row.field || !strings.Contains(err.Error(), "("+row.field+")") {
			t.Errorf("%s: expected the field %s, got %v", row.name, row.field, err)
		}
		if s.count() != 1 {
			t.Errorf("%s: expected no further call, got %d", row.name, s.count()-1)
		}
	}
}

func TestChallengesThatCannotBeAnswered(t *testing.T) {
	for _, row := range []struct {
		name   string
		first  handler
		want   error
		detail string
	}{
		{"an unknown one", challenge("RETINA_SCAN", nil), signin.ErrUnsupported, "RETINA_SCAN"},
		{"one for administrators", challenge("ADMIN_NO_SRP_AUTH", nil), signin.ErrUnsupported, "ADMIN_NO_SRP_AUTH"},
		{"a name that would write into logs", challenge("X\nERROR", nil), signin.ErrUnsupported, "unnamed"},
		{"a name without an end", challenge(strings.Repeat("X", 99), nil), signin.ErrUnsupported, "unnamed"},
		{"no choice that is known", answer(`{"AvailableChallenges":["TELEPATHY"],"Session":"session-0123456789"}`), signin.ErrUnsupported, "SELECT_CHALLENGE"},
		{"no MFA type that is known", challenge("SELECT_MFA_TYPE", map[string]string{"MFAS_CAN_CHOOSE": `["PIGEON"]`}), signin.ErrUnsupported, "SELECT_MFA_TYPE"},
		{"no MFA types", challenge("SELECT_MFA_TYPE", nil), signin.ErrUnsupported, "SELECT_MFA_TYPE"},
		{"MFA types that are no list", challenge("SELECT_MFA_TYPE", map[string]string{"MFAS_CAN_CHOOSE": `SMS_MFA`}), signin.ErrAnswer, ""},
		{"required attributes that are no list", challenge("NEW_PASSWORD_REQUIRED", map[string]string{"requiredAttributes": `{}`}), signin.ErrAnswer, ""},
		{"attributes that are no object", challenge("NEW_PASSWORD_REQUIRED", map[string]string{"userAttributes": `[]`}), signin.ErrAnswer, ""},
		{"a passkey without options", challenge("WEB_AUTHN", nil), signin.ErrAnswer, ""},
		{"SRP that nobody began", challenge("PASSWORD_VERIFIER", signin.NewSRPServer("", "", "").Params()), signin.ErrAnswer, ""},
		{"neither tokens nor a challenge", answer(`{}`), signin.ErrAnswer, ""},
		{"tokens without tokens", answer(noTokens), signin.ErrAnswer, ""},
		{"no ID token", answer(`{"AuthenticationResult":{"AccessToken":"x"}}`), signin.ErrAnswer, ""},
		{"no access token", answer(`{"AuthenticationResult":{"IdToken":"x"}}`), signin.ErrAnswer, ""},
	} {
		s := newStub(t).on("InitiateAuth", row.first)
		step, err := s.client().Start(t.Context(), jo(signin.FlowChoice, ""))
		refused, ok := errors.AsType[*signin.Error](err)
		if !ok || refused.Reason != row.want || refused.Detail != row.detail || step.Challenge != nil {
			t.Errorf("%s: expected %v (%s), got %v", row.name, row.want, row.detail, err)
		}
	}
}

func TestSRPValuesOfAFalseServer(t *testing.T) {
	for name, change := range map[string]string{"B is zero": "0", "B is missing": "", "B is no number": "zz"} {
		params := signin.NewSRPServer("AbCdEfGhI", "jo@example.org", "pw").Params()
		params["SRP_B"] = change
		s := newStub(t).on("InitiateAuth", challenge("PASSWORD_VERIFIER", params))
		_, err := s.client().Start(t.Context(), jo(signin.FlowSRP, "pw"))
		expectReason(t, name, err, signin.ErrAnswer)
	}
}

// A server that asks again would get several claims for one public value.
func TestOneClaimForOneHandshake(t *testing.T) {
	again := challenge("PASSWORD_VERIFIER", signin.NewSRPServer("AbCdEfGhI", "jo@example.org", "pw").Params())
	s := newStub(t).on("InitiateAuth", again).on("RespondToAuthChallenge", again)
	_, err := s.client().Start(t.Context(), jo(signin.FlowSRP, "pw"))
	expectReason(t, "a second verifier", err, signin.ErrAnswer)
	s.done()
}

func TestAPoolThatAsksInCirclesIsLeft(t *testing.T) {
	circle := challenge("DEVICE_SRP_AUTH", nil)
	s := newStub(t).on("InitiateAuth", circle).on("RespondToAuthChallenge", circle, circle, circle, circle, circle, circle)
	_, err := s.client().Start(t.Context(), withDevice(remembered))
	expectReason(t, "circles within a round", err, signin.ErrAnswer)
	s.done()
}

func TestASignInHasAnEnd(t *testing.T) {
	s := newStub(t).on("InitiateAuth", challenge("CUSTOM_CHALLENGE", nil))
	client := s.client()
	step := begin(t, client, jo(signin.FlowCustom, ""))
	for round := 2; round <= 100; round++ {
		s.on("RespondToAuthChallenge", challenge("CUSTOM_CHALLENGE", nil))
		next, err := client.Answer(t.Context(), step.State, signin.Answer{Answer: "x"})
		if step = asked(t, next, err); step.Challenge.Round != round {
			t.Fatalf("expected round %d, got %d", round, step.Challenge.Round)
		}
	}
	s.on("RespondToAuthChallenge", challenge("CUSTOM_CHALLENGE", nil))
	_, err := client.Answer(t.Context(), step.State, signin.Answer{Answer: "x"})
	expectReason(t, "round 101", err, signin.ErrAttempts)
}

func TestTheZeroStateIsNoSignIn(t *testing.T) {
	_, err := newStub(t).client().Answer(t.Context(), signin.State{}, signin.Answer{Code: "123456"})
	expectReason(t, "the zero State", err, signin.ErrSession)
}
