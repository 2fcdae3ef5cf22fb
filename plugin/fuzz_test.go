package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/http/httpguts"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

const (
	asForm = "application/x-www-form-urlencoded"
	asJSON = "application/json; charset=utf-8"
)

// send has readInput read a body of the sign-in.
func send(mediaType, body string) (input, error) {
	r := httptest.NewRequest(http.MethodPost, "/_cognito/sign-in", strings.NewReader(body))
	r.Header.Set("Content-Type", mediaType)
	return readInput(httptest.NewRecorder(), r, fieldsOf["sign-in"])
}

// forms and objects are what challenges are answered with, and what is not to be
// sent.
var (
	forms = []string{
		"username=jo%40example.org&password=hunter+2%21", "state=AQ&code=123456", "state=AQ&choice=SOFTWARE_TOKEN_MFA", "state=AQ&attribute.email=a%40b&new_password=x",
		"username=jo&username=mo", "g-recaptcha-response=x&h-captcha-response=&answer=", "evil=1", "password=%zz", "password=%00", "password=%ff", "a;b", "=", "",
		`{"username":"jo","password":"hunter 2!"}`, "cf-turnstile-response=a&answer=b&answer=c",
	}
	objects = []string{
		`{"username":"jo","password":"hunter 2!"}`, `{"state":"AQ","attributes":{"email":"a@b","name":"Jo"},"new_password":"x"}`, `{"state":"AQ","credential":{"id":"AA","response":{}}}`,
		`{"username":"jo","username":"mo"}`, `{"attributes":{"a":"1"},"attribute.a":"2"}`, `{"code":123456}`, `{"password":null}`, `{"\u0070assword":"x","password":"y"}`, `{"password":"\ud800"}`,
		`{"password":"a"}{}`, `[]`, `{`, `{"attributes":[]}`, `{"attributes":{"credential":{}}}`, `{"evil":"hunter 2!"}`, "{\"password\":\"\xff\"}",
	}
)

// FuzzInput reads a form or a JSON object of a challenge. What is read are fields
// that the endpoint knows, each once, and the same when it is sent again in the
// other form; a refusal repeats no value.
func FuzzInput(f *testing.F) {
	for _, body := range forms {
		f.Add(asForm, body)
	}
	for _, body := range objects {
		f.Add(asJSON, body)
	}
	f.Fuzz(judgeInput)
}

func TestInputOfAnyShape(t *testing.T) {
	for mediaType, seeds := range map[string][]string{asForm: forms, asJSON: objects} {
		for body := range mutants(seeds, 3000) {
			judgeInput(t, mediaType, body)
		}
	}
}

func judgeInput(t *testing.T, mediaType, body string) {
	in, err := send(mediaType, body)
	if err != nil {
		expectInputError(t, err)
		return
	}
	for name, value := range in {
		if !slices.Contains(fieldsOf["sign-in"], name) && !strings.HasPrefix(name, page.AttributePrefix) {
			t.Fatalf("read the unknown field %q", name)
		}
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			t.Fatalf("read %q", value)
		}
	}
	if mediaType == asJSON {
		expectEachOnce(t, in, body)
	}
	expectSameAgain(t, in)
}

// expectEachOnce counts the members: of a name that stood there twice, one value
// would be lost.
func expectEachOnce(t *testing.T, in input, body string) {
	t.Helper()
	if body != "" && !jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true)) {
		t.Fatalf("read %q, which is no JSON in UTF-8", body)
	}
	if got := countMembers(t, body); got != len(in) {
		t.Fatalf("%q: expected %d fields, got %q", body, got, in)
	}
}

func countMembers(t *testing.T, object string) (count int) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(object))
	_, _ = decoder.Token()
	for decoder.More() {
		name, err := decoder.Token()
		var value json.RawMessage
		if err := errors.Join(err, decoder.Decode(&value)); err != nil {
			t.Fatal(err)
		}
		if name == "attributes" {
			count += countMembers(t, string(value))
		} else {
			count++
		}
	}
	return count
}

func expectInputError(t *testing.T, err error) {
	t.Helper()
	wrong, ok := errors.AsType[*inputError](err)
	if !ok || wrong.status < 400 || wrong.status > 415 || len(wrong.text) > 400 {
		t.Fatalf("expected an error for the visitor, got %#v", err)
	}
	if strings.Contains(wrong.text, "hunter 2") || strings.ContainsFunc(wrong.text, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Fatalf("the error repeats what was sent: %q", wrong.text)
	}
}

// expectSameAgain sends what was read in both forms.
func expectSameAgain(t *testing.T, in input) {
	t.Helper()
	form := make(url.Values)
	for name, value := range in {
		form.Set(name, value)
	}
	object, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	for mediaType, body := range map[string]string{asForm: form.Encode(), asJSON: string(object)} {
		if len(body) > maxInput {
			continue
		}
		if again, err := send(mediaType, body); err != nil || !reflect.DeepEqual(again, in) {
			t.Fatalf("%q was read, and as %s it is %q, %v", in, mediaType, again, err)
		}
	}
}

// claimValues are JSON of every kind.
var claimValues = []string{
	`"jo"`, `"a,b%"`, `" a "`, `"a\r\nX-Evil: 1\u0000\u007f"`, `"José 😀"`, `""`, `["a","b,c",""]`, `[""]`, `[]`, `[1,true,null,"1",{"a":[1,2]},["x,y"]]`, `[ "a" , "b" ]`,
	`{"n":"é\n","x":"😀\u007f","y":{"z":[1.0,1e5]}}`, `42`, `-0`, `1e400`, `4.50`, `true`, `null`, `"` + "\x7f" + `"`, `{"\u0000":"\u2028"}`,
}

// FuzzClaim forwards a claim of any shape. The header can be read back, and holds
// nothing but printable ASCII.
func FuzzClaim(f *testing.F) {
	for _, value := range claimValues {
		f.Add(value)
	}
	judge := newClaimJudge(f)
	f.Fuzz(judge)
}

func TestClaimsOfAnyShape(t *testing.T) {
	judge := newClaimJudge(t)
	for value := range mutants(claimValues, 2000) {
		judge(t, value)
	}
}

func newClaimJudge(t testing.TB) func(t *testing.T, value string) {
	v, signer := newClaimVerifier(t), newSigner(t)
	return func(t *testing.T, value string) {
		if !json.Valid([]byte(value)) {
			return // and is not worth a signature
		}
		tok, err := v.Verify(t.Context(), signer.Sign(fmt.Sprintf(
			`{"iss":%q,"sub":"u1","client_id":"c1","token_use":"access","exp":4102444800,"c":%s}`, testIssuer, value)))
		if err != nil {
			return
		}
		judgeClaim(t, tok, false)
		judgeClaim(t, tok, true)
	}
}

func judgeClaim(t *testing.T, tok *verifier.Token, asJSON bool) {
	t.Helper()
	got, ok := serializeClaim(tok, "c", asJSON)
	raw, present := tok.Claim("c")
	if empty := !asJSON && strings.HasPrefix(raw, "[") && len(elements(raw)) == 0; ok != (present && !empty) {
		t.Fatalf("%s: expected a header only for a value, got %v", raw, ok)
	}
	if !httpguts.ValidHeaderFieldValue(got) || strings.TrimSpace(got) != got || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Fatalf("%s became %q", raw, got)
	}
	if ok {
		expectReadBack(t, raw, got, asJSON)
	}
}

func newClaimVerifier(t testing.TB) *verifier.Verifier {
	t.Helper()
	keys, err := verifier.ParseKeySet([]byte(verifiertest.JWKS(newSigner(t).JWK())))
	if err != nil {
		t.Fatal(err)
	}
	v, err := verifier.New(verifier.Options{KeySets: map[string]verifier.KeySet{testIssuer: verifier.NewStaticKeySet(keys)}, SkipClientCheck: true, CacheSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func elements(raw string) []json.RawMessage {
	var list []json.RawMessage
	_ = json.Unmarshal([]byte(raw), &list)
	return list
}

// expectReadBack reads a header as its reader does: by the kind of the claim.
func expectReadBack(t *testing.T, raw, got string, asJSON bool) {
	t.Helper()
	switch {
	case !asJSON && raw[0] == '"':
		expectText(t, raw, got)
	case !asJSON && raw[0] == '[':
		parts, list := strings.Split(got, ","), elements(raw)
		if len(parts) != len(list) {
			t.Fatalf("%s became %q: %d parts", raw, got, len(parts))
		}
		for i, part := range parts {
			if list[i][0] == '"' {
				expectText(t, string(list[i]), part)
				continue
			}
			text, err := url.PathUnescape(part)
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, string(list[i]), text)
		}
	default:
		expectValue(t, raw, got)
	}
}

func expectText(t *testing.T, raw, got string) {
	t.Helper()
	var want string
	if err := json.Unmarshal([]byte(raw), &want); err != nil {
		t.Fatal(err)
	}
	if back, err := url.PathUnescape(got); err != nil || back != want {
		t.Fatalf("%q became %q, which is read as %q, %v", want, got, back, err)
	}
}

// expectValue compares JSON, numbers by their digits.
func expectValue(t *testing.T, raw, got string) {
	t.Helper()
	if want, back := decoded(t, raw), decoded(t, got); !reflect.DeepEqual(want, back) {
		t.Fatalf("%s became %s", raw, got)
	}
}

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		t.Fatalf("%q: more than one value", text)
	}
	return value
}

// headerSeeds are names of headers and values of Connection.
var headerSeeds = []string{
	"X-Cognito-Sub", "x_cognito.sub", "X-Cognito", "X-User-Id", "x!user~ID", "Accept", "", "X-User-Identity",
	"close", "close, x-user-id", "keep-alive,X-User-Id", "\tX-Cognito-Groups ,,", "upgrade", "te", "x\x00y",
}

// FuzzHeaders sends a header of any name and a Connection of any value: what an
// upstream could take for an identity header of ours is gone, in every spelling,
// and none can be removed on the way.
func FuzzHeaders(f *testing.F) {
	for i, seed := range headerSeeds {
		f.Add(seed, headerSeeds[len(headerSeeds)-1-i])
	}
	f.Fuzz(judgeHeaders)
}

func TestHeadersOfAnyShape(t *testing.T) {
	before := ""
	for text := range mutants(headerSeeds, 10_000) {
		judgeHeaders(t, text, before)
		judgeHeaders(t, before, text)
		before = text
	}
}

func judgeHeaders(t *testing.T, name, connection string) {
	names := newProtectedNames()
	names.add("X-User-Id")
	h := http.Header{name: {"evil"}, "Connection": {connection}}
	settleConnection(h)
	names.strip(h)
	for left := range h {
		if asCGI := strings.ToUpper(strings.Map(letterOrUnderscore, left)); asCGI == "X_USER_ID" || strings.HasPrefix(asCGI, "X_COGNITO_") {
			t.Fatalf("%q reaches the upstream as %s", left, asCGI)
		}
	}
	for option := range strings.SplitSeq(strings.Join(h["Connection"], ","), ",") {
		if !slices.Contains([]string{"", "close", "keep-alive", "upgrade", "te"}, strings.ToLower(strings.TrimSpace(option))) {
			t.Fatalf("Connection %q would remove headers on the way", h["Connection"])
		}
	}
}

// letterOrUnderscore is what CGI makes of names of headers, by the laxest gateway.
func letterOrUnderscore(r rune) rune {
	if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
		return r
	}
	return '_'
}
