package integration_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// nobody listens here.
const nobody = "127.0.0.1:1"

const patient = "lb_policy first\nlb_try_duration 10s\nlb_try_interval 1ms\nfail_duration 1m\nmax_fails 1"

// TestRetriesAreSignedAnew: the next upstream has another Host, so a signature for
// the one before would not do.
func TestRetriesAreSignedAnew(t *testing.T) {
	rows := []struct {
		name, method, proxy, body string
		lines                     []string
	}{
		{"GET", "GET", "", "", nil},
		{"HEAD", "HEAD", "", "", nil},
		{"POST without a body", "POST", "", "", []string{"Content-Length: 0"}},
		{"POST with a body, which was not sent to anybody yet", "POST", "", `{"TableName":"a"}`, []string{"Content-Length: 17"}},
		{"POST with chunks", "POST", "", chunkedBody(`{"TableName":"a"}`, 7), []string{"Transfer-Encoding: chunked"}},
		{"POST with a buffer of the proxy", "POST", "request_buffers 1MiB", `{"TableName":"a"}`, []string{"Content-Length: 17"}},
		{"POST with a buffer that is too small", "POST", "request_buffers 4", `{"TableName":"a"}`, []string{"Content-Length: 17"}},
		{"with header_up", "POST", "header_up X-Amz-Target Operation.Fixed", `{"TableName":"a"}`, []string{"Content-Length: 17"}},
	}
	w := startedService(t, signing{})
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := w.with(t, signing{upstreams: nobody + " $SERVICE", proxy: patient + "\n" + row.proxy})
			w.wantStatus(200, w.rawAs(row.method, "/a", row.body, append(row.lines, "X-Amz-Target: Operation.Client")...))
			got := w.service.one(t) // which looks for one signature, one date and one token
			want := strings.Contains(row.body, "TableName") || row.lines != nil && strings.HasPrefix(row.lines[0], "Transfer")
			if want && got.body != `{"TableName":"a"}` {
				t.Errorf("expected the whole body, got %q", got.body)
			}
			if values := got.header["X-Amz-Target"]; len(values) != 1 {
				t.Errorf("expected one operation, got %q", values)
			}
		})
	}
}

// TestRetriesOverHTTP2KeepTheBody: there, a body that was read reads as empty
// rather than as closed, and a request without its body would be signed.
func TestRetriesOverHTTP2KeepTheBody(t *testing.T) {
	s := signing{upstreams: nobody + " $SERVICE", proxy: patient}
	s.server = "protocols h1 h2c"
	w := startedService(t, s)
	c := w.h2()
	c.request("POST", "/", false, "authorization", strings.TrimPrefix(w.bearerOf("jo"), "Authorization: "), "content-length", "5")
	check(t, c.framer.WriteData(1, true, []byte("hello")))
	status := c.status()
	requests := w.service.take()
	for _, got := range requests {
		if got.body != "hello" {
			t.Errorf("a request without its body was signed and sent: %q", got.body)
		}
	}
	if status != "200" || len(requests) != 1 {
		t.Errorf("expected status 200 after one request, got %s after %d", status, len(requests))
	}
}

// TestABrokenUpstreamIsFollowedByAnother, for GET only, as Caddy has it: others
// may have been served.
func TestABrokenUpstreamIsFollowedByAnother(t *testing.T) {
	w := startedService(t, signing{})
	broken := newService(t, "dynamodb", w.cognito, nil)
	broken.answers(func(http.ResponseWriter, *http.Request, arrived) bool { panic(http.ErrAbortHandler) })
	w.again(signing{upstreams: broken.addr + " $SERVICE", proxy: patient})
	w.wantStatus(502, w.as("jo", "POST", "/", "hello"))
	if got := broken.one(t); got.body != "hello" {
		t.Errorf("expected the body at the first upstream, got %q", got.body)
	}
	w.service.none(t)
	w.again(signing{upstreams: broken.addr + " $SERVICE", proxy: patient})
	w.wantStatus(200, w.as("jo", "GET", "/", ""))
	first, second := broken.take(), w.service.one(t)
	if len(first) == 0 || first[0].err != nil || first[0].header.Get("Authorization") == second.header.Get("Authorization") {
		t.Errorf("expected two signatures for two hosts, got %+v and %+v", first, second)
	}
}

// TestUsersMistakesAreNotTheUpstreams: what the transport refuses is neither
// retried nor counted as a failure.
func TestUsersMistakesAreNotTheUpstreams(t *testing.T) {
	rows := []struct {
		name    string
		status  int
		calls   int // for credentials
		request func(w *serviceWorld) answer
	}{
		{"no role", 403, 0, func(w *serviceWorld) answer { return w.as("mo", "GET", "/", "") }},
		{"no role, POST", 403, 0, func(w *serviceWorld) answer { return w.as("mo", "POST", "/", "hello") }},
		{"a presigned query", 400, 0, func(w *serviceWorld) answer { return w.as("jo", "GET", "/?X-Amz-Signature=1", "") }},
		{"dot segments", 400, 0, func(w *serviceWorld) answer { return w.rawAs("GET", "/a/..", "") }},
		{"a body that is too large", 413, 0, func(w *serviceWorld) answer { return w.tooLarge(maxBody + 1) }},
		{"no token", 401, 0, func(w *serviceWorld) answer { return w.get("/") }},
		{"a token that the exchange does not take", 401, 1, func(w *serviceWorld) answer {
			w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.FaultAPI("NotAuthorizedException", "Invalid login token. Token expired: 2 >= 1"))
			return w.as("jo", "GET", "/", "")
		}},
		{"a refusal of the role", 403, 1, func(w *serviceWorld) answer {
			w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.FaultAPI("InvalidIdentityPoolConfigurationException", "Check the roles"))
			return w.as("jo", "GET", "/", "")
		}},
		{"an exchange that is down", 503, 2, func(w *serviceWorld) answer { // which is asked twice
			w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.FaultStatus(503))
			return w.as("jo", "GET", "/", "")
		}},
		{"an exchange that talks nonsense", 502, 1, func(w *serviceWorld) answer {
			w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.FaultGarbage())
			return w.as("jo", "GET", "/", "")
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := startedService(t, signing{
				exchange: "group_role admins " + memberRole, pool: openPool, transport: "max_body 4KiB",
				auth: "optional", proxy: patient + "\nlb_retries 5",
			})
			w.wantStatus(row.status, row.request(w))
			w.service.none(t)
			if got := w.exchanges(); got != row.calls {
				t.Errorf("expected %d calls for credentials, got %d", row.calls, got)
			}
			w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.Fault{})
			check(t, w.pool.SetGroups("mo", "admins"))
			w.wantStatus(200, w.as("mo", "GET", "/", "")) // with the only upstream, which allows one failure
			w.service.one(t)
		})
	}
}

// TestAHalfBodyIsNotTheUpstreams: it is read before anybody is called, so whoever
// breaks it off must not have the only upstream taken for broken.
func TestAHalfBodyIsNotTheUpstreams(t *testing.T) {
	for name, request := range map[string]string{
		"announced":   "Content-Length: 1000\r\n\r\nhello",
		"chunked":     "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"a bad chunk": "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := startedService(t, signing{proxy: "fail_duration 1m\nmax_fails 1"})
			w.wantStatus(200, w.as("jo", "GET", "/", ""))
			w.service.take()
			conn := w.dial()
			_, err := io.WriteString(conn, head("POST", "/", w.bearerOf("jo"))+request)
			check(t, err)
			check(t, conn.(interface{ CloseWrite() error }).CloseWrite())
			if got, err := readAnswer(conn, "POST"); err == nil && (got.status < 400 || got.status >= 500) {
				t.Errorf("expected the client to be told of its mistake, got %d", got.status)
			}
			check(t, conn.Close())
			w.service.none(t)
			w.wantStatus(200, w.as("mo", "GET", "/", ""))
		})
	}
}

// TestHealthChecksBelongToNoUser: they work before anybody came, carry no
// signature, and decide.
func TestHealthChecksBelongToNoUser(t *testing.T) {
	for _, transport := range []string{"", "inject"} {
		t.Run("transport "+transport, func(t *testing.T) {
			w := startedService(t, signing{
				transport: transport,
				proxy:     "health_uri /healthz\nhealth_interval 5ms\nhealth_timeout 5s\nhealth_status 2xx\nhealth_headers {\nX-Probe 1\n}",
			})
			var checks []arrived
			eventually(t, "the service is checked", func() bool { checks = append(checks, w.service.take()...); return len(checks) > 2 })
			for _, got := range checks {
				if got.uri != "/healthz" || got.header.Get("Authorization") != "" || got.header.Get("X-Amz-Date") != "" || got.header.Get("X-Cognito-Session-Token") != "" {
					t.Errorf("expected a check without a user, got %+v", got)
				}
			}
			if w.cognito.Calls("GetId") != 0 {
				t.Error("expected no exchange for a check")
			}
			w.service.answers(func(rw http.ResponseWriter, r *http.Request, _ arrived) bool {
				if r.URL.Path == "/healthz" {
					rw.WriteHeader(500)
				}
				return r.URL.Path == "/healthz"
			})
			eventually(t, "the service counts as broken", func() bool { return w.as("jo", "GET", "/", "").status == 503 })
			w.service.answers(func(rw http.ResponseWriter, r *http.Request, _ arrived) bool { rw.WriteHeader(200); return true })
			eventually(t, "the service counts as sound", func() bool { return w.as("jo", "GET", "/", "").status == 200 })
		})
	}
}

// TestLoadIsBalanced: each upstream gets signatures of its own.
func TestLoadIsBalanced(t *testing.T) {
	w := startedService(t, signing{})
	second := newService(t, "dynamodb", w.cognito, nil)
	w.again(signing{upstreams: "$SERVICE " + second.addr, proxy: "lb_policy round_robin"})
	for i := range 6 {
		w.wantStatus(200, w.as("jo", "GET", "/"+strconv.Itoa(i), ""))
	}
	for name, s := range map[string]*awsService{"first": w.service, "second": second} {
		requests := s.take()
		if len(requests) != 3 {
			t.Errorf("expected 3 requests at the %s upstream, got %d", name, len(requests))
		}
		for _, got := range requests {
			if got.err != nil || got.host != s.addr {
				t.Errorf("expected a signature for %s, got %s: %v", s.addr, got.host, got.err)
			}
		}
	}
}

// TestRetriesByTheAnswer: lb_retry_match may look at the service's own status, and
// the next attempt is signed for the next upstream.
func TestRetriesByTheAnswer(t *testing.T) {
	w := startedService(t, signing{})
	busy := newService(t, "dynamodb", w.cognito, nil)
	busy.answers(func(rw http.ResponseWriter, _ *http.Request, _ arrived) bool { rw.WriteHeader(503); return true })
	w.again(signing{upstreams: busy.addr + " $SERVICE", proxy: "lb_policy round_robin\nlb_retries 1\nlb_retry_match {\nexpression `{rp.status_code} == 503`\n}\nrequest_buffers 1MiB"})
	for range 2 { // whichever comes first
		w.wantStatus(200, w.as("jo", "POST", "/", "hello"))
	}
	for _, got := range append(w.service.take(), busy.take()...) {
		if got.err != nil || got.body != "hello" {
			t.Errorf("expected a signature and a body with each attempt, got %+v", got)
		}
	}
}

// TestOneDoorForManyStreams: streams of one HTTP/2 connection are different users.
func TestOneDoorForManyStreams(t *testing.T) {
	s := signing{}
	s.server = "protocols h1 h2c"
	w := startedService(t, s)
	c := w.h2()
	users := []string{"jo", "mo"}
	for i := range 10 {
		user := users[i%2]
		path := fmt.Sprintf("/%s/%d", w.sub(user), i)
		block := fields(":method", "GET", ":scheme", "http", ":authority", "edge", ":path", path,
			"authorization", strings.TrimPrefix(w.bearerOf(user), "Authorization: "))
		check(t, c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: uint32(2*i + 1), BlockFragment: block, EndStream: true, EndHeaders: true}))
	}
	var requests []arrived
	eventually(t, "all streams were served", func() bool { requests = append(requests, w.service.take()...); return len(requests) == 10 })
	for _, got := range requests {
		if got.err != nil || !strings.HasPrefix(got.uri, "/"+got.session.Subject+"/") {
			t.Errorf("expected each stream to be its user's, got %s by %s: %v", got.uri, got.session.Subject, got.err)
		}
	}
}
