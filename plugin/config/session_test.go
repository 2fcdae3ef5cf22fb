package config_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

func TestPoolsForSigninAreAccepted(t *testing.T) {
	validateAll[config.UserPool](t, []row{
		{"every key", `{"id":"local_1","client":["a","b"],"client_secret":{"a":["x"],"b":["x","y"]},"domain":"auth.example.com","session":{"client":"a",
			"secret":["x","y"],"cookie":"__Secure-id","cookie_domain":"example.com","idle":"168h","absolute":"168h","refresh_token_rotation":true}}`, ``},
		{"the secret of any client", `{"id":"local_1","any_client":true,"client_secret":{"a":["x"]},"session":{"client":"b"}}`, ``},
		{"keys that are made", `{"id":"local_1","client":["a"],"session":{"rotate":"1h","cookie":"__Host-~!#$%&'*+.^_|-"}}`, ``},
		{"a domain of Cognito", `{"id":"local_1","client":["a"],"domain":"example-1.auth.eu-west-1.amazoncognito.com"}`, ``},
		{"a domain that is a URL", `{"id":"local_1","client":["a"],"domain":"https://cognito:9229/"}`, ``},
		{"a domain on this machine", `{"id":"local_1","client":["a"],"domain":"http://localhost:9229"}`, ``},
		{"an http domain elsewhere, when allowed", `{"id":"local_1","client":["a"],"domain":"http://cognito:9229","insecure_http":true}`, ``},
	})
}

func TestPoolsForSigninAreRefused(t *testing.T) {
	const (
		badHost   = `domain: expected a host name such as auth.example.com, in lower case and without path, or a URL that starts with https://, got `
		badCookie = `session: cookie: expected a name that starts with __Host- or __Secure-, got `
		tossed    = `; any other can be overwritten by sibling hosts or over plain http`
		badDomain = `session: cookie_domain: expected a domain such as example.com, in lower case and without a leading dot, got `
		count     = `client_secret: client "a": expected one secret, or two while they are exchanged, got `
	)
	wants := map[string]string{
		`"client_secret":{"b":["hush"]}`:                                  `client_secret: "b" is not an app client of the pool; name it in client, too`,
		`"client_secret":{"":["hush"]}`:                                   `client_secret: expected the ID of an app client, got ""`,
		`"client_secret":{"{env.X}":["hush"]}`:                            `client_secret: "{env.X}" is not an app client of the pool; name it in client, too`,
		`"client_secret":{"a":[]}`:                                        count + `0`,
		`"client_secret":{"a":null}`:                                      count + `0`,
		`"client_secret":{"a":["hush","hush1","hush2"]}`:                  count + `3`,
		`"client_secret":{"a":["hush",""]}`:                               `client_secret: client "a": secret 2: must not be empty`,
		`"client_secret":{"a":["hush","hush"]}`:                           `client_secret: client "a": secret 2: is the same as secret 1; remove one of them`,
		`"domain":"example"`:                                              `domain: expected the whole host name, such as example.auth.eu-west-1.amazoncognito.com, got "example"; the AWS console shows it`,
		`"domain":"http://auth.example.com"`:                              `domain: http is for this machine only, got "http://auth.example.com"; use https, or set insecure_http in a test network`,
		`"domain":"https://a.b/?x"`:                                       `domain: ` + badURL + `"https://a.b/?x"`,
		`"domain":"https://a.b/login"`:                                    `domain: expected a URL without path, got "https://a.b/login"`,
		`"domain":"ftp://a.b"`:                                            `domain: ` + badURL + `"ftp://a.b"`,
		`"domain":"u:hush@a.b"`:                                           `domain: ` + withoutPassword,
		`"domain":"https://u:hush@a.b"`:                                   `domain: ` + withoutPassword,
		`"session":{"client":"b"}`:                                        `session: client: "b" is not an app client of the pool; name it in client, too`,
		`"session":{"secret":[""]}`:                                       `session: secret 1: must not be empty`,
		`"session":{"secret":["hush","hush1","hush"]}`:                    `session: secret 3: is the same as secret 1; remove one of them`,
		`"session":{"secret":["hush"],"rotate":"1h"}`:                     `session: rotate: cannot be combined with secret, since such keys are not made here; remove one of them`,
		`"session":{"idle":-1}`:                                           `session: idle: expected 0 or more, got -1ns`,
		`"session":{"absolute":"-1h"}`:                                    `session: absolute: expected 0 or more, got -1h0m0s`,
		`"session":{"rotate":-1}`:                                         `session: rotate: expected 0 or more, got -1ns`,
		`"session":{"idle":"169h"}`:                                       `session: absolute: expected at least idle, 169h0m0s, got 168h0m0s; shorten idle or lengthen absolute`,
		`"session":{"idle":"2h","absolute":"1h"}`:                         `session: absolute: expected at least idle, 2h0m0s, got 1h0m0s; shorten idle or lengthen absolute`,
		`"session":{"cookie":"__Host-a","cookie_domain":"example.com"}`:   `session: cookie: "__Host-a" cannot be combined with cookie_domain, since browsers refuse that; start the name with __Secure-, or remove one of them`,
		`"session":{"cookie":"__Secure-a","cookie_domain":"192.168.0.1"}`: badDomain + `"192.168.0.1"`,
	}
	for _, host := range []string{"a.b/c", "a.b:443", "A.b", "a..b", ".a.b", "a.b.", "a_b.c", "a.b?", "{env.X}.b", "*.a.b", "a b.c"} {
		wants[`"domain":"`+host+`"`] = badHost + `"` + host + `"`
	}
	for _, cookie := range []string{"sid", "__Host-", "__host-a", "__Host-a b", "__Host-a=b", "__Host-a;b", "__Host_a", "X__Host-a", "__Host-ä", "__Host-{env.X}"} {
		wants[`"session":{"cookie":"`+cookie+`"}`] = badCookie + `"` + cookie + `"` + tossed
	}
	for _, domain := range []string{"com", ".example.com", "example.com.", "https://example.com", "Example.com", "example.com:443", "*.example.com", "{env.X}"} {
		wants[`"session":{"cookie_domain":"`+domain+`"}`] = badDomain + `"` + domain + `"`
	}
	validateAll[config.UserPool](t, fragments(`{"id":"local_1","client":["a"],`, `}`, wants))
	for document, want := range wants {
		if strings.Contains(want, "hush") {
			t.Errorf("%s: expected no secret in %s", document, want)
		}
	}
}

func TestHostedURL(t *testing.T) {
	for domain, want := range map[string]string{
		"": "", "auth.example.com": "https://auth.example.com", "https://cognito:9229/": "https://cognito:9229", "http://localhost:9229": "http://localhost:9229",
	} {
		if got := (&config.UserPool{Domain: domain}).HostedURL(); got != want {
			t.Errorf("%s: expected %q, got %q", domain, want, got)
		}
	}
}

func TestSettingsOfPoolsForSignin(t *testing.T) {
	const (
		idle = `session: absolute: expected at least idle, 24h0m0s, got 1h0m0s; shorten idle or lengthen absolute`
		same = `session: secret 3: is the same as secret 2; remove one of them`
		host = `session: cookie: "__Host-a" cannot be combined with cookie_domain, since browsers refuse that; start the name with __Secure-, or remove one of them`
	)
	expectSettings[config.UserPool](t, []settingsRow{
		{`{"client_secret":{"{env.A}":["{env.A}","{env.A}"],"b":["{env.A}"]},"domain":"{env.A}","session":{}}`, ``, ``},
		{`{"session":{"client":"{env.A}","secret":["{env.A}","{env.A}"],"cookie":"__Host-a","cookie_domain":"{env.A}"}}`, ``, ``},
		{`{"session":{"idle":"24h","absolute":"1h"}}`, ``, idle},
		{`{"session":{"absolute":"1h"}}`, ``, ``},
		{`{"session":{"absolute":"1h","idle":"1h"}}`, ``, ``},
		{`{"domain":"http://x"}`, ``, `domain: http` + insecure},
		{`{"session":{"secret":["{env.A}","x","x"]}}`, same, same},
		{`{"session":{"cookie":"__Host-a","cookie_domain":"a.b"}}`, host, host},
	})
}

func TestResolveForSignin(t *testing.T) {
	t.Setenv("COGNITO_TEST_A", "a")
	expectResolved[config.UserPool](t,
		`{"id":"local_1","client":["{env.COGNITO_TEST_A}"],"client_secret":{"{env.COGNITO_TEST_A}":["{env.COGNITO_TEST_A}","b"],"c":["d"]},"domain":"{env.COGNITO_TEST_A}.b",
			"session":{"client":"{env.COGNITO_TEST_A}","secret":["{env.COGNITO_TEST_A}","b"],"cookie":"c","cookie_domain":"{env.COGNITO_TEST_A}.b","idle":5}}`,
		`{"id":"local_1","client":["a"],"client_secret":{"a":["a","b"],"c":["d"]},"domain":"a.b",
			"session":{"client":"a","secret":["a","b"],"cookie":"c","cookie_domain":"a.b","idle":5}}`)
	expectResolved[config.Signin](t,
		`{"pool":"main","origin":"https://{env.COGNITO_TEST_A}","return_to":["b","{env.COGNITO_TEST_A}"],"sign_out_to":"/{env.COGNITO_TEST_A}",
			"claim":["{env.COGNITO_TEST_A}"],"page":{"title":"{env.COGNITO_TEST_A} b","logo":"file:{env.COGNITO_TEST_A}","templates":"/{env.COGNITO_TEST_A}","login":"any"}}`,
		`{"pool":"main","origin":"https://a","return_to":["b","a"],"sign_out_to":"/a",
			"claim":["{env.COGNITO_TEST_A}"],"page":{"title":"a b","logo":"file:a","templates":"/a","login":"any"}}`)
}

func TestResolveForSigninRefuses(t *testing.T) {
	t.Setenv("COGNITO_TEST_A", "a")
	const (
		loaded = `; it needs a value when the configuration is loaded`
		unset  = `evaluated placeholder {env.COGNITO_TEST_UNSET} is empty` + loaded
		within = `a placeholder in it is unknown or empty` + loaded
	)
	expectUnresolved[config.UserPool](t, map[string]string{
		`{"client_secret":{"{env.COGNITO_TEST_UNSET}":["a"]}}`:                           `client_secret: ` + unset,
		`{"client_secret":{"{env.COGNITO_TEST_A}":["x"],"a":["y"]}}`:                     `client_secret: client "a" stands here twice; remove one of them`,
		`{"client_secret":{"b":["a","{env.COGNITO_TEST_UNSET}"]}}`:                       `client_secret: client "b": secret 2: ` + unset,
		`{"client_secret":{"b":["{env.COGNITO_TEST_UNSET}"],"a":["hush{hush}hush"]}}`:    `client_secret: client "a": secret 1: ` + within,
		`{"domain":"{env.COGNITO_TEST_UNSET}"}`:                                          `domain: ` + unset,
		`{"session":{"client":"{env.COGNITO_TEST_UNSET}"}}`:                              `session: client: ` + unset,
		`{"session":{"secret":["a","hush{env.COGNITO_TEST_UNSET}"]}}`:                    `session: secret 2: ` + within,
		`{"session":{"secret":["a{b}"],"cookie_domain":"{env.COGNITO_TEST_UNSET}"}}`:     `session: secret 1: ` + within,
		`{"session":{"secret":["a"],"cookie_domain":"x.{env.COGNITO_TEST_UNSET}"}}`:      `session: cookie_domain: ` + unset,
		`{"session":{"secret":["{env.COGNITO_TEST_A}","{env.COGNITO_TEST_UNSET}"]}}`:     `session: secret 2: ` + unset,
		`{"any_client":true,"client_secret":{"{env.COGNITO_TEST_A}x{cognito.y}":["y"]}}`: `client_secret: unrecognized placeholder {cognito.y}` + loaded,
	})
	expectUnresolved[config.Signin](t, map[string]string{
		`{"origin":"{env.COGNITO_TEST_UNSET}"}`:             `origin: ` + unset,
		`{"return_to":["a","{env.COGNITO_TEST_UNSET}"]}`:    `return_to: ` + unset,
		`{"sign_out_to":"{env.COGNITO_TEST_UNSET}"}`:        `sign_out_to: ` + unset,
		`{"page":{"title":"{env.COGNITO_TEST_UNSET}"}}`:     `page: title: ` + unset,
		`{"page":{"logo":"{env.COGNITO_TEST_UNSET}"}}`:      `page: logo: ` + unset,
		`{"page":{"templates":"{env.COGNITO_TEST_UNSET}"}}`: `page: templates: ` + unset,
	})
}

// Whoever changes what was resolved does not change what was configured.
func TestResolvedSharesNothing(t *testing.T) {
	expectApart[config.UserPool](t)
	expectApart[config.Signin](t)
}

func expectApart[T any, P placeholders[T]](t *testing.T) {
	t.Helper()
	value := P(new(T))
	fill(t, reflect.ValueOf(value).Elem())
	resolved, err := value.Resolve(caddy.NewReplacer())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(resolved, (*T)(value)) {
		t.Errorf("expected %+v, got %+v", value, resolved)
	}
	apart(t, reflect.TypeFor[T]().Name(), reflect.ValueOf(value), reflect.ValueOf(resolved))
}

func apart(t *testing.T, path string, a, b reflect.Value) {
	t.Helper()
	switch a.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if a.Pointer() == b.Pointer() {
			t.Errorf("%s: expected memory of its own", path)
		}
	}
	switch a.Kind() {
	case reflect.Pointer:
		apart(t, path, a.Elem(), b.Elem())
	case reflect.Slice:
		apart(t, path+"[0]", a.Index(0), b.Index(0))
	case reflect.Map:
		apart(t, path+"[x]", a.MapIndex(reflect.ValueOf("x")), b.MapIndex(reflect.ValueOf("x")))
	case reflect.Struct:
		for i := range a.NumField() {
			apart(t, path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
		}
	}
}
