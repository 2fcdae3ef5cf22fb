package signin_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

const (
	associated = `{"SecretCode":"JBSWY3DPEHPK3PXP","Session":"session-associated-0123"}`
	verified   = `{"Status":"SUCCESS","Session":"session-verified-012345"}`
)

func canSetUp(list string) map[string]string {
	return map[string]string{"MFAS_CAN_SETUP": list, "USER_ID_FOR_SRP": internal}
}

func TestSettingUpAnAuthenticatorApp(t *testing.T) {
	for name, params := range map[string]map[string]string{
		"the app is all there is":             canSetUp(`["SOFTWARE_TOKEN_MFA"]`),
		"text messages cannot be set up here": canSetUp(`["SMS_MFA","SOFTWARE_TOKEN_MFA"]`),
		"nothing is said":                     {"USER_ID_FOR_SRP": internal},
	} {
		s := newStub(t).on("InitiateAuth", challenge("MFA_SETUP", params)).on("AssociateSoftwareToken", answer(associated)).
			on("VerifySoftwareToken", fails("EnableSoftwareTokenMFAException", "Code mismatch"), answer(`{"Status":"ERROR"}`), answer(verified)).
			on("RespondToAuthChallenge", challenge("SOFTWARE_TOKEN_MFA", nil), answer(tokens))
		client := s.client()
		step := begin(t, client, jo(signin.FlowPassword, "pw"))
		if got := step.State.Challenge(); got.Name != "MFA_SETUP" || got.Secret != "JBSWY3DPEHPK3PXP" || !slices.Equal(got.Needs, []signin.Field{signin.FieldCode}) {
			t.Fatalf("%s: unexpected challenge %+v", name, got)
		}
		for range 2 {
			_, err := client.Answer(t.Context(), step.State, signin.Answer{Code: "000000"})
			expectReason(t, name+": a wrong code", err, signin.ErrCode)
		}
		next, err := client.Answer(t.Context(), step.State, signin.Answer{Code: "123 456", DeviceName: "Jo's phone"})
		step = asked(t, next, err)
		verify, respond := s.requests[len(s.requests)-2], s.last()
		if verify.text("Session") != "session-associated-0123" || verify.text("UserCode") != "123456" || verify.text("FriendlyDeviceName") != "Jo's phone" {
			t.Errorf("%s: unexpected call %v", name, verify.body)
		}
		if respond.text("Session") != "session-verified-012345" || respond.text("ChallengeName") != "MFA_SETUP" || !maps.Equal(respond.values("ChallengeResponses"), map[string]string{"USERNAME": internal}) {
			t.Errorf("%s: unexpected call %v", name, respond.body)
		}
		next, err = client.Answer(t.Context(), step.State, signin.Answer{Code: "654321"})
		signedIn(t, next, err)
		s.done()
	}
}

func TestChoosingWhatToSetUp(t *testing.T) {
	both := canSetUp(`["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]`)
	s := newStub(t).on("InitiateAuth", challenge("MFA_SETUP", both)).on("AssociateSoftwareToken", answer(associated)).on("RespondToAuthChallenge", answer(tokens))
	client := s.client()
	step := begin(t, client, jo(signin.FlowPassword, "pw"))
	if got := step.State.Challenge(); !slices.Equal(got.Choices, []string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}) || !slices.Equal(got.Needs, []signin.Field{signin.FieldChoice}) {
		t.Fatalf("unexpected challenge %+v", got)
	}
	for name, a := range map[string]signin.Answer{"no choice": {}, "one that is not offered": {Choice: "SMS_MFA"}, "a code without a choice": {Code: "123456"}} {
		_, err := client.Answer(t.Context(), step.State, a)
		expectReason(t, name, err, signin.ErrInput)
	}
	next, err := client.Answer(t.Context(), step.State, signin.Answer{Choice: "SOFTWARE_TOKEN_MFA"})
	app := asked(t, next, err)
	if got := app.State.Challenge(); got.Secret == "" || !slices.Equal(got.Needs, []signin.Field{signin.FieldCode}) {
		t.Errorf("unexpected challenge %+v", got)
	}
	next, err = client.Answer(t.Context(), app.State, signin.Answer{Choice: "EMAIL_OTP"}) // on second thought
	mail := asked(t, next, err)
	if got := mail.State.Challenge(); !slices.Equal(got.Attributes, []string{"email"}) || !slices.Equal(got.Needs, []signin.Field{signin.FieldAttributes}) {
		t.Errorf("unexpected challenge %+v", got)
	}
	_, err = client.Answer(t.Context(), mail.State, signin.Answer{Choice: "EMAIL_OTP"})
	expectReason(t, "no address", err, signin.ErrInput)
	next, err = client.Answer(t.Context(), mail.State, signin.Answer{Attributes: map[string]string{"email": "jo@example.org", "custom:role": "admin"}})
	signedIn(t, next, err)
	if got := s.last().values("ChallengeResponses"); !maps.Equal(got, map[string]string{"USERNAME": internal, "EMAIL": "jo@example.org"}) {
		t.Errorf("unexpected reply %v", got)
	}
	s.done()
}

func TestSetUpsThatFail(t *testing.T) {
	for _, row := range []struct {
		name      string
		list      string
		associate handler
		verify    handler
		want      error
	}{
		{"only text messages could be set up", `["SMS_MFA"]`, nil, nil, signin.ErrUnsupported},
		{"the list is not JSON", `SOFTWARE_TOKEN_MFA`, nil, nil, signin.ErrAnswer},
		{"the session expired before", `["SOFTWARE_TOKEN_MFA"]`, fails("NotAuthorizedException", "Invalid session for the user."), nil, signin.ErrSession},
		{"two set-ups at once", `["SOFTWARE_TOKEN_MFA"]`, fails("ConcurrentModificationException", "x"), nil, errUnavailable},
		{"apps are not enabled", `["SOFTWARE_TOKEN_MFA"]`, fails("SoftwareTokenMFANotFoundException", "x"), nil, signin.ErrMisconfigured},
		{"the session expired meanwhile", `["SOFTWARE_TOKEN_MFA"]`, answer(associated), fails("NotAuthorizedException", "Invalid session for the user, session is expired."), signin.ErrSession},
		{"the code has letters", `["SOFTWARE_TOKEN_MFA"]`, answer(associated), fails("InvalidParameterException", "1 validation error detected: Value 'abcdef' at 'userCode' failed to satisfy constraint"), signin.ErrCode},
	} {
		s := newStub(t).on("InitiateAuth", challenge("MFA_SETUP", canSetUp(row.list)))
		if row.associate != nil {
			s.on("AssociateSoftwareToken", row.associate)
		}
		client := s.client()
		step, err := client.Start(t.Context(), jo(signin.FlowPassword, "pw"))
		if row.verify != nil {
			s.on("VerifySoftwareToken", row.verify)
			_, err = client.Answer(t.Context(), asked(t, step, err).State, signin.Answer{Code: "abcdef"})
		}
		expectReason(t, row.name, unavailableAsError(err), row.want)
		s.done()
	}
}

func TestTheURIForAuthenticatorApps(t *testing.T) {
	got := signin.Challenge{Secret: "JBSWY3DPEHPK3PXP"}.TOTPURI("My: Site & Co", "jo+x@example.org")
	const want = "otpauth://totp/My%3A%20Site%20%26%20Co:jo%2Bx%40example.org?secret=JBSWY3DPEHPK3PXP&issuer=My%3A%20Site%20%26%20Co"
	if string(got) != want {
		t.Errorf("expected %s, got %s", want, string(got))
	}
}
