package integration_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestTheAPITellsWhatAChallengeNeeds, so that an application needs to know no
// challenge but the words.
func TestTheAPITellsWhatAChallengeNeeds(t *testing.T) {
	missing := map[string]string{"phone_number": phone, "phone_number_verified": "true"}
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: "page" + manyAttempts})
	for _, row := range []struct {
		user cognitolocal.User
		want string // of the challenge, without its name
	}{
		{cognitolocal.User{Username: "sms", MFA: allFactors[:1]}, `"needs":["code"],"round":1,"medium":"SMS","destination":"+*******1234"`},
		{cognitolocal.User{Username: "mail", MFA: allFactors[1:2]}, `"needs":["code"],"round":1,"medium":"EMAIL","destination":"k***@e***"`},
		{cognitolocal.User{Username: "all", MFA: allFactors, TOTPSecret: appSeed}, `"needs":["choice"],"round":1,"choices":["SMS_MFA","EMAIL_OTP","SOFTWARE_TOKEN_MFA"]`},
		{cognitolocal.User{Username: "new", Status: cognitolocal.ForceChangePassword}, `"needs":["new_password"],"round":1`},
		{
			cognitolocal.User{Username: "bare", Status: cognitolocal.ForceChangePassword, Attributes: missing},
			`"needs":["new_password","attributes"],"round":1,"attributes":["email"]`,
		},
	} {
		v := w.newAPIVisit()
		w.addPerson(row.user)
		v.begin("username", row.user.Username, "password", password)
		if !strings.Contains(v.last.body, row.want+"}") {
			t.Errorf("%s: expected %s, got %s", row.user.Username, row.want, v.last.body)
		}
	}
}

// TestChallengesThatNobodyKnows get an honest page and a line in the log.
func TestChallengesThatNobodyKnows(t *testing.T) {
	w := &signinWorld{newWorld(t)}
	w.addClient(everyFlow)
	check(t, w.pool.SetSignIn(optionalFactors))
	r := w.newRelay()
	r.change = func(body string) string { return strings.Replace(body, `"SMS_MFA"`, `"RETINA_SCAN"`, 1) }
	s := w.setup(signinSetup{signin: "page" + manyAttempts})
	s.pools = r.between(s.pools)
	w.load(s)
	w.addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[:1]})
	v, api := pageVisit{w.newBrowser()}, w.newAPIVisit()
	v.begin("username", "kit", "password", password)
	v.wantPage(501, "This step cannot be shown here", "Your account asks for a step that this page does not know.")
	v.choose("Start again")
	if got := v.page.form.fields.Get("return_to"); got != wanted {
		t.Errorf("expected to go on to %q, got %q", wanted, got)
	}
	api.begin("username", "kit", "password", password)
	api.wantFailure(501, "unsupported_challenge")
	if !strings.Contains(api.said.Detail, "RETINA_SCAN") {
		t.Errorf("expected the name of the challenge, got %s", api.last.body)
	}
	lines := w.signinWarnings()
	if len(lines) != 1 || lines[0]["detail"] != "RETINA_SCAN" || lines[0]["reason"] != "unsupported_challenge" || lines[0]["request_id"] == "" {
		t.Errorf("expected a warning that names the challenge, got %v", lines)
	}
}

// TestAppClientsThatAreGone: the log names the app client.
func TestAppClientsThatAreGone(t *testing.T) {
	w := startedSignin(t, signinSetup{signin: "page {\nflow USER_PASSWORD_AUTH\n}" + manyAttempts})
	w.cognito.SetFault("InitiateAuth", cognitolocal.FaultAPI("ResourceNotFoundException", "User pool client x does not exist."))
	api := w.newAPIVisit()
	api.begin("username", "jo", "password", password)
	api.wantFailure(500, "misconfigured")
	lines := w.signinWarnings()
	if len(lines) != 1 || !strings.HasPrefix(fmt.Sprint(lines[0]["detail"]), "app client "+signinClient+" does not exist in user_pool signin, or") {
		t.Errorf("expected a warning that names the app client, got %v", lines)
	}
}

func (w *signinWorld) signinWarnings() []map[string]any {
	w.Helper()
	return slices.DeleteFunc(w.logLines(), func(line map[string]any) bool {
		return line["level"] != "warn" || line["logger"] != "http.handlers.cognito_signin"
	})
}

// TestMisconfiguredClients are nobody's fault who visits: the page says so, the log
// says why.
func TestMisconfiguredClients(t *testing.T) {
	client := cognitolocal.Client{AuthFlows: []string{cognitolocal.AllowUserSRPAuth, cognitolocal.AllowRefreshTokenAuth}}
	w := startedSignin(t, signinSetup{client: client, signIn: optionalFactors, signin: "page {\nflow USER_PASSWORD_AUTH\n}" + manyAttempts})
	v, api := pageVisit{w.newBrowser()}, w.newAPIVisit()
	v.begin("username", "jo", "password", password)
	v.wantPage(500, "Sign-in is not set up correctly", "Please tell the operators of this site.")
	api.begin("username", "jo", "password", password)
	api.wantFailure(500, "misconfigured")
	if api.said.Field != "" || strings.Contains(api.last.body, "flow") {
		t.Errorf("expected nothing of the configuration, got %s", api.last.body)
	}
	lines := w.signinWarnings()
	if len(lines) != 1 || lines[0]["detail"] != "flow" {
		t.Errorf("expected a warning that names the flow, got %v", lines)
	}
}

var scripts = regexp.MustCompile(`<script|\son[a-z]+=|style="|javascript:`)

// TestPagesNeedNoScripts, and their policy allows none, passkeys aside.
func TestPagesNeedNoScripts(t *testing.T) {
	settings := cognitolocal.SignIn{FirstFactors: []string{cognitolocal.FactorPassword, cognitolocal.FactorPasskey}, Passkeys: cognitolocal.Passkeys{RelyingPartyID: "localhost"}}
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: settings, signin: "page {\nflow USER_AUTH\nsign_up email\n}" + manyAttempts})
	p := w.addPerson(cognitolocal.User{Username: "kit"})
	p.addPasskey()
	b := w.newBrowser()
	wantPolicy := func(scripted bool) {
		t.Helper()
		policy := b.page.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") != scripted ||
			!strings.Contains(policy, "frame-ancestors 'none'") || scripts.MatchString(b.page.body) != scripted {
			t.Errorf("expected a strict policy and scripts: %t, got %q with %s", scripted, policy, b.page.body)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY"} {
			if got := b.page.header.Get(name); got != want {
				t.Errorf("expected %s %q, got %q", name, want, got)
			}
		}
	}
	for _, path := range []string{"sign-in", "forgot-password", "sign-up", "confirm-sign-up", "sign-out", "signed-out"} {
		b.open("/_cognito/" + path)
		wantPolicy(false)
	}
	b.open(wanted)
	b.submit("username", "kit")
	wantPolicy(false)
	b.submit("choice", "WEB_AUTHN")
	wantPolicy(true)
}

func TestPasskeysOfOthersAreRefused(t *testing.T) {
	settings := cognitolocal.SignIn{FirstFactors: []string{cognitolocal.FactorPassword, cognitolocal.FactorPasskey}, Passkeys: cognitolocal.Passkeys{RelyingPartyID: "localhost"}}
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: settings, signin: "page {\nflow USER_AUTH\npreferred WEB_AUTHN\n}" + manyAttempts})
	kit, ada := w.addPerson(cognitolocal.User{Username: "kit"}), w.addPerson(cognitolocal.User{Username: "ada"})
	kit.addPasskey()
	ada.addPasskey()
	rows := &together{T: t}
	defer rows.Wait()
	for name, change := range map[string]func(p *person){
		"another key":      func(p *person) { p.passkey.Key = ada.passkey.Key },
		"another passkey":  func(p *person) { *p.passkey = *ada.passkey },
		"another origin":   func(p *person) { p.passkey.Origin = "http://evil.example" },
		"another site":     func(p *person) { p.passkey.RelyingPartyID = "evil.example" },
		"nobody confirmed": func(p *person) { p.passkey.Flags = 0 },
	} {
		rows.run(name, func(t *testing.T) {
			p := *kit
			passkey := *kit.passkey
			p.signinWorld, p.passkey = w.on(t), &passkey
			change(&p)
			v := p.newAPIVisit()
			v.begin("username", "kit")
			v.answer(passkeyAnswer(&p, v)...)
			v.wantOver("bad_credentials")
		})
	}
}

// A name that nobody has comes back from Cognito in another form than a user's, which
// the sealed state must not show.
func TestTheLengthOfAStateTellsNoUsersApart(t *testing.T) {
	w := startedSignin(t, signinSetup{client: cognitolocal.Client{AuthFlows: []string{cognitolocal.AllowUserAuth, cognitolocal.AllowRefreshTokenAuth}}, signin: "page {\nflow USER_AUTH\npreferred PASSWORD\n}"})
	lengths := make(map[int][]string)
	for _, name := range []string{"jo", "mo", "nobody", "x", "somebody-with-a-rather-long-name@example.org"} {
		got := w.sendJSON("/_cognito/sign-in", map[string]any{"username": name})
		w.wantStatus(200, got)
		state, _ := decode(t, got.body)["state"].(string)
		lengths[len(state)] = append(lengths[len(state)], name)
	}
	if len(lengths) != 1 {
		t.Errorf("expected states of one length, got %v", lengths)
	}
}
