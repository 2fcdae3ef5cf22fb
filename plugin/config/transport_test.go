package config_test

import (
	"slices"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

const noCredentials = `credentials: required; name an identity_pool or web_identity`

func TestTransportValidateAccepts(t *testing.T) {
	validateAll[config.Transport](t, []row{
		{"credentials", `{"credentials":"media"}`, ``},
		{"every key of S3", `{"credentials":"media","service":"s3","region":"eu-west-1","checksum":true,"allow_query":["acl","X-Amz-Meta","response-content-type","list-type"],"allow_header":["X-Amz-Acl","x-amz-tagging"]}`, ``},
		{"another service", `{"credentials":"media","service":"execute-api","region":"us-gov-west-1","max_body":1}`, ``},
		{"headers instead of a signature", `{"credentials":"media","inject":{}}`, ``},
		{"headers of your own", `{"credentials":"media","inject":{"access_key_id":"X-A","secret_access_key":"x-b","session_token":"C","expires":"D-1"}}`, ``},
		{"headers with the names of others", `{"credentials":"media","inject":{"access_key_id":"X-Cognito-Expires","expires":"X-Cognito-Access-Key-Id"}}`, ``},
	})
}

func TestTransportValidateRefuses(t *testing.T) {
	const (
		service  = `service: expected the AWS name of a service such as s3 or dynamodb, got `
		maxBody  = `max_body: is for services other than s3, whose uploads are streamed; name that service, or use request_body to bound uploads`
		onlyS3   = ` is for service s3 only, got service "es"; remove one of them`
		unsigned = `, since nothing is signed; remove one of them`
	)
	rows := fragments(`{"credentials":"media",`, `}`, map[string]string{
		`"credentials":""`:        noCredentials,
		`"credentials":"{env.A}"`: `credentials: expected the name of an identity_pool or web_identity, got "{env.A}"`,
		`"credentials":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000"`: `credentials: expected the name of an identity_pool or web_identity, got "eu-west-1:1d2c3b4a-0000-0000-0000-000000000000"`,
		`"service":"S3"`:                            service + `"S3"`,
		`"service":"s3express"`:                     `service: of the services for objects, only s3 is supported, got "s3express"`,
		`"service":"s3-object-lambda"`:              `service: of the services for objects, only s3 is supported, got "s3-object-lambda"`,
		`"service":"s3.amazonaws.com"`:              service + `"s3.amazonaws.com"`,
		`"service":"{env.A}"`:                       service + `"{env.A}"`,
		`"region":"Ireland"`:                        `region: expected a region such as eu-west-1, got "Ireland"`,
		`"region":"{env.A}"`:                        `region: expected a region such as eu-west-1, got "{env.A}"`,
		`"max_body":-1`:                             `max_body: expected 0 or more, got -1`,
		`"max_body":1`:                              maxBody,
		`"service":"s3","max_body":1`:               maxBody,
		`"service":"es","checksum":true`:            `checksum:` + onlyS3,
		`"service":"es","allow_query":["a"]`:        `allow_query:` + onlyS3,
		`"service":"es","allow_header":["x-amz-a"]`: `allow_header:` + onlyS3,
		`"inject":{},"service":"s3"`:                `inject: cannot be combined with service` + unsigned,
		`"inject":{},"region":"a"`:                  `inject: cannot be combined with region` + unsigned,
		`"inject":{},"max_body":1`:                  `inject: cannot be combined with max_body` + unsigned,
		`"inject":{},"checksum":true`:               `inject: cannot be combined with checksum` + unsigned,
		`"inject":{},"allow_query":["a"]`:           `inject: cannot be combined with allow_query` + unsigned,
		`"inject":{},"allow_header":["x-amz-a"]`:    `inject: cannot be combined with allow_header` + unsigned,
	})
	validateAll[config.Transport](t, append(rows, row{"nothing", `{}`, noCredentials}))
}

// What requests to S3 may ask for is refused in both modules, in the same words.
func TestS3RequestsRefuse(t *testing.T) {
	const (
		query     = `allow_query: expected the name of a query parameter such as partNumber, got `
		header    = `allow_header: expected the name of a header that starts with x-amz-, got `
		signature = ` belongs to the signature, which only the edge makes; remove it`
	)
	wants := map[string]string{
		`"allow_query":[""]`:                                        `allow_query: must not be empty`,
		`"allow_query":["a","b","a"]`:                               `allow_query: "a" stands here twice; remove one of them`,
		`"allow_query":["?acl"]`:                                    query + `"?acl"`,
		`"allow_query":["acl="]`:                                    query + `"acl="`,
		`"allow_query":["*"]`:                                       query + `"*"`,
		`"allow_query":["{env.A}"]`:                                 query + `"{env.A}"`,
		`"allow_query":["X-Amz-Signature"]`:                         `allow_query: "X-Amz-Signature"` + signature,
		`"allow_query":["acl","x-amz-credential"]`:                  `allow_query: "x-amz-credential"` + signature,
		`"allow_header":[""]`:                                       `allow_header: must not be empty`,
		`"allow_header":["x-amz-acl","x-amz-acl"]`:                  `allow_header: "x-amz-acl" stands here twice; remove one of them`,
		`"allow_header":["Content-Type"]`:                           header + `"Content-Type"`,
		`"allow_header":["x-amz-meta_a"]`:                           header + `"x-amz-meta_a"`,
		`"allow_header":["x-amz-*"]`:                                header + `"x-amz-*"`,
		`"allow_header":["x-amz-acl: private"]`:                     header + `"x-amz-acl: private"`,
		`"allow_header":["x-amz-{env.A}"]`:                          header + `"x-amz-{env.A}"`,
		`"allow_header":["X-Amz-Security-Token"]`:                   `allow_header: "X-Amz-Security-Token"` + signature,
		`"allow_header":["X-Amz-Date"]`:                             `allow_header: "X-Amz-Date"` + signature,
		`"allow_query":["x y"],"allow_header":["x-amz-date","x y"]`: query + `"x y"`,
	}
	validateAll[config.Transport](t, fragments(`{"credentials":"media",`, `}`, wants))
	validateAll[config.S3](t, fragments(`{"bucket":"abc","credentials":"media",`, `}`, wants))
}

func TestInjectRefuses(t *testing.T) {
	const (
		form    = `: expected a header name of letters, digits and hyphens, got `
		another = `; choose another name for one of them`
	)
	validateAll[config.Transport](t, fragments(`{"credentials":"media","inject":{`, `}}`, map[string]string{
		`"access_key_id":"X_A"`:                       `inject: access_key_id` + form + `"X_A"`,
		`"secret_access_key":"X A"`:                   `inject: secret_access_key` + form + `"X A"`,
		`"session_token":"X\r\nA"`:                    `inject: session_token` + form + `"X\r\nA"`,
		`"expires":"{env.A}"`:                         `inject: expires` + form + `"{env.A}"`,
		`"access_key_id":"authorization"`:             `inject: access_key_id: header "authorization" has a meaning of its own; choose another name, such as X-Cognito-Access-Key-Id`,
		`"secret_access_key":"HOST"`:                  `inject: secret_access_key: header "HOST" has a meaning of its own; choose another name, such as X-Cognito-Secret-Access-Key`,
		`"session_token":"Cookie"`:                    `inject: session_token: header "Cookie" has a meaning of its own; choose another name, such as X-Cognito-Session-Token`,
		`"expires":"Connection"`:                      `inject: expires: header "Connection" has a meaning of its own; choose another name, such as X-Cognito-Expires`,
		`"access_key_id":"X-A","session_token":"x-a"`: `inject: header "X-A" is used for both access_key_id and session_token` + another,
		`"access_key_id":"x-cognito-expires"`:         `inject: header "X-Cognito-Expires" is used for both access_key_id and expires` + another,
		`"expires":"X-Cognito-Access-Key-Id"`:         `inject: header "X-Cognito-Access-Key-Id" is used for both access_key_id and expires` + another,
	}))
}

func TestInjectWithDefaults(t *testing.T) {
	for _, r := range []struct {
		inject config.Inject
		want   []string
	}{
		{config.Inject{}, []string{"X-Cognito-Access-Key-Id", "X-Cognito-Secret-Access-Key", "X-Cognito-Session-Token", "X-Cognito-Expires"}},
		{config.Inject{AccessKeyID: "a", SecretAccessKey: "b-c", SessionToken: "D", Expires: "x-E"}, []string{"A", "B-C", "D", "X-E"}},
		{config.Inject{SessionToken: "x-token"}, []string{"X-Cognito-Access-Key-Id", "X-Cognito-Secret-Access-Key", "X-Token", "X-Cognito-Expires"}},
	} {
		before := r.inject
		if got := r.inject.WithDefaults().Headers(); !slices.Equal(got, r.want) {
			t.Errorf("expected %q, got %q", r.want, got)
		}
		if r.inject != before {
			t.Errorf("expected the original to stay as it was, got %+v", r.inject)
		}
	}
}

func TestTransportS3(t *testing.T) {
	for document, want := range map[string]bool{
		`{}`: true, `{"service":"s3"}`: true, `{"service":"dynamodb"}`: false, `{"inject":{}}`: false, `{"service":"s3","inject":{}}`: false,
	} {
		var transport config.Transport
		decode(t, document, &transport)
		if got := transport.S3(); got != want {
			t.Errorf("%s: expected %v, got %v", document, want, got)
		}
	}
}
