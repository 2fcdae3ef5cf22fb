package integration_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal/authenticator"
)

// everyFlow is an app client that allows all flows.
var everyFlow = cognitolocal.Client{AuthFlows: []string{
	cognitolocal.AllowUserPasswordAuth, cognitolocal.AllowUserSRPAuth, cognitolocal.AllowCustomAuth,
	cognitolocal.AllowUserAuth, cognitolocal.AllowRefreshTokenAuth,
}}

const (
	phone = "+15550001234"
	// wanted is where visitors want to go.
	wanted       = "/private?x=1&y=a%2Fb"
	manyAttempts = "\nlimit address 10000"
)

// contacts are an address and a number that codes can go to.
func contacts() map[string]string {
	return map[string]string{
		"email": "kit@example.org", "email_verified": "true", "phone_number": phone, "phone_number_verified": "true",
	}
}

// on is the world with another T, for the rows of a table.
func (w *signinWorld) on(t *testing.T) *signinWorld {
	inner := *w.world
	inner.T = t
	return &signinWorld{&inner}
}

// person is a user of the pool on the way to the private page.
type person struct {
	*signinWorld
	name, sub string
	passkey   *authenticator.Authenticator
}

// addPerson adds a user with contacts.
func (w *signinWorld) addPerson(u cognitolocal.User) *person {
	w.Helper()
	if u.Password == "" {
		u.Password = password
	}
	if u.Attributes == nil {
		u.Attributes = contacts()
	}
	sub, err := w.pool.AddUser(u)
	check(w.T, err)
	return &person{signinWorld: w, name: u.Username, sub: sub}
}

// round is a challenge in a sign-in.
type round struct {
	name    string   // of the challenge
	heading string   // of its page
	wrong   []string // fields of a wrong answer, if there can be one
	code    string   // of the problem that it is; "" for the challenge once more
	over    bool     // the problem ends the sign-in
	right   func(*person, visit) []string
}

// visit is a sign-in on the page or by the API.
type visit interface {
	begin(fields ...string)
	answer(fields ...string)
	wantAsked(round)      // the challenge, without a problem
	wantProblem(round)    // the challenge once more, with what was wrong
	wantOver(code string) // the problem, and nothing to answer
	wantIn(p *person)     // the private page, as p
	secret() string       // of the authenticator app
	options() string      // for passkeys
}

// walk goes through the rounds, with wrong answers first.
func walk(p *person, v visit, start []string, rounds []round) {
	p.Helper()
	right := func(rounds []round) {
		v.begin(start...)
		for _, r := range rounds {
			v.answer(r.right(p, v)...)
		}
	}
	for i, r := range rounds {
		if r.over {
			right(rounds[:i])
			v.answer(r.wrong...)
			v.wantOver(r.code)
		}
	}
	v.begin(start...)
	for _, r := range rounds {
		v.wantAsked(r)
		if r.wrong != nil && !r.over {
			v.answer(r.wrong...)
			v.wantProblem(r)
		}
		v.answer(r.right(p, v)...)
	}
	v.wantIn(p)
}

// always is an answer that is always the same.
func always(fields ...string) func(*person, visit) []string {
	return func(*person, visit) []string { return fields }
}

// sentCode is the code that was sent last.
func sentCode(p *person, _ visit) []string {
	p.Helper()
	return []string{"code", p.pool.LastCode(p.name)}
}

// appCode is what the authenticator app shows, as people type it.
func appCode(p *person, _ visit) []string {
	p.Helper()
	code, err := p.pool.CurrentTOTP(p.name)
	check(p.T, err)
	return []string{"code", " " + code[:3] + " " + code[3:]}
}

// newAppCode is that of an app into which the secret was just typed.
func newAppCode(p *person, v visit) []string {
	p.Helper()
	code, err := cognitolocal.TOTP(v.secret(), time.Now())
	check(p.T, err)
	return []string{"code", code}
}

func passkeyAnswer(p *person, v visit) []string {
	p.Helper()
	credential, err := p.passkey.Get([]byte(v.options()))
	check(p.T, err)
	return []string{"credential", string(credential)}
}

// pageVisit fills in the page.
type pageVisit struct{ *browser }

// begin forgets who was signed in before.
func (v pageVisit) begin(fields ...string) {
	v.Helper()
	v.cookies = slices.DeleteFunc(v.cookies, func(c *http.Cookie) bool { return c.Name == sessionCookie })
	v.open(wanted)
	v.answer(fields...)
}

func (v pageVisit) answer(fields ...string) {
	v.Helper()
	v.submit(fields...)
}

// shows reports whether the page has a text, as people read it.
func (v visited) shows(text string) bool { return strings.Contains(html.UnescapeString(v.body), text) }

func (v pageVisit) wantAsked(r round) {
	v.Helper()
	v.wantPage(200, r.heading, "")
}

// wantPage: page, heading and problem.
func (v pageVisit) wantPage(status int, heading, problem string) {
	v.Helper()
	if got := v.page; got.status != status || !got.shows("<h1>"+heading+"</h1>") || got.shows(`id="problem"`) != (problem != "") || !got.shows(problem) {
		v.Fatalf("expected %d with the page %q and the problem %q, got %d with %s", status, heading, problem, got.status, got.body)
	}
}

// problemTexts are what pages say.
var problemTexts = map[string]string{
	"wrong_code":      "That code is not right or has expired.",
	"bad_credentials": "The username or password is not right.",
	"password_policy": "The password is too short. Choose a longer one.",
	"rejected":        "The sign-in was refused.",
}

func (v pageVisit) wantText(text string) {
	v.Helper()
	if !v.page.shows(text) {
		v.Errorf("expected the page to say %q, got %s", text, v.page.body)
	}
}

func (v pageVisit) wantProblem(r round) {
	v.Helper()
	if r.code == "" {
		v.wantAsked(r)
		return
	}
	text := problemTexts[r.code]
	switch {
	case r.code == "input" && len(r.wrong) == 0:
		text = "Choose one of the options."
	case r.code == "input":
		text = "Something in the form is missing or not valid."
	}
	v.wantPage(422, r.heading, text)
}

func (v pageVisit) wantOver(code string) {
	v.Helper()
	text := problemTexts[code]
	if code == "bad_credentials" && v.page.form.fields["password"] == nil {
		text = "Signing in did not work. Check what you entered, or try another way."
	}
	v.wantPage(422, "Sign in", text)
}

func (v pageVisit) wantIn(p *person) {
	v.Helper()
	if got := v.page; got.status != 200 || got.url.String() != app+wanted || got.body != p.sub {
		v.Fatalf("expected the private page as %q (%s), got %d at %v with %s", p.name, p.sub, got.status, got.url, got.body)
	}
	if v.cookie(sessionCookie) == nil {
		v.Error("expected a session")
	}
}

var (
	secretKey      = regexp.MustCompile(`<code class="key"[^>]*>([A-Z2-7 ]+)</code>`)
	passkeyOptions = regexp.MustCompile(`data-options="([^"]*)"`)
)

func (v pageVisit) secret() string {
	v.Helper()
	return strings.ReplaceAll(v.find(secretKey), " ", "")
}

func (v pageVisit) options() string {
	v.Helper()
	return html.UnescapeString(v.find(passkeyOptions))
}

func (v pageVisit) find(pattern *regexp.Regexp) string {
	v.Helper()
	found := pattern.FindStringSubmatch(v.page.body)
	if found == nil {
		v.Fatalf("expected %v on the page, got %s", pattern, v.page.body)
	}
	return found[1]
}

// apiVisit speaks JSON, keeps the cookies that it gets and sends the state back.
type apiVisit struct {
	*signinWorld
	last    answer
	said    apiSaid
	cookies map[string]string
}

// apiSaid is an answer of the API: all that there is in one.
type apiSaid struct {
	Challenge struct {
		Name        string
		Needs       []string
		Round       int
		Medium      string
		Destination string
		DeviceName  string `json:"device_name"`
		Choices     []string
		Attributes  []string
		Secret      string
		SecretURI   string `json:"secret_uri"`
		Options     json.RawMessage
		Parameters  map[string]string
	}
	State, Next   string
	SignedIn      bool   `json:"signed_in"`
	ReturnTo      string `json:"return_to"`
	Title, Detail string
	Status        int
	Code, Field   string
	Rule, Text    string
	RequestID     string `json:"request_id"`
	IDToken       string `json:"id_token"`
	AccessToken   string `json:"access_token"`
	RefreshToken  string `json:"refresh_token"`
	TokenType     string `json:"token_type"`
	ExpiresIn     int    `json:"expires_in"`
	Device        string
}

func (w *signinWorld) newAPIVisit() *apiVisit {
	return &apiVisit{signinWorld: w, cookies: make(map[string]string)}
}

// post sends fields to an endpoint; those that begin with "attribute." are
// attributes.
func (v *apiVisit) post(endpoint string, fields ...string) {
	v.Helper()
	document, attributes := make(map[string]any), make(map[string]string)
	for i := 0; i+1 < len(fields); i += 2 {
		if name, ok := strings.CutPrefix(fields[i], "attribute."); ok {
			attributes[name], document["attributes"] = fields[i+1], attributes
		} else {
			document[fields[i]] = fields[i+1]
		}
	}
	body, err := json.Marshal(document)
	check(v.T, err)
	v.request(http.MethodPost, "/_cognito/"+endpoint, string(body), "Content-Type: application/json")
}

func (v *apiVisit) request(method, target, body string, lines ...string) {
	v.Helper()
	for name, value := range v.cookies {
		lines = append(lines, "Cookie: "+name+"="+value)
	}
	v.last = roundTrip(v.T, v.web, method, app+target, body, lines...)
	for _, cookie := range (&http.Response{Header: v.last.header}).Cookies() {
		if v.cookies[cookie.Name] = cookie.Value; cookie.MaxAge < 0 {
			delete(v.cookies, cookie.Name)
		}
	}
	v.said = apiSaid{}
	if strings.Contains(v.last.header.Get("Content-Type"), "json") {
		check(v.T, json.Unmarshal([]byte(v.last.body), &v.said))
	}
}

func (v *apiVisit) begin(fields ...string) {
	v.Helper()
	v.post("sign-in", append(fields, "return_to", wanted)...)
}

func (v *apiVisit) answer(fields ...string) {
	v.Helper()
	v.post("sign-in", append(fields, "state", v.said.State)...)
}

func (v *apiVisit) wantAsked(r round) {
	v.Helper()
	if v.last.status != 200 || v.said.Challenge.Name != r.name || v.said.State == "" || len(v.said.Challenge.Needs) == 0 {
		v.Fatalf("expected the challenge %s, got %d with %s", r.name, v.last.status, v.last.body)
	}
}

func (v *apiVisit) wantProblem(r round) {
	v.Helper()
	if r.code == "" {
		v.wantAsked(r)
		return
	}
	v.wantFailure(422, r.code)
	if v.said.State == "" || v.said.Next != "sign-in" || v.said.Challenge.Name != r.name {
		v.Fatalf("expected to be able to try again, got %s", v.last.body)
	}
}

// wantFailure: problem details that are complete.
func (v *apiVisit) wantFailure(status int, code string) {
	v.Helper()
	if v.last.status != status || v.said.Status != status || v.said.Code != code || v.said.Detail == "" || v.said.Title == "" ||
		v.last.header.Get("Content-Type") != "application/problem+json" || v.last.header.Get("Cache-Control") != "no-store" {
		v.Fatalf("expected %d %s, got %d with %s and %v", status, code, v.last.status, v.last.body, v.last.header)
	}
}

func (v *apiVisit) wantOver(code string) {
	v.Helper()
	v.wantFailure(422, code)
	if v.said.State != "" || v.said.Next != "" {
		v.Fatalf("expected nothing to go on with, got %s", v.last.body)
	}
}

func (v *apiVisit) wantIn(p *person) {
	v.Helper()
	if v.last.status != 200 || !v.said.SignedIn || v.said.ReturnTo != wanted {
		v.Fatalf("expected to be signed in, got %d with %s", v.last.status, v.last.body)
	}
	v.request(http.MethodGet, v.said.ReturnTo, "")
	if v.last.status != 200 || v.last.body != p.sub {
		v.Fatalf("expected the private page as %q (%s), got %d with %s", p.name, p.sub, v.last.status, v.last.body)
	}
}

func (v *apiVisit) secret() string {
	v.Helper()
	secret := v.said.Challenge.Secret
	if uri, err := url.Parse(v.said.Challenge.SecretURI); err != nil || uri.Query().Get("secret") != secret || uri.Query().Get("issuer") == "" {
		v.Errorf("expected the secret in the URI, got %s", v.last.body)
	}
	return secret
}

func (v *apiVisit) options() string { return string(v.said.Challenge.Options) }

// together runs subtests at the same time: they wait for the least time of a failure
// more than they compute. Wait for it before the test returns.
type together struct {
	*testing.T
	sync.WaitGroup
}

func (c *together) run(name string, f func(*testing.T)) {
	c.Go(func() { c.Run(name, f) })
}

// onBoth runs a walk on the page and by the API, each with a user of its own.
func (w *signinWorld) onBoth(rows *together, name string, u cognitolocal.User, start []string, rounds []round) {
	for way, open := range map[string]func(*signinWorld) visit{
		"page": func(w *signinWorld) visit { return pageVisit{w.newBrowser()} },
		"api":  func(w *signinWorld) visit { return w.newAPIVisit() },
	} {
		rows.run(name+" by the "+way, func(t *testing.T) {
			w, u := w.on(t), u
			u.Username = strings.ToLower(strings.Map(letters, name)) + "-" + way
			p := w.addPerson(u)
			if len(rounds) > 0 && rounds[len(rounds)-1].name == "WEB_AUTHN" {
				p.addPasskey()
			}
			walk(p, open(w), append([]string{"username", p.name}, start...), rounds)
		})
	}
}

func letters(r rune) rune {
	if r == ' ' || r == ',' {
		return '-'
	}
	return r
}

func (p *person) addPasskey() {
	p.Helper()
	var err error
	p.passkey, err = authenticator.New("localhost", app)
	check(p.T, err)
	check(p.T, p.pool.AddPasskey(p.name, p.passkey.Create))
}

// sendFields sends fields as a form or as JSON, without cookies.
func (w *signinWorld) sendFields(mediaType, endpoint string, fields ...string) answer {
	w.Helper()
	if mediaType == "application/json" {
		v := w.newAPIVisit()
		v.post(endpoint, fields...)
		return v.last
	}
	form := make(url.Values)
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return roundTrip(w.T, w.web, http.MethodPost, app+"/_cognito/"+endpoint, form.Encode(), "Content-Type: "+mediaType)
}
