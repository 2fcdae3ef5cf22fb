package diagnose_test

import "testing"

func TestHandlersThatNoRequestReaches(t *testing.T) {
	const site, route = " at app.example.com (srv0, route 1.1): order: ", " at app.example.com (srv0, route 1.1.1): order: "
	id := "cognito_auth main {\ntoken_use id\n}"
	bucket := "cognito_s3 private-site {\ncredentials media\n}"
	checkMistakes(t, []mistaken{
		{name: "a proxy before a bucket", sites: app(id + "\n" + bucket + proxy), want: []string{
			"FAIL  cognito_s3" + site + "the reverse_proxy at app.example.com (srv0, route 1.1) before it answers all requests, so that none comes here; put this one first, or give that one a matcher, such as reverse_proxy /api/*",
		}},
		{name: "a proxy for some paths", sites: app(id + "\n" + bucket + "\nreverse_proxy /api/* localhost:8080")},
		{name: "a bucket before files", sites: app(id + "\n" + bucket + "\nfile_server")},
		{name: "verification behind a proxy", sites: app("route {" + proxy + "\ncognito_auth main\n}"), want: []string{"FAIL  cognito_auth" + route + "the reverse_proxy"}},
		{name: "sign-in behind files", sites: app("route {\nfile_server\ncognito_signin main\ncognito_auth main\n}"), want: []string{
			"FAIL  cognito_auth" + route + "the file_server", "FAIL  cognito_signin" + route + "the file_server",
		}},
		{name: "cognito_strip behind an answer", sites: app("route {\nrespond hello\ncognito_strip\n}"), want: []string{"FAIL  cognito_strip" + route + "the respond"}},
		{name: "verification behind a redirect", sites: app("route {\nredir https://www.example.com\ncognito_auth main" + proxy + "\n}"), want: []string{"FAIL  cognito_auth" + route + "the redir"}},
		{name: "verification behind an end", sites: app("route {\nabort\ncognito_auth main" + proxy + "\n}"), want: []string{"FAIL  cognito_auth" + route + "the abort"}},
		{name: "files that let others answer", sites: app("route {\nfile_server {\npass_thru\n}\ncognito_auth main" + proxy + "\n}")},
		{name: "early hints", sites: app("route {\nrespond 103\ncognito_auth main" + proxy + "\n}")},
		{name: "another service that is asked first", sites: app("route {\nforward_auth localhost:9000 {\nuri /check\n}\ncognito_auth main" + proxy + "\n}")},
		{name: "an answer on another host", sites: app("cognito_auth main"+proxy) + "www.example.com {\nrespond hello\n}"},
		{name: "the other of two handles", sites: app("handle /public/* {\nrespond hello\n}\nhandle {\ncognito_auth main" + proxy + "\n}")},
	})
}
