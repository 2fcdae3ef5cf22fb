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
	of := func(input string) []string {
		_, err := parseApp(dispense(t, input))
		return words(t, err)
	}
	signin := func(line string) []string {
		_, err := parse.ParseSignin(dispense(t, "cognito_signin main {\n "+line+"\n}"))
		return words(t, err)
	}
	_, authErr := parse.ParseAuth(dispense(t, "cognito_auth main {\n x\n}"))
	_, s3Err := parseS3(dispense(t, "cognito_s3 photos {\n x\n}"))
	_, injectErr := parseTransport(dispense(t, "cognito_aws {\n inject {\n  x\n }\n}"))
	for _, row := range []struct {
		name  string
		words []string
		typ   reflect.Type
		more  []string // keys that arguments set
	}{
		{"the global option", of("cognito {\n x\n}"), reflect.TypeFor[config.App](), nil},
		{"user_pool", of("cognito {\n user_pool main local_1 {\n  x\n }\n}"), reflect.TypeFor[config.UserPool](), []string{"id", "client_secret"}},
		{"session", of("cognito {\n user_pool main local_1 {\n  session {\n   x\n  }\n }\n}"), reflect.TypeFor[config.Session](), nil},
		{"identity_pool", of("cognito {\n identity_pool a {env.X} {\n  x\n }\n}"), reflect.TypeFor[config.IdentityPool](), []string{"id"}},
		{"basic", of("cognito {\n identity_pool a {env.X} {\n  basic {\n   x\n  }\n }\n}"), reflect.TypeFor[config.STS](), nil},
		{"web_identity", of("cognito {\n web_identity a {\n  x\n }\n}"), reflect.TypeFor[config.WebIdentity](), []string{"endpoint"}},
		{"cognito_auth", words(t, authErr), reflect.TypeFor[config.Auth](), []string{"pool", "user_pool", "forward_none", "forward_token"}},
		{"cognito_s3", words(t, s3Err), reflect.TypeFor[config.S3](), []string{"bucket", "index_none"}},
		{"inject", words(t, injectErr), reflect.TypeFor[config.Inject](), nil},
		{"cognito_signin", signin("x"), reflect.TypeFor[config.Signin](), []string{"pool"}},
		{"page", signin("page {\n  x\n }"), reflect.TypeFor[config.Page](), nil},
		{"custom_challenge", signin("page {\n  custom_challenge {\n   x\n  }\n }"), reflect.TypeFor[config.CustomChallenges](), nil},
		{"sign_up", signin("page {\n  sign_up a {\n   x\n  }\n }"), reflect.TypeFor[config.SignUp](), []string{"attribute"}},
		{"hosted", signin("hosted {\n  x\n }"), reflect.TypeFor[config.Hosted](), nil},
	} {
		got := slices.Sorted(slices.Values(append(row.words, row.more...)))
		if want := keys(row.typ); !slices.Equal(got, want) {
			t.Errorf("%s: expected the words to be the keys %q, got %q", row.name, want, got)
		}
	}
}

// examples are arguments of words whose values have a form of their own. Those of
// all others go by their type. A word that has two forms stands here with its
// struct.
var examples = map[string]string{
	"role_arn": readers, "policy_arn": readers, "group_role": "a " + readers, "login": "main x", "policy": "`{}`", "user_pool": "main", "region": "eu-west-1",
	"duration": "7h", "credentials": "media", "addressing": "path", "index": "a", "methods": "PUT", "allow_query": "acl", "allow_header": "x-amz-acl",
	"service": "es", "error_document": "a", "basic": "{\n region a\n }", "inject": "{\n expires X\n }",
	"session": "{\n idle 1h\n }", "cookie": "__Host-a", "cookie_domain": "example.com", "absolute": "7d", "Signin.prefix": "/a", "deliver": "tokens", "limit": "user 7",
	"page": "{\n title a\n }", "hosted": "{\n scope openid\n }", "flow": "USER_AUTH", "preferred": "PASSWORD", "Page.login": "any", "accent": `"#000000" "#ffffff"`, "language": "en",
	"password_rules": "8 upper", "input": "a date", "custom_challenge": "{\n template a\n }", "provider": "a b", "sign_up": "a", "allow": "a script self",
	"scope": "openid", "pass": "lang",
}

var examplesByType = map[reflect.Type]string{
	reflect.TypeFor[string]():         "https://example.com",
	reflect.TypeFor[[]string]():       "https://example.com",
	reflect.TypeFor[bool]():           "",
	reflect.TypeFor[int]():            "7",
	reflect.TypeFor[int64]():          "7",
	reflect.TypeFor[caddy.Duration](): "7h",
}

// expectFills parses a block of each word with what the block needs besides, and
// expects the word to fill the field whose key it is, and no other.
func expectFills[T any](t *testing.T, needs map[string]string, except []string, parse func(block string) (T, error)) {
	t.Helper()
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if key == "" || slices.Contains(except, key) {
			continue
		}
		example, ok := examples[reflect.TypeFor[T]().Name()+"."+key]
		if !ok {
			example, ok = examples[key]
		}
		if !ok {
			example = examplesByType[field.Type]
		}
		block := " " + key + " " + example + "\n"
		for word, line := range needs {
			if word != key && line != "" {
				block += " " + line + "\n"
			}
		}
		value, err := parse(block)
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		var got map[string]any
		decodeAgain(t, value, &got)
		for need := range needs {
			if need != key {
				delete(got, need)
			}
		}
		if len(got) != 1 || got[key] == nil {
			t.Errorf("expected %s to fill its key and no other, got %v", key, got)
		}
	}
}

func decodeAgain(t *testing.T, value, target any) {
	t.Helper()
	document, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(document, target); err != nil {
		t.Fatal(err)
	}
}

func TestEachWordOfAnEntryFillsItsKey(t *testing.T) {
	client := map[string]string{"client": "client a", "id": ""}
	expectFills(t, client, []string{"id", "any_client", "client_secret"}, func(block string) (config.UserPool, error) {
		app, err := parseApp(dispense(t, "cognito {\n user_pool main local_1 {\n"+block+" }\n}"))
		return valueOf(app.UserPools["main"]), err
	})
	main := map[string]string{"user_pool": "user_pool main", "role_arn": "role_arn " + readers, "id": "", "endpoint": ""}
	expectFills(t, main, []string{"endpoint"}, func(block string) (config.WebIdentity, error) {
		app, err := parseApp(dispense(t, "cognito {\n web_identity main https://x {\n"+block+" }\n}"))
		return valueOf(app.WebIdentities["main"]), err
	})
	expectFills(t, main, []string{"id"}, func(block string) (config.IdentityPool, error) {
		app, err := parseApp(dispense(t, "cognito {\n identity_pool main "+identityPoolID+" {\n"+block+" }\n}"))
		return valueOf(app.IdentityPools["main"]), err
	})
	expectFills(t, nil, nil, func(block string) (config.STS, error) {
		app, err := parseApp(dispense(t, "cognito {\n identity_pool main "+identityPoolID+" {\n user_pool a\n preferred_role\n basic {\n"+block+"}\n }\n}"))
		if err != nil {
			return config.STS{}, err
		}
		return *app.IdentityPools["main"].Basic, nil
	})
}

func TestEachWordOfSigninFillsItsKey(t *testing.T) {
	signin := func(before, block, after string) (config.Signin, error) {
		return parse.ParseSignin(dispense(t, "cognito_signin main {\n"+before+block+after+"}"))
	}
	expectFills(t, map[string]string{"pool": ""}, []string{"pool"}, func(block string) (config.Signin, error) {
		return signin("", block, "")
	})
	expectFills(t, map[string]string{"flow": "flow USER_AUTH"}, nil, func(block string) (config.Page, error) {
		got, err := signin(" page {\n", block, " }\n")
		return valueOf(got.Page), err
	})
	expectFills(t, nil, nil, func(block string) (config.CustomChallenges, error) {
		got, err := signin(" page {\n custom_challenge {\n", block, " }\n }\n")
		return valueOf(valueOf(got.Page).Challenges), err
	})
	expectFills(t, nil, nil, func(block string) (config.Hosted, error) {
		got, err := signin(" hosted {\n", block, " }\n")
		return valueOf(got.Hosted), err
	})
	expectFills(t, nil, nil, func(block string) (config.Session, error) {
		app, err := parseApp(dispense(t, "cognito {\n user_pool main local_1 {\n client https://example.com\n session {\n"+block+"}\n }\n}"))
		return valueOf(valueOf(app.UserPools["main"]).Session), err
	})
}

func valueOf[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}

func TestEachWordOfAHandlerFillsItsKey(t *testing.T) {
	media := map[string]string{"credentials": "credentials media", "bucket": ""}
	expectFills(t, media, []string{"bucket", "index_none"}, func(block string) (config.S3, error) {
		return parseS3(dispense(t, "cognito_s3 photos {\n"+block+"}"))
	})
	expectFills(t, media, []string{"max_body"}, func(block string) (config.Transport, error) {
		got, err := parseTransport(dispense(t, "cognito_aws {\n"+block+"}"))
		if got.rest != "" {
			t.Errorf("expected nothing for Caddy's transport, got %s", got.rest)
		}
		return got.Transport, err
	})
}

// What the Caddyfile accepts comes back from JSON as it was.
func TestParsedConfigurationSurvivesJSON(t *testing.T) {
	app, err := parseApp(dispense(t, "cognito {\n user_pool a "+poolID+" {\n  client b {\n   secret c\n  }\n  session {\n   idle 1h\n  }\n  leeway 1s\n  cache_size 5\n }\n}"))
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
	exchanges, err := parseApp(dispense(t, "cognito {\n identity_pool a {env.A} {\n  user_pool b\n  login b c\n  group_role d e:{env.E}\n  basic {\n   policy {}\n  }\n }\n web_identity b {env.B}\n}"))
	if err != nil {
		t.Fatal(err)
	}
	expectRoundTrip(t, &exchanges, new(config.App))
	s3, err := parseS3(dispense(t, "cognito_s3 photos {\n credentials a\n index none\n max_upload 1MiB\n transport {\n  x\n }\n}"))
	if err != nil {
		t.Fatal(err)
	}
	expectRoundTrip(t, &s3, new(config.S3))
	signin, err := parse.ParseSignin(dispense(t, "cognito_signin a {\n limit user 5\n page {\n  input b date\n  provider c\n  sign_up d\n }\n hosted\n}"))
	if err != nil {
		t.Fatal(err)
	}
	expectRoundTrip(t, &signin, new(config.Signin))
	transport, err := parseTransport(dispense(t, "cognito_aws {\n credentials a\n inject\n}"))
	if err != nil {
		t.Fatal(err)
	}
	expectRoundTrip(t, &transport.Transport, new(config.Transport))
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
