package config_test

import (
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

const insecure = ` is for this machine only, got "http://x"; use https, or set insecure_http in a test network`

// What is read so far is judged, but not for what is missing, nor for what is
// known only when it is loaded. What a later line can mend is left to the end.
func TestSettingsOfUserPools(t *testing.T) {
	const stale = `max_stale: expected at least the refresh_interval, 15m0s, got 5m0s; keys would lapse before they are fetched anew`
	expectSettings[config.UserPool](t, []settingsRow{
		{`{}`, ``, ``},
		{`{"id":"{env.A}","client":["{env.A}","{env.A}"],"audience":["{env.A}"],"issuer":["{env.A}"],"jwks_url":"{env.A}","endpoint":"{env.A}"}`, ``, ``},
		{`{"endpoint":"http://x"}`, ``, `endpoint: http` + insecure},
		{`{"endpoint":"http://x","insecure_http":true}`, ``, ``},
		{`{"issuer":["{env.A}","http://x"]}`, ``, `issuer: http` + insecure},
		{`{"max_stale":"5m"}`, ``, stale},
		{`{"max_stale":"5m","refresh_interval":"5m"}`, ``, ``},
		{`{"id":"x"}`, `id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got "x"`, `id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got "x"`},
		{`{"client":["a","{env.A}","a"]}`, `client: "a" stands here twice; remove one of them`, `client: "a" stands here twice; remove one of them`},
		{`{"cache_size":-1}`, `cache_size: expected 0 or more, got -1`, `cache_size: expected 0 or more, got -1`},
	})
}

func TestSettingsOfIdentityPools(t *testing.T) {
	expectSettings[config.IdentityPool](t, []settingsRow{
		{`{}`, ``, ``},
		{`{"basic":{}}`, ``, ``},
		{`{"id":"{env.A}","endpoint":"{env.A}","role_arn":"{env.A}","group_role":[{"group":"a","role_arn":"{env.A}"},{"group":"b"}],
			"basic":{"endpoint":"{env.A}","region":"{env.A}","policy_arn":["{env.A}","{env.A}"],"policy":"{}"}}`, ``, ``},
		{`{"basic":{"endpoint":"http://x"}}`, ``, `basic: endpoint: http` + insecure},
		{`{"login":[{"user_pool":"main","provider":"x"}]}`, ``, `login: "main" is not a user_pool of this identity_pool; name it in user_pool, too`},
		{`{"id":"x"}`, `id: ` + badIdentityPool + `"x"`, `id: ` + badIdentityPool + `"x"`},
		{`{"role_arn":"x"}`, `role_arn: ` + badARN + `"x"`, `role_arn: ` + badARN + `"x"`},
	})
}

func TestSettingsOfWebIdentities(t *testing.T) {
	expectSettings[config.WebIdentity](t, []settingsRow{
		{`{}`, ``, ``},
		{`{"endpoint":"{env.A}","region":"{env.A}","policy_arn":["{env.A}"],"role_arn":"{env.A}","group_role":[{"group":"a","role_arn":"x{env.A}"}]}`, ``, ``},
		{`{"endpoint":"http://x"}`, ``, `endpoint: http` + insecure},
		{`{"duration":"1m"}`, `duration: expected 15m to 12h, got 1m0s`, `duration: expected 15m to 12h, got 1m0s`},
		{
			`{"group_role":[{"group":"a","role_arn":"{env.A}"},{"group":"a","role_arn":"{env.B}"}]}`,
			`group_role: group "a" stands here twice; remove one of them`, `group_role: group "a" stands here twice; remove one of them`,
		},
	})
}

func TestSettingsOfTransports(t *testing.T) {
	const maxBody = `max_body: is for services other than s3, whose uploads are streamed; name that service, or use request_body to bound uploads`
	expectSettings[config.Transport](t, []settingsRow{
		{`{}`, ``, ``},
		{`{"region":"{env.A}"}`, ``, ``},
		{`{"max_body":1}`, ``, maxBody},
		{`{"max_body":1,"service":"dynamodb"}`, ``, ``},
		{`{"max_body":1,"service":"s3"}`, maxBody, maxBody},
		{
			`{"inject":{"access_key_id":"x-cognito-session-token"}}`, ``,
			`inject: header "X-Cognito-Session-Token" is used for both access_key_id and session_token; choose another name for one of them`,
		},
		{`{"inject":{"access_key_id":"x-cognito-session-token","session_token":"X-Token"}}`, ``, ``},
	})
}

func TestSettingsOfBuckets(t *testing.T) {
	expectSettings[config.S3](t, []settingsRow{
		{`{}`, ``, ``},
		{`{"bucket":"{env.A}","region":"{env.A}","endpoint":"{env.A}","prefix":"{http.cognito.identity_id}/"}`, ``, ``},
		{`{"endpoint":"http://x"}`, ``, `endpoint: http` + insecure},
		{`{"endpoint":"http://x","insecure_http":true}`, ``, ``},
		{
			`{"bucket":"A"}`,
			`bucket: expected the name of a bucket, of 3 to 63 lower-case letters, digits, dots and hyphens, got "A"`,
			`bucket: expected the name of a bucket, of 3 to 63 lower-case letters, digits, dots and hyphens, got "A"`,
		},
		{`{"prefix":"/{x}"}`, `prefix: keys do not start with a slash, got "/{x}"; remove it`, `prefix: keys do not start with a slash, got "/{x}"; remove it`},
	})
}

func TestResolveExchanges(t *testing.T) {
	t.Setenv("COGNITO_TEST_A", "a")
	expectResolved[config.IdentityPool](t,
		`{"id":"eu-west-1:{env.COGNITO_TEST_A}","endpoint":"https://{env.COGNITO_TEST_A}","role_arn":"arn:{env.COGNITO_TEST_A}","cache_size":7,"user_pool":["main"],
			"group_role":[{"group":"{env.COGNITO_TEST_A}","role_arn":"arn:{env.COGNITO_TEST_A}"},{"group":"b","role_arn":"c"}],"login":[{"user_pool":"main","provider":"{x}"}],
			"basic":{"endpoint":"{env.COGNITO_TEST_A}","region":"x-{env.COGNITO_TEST_A}","duration":"1h","policy":"{\"x\":\"{env.COGNITO_TEST_A}\"}","policy_arn":["{env.COGNITO_TEST_A}","b"]}}`,
		`{"id":"eu-west-1:a","endpoint":"https://a","role_arn":"arn:a","cache_size":7,"user_pool":["main"],
			"group_role":[{"group":"{env.COGNITO_TEST_A}","role_arn":"arn:a"},{"group":"b","role_arn":"c"}],"login":[{"user_pool":"main","provider":"{x}"}],
			"basic":{"endpoint":"a","region":"x-a","duration":"1h","policy":"{\"x\":\"{env.COGNITO_TEST_A}\"}","policy_arn":["a","b"]}}`)
	expectResolved[config.WebIdentity](t,
		`{"endpoint":"{env.COGNITO_TEST_A}","region":"{env.COGNITO_TEST_A}-1","policy":"{}","policy_arn":["{env.COGNITO_TEST_A}"],"role_arn":"{env.COGNITO_TEST_A}","outlive_token":true}`,
		`{"endpoint":"a","region":"a-1","policy":"{}","policy_arn":["a"],"role_arn":"a","outlive_token":true}`)
}

func TestResolveHandlers(t *testing.T) {
	t.Setenv("COGNITO_TEST_A", "a")
	expectResolved[config.Transport](t,
		`{"credentials":"media","service":"es","region":"{env.COGNITO_TEST_A}","max_body":5}`, `{"credentials":"media","service":"es","region":"a","max_body":5}`)
	expectResolved[config.S3](t,
		`{"bucket":"x-{env.COGNITO_TEST_A}","region":"{env.COGNITO_TEST_A}","endpoint":"https://{env.COGNITO_TEST_A}","prefix":"{env.COGNITO_TEST_A}/","fallback":"{env.COGNITO_TEST_A}"}`,
		`{"bucket":"x-a","region":"a","endpoint":"https://a","prefix":"{env.COGNITO_TEST_A}/","fallback":"{env.COGNITO_TEST_A}"}`)
}

func TestResolveRefusesMissingValues(t *testing.T) {
	const (
		unset   = `evaluated placeholder {env.COGNITO_TEST_UNSET} is empty; it needs a value when the configuration is loaded`
		unknown = `unrecognized placeholder {cognito.test}; it needs a value when the configuration is loaded`
	)
	expectUnresolved[config.IdentityPool](t, map[string]string{
		`{"id":"{env.COGNITO_TEST_UNSET}"}`:                                    `id: ` + unset,
		`{"endpoint":"{cognito.test}"}`:                                        `endpoint: ` + unknown,
		`{"role_arn":"{env.COGNITO_TEST_UNSET}"}`:                              `role_arn: ` + unset,
		`{"group_role":[{"group":"a","role_arn":"{env.COGNITO_TEST_UNSET}"}]}`: `group_role: ` + unset,
		`{"basic":{"endpoint":"{env.COGNITO_TEST_UNSET}"}}`:                    `basic: endpoint: ` + unset,
		`{"basic":{"region":"{env.COGNITO_TEST_UNSET}"}}`:                      `basic: region: ` + unset,
		`{"basic":{"policy_arn":["a","{env.COGNITO_TEST_UNSET}"]}}`:            `basic: policy_arn: ` + unset,
		`{"basic":{"region":"{cognito.test}"},"role_arn":"{cognito.test}"}`:    `role_arn: ` + unknown,
	})
	expectUnresolved[config.WebIdentity](t, map[string]string{
		`{"endpoint":"{cognito.test}"}`:                        `endpoint: ` + unknown,
		`{"region":"{env.COGNITO_TEST_UNSET}"}`:                `region: ` + unset,
		`{"policy_arn":["{cognito.test}"]}`:                    `policy_arn: ` + unknown,
		`{"role_arn":"{cognito.test}","region":"{cognito.x}"}`: `role_arn: ` + unknown,
	})
	expectUnresolved[config.Transport](t, map[string]string{`{"region":"{cognito.test}"}`: `region: ` + unknown})
	expectUnresolved[config.S3](t, map[string]string{
		`{"bucket":"{cognito.test}"}`:           `bucket: ` + unknown,
		`{"region":"{env.COGNITO_TEST_UNSET}"}`: `region: ` + unset,
		`{"endpoint":"https://{cognito.test}"}`: `endpoint: ` + unknown,
	})
}

// Braces elsewhere are JSON, or placeholders of requests.
func TestNoPlaceholder(t *testing.T) {
	for document, value := range map[string]interface{ HasPlaceholder() bool }{
		`{"basic":{"policy":"{}"},"login":[{"user_pool":"{x}","provider":"{x}"}],"user_pool":["{x}"],"group_role":[{"group":"{x}"}]}`: new(config.IdentityPool),
		`{"policy":"{}"}`: new(config.WebIdentity),
		`{"prefix":"{x}","index":["{x}"],"error_document":"{x}","fallback":"{x}","transport":{}}`: new(config.S3),
		`{"credentials":"{x}","service":"{x}","inject":{}}`:                                       new(config.Transport),
	} {
		decode(t, document, value)
		if value.HasPlaceholder() {
			t.Errorf("expected no placeholder in %s", document)
		}
	}
}
