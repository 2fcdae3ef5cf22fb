package signin_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// everything is an answer with all fields filled in.
var everything = signin.Answer{
	Choice: signin.SoftwareTokenMFA, Code: "123456", Password: "pass-word", NewPassword: "new-pass-word", Answer: "an answer",
	Credential: `{"id":"a"}`, Attributes: map[string]string{"email": "jo@example.org", "name": "Jo"},
}

// ask is the body of an answer with a challenge.
func ask(name string, params map[string]string, available ...string) string {
	body, _ := json.Marshal(map[string]any{
		"ChallengeName": name, "ChallengeParameters": params, "Session": "session-0123456789-0123456789", "AvailableChallenges": available,
		"SecretCode": "JBSWY3DPEHPK3PXP", "Status": "SUCCESS",
	})
	return string(body)
}

// FuzzPoolAnswer has the user pool, or what stands in front of it, say anything,
// twice: to the start of a sign-in and to the user's answer. What comes of it is
// tokens, a challenge that the page knows, or an error of a known word.
func FuzzPoolAnswer(f *testing.F) {
	for _, body := range []string{
		tokens, noTokens, tokens + tokens, "{}", "", "[]", "<html>", `{"AuthenticationResult":{"AccessToken":1}}`,
		ask(signin.SMSMFA, map[string]string{"CODE_DELIVERY_DESTINATION": "+*******\u202e1234\r\nX: y", "CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "USER_ID_FOR_SRP": internal}),
		ask(signin.EmailOTP, map[string]string{"CODE_DELIVERY_DESTINATION": "j***@e***", "CODE_DELIVERY_DELIVERY_MEDIUM": "CARRIER_PIGEON"}),
		ask(signin.SoftwareTokenMFA, map[string]string{"FRIENDLY_DEVICE_NAME": "<script>\x00"}),
		ask(signin.SelectMFAType, map[string]string{"MFAS_CAN_CHOOSE": `["SMS_MFA","SOFTWARE_TOKEN_MFA","EVIL","SMS_MFA"]`}),
		ask(signin.MFASetup, map[string]string{"MFAS_CAN_SETUP": `["SOFTWARE_TOKEN_MFA","SMS_MFA"]`}), ask(signin.MFASetup, nil),
		ask(signin.NewPasswordRequired, map[string]string{"requiredAttributes": `["userAttributes.email","userAttributes.name"]`, "userAttributes": `{"email":"jo@example.org","name":null}`}),
		ask(signin.NewPasswordRequired, map[string]string{"requiredAttributes": `"email"`, "userAttributes": `[]`}),
		ask(signin.CustomChallenge, map[string]string{"question": "<b>?", "USERNAME": internal, "DEVICE_KEY": "eu-west-1_x", strings.Repeat("k", 2000): strings.Repeat("v", 2000)}),
		ask(signin.WebAuthn, map[string]string{"CREDENTIAL_REQUEST_OPTIONS": `{"challenge":"AAAA","rpId":"example.org","allowCredentials":[{"id":"AA","type":"public-key"}],"timeout":180000}`}),
		ask(signin.WebAuthn, map[string]string{"CREDENTIAL_REQUEST_OPTIONS": `[]`}), ask(signin.WebAuthn, map[string]string{"CREDENTIAL_REQUEST_OPTIONS": `{}{}`}),
		ask("", nil, "PASSWORD", "WEB_AUTHN", "EVIL"), ask(signin.SelectChallenge, nil, "PASSWORD", "EMAIL_OTP"),
		ask("PASSWORD_VERIFIER", map[string]string{"SRP_B": "1", "SALT": "1", "SECRET_BLOCK": "AA=="}), ask("DEVICE_SRP_AUTH", nil), ask("EVIL\r\n", nil),
	} {
		f.Add(200, body)
	}
	for _, refusal := range []string{"NotAuthorizedException", "UserLambdaValidationException", "InvalidPasswordException", "TooManyRequestsException", "InternalErrorException", "Unknown\r\nX"} {
		for form := range 4 {
			said := exception(form, refusal, "PreSignUp failed with error \u202emarker-of-the-pool\r\n<script>")
			f.Add(said.status, said.body)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 999 {
			return
		}
		synctest.Test(t, func(t *testing.T) { // in which pauses before a second try take no time
			client, err := signin.NewClient(signin.Options{UserPoolID: poolID, ClientID: clientID, HTTPClient: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
			})})
			if err != nil {
				t.Fatal(err)
			}
			step, err := client.Start(t.Context(), jo(signin.FlowChoice, ""))
			expectStep(t, status, step, err)
			if step.Challenge == nil {
				return
			}
			expectCookie(t, step)
			answer := everything
			if len(step.Challenge.Choices) > 0 {
				answer.Choice = step.Challenge.Choices[0]
			}
			step, err = client.Answer(t.Context(), step.State, answer)
			expectStep(t, status, step, err)
		})
	})
}

func expectStep(t *testing.T, status int, step signin.Step, err error) {
	t.Helper()
	switch {
	case err != nil:
		expectError(t, step, err)
	case status >= 300 || (step.Tokens == nil) == (step.Challenge == nil):
		t.Fatalf("expected tokens or a challenge of a success, got %+v after %d", step, status)
	case step.Tokens != nil:
		if step.Tokens.ID == "" || step.Tokens.Access == "" {
			t.Fatal("expected both tokens")
		}
	default:
		expectChallenge(t, *step.Challenge)
	}
}

func expectError(t *testing.T, step signin.Step, err error) {
	t.Helper()
	if step.Tokens != nil || step.Challenge != nil || signin.Reason(err) == "other" || signin.Reason(err) == "" {
		t.Fatalf("expected a known word alone, got %+v, %v", step, err)
	}
	if strings.Contains(err.Error(), "marker-of-the-pool") || !plain(err.Error()) {
		t.Fatalf("the error repeats the answer: %q", err)
	}
	if refusal, ok := errors.AsType[*signin.Error](err); ok && !(plain(refusal.Text) && plain(refusal.Cause.Code) && len([]rune(refusal.Text)) <= signin.MaxText) {
		t.Fatalf("unexpected text %q, code %q", refusal.Text, refusal.Cause.Code)
	}
}

// plain text is one line, in one direction of writing.
func plain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
	})
}

// expectChallenge looks at what a page would show.
func expectChallenge(t *testing.T, ch signin.Challenge) {
	t.Helper()
	if ch.Name == "" || ch.Round < 1 || !plain(ch.Destination) || !plain(ch.DeviceName) || ch.Medium != "" && ch.Medium != "SMS" && ch.Medium != "EMAIL" {
		t.Fatalf("unexpected challenge %+v", ch)
	}
	known := []string{signin.Password, signin.PasswordSRP, signin.EmailOTP, signin.EmailMFA, signin.SMSOTP, signin.SMSMFA, signin.SoftwareTokenMFA, signin.WebAuthn}
	for i, choice := range ch.Choices {
		if !slices.Contains(known, choice) || slices.Contains(ch.Choices[:i], choice) {
			t.Fatalf("unexpected choices %q", ch.Choices)
		}
	}
	for _, name := range []string{"USERNAME", "USER_ID_FOR_SRP", "DEVICE_KEY"} {
		if _, ok := ch.Parameters[name]; ok {
			t.Fatalf("the visitor sees %s", name)
		}
	}
	var options map[string]any
	if ch.Name == signin.WebAuthn && !ch.Partial && json.Unmarshal([]byte(ch.Options), &options) != nil {
		t.Fatalf("unexpected options %q", ch.Options)
	}
}

// expectCookie has the state come back from a browser, if it fits into a cookie.
func expectCookie(t *testing.T, step signin.Step) {
	t.Helper()
	data, err := step.State.MarshalBinary()
	if err != nil {
		if !errors.Is(err, signin.ErrAnswer) {
			t.Fatal(err)
		}
		return
	}
	var back signin.State
	if err := back.UnmarshalBinary(data); err != nil || len(data) > signin.MaxState {
		t.Fatalf("expected the state back from %d bytes, got %v", len(data), err)
	}
	got, want := back.Challenge(), *step.Challenge
	if got.Partial {
		want.Parameters, want.Options, want.Partial = nil, "", true
	}
	if got.Name != want.Name || !reflect.DeepEqual(got.Choices, want.Choices) || got.Options != want.Options || len(got.Parameters) != len(want.Parameters) {
		t.Fatalf("expected %+v, got %+v", want, got)
	}
}
