package plugin

import (
	"net/url"
	"strings"
	"testing"
	"testing/quick"

	"golang.org/x/net/http/httpguts"
)

func TestSerializeClaim(t *testing.T) {
	for _, row := range []struct {
		name, claims, claim string
		asJSON              bool
		want                string
		absent              bool
	}{
		{name: "printable ASCII stays as it is", claims: `"c":"orders/read (all)"`, want: "orders/read (all)"},
		{name: "a comma in a string stays", claims: `"c":"a,b"`, want: "a,b"},
		{name: "percent is encoded", claims: `"c":"100%25"`, want: "100%2525"},
		{name: "other characters are percent-encoded UTF-8", claims: `"c":"José"`, want: "Jos%C3%A9"},
		{name: "line breaks and NUL cannot pass", claims: `"c":"a\r\nX-Evil: 1\u0000"`, want: "a%0D%0AX-Evil: 1%00"},
		{name: "DEL cannot pass", claims: "\"c\":\"a\x7f\"", want: "a%7F"},
		{name: "spaces at the ends are kept by encoding them", claims: `"c":" a b "`, want: "%20a b%20"},
		{name: "an empty string is an empty value", claims: `"c":""`, want: ""},
		{name: "a list is joined", claims: `"c":["a","b"]`, want: "a,b"},
		{name: "a member of a list encodes its commas", claims: `"c":["a,b","c%"]`, want: "a%2Cb,c%25"},
		{name: "an empty first member is kept", claims: `"c":["","b"]`, want: ",b"},
		{name: "a list of one empty string is an empty value", claims: `"c":[""]`, want: ""},
		{name: "numbers in a list are JSON", claims: `"c":[1, true ,"x"]`, want: "1,true,x"},
		{name: "an object in a list is compact JSON with encoded commas", claims: `"c":[{"a": 1, "b":2}]`, want: `{"a":1%2C"b":2}`},
		{name: "an integer is JSON", claims: `"c":42`, want: "42"},
		{name: "a boolean is JSON", claims: `"c":true`, want: "true"},
		{name: "an object is compact ASCII JSON", claims: `"c":{"n": "é\n", "x": "😀"}`, want: `{"n":"\u00e9\n","x":"\ud83d\ude00"}`},
		{name: "a control character in an object stays escaped", claims: `"c":{"n":"` + "\x7f" + `"}`, want: `{"n":"\u007f"}`},
		{name: "json quotes a string", claims: `"c":"é"`, asJSON: true, want: `"\u00e9"`},
		{name: "json keeps a list", claims: `"c":["a", "b"]`, asJSON: true, want: `["a","b"]`},
		{name: "a missing claim is absent", claims: `"x":1`, absent: true},
		{name: "null is absent", claims: `"c":null`, absent: true},
		{name: "an empty list is absent", claims: `"c":[]`, absent: true},
		{name: "another case is another claim", claims: `"C":"x"`, absent: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			tok := verified(t, row.claims)
			got, ok := serializeClaim(tok, "c", row.asJSON)
			if got != row.want || ok == row.absent {
				t.Errorf("expected %q, %v, got %q, %v", row.want, !row.absent, got, ok)
			}
			if !httpguts.ValidHeaderFieldValue(got) {
				t.Errorf("%q is not a header value", got)
			}
		})
	}
}

func TestEncodeTextIsReversible(t *testing.T) {
	reversible := func(s string) bool {
		encoded := encodeText(s, true)
		decoded, err := url.PathUnescape(encoded)
		return err == nil && decoded == s && !strings.Contains(encoded, ",") &&
			httpguts.ValidHeaderFieldValue(encoded) && strings.TrimSpace(encoded) == encoded
	}
	if err := quick.Check(reversible, nil); err != nil {
		t.Error(err)
	}
}
