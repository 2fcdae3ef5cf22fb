package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// maxPassed bounds the steps that a ticket remembers: a custom challenge may go on
// for any number of rounds.
const maxPassed = 32

// ticket is what a sign-in has to know in the next step. It goes through the
// browser sealed, in the form and not in a cookie: so any number of tabs can be
// at different steps.
type ticket struct {
	// State is the open challenge.
	State []byte `json:"s,omitempty"`
	// Return is where the visitor wants to go.
	Return string `json:"r,omitempty"`
	// FirstFactor tells that no password was given yet, so that another code can
	// be had by beginning again.
	FirstFactor bool `json:"f,omitempty"`
	// Username is that of an account that is not signed in.
	Username string `json:"u,omitempty"`
	// Passed are the last steps, for the audit log.
	Passed []string `json:"p,omitempty"`
	// Confirmed continues a sign-up whose code was right.
	Confirmed string `json:"c"`
	// Device is the key of the device that signs in, and in the end of the one that
	// the pool asks to remember.
	Device string `json:"d,omitempty"`
}

func (v *signinVisit) seal(t ticket) (string, error) {
	document, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	document = append(document, bytes.Repeat([]byte{' '}, ticketStep-len(document)%ticketStep)...)
	return v.tickets.Seal(document, time.Now().Add(ticketLifetime))
}

// ticketStep is what the lengths of tickets are multiples of, since they must not
// tell whether there is such a user: a sign-up that found an account has no session,
// and Cognito gives a name that nobody has another form than that of a user. Most
// tickets have room in one step.
const ticketStep = 4096

// ticket opens the ticket of the form. One that does not open is a sign-in that
// took too long.
func (v *signinVisit) ticket() (t ticket, err error) {
	document, err := v.tickets.Open(v.r.Context(), v.in["state"])
	if err == nil {
		err = json.Unmarshal(document, &t)
	}
	if err != nil {
		return ticket{}, &signin.Error{Reason: signin.ErrSession}
	}
	return t, nil
}

// signIn is the endpoint of the page and of the API: it begins a sign-in, or
// answers a challenge.
func (v *signinVisit) signIn() error {
	switch {
	case v.r.Method != "POST":
		return v.openSignIn()
	case v.Page == nil:
		return v.refuse(badInput("sign-in goes through hosted pages here; open %s in a browser", v.path("sign-in")))
	case v.in["refresh_token"] != "":
		return v.refreshTokens()
	case v.in["state"] != "":
		return v.answer()
	}
	return v.start()
}

// openSignIn shows the page, or leads to the hosted one.
func (v *signinVisit) openSignIn() error {
	query := v.r.URL.Query()
	if v.hosted != nil && (v.Page == nil || query.Get("provider") != "") {
		return v.beginHosted(query.Get("provider"))
	}
	if strings.HasPrefix(v.origin(v.r), "http://") && !isLocal(v.r.Host) && v.problems.due("http") {
		v.problem("the sign-in page is open over http: passwords can be read, and browsers keep no session; use https, or trusted_proxies behind a load balancer", "insecure")
	}
	return v.show(200, v.signInView(v.returnTo(query.Get("return_to"))))
}

// asksPassword reports whether the first page has a password on it.
func (s *Signin) asksPassword() bool {
	switch signin.AuthFlow(s.Page.Flow) {
	case signin.FlowChoice:
		return false
	case signin.FlowCustom:
		return !s.Page.Passwordless
	}
	return true
}

func (s *Signin) flow() signin.AuthFlow {
	if s.Page.Flow == "" {
		return signin.FlowSRP
	}
	return signin.AuthFlow(s.Page.Flow)
}

// start begins a sign-in.
func (v *signinVisit) start() error {
	in := signin.Start{
		Flow: v.flow(), Username: v.in.username(), Password: signin.Secret(v.in["password"]),
		Preferred: v.preferred(), Caller: v.caller(),
	}
	t := ticket{Return: v.returnTo(v.in["return_to"]), FirstFactor: in.Password == ""}
	again := v.signInView(t.Return)
	again.Username = in.Username
	if wait := v.allow(in.Username); wait > 0 {
		return v.tooMany(wait, again)
	}
	in.Device = v.device(in.Username)
	t.Device = in.Device.Key
	v.dropFormer()
	if in.Flow == signin.FlowCustom && in.Password == "" && v.asksPassword() { // or all would be left to the triggers
		return v.failed("start", in.Username, &signin.Error{Reason: signin.ErrInput, Detail: string(signin.FieldPassword)}, t, again)
	}
	return v.run("start", in, t, again)
}

// dropFormer has the browser forget the session of whoever used it before: if this
// sign-in fails, its user would go on as the other (GHSA-f24x-5g9q-753f).
func (v *signinVisit) dropFormer() {
	if _, err := sentCookie(v.r, v.sessions.cookie); err == nil {
		v.sessions.clear(v.w.Header())
	}
}

// preferred is the challenge to begin with. Users can ask for the choice, or by
// the API for one of them.
func (v *signinVisit) preferred() string {
	switch {
	case v.in["choose"] != "":
		return ""
	case v.in["preferred"] != "":
		return v.in["preferred"]
	}
	return v.Page.Preferred
}

// run takes the first step, and the next ones.
func (v *signinVisit) run(name string, in signin.Start, t ticket, again page.View) error {
	step, err := v.sessions.client.Start(v.r.Context(), in)
	return v.proceed(name, in.Username, step, err, t, again)
}

// answer answers a challenge.
func (v *signinVisit) answer() error {
	t, err := v.ticket()
	var state signin.State
	if err == nil {
		err = state.UnmarshalBinary(t.State)
	}
	if err != nil {
		return v.failed("answer", "", err, ticket{Return: v.returnTo(v.in["return_to"])}, v.signInView(v.returnTo(v.in["return_to"])))
	}
	challenge := state.Challenge()
	again, err := v.challengeView(t, state.Username(), challenge)
	if err != nil {
		return err
	}
	again.Values = v.in.attributes()
	if wait := v.allow(state.Username()); wait > 0 {
		return v.tooMany(wait, again)
	}
	if challenge.Name == signin.Password || challenge.Name == signin.PasswordSRP || v.in["password"] != "" {
		t.FirstFactor = false
	}
	step, err := v.sessions.client.Answer(v.r.Context(), state, signin.Answer{
		Choice: v.in["choice"], Code: v.code(), Password: signin.Secret(v.in["password"]),
		NewPassword: signin.Secret(v.in["new_password"]), Answer: signin.Secret(v.in["answer"]),
		Credential: signin.Secret(v.in["credential"]), Attributes: v.in.attributes(),
		DeviceName: v.in["device_name"], Caller: v.caller(),
	})
	if isOver(err) {
		again = v.signInView(t.Return)
		again.Username = state.Username()
	}
	return v.proceed(challenge.Name, state.Username(), step, err, t, again)
}

// isOver reports whether nothing is left but to begin again.
func isOver(err error) bool {
	return errors.Is(err, signin.ErrCredentials) || errors.Is(err, signin.ErrRejected) || errors.Is(err, signin.ErrBlocked) || errors.Is(err, signin.ErrDevice)
}

// code is the code without the blanks and hyphens by which messages group digits.
func (v *signinVisit) code() signin.Secret {
	return signin.Secret(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(v.in["code"]))
}

// proceed goes on with what a step came to.
func (v *signinVisit) proceed(name, username string, step signin.Step, err error, t ticket, again page.View) error {
	if step.ForgetDevice {
		v.forgetDevice()
		t.Device = ""
	}
	if err != nil {
		return v.failed(name, username, err, t, again)
	}
	if t.Passed = append(t.Passed, v.stepName(name)); len(t.Passed) > maxPassed {
		t.Passed = t.Passed[1:]
	}
	if step.Tokens != nil {
		return v.complete(name, step.Tokens, username, t)
	}
	v.count(name, "challenge")
	if t.State, err = step.State.MarshalBinary(); err != nil {
		return v.failed(name, username, err, t, again)
	}
	return v.ask(t, username, step.State.Challenge())
}

// ask shows a challenge.
func (v *signinVisit) ask(t ticket, username string, challenge signin.Challenge) error {
	view, err := v.challengeView(t, username, challenge)
	if err != nil {
		return v.failed(challenge.Name, username, err, t, v.signInView(t.Return))
	}
	if v.api {
		return v.json(200, "application/json", map[string]any{"challenge": newAPIChallenge(challenge, v.issuer(), username), "state": stateOf(view)})
	}
	return v.show(200, view)
}

// complete ends a sign-in. What Cognito issued counts only once it is verified.
func (v *signinVisit) complete(name string, tokens *signin.Tokens, username string, t ticket) error {
	returnTo := t.Return
	device, ask := v.confirmDevice(tokens, username, t.Device)
	id, err := v.sessions.verify(v.r.Context(), sessionTokens(tokens))
	if err != nil {
		return v.unusable(name, err, returnTo)
	}
	if v.delivers() {
		v.signedIn(name, id, t)
		return v.deliver(tokens, v.deviceFor(username, device), v.askAPI(ask, device, returnTo))
	}
	current, err := session.New(sessionTokens(tokens), device.Key)
	if err == nil {
		err = v.sessions.seal(v.w.Header(), current)
	}
	if err != nil {
		return v.noSession(name, err, returnTo)
	}
	v.signedIn(name, id, t)
	switch {
	case v.api:
		return v.json(200, "application/json", apiDone{SignedIn: true, ReturnTo: returnTo, apiNext: v.askAPI(ask, device, returnTo)})
	case ask:
		return v.askDevice(device, returnTo)
	}
	return v.goLanding(returnTo)
}

// unusable is about tokens that our own verifier refuses: only the operator can
// help, above all with the clock.
func (v *signinVisit) unusable(name string, err error, returnTo string) error {
	re, status := refusalOf(err), 500
	if re.status == 503 || re.reason == "unknown_key" { // keys that have just rotated are not asked for again at once
		status = 503
	}
	v.fail(name, "unusable_tokens", status, err)
	v.problem("the user pool issued tokens that are refused here; check the app client, its scopes and the clock", re.reason, zap.Error(err))
	if status == 503 {
		return v.unavailable(returnTo)
	}
	cause := loopCauses[re.reason]
	return v.trouble(500, "unusable_tokens", page.View{Kind: page.Loop, Cause: cause, Return: returnTo, Paths: page.Paths{Restart: v.url("sign-in", returnTo)}})
}

// noSession is about a session that cannot become a cookie.
func (v *signinVisit) noSession(name string, err error, returnTo string) error {
	paths := page.Paths{Restart: v.url("sign-in", returnTo)}
	if large, ok := errors.AsType[*session.SizeError](err); ok {
		v.problem("a session does not fit into a cookie; remove claims by the pre token generation trigger or move the user to fewer groups", "too_large",
			zap.Int("size", large.Size), zap.Int("limit", large.Limit), zap.String("cause", large.Cause), zap.Int("cause_size", large.CauseSize))
		v.fail(name, "cookie_too_big", 500, nil)
		return v.trouble(500, "cookie_too_big", page.View{Kind: page.CookieTooBig, Paths: paths})
	}
	if errors.Is(err, session.ErrNoKeys) {
		v.fail(name, "unavailable", 503, err)
		return v.unavailable(returnTo)
	}
	v.fail(name, "misconfigured", 500, err)
	v.problem("a session cannot be made", session.Reason(err), zap.Error(err))
	return v.trouble(500, "misconfigured", page.View{Kind: page.Misconfigured, Paths: paths})
}

// trouble answers with a page that only says something.
func (v *signinVisit) trouble(status int, code string, view page.View) error {
	if status == 503 {
		v.retryAfter(time.Second)
	}
	if v.api {
		return v.apiProblem(status, code)
	}
	return v.show(status, view)
}

// unavailable is about what is missing for a while: keys of sessions or of tokens.
func (v *signinVisit) unavailable(returnTo string) error {
	return v.trouble(503, "unavailable", page.View{Kind: page.Unavailable, Paths: page.Paths{Restart: v.url("sign-in", returnTo)}})
}

func (v *signinVisit) count(step, result string) {
	if !slices.Contains(countedSteps, step) {
		step = "other" // what Cognito calls a challenge is not ours to bound
	}
	metrics.signIns.WithLabelValues(v.Pool, step, result).Inc()
}

// countedSteps are the steps in metrics.
var countedSteps = []string{
	"start", "answer", "hosted", "refresh", "forgot_password", "reset_password", "sign_up", "confirm_sign_up", "resend_code",
	signin.SMSMFA, signin.SMSOTP, signin.EmailOTP, signin.EmailMFA, signin.SoftwareTokenMFA, signin.SelectMFAType, signin.MFASetup,
	signin.NewPasswordRequired, signin.CustomChallenge, signin.SelectChallenge, signin.Password, signin.PasswordSRP, signin.WebAuthn,
}
