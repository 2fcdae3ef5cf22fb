package diagnose_test

import "testing"

func TestUpstreamsThatTrustIdentities(t *testing.T) {
	const open = "WARN  reverse_proxy at app.example.com (srv0, route 1.2.1): identity: it reaches localhost:8080, which a cognito_auth protects elsewhere, without cognito_auth or cognito_strip"
	one := func(rest string) string { return app("handle /api {\ncognito_auth main" + proxy + "\n}\n" + rest) }
	checkMistakes(t, []mistaken{
		{name: "a handle for one path, and the rest", sites: one("handle {" + proxy + "\n}"), want: []string{open}},
		{name: "another host", sites: app("cognito_auth main"+proxy) + "b.example.com {" + proxy + "\n}", want: []string{"WARN  reverse_proxy at b.example.com (srv0, route 2.1): identity: it reaches"}},
		{name: "one of two upstreams", sites: one("handle {\nreverse_proxy localhost:8080 localhost:8081\n}"), want: []string{open}},
		{name: "other headers are deleted", sites: one("handle {\nrequest_header -X-Other" + proxy + "\n}"), want: []string{open}},
		{name: "cognito_strip", sites: one("handle {\ncognito_strip" + proxy + "\n}")},
		{name: "another cognito_auth", sites: one("handle {\ncognito_auth main {\noptional\n}" + proxy + "\n}")},
		{name: "another upstream", sites: one("handle {\nreverse_proxy localhost:8081\n}")},
		{name: "a placeholder", sites: app("handle /api {\ncognito_auth main\nreverse_proxy {vars.to}\n}\nhandle {\nreverse_proxy {vars.to}\n}")},
		{name: "one proxy, and cognito_auth for some paths", sites: app("cognito_auth /api/* main" + proxy)},
		{name: "cognito_strip for some paths", sites: one("handle {\ncognito_strip /public/*" + proxy + "\n}")},
		{name: "no identity headers", sites: app("handle /api {\ncognito_auth main {\nforward none\n}" + proxy + "\n}\nhandle {" + proxy + "\n}")},
		{name: "headers that are deleted", sites: one("handle {\nrequest_header -X-Cognito-*" + proxy + "\n}")},
		{name: "headers that the proxy deletes", sites: one("handle {\nreverse_proxy localhost:8080 {\nheader_up -X-Cognito-Sub\n}\n}")},
		{name: "a named route", sites: "&(guarded) {\ncognito_auth main\n}\n" + one("handle {\ninvoke guarded"+proxy+"\n}")},
		{name: "a proxy to which no request comes", sites: one("handle {\nroute {\nrespond hello" + proxy + "\n}\n}")},
		{
			name: "a service of AWS", sites: app("handle /api {\ncognito_auth main\nreverse_proxy https://dynamodb.eu-west-1.amazonaws.com\n}\n" +
				"handle {\nbasic_auth {\njo $2a$04$AAAAAAAAAAAAAAAAAAAAAOSmVgrOTtBhkCBV5mGu3BXd7Yg7sXZ2u\n}\nreverse_proxy https://dynamodb.eu-west-1.amazonaws.com {\ntransport cognito_aws {\nservice dynamodb\ncredentials media\n}\n}\n}"),
			want: []string{"FAIL  transport cognito_aws"},
		},
	})
}

func TestPathsThatCognitoAuthLeavesOut(t *testing.T) {
	id := " main {\ntoken_use id\n}\n"
	bucket := "cognito_s3 private-site {\ncredentials media\n}\n"
	matched := "cognito_s3 /files/* private-site {\ncredentials media\n}\n"
	checkMistakes(t, []mistaken{
		{name: "a matcher of cognito_auth alone", sites: app("cognito_auth /files/*" + id + bucket), want: []string{
			"WARN  cognito_s3 at app.example.com (srv0, route 1.2): token_use: the cognito_auth at app.example.com/files/* (srv0, route 1.1) is the only one before it and is for /files/* alone",
		}},
		{name: "credentials for applications", sites: app("cognito_auth /files/*" + id + "cognito_credentials media"), want: []string{"WARN  cognito_credentials at"}},
		{name: "one matcher for both", sites: app("cognito_auth /files/*" + id + matched)},
		{name: "a matcher of the bucket alone", sites: app("cognito_auth" + id + matched)},
		{name: "all paths", sites: app("cognito_auth /*" + id + bucket)},
		{name: "paths of the environment", sites: app("@some path {env.PATHS}\ncognito_auth @some" + id + bucket)},
		{name: "paths or a header", sites: app("@some expression `path('/files/*') || header({'X-App': '1'})`\ncognito_auth @some" + id + bucket)},
		{name: "another cognito_auth for the rest", sites: app("@rest not path /files/*\ncognito_auth /files/*" + id + "cognito_auth @rest" + id + bucket)},
		{name: "an answer to the rest", sites: app("@rest not path /files/*\ncognito_auth /files/*" + id + "respond @rest hello\n" + bucket)},
		{name: "a handle that comes before", sites: app("handle /public/* {\nrespond hello\n}\nhandle {\ncognito_auth /files/*" + id + bucket + "}")},
		{name: "a named route", sites: "&(guarded) {\ncognito_auth /files/*" + id + "}\n" + app("route {\ninvoke guarded\n"+bucket+"}")},
	})
}
