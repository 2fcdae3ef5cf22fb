package caddyfile_test

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// fuzz holds a parser to two promises: it never panics, and what it accepts is
// valid, unless placeholders defer the judgement.
func fuzz[T any](f *testing.F, parse func(*caddyfile.Dispenser) (T, error), validate func(T) error) {
	f.Fuzz(func(t *testing.T, input string) {
		tokens, err := caddyfile.Tokenize([]byte(input), "Testfile")
		if err != nil || len(tokens) == 0 {
			return
		}
		value, err := parse(caddyfile.NewDispenser(tokens))
		if err != nil {
			if !strings.Contains(err.Error(), ", at Testfile:") {
				t.Errorf("expected the error to name its place, got %v", err)
			}
			return
		}
		if err := validate(value); err != nil {
			t.Errorf("accepted %q, which is not valid: %v", input, err)
		}
	})
}

func FuzzParseAuth(f *testing.F) {
	for _, seed := range []string{
		"cognito_auth main other",
		"cognito_auth " + poolID + " " + clientID + " {env.OTHER}",
		"cognito_auth main {\n token_source cookie a\n token_source header B\n token_use access id\n optional\n}",
		"cognito_auth main {\n require scope a b\n require max_age 1d\n require claim a b\n}",
		"cognito_auth main {\n forward sub > X-Sub json\n forward none\n forward token\n errors json\n allow_preflight\n allow_ambiguous_path\n}",
		"cognito_auth main {\n optional {\n }\n}",
		"cognito_auth {",
	} {
		f.Add(seed)
	}
	fuzz(f, parse.ParseAuth, func(auth config.Auth) error {
		if auth.UserPool != nil && !auth.UserPool.HasPlaceholder() {
			if err := auth.UserPool.Validate(); err != nil {
				return err
			}
		}
		return auth.Validate()
	})
}

func FuzzParseApp(f *testing.F) {
	for _, seed := range []string{
		"cognito",
		"cognito {\n user_pool main " + poolID + " {\n  client a b\n  audience c\n  leeway 1s\n  cache_size 10\n }\n}",
		"cognito {\n user_pool a local_1 {\n  any_client\n  endpoint http://x\n  insecure_http\n }\n user_pool b {env.X} {\n  client c\n }\n}",
		"cognito {\n user_pool a local_1 {\n  client c\n  issuer https://x\n  jwks_url https://y\n  jwks_file z\n  max_stale 1d\n }\n}",
		"cognito {\n user_pool a local_1 {\n  client c {\n  }\n }\n",
		"cognito {\n user_pool {",
	} {
		f.Add(seed)
	}
	fuzz(f, parseApp, func(app config.App) error { return app.Validate() })
}

func FuzzParseMatch(f *testing.F) {
	for _, seed := range []string{
		"cognito", "cognito group a b", "cognito {\n scope a\n claim b c\n max_age 1h\n acr d\n}", "cognito {\n group a {\n }\n}", "cognito {",
	} {
		f.Add(seed)
	}
	fuzz(f, parse.ParseMatch, func(match config.Match) error { return match.Validate() })
}
