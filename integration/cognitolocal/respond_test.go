package cognitolocal_test

import (
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// smsWorld has jo get a text message after the password.
func smsWorld(t *testing.T) *world {
	t.Helper()
	w := newChallengeWorld(t, cognitolocal.SignIn{MFA: cognitolocal.MFAOptional})
	w.give(t, "phone_number", phone)
	noError(t, w.Pool().SetMFA("jo", cognitolocal.SMSMFA, cognitolocal.SMSMFA))
	return w
}

func TestAnswerRefusals(t *testing.T) {
	tests := []struct {
		name            string
		client, attempt string // of the answer; SMS_MFA by default
		params          []string
		session         string // "own" by default
		before          func(*testing.T, *world, *reply)
		code, message   string
	}{
		{name: "a challenge that does not exist", attempt: "NO_SUCH", code: badParameter},
		{name: "a client that does not exist", client: "nobody", code: "ResourceNotFoundException"},
		{name: "another client", client: legacyClient, code: notAuthorized, message: invalidSession},
		{name: "no Session", session: "none", code: badParameter, message: "Missing required parameter Session"},
		{name: "a Session nobody has", session: "made-up-session-of-enough-length", code: notAuthorized, message: invalidSession},
		{name: "no username", params: []string{"USERNAME", ""}, code: badParameter, message: "Missing required parameter USERNAME"},
		{name: "another username", params: []string{"USERNAME", "mallory"}, code: notAuthorized, message: invalidSession},
		{name: "no code", params: []string{"SMS_MFA_CODE", ""}, code: badParameter, message: "Missing required parameter SMS_MFA_CODE"},
		{name: "a code under another name", params: []string{"SMS_MFA_CODE", "", "ANSWER", "1"}, code: badParameter},
		{name: "another kind of code", attempt: "EMAIL_OTP", params: []string{"EMAIL_OTP_CODE", "001234"},
			code: "CodeMismatchException", message: "Invalid code or auth state for the user."},
		{name: "another challenge", attempt: "NEW_PASSWORD_REQUIRED", params: []string{"NEW_PASSWORD", "N3w!passw"},
			code: notAuthorized, message: invalidSession},
		{name: "a hash of a public client", params: []string{"SECRET_HASH", "x"}, code: notAuthorized},
		{name: "a wrong code", params: []string{"SMS_MFA_CODE", "wrong"},
			code: "CodeMismatchException", message: "Invalid code or auth state for the user."},
		{name: "a late answer", code: notAuthorized, message: expiredSession,
			before: func(_ *testing.T, w *world, _ *reply) { w.clock.Advance(3 * time.Minute) }},
		{name: "a user who was removed", code: notAuthorized,
			before: func(t *testing.T, w *world, _ *reply) { noError(t, w.Pool().RemoveUser("jo")) }},
		{name: "a user who was disabled", code: notAuthorized, message: "User is disabled.",
			before: func(t *testing.T, w *world, _ *reply) { noError(t, w.Pool().SetDisabled("jo", true)) }},
		{name: "a client that was removed from the flow keeps the Session", code: "",
			before: func(t *testing.T, w *world, _ *reply) {
				noError(t, w.Pool().UpdateClient(cognitolocal.Client{ID: anyClient}))
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := smsWorld(t)
			a := w.password(t).is(t, "SMS_MFA")
			if tt.before != nil {
				tt.before(t, w, &a)
			}
			client, name, session := anyClient, a.Name, a.Session
			if tt.client != "" {
				client = tt.client
			}
			if tt.attempt != "" {
				name = tt.attempt
			}
			switch tt.session {
			case "":
			case "none":
				session = ""
			default:
				session = tt.session
			}
			params := append([]string{"SMS_MFA_CODE", w.lastCode(t)}, tt.params...)
			out, err := w.respond(t, client, name, session, params...)
			if tt.code != "" {
				wantCode(t, err, tt.code, tt.message)
				return
			}
			noError(t, err)
			out.signedIn(t)
		})
	}
}

// TestRefusedAnswersLeaveTheSession lists what may be put right with the same
// Session.
func TestRefusedAnswersLeaveTheSession(t *testing.T) {
	w := smsWorld(t)
	a := w.password(t)
	for _, try := range [][]string{
		{"SMS_MFA_CODE", otherCode(w.lastCode(t))},
		{"SMS_MFA_CODE", ""},
		{"USERNAME", "mallory", "SMS_MFA_CODE", w.lastCode(t)},
		{"SECRET_HASH", "x", "SMS_MFA_CODE", w.lastCode(t)},
	} {
		if _, err := w.respond(t, anyClient, a.Name, a.Session, try...); err == nil {
			t.Fatalf("%v: expected a refusal", try)
		}
	}
	w.next(t, a, "SMS_MFA_CODE", w.lastCode(t)).signedIn(t)
}

func TestSessionIsGoodOnce(t *testing.T) {
	w := smsWorld(t)
	a := w.password(t)
	w.next(t, a, "SMS_MFA_CODE", w.lastCode(t)).signedIn(t)
	_, err := w.respond(t, anyClient, a.Name, a.Session, "SMS_MFA_CODE", w.lastCode(t))
	wantCode(t, err, notAuthorized, spentSession)
}

func TestSessionIsGoodOnceAtTheSameTime(t *testing.T) {
	w := smsWorld(t)
	a := w.password(t)
	var mu sync.Mutex // guards passed
	passed := 0
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if out, err := w.respond(t, anyClient, a.Name, a.Session, "SMS_MFA_CODE", w.Pool().LastCode("jo")); err == nil && out.Tokens != nil {
				mu.Lock()
				defer mu.Unlock()
				passed++
			}
		})
	}
	all.Wait()
	if passed != 1 {
		t.Errorf("expected one of eight answers to pass, got %d", passed)
	}
}

func TestThreeWrongCodesEndTheSession(t *testing.T) {
	w := smsWorld(t)
	a := w.password(t)
	for range 3 {
		_, err := w.respond(t, anyClient, a.Name, a.Session, "SMS_MFA_CODE", otherCode(w.lastCode(t)))
		wantCode(t, err, "CodeMismatchException", "")
	}
	_, err := w.respond(t, anyClient, a.Name, a.Session, "SMS_MFA_CODE", w.lastCode(t))
	wantCode(t, err, notAuthorized, spentSession)
}

func TestOneTry(t *testing.T) {
	w := smsWorld(t)
	w.Pool().SetVariants(cognitolocal.Variants{OneTry: true})
	a := w.password(t)
	_, err := w.respond(t, anyClient, a.Name, a.Session, "SMS_MFA_CODE", otherCode(w.lastCode(t)))
	wantCode(t, err, "CodeMismatchException", "")
	_, err = w.respond(t, anyClient, a.Name, a.Session, "SMS_MFA_CODE", w.lastCode(t))
	wantCode(t, err, notAuthorized, spentSession)
}

// TestWrongCodesLockTheUser checks that the right password does not make room
// for more codes.
func TestWrongCodesLockTheUser(t *testing.T) {
	w := smsWorld(t)
	for _, tries := range []int{3, 2} {
		a := w.password(t)
		for range tries {
			_, err := w.respond(t, anyClient, a.Name, a.Session, "SMS_MFA_CODE", otherCode(w.lastCode(t)))
			wantCode(t, err, "CodeMismatchException", "")
		}
	}
	a := w.password(t)
	_, err := w.respond(t, anyClient, a.Name, a.Session, "SMS_MFA_CODE", w.lastCode(t))
	wantCode(t, err, notAuthorized, "Password attempts exceeded")
	w.clock.Advance(time.Second)
	a = w.password(t)
	w.next(t, a, "SMS_MFA_CODE", w.lastCode(t)).signedIn(t)
}

func TestSessionLivesAsLongAsTheClientSays(t *testing.T) {
	for _, tt := range []struct {
		name     string
		validity time.Duration
		wait     time.Duration
		code     string
	}{
		{"three minutes by default", 0, 3*time.Minute - time.Second, ""},
		{"and not longer", 0, 3 * time.Minute, notAuthorized},
		{"a quarter of an hour when set", 15 * time.Minute, 15*time.Minute - time.Second, ""},
		{"and not longer then", 15 * time.Minute, 15 * time.Minute, notAuthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := smsWorld(t)
			noError(t, w.Pool().UpdateClient(cognitolocal.Client{
				ID: anyClient, AuthSessionValidity: tt.validity, AuthFlows: []string{cognitolocal.AllowUserPasswordAuth},
			}))
			a := w.password(t)
			w.clock.Advance(tt.wait)
			out, err := w.respond(t, anyClient, a.Name, a.Session, "SMS_MFA_CODE", w.lastCode(t))
			if tt.code != "" {
				wantCode(t, err, tt.code, expiredSession)
				return
			}
			noError(t, err)
			out.signedIn(t)
		})
	}
}

// TestSecretHashInChallenges covers the name that is sent with each answer.
func TestSecretHashInChallenges(t *testing.T) {
	hash := func(secret, name string) string { return cognitolocal.SecretHash(secret, name, hashClient) }
	tests := []struct{ name, username, hash, code string }{
		{"the username and the first secret", "jo", hash(firstSecret, "jo"), ""},
		{"the username and the second secret", "jo", hash(secondSecret, "jo"), ""},
		{"the alias, with the hash of the alias", email, hash(firstSecret, email), ""},
		{"the alias, with the hash of the username", email, hash(firstSecret, "jo"), notAuthorized},
		{"the username, with the hash of the alias", "jo", hash(firstSecret, email), notAuthorized},
		{"another secret", "jo", hash("other", "jo"), notAuthorized},
		{"the plain secret", "jo", firstSecret, notAuthorized},
		{"no hash", "jo", "", notAuthorized},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := smsWorld(t)
			a, err := w.begin(t, types.AuthFlowTypeUserPasswordAuth, hashClient,
				"USERNAME", email, "PASSWORD", password, "SECRET_HASH", hash(firstSecret, email))
			noError(t, err)
			params := []string{"USERNAME", tt.username, "SMS_MFA_CODE", w.lastCode(t)}
			if tt.hash != "" {
				params = append(params, "SECRET_HASH", tt.hash)
			}
			out, err := w.respond(t, hashClient, a.Name, a.Session, params...)
			if tt.code != "" {
				wantCode(t, err, tt.code, "")
				return
			}
			noError(t, err)
			out.signedIn(t)
		})
	}
}

// TestSecretHashWithSRP covers the answer of a client that began with an alias:
// it is USER_ID_FOR_SRP that it then calls the user by.
func TestSecretHashWithSRP(t *testing.T) {
	for _, tt := range []struct{ name, hashed, code string }{
		{"the name that is sent", "jo", ""},
		{"the alias that was sent first", email, notAuthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newChallengeWorld(t, cognitolocal.SignIn{})
			c := newSRPClient("LocaLPooL")
			a, err := w.begin(t, types.AuthFlowTypeUserSrpAuth, hashClient, "USERNAME", email, "SRP_A", c.a(),
				"SECRET_HASH", cognitolocal.SecretHash(firstSecret, email, hashClient))
			noError(t, err)
			proof := append(w.proof(c, a), "SECRET_HASH", cognitolocal.SecretHash(secondSecret, tt.hashed, hashClient))
			out, err := w.respond(t, hashClient, a.Name, "", proof...)
			if tt.code != "" {
				wantCode(t, err, tt.code, "")
				return
			}
			noError(t, err)
			out.signedIn(t)
		})
	}
}
