package signin_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// longSession is one of 2 048 characters, the longest that Cognito gives.
var longSession = base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0x5a, 0xc3, 0x99, 0x01}, 384))

// open starts a sign-in that waits for a challenge with parameters.
func open(t testing.TB, name, session string, params map[string]string) signin.Step {
	t.Helper()
	body, _ := json.Marshal(map[string]any{"ChallengeName": name, "ChallengeParameters": params, "Session": session})
	s := newStub(t).on("InitiateAuth", answer(string(body)))
	step, err := s.client().Start(t.Context(), signin.Start{Flow: signin.FlowChoice, Username: "jo@example.org", Device: remembered})
	if err != nil {
		t.Fatal(err)
	}
	return step
}

func TestAStateComesBackAsItWas(t *testing.T) {
	for name, step := range map[string]signin.Step{
		"a code":               open(t, "SMS_MFA", "AYABeB-_0123456789", map[string]string{"CODE_DELIVERY_DESTINATION": "+***1", "USER_ID_FOR_SRP": internal}),
		"a custom question":    open(t, "CUSTOM_CHALLENGE", "s3ss/ion+with=padding==", map[string]string{"b": "2", "a": "ü\n", "": ""}),
		"a choice":             open(t, "SELECT_MFA_TYPE", "", map[string]string{"MFAS_CAN_CHOOSE": `["SMS_MFA","EMAIL_OTP"]`}),
		"a long session":       open(t, "WEB_AUTHN", longSession, map[string]string{"CREDENTIAL_REQUEST_OPTIONS": `{"challenge":"x"}`}),
		"an unpackable length": open(t, "NEW_PASSWORD_REQUIRED", "AAAAA", map[string]string{"requiredAttributes": `["userAttributes.name"]`}),
		"loose base64":         open(t, "PASSWORD", "AB", nil),
	} {
		data, err := step.State.MarshalBinary()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var again signin.State
		if err := again.UnmarshalBinary(data); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		twice, err := again.MarshalBinary()
		if err != nil || !bytes.Equal(data, twice) {
			t.Errorf("%s: expected the same bytes, got %v", name, err)
		}
		want, got := *step.Challenge, again.Challenge()
		if !maps.Equal(want.Parameters, got.Parameters) {
			t.Errorf("%s: expected %v, got %v", name, want.Parameters, got.Parameters)
		}
		want.Parameters, got.Parameters = nil, nil
		if !reflect.DeepEqual(want, got) || again.Username() != "jo@example.org" {
			t.Errorf("%s: expected %+v, got %+v", name, want, got)
		}
	}
}

// What is asked in the browser's name must be the session byte for byte.
func TestSessionsAreSentUnchanged(t *testing.T) {
	for _, session := range []string{"AYABeB-_0123456789", "s3ss/ion+with=padding==", longSession, "AAAAA", "AB", "AA", "ünï"} {
		body, _ := json.Marshal(map[string]any{"ChallengeName": "SMS_MFA", "Session": session})
		s := newStub(t).on("InitiateAuth", answer(string(body))).on("RespondToAuthChallenge", answer(tokens))
		client := s.client()
		step, err := client.Answer(t.Context(), begin(t, client, jo(signin.FlowChoice, "")).State, signin.Answer{Code: "1"})
		signedIn(t, step, err)
		if got := s.last().text("Session"); got != session {
			t.Errorf("expected %q, got %q", session, got)
		}
	}
}

func TestAStateFitsIntoACookie(t *testing.T) {
	size := func(step signin.Step) int {
		data, err := step.State.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return len(data)
	}
	plain := open(t, "SMS_MFA", longSession, map[string]string{"CODE_DELIVERY_DESTINATION": "+***1", "USER_ID_FOR_SRP": internal})
	if got := size(plain); got > 1536+256 {
		t.Errorf("expected the session to be packed, got %d bytes", got)
	}
	big := map[string]string{"image": strings.Repeat("x", 5000)}
	custom := open(t, "CUSTOM_CHALLENGE", longSession, big)
	if got := size(custom); got > signin.MaxState {
		t.Errorf("expected at most %d bytes, got %d", signin.MaxState, got)
	}
	if !maps.Equal(custom.Challenge.Parameters, big) || custom.Challenge.Partial {
		t.Error("expected the step to have all parameters")
	}
	if again := throughCookie(t, custom).State.Challenge(); !again.Partial || again.Parameters != nil || again.Name != "CUSTOM_CHALLENGE" || len(again.Needs) != 1 {
		t.Errorf("expected a challenge without parameters, got %+v", again)
	}
}

func TestStatesThatCannotBeWritten(t *testing.T) {
	_, err := signin.State{}.MarshalBinary()
	expectReason(t, "the zero State", err, signin.ErrSession)
	_, err = open(t, "SMS_MFA", strings.Repeat("=", 3000), nil).State.MarshalBinary()
	expectReason(t, "a session that is too long", err, signin.ErrAnswer)
	if got := (signin.State{}).Challenge(); got.Name != "" || (signin.State{}).Username() != "" {
		t.Errorf("expected no challenge, got %+v", got)
	}
}

func TestBytesThatAreNoState(t *testing.T) {
	good, err := open(t, "SMS_MFA", "session-0123456789", nil).State.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]byte{
		"none": nil, "one byte": {1}, "of another release": append([]byte{2}, good[1:]...), "followed by more": append(good[:len(good):len(good)], 0),
		"zeros": append([]byte{1}, make([]byte, 20)...), "a number without an end": bytes.Repeat([]byte{1, 0xff}, 20),
		"a length below zero":      append(append([]byte{1, 0}, bytes.Repeat([]byte{0xff}, 9)...), 1),
		"well-formed but too long": append(append(good[:len(good)-1:len(good)-1], 1, 1, 'a', 0xa0, 0x1f), make([]byte, 4000)...),
	}
	for size := range good {
		var state signin.State
		expectReason(t, "a State that was cut", state.UnmarshalBinary(good[:size]), signin.ErrSession)
	}
	for name, data := range rows {
		var state signin.State
		expectReason(t, name, state.UnmarshalBinary(data), signin.ErrSession)
		if state.Challenge().Name != "" {
			t.Errorf("%s: expected no State", name)
		}
	}
}

func FuzzState(f *testing.F) {
	good, err := open(f, "CUSTOM_CHALLENGE", "session-0123456789", map[string]string{"a": "b"}).State.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var state signin.State
		if state.UnmarshalBinary(data) != nil {
			return
		}
		once, err := state.MarshalBinary()
		if err != nil {
			return // it grew: the same content can be written in fewer bytes only
		}
		var again signin.State
		if err := again.UnmarshalBinary(once); err != nil || !reflect.DeepEqual(again.Challenge(), state.Challenge()) {
			t.Errorf("expected the same State, got %v", err)
		}
	})
}
