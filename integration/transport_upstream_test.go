package integration_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// TestHostIsThatOfTheUpstream, whatever the client says, unless header_up has
// another. Host is a part of the signature, so every 200 shows that the one that
// was sent was signed.
func TestHostIsThatOfTheUpstream(t *testing.T) {
	const host = "abc.execute-api.eu-west-1.amazonaws.com"
	rows := []struct {
		name string
		s    signing
		want string // "": that of the upstream
	}{
		{"by default", signing{}, ""},
		{"header_up Host", signing{proxy: "header_up Host " + host}, host},
		{"header_up Host with a port", signing{proxy: "header_up Host " + host + ":8443"}, host + ":8443"},
		{"header_up Host with the default port", signing{proxy: "header_up Host " + host + ":80"}, host},
		{"header_up Host with the default port of another scheme", signing{proxy: "header_up Host " + host + ":443"}, host + ":443"},
		{"header_up Host in upper case", signing{proxy: "header_up Host " + strings.ToUpper(host)}, strings.ToUpper(host)},
		{"header_up Host with the upstream's own", signing{proxy: "header_up Host {upstream_hostport}"}, ""},
		{"header_up X-Forwarded-Host", signing{proxy: "header_up X-Forwarded-Host " + host}, ""},
	}
	w := startedService(t, signing{})
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := w.with(t, row.s)
			want := row.want
			if want == "" {
				want = w.service.addr
			}
			w.wantStatus(200, w.raw("GET / HTTP/1.1\r\nHost: mallory.example\r\n"+w.bearerOf("jo")+"\r\n\r\n"))
			if got := w.service.one(t); got.host != want {
				t.Errorf("expected Host %s, got %s", want, got.host)
			}
		})
	}
}

func TestTLSUpstreams(t *testing.T) {
	rows := []struct {
		name  string
		start func(*httptest.Server)
		lines string
		proto string
	}{
		{"HTTP/1", (*httptest.Server).StartTLS, "", "HTTP/1.1"},
		{"HTTP/2", func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }, "", "HTTP/2.0"},
		{"HTTP/2 that is not wanted", func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }, "versions 1.1", "HTTP/1.1"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := startedService(t, signing{start: row.start, upstreams: "https://$SERVICE", transport: "tls_insecure_skip_verify\n" + row.lines})
			var proto string
			w.service.answers(func(_ http.ResponseWriter, r *http.Request, _ arrived) bool { proto = r.Proto; return false })
			w.wantStatus(200, w.as("jo", "POST", "/a%20b?c=d", "hello", "X-Amz-Target: a"))
			if got := w.service.one(t); got.body != "hello" || proto != row.proto {
				t.Errorf("expected %s with the body, got %s with %q", row.proto, proto, got.body)
			}
			w.again(signing{upstreams: "https://$SERVICE", transport: "tls_insecure_skip_verify", proxy: "header_up Host a.example:443"})
			w.wantStatus(200, w.as("jo", "GET", "/", ""))
			if got := w.service.one(t); got.host != "a.example" {
				t.Errorf("expected the default port to be left out, got %s", got.host)
			}
			w.again(signing{upstreams: "https://$SERVICE"})
			w.wantStatus(502, w.as("jo", "GET", "/", "")) // a certificate that nobody vouches for
			w.service.none(t)
		})
	}
}

// TestTheUpstreamsAnswerIsNotChanged, neither what it says nor how it is encoded.
func TestTheUpstreamsAnswerIsNotChanged(t *testing.T) {
	w := startedService(t, signing{})
	for _, row := range []struct {
		name   string
		status int
		body   string
	}{
		{"an answer", 200, "hello"}, {"no content", 204, ""}, {"a conditional check that failed", 400, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}`},
		{"a refusal of IAM", 400, `{"__type":"com.amazon.coral.service#AccessDeniedException"}`}, {"a refusal without a word", 403, ""},
		{"something that is not there", 404, "{}"}, {"too many requests", 429, ""}, {"a broken service", 500, "{}"}, {"an overloaded service", 503, ""},
		{"a redirect", 307, ""}, {"an error in no form", 400, "<html>{"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.in(t)
			before := w.exchanges()
			w.service.answers(func(rw http.ResponseWriter, r *http.Request, got arrived) bool {
				if len(r.Header["Accept-Encoding"]) > 0 {
					t.Errorf("the edge asks for %q", r.Header["Accept-Encoding"])
				}
				rw.Header().Set("X-Amzn-Requestid", "42")
				rw.Header().Set("Location", "/elsewhere")
				rw.WriteHeader(row.status)
				_, _ = rw.Write([]byte(row.body))
				return true
			})
			got := w.raw(rawGet("/", w.bearerOf("jo")))
			w.wantStatus(row.status, got)
			w.service.one(t)
			if got.body != row.body || got.header.Get("X-Amzn-Requestid") != "42" || got.header.Get("Location") != "/elsewhere" {
				t.Errorf("expected the answer as it was, got %v %q", got.header, got.body)
			}
			if w.exchanges() > before+1 {
				t.Errorf("expected no exchange but the first, got %d", w.exchanges()-before)
			}
		})
	}
}

// TestAnAnswerThatComesBitByBitIsPassedOn as it comes, whatever its status.
func TestAnAnswerThatComesBitByBitIsPassedOn(t *testing.T) {
	for _, status := range []int{200, 400, 403, 404, 500} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			w := startedService(t, signing{service: "lambda", proxy: "flush_interval -1"})
			seen := make(chan struct{})
			w.service.answers(func(rw http.ResponseWriter, r *http.Request, _ arrived) bool {
				rw.WriteHeader(status)
				_, _ = io.WriteString(rw, "first")
				_ = http.NewResponseController(rw).Flush()
				select {
				case <-seen:
				case <-r.Context().Done():
				}
				_, _ = io.WriteString(rw, "second")
				return true
			})
			conn := w.dial() // which has a deadline
			defer conn.Close()
			_, err := io.WriteString(conn, rawGet("/", w.bearerOf("jo")))
			check(t, err)
			resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: "GET"})
			check(t, err)
			defer resp.Body.Close()
			first := make([]byte, 5)
			_, err = io.ReadFull(resp.Body, first)
			check(t, err)
			close(seen)
			rest, err := io.ReadAll(resp.Body)
			check(t, err)
			if string(first)+string(rest) != "firstsecond" || resp.StatusCode != status {
				t.Errorf("expected both parts with %d, got %q with %d", status, string(first)+string(rest), resp.StatusCode)
			}
		})
	}
}

// TestWebSocketsAreSigned, as API Gateway wants it.
func TestWebSocketsAreSigned(t *testing.T) {
	w := startedService(t, signing{service: "execute-api"})
	w.service.answers(func(rw http.ResponseWriter, r *http.Request, who arrived) bool {
		if who.err != nil {
			return false
		}
		echo(rw, r)
		return true
	})
	upgrade := []string{"Connection: Upgrade, Authorization", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="}
	conn, reader := w.tunnel("/prod", append(upgrade, w.bearerOf("jo"))...)
	defer conn.Close()
	_, err := reader.ReadString('\n')
	check(t, err)
	_, err = io.WriteString(conn, "hello\n")
	check(t, err)
	if back, err := reader.ReadString('\n'); back != "hello\n" || err != nil {
		t.Errorf("expected an echo, got %q, %v", back, err)
	}
	if got := w.service.one(t); got.session.Subject != w.sub("jo") || got.header.Get("Sec-Websocket-Version") != "13" {
		t.Errorf("expected an upgrade signed by jo, got %+v", got)
	}
	w.closeTunnel(conn, 1)
}
