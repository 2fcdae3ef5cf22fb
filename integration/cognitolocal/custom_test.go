package cognitolocal_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// twoRounds ask a question and then for the letters of a picture.
const twoRounds = `{
	"tries": 3,
	"rounds": [
		{"parameters": {"question": "The tenant?"}, "answer_attribute": "custom:tenant"},
		{"parameters": {"captchaUrl": "https://example.org/123.png"}, "answer": "xyzzy"}
	]
}`

func rules(t *testing.T, text string) cognitolocal.SignIn {
	t.Helper()
	parsed, err := cognitolocal.ParseCustomAuth([]byte(text))
	noError(t, err)
	return cognitolocal.SignIn{CustomAuth: parsed}
}

// custom begins CUSTOM_AUTH, which must not fail.
func (w *world) custom(t *testing.T, params ...string) reply {
	t.Helper()
	a, err := w.begin(t, types.AuthFlowTypeCustomAuth, anyClient, append([]string{"USERNAME", "jo"}, params...)...)
	noError(t, err)
	return a
}

func TestCustomRounds(t *testing.T) {
	w := newChallengeWorld(t, rules(t, twoRounds))
	a := w.custom(t).is(t, "CUSTOM_CHALLENGE")
	if a.Params["question"] != "The tenant?" || a.Params["USERNAME"] != "jo" {
		t.Errorf("expected the public parameters, got %v", a.Params)
	}
	second := w.next(t, a, "ANSWER", "42").is(t, "CUSTOM_CHALLENGE")
	if second.Params["captchaUrl"] == "" || second.Params["question"] != "" || second.Session == a.Session {
		t.Errorf("expected the second round with its own Session, got %v", second.Params)
	}
	w.next(t, second, "ANSWER", "xyzzy").signedIn(t)
}

func TestAWrongAnswerIsANewChallenge(t *testing.T) {
	w := newChallengeWorld(t, rules(t, twoRounds))
	a := w.custom(t)
	again := w.next(t, a, "ANSWER", "43").is(t, "CUSTOM_CHALLENGE")
	if again.Params["question"] != "The tenant?" || again.Session == a.Session {
		t.Error("expected the same round with a new Session")
	}
	_, err := w.respond(t, anyClient, a.Name, a.Session, "ANSWER", "42")
	wantCode(t, err, notAuthorized, spentSession)
	second := w.next(t, again, "ANSWER", "42")
	second = w.next(t, second, "ANSWER", "wrong").is(t, "CUSTOM_CHALLENGE")
	_, err = w.respond(t, anyClient, second.Name, second.Session, "ANSWER", "wrong") // the third wrong one
	wantCode(t, err, notAuthorized, wrongPassword)
	_, err = w.respond(t, anyClient, second.Name, second.Session, "ANSWER", "xyzzy")
	wantCode(t, err, notAuthorized, spentSession)
}

func TestCustomWithSRPFirst(t *testing.T) {
	settings := rules(t, twoRounds)
	settings.CustomAuth.PasswordFirst = true
	w := newChallengeWorld(t, settings)
	c := newSRPClient("LocaLPooL")
	a := w.custom(t, "CHALLENGE_NAME", "SRP_A", "SRP_A", c.a()).is(t, "PASSWORD_VERIFIER")
	if a.Session == "" {
		t.Fatal("expected a Session in this flow")
	}
	a = w.next(t, a, w.proof(c, a)...).is(t, "CUSTOM_CHALLENGE")
	a = w.next(t, a, "ANSWER", "42").is(t, "CUSTOM_CHALLENGE")
	w.next(t, a, "ANSWER", "xyzzy").signedIn(t)
}

func TestCustomAfterPasswordAndMFA(t *testing.T) {
	settings := rules(t, twoRounds)
	settings.MFA = cognitolocal.MFAOptional
	w := newChallengeWorld(t, settings)
	w.give(t, "phone_number", phone, "custom:tenant", "42")
	noError(t, w.Pool().SetMFA("jo", "", cognitolocal.SMSMFA))
	c := newSRPClient("LocaLPooL")
	a := w.custom(t, "CHALLENGE_NAME", "SRP_A", "SRP_A", c.a())
	a = w.next(t, a, w.proof(c, a)...).is(t, "SMS_MFA")
	a = w.next(t, a, "SMS_MFA_CODE", w.lastCode(t)).is(t, "CUSTOM_CHALLENGE")
	a = w.next(t, a, "ANSWER", "42")
	w.next(t, a, "ANSWER", "xyzzy").signedIn(t)
}

func TestCustomBeginRefusals(t *testing.T) {
	tests := []struct {
		name, rules, client string
		params              []string
		before              func(*testing.T, *cognitolocal.Pool)
		code, message       string
	}{
		{name: "a pool without triggers", params: []string{"USERNAME", "jo"}, code: badParameter,
			message: "Custom auth lambda trigger is not configured for the user pool."},
		{name: "no username", rules: twoRounds, code: badParameter},
		{name: "SRP without SRP_A", rules: twoRounds, params: []string{"USERNAME", "jo", "CHALLENGE_NAME", "SRP_A"}, code: badParameter,
			message: "Missing required parameter SRP_A"},
		{name: "no password where the rules want one first", rules: `{"password_first":true,"rounds":[{"answer":"x"}]}`,
			params: []string{"USERNAME", "jo"}, code: notAuthorized, message: wrongPassword},
		{name: "a trigger that throws", rules: `{"rounds":[{"answer":"x","create_error":"no more pictures"}]}`,
			params: []string{"USERNAME", "jo"}, code: "UserLambdaValidationException",
			message: "CreateAuthChallenge failed with error no more pictures."},
		{name: "the first trigger throws", rules: `{"define_error":"closed","rounds":[{"answer":"x"}]}`,
			params: []string{"USERNAME", "jo"}, code: "UserLambdaValidationException",
			message: "DefineAuthChallenge failed with error closed."},
		{name: "a legacy client and an unknown user", rules: twoRounds, client: legacyClient, params: []string{"USERNAME", "no"},
			code: "UserNotFoundException"},
		{name: "a client that does not allow it", rules: twoRounds, client: webClient, params: []string{"USERNAME", "jo"},
			code: badParameter, message: "CUSTOM_AUTH flow not enabled for this client"},
		{name: "a disabled user", rules: twoRounds, params: []string{"USERNAME", "jo"}, code: notAuthorized, message: "User is disabled.",
			before: func(t *testing.T, p *cognitolocal.Pool) { noError(t, p.SetDisabled("jo", true)) }},
		{name: "an unconfirmed user", rules: twoRounds, params: []string{"USERNAME", "jo"}, code: "UserNotConfirmedException",
			before: func(t *testing.T, p *cognitolocal.Pool) { noError(t, p.SetStatus("jo", cognitolocal.Unconfirmed)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			settings := cognitolocal.SignIn{}
			if tt.rules != "" {
				settings = rules(t, tt.rules)
			}
			w := newChallengeWorld(t, settings)
			if tt.before != nil {
				tt.before(t, w.Pool())
			}
			client := anyClient
			if tt.client != "" {
				client = tt.client
			}
			_, err := w.begin(t, types.AuthFlowTypeCustomAuth, client, tt.params...)
			wantCode(t, err, tt.code, tt.message)
		})
	}
}

func TestAThrowingTriggerEndsTheSession(t *testing.T) {
	w := newChallengeWorld(t, rules(t, `{"rounds":[{"answer":"x","verify_error":"out of order"}]}`))
	a := w.custom(t)
	_, err := w.respond(t, anyClient, a.Name, a.Session, "ANSWER", "x")
	wantCode(t, err, "UserLambdaValidationException", "VerifyAuthChallengeResponse failed with error out of order.")
	_, err = w.respond(t, anyClient, a.Name, a.Session, "ANSWER", "x")
	wantCode(t, err, notAuthorized, spentSession)
}

func TestAnAnswerIsRequired(t *testing.T) {
	w := newChallengeWorld(t, rules(t, twoRounds))
	a := w.custom(t)
	_, err := w.respond(t, anyClient, a.Name, a.Session)
	wantCode(t, err, badParameter, "Missing required parameter ANSWER")
	w.next(t, a, "ANSWER", "42").is(t, "CUSTOM_CHALLENGE")
}

// TestCustomForNobody asks a name nobody has the same questions, and takes no
// answer.
func TestCustomForNobody(t *testing.T) {
	w := newChallengeWorld(t, rules(t, `{"tries":2,"rounds":[{"parameters":{"question":"?"},"answer":"x"}]}`))
	a, err := w.begin(t, types.AuthFlowTypeCustomAuth, anyClient, "USERNAME", "nobody")
	noError(t, err)
	if a.is(t, "CUSTOM_CHALLENGE").Params["question"] != "?" {
		t.Errorf("expected the question, got %v", a.Params)
	}
	a = w.next(t, a, "USERNAME", "nobody", "ANSWER", "x").is(t, "CUSTOM_CHALLENGE")
	_, err = w.respond(t, anyClient, a.Name, a.Session, "USERNAME", "nobody", "ANSWER", "x")
	wantCode(t, err, notAuthorized, wrongPassword)
}

func TestCustomForAUserWithoutTheAnswer(t *testing.T) {
	w := newChallengeWorld(t, rules(t, twoRounds))
	w.give(t) // no tenant
	a := w.custom(t)
	for _, try := range []string{"42", " "} {
		a = w.next(t, a, "ANSWER", try).is(t, "CUSTOM_CHALLENGE")
	}
}

func TestCustomRulesRefusals(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":             `rounds`,
		"no round":            `{}`,
		"a round, no answer":  `{"rounds":[{"parameters":{"question":"?"}}]}`,
		"an unknown member":   `{"rounds":[{"answer":"x"}],"tires":3}`,
		"fewer tries than 0":  `{"rounds":[{"answer":"x"}],"tries":-1}`,
		"a member of a round": `{"rounds":[{"answers":"x"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := cognitolocal.ParseCustomAuth([]byte(text)); err == nil {
				t.Error("expected an error")
			}
		})
	}
}
