package diagnose_test

import (
	"strings"
	"testing"
)

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
		{name: "cognito_strip for some paths", sites: one("handle {\ncognito_strip /public/*" + proxy + "\n}"), want: []string{
			"WARN  reverse_proxy at app.example.com (srv0, route 1.2.2): identity: it reaches localhost:8080, which a cognito_auth protects elsewhere, without cognito_auth or cognito_strip on some paths",
		}},
		{name: "cognito_strip for the paths of the proxy", sites: one("handle /public/* {\ncognito_strip /public/*" + proxy + "\n}")},
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

// With X-Cognito-Sub of its own, a client is whoever it likes to be on paths that
// nothing takes the header off.
func TestPathsThatArriveUnchecked(t *testing.T) {
	const at, said = "WARN  reverse_proxy at app.example.com (srv0, route ", " before it is for some paths only: requests for other paths arrive unchecked, and clients can send X-Cognito-Sub with them; add cognito_strip without a matcher"
	one := []string{at + "1.2): identity: the cognito_auth at app.example.com/api/* (srv0, route 1.1)" + said}
	all := []string{at}
	const api = "cognito_auth /api/* main"
	checkMistakes(t, []mistaken{
		{name: "a path", sites: app(api + proxy), want: one},
		{name: "a matcher with a name", sites: app("@x path /api/*\ncognito_auth @x main" + proxy), want: one},
		{name: "a path and a method", sites: app("@x {\npath /api/*\nmethod POST\n}\ncognito_auth @x main"+proxy) + "b.example.com {\ncognito_auth main" + proxy + "\n}", want: all},
		{name: "all but a path", sites: app("@x not path /public/*\ncognito_auth @x main" + proxy), want: all},
		{name: "a handle for the path", sites: app("handle /api/* {\ncognito_auth main" + proxy + "\n}" + proxy), want: all},
		{name: "in one of two handles", sites: app("handle /static/* {\nfile_server\n}\nhandle {\n" + api + proxy + "\n}"), want: all},
		{name: "an answer to some more paths", sites: app("respond /health ok\n" + api + proxy), want: all},
		{name: "some more paths without headers", sites: app("cognito_strip /public/*\n" + api + proxy), want: all},
		{name: "an optional cognito_auth", sites: app(api + " {\noptional\n}" + proxy), want: all},
		{name: "a proxy for another path", sites: app("cognito_auth /api/* main\nreverse_proxy /api/* localhost:8080\nreverse_proxy /public/* localhost:8080"), want: []string{"WARN  reverse_proxy at app.example.com/public/* (srv0, route 1.2): identity: it reaches localhost:8080"}},
		{name: "cognito_strip", sites: app(api + "\ncognito_strip" + proxy)},
		{name: "cognito_strip for the rest", sites: app("@rest not path /api/*\n" + api + "\ncognito_strip @rest" + proxy)},
		{name: "another cognito_auth for the rest", sites: app("@rest not path /api/*\n" + api + "\ncognito_auth @rest main {\noptional\n}" + proxy)},
		{name: "a stricter cognito_auth before another", sites: app(api + " {\nrequire group staff\n}\ncognito_auth main" + proxy)},
		{name: "an answer to the rest", sites: app("@rest not path /api/*\n" + api + "\nrespond @rest hello" + proxy)},
		{name: "a handle for the rest", sites: app("@rest not path /api/*\nhandle @rest {\nrespond hello\n}\nhandle {\n" + api + proxy + "\n}")},
		{name: "the paths of its handle", sites: app("handle /api/* {\n" + api + proxy + "\n}\nhandle {\nrespond hello\n}")},
		{name: "the paths of its proxy", sites: app(api + "\nreverse_proxy /api/* localhost:8080")},
		{name: "an upstream that no verified request reaches", sites: app(api + "\nreverse_proxy /api/* localhost:8080\nreverse_proxy localhost:8081")},
		{name: "metrics", sites: app("handle /metrics {\ncognito_auth main\nmetrics\n}" + proxy)},
		{name: "no identity headers", sites: app(api + " {\nforward none\n}" + proxy)},
		{name: "paths of the environment", sites: app("@x path {env.PATHS}\ncognito_auth @x main" + proxy)},
		{name: "an expression", sites: app("@x expression path('/api/*')\ncognito_auth @x main" + proxy)},
		{name: "a named route", sites: "&(proxied) {" + proxy + "\n}\n" + app("handle /api/* {\n"+api+"\ninvoke proxied\n}") + "b.example.com:8443 {\ncognito_auth main" + proxy + "\n}"},
	})
}

// In JSON, each route can name the host.
func TestPathsThatArriveUncheckedInJSON(t *testing.T) {
	const routes = `{"apps": {"cognito": {"user_pool": {"main": {"id": "eu-west-1_AbCdEfGhI", "client": ["1h57kf5cpq17m0eml12example"]}}}, "http": {"servers": {"web": {"routes": [
		{"match": [{"host": ["$HOST"], "path": ["/api/*"]}], "handle": [{"handler": "cognito_auth", "pool": ["main"]}]},
		{"match": [{"host": ["app.example.com"]}], "handle": [{"handler": "reverse_proxy", "upstreams": [{"dial": "localhost:8080"}]}]}
	]}}}}}`
	for host, want := range map[string]int{"app.example.com": 1, "b.example.com": 0} {
		if got := mistakesOfJSON(t, strings.Replace(routes, "$HOST", host, 1)); len(got) != want {
			t.Errorf("%s: expected %d lines, got %q", host, want, got)
		}
	}
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
