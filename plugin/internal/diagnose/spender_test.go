package diagnose_test

import (
	"strings"
	"testing"
)

func TestTokensForExchanges(t *testing.T) {
	const at = " at app.example.com (srv0, route 1.1): token_use: "
	accessOnly := "exchanges take ID tokens, and the cognito_auth at app.example.com (srv0, route 1.1) before it takes access tokens only; set token_use id there"
	bucket := "\ncognito_s3 private-site {\ncredentials media\n}"
	signed := "\nreverse_proxy https://dynamodb.eu-west-1.amazonaws.com {\ntransport cognito_aws {\nservice dynamodb\ncredentials media\n}\n}"
	id := "cognito_auth main {\ntoken_use id\n}"
	checkMistakes(t, []mistaken{
		{name: "ID tokens", sites: app(id + bucket)},
		{name: "access tokens for a bucket", sites: app("cognito_auth main" + bucket), want: []string{"FAIL  cognito_s3" + at + accessOnly}},
		{name: "access tokens for a service", sites: app("cognito_auth main" + signed), want: []string{"FAIL  transport cognito_aws" + at + accessOnly}},
		{name: "access tokens for applications", sites: app("cognito_auth main\ncognito_credentials media"), want: []string{"FAIL  cognito_credentials" + at + accessOnly}},
		{name: "nobody", sites: app(strings.TrimSpace(bucket)), want: []string{"FAIL  cognito_s3" + at + "no cognito_auth is before it"}},
		{
			name: "nobody, on this host", sites: app(strings.TrimSpace(bucket)) + "b.example.com {\n" + id + "\n}",
			want: []string{"FAIL  cognito_s3" + at + "no cognito_auth is before it"},
		},
		{name: "a first one for access tokens", sites: app("route {\ncognito_auth main\n" + id + bucket + "\n}"), want: []string{
			"FAIL  cognito_s3 at app.example.com (srv0, route 1.1.1): token_use: exchanges take ID tokens, and the cognito_auth at app.example.com (srv0, route 1.1.1) before it",
		}},
		{name: "other paths for access tokens", sites: app("route {\ncognito_auth /api/* main\n" + id + bucket + "\n}")},
		{name: "access tokens wherever", sites: app("route {\ncognito_auth /a/* main\ncognito_auth /b/* main" + bucket + "\n}"), want: []string{
			"FAIL  cognito_s3 at app.example.com (srv0, route 1.1.3): token_use: exchanges take ID tokens, and every cognito_auth before it",
		}},
		{name: "another handle for access tokens", sites: app("handle /api/* {\ncognito_auth main" + proxy + "\n}\nhandle {\n" + id + bucket + "\n}")},
		{name: "both kinds from applications", sites: app("cognito_auth main {\ntoken_use access id\n}" + bucket)},
		{
			name: "both kinds with sessions", sites: app("cognito_signin main\ncognito_auth main {\ntoken_use access id\n}" + bucket),
			want: []string{"WARN  cognito_s3 at app.example.com (srv0, route 1.1): token_use: the cognito_auth at app.example.com (srv0, route 1.1) before it takes both kinds of tokens, so sessions go by the access token"},
		},
		{name: "a named route", sites: "&(guarded) {\n" + id + "\n}\n" + app("route {\ninvoke guarded"+bucket+"\n}")},
		{name: "an error page behind cognito_auth", sites: app(id + proxy + "\nhandle_errors {" + bucket + "\n}")},
	})
}

func TestCredentialsInTheClear(t *testing.T) {
	inject := func(upstream, more string) string {
		return app("cognito_auth main {\ntoken_use id\n}\nreverse_proxy " + upstream + " {\ntransport cognito_aws {\ncredentials minio\ninject\n" + more + "\n}\n}")
	}
	t.Setenv("HERE", "127.0.0.1:9000")
	t.Setenv("THERE", "storage:9000")
	clear := []string{"WARN  transport cognito_aws at app.example.com (srv0, route 1.1): inject: credentials of users go to storage:9000 over plain http"}
	checkMistakes(t, []mistaken{
		{name: "another machine", sites: inject("storage:9000", ""), want: clear},
		{name: "another machine among those here", sites: inject("localhost:9000 storage:9000", ""), want: clear},
		{name: "another machine by the environment", sites: inject("{env.THERE}", ""), want: clear},
		{name: "machines that are found on the way", sites: app("cognito_auth main {\ntoken_use id\n}\nreverse_proxy {\ndynamic srv _storage._tcp.internal\ntransport cognito_aws {\ncredentials minio\ninject\n}\n}"), want: []string{
			"WARN  transport cognito_aws at app.example.com (srv0, route 1.1): inject: credentials of users go to dynamic srv over plain http",
		}},
		{name: "https", sites: inject("https://storage:9000", "")},
		{name: "tls in the transport", sites: inject("storage:9000", "tls")},
		{name: "this machine", sites: inject("localhost:9000 127.0.0.1:9000 127.0.0.2:9000 [::1]:9000 storage.localhost:9000", "")},
		{name: "this machine by the environment", sites: inject("{env.HERE}", "")},
		{name: "a socket", sites: inject("unix//run/storage.sock", "")},
		{name: "signatures, which tell no secret", sites: app("cognito_auth main {\ntoken_use id\n}\nreverse_proxy storage:9000 {\ntransport cognito_aws {\ncredentials minio\n}\n}")},
	})
}
