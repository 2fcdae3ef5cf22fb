package integration_test

import (
	"strings"
	"testing"
)

// aliased is a site whose server lets header aliases pass that Caddy's own
// filter would drop, as a configuration for another upstream may need.
var aliased = setup{
	server: "expected_underscore_headers X_Cognito_* x_cognito-* X_User_Id\nexpected_dot_headers X.Cognito.* X.User.Id\nprotocols h1 h2c",
	site: `handle /optional {
	cognito_auth main {
		optional
		forward sub > X-User-Id
	}
	reverse_proxy $UPSTREAM
}
handle /public {
	cognito_strip
	reverse_proxy $UPSTREAM
}
handle {
	cognito_auth main {
		forward sub > X-User-Id
	}
	reverse_proxy $UPSTREAM
}
handle_errors {
	reverse_proxy $UPSTREAM
}`,
}

// spoofs are header lines with which mallory claims to be somebody, or removes
// what the edge says.
var spoofs = []struct {
	name  string
	lines []string
}{
	{"the header itself", []string{"X-Cognito-Sub: mallory"}},
	{"in lower case", []string{"x-cognito-sub: mallory"}},
	{"in upper case", []string{"X-COGNITO-SUB: mallory"}},
	{"in mixed case twice", []string{"X-cognito-SUB: mallory", "x-Cognito-sub: mallory"}},
	{"a configured header", []string{"X-User-Id: mallory"}},
	{"a header of a claim that the token lacks", []string{"X-Cognito-Email: mallory"}},
	{"a header of the prefix that nobody sets", []string{"X-Cognito-Superuser: mallory"}},
	{"the bare prefix", []string{"X-Cognito-: mallory"}},
	{"underscores", []string{"X_Cognito_Sub: mallory"}},
	{"underscores in a configured header", []string{"X_User_Id: mallory"}},
	{"an underscore beside a hyphen", []string{"x_cognito-Sub: mallory", "X-Cognito_Sub: mallory", "X_Cognito-Sub: mallory"}},
	{"dots", []string{"X.Cognito.Sub: mallory"}},
	{"dots in a configured header", []string{"X.User.Id: mallory"}},
	{"dots and underscores", []string{"X.Cognito_Sub: mallory", "X_Cognito.Sub: mallory"}},
	{"the other characters that some CGI gateways fold", []string{
		"X!Cognito!Sub: mallory", "X~Cognito~Sub: mallory", "X'Cognito'Sub: mallory", "X*Cognito+Sub: mallory",
		"X|Cognito|Sub: mallory", "X^Cognito`Sub: mallory", "X#Cognito$Sub: mallory", "X%User&Id: mallory"}},
	{"a continuation line", []string{"X-Cognito-Sub:", " mallory", "\tmallory"}},
	{"a continuation of another header", []string{"X-Other: a", " X-Cognito-Sub: mallory"}},
	{"Connection names the header", []string{"Connection: X-Cognito-Sub"}},
	{"Connection names it in lower case", []string{"Connection: x-cognito-sub"}},
	{"Connection names it in mixed case", []string{"Connection: X-cOGNITO-sUB"}},
	{"Connection names all of them", []string{"Connection: x-cognito-sub, X-Cognito-Groups,X-Cognito-Scope,\tX-User-Id , X-Cognito-Username,X-Cognito-Token-Use,X-Cognito-Client-Id"}},
	{"Connection names it between options", []string{"Connection: close, X-Cognito-Sub, keep-alive"}},
	{"Connection names it on a second line", []string{"Connection: keep-alive", "Connection: X-Cognito-Sub"}},
	{"Connection has empty members", []string{"Connection: ,, ,X-Cognito-Sub,,"}},
	{"Connection goes on on the next line", []string{"Connection: keep-alive,", " X-Cognito-Sub"}},
	{"Connection names an alias", []string{"Connection: X_Cognito_Sub, X.Cognito.Sub"}},
	{"Connection names it in quotes", []string{`Connection: "X-Cognito-Sub"`}},
	{"Connection names it and te", []string{"Connection: TE, X-Cognito-Sub", "TE: trailers"}},
	{"Connection and the header", []string{"Connection: X-Cognito-Sub", "X-Cognito-Sub: mallory"}},
	{"Proxy-Connection names it", []string{"Proxy-Connection: X-Cognito-Sub"}},
	{"Keep-Alive names it", []string{"Connection: keep-alive", "Keep-Alive: X-Cognito-Sub"}},
	{"Trailer names it without a body", []string{"Trailer: X-Cognito-Sub"}},
	{"Authorization of a proxy", []string{"Proxy-Authorization: Bearer mallory"}},
	{"AWS's names for a remapped token", []string{"X-Amzn-Remapped-Authorization: Bearer mallory", "X-Amzn-Oidc-Data: mallory", "X-Amzn-Oidc-Identity: mallory"}},
}

// TestClientsCannotSpeakForOthers sends every spoof on a protected route with a
// good token, on an optional and a public one without, and on one that refuses
// and whose error route proxies.
func TestClientsCannotSpeakForOthers(t *testing.T) {
	w := started(t, aliased)
	token := w.access(nil)
	jo := w.joHeaders("X-User-Id", w.sub("jo"))
	for _, spoof := range spoofs {
		t.Run(spoof.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, upstream: w.upstream}
			w.spoof(spoof.lines, "/", "Authorization: Bearer "+token, 200, jo)
			w.spoof(spoof.lines, "/optional", "Authorization: Bearer "+token, 200, jo)
			w.spoof(spoof.lines, "/optional", "Authorization: Basic am86am8=", 200, nil)
			w.spoof(spoof.lines, "/public", "X-Nothing: a", 200, nil)
			// The error route answers with the upstream's 200: what counts is what that saw.
			w.spoof(spoof.lines, "/", "Authorization: Bearer x", 200, nil)
		})
	}
}

func (w *world) spoof(lines []string, path, authorization string, status int, want []string) {
	w.Helper()
	got := w.raw(rawGet(path, append([]string{authorization}, lines...)...))
	w.wantStatus(status, got)
	w.upstream.one(w.T).wantIdentity(w.T, want...)
}

// TestSpoofsThatAreNotHTTP never reach a handler.
func TestSpoofsThatAreNotHTTP(t *testing.T) {
	w := started(t, aliased)
	rows := []struct{ name, line string }{
		{"a space before the colon", "X-Cognito-Sub : mallory"},
		{"a tab before the colon", "X-Cognito-Sub\t: mallory"},
		{"a space in the name", "X Cognito Sub: mallory"},
		{"a slash in the name", "X/Cognito/Sub: mallory"},
		{"a NUL in the name", "X-Cognito\x00-Sub: mallory"},
		{"a NUL in the value", "X-Cognito-Sub: mal\x00lory"},
		{"a letter beyond ASCII that folds to k", "X-\u212Anito-Sub: mallory"},
		{"a hyphen beyond ASCII", "X\u2010Cognito\u2010Sub: mallory"},
		{"a line without a colon", "X-Cognito-Sub"},
		{"a first line that continues nothing", " X-Cognito-Sub: mallory"},
	}
	token := w.access(nil)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			// Host follows, so that a first line is one.
			got := w.raw("GET / HTTP/1.1\r\n" + row.line + "\r\nHost: edge\r\nAuthorization: Bearer " + token + "\r\n\r\n")
			w.wantStatus(400, got)
			w.upstream.none(t)
		})
	}
}

// TestTrailersCannotSpeak: reverse_proxy forwards trailers, whose names nobody
// filters.
func TestTrailersCannotSpeak(t *testing.T) {
	rows := []struct{ name, declared, trailer string }{
		{"declared", "X-Cognito-Sub", "X-Cognito-Sub: mallory"},
		{"declared in another case", "x-COGNITO-sub", "x-cognito-SUB: mallory"},
		{"undeclared", "", "X-Cognito-Sub: mallory"},
		{"undeclared beside a declared one", "X-Foo", "X-Foo: a\r\nX-Cognito-Sub: mallory"},
		{"with underscores", "X_Cognito_Sub", "X_Cognito_Sub: mallory"},
		{"with underscores, undeclared", "X-Foo", "X-Foo: a\r\nx_cognito_sub: mallory"},
		{"with dots", "X.Cognito.Sub", "X.Cognito.Sub: mallory"},
		{"of a configured header", "X-User-Id", "X-User-Id: mallory"},
		{"of the Authorization header", "X-Foo", "X-Foo: a\r\nAuthorization: Bearer mallory"},
		{"twice", "X-Cognito-Sub, X-Cognito-Groups", "X-Cognito-Sub: mallory\r\nX-Cognito-Sub: mallory\r\nX-Cognito-Groups: kings"},
	}
	w := started(t, aliased)
	token := w.access(nil)
	jo := w.joHeaders("X-User-Id", w.sub("jo"))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, upstream: w.upstream}
			w.trailer("/", token, row.declared, row.trailer, jo)
			w.trailer("/optional", "", row.declared, row.trailer, nil)
			w.trailer("/public", "", row.declared, row.trailer, nil)
			w.trailer("/", "bad", row.declared, row.trailer, nil) // the error route
		})
	}
}

func (w *world) trailer(path, token, declared, trailer string, want []string) {
	w.Helper()
	lines := []string{"Transfer-Encoding: chunked", "TE: trailers"}
	if declared != "" {
		lines = append(lines, "Trailer: "+declared)
	}
	if token != "" {
		lines = append(lines, "Authorization: Bearer "+token)
	}
	w.wantStatus(200, w.raw(head("POST", path, lines...)+"\r\n5\r\nhello\r\n0\r\n"+trailer+"\r\n\r\n"))
	got := w.upstream.one(w.T)
	got.wantIdentity(w.T, want...)
	if got.body != "hello" || len(got.trailer) > 0 {
		w.Errorf("expected the body without trailers, got %q and %v", got.body, got.trailer)
	}
}

// TestErrorRouteAfterTheHandlerSeesTheTrueUser: the upstream broke, so the
// request was admitted, and what the error route proxies says who it was.
func TestErrorRouteAfterTheHandlerSeesTheTrueUser(t *testing.T) {
	w := started(t, setup{site: protected + "\nhandle_errors {\nrequest_header -X-Fail\nreverse_proxy $UPSTREAM\n}"})
	got := w.raw(rawGet("/", "X-Fail: 1", "Connection: X-Cognito-Sub", "Authorization: Bearer "+w.access(nil), "X-Cognito-Email: mallory"))
	w.wantStatus(200, got)
	requests := w.upstream.take()
	for _, request := range requests {
		request.wantIdentity(t, w.joHeaders()...)
	}
	if len(requests) < 2 {
		t.Errorf("expected a failure and an error route, got %d requests", len(requests))
	}
}

// TestForwardedHeadersAreNotTheEdge: what clients say of proxies before Caddy
// neither opens routes nor reaches error messages.
func TestForwardedHeadersAreNotTheEdge(t *testing.T) {
	w := started(t, refusing(""))
	for _, line := range []string{
		"X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: ::1", "X-Real-IP: 127.0.0.1", "Forwarded: for=127.0.0.1",
		"X-Forwarded-Host: evil.example", "X-Forwarded-Proto: evil", "X-Forwarded-Uri: /public", "X-Original-URL: /public",
		"X-Rewrite-URL: /public", "X-Forwarded-Prefix: /public", "X-Forwarded-Port: 1", "X-HTTP-Method-Override: OPTIONS",
		"User-Agent: kube-probe/1.0", "User-Agent: ELB-HealthChecker/2.0", "Referer: javascript:alert(1)",
		"X-Envoy-Internal: true", "X-Cognito-Sub: mallory", "X-Amzn-Oidc-Data: mallory",
	} {
		t.Run(line, func(t *testing.T) {
			got := w.raw(rawGet("/", line))
			w.wantStatus(401, got)
			_, value, _ := strings.Cut(line, ": ")
			if strings.Contains(got.body, value) {
				t.Errorf("the answer repeats the header: %q", got.body)
			}
			w.upstream.none(t)
		})
	}
}
