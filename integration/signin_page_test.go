package integration_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestSignInWithAPassword(t *testing.T) {
	w := startedSignin(t, signinSetup{signIn: cognitolocal.SignIn{}})
	b := w.newBrowser()
	got := b.open("/private?x=1")
	if got.status != 200 || got.url.Path != "/_cognito/sign-in" {
		t.Fatalf("expected the sign-in page, got %d at %v with %q", got.status, got.url, got.body)
	}
	got = b.submit("username", "jo", "password", password)
	if got.url.String() != app+"/private?x=1" {
		t.Fatalf("expected the private page, got %d at %v with %q", got.status, got.url, got.body)
	}
	if b.cookie(sessionCookie) == nil {
		t.Errorf("expected a session, got %v", b.cookies)
	}
	for _, saw := range w.upstream.take() {
		if saw.header.Get("X-Cognito-Username") != "jo" || strings.Contains(saw.header.Get("Cookie"), "cognito") {
			t.Errorf("expected the upstream to see jo and no session, got %v", saw.header)
		}
	}
}

// asking is a request about an account, whoever has it.
type asking struct {
	name     string
	endpoint string
	fields   []string // beside the user name
	before   string   // an endpoint that leads to a state to send along
}

var (
	sealed    = regexp.MustCompile(`(name="state" value="|"state":")([A-Za-z0-9_-]+)`)
	reference = regexp.MustCompile(`(<code>|"request_id":")[0-9a-f-]{36}`)
)

// alike is an answer without what differs for everybody. The length of what is
// sealed stays.
func alike(got answer, username string) string {
	text := reference.ReplaceAllString(strings.ReplaceAll(got.body, username, "USER"), "${1}ID")
	text = sealed.ReplaceAllStringFunc(text, func(found string) string {
		return fmt.Sprintf("state of %d bytes", len(found))
	})
	header := make([]string, 0, len(got.header))
	for name, values := range got.header {
		if name != "Date" && name != "Content-Length" {
			header = append(header, name+": "+strings.Join(values, ", "))
		}
	}
	slices.Sort(header)
	return strings.Join(header, "\n") + "\n" + text
}

// TestKnownAndUnknownUsersLookAlike, and take as long: whatever state an account
// is in, and also with PreventUserExistenceErrors at its default, LEGACY.
func TestKnownAndUnknownUsersLookAlike(t *testing.T) {
	people := map[string]cognitolocal.User{
		"nobody1": {Password: "-"}, "regular": {}, "invited": {Status: cognitolocal.ForceChangePassword}, "to-come": {Status: cognitolocal.Unconfirmed},
		"reset-1": {Status: cognitolocal.ResetRequired}, "disable": {Disabled: true}, "no-mail": {Attributes: map[string]string{}},
		"two-fac": {MFA: allFactors[:1]},
	}
	askings := []asking{
		{"a wrong password", "sign-in", []string{"password", "wrong"}, ""},
		{"a forgotten password", "forgot-password", nil, ""},
		{"a wrong code for a new password", "reset-password", []string{"code", "000000", "new_password", "N3w!password"}, "forgot-password"},
		{"another code for a sign-up", "resend-code", nil, ""},
		{"a wrong code for a sign-up", "confirm-sign-up", []string{"code", "000000"}, ""},
		{"a sign-up", "sign-up", []string{"password", "N3w!password", "attribute.email", "kit@example.org"}, ""},
	}
	for name, client := range map[string]cognitolocal.Client{
		"": everyFlow, " of a LEGACY client": {AuthFlows: everyFlow.AuthFlows, LegacyUserErrors: true},
	} {
		for _, flow := range []string{"USER_SRP_AUTH", "USER_PASSWORD_AUTH"} {
			if client.LegacyUserErrors != (flow == "USER_PASSWORD_AUTH") {
				continue // two of the four are enough
			}
			t.Run(flow+name, func(t *testing.T) {
				w := startedSignin(t, signinSetup{client: client, signIn: optionalFactors, signin: "page {\nflow " + flow + "\nsign_up email\n}\nlimit user 1000" + manyAttempts})
				for username, user := range people {
					if user.Username = username; user.Password != "-" {
						w.addPerson(user)
					}
				}
				rows := &together{T: t}
				defer rows.Wait()
				for _, a := range askings {
					rows.run(a.name+" on the page", func(t *testing.T) { w.on(t).wantAlike(a, "application/x-www-form-urlencoded", people) })
					rows.run(a.name+" by the api", func(t *testing.T) { w.on(t).wantAlike(a, "application/json", people) })
				}
			})
		}
	}
}

func (w *signinWorld) wantAlike(a asking, mediaType string, people map[string]cognitolocal.User) {
	w.Helper()
	want := strings.Split(w.ask(a, mediaType, "nobody1"), "\n")
	rows := &together{T: w.T}
	defer rows.Wait()
	for username := range people {
		if username == "nobody1" {
			continue
		}
		rows.run(username, func(t *testing.T) {
			got := strings.Split(w.on(t).ask(a, mediaType, username), "\n")
			for i, line := range got {
				if len(want) != len(got) || line != want[i] {
					t.Fatalf("expected for %s what nobody gets:\n%q\ngot\n%q", username, want[min(i, len(want)-1):], got[i:])
				}
			}
		})
	}
}

// ask is what somebody who can only type learns.
func (w *signinWorld) ask(a asking, mediaType, username string) string {
	w.Helper()
	v := w.newAPIVisit()
	fields := append([]string{"username", username}, a.fields...)
	if a.before != "" {
		v.post(a.before, "username", username)
		fields = append(a.fields, "state", v.said.State)
	}
	if a.endpoint == "sign-up" && username == "nobody1" {
		username = "nobody2" // it is an account afterwards
		fields[1] = username
	}
	began := time.Now()
	got := w.on(w.T).sendFields(mediaType, a.endpoint, fields...)
	if took := time.Since(began); took < 600*time.Millisecond {
		w.Errorf("expected an answer for %s after 600ms at the earliest, got one after %v", username, took)
	}
	return http.StatusText(got.status) + "\n" + alike(got, username)
}

// TestEveryRoundKeepsWhereToGo: a sign-in that took too long starts again, without
// losing that.
func TestEveryRoundKeepsWhereToGo(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page" + manyAttempts})
	b, p := w.newBrowser(), w.addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[:1]})
	v := pageVisit{b}
	api := w.newAPIVisit()
	v.begin("username", "kit", "password", password)
	v.wantAsked(smsRound)
	api.begin("username", "kit", "password", password)
	api.wantAsked(smsRound)
	w.cognito.SetFault("RespondToAuthChallenge", cognitolocal.FaultAPI("NotAuthorizedException", "Invalid session for the user, session is expired.").Times(2))
	v.answer(sentCode(p, v)...)
	v.wantPage(422, "This step has expired", "That took too long. Please sign in again.")
	api.answer(sentCode(p, api)...)
	api.wantOver("session_expired")
	v.choose("Start again")
	v.wantPage(200, "Sign in", "")
	v.answer("username", "kit", "password", password)
	v.wantAsked(smsRound)
	// A state that cannot be opened: of other keys, damaged, or too old.
	b.page.form.fields.Set("state", strings.Repeat("A", 300))
	v.answer("code", "001234")
	v.wantPage(422, "This step has expired", "That took too long. Please sign in again.")
	v.choose("Start again")
	v.answer("username", "kit", "password", password)
	v.wantAsked(smsRound)
	again := *b.page.form
	v.answer(sentCode(p, v)...)
	v.wantIn(p)
	// The same form once more, by the button Back.
	b.page.form = &again
	v.answer("code", "001234")
	v.wantPage(422, "This step has expired", "That took too long. Please sign in again.")
	v.choose("Start again")
	if got := b.page.form.fields.Get("return_to"); got != wanted {
		t.Errorf("expected to go on to %q, got %q", wanted, got)
	}
}

const foreignText = `<script>alert("x")</script>&'"`

// TestForeignTextIsEscaped: that of Lambda triggers, of attributes and of visitors.
func TestForeignTextIsEscaped(t *testing.T) {
	settings := cognitolocal.SignIn{CustomAuth: &cognitolocal.CustomAuth{Rounds: []cognitolocal.CustomRound{
		{Parameters: map[string]string{"question": foreignText, "captchaUrl": `javascript:alert("x")`}, Answer: "yes"}, {Answer: "x", CreateError: foreignText},
	}}}
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: settings, signin: "page {\nflow CUSTOM_AUTH\npasswordless\n}" + manyAttempts})
	v := pageVisit{w.newBrowser()}
	v.begin("username", "jo")
	v.wantPage(200, "One more step", "")
	escaped := func() {
		t.Helper()
		if strings.Contains(v.page.body, "<script") || strings.Contains(v.page.body, "javascript:") || !strings.Contains(v.page.body, "&lt;script&gt;") {
			t.Errorf("expected the text escaped, got %s", v.page.body)
		}
	}
	escaped()
	v.answer("answer", "yes")
	v.wantPage(422, "Sign in", "The sign-in was refused.")
	escaped()
	v.answer("username", foreignText[:20])
	v.wantPage(200, "One more step", "")
	escaped()
	api := w.newAPIVisit()
	api.begin("username", "jo")
	if got := api.said.Challenge.Parameters["question"]; got != foreignText {
		t.Errorf("expected the question as it is, got %q", got)
	}
	api.answer("answer", "yes")
	api.wantOver("rejected")
	if api.said.Text != foreignText+"." || strings.Contains(api.last.body, "<script") {
		t.Errorf("expected the text of the trigger, escaped as JSON, got %s", api.last.body)
	}
}

// TestTheChosenLanguageStays over forms, problems and links.
func TestTheChosenLanguageStays(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page" + manyAttempts})
	w.addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[:1]})
	b := w.newBrowser()
	b.open(wanted)
	b.choose("Deutsch")
	german := func() {
		t.Helper()
		if !b.page.shows(`<html lang="de"`) {
			t.Errorf("expected a German page, got %s", b.page.body)
		}
	}
	german()
	b.submit("username", "kit", "password", "wrong")
	german()
	b.submit("username", "kit", "password", password)
	german()
	b.submit("code", w.pool.LastCode("kit"))
	if b.page.url.String() != app+wanted {
		t.Errorf("expected the private page, got %v", b.page.url)
	}
}
