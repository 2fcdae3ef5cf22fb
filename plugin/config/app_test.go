package config_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

const (
	badName         = "; names start with a letter, hold letters, digits, - and _, and do not look like a pool ID"
	null            = `must not be null; give its settings`
	badURL          = `expected a URL that starts with https:// and has no query and no fragment, got `
	badARN          = `expected an ARN such as arn:aws:iam::111122223333:role/readers, got `
	badIdentityPool = `expected an identity pool ID such as eu-west-1:1d2c3b4a-0000-0000-0000-000000000000, got `
	noUserPool      = `user_pool: required; name the user pools whose tokens are exchanged`
	noClient        = `client: required; name the app clients whose tokens are accepted, or set any_client to accept all of them`
)

func TestAppValidate(t *testing.T) {
	validateAll[config.App](t, []row{
		{"no pools", `{}`, ``},
		{"a pool", `{"user_pool":{"main":{"id":"eu-west-1_a","client":["a"]}}}`, ``},
		{"a name with all that names may hold", `{"user_pool":{"Main_pool-2":{"id":"local_1","client":["a"]}}}`, ``},
		{"placeholders, which are judged later", `{"user_pool":{"main":{"id":"{env.POOL}","client":["{env.A}","{env.A}"]}}}`, ``},
		{"a placeholder in a list of valid pools", `{"user_pool":{"a":{"id":"local_1","client":["{env.A}"]},"b":{"id":"local_1"}}}`, `user_pool b: ` + noClient},

		{"a pool that is null", `{"user_pool":{"main":null}}`, `user_pool main: ` + null},
		{"an empty name", `{"user_pool":{"":{"id":"local_1","client":["a"]}}}`, `user_pool: expected a name of your choice, got ""` + badName},
		{"a pool ID as a name", `{"user_pool":{"eu-west-1_a":{"id":"eu-west-1_a","client":["a"]}}}`, `user_pool: expected a name of your choice, got "eu-west-1_a"` + badName},
		{"a placeholder as a name", `{"user_pool":{"{env.A}":{"id":"local_1","client":["a"]}}}`, `user_pool: expected a name of your choice, got "{env.A}"` + badName},
		{"a name with a line break", `{"user_pool":{"a\n":{"id":"local_1","client":["a"]}}}`, `user_pool: expected a name of your choice, got "a\n"` + badName},
		{"an empty pool", `{"user_pool":{"main":{}}}`, `user_pool main: id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got ""`},
		{"an identity pool without a user pool that is configured, but for guests", `{"identity_pool":{"media":{"id":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000","guests":true}}}`, ``},
		{"the same name for a user pool and an identity pool, which are never mixed up", `{"user_pool":{"main":{"id":"local_1","client":["a"]}},
			"identity_pool":{"main":{"id":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000","user_pool":["main"]}}}`, ``},
		{"an exchange with placeholders, which is judged later", `{"identity_pool":{"a":{"id":"{env.A}"}},"web_identity":{"b":{"region":"{env.B}"}}}`, ``},
		{"the first of several mistakes, always the same", `{"user_pool":{"b":{},"c":null,"a":{"id":"local_1"}}}`, `user_pool a: ` + noClient},
	})
}

func TestAppValidateRefusesExchanges(t *testing.T) {
	const pools = `"user_pool":{"main":{"id":"local_1","client":["a"]}},`
	var rows []row
	for document, want := range map[string]string{
		`"identity_pool":{"media":null}`:                                        `identity_pool media: ` + null,
		`"web_identity":{"minio":null}`:                                         `web_identity minio: ` + null,
		`"identity_pool":{"":{}}`:                                               `identity_pool: expected a name of your choice, got ""` + badName,
		`"web_identity":{"{env.A}":{}}`:                                         `web_identity: expected a name of your choice, got "{env.A}"` + badName,
		`"identity_pool":{"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000":{}}`: `identity_pool: expected a name of your choice, got "eu-west-1:1d2c3b4a-0000-0000-0000-000000000000"` + badName,
		`"identity_pool":{"media":{}}`:                                          `identity_pool media: id: ` + badIdentityPool + `""`,
		`"web_identity":{"minio":{}}`:                                           `web_identity minio: ` + noUserPool,
		`"web_identity":{"minio":null},"identity_pool":{"b":null,"a":null}`:     `identity_pool a: ` + null,
	} {
		rows = append(rows, row{document, `{` + document + `}`, want})
	}
	for document, want := range map[string]string{
		`"identity_pool":{"media":{"id":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000","user_pool":["main","other"]}}`:       `identity_pool media: user_pool: none is named "other"; configure it in the global option cognito; there are: main`,
		`"identity_pool":{"media":{"id":"{env.A}","user_pool":["other"]}}`:                                                     `identity_pool media: user_pool: none is named "other"; configure it in the global option cognito; there are: main`,
		`"web_identity":{"minio":{"region":"a","role_arn":"arn:a:b:::c","user_pool":["Main"]}}`:                                `web_identity minio: user_pool: none is named "Main"; configure it in the global option cognito; there are: main`,
		`"identity_pool":{"a":{"id":"{env.A}"}},"web_identity":{"a":{"region":"{env.B}"}}`:                                     `web_identity: "a" is the name of an identity_pool, too; choose another name for one of them`,
		`"identity_pool":{"a":{"id":"{env.A}","user_pool":["x"]}},"web_identity":{"b":{"region":"{env.B}","user_pool":["y"]}}`: `identity_pool a: user_pool: none is named "x"; configure it in the global option cognito; there are: main`,
	} {
		rows = append(rows, row{document, `{` + pools + document + `}`, want})
	}
	validateAll[config.App](t, rows)
}

func TestNamesThatThereAre(t *testing.T) {
	many := strings.Split("l k j i h g f e d c b a", " ")
	for want, names := range map[string][]string{
		"": nil, "; there are: a, b": {"b", "a", "b"}, "; there are: a, b, c, d, e, f, g, h, i, j, …": many,
	} {
		if got := config.ThereAre(slices.Values(names)); got != want {
			t.Errorf("expected %q, got %q", want, got)
		}
	}
}

// Callers check references before they judge the entries.
func TestReferencesOfEntriesThatAreNull(t *testing.T) {
	app := config.App{
		UserPools:     map[string]*config.UserPool{"null": nil},
		IdentityPools: map[string]*config.IdentityPool{"a": nil, "b": {Exchange: config.Exchange{UserPools: []string{"null"}}}},
		WebIdentities: map[string]*config.WebIdentity{"c": nil},
	}
	expectText(t, app.ValidateReferences(), "")
	app.WebIdentities["a"] = nil
	expectText(t, app.ValidateReferences(), `web_identity: "a" is the name of an identity_pool, too; choose another name for one of them`)
}

func TestUserPoolValidateAccepts(t *testing.T) {
	validateAll[config.UserPool](t, []row{
		{"every key", `{"id":"us-gov-west-1_a","client":["a","b"],"audience":["urn:x"],"issuer":["https://example.com/x"],
			"jwks_url":"https://example.com:8443/keys","jwks_file":"/x","endpoint":"https://example.com/","leeway":1,"refresh_interval":1000000,
			"max_stale":1000000,"cooldown":1,"fetch_timeout":1,"cache_size":1}`, ``},
		{"any client", `{"id":"local_1","any_client":true}`, ``},
		{"http to localhost", `{"id":"local_1","client":["a"],"endpoint":"http://localhost:9229"}`, ``},
		{"http to a name under localhost", `{"id":"local_1","client":["a"],"endpoint":"http://cognito.localhost"}`, ``},
		{"http to a loopback address", `{"id":"local_1","client":["a"],"endpoint":"http://127.8.0.1","jwks_url":"http://[::1]:80/x"}`, ``},
		{"http elsewhere, when allowed", `{"id":"local_1","client":["a"],"issuer":["http://cognito:9229/local_1"],"insecure_http":true}`, ``},
	})
}

func TestUserPoolValidateRefuses(t *testing.T) {
	var rows []row
	for document, want := range map[string]string{
		`"id":""`:                 `id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got ""`,
		`"id":"eu-west-1"`:        `id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got "eu-west-1"`,
		`"id":"a/b_c"`:            `id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got "a/b_c"`,
		`"id":"{env.X}"`:          `id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got "{env.X}"`,
		`"client":[]`:             noClient,
		`"client":[""]`:           `client: must not be empty`,
		`"client":["a","a"]`:      `client: "a" stands here twice; remove one of them`,
		`"any_client":true`:       `any_client: cannot be combined with client; remove one of them`,
		`"audience":[""]`:         `audience: must not be empty`,
		`"audience":["a","a"]`:    `audience: "a" stands here twice; remove one of them`,
		`"issuer":[""]`:           `issuer: must not be empty`,
		`"issuer":["https://a/"]`: `issuer: issuers of Cognito do not end in /, got "https://a/"`,
		`"issuer":["a"]`:          `issuer: ` + badURL + `"a"`,
		`"leeway":-1`:             `leeway: expected 0 or more, got -1ns`,
		`"leeway":"-1s"`:          `leeway: expected 0 or more, got -1s`,
		`"refresh_interval":-1`:   `refresh_interval: expected 0 or more, got -1ns`,
		`"max_stale":-1`:          `max_stale: expected 0 or more, got -1ns`,
		`"cooldown":-1`:           `cooldown: expected 0 or more, got -1ns`,
		`"fetch_timeout":-1`:      `fetch_timeout: expected 0 or more, got -1ns`,
		`"refresh_interval":1`:    `refresh_interval: expected a millisecond at least, got 1ns`,
		`"max_stale":"5m"`:        `max_stale: expected at least the refresh_interval, 15m0s, got 5m0s; keys would lapse before they are fetched anew`,
		`"cache_size":-1`:         `cache_size: expected 0 or more, got -1`,
	} {
		rows = append(rows, row{document, `{"id":"local_1","client":["a"],` + document + `}`, want})
	}
	rows = append(rows, row{"a pool ID among the clients", `{"id":"local_1","client":["a","eu-west-1_a"]}`, `client: expected an app client ID, ` +
		`got the pool ID "eu-west-1_a"; to accept several pools, configure each as a user_pool and use their names`})
	for _, key := range []string{"jwks_url", "endpoint"} {
		for _, value := range []string{"example.com", "example.com:443", "/keys", "ftp://x", "https://", "https://:443", "https:x", "https://x/?a", "https://x?", "https://x#", "https://x y", "HTTPS//x", "{x}"} {
			rows = append(rows, row{key + " " + value, `{"id":"local_1","client":["a"],"` + key + `":"` + value + `"}`, key + `: ` + badURL + `"` + value + `"`})
		}
		for _, value := range []string{"http://x", "http://10.0.0.1", "http://localhost.example.com", "http://notlocalhost"} {
			rows = append(rows, row{key + " " + value, `{"id":"local_1","client":["a"],"` + key + `":"` + value + `"}`,
				key + `: http is for this machine only, got "` + value + `"; use https, or set insecure_http in a test network`})
		}
		rows = append(rows, row{key + " with a password", `{"id":"local_1","client":["a"],"` + key + `":"https://u:secret@x"}`, key + `: expected a URL without user and password`})
	}
	validateAll[config.UserPool](t, rows)
}

// Null in JSON.
func TestNilIsAnError(t *testing.T) {
	expectNilRefused[config.UserPool](t)
	expectNilRefused[config.IdentityPool](t)
	expectNilRefused[config.WebIdentity](t)
}

func expectNilRefused[T any, P placeholders[T]](t *testing.T) {
	t.Helper()
	var value P
	if value.HasPlaceholder() {
		t.Errorf("%T: expected no placeholder in nil", value)
	}
	expectText(t, value.Validate(), null)
	_, err := value.Resolve(caddy.NewReplacer())
	expectText(t, err, null)
}

func TestIsPoolID(t *testing.T) {
	for word, want := range map[string]bool{
		"eu-west-1_AbCdEfGhI": true, "us-gov-west-1_a": true, "cn-north-1_a": true, "eusc-de-east-1_a": true, "us-iso-east-1_0": true, "ap-southeast-12_a": true,
		"": false, "main": false, "local_1": false, "eu-west-1": false, "eu-west-1_": false, "EU-WEST-1_a": false, "eu-west_a": false,
		"eu-1_a": false, "my-pool_1": false, "eu-west-1_a-b": false, "eu-west-1_a\n": false, "x eu-west-1_a": false,
	} {
		if got := config.IsPoolID(word); got != want {
			t.Errorf("expected %v for %q, got %v", want, word, got)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Setenv("COGNITO_TEST_A", "a")
	t.Setenv("COGNITO_TEST_EMPTY", "")
	pool := &config.UserPool{
		ID: "local_{env.COGNITO_TEST_A}", Clients: []string{"{env.COGNITO_TEST_A}", "b"}, Audiences: []string{"urn:{env.COGNITO_TEST_A}"},
		Issuers: []string{"https://{env.COGNITO_TEST_A}"}, JWKSURL: "https://{env.COGNITO_TEST_A}/keys", JWKSFile: "/{env.COGNITO_TEST_A}",
		Endpoint: "https://{env.COGNITO_TEST_A}:1", Leeway: 5, CacheSize: 6, InsecureHTTP: true,
	}
	before, err := json.Marshal(pool)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pool.Resolve(caddy.NewReplacer())
	if err != nil {
		t.Fatal(err)
	}
	want := &config.UserPool{
		ID: "local_a", Clients: []string{"a", "b"}, Audiences: []string{"urn:a"}, Issuers: []string{"https://a"},
		JWKSURL: "https://a/keys", JWKSFile: "/a", Endpoint: "https://a:1", Leeway: 5, CacheSize: 6, InsecureHTTP: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("expected %+v, got %+v", want, got)
	}
	after, err := json.Marshal(pool)
	if err != nil {
		t.Fatal(err)
	}
	if string(after) != string(before) {
		t.Errorf("expected the original to stay as it was, got %s", after)
	}
}

func TestResolveRefuses(t *testing.T) {
	t.Setenv("COGNITO_TEST_EMPTY", "")
	const (
		empty   = `evaluated placeholder {env.COGNITO_TEST_EMPTY} is empty; it needs a value when the configuration is loaded`
		unset   = `evaluated placeholder {env.COGNITO_TEST_UNSET} is empty; it needs a value when the configuration is loaded`
		unknown = `unrecognized placeholder {cognito.test}; it needs a value when the configuration is loaded`
	)
	for _, row := range []struct {
		pool config.UserPool
		want string
	}{
		{config.UserPool{ID: "{env.COGNITO_TEST_EMPTY}"}, "id: " + empty},
		{config.UserPool{ID: "{cognito.test}"}, "id: " + unknown},
		{config.UserPool{Clients: []string{"a", "{env.COGNITO_TEST_UNSET}"}}, "client: " + unset},
		{config.UserPool{Audiences: []string{"{env.COGNITO_TEST_UNSET}"}}, "audience: " + unset},
		{config.UserPool{Issuers: []string{"{env.COGNITO_TEST_UNSET}"}}, "issuer: " + unset},
		{config.UserPool{JWKSURL: "{env.COGNITO_TEST_UNSET}"}, "jwks_url: " + unset},
		{config.UserPool{JWKSFile: "{env.COGNITO_TEST_UNSET}"}, "jwks_file: " + unset},
		{config.UserPool{Endpoint: "{env.COGNITO_TEST_UNSET}"}, "endpoint: " + unset},
		{config.UserPool{Endpoint: "{cognito.test}", JWKSFile: "{cognito.test}", ID: "{cognito.test}"}, "id: " + unknown},
	} {
		if !row.pool.HasPlaceholder() {
			t.Errorf("expected %+v to have a placeholder", row.pool)
		}
		for range 5 { // always the same of several
			_, err := row.pool.Resolve(caddy.NewReplacer())
			expectText(t, err, row.want)
		}
	}
}

func TestHasPlaceholder(t *testing.T) {
	plain := config.UserPool{
		ID: "a", Clients: []string{"a"}, Audiences: []string{"a"}, Issuers: []string{"a"}, JWKSURL: "a", JWKSFile: "a", Endpoint: "a",
		Leeway: caddy.Duration(time.Second),
	}
	if plain.HasPlaceholder() {
		t.Errorf("expected no placeholder in %+v", plain)
	}
}

func TestIssuerKeys(t *testing.T) {
	keys := func(issuer, jwksURL string, lazy bool) config.IssuerKeys {
		return config.IssuerKeys{Issuer: issuer, JWKSURL: jwksURL, Lazy: lazy}
	}
	const (
		wellKnown = "/.well-known/jwks.json"
		original  = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a"
		updated   = "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a"
	)
	for _, row := range []struct {
		name string
		pool config.UserPool
		want []config.IssuerKeys
	}{
		{"an invalid ID", config.UserPool{ID: "x"}, nil},
		{
			"both forms, the updated one when it is needed", config.UserPool{ID: "eu-west-1_a"},
			[]config.IssuerKeys{keys(original, original+wellKnown, false), keys(updated, updated+wellKnown, true)},
		},
		{
			"jwks_url for both forms", config.UserPool{ID: "eu-west-1_a", JWKSURL: "https://x/keys"},
			[]config.IssuerKeys{keys(original, "https://x/keys", false), keys(updated, "https://x/keys", false)},
		},
		{
			"endpoint for the keys of both forms, which stay accepted", config.UserPool{ID: "eu-west-1_a", Endpoint: "https://fips.example/"},
			[]config.IssuerKeys{keys(original, "https://fips.example/eu-west-1_a"+wellKnown, false), keys(updated, "https://fips.example/eu-west-1_a"+wellKnown, false)},
		},
		{
			"jwks_url before endpoint", config.UserPool{ID: "eu-west-1_a", Endpoint: "https://fips.example", JWKSURL: "https://x/keys"},
			[]config.IssuerKeys{keys(original, "https://x/keys", false), keys(updated, "https://x/keys", false)},
		},
		{
			"issuer instead of both", config.UserPool{ID: "eu-west-1_a", Issuers: []string{"https://a/x", "https://b/x"}},
			[]config.IssuerKeys{keys("https://a/x", "https://a/x"+wellKnown, false), keys("https://b/x", "https://b/x"+wellKnown, false)},
		},
		{
			"issuer with jwks_url", config.UserPool{ID: "eu-west-1_a", Issuers: []string{"https://a/x", "https://b/x"}, JWKSURL: "https://x/keys"},
			[]config.IssuerKeys{keys("https://a/x", "https://x/keys", false), keys("https://b/x", "https://x/keys", false)},
		},
	} {
		if got := row.pool.IssuerKeys(); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: expected %+v, got %+v", row.name, row.want, got)
		}
	}
}

func TestIssuerKeysOfEachPartition(t *testing.T) {
	for id, host := range map[string]string{
		"us-gov-west-1_a":    "us-gov-west-1.amazonaws.com",
		"cn-north-1_a":       "cn-north-1.amazonaws.com.cn",
		"eusc-de-east-1_a":   "eusc-de-east-1.amazonaws.eu",
		"us-iso-east-1_a":    "us-iso-east-1.c2s.ic.gov",
		"us-isob-east-1_a":   "us-isob-east-1.sc2s.sgov.gov",
		"eu-isoe-west-1_a":   "eu-isoe-west-1.cloud.adc-e.uk",
		"us-isof-south-1_a":  "us-isof-south-1.csp.hci.ic.gov",
		"mx-central-1_a":     "mx-central-1.amazonaws.com",
		"ap-southeast-2_0aZ": "ap-southeast-2.amazonaws.com",
	} {
		original, updated := "https://cognito-idp."+host+"/"+id, "https://issuer-cognito-idp."+host+"/"+id
		want := []config.IssuerKeys{
			{Issuer: original, JWKSURL: original + "/.well-known/jwks.json"},
			{Issuer: updated, JWKSURL: updated + "/.well-known/jwks.json", Lazy: true},
		}
		if got := (&config.UserPool{ID: id}).IssuerKeys(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: expected %+v, got %+v", id, want, got)
		}
	}
}
