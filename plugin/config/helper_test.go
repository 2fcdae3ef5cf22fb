package config_test

import (
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

func TestUnknownKeysAreRefused(t *testing.T) {
	for _, r := range []struct {
		target         any
		document, want string
	}{
		{new(config.App), `{"user_pools":{}}`, `json: unknown field "user_pools"`},
		{new(config.App), `{"user_pool":{"main":{"clients":["a"]}}}`, `json: unknown field "clients"`},
		{new(config.App), `{"user_pool":{"main":{"user_pool_id":"local_1"}}}`, `json: unknown field "user_pool_id"`},
		{new(config.Auth), `{"pools":["main"]}`, `json: unknown field "pools"`},
		{new(config.Auth), `{"pool":["main"],"token_source":[{"kind":"cookie"}]}`, `json: unknown field "kind"`},
		{new(config.Auth), `{"pool":["main"],"forward":[{"claims":"sub"}]}`, `json: unknown field "claims"`},
		{new(config.Auth), `{"pool":["main"],"require":[{"kind":"group","value":["a"]}]}`, `json: unknown field "value"`},
		{new(config.Auth), `{"Check":{"pool":["main"]}}`, `json: unknown field "Check"`},
		{new(config.Check), `{"optional":true}`, `json: unknown field "optional"`},
		{new(config.Match), `{"group":["a"]}`, `json: unknown field "group"`},
	} {
		expectText(t, caddy.StrictUnmarshalJSON([]byte(r.document), r.target), r.want)
	}
}
