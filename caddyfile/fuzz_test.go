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
		"cognito_auth main {\n token_source session\n redirect never\n}",
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
		"cognito {\n user_pool a local_1 {\n  client b {\n   secret c d\n  }\n  client {env.X} {\n   secret {env.Y}\n  }\n  domain auth.example.com\n }\n}",
		"cognito {\n user_pool a local_1 {\n  client b\n  session {\n   client b\n   secret c {env.X}\n   cookie __Secure-d\n   cookie_domain e.f\n   refresh_token_rotation\n  }\n }\n}",
		"cognito {\n user_pool a local_1 {\n  client b c {\n  }\n  session {\n   idle 1h\n   absolute 1d\n   rotate 1d\n  }\n  domain http://x\n  insecure_http\n }\n}",
		"cognito {\n user_pool {",
		"cognito {\n identity_pool a eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {\n  user_pool main\n  role_arn arn:a:b:::c\n  group_role d arn:a:b:::c\n  login main e\n  preferred_role\n }\n}",
		"cognito {\n identity_pool a eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {\n  guests\n  endpoint http://x\n  insecure_http\n  preferred_role\n  basic {\n   policy `{}`\n   duration 1h\n   policy_arn arn:a:b:::c {env.X}\n  }\n }\n}",
		"cognito {\n web_identity a https://x {\n  user_pool b\n  preferred_role\n  outlive_token\n  cache_size 5\n }\n web_identity b {\n  region {env.X}\n }\n}",
		"cognito {\n identity_pool a eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {\n  basic {\n   region {\n",
		"cognito {\n web_identity a {\n  endpoint x",
	} {
		f.Add(seed)
	}
	fuzz(f, parseApp, validateEntries)
}

// validateEntries leaves out references: several blocks add up, so that they can
// be checked only when the configuration is loaded.
func validateEntries(app config.App) error {
	for _, pool := range app.IdentityPools {
		if err := pool.Validate(); err != nil && !pool.HasPlaceholder() {
			return err
		}
	}
	for _, web := range app.WebIdentities {
		if err := web.Validate(); err != nil && !web.HasPlaceholder() {
			return err
		}
	}
	return (&config.App{UserPools: app.UserPools}).Validate()
}

func FuzzParseTransport(f *testing.F) {
	for _, seed := range []string{
		"cognito_aws {\n credentials a\n}",
		"cognito_aws {\n credentials a\n service es\n region b\n max_body 1MiB\n}",
		"cognito_aws {\n credentials a\n checksum\n allow_query acl\n allow_header x-amz-acl\n compression \"off\"\n}",
		"cognito_aws {\n credentials a\n inject {\n  access_key_id X-Cognito-Expires\n  expires X\n }\n tls_trust_pool file {\n  pem_file b\n }\n}",
		"cognito_aws {\n a {\n }\n credentials {env.X}\n} b",
		"cognito_aws {\n a <<B\n c\n B\n {",
		"cognito_aws",
	} {
		f.Add(seed)
	}
	fuzz(f, parseTransport, func(p proxied) error {
		if p.HasPlaceholder() {
			return nil
		}
		return p.Transport.Validate()
	})
}

func FuzzParseS3(f *testing.F) {
	for _, seed := range []string{
		"cognito_s3 abc {\n credentials a\n}",
		"cognito_s3 abc {\n credentials a\n endpoint http://x\n insecure_http\n addressing path\n prefix {x}/\n index none\n fallback b\n}",
		"cognito_s3 {env.X} {\n region {env.Y}\n index a b\n error_document /c\n show_denied\n methods GET PUT\n max_upload 1kB\n redirect_over 1GB\n}",
		"cognito_s3 abc {\n credentials a\n transport {\n  b {\n   c\n  }\n }\n shared_cache\n}",
		"cognito_s3 abc {\n transport {",
	} {
		f.Add(seed)
	}
	fuzz(f, parseS3, func(s3 config.S3) error {
		if s3.HasPlaceholder() {
			return nil
		}
		return s3.Validate()
	})
}

func FuzzParseCredentials(f *testing.F) {
	for _, seed := range []string{"cognito_credentials a", "cognito_credentials a /b", "cognito_credentials a {\n}", "cognito_credentials {", "cognito_credentials"} {
		f.Add(seed)
	}
	fuzz(f, parse.ParseCredentials, func(endpoint config.CredentialsEndpoint) error { return endpoint.Validate() })
}

func FuzzParseSignin(f *testing.F) {
	for _, seed := range []string{
		"cognito_signin a",
		"cognito_signin a {\n client b\n prefix /c\n origin https://d\n deliver tokens\n return_to https://e http://localhost:1\n sign_out_to /f\n global_sign_out\n claim g h\n limit user 5\n}",
		"cognito_signin a {\n page {\n  flow USER_AUTH\n  preferred WEB_AUTHN\n  passwordless\n  title \"b c\"\n  logo file:d\n  accent `#000000` `#ffffff`\n  language en pt-BR\n  templates e\n }\n}",
		"cognito_signin a {\n page {\n  login any\n  password_rules 8 lower symbol\n  input b date\n  provider c \"d e\"\n  sign_up f {\n   passwordless\n  }\n  flow USER_AUTH\n  no_forgot_password\n }\n}",
		"cognito_signin a {\n page {\n  custom_challenge {\n   template b\n   question c\n   image d\n   image_origin https://e\n   allow f script https://*.g.h self\n  }\n }\n}",
		"cognito_signin a {\n hosted {\n  scope openid b\n  identity_provider c\n  pass lang\n }\n page\n}",
		"cognito_signin a {\n client {env.X}\n hosted {\n  idp_identifier b\n }\n deliver session\n}",
		"cognito_signin a {\n page {\n  sign_up {",
	} {
		f.Add(seed)
	}
	fuzz(f, parse.ParseSignin, func(signin config.Signin) error {
		if signin.HasPlaceholder() {
			return nil
		}
		return signin.Validate()
	})
}

func FuzzParseMatch(f *testing.F) {
	for _, seed := range []string{
		"cognito", "cognito group a b", "cognito {\n scope a\n claim b c\n max_age 1h\n acr d\n}", "cognito {\n group a {\n }\n}", "cognito {",
	} {
		f.Add(seed)
	}
	fuzz(f, parse.ParseMatch, func(match config.Match) error { return match.Validate() })
}
