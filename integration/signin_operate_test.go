package integration_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// secretMembers are the members of Cognito's requests and answers that are secret.
var secretMembers = []string{
	"Session", "AccessToken", "IdToken", "RefreshToken", "SecretCode", "UserCode", "PASSWORD", "NEW_PASSWORD", "Password", "ConfirmationCode",
	"SMS_MFA_CODE", "EMAIL_OTP_CODE", "SOFTWARE_TOKEN_MFA_CODE", "ANSWER", "SECRET_HASH", "SecretHash", "SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE",
	"PasswordVerifier", "Salt", "Token", "ClientSecret",
}

// collect adds the secrets of a document, by what they are.
func collect(secrets map[string]string, value any) {
	object, ok := value.(map[string]any)
	if !ok {
		return
	}
	for name, member := range object {
		if text, ok := member.(string); ok && len(text) > 4 && slices.Contains(secretMembers, name) {
			secrets[fmt.Sprintf("%s %d", name, len(secrets))] = text
		}
		collect(secrets, member)
	}
}

func (r *relay) secrets(w *signinWorld) map[string]string {
	w.Helper()
	found := map[string]string{"client secret": signinSecret, "session secret": sessionSecret}
	for _, document := range append(r.requests(), r.answers()...) {
		var decoded any
		if json.Unmarshal([]byte(document), &decoded) == nil { // some answers were garbage
			collect(found, decoded)
		}
	}
	return found
}

// TestNoSecretOfASignInAnywhere: neither what users typed, nor what Cognito sent,
// nor what is sealed, in the log at DEBUG, metrics, events, the admin API or the
// answers to others.
func TestNoSecretOfASignInAnywhere(t *testing.T) {
	recorded.mu.Lock()
	recorded.events = nil
	recorded.mu.Unlock()
	w := &signinWorld{newWorld(t)}
	w.addClient(everyFlow)
	settings := optionalFactors
	settings.Devices = cognitolocal.DevicesAlways
	check(t, w.pool.SetSignIn(settings))
	r := w.newRelay()
	s := w.setup(signinSetup{signin: "page {\nsign_up email\n}" + manyAttempts})
	s.pools, s.global = r.between(s.pools), "debug\nevents {\non cognito_sign_in test_recorder\non cognito_sign_out test_recorder\n}"
	w.load(s)
	w.addPerson(cognitolocal.User{Username: "sms", MFA: allFactors[:1]})
	w.addPerson(cognitolocal.User{Username: "new", Status: cognitolocal.ForceChangePassword})
	w.addPerson(cognitolocal.User{Username: "reset", Status: cognitolocal.ResetRequired})
	v := w.newAPIVisit()
	var answers strings.Builder
	sealed, typed := make(map[string]string), make(map[string]string)
	post := func(endpoint string, fields ...string) {
		t.Helper()
		for i := 0; i+1 < len(fields); i += 2 {
			if name := fields[i]; name == "code" || strings.Contains(name, "password") {
				typed[fmt.Sprintf("%s %d", name, len(typed))] = fields[i+1]
			}
		}
		v.post(endpoint, fields...)
		if answers.WriteString(v.last.body); v.said.State != "" {
			sealed[fmt.Sprintf("state %d", len(sealed))] = v.said.State
		}
		for name, value := range v.cookies {
			sealed["cookie "+name] = value
		}
	}
	post("sign-in", "username", "sms", "password", "a-wrong-passw0rd")
	post("sign-in", "username", "sms", "password", password)
	post("sign-in", "state", v.said.State, "code", "009182")
	post("sign-in", "state", v.said.State, "code", w.pool.LastCode("sms"))
	w.cognito.SetFault("InitiateAuth", cognitolocal.FaultGarbage().Times(1))
	post("sign-in", "username", "sms", "password", password)
	post("sign-in", "username", "new", "password", password)
	post("sign-in", "state", v.said.State, "new_password", "Sh0rt!")
	post("sign-in", "state", v.said.State, "new_password", newPassword)
	post("sign-in", "username", "reset", "password", password)
	post("reset-password", "state", v.said.State, "code", w.pool.LastCode("reset"), "new_password", "An0ther!password")
	post("sign-up", "username", "ada", "password", "Y3t!another1", "attribute.email", "ada@example.org")
	post("confirm-sign-up", "state", v.said.State, "code", "008273")
	post("confirm-sign-up", "state", v.said.State, "code", w.pool.LastCode("ada"))
	post("sign-in", "username", "reset", "password", "An0ther!password")
	if !v.said.SignedIn {
		t.Fatalf("expected to be signed in, got %s", v.last.body)
	}
	v.request(http.MethodGet, wanted, "")
	post("sign-out")
	events, err := json.Marshal([]any{eventsNamed("cognito_sign_in"), eventsNamed("cognito_sign_out")})
	check(t, err)
	if len(eventsNamed("cognito_sign_in")) != 3 || len(eventsNamed("cognito_sign_out")) != 1 {
		t.Errorf("expected events of 3 sign-ins and a sign-out, got %s", events)
	}
	admin := roundTrip(t, w.admin, http.MethodGet, "http://admin/metrics", "").body + roundTrip(t, w.admin, http.MethodGet, "http://admin/cognito/status", "").body
	secrets := r.secrets(w)
	maps.Copy(secrets, typed)
	if len(secrets) < 30 || len(sealed) < 6 {
		t.Fatalf("expected many secrets to look for, got %d and %d", len(secrets), len(sealed))
	}
	log := w.logWithoutCredentials(false)
	for place, text := range map[string]string{"the log": log, "an event": string(events), "the admin API": admin, "an answer": answers.String()} {
		w.wantNone(place, text, secrets)
	}
	for place, text := range map[string]string{"the log": log, "an event": string(events), "the admin API": admin} {
		w.wantNone(place, text, sealed)
	}
}

// wantNone looks for secrets in a text.
func (w *signinWorld) wantNone(place, text string, secrets map[string]string) {
	w.Helper()
	for what, secret := range secrets {
		if around := leak(text, secret); around != "" {
			w.Errorf("%s holds the %s: …%s…", place, what, around)
		}
	}
}

// measured are times, figures and IDs, which have the digits of a code by chance.
var measured = regexp.MustCompile(`\d+\.\d+|\d{7,}|[[:xdigit:]]{8}(-[[:xdigit:]]{4}){3}-[[:xdigit:]]{12}`)

// leak returns what surrounds the secret in the text, as it is or as it stands in a
// form, or "".
func leak(text, secret string) string {
	if strings.Trim(secret, "0123456789") == "" {
		text = measured.ReplaceAllLiteralString(text, "…")
	}
	for _, form := range []string{secret, url.QueryEscape(secret), secret[:min(len(secret), 40)]} {
		if at := strings.Index(text, form); at >= 0 {
			return text[max(0, at-200):min(len(text), at+60)]
		}
	}
	return ""
}

// TestLeaksAreFound holds that what looks for secrets can find them, and takes no
// figure for one.
func TestLeaksAreFound(t *testing.T) {
	for _, tt := range []struct {
		name, text, secret string
		want               bool
	}{
		{"a code in a message", `wrong code 827364.`, "827364", true},
		{"a code in an address", `"uri":"/sign-in?code%3D827364&x"`, "827364", true},
		{"a code in a body, as text", `{\"ConfirmationCode\":\"827364\"}`, "827364", true},
		{"a code in a body, as a number", `{"code":827364}`, "827364", true},
		{"a password in a form", `password=An0ther%21password`, "An0ther!password", true},
		{"the beginning of a token", `token ` + strings.Repeat("x", 50), strings.Repeat("x", 900), true},
		{"the fraction of a second", `jwks_fetch_duration_seconds_sum 0.000827364`, "827364", false},
		{"a time", `{"ts":1790827364.25}`, "827364", false},
		{"a time in nanoseconds", `{"expires_at":1790000082736400}`, "827364", false},
		{"an ID", `{"user_id":"a827364b-0000-4000-8000-000000000000"}`, "827364", false},
		{"another code", `wrong code 827365`, "827364", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := leak(tt.text, tt.secret); (got != "") != tt.want {
				t.Errorf("expected %t, got %q", tt.want, got)
			}
		})
	}
}

// TestAnotherConfigurationDisturbsNoSignIn: the next step is taken by the next one,
// which counts on.
func TestAnotherConfigurationDisturbsNoSignIn(t *testing.T) {
	s := signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page" + manyAttempts}
	w := startedSignin(t, s)
	p := w.addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[:1]})
	count := func(step, result string) int {
		return int(w.metric("caddy_cognito_sign_in_steps_total", `pool="signin",result="`+result+`",step="`+step+`"`))
	}
	started, done, wrong := count("start", "challenge"), count("SMS_MFA", "ok"), count("SMS_MFA", "wrong_code")
	v := w.newAPIVisit()
	v.begin("username", "kit", "password", password)
	w.load(w.setup(s))
	v.answer(badCode...)
	v.wantProblem(smsRound)
	w.load(w.setup(s))
	v.answer(sentCode(p, v)...)
	v.wantIn(p)
	if a, b, c := count("start", "challenge")-started, count("SMS_MFA", "ok")-done, count("SMS_MFA", "wrong_code")-wrong; a != 1 || b != 1 || c != 1 {
		t.Errorf("expected a start, a wrong code and a right one in the metrics, got %d, %d and %d", a, c, b)
	}
}

// TestSignInWithKeysOfTheStorage: nothing has to be configured for sessions.
func TestSignInWithKeysOfTheStorage(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page" + manyAttempts, session: "rotate 720h"})
	p := w.addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[:1]})
	v := pageVisit{w.newBrowser()}
	v.begin("username", "kit", "password", password)
	v.wantAsked(smsRound)
	w.load(w.setup(signinSetup{signin: "page" + manyAttempts, session: "rotate 720h"})) // a restart
	v.client.CloseIdleConnections()
	v.answer(sentCode(p, v)...)
	v.wantIn(p)
}
