package integration_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const formType = "Content-Type: application/x-www-form-urlencoded"

// TestBadInputIsRefused with words that help, at once and without asking Cognito:
// what reads as two things must not be judged as one.
func TestBadInputIsRefused(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: signUpSite})
	calls := w.cognito.Requests(cognitolocal.EndpointAPI)
	const asJSON, form = "Content-Type: application/json", formType
	tests := []struct {
		name, endpoint, body, lines string
		status                      int
		says                        string
	}{
		{"a field twice in a form", "sign-in", "username=a&username=b&password=x", form, 400, `"username" stands here twice`},
		{"a field twice in JSON", "sign-in", `{"username":"a","username":"b"}`, asJSON, 400, `"username" stands here twice`},
		{"a field twice, escaped once", "sign-in", `{"username":"a","\u0075sername":"b"}`, asJSON, 400, `"username" stands here twice`},
		{"an attribute twice", "sign-up", `{"username":"a","attributes":{"email":"a","email":"b"}}`, asJSON, 400, `stands here twice`},
		{"an attribute in two ways", "sign-up", `{"attribute.email":"a","attributes":{"email":"b"}}`, asJSON, 400, `stands here twice`},
		{"an unknown field in a form", "sign-in", "user=a&password=x", form, 400, `unknown field "user"; expected some of`},
		{"an unknown field in JSON", "sign-in", `{"Username":"a"}`, asJSON, 400, `unknown field "Username"; expected some of`},
		{"a field of another endpoint", "forgot-password", "username=a&new_password=b", form, 400, `unknown field "new_password"`},
		{"an attribute where there are none", "forgot-password", "username=a&attribute.email=b", form, 400, `unknown field "attribute.email"`},
		{"an unknown field that is long and odd", "sign-in", strings.Repeat("%F0%9F%99%82", 99) + "=a", form, 400, `with a name that is none`},
		{"a number for a text", "sign-in", `{"username":1}`, asJSON, 400, `"username": expected a string`},
		{"a list for a text", "sign-in", `{"username":["a","b"]}`, asJSON, 400, `"username": expected a string`},
		{"an object for a text", "sign-in", `{"password":{"$ne":""}}`, asJSON, 400, `"password": expected a string`},
		{"attributes that are a list", "sign-up", `{"attributes":["email"]}`, asJSON, 400, "expected a JSON object"},
		{"a list of fields", "sign-in", `[{"username":"a"}]`, asJSON, 400, "expected a JSON object"},
		{"null", "sign-in", `null`, asJSON, 400, "expected a JSON object"},
		{"two objects", "sign-in", `{"username":"a"}{"username":"b"}`, asJSON, 400, "expected one JSON object"},
		{"an object and a bracket", "sign-in", `{"username":"a"}]`, asJSON, 400, "expected one JSON object"},
		{"an object and a brace", "sign-in", `{"username":"a"}}`, asJSON, 400, "expected one JSON object"},
		{"JSON that is not UTF-8", "sign-in", "{\"username\":\"\xff\"}", asJSON, 400, "expected text in UTF-8"},
		{"half of a surrogate pair", "sign-in", `{"username":"\ud800"}`, asJSON, 400, "expected text in UTF-8"},
		{"half an object", "sign-in", `{"username":"a"`, asJSON, 400, "the JSON cannot be read"},
		{"a form in JSON", "sign-in", `username=a`, asJSON, 400, "expected a JSON object"},
		{"JSON in a form", "sign-in", `{"username":"a"}`, form, 400, "unknown field"},
		{"an escape that is none", "sign-in", "username=%zz", form, 400, "the form cannot be read"},
		{"a semicolon between fields", "sign-in", "username=a;password=b", form, 400, "the form cannot be read"},
		{"a zero byte", "sign-in", "username=a%00b&password=x", form, 400, `"username": expected text in UTF-8`},
		{"bytes that are not UTF-8", "sign-in", "username=%ff%fe&password=x", form, 400, `"username": expected text in UTF-8`},
		{"another media type", "sign-in", "<a/>", "Content-Type: application/xml", 415, "expected Content-Type application/json or application/x-www-form-urlencoded"},
		{"a file upload", "sign-in", "--x--", "Content-Type: multipart/form-data; boundary=x", 415, "expected Content-Type"},
		{"JSON as text, which any site can send", "sign-in", `{"username":"a"}`, "Content-Type: text/plain", 415, "expected Content-Type"},
		{"no media type", "sign-in", "username=a", "", 415, "expected Content-Type"},
		{"a body that is too large", "sign-in", "username=" + strings.Repeat("a", 64<<10), form, 413, "expected a body of up to 65536 bytes"},
		{"JSON that is too large", "sign-in", `{"username":"` + strings.Repeat("a", 64<<10) + `"}`, asJSON, 413, "expected a body of up to 65536 bytes"},
		{"a post from another site", "sign-in", "username=jo&password=x", form + "\nSec-Fetch-Site: cross-site", 403, "the form was sent from another site"},
		{"a post from a sibling", "sign-in", "username=jo&password=x", form + "\nSec-Fetch-Site: same-site", 403, "the form was sent from another site"},
		{"a post from another origin", "sign-in", "username=jo&password=x", form + "\nOrigin: https://evil.example", 403, "the form was sent from another site"},
		{"a post from no origin", "sign-in", "username=jo&password=x", form + "\nOrigin: null", 403, "the form was sent from another site"},
		{"JSON from another origin", "sign-in", `{"username":"jo"}`, asJSON + "\nOrigin: https://evil.example", 403, "the form was sent from another site"},
		{"a sign-up from another site", "sign-up", "username=a", form + "\nSec-Fetch-Site: cross-site", 403, "the form was sent from another site"},
		{"a sign-out from another site", "sign-out", "", form + "\nSec-Fetch-Site: cross-site", 403, "the form was sent from another site"},
		{"a choice about a device from another site", "remember-device", "choice=yes", form + "\nSec-Fetch-Site: cross-site", 403, "another site"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lines []string
			if tt.lines != "" {
				lines = strings.Split(tt.lines, "\n")
			}
			got := roundTrip(t, w.web, http.MethodPost, app+"/_cognito/"+tt.endpoint, tt.body, lines...)
			says := got.body
			if strings.Contains(tt.lines, "application/json") {
				document := decode(t, got.body)
				says, _ = document["detail"].(string)
				if document["status"] != float64(tt.status) || document["code"] == "" || got.header.Get("Content-Type") != "application/problem+json" {
					t.Errorf("expected a problem document, got %s", got.body)
				}
			}
			if got.status != tt.status || !strings.Contains(says, tt.says) || len(says) > 400 || len(got.header["Set-Cookie"]) > 0 {
				t.Errorf("expected %d with %q, got %d with %s", tt.status, tt.says, got.status, got.body)
			}
		})
	}
	if n := w.cognito.Requests(cognitolocal.EndpointAPI); n != calls {
		t.Errorf("expected that Cognito is not asked, got %d calls", n-calls)
	}
}

// TestMethodsThatAnEndpointDoesNotKnow are named in Allow.
func TestMethodsThatAnEndpointDoesNotKnow(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: signUpSite})
	for target, allow := range map[string]string{
		"PUT sign-in": "GET, HEAD, POST", "DELETE sign-in": "GET, HEAD, POST", "GET reset-password": "POST", "GET remember-device": "POST",
		"GET resend-code": "POST", "POST landing": "GET, HEAD", "POST signed-out": "GET, HEAD", "PATCH sign-out": "GET, HEAD, POST", "POST session": "GET, HEAD",
	} {
		method, endpoint, _ := strings.Cut(target, " ")
		got := roundTrip(t, w.web, method, app+"/_cognito/"+endpoint, "")
		if got.status != 405 || got.header.Get("Allow") != allow || !strings.Contains(got.body, "expected ") {
			t.Errorf("%s: expected 405 and %q, got %d and %q with %s", target, allow, got.status, got.header.Get("Allow"), got.body)
		}
	}
	w.upstream.none(t)
}

// TestValuesThatCannotBe are told at the field, and Cognito is not asked.
func TestValuesThatCannotBe(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: optionalFactors, signin: signUpSite + "\nlimit user 1000"})
	calls := w.cognito.Requests(cognitolocal.EndpointAPI)
	rows := &together{T: t}
	for name, row := range map[string]struct{ endpoint, username, password, field string }{
		"no name":                  {"sign-in", "", "x", "username"},
		"blanks for a name":        {"sign-in", "   ", "x", "username"},
		"a name with a blank":      {"sign-in", "jo ann", "x", "username"},
		"a name of 129 characters": {"sign-in", strings.Repeat("a", 129), "x", "username"},
		"a name of several lines":  {"sign-in", "a\r\nb", "x", "username"},
		"no password":              {"sign-in", "jo", "", "password"},
		"a password too long":      {"sign-in", "jo", strings.Repeat("é", 257), "password"},
		"a sign-up without a name": {"sign-up", "", newPassword, "username"},
	} {
		rows.run(name, func(t *testing.T) {
			v := w.on(t).newAPIVisit()
			v.post(row.endpoint, "username", row.username, "password", row.password)
			v.wantFailure(422, "input")
			if v.said.Field != row.field {
				t.Errorf("expected the field %s at fault, got %s", row.field, v.last.body)
			}
		})
	}
	rows.Wait()
	if n := w.cognito.Requests(cognitolocal.EndpointAPI); n != calls {
		t.Errorf("expected that Cognito is not asked, got %d calls", n-calls)
	}
}

// TestWidgetsOfCAPTCHAsAnswer, each by a field of its own name.
func TestWidgetsOfCAPTCHAsAnswer(t *testing.T) {
	settings := cognitolocal.SignIn{CustomAuth: &cognitolocal.CustomAuth{Rounds: []cognitolocal.CustomRound{{Answer: "token"}}}}
	w := startedSignin(t, signinSetup{client: everyFlow, signIn: settings, signin: "page {\nflow CUSTOM_AUTH\npasswordless\n}" + manyAttempts})
	u, _ := w.pool.User("jo")
	for name, fields := range map[string][]string{
		"reCAPTCHA": {"g-recaptcha-response", "token"}, "Turnstile": {"cf-turnstile-response", "token"},
		"hCaptcha, which fills two":        {"h-captcha-response", "token", "g-recaptcha-response", "token"},
		"beside an input that stays empty": {"h-captcha-response", "token", "answer", ""},
		"beside an answer that was typed":  {"h-captcha-response", "other", "answer", "token"},
	} {
		t.Run(name, func(t *testing.T) {
			v := pageVisit{w.on(t).newBrowser()}
			v.begin("username", "jo")
			for delete(v.page.form.fields, "answer"); len(fields) > 0; fields = fields[2:] {
				v.page.form.fields.Set(fields[0], fields[1])
			}
			v.answer()
			v.wantIn(&person{name: "jo", sub: u.Sub})
		})
	}
}
