package integration_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestSmuggling sends requests whose end two parties might see in different
// places, with an admin request in what may be a body. The upstream must see no
// second request and no identity but jo's.
func TestSmuggling(t *testing.T) {
	const hidden = "GET /admin HTTP/1.1\r\nHost: edge\r\nX-Cognito-Sub: mallory\r\n\r\n"
	length := fmt.Sprint("Content-Length: ", len(hidden))
	chunked := "Transfer-Encoding: chunked"
	rows := []struct {
		name   string
		lines  []string
		body   string
		status int
	}{
		{"a body is a body", []string{length}, hidden, 200},
		// net/http goes by the chunks and forgets the length (RFC 9112 §6.3); so must the upstream.
		{"Content-Length and Transfer-Encoding", []string{length, chunked}, "0\r\n\r\n" + hidden, 200},
		{"Transfer-Encoding and Content-Length", []string{chunked, "Content-Length: 4"}, "0\r\n\r\n" + hidden, 200},
		{"two different lengths", []string{"Content-Length: 0", length}, hidden, 400},
		{"two equal lengths", []string{length, length}, hidden, 200},
		{"a list of lengths", []string{"Content-Length: 0, " + fmt.Sprint(len(hidden))}, hidden, 400},
		{"a signed length", []string{"Content-Length: +5"}, hidden, 400},
		{"a negative length", []string{"Content-Length: -5"}, hidden, 400},
		{"a length in hex", []string{"Content-Length: 0x5"}, hidden, 400},
		{"a length of nothing", []string{"Content-Length:"}, hidden, 400},
		{"Transfer-Encoding with a capital", []string{"Transfer-Encoding: Chunked"}, "0\r\n\r\n", 200},
		{"Transfer-Encoding identity", []string{"Transfer-Encoding: identity"}, "", 501},
		{"Transfer-Encoding twice", []string{chunked, chunked}, "0\r\n\r\n", 501},
		{"Transfer-Encoding with a list", []string{"Transfer-Encoding: identity, chunked"}, "0\r\n\r\n", 501},
		{"Transfer-Encoding with a parameter", []string{"Transfer-Encoding: chunked;a=b"}, "0\r\n\r\n", 501},
		{"Transfer-Encoding with a vertical tab", []string{"Transfer-Encoding: \vchunked"}, "0\r\n\r\n", 400},
		{"Transfer-Encoding with a space in the name", []string{"Transfer-Encoding : chunked"}, "0\r\n\r\n", 400},
		{"Transfer-Encoding on a continuation line", []string{"Transfer-Encoding:", " chunked"}, "0\r\n\r\n", 200},
		{"Transfer_Encoding is another header", []string{"Transfer_Encoding: chunked", length}, hidden, 200},
		{"a chunk that ends with a bare line feed", []string{chunked}, "5\nhello\r\n0\r\n\r\n", 400},
		{"an extension with a bare line feed", []string{chunked}, "5;a\nhello\r\n0\r\n\r\n", 400},
		{"a chunk size that is too long", []string{chunked}, "00000000000000005\r\nhello\r\n0\r\n\r\n", 400},
		{"a chunk longer than it says", []string{chunked}, "5\r\nhelloXX\r\n0\r\n\r\n", 400},
	}
	w := started(t, setup{site: protected})
	token := "Authorization: Bearer " + w.access(nil)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, pool: w.pool, upstream: w.upstream}
			got := w.raw(head("POST", "/", append([]string{token, "Connection: close"}, row.lines...)...) + "\r\n" + row.body)
			w.wantEnd(row.status, got)
		})
	}
}

// wantEnd holds what reached the upstream to one request of jo's. Where the
// framing breaks inside the body, 502 may say that the upstream's connection was
// given up in the middle.
func (w *world) wantEnd(status int, got answer) {
	w.Helper()
	requests := w.upstream.take()
	if got.status != status && (status != 400 || got.status != 502) {
		w.Errorf("expected status %d, got %d with %q", status, got.status, got.body)
	}
	if want := status == 200; len(requests) > 1 || want != (len(requests) == 1) {
		w.Errorf("expected one request at the upstream if any, got %+v", requests)
	}
	for _, request := range requests {
		request.wantIdentity(w.T, w.joHeaders()...)
		if request.uri != "/" {
			w.Errorf("expected /, got %q", request.uri)
		}
	}
}

// TestPipelinedRequestsKeepTheirOwnIdentity: what one request proved says nothing
// about the next on the connection.
func TestPipelinedRequestsKeepTheirOwnIdentity(t *testing.T) {
	w := started(t, setup{site: "cognito_auth main {\noptional\n}\nreverse_proxy $UPSTREAM"})
	conn := w.dial()
	defer conn.Close()
	good := rawGet("/good", "Authorization: Bearer "+w.access(nil))
	_, err := io.WriteString(conn, good+rawGet("/none")+good+rawGet("/last", "Connection: close", "X-Cognito-Sub: mallory"))
	check(t, err)
	reader := bufio.NewReader(conn)
	for range 4 {
		resp, err := http.ReadResponse(reader, nil)
		check(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		check(t, err)
	}
	for _, request := range w.upstream.take() {
		if request.uri == "/good" {
			request.wantIdentity(t, w.joHeaders()...)
		} else {
			request.wantIdentity(t)
		}
	}
}

// TestEarlyRefusalDoesNotHang: Caddy reads on for the rest of a request that it
// answered early, and a client that waits for the answer first waits for ever.
func TestEarlyRefusalDoesNotHang(t *testing.T) {
	rows := []struct {
		name, path, start string
		lines             []string
		status            int
	}{
		{"a body that never comes", "/", "", []string{"Content-Length: 1000"}, 401},
		{"half a body", "/", "hello", []string{"Content-Length: 1000"}, 401},
		{"a chunked body that never comes", "/", "", []string{"Transfer-Encoding: chunked"}, 401},
		{"half a chunked body", "/", "5\r\nhello\r\n", []string{"Transfer-Encoding: chunked"}, 401},
		{"a client that asks first", "/", "", []string{"Content-Length: 1000", "Expect: 100-continue"}, 401},
		{"a client that asks first, chunked", "/", "", []string{"Transfer-Encoding: chunked", "Expect: 100-continue"}, 401},
		{"a client that wants to keep the connection", "/", "", []string{"Content-Length: 1000", "Connection: keep-alive"}, 401},
		{"a bad token", "/", "", []string{"Content-Length: 1000", "Authorization: Bearer x"}, 401},
		{"a missing right", "/kings", "", []string{"Content-Length: 1000", "Authorization: Bearer GOOD"}, 403},
		{"an ambiguous path", "/;a", "", []string{"Content-Length: 1000", "Authorization: Bearer GOOD"}, 400},
		{"problem details", "/json", "", []string{"Content-Length: 1000"}, 401},
		{"an error route", "/routed", "", []string{"Content-Length: 1000"}, 401},
	}
	w := started(t, setup{site: "handle /kings {\ncognito_auth main {\nrequire group kings\n}\nreverse_proxy $UPSTREAM\n}\n" +
		"handle /json {\ncognito_auth main {\nerrors json\n}\nreverse_proxy $UPSTREAM\n}\n" +
		"handle {\ncognito_auth main\nreverse_proxy $UPSTREAM\n}\n" +
		"handle_errors {\n@routed path /routed\nrespond @routed \"no\" {http.error.status_code}\n}"})
	good := w.access(nil)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, upstream: w.upstream}
			request := strings.Replace(head("POST", row.path, row.lines...)+"\r\n"+row.start, "GOOD", good, 1)
			got := w.raw(request)
			w.wantStatus(row.status, got)
			if got.header.Get("Connection") != "close" {
				t.Errorf("expected the connection to be closed, got %v", got.header)
			}
			w.upstream.none(t)
		})
	}
}

// TestRefusalWithoutABodyKeepsTheConnection, as a client that answers a challenge
// on it expects.
func TestRefusalWithoutABodyKeepsTheConnection(t *testing.T) {
	w := started(t, setup{site: protected})
	conn := w.dial()
	defer conn.Close()
	for _, line := range []string{"X-Nothing: a", "Authorization: Bearer " + w.access(nil)} {
		_, err := io.WriteString(conn, rawGet("/", line))
		check(t, err)
		got, err := readAnswer(conn, "GET")
		check(t, err)
		if got.header.Get("Connection") == "close" {
			t.Errorf("expected the connection to stay open, got %d %v", got.status, got.header)
		}
	}
}
