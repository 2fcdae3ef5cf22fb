package config_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

func TestAuthValidateAccepts(t *testing.T) {
	validateAll[config.Auth](t, []row{
		{"one pool", `{"pool":["main"]}`, ``},
		{"several pools", `{"pool":["main","other"]}`, ``},
		{"a pool of its own", `{"user_pool":{"id":"local_1","client":["a"]}}`, ``},
		{"every key", `{"pool":["main"],"token_source":[{"from":"authorization"},{"from":"header","name":"X-A"},{"from":"cookie","name":"X-A"},
			{"from":"query","name":"x-a"},{"from":"session"}],"token_use":["id","access"],"require":[{"kind":"scope","values":["a"]},{"kind":"max_age","values":["1d12h"]}],
			"optional":true,"forward":[{"claim":"sub","header":"X-A","json":true}],"forward_none":true,"forward_token":true,"errors":"json","redirect":"auto",
			"allow_preflight":true,"allow_ambiguous_path":true}`, ``},
	})
}

func TestAuthValidateRefuses(t *testing.T) {
	var rows []row
	for document, want := range map[string]string{
		`"errors":"JSON"`:                                                                `errors: expected json, got "JSON"; to let handle_errors shape refusals, leave errors out`,
		`"token_use":["refresh"]`:                                                        `token_use: expected access or id, got "refresh"`,
		`"token_use":[""]`:                                                               `token_use: must not be empty`,
		`"token_use":["id","id"]`:                                                        `token_use: "id" stands here twice; remove one of them`,
		`"token_source":[{}]`:                                                            `token_source: expected authorization, session, header, cookie or query, got ""`,
		`"token_source":[{"from":"Cookie","name":"a"}]`:                                  `token_source: expected authorization, session, header, cookie or query, got "Cookie"`,
		`"token_source":[{"from":"cookie"}]`:                                             `token_source: cookie: expected the name of the cookie, got ""`,
		`"token_source":[{"from":"header","name":"a:"}]`:                                 `token_source: header: expected the name of the header, got "a:"`,
		`"token_source":[{"from":"query","name":"a b"}]`:                                 `token_source: query: expected the name of the query parameter, got "a b"`,
		`"token_source":[{"from":"authorization","name":"x"}]`:                           `token_source: authorization takes no name, got "x"`,
		`"token_source":[{"from":"session","name":"x"}]`:                                 `token_source: session takes no name, got "x"`,
		`"redirect":"true"`:                                                              `redirect: expected auto, always or never, got "true"`,
		`"token_source":[{"from":"authorization"},{"from":"authorization"}]`:             `token_source: "authorization" stands here twice; remove one of them`,
		`"token_source":[{"from":"header","name":"AUTHORIZATION"}]`:                      `token_source: for the Authorization header, write authorization instead of header Authorization`,
		`"token_source":[{"from":"header","name":"X-A"},{"from":"header","name":"x-a"}]`: `token_source: "header x-a" stands here twice; remove one of them`,
		`"require":[{"kind":"","values":["a"]}]`:                                         `require: unknown requirement "": expected scope, group, acr, max_age or claim`,
		`"require":[{"kind":"group","values":[]}]`:                                       `require: requirement "group": expected one or more values, none of them empty`,
		`"require":[{"kind":"acr","values":null}]`:                                       `require: requirement "acr": expected one or more values, none of them empty`,
		`"require":[{"kind":"claim","values":["a"]}]`:                                    `require: claim: expected the name of a claim and one or more values`,
		`"require":[{"kind":"claim","values":["","b"]}]`:                                 `require: requirement "claim": expected one or more values, none of them empty`,
		`"require":[{"kind":"max_age","values":["0s"]}]`:                                 `require: requirement "max_age": expected one duration such as 15m, got "0s"`,
		`"require":[{"kind":"max_age","values":[]}]`:                                     `require: requirement "max_age": expected one duration such as 15m, got ""`,
		`"require":[{"kind":"group","values":["{env.X}"]}]`:                              `require: placeholders are not replaced here, got {env.X}; in a Caddyfile, {$NAME} takes a value from the environment`,
		`"forward":[{"header":"X-A"}]`:                                                   `forward: expected the name of a claim for header "X-A"`,
		`"forward":[{"claim":"sub"}]`:                                                    `forward: expected a header name of letters, digits and hyphens, got ""`,
		`"forward":[{"claim":"{env.X}","header":"A"}]`:                                   `forward: placeholders are not replaced here, got {env.X}; in a Caddyfile, {$NAME} takes a value from the environment`,
		`"forward":[{"claim":"sub","header":"X-A\r\nB: c"}]`:                             `forward: expected a header name of letters, digits and hyphens, got "X-A\r\nB: c"`,
		`"forward":[{"claim":"sub","header":"X_A"}]`:                                     `forward: expected a header name of letters, digits and hyphens, got "X_A"`,
		`"forward":[{"claim":"sub","header":"-A"}]`:                                      `forward: expected a header name of letters, digits and hyphens, got "-A"`,
		`"forward":[{"claim":"sub","header":"connection"}]`:                              `forward: header "connection" has a meaning of its own and cannot carry a claim; choose another name, such as X-User-Id`,
		`"forward":[{"claim":"sub","header":"AUTHORIZATION"}]`:                           `forward: header "AUTHORIZATION" has a meaning of its own and cannot carry a claim; to pass the token on, use forward token (forward_token in JSON)`,
		`"forward":[{"claim":"a","header":"X-A"},{"claim":"b","header":"x-a"}]`:          `forward: header "x-a" is set twice; choose another name for one of them`,
	} {
		rows = append(rows, row{document, `{"pool":["main"],` + document + `}`, want})
	}
	validateAll[config.Auth](t, rows)
}

// It cannot set cookies.
func TestProvidersHaveNoSessions(t *testing.T) {
	for document, want := range map[string]string{
		`{"pool":["main"],"token_source":[{"from":"cookie","name":"a"}]}`: ``,
		`{"pool":["main"],"token_source":[{"from":"authorization"},{"from":"session"}]}`: `token_source: session is for cognito_auth, ` +
			`since Caddy's authentication handler cannot renew a session, which sets cookies; use cognito_auth, or remove it here`,
		`{"pool":["main"],"token_source":[{"from":"session","name":"a"}]}`: `token_source: session takes no name, got "a"`,
		`{"token_source":[]}`: `pool: required; name a configured user_pool, or give a pool ID and its app clients`,
	} {
		var check config.Check
		decode(t, document, &check)
		expectText(t, check.ValidateProvider(), want)
	}
}

func TestCheckValidateRefusesPools(t *testing.T) {
	const another = `; app clients belong into that user_pool`
	validateAll[config.Check](t, []row{
		{"none", `{}`, `pool: required; name a configured user_pool, or give a pool ID and its app clients`},
		{"an empty list", `{"pool":[]}`, `pool: required; name a configured user_pool, or give a pool ID and its app clients`},
		{"null", `{"user_pool":null}`, `pool: required; name a configured user_pool, or give a pool ID and its app clients`},
		{"both", `{"pool":["main"],"user_pool":{"id":"local_1"}}`, `user_pool: cannot be combined with pool; name the pools or configure one here`},
		{"a name twice", `{"pool":["a","a"]}`, `pool: "a" stands here twice; remove one of them`},
		{"an empty name", `{"pool":[""]}`, `pool: must not be empty`},
		{"a pool ID", `{"pool":["eu-west-1_a"]}`, `pool: expected the name of a user_pool, got the pool ID "eu-west-1_a"; a pool that is used by its ID stands alone, and first, with its app clients after it`},
		{"an app client before its pool ID", `{"pool":["1h57kf5cpq17m0eml12example","eu-west-1_a"]}`, `pool: expected the name of a user_pool, got the pool ID "eu-west-1_a"; a pool that is used by its ID stands alone, and first, with its app clients after it`},
		{"a placeholder", `{"pool":["{env.X}"]}`, `pool: expected the name of a user_pool, got "{env.X}"` + another},
		{"a client", `{"pool":["main","1h57"]}`, `pool: expected the name of a user_pool, got "1h57"` + another},
	})
}

func TestMatchValidate(t *testing.T) {
	validateAll[config.Match](t, []row{
		{"no requirement", `{}`, ``},
		{"a requirement", `{"require":[{"kind":"group","values":["a"]}]}`, ``},
		{"an unknown one behind a good one", `{"require":[{"kind":"group","values":["a"]},{"kind":"role","values":["a"]}]}`, `require: unknown requirement "role": expected scope, group, acr, max_age or claim`},
	})
}

func TestRequirements(t *testing.T) {
	check := config.Check{Require: []config.Requirement{
		{Kind: "scope", Values: []string{"a", "b"}},
		{Kind: "claim", Values: []string{"plan", "gold", "{}"}},
		{Kind: "max_age", Values: []string{"1.5d"}},
	}}
	got, err := check.Requirements()
	if err != nil {
		t.Fatal(err)
	}
	want := []verifier.Requirement{
		{Kind: verifier.RequireScope, Values: []string{"a", "b"}},
		{Kind: verifier.RequireClaim, Claim: "plan", Values: []string{"gold", "{}"}},
		{Kind: verifier.RequireMaxAge, MaxAge: 36 * time.Hour},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("expected %+v, got %+v", want, got)
	}
}

// fill sets every field of a struct to something that is not its zero value.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			v.SetBytes([]byte(`{"x":1}`))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(t, value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("x"), value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("unexpected %v", v.Type())
	}
}

func TestJSONRoundTrip(t *testing.T) {
	for _, want := range []any{
		new(config.App), new(config.Auth), new(config.Check), new(config.Match), new(config.Transport), new(config.S3), new(config.CredentialsEndpoint),
		new(config.Signin),
	} {
		fill(t, reflect.ValueOf(want).Elem())
		document, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got := reflect.New(reflect.TypeOf(want).Elem()).Interface()
		if err := caddy.StrictUnmarshalJSON(document, got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("expected %+v, got %+v", want, got)
		}
	}
}

// What is not configured does not show, so that configurations stay readable.
func TestEmptyConfigurationIsAnEmptyObject(t *testing.T) {
	for _, value := range []any{
		config.App{}, config.UserPool{}, config.IdentityPool{}, config.WebIdentity{}, config.Auth{}, config.Check{}, config.Match{},
		config.Transport{}, config.Inject{}, config.S3{}, config.CredentialsEndpoint{}, config.Session{}, config.Signin{}, config.Page{}, config.PasswordRules{},
		config.CustomChallenges{}, config.SignUp{}, config.Hosted{},
	} {
		document, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if string(document) != "{}" {
			t.Errorf("%T: expected {}, got %s", value, document)
		}
	}
}

// Tags are the words of the Caddyfile: lower case, with underscores.
func TestKeysAreSnakeCase(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[config.App](), reflect.TypeFor[config.UserPool](), reflect.TypeFor[config.Auth](), reflect.TypeFor[config.Requirement](),
		reflect.TypeFor[config.TokenSource](), reflect.TypeFor[config.Forward](), reflect.TypeFor[config.Match](),
		reflect.TypeFor[config.IdentityPool](), reflect.TypeFor[config.WebIdentity](), reflect.TypeFor[config.GroupRole](),
		reflect.TypeFor[config.Login](), reflect.TypeFor[config.Transport](), reflect.TypeFor[config.Inject](), reflect.TypeFor[config.S3](),
		reflect.TypeFor[config.CredentialsEndpoint](), reflect.TypeFor[config.Session](), reflect.TypeFor[config.Signin](),
		reflect.TypeFor[config.Limit](), reflect.TypeFor[config.Page](), reflect.TypeFor[config.PasswordRules](),
		reflect.TypeFor[config.CustomChallenges](), reflect.TypeFor[config.Source](), reflect.TypeFor[config.Provider](),
		reflect.TypeFor[config.SignUp](), reflect.TypeFor[config.Hosted](),
	} {
		for _, field := range reflect.VisibleFields(typ) {
			key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !field.Anonymous && (key == "" || strings.ToLower(key) != key || strings.ContainsAny(key, "- .")) {
				t.Errorf("%v.%s: expected a key in lower case with underscores, got %q", typ, field.Name, key)
			}
		}
	}
}
