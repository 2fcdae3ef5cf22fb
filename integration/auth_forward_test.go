package integration_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestForwardRules(t *testing.T) {
	claims := with("email", userEmail, "n", 42, "yes", true, "list", []any{"a,b", "c%", 7}, "object", map[string]any{"b": "é", "a": 1},
		"null", nil, "empty", "", "none", []any{}, "custom:tenant", "Zoë, Ltd", "float", json.RawMessage("1.50"))
	rows := []struct{ name, forward, header, want string }{
		{"a string goes as it is", "email > X-User-Id", "X-User-Id", userEmail},
		{"a header name is canonical whatever its case", "email > x-uSER-id", "X-User-Id", userEmail},
		{"a number goes as JSON", "n > X-N", "X-N", "42"},
		{"a number keeps its digits", "float > X-N", "X-N", "1.50"},
		{"a boolean goes as JSON", "yes > X-Yes", "X-Yes", "true"},
		{"a list is joined, its members encoded", "list > X-List", "X-List", "a%2Cb,c%25,7"},
		{"a string may have commas, and what is not ASCII is encoded", "custom:tenant > X-T", "X-T", "Zo%C3%AB, Ltd"},
		{"an object goes as ASCII JSON", "object > X-O", "X-O", `{"a":1,"b":"\u00e9"}`},
		{"json gives JSON for a string", "custom:tenant > X-T json", "X-T", `"Zo\u00eb, Ltd"`},
		{"json gives JSON for a list", "list > X-List json", "X-List", `["a,b","c%",7]`},
		{"json gives JSON for a number", "n > X-N json", "X-N", "42"},
	}
	w := newWorld(t)
	token := w.access(claims)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w.load(setup{site: "cognito_auth main {\nforward " + row.forward + "\n}\nreverse_proxy $UPSTREAM"})
			w.wantStatus(200, w.get("/", "Authorization: Bearer "+token, row.header+": mallory"))
			if got := w.upstream.one(t).header[row.header]; len(got) != 1 || got[0] != row.want {
				t.Errorf("expected %q, got %q", row.want, got)
			}
		})
	}
}

// CVE-2026-30851 and its kin: a client's header stood for the claim that its
// token lacked.
func TestAbsentClaimIsAnAbsentHeader(t *testing.T) {
	rows := []struct{ name, claim string }{
		{"the token has no such claim", "no:such"},
		{"the claim is null", "null"},
		{"the claim is an empty list", "none"},
		{"the name differs in case", "SUB"},
	}
	w := newWorld(t)
	token := w.access(with("null", json.RawMessage("null"), "none", []any{}))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w.load(setup{site: "cognito_auth main {\nforward " + row.claim + " > X-User-Id\n}\nreverse_proxy $UPSTREAM"})
			w.wantStatus(200, w.get("/", "Authorization: Bearer "+token, "X-User-Id: mallory"))
			w.upstream.one(t).wantIdentity(t, w.joHeaders()...)
		})
	}
}

func TestForwardModes(t *testing.T) {
	w := newWorld(t)
	token := w.access(nil)
	rows := []struct {
		name, lines string
		want        []string
	}{
		{"forward none leaves the defaults out", "forward none", nil},
		{"forward none keeps what is listed", "forward none\nforward sub > X-User-Id", []string{"X-User-Id", w.sub("jo")}},
		{"a listed header replaces the default of its name", "forward username > X-Cognito-Sub", w.joHeaders("X-Cognito-Sub", "jo")},
		{"forward token passes the token on", "forward token", w.joHeaders("Authorization", "Bearer "+token)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w.load(setup{site: "cognito_auth main {\n" + row.lines + "\n}\nreverse_proxy $UPSTREAM"})
			w.wantStatus(200, w.bearer(token))
			w.upstream.one(t).wantIdentity(t, row.want...)
		})
	}
}

// decodeText is the inverse that README gives to upstreams.
func decodeText(t *testing.T, value string) string {
	t.Helper()
	text, err := url.PathUnescape(value)
	check(t, err)
	return text
}

func decodeList(t *testing.T, value string) (members []string) {
	t.Helper()
	for member := range strings.SplitSeq(value, ",") {
		members = append(members, decodeText(t, member))
	}
	return members
}

// TestSerializationIsReversible sends random claims through the whole proxy and
// reads them back from the headers.
func TestSerializationIsReversible(t *testing.T) {
	w := started(t, setup{level: "INFO", server: "max_header_size 1MB", site: `cognito_auth main {
		forward text > X-Text
		forward list > X-List
		forward object > X-Object
		forward text > X-Json-Text json
	}
	reverse_proxy $UPSTREAM`})
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		text, list := randomText(random), randomList(random)
		object := map[string]any{text: list, "n": float64(random.IntN(1 << 20))}
		w.wantStatus(200, w.bearer(w.access(with("text", text, "list", list, "object", object))))
		w.checkRoundTrip(text, list, object)
		if t.Failed() {
			return
		}
	}
}

func (w *world) checkRoundTrip(text string, list []any, object map[string]any) {
	w.Helper()
	got := w.upstream.one(w.T).header
	if back := decodeText(w.T, got.Get("X-Text")); back != text {
		w.Errorf("expected text %q, got %q", text, back)
	}
	if back := decodeList(w.T, got.Get("X-List")); fmt.Sprint(back) != fmt.Sprint(list) || len(back) != len(list) {
		w.Errorf("expected list %q, got %q", list, back)
	}
	if back := decode(w.T, got.Get("X-Object")); !reflect.DeepEqual(back, object) {
		w.Errorf("expected object %v, got %v", object, back)
	}
	if back := decode(w.T, `{"text":`+got.Get("X-Json-Text")+`}`); back["text"] != text {
		w.Errorf("expected JSON text %q, got %q", text, back["text"])
	}
	for _, name := range []string{"X-Text", "X-List", "X-Object", "X-Json-Text"} {
		if strings.ContainsFunc(got.Get(name), func(r rune) bool { return r < ' ' || r > '~' }) {
			w.Errorf("%s: expected printable ASCII, got %q", name, got.Get(name))
		}
	}
}

// alphabet has everything that could break a header, a list or the encoding.
var alphabet = []rune("aZ09 ,%\"\\\x00\r\n\t\x7f;:={}[]~é€😀\u0085\u2028\ufeff\u202e+&<>'")

func randomText(random *rand.Rand) string {
	text := make([]rune, random.IntN(12))
	for i := range text {
		text[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(text)
}

func randomList(random *rand.Rand) []any {
	list := make([]any, 1+random.IntN(4)) // an empty list is an absent header
	for i := range list {
		list[i] = randomText(random)
	}
	return list
}
