package integration_test

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// services are signed for alike: only S3 has rules of its own.
var services = []string{"dynamodb", "lambda", "execute-api", "es", "sqs"}

// eachService runs a test in front of each of them.
func eachService(t *testing.T, s signing, test func(w *serviceWorld)) {
	t.Helper()
	for _, name := range services {
		t.Run(name, func(t *testing.T) {
			s.service = name
			test(startedService(t, s))
		})
	}
}

func TestPathsAreSignedAsTheyAreSent(t *testing.T) {
	rows := []struct{ name, path string }{
		{"the root", "/"},
		{"a plain path", "/2015-03-31/functions/a/invocations"},
		{"a slash at the end", "/a/"},
		{"a space", "/a%20b"},
		{"a plus", "/a+b"},
		{"an encoded plus", "/a%2Bb"},
		{"UTF-8", "/caf%C3%A9/%E2%82%AC"},
		{"lower-case escapes", "/caf%c3%a9"},
		{"an encoded slash", "/a%2Fb"},
		{"an encoded slash in lower case", "/a%2fb"},
		{"an encoded question mark and number sign", "/a%3Fb%23c"},
		{"a tilde", "/~a"},
		{"an encoded tilde", "/%7Ea"},
		{"characters that need no escape in paths", "/a!$&'()*,=:@b"},
		{"a semicolon", "/a;b=c"},
		{"an encoded letter", "/%61b"},
		{"a percent sign", "/100%25"},
		{"a percent sign that looks like an escape", "/100%2541"},
		{"an octet that is no UTF-8", "/%FF"},
		{"dots that are no segment", "/.../a..b/.hidden"},
		{"two slashes", "/a//b"},
		{"slashes at both ends", "//a//"},
	}
	eachService(t, signing{}, func(w *serviceWorld) {
		for _, row := range rows {
			w.Run(row.name, func(t *testing.T) {
				w := w.in(t)
				w.wantStatus(200, w.rawAs("GET", row.path, ""))
				if got := w.service.one(t); got.uri != row.path || got.session.Subject != w.sub("jo") {
					t.Errorf("expected %s of jo, got %s of %v", row.path, got.uri, got.session)
				}
			})
		}
	})
}

// parameters are the values of each name of a query in their order, which is all
// that applications make of one.
func parameters(t *testing.T, raw string) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		check(t, err)
		value, err = url.QueryUnescape(value)
		check(t, err)
		all[name] = append(all[name], value)
	}
	return all
}

// TestQueriesAreSignedAndMeanTheSame: how a query is written may change, what it
// says may not.
func TestQueriesAreSignedAndMeanTheSame(t *testing.T) {
	rows := []struct{ name, query string }{
		{"one parameter", "a=1"},
		{"in order", "a=1&b=2"},
		{"in no order", "b=2&a=1&c=3"},
		{"a name in two cases", "b=1&B=2&a=3"},
		{"a repeated name", "a=1&a=2"},
		{"a repeated name, whose values are in no order", "a=2&a=1&b=0&a=3"},
		{"a name without a value", "logs"},
		{"an empty value", "logs="},
		{"empty and full values of a name", "a&a=&a=1"},
		{"a plus for a space", "q=a+b"},
		{"an encoded space", "q=a%20b"},
		{"an encoded plus", "q=a%2Bb"},
		{"an encoded ampersand and equals sign", "q=a%26b%3Dc"},
		{"an equals sign in a value", "q=a=b"},
		{"UTF-8", "caf%C3%A9=%E2%82%AC"},
		{"lower-case escapes", "caf%c3%a9=%2f"},
		{"characters that need no escape in queries", "q=a/b?c:d@e!$'()*,"},
		{"a tilde", "q=~a"},
		{"values whose order changes when they are encoded", "a=b/c&a=b-c"},
	}
	eachService(t, signing{}, func(w *serviceWorld) {
		for _, row := range rows {
			w.Run(row.name, func(t *testing.T) {
				w := w.in(t)
				w.wantStatus(200, w.rawAs("GET", "/?"+row.query, ""))
				_, raw, _ := strings.Cut(w.service.one(t).uri, "?")
				if got, want := parameters(t, raw), parameters(t, row.query); !maps.EqualFunc(got, want, slices.Equal) {
					t.Errorf("expected %q, got %q", want, got)
				}
			})
		}
	})
}

// TestQueriesThatSomeReadDifferentlyDoNotChange: Go drops such parameters without
// a word, and the service would answer another question.
func TestQueriesThatSomeReadDifferentlyDoNotChange(t *testing.T) {
	w := startedService(t, signing{})
	for _, row := range []struct{ name, query string }{
		{"a semicolon in a value", "filter=a;b&x=1"},
		{"a semicolon between parameters", "a=1;b=2"},
		{"an escape that is none", "q=100%&x=1"},
		{"an escape that is cut off", "q=%4"},
		{"an escape in a name that is none", "%zz=1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.in(t)
			got := w.rawAs("GET", "/?"+row.query, "")
			if got.status == 400 {
				w.service.none(t)
				return
			}
			w.wantStatus(200, got)
			arrived := w.service.one(t)
			// Encoding what is no escape is no change, and neither is a semicolon as %3B.
			if same := strings.NewReplacer("%3B", ";", "%25&", "%&").Replace(arrived.uri); same != "/?"+row.query {
				t.Errorf("expected the query to arrive or be refused, got %s", arrived.uri)
			}
		})
	}
}

// TestHeadersOfTheServicePassAndAreSigned.
func TestHeadersOfTheServicePassAndAreSigned(t *testing.T) {
	w := startedService(t, signing{})
	rows := []struct {
		name   string
		lines  []string
		header string
		want   []string
	}{
		{"the operation", []string{"X-Amz-Target: DynamoDB_20120810.GetItem"}, "X-Amz-Target", []string{"DynamoDB_20120810.GetItem"}},
		{"in lower case", []string{"x-amz-target: DynamoDB_20120810.GetItem"}, "X-Amz-Target", []string{"DynamoDB_20120810.GetItem"}},
		{"a header twice", []string{"X-Amz-Meta: a", "X-Amz-Meta: b"}, "X-Amz-Meta", []string{"a", "b"}},
		{"spaces in a row", []string{"X-Amz-Meta: a   b  c "}, "X-Amz-Meta", []string{"a   b  c"}},
		{"an empty header", []string{"X-Amz-Meta:"}, "X-Amz-Meta", []string{""}},
		{"a comma", []string{"X-Amz-Meta: a,b"}, "X-Amz-Meta", []string{"a,b"}},
		{"UTF-8", []string{"X-Amz-Meta: é"}, "X-Amz-Meta", []string{"é"}},
		{"the kind of the body", []string{"Content-Type: application/x-amz-json-1.0"}, "Content-Type", []string{"application/x-amz-json-1.0"}},
		{"an invocation", []string{"X-Amz-Invocation-Type: Event", "X-Amz-Log-Type: Tail"}, "X-Amz-Log-Type", []string{"Tail"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := w.in(t)
			w.wantStatus(200, w.rawAs("POST", "/", "{}", append(row.lines, "Content-Length: 2")...))
			if got := w.service.one(t).header[row.header]; !slices.Equal(got, row.want) {
				t.Errorf("expected %q, got %q", row.want, got)
			}
		})
	}
}

// TestNothingOfAClientCompetesWithTheSignature: not headers of its own, nor what
// would remove or follow ours. The token is in a cookie, so that the client's
// Authorization is not taken for it.
func TestNothingOfAClientCompetesWithTheSignature(t *testing.T) {
	w := startedService(t, signing{auth: "token_source cookie id"})
	cookie := "Cookie: id=" + w.tokenOf("jo", nil)
	mallory := "Authorization: AWS4-HMAC-SHA256 Credential=AKIDMALLORY/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00"
	rows := []struct {
		name  string
		lines []string
	}{
		{"a signature", []string{mallory}},
		{"two signatures", []string{mallory, mallory}},
		{"another kind of authorization", []string{"Authorization: Basic am86am8="}},
		{"a date", []string{"X-Amz-Date: 20200101T000000Z"}},
		{"two dates", []string{"X-Amz-Date: 20200101T000000Z", "x-amz-date: 20300101T000000Z"}},
		{"a session token", []string{"X-Amz-Security-Token: mallory"}},
		{"a session token in upper case, twice", []string{"X-AMZ-SECURITY-TOKEN: a", "X-AMZ-SECURITY-TOKEN: b"}},
		{"everything", []string{mallory, "X-Amz-Date: 20200101T000000Z", "X-Amz-Security-Token: mallory", "Date: Wed, 01 Jan 2020 00:00:00 GMT"}},
		{"a hash of another body", []string{"X-Amz-Content-Sha256: " + hexHash([]byte("other"))}},
		{"a body that nobody hashed", []string{"X-Amz-Content-Sha256: UNSIGNED-PAYLOAD"}},
		{"Connection names the signature", []string{"Connection: authorization, x-amz-date, X-Amz-Security-Token"}},
		{"Connection names it and keeps alive", []string{"Connection: keep-alive, Authorization", "Connection: X-Amz-Date"}},
		{"Connection names the host", []string{"Connection: host, content-length"}},
		{"Proxy-Connection names it", []string{"Proxy-Connection: authorization"}},
		{"TE and Connection", []string{"Connection: TE, authorization", "TE: trailers"}},
		{"aliases", []string{"X_Amz_Date: 20200101T000000Z", "X.Amz.Security.Token: mallory"}},
		{"another host, as some proxies have it", []string{"X-Forwarded-Host: mallory.example", "X-Host: mallory.example", "Forwarded: host=mallory.example"}},
	}
	for _, row := range rows {
		for _, body := range []string{"", "hello"} {
			t.Run(row.name+" "+body, func(t *testing.T) {
				w := w.in(t)
				lines := append([]string{cookie}, row.lines...)
				if body != "" {
					lines = append(lines, "Content-Length: 5")
				}
				w.wantStatus(200, w.raw(head("POST", "/", lines...)+"\r\n"+body))
				w.untouched(w.service.one(t), body)
			})
		}
	}
}

// untouched fails the test when anything of mallory's reached the service.
func (w *serviceWorld) untouched(got arrived, body string) {
	w.Helper()
	if got.session.Subject != w.sub("jo") || got.body != body || got.host != w.service.addr {
		w.Errorf("expected the request of jo, got %+v", got)
	}
	for name, values := range got.header {
		if text := strings.Join(values, " "); strings.Contains(text, "mallory") && !slices.Contains([]string{"X-Host", "Forwarded"}, name) {
			w.Errorf("%s reached the service: %q", name, values)
		}
	}
	if len(got.trailer) > 0 {
		w.Errorf("trailers reached the service: %v", got.trailer)
	}
}

func TestTrailersDoNotReachTheService(t *testing.T) {
	w := startedService(t, signing{})
	for _, row := range []struct{ name, declared, trailer string }{
		{"the operation", "X-Amz-Target", "X-Amz-Target: mallory"},
		{"the date", "X-Amz-Date", "X-Amz-Date: mallory"},
		{"the signature", "Authorization", "Authorization: mallory"},
		{"the session token, undeclared", "X-Foo", "X-Foo: a\r\nX-Amz-Security-Token: mallory"},
		{"a checksum", "X-Amz-Checksum-Crc32", "X-Amz-Checksum-Crc32: AAAAAA=="},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.in(t)
			got := w.rawAs("POST", "/", "5\r\nhello\r\n0\r\n"+row.trailer+"\r\n\r\n",
				"Transfer-Encoding: chunked", "TE: trailers", "Trailer: "+row.declared)
			w.wantStatus(200, got)
			arrived := w.service.one(t)
			w.untouched(arrived, "hello")
			if arrived.chunked || arrived.length != 5 {
				t.Errorf("expected the length to be known, got %d", arrived.length)
			}
		})
	}
}

// TestPresignedQueriesAreRefused: a signature in the query would compete with
// ours.
func TestPresignedQueriesAreRefused(t *testing.T) {
	w := startedService(t, signing{})
	for _, row := range []struct{ name, query string }{
		{"a whole one", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Date=b&X-Amz-SignedHeaders=host&X-Amz-Signature=c"},
		{"a signature", "X-Amz-Signature=00"},
		{"in lower case", "x-amz-signature=00"},
		{"in mixed case behind others", "a=1&x-AMZ-sIgNature=00"},
		{"without a value", "X-Amz-Signature"},
		{"a session token", "X-Amz-Security-Token=mallory"},
		{"an encoded name", "%58%2DAmz%2dSignature=00"},
		{"an encoded hyphen", "X%2DAmz-Date=20200101T000000Z"},
		{"one that names nothing yet", "X-Amz-Something=1"},
		{"a name that cannot be decoded", "X-Amz-%zz=1"},
		{"behind an empty parameter", "&&X-Amz-Expires=1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.in(t)
			w.wantProblem(400, "store_request", w.rawAs("GET", "/?"+row.query, ""))
			w.wantProblem(400, "store_request", w.rawAs("POST", "/?"+row.query, "{}", "Content-Length: 2"))
			w.service.none(t)
		})
	}
}

func TestDotSegmentsAreRefused(t *testing.T) {
	w := startedService(t, signing{})
	for _, path := range []string{
		"/..", "/.", "/a/../b", "/a/./b", "/a/..", "/a/.", "/%2e%2e/a", "/%2E./a", "/a/.%2e", "/a/%2e/b", "/a%2F..%2Fb", "/a%2f%2e%2e", "//..//a",
	} {
		t.Run(path, func(t *testing.T) {
			w := w.in(t)
			w.wantProblem(400, "path", w.rawAs("GET", path, ""))
			w.service.none(t)
		})
	}
}

// TestChangesOfTheRequestAreSigned: whatever Caddy does on the way is done before
// the signature.
func TestChangesOfTheRequestAreSigned(t *testing.T) {
	rows := []struct {
		name   string
		s      signing
		target string
		want   string // method, URI and operation at the service
	}{
		{"header_up sets", signing{proxy: "header_up X-Amz-Target Operation.Fixed"}, "/a?b=1", "POST /a?b=1 Operation.Fixed"},
		{"header_up replaces", signing{proxy: "header_up X-Amz-Target Client Fixed"}, "/", "POST / Operation.Fixed"},
		{"header_up removes", signing{proxy: "header_up -X-Amz-Target"}, "/", "POST / "},
		{"header_up adds with a placeholder", signing{proxy: "header_up X-Amz-Target {http.auth.user.cognito:username}"}, "/", "POST / jo"},
		{"request_header sets", signing{before: "request_header X-Amz-Target Operation.Fixed"}, "/", "POST / Operation.Fixed"},
		{"rewrite before", signing{before: "rewrite * /prod{uri}"}, "/a%20b?c=1", "POST /prod/a%20b?c=1 Operation.Client"},
		{"uri strip_prefix before", signing{before: "uri strip_prefix /api"}, "/api/a%20b", "POST /a%20b Operation.Client"},
		{"uri query before", signing{before: "uri query -secret"}, "/?secret=1&a=2", "POST /?a=2 Operation.Client"},
		{"rewrite in the proxy", signing{proxy: "rewrite /inner?x=1"}, "/a", "POST /inner?x=1 Operation.Client"},
		{"the method in the proxy", signing{proxy: "method PUT"}, "/a", "PUT /a Operation.Client"},
		{"method before", signing{before: "method DELETE"}, "/a", "DELETE /a Operation.Client"},
	}
	w := startedService(t, signing{})
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := w.with(t, row.s)
			w.wantStatus(200, w.rawAs("POST", row.target, "{}", "Content-Length: 2", "X-Amz-Target: Operation.Client"))
			got := w.service.one(t)
			if all := got.method + " " + got.uri + " " + got.header.Get("X-Amz-Target"); all != row.want {
				t.Errorf("expected %s, got %s", row.want, all)
			}
		})
	}
}

// with is the world of a subtest with another configuration.
func (w *serviceWorld) with(t *testing.T, s signing) *serviceWorld {
	t.Helper()
	inner := w.in(t)
	inner.again(s)
	return inner
}

func TestHandlePathIsSigned(t *testing.T) {
	s := signing{service: "execute-api"}
	s.site = "handle_path /api/* {\n" + authOf("") + s.proxyTo("") + "}\nrespond 404"
	w := startedService(t, s)
	w.wantStatus(200, w.rawAs("GET", "/api/a%20b/%2F?c=%2B", ""))
	if got := w.service.one(t); got.uri != "/a%20b/%2F?c=%2B" {
		t.Errorf("expected the path without its prefix, got %s", got.uri)
	}
}
