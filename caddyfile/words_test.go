package caddyfile_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// keys are the JSON keys of a struct, those of embedded structs included.
func keys(typ reflect.Type) []string {
	var list []string
	for _, field := range reflect.VisibleFields(typ) {
		if key, _, _ := strings.Cut(field.Tag.Get("json"), ","); key != "" {
			list = append(list, key)
		}
	}
	slices.Sort(list)
	return list
}

// words are those that a block knows, as its error for an unknown word says.
func words(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		t.Fatal("expected an error for an unknown word")
	}
	_, list, _ := strings.Cut(err.Error(), "expected ")
	list, _, _ = strings.Cut(strings.TrimPrefix(list, "one of "), ", at ")
	return strings.Split(list, ", ")
}

// Whoever knows the Caddyfile knows the JSON, and the other way round.
func TestWordsAreTheKeysOfJSON(t *testing.T) {
	_, appErr := parseApp(dispense(t, "cognito {\n x\n}"))
	_, poolErr := parseApp(dispense(t, "cognito {\n user_pool main local_1 {\n  x\n }\n}"))
	_, authErr := parse.ParseAuth(dispense(t, "cognito_auth main {\n x\n}"))
	for _, row := range []struct {
		name  string
		words []string
		typ   reflect.Type
		more  []string // keys that arguments set
	}{
		{"the global option", words(t, appErr), reflect.TypeFor[config.App](), nil},
		{"user_pool", words(t, poolErr), reflect.TypeFor[config.UserPool](), []string{"id"}},
		{"cognito_auth", words(t, authErr), reflect.TypeFor[config.Auth](), []string{"pool", "user_pool", "forward_none", "forward_token"}},
	} {
		got := slices.Sorted(slices.Values(append(row.words, row.more...)))
		if want := keys(row.typ); !slices.Equal(got, want) {
			t.Errorf("%s: expected the words to be the keys %q, got %q", row.name, want, got)
		}
	}
}

// Each word fills the field whose key it is, and no other.
func TestEachWordOfAPoolFillsItsKey(t *testing.T) {
	examples := map[reflect.Type]string{
		reflect.TypeFor[string]():         "https://example.com",
		reflect.TypeFor[[]string]():       "https://example.com",
		reflect.TypeFor[bool]():           "",
		reflect.TypeFor[int]():            "7",
		reflect.TypeFor[caddy.Duration](): "7h",
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config.UserPool]()) {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if key == "id" {
			continue
		}
		client := "any_client"
		if strings.HasSuffix(key, "client") {
			client = ""
		}
		app, err := parseApp(dispense(t, "cognito {\n user_pool main local_1 {\n  "+key+" "+examples[field.Type]+"\n  "+client+"\n }\n}"))
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		document, err := json.Marshal(app.UserPools["main"])
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(document, &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "id")
		if client != "" {
			delete(got, client)
		}
		if len(got) != 1 || got[key] == nil {
			t.Errorf("expected %s to fill its key and no other, got %v", key, got)
		}
	}
}

// What the Caddyfile accepts comes back from JSON as it was.
func TestParsedConfigurationSurvivesJSON(t *testing.T) {
	app, err := parseApp(dispense(t, "cognito {\n user_pool a "+poolID+" {\n  client b\n  leeway 1s\n  cache_size 5\n }\n}"))
	if err != nil {
		t.Fatal(err)
	}
	expectRoundTrip(t, &app, new(config.App))
	auth, err := parse.ParseAuth(dispense(t, "cognito_auth "+poolID+" a {\n token_source cookie x\n require max_age 1d\n forward sub > X json\n forward none\n}"))
	if err != nil {
		t.Fatal(err)
	}
	expectRoundTrip(t, &auth, new(config.Auth))
	match, err := parse.ParseMatch(dispense(t, "cognito {\n group a\n claim b c\n}"))
	if err != nil {
		t.Fatal(err)
	}
	expectRoundTrip(t, &match, new(config.Match))
}

func expectRoundTrip(t *testing.T, want, got any) {
	t.Helper()
	document, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.StrictUnmarshalJSON(document, got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("expected %+v, got %+v", want, got)
	}
}
