package config_test

import (
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

func TestS3ValidateAccepts(t *testing.T) {
	validateAll[config.S3](t, []row{
		{"a bucket and credentials", `{"bucket":"private-media","credentials":"media"}`, ``},
		{"every key", `{"bucket":"a.b-c","credentials":"media","region":"eu-west-1","endpoint":"https://minio:9000","addressing":"path","prefix":"{http.cognito.identity_id}/",
			"index":["index.html","index.htm"],"error_document":"/404.html","show_denied":true,"methods":["GET","HEAD","PUT","DELETE"],"max_upload":1,"shared_cache":true,
			"redirect_over":1,"checksum":true,"allow_query":["acl"],"allow_header":["x-amz-acl"],"transport":{"read_timeout":1}}`, ``},
		{"the other addressing, and no index", `{"bucket":"abc","credentials":"media","addressing":"virtual_host","index_none":true,"fallback":"index.html"}`, ``},
		{"a store on this machine", `{"bucket":"abc","credentials":"media","endpoint":"http://127.0.0.1:9000"}`, ``},
		{"a store in a test network", `{"bucket":"abc","credentials":"media","endpoint":"http://minio:9000","insecure_http":true}`, ``},
		{"placeholders of ours, and of others", `{"bucket":"abc","credentials":"media","prefix":"{http.cognito.pool}/{http.cognito.token_use}/{http.auth.user.sub}/","error_document":"/{http.cognito.reason}.html"}`, ``},
		{"uploads only", `{"bucket":"abc","credentials":"media","methods":["PUT"]}`, ``},
	})
}

func TestS3ValidateRefuses(t *testing.T) {
	const (
		bucket   = `bucket: expected the name of a bucket, of 3 to 63 lower-case letters, digits, dots and hyphens, got `
		method   = `methods: expected GET, HEAD, PUT or DELETE, got `
		thereAre = `; of {http.cognito.*} there are: identity_id, pool, token_use, reason`
	)
	rows := fragments(`{"bucket":"abc","credentials":"media",`, `}`, map[string]string{
		`"bucket":""`:         bucket + `""`,
		`"bucket":"ab"`:       bucket + `"ab"`,
		`"bucket":"Photos"`:   bucket + `"Photos"`,
		`"bucket":"a_b_c"`:    bucket + `"a_b_c"`,
		`"bucket":"-abc"`:     bucket + `"-abc"`,
		`"bucket":"abc."`:     bucket + `"abc."`,
		`"bucket":"a..b"`:     bucket + `"a..b"`,
		`"bucket":"abc/x"`:    bucket + `"abc/x"`,
		`"bucket":"s3://abc"`: bucket + `"s3://abc"`,
		`"bucket":"abc\n"`:    bucket + `"abc\n"`,
		`"bucket":"{env.A}"`:  bucket + `"{env.A}"`,
		`"bucket":"a23456789012345678901234567890123456789012345678901234567890123x"`: bucket + `"a23456789012345678901234567890123456789012345678901234567890123x"`,
		`"credentials":""`:                                 noCredentials,
		`"credentials":"a b"`:                              `credentials: expected the name of an identity_pool or web_identity, got "a b"`,
		`"region":"eu_west"`:                               `region: expected a region such as eu-west-1, got "eu_west"`,
		`"endpoint":"minio:9000"`:                          `endpoint: ` + badURL + `"minio:9000"`,
		`"endpoint":"{env.A}"`:                             `endpoint: ` + badURL + `"{env.A}"`,
		`"endpoint":"http://minio:9000"`:                   `endpoint: http is for this machine only, got "http://minio:9000"; use https, or set insecure_http in a test network`,
		`"addressing":"host"`:                              `addressing: expected path or virtual_host, got "host"`,
		`"addressing":"PATH"`:                              `addressing: expected path or virtual_host, got "PATH"`,
		`"prefix":"u/{http.auth.user.sub}"`:                `prefix: expected a slash behind the placeholder, got "u/{http.auth.user.sub}"`,
		`"prefix":"u/{http.auth.user.sub/"`:                `prefix: expected a closing brace for each opening one, got "u/{http.auth.user.sub/"`,
		`"prefix":"{http.cognito.identity}/"`:              `prefix: unknown placeholder {http.cognito.identity}` + thereAre,
		`"prefix":"{http.cognito.pool}/{http.cognito.}/"`:  `prefix: unknown placeholder {http.cognito.}` + thereAre,
		`"error_document":"/{http.cognito.Pool}/404.html"`: `error_document: unknown placeholder {http.cognito.Pool}` + thereAre,
		`"fallback":"{http.cognito.identity-id}.html"`:     `fallback: unknown placeholder {http.cognito.identity-id}` + thereAre,
		`"prefix":"/site/"`:                                `prefix: keys do not start with a slash, got "/site/"; remove it`,
		`"index":[""]`:                                     `index: must not be empty`,
		`"index":["a","a"]`:                                `index: "a" stands here twice; remove one of them`,
		`"index":["a","/b"]`:                               `index: expected the name of a document such as index.html, without slashes, got "/b"`,
		`"index":["a"],"index_none":true`:                  `index: none (index_none in JSON) cannot be combined with names; remove one of them`,
		`"error_document":"a","fallback":"b"`:              `error_document: cannot be combined with fallback, which stands for every missing page; remove one of them`,
		`"methods":[""]`:                                   `methods: must not be empty`,
		`"methods":["GET","GET"]`:                          `methods: "GET" stands here twice; remove one of them`,
		`"methods":["get"]`:                                method + `"get"`,
		`"methods":["GET","POST"]`:                         method + `"POST"`,
		`"max_upload":-1`:                                  `max_upload: expected 0 or more, got -1`,
		`"transport":null`:                                 `transport: expected an object with options of Caddy's HTTP transport, got null`,
		`"transport":"http"`:                               `transport: expected an object with options of Caddy's HTTP transport, got "http"`,
		`"transport":[{}]`:                                 `transport: expected an object with options of Caddy's HTTP transport, got [{}]`,
		`"redirect_over":-1`:                               `redirect_over: expected 0 or more, got -1`,
	})
	validateAll[config.S3](t, append(rows,
		row{"nothing", `{}`, bucket + `""`},
		row{"no credentials", `{"bucket":"abc"}`, noCredentials},
		row{"a pool ID for credentials, before any other mistake", `{"bucket":"abc","credentials":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000","region":"X"}`, `credentials: expected the name of an identity_pool or web_identity, got "eu-west-1:1d2c3b4a-0000-0000-0000-000000000000"`},
		row{"the first of several mistakes", `{"bucket":"abc","credentials":"media","methods":["x"],"region":"X","endpoint":"x"}`, `region: expected a region such as eu-west-1, got "X"`},
	))
}

func TestCredentialsEndpointValidate(t *testing.T) {
	const path = `path: expected a path such as /_cognito/credentials, without placeholders, wildcards and query, got `
	validateAll[config.CredentialsEndpoint](t, []row{
		{"credentials", `{"credentials":"media"}`, ``},
		{"another path", `{"credentials":"media","path":"/aws/credentials.json"}`, ``},
		{"the root", `{"credentials":"media","path":"/"}`, ``},
	})
	rows := fragments(`{"credentials":"media",`, `}`, map[string]string{
		`"credentials":""`:        noCredentials,
		`"credentials":"{env.A}"`: `credentials: expected the name of an identity_pool or web_identity, got "{env.A}"`,
		`"credentials":"a/b"`:     `credentials: expected the name of an identity_pool or web_identity, got "a/b"`,
		`"path":"credentials"`:    path + `"credentials"`,
		`"path":"https://x/y"`:    path + `"https://x/y"`,
		`"path":"/{env.A}"`:       path + `"/{env.A}"`,
		`"path":"/a*"`:            path + `"/a*"`,
		`"path":"/a?b"`:           path + `"/a?b"`,
		`"path":"/a#b"`:           path + `"/a#b"`,
		`"path":"/a b"`:           path + `"/a b"`,
		`"path":"/a%20b"`:         path + `"/a%20b"`,
		`"path":"/a\\b"`:          path + `"/a\\b"`,
		`"path":"/a\n"`:           path + `"/a\n"`,
	})
	validateAll[config.CredentialsEndpoint](t, append(rows, row{"nothing", `{}`, noCredentials}))
}
