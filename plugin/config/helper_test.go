package config_test

import (
	"reflect"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// row is a JSON configuration and the error that Validate gives for it.
type row struct{ name, document, want string }

// validateAll decodes each row as Caddy does and validates it. An empty want is
// for what is accepted.
func validateAll[T any, P interface {
	*T
	Validate() error
}](t *testing.T, rows []row,
) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			value := P(new(T))
			if err := caddy.StrictUnmarshalJSON([]byte(r.document), value); err != nil {
				t.Fatal(err)
			}
			for range 10 { // always the same of several mistakes
				expectText(t, value.Validate(), r.want)
			}
		})
	}
}

func expectText(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("expected %q\n     got %q", want, got)
	}
}

// placeholders are settings with placeholders.
type placeholders[T any] interface {
	*T
	Validate() error
	ValidateSettings(more bool) error
	HasPlaceholder() bool
	Resolve(*caddy.Replacer) (*T, error)
}

// expectResolved decodes both documents, resolves the first and expects the
// second, with the first as it was.
func expectResolved[T any, P placeholders[T]](t *testing.T, document, want string) {
	t.Helper()
	value, before, expected := P(new(T)), P(new(T)), new(T)
	decode(t, document, value)
	decode(t, document, before)
	decode(t, want, expected)
	if !value.HasPlaceholder() || P(expected).HasPlaceholder() {
		t.Errorf("expected placeholders in %s and none in %s", document, want)
	}
	got, err := value.Resolve(caddy.NewReplacer())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, expected) {
		t.Errorf("expected %+v, got %+v", expected, got)
	}
	if !reflect.DeepEqual(value, before) {
		t.Errorf("expected the original to stay as it was, got %+v", value)
	}
}

// expectUnresolved expects each document to be judged only when it is loaded, and
// then to be refused.
func expectUnresolved[T any, P placeholders[T]](t *testing.T, rows map[string]string) {
	t.Helper()
	for document, want := range rows {
		value := P(new(T))
		decode(t, document, value)
		if !value.HasPlaceholder() {
			t.Errorf("expected a placeholder in %s", document)
		}
		for range 5 { // always the same of several
			_, err := value.Resolve(caddy.NewReplacer())
			expectText(t, err, want)
		}
	}
}

// expectSettings judges documents while they are read: with more to come, and
// without.
func expectSettings[T any, P placeholders[T]](t *testing.T, rows []settingsRow) {
	t.Helper()
	for _, r := range rows {
		value, before := P(new(T)), P(new(T))
		decode(t, r.document, value)
		decode(t, r.document, before)
		expectText(t, value.ValidateSettings(true), r.more)
		expectText(t, value.ValidateSettings(false), r.want)
		if !reflect.DeepEqual(value, before) {
			t.Errorf("expected %s to stay as it was, got %+v", r.document, value)
		}
	}
}

type settingsRow struct{ document, more, want string }

func decode(t *testing.T, document string, target any) {
	t.Helper()
	if err := caddy.StrictUnmarshalJSON([]byte(document), target); err != nil {
		t.Fatal(err)
	}
}

func TestUnknownKeysAreRefused(t *testing.T) {
	for _, r := range []struct {
		target         any
		document, want string
	}{
		{new(config.App), `{"user_pools":{}}`, `json: unknown field "user_pools"`},
		{new(config.App), `{"user_pool":{"main":{"clients":["a"]}}}`, `json: unknown field "clients"`},
		{new(config.App), `{"user_pool":{"main":{"user_pool_id":"local_1"}}}`, `json: unknown field "user_pool_id"`},
		{new(config.App), `{"identity_pools":{}}`, `json: unknown field "identity_pools"`},
		{new(config.App), `{"identity_pool":{"media":{"identity_pool_id":"x"}}}`, `json: unknown field "identity_pool_id"`},
		{new(config.App), `{"identity_pool":{"media":{"Exchange":{}}}}`, `json: unknown field "Exchange"`},
		{new(config.App), `{"identity_pool":{"media":{"region":"a"}}}`, `json: unknown field "region"`},
		{new(config.App), `{"identity_pool":{"media":{"group_role":[{"role":"a"}]}}}`, `json: unknown field "role"`},
		{new(config.App), `{"identity_pool":{"media":{"login":[{"pool":"a"}]}}}`, `json: unknown field "pool"`},
		{new(config.App), `{"identity_pool":{"media":{"basic":{"role_arn":"a"}}}}`, `json: unknown field "role_arn"`},
		{new(config.App), `{"web_identity":{"minio":{"url":"a"}}}`, `json: unknown field "url"`},
		{new(config.App), `{"web_identity":{"minio":{"STS":{}}}}`, `json: unknown field "STS"`},
		{new(config.App), `{"web_identity":{"minio":{"guests":true}}}`, `json: unknown field "guests"`},
		{new(config.Transport), `{"endpoint":"a"}`, `json: unknown field "endpoint"`},
		{new(config.Transport), `{"inject":{"token":"a"}}`, `json: unknown field "token"`},
		{new(config.Transport), `{"S3Requests":{}}`, `json: unknown field "S3Requests"`},
		{new(config.S3), `{"service":"s3"}`, `json: unknown field "service"`},
		{new(config.S3), `{"method":["GET"]}`, `json: unknown field "method"`},
		{new(config.CredentialsEndpoint), `{"paths":"/"}`, `json: unknown field "paths"`},
		{new(config.Auth), `{"pools":["main"]}`, `json: unknown field "pools"`},
		{new(config.Auth), `{"pool":["main"],"token_source":[{"kind":"cookie"}]}`, `json: unknown field "kind"`},
		{new(config.Auth), `{"pool":["main"],"forward":[{"claims":"sub"}]}`, `json: unknown field "claims"`},
		{new(config.Auth), `{"pool":["main"],"require":[{"kind":"group","value":["a"]}]}`, `json: unknown field "value"`},
		{new(config.Auth), `{"Check":{"pool":["main"]}}`, `json: unknown field "Check"`},
		{new(config.Check), `{"optional":true}`, `json: unknown field "optional"`},
		{new(config.App), `{"user_pool":{"main":{"client_secrets":{}}}}`, `json: unknown field "client_secrets"`},
		{new(config.App), `{"user_pool":{"main":{"session":{"key":"a"}}}}`, `json: unknown field "key"`},
		{new(config.Signin), `{"domain":"a"}`, `json: unknown field "domain"`},
		{new(config.Signin), `{"limit":[{"rate":1}]}`, `json: unknown field "rate"`},
		{new(config.Signin), `{"page":{"sign_up":{"attributes":["a"]}}}`, `json: unknown field "attributes"`},
		{new(config.Signin), `{"hosted":{"scopes":["openid"]}}`, `json: unknown field "scopes"`},
		{new(config.Match), `{"group":["a"]}`, `json: unknown field "group"`},
	} {
		expectText(t, caddy.StrictUnmarshalJSON([]byte(r.document), r.target), r.want)
	}
}
