package integration_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds what must not hang.
const patience = 10 * time.Second

// dial opens a connection on which nothing helps the client to be polite.
func (w *world) dial() net.Conn {
	w.Helper()
	conn, err := net.Dial("unix", filepath.Join(w.dir, "site.sock"))
	check(w.T, err)
	check(w.T, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// raw sends bytes as they are and reads one response. A connection that is
// closed without one is tried once more, since right after a reload Caddy may
// drop it; then it is status 0.
func (w *world) raw(request string) answer {
	w.Helper()
	got := w.rawOnce(request)
	if got.status == 0 {
		got = w.rawOnce(request)
	}
	return got
}

func (w *world) rawOnce(request string) answer {
	w.Helper()
	conn := w.dial()
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil && !isClosed(err) {
		w.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	got, err := readAnswer(conn, method)
	if err != nil && !isClosed(err) {
		w.Fatalf("expected an answer, got %v", err)
	}
	return got
}

func isClosed(err error) bool {
	return err == io.EOF || err == io.ErrUnexpectedEOF || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func readAnswer(conn net.Conn, method string) (answer, error) {
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if resp.Close {
		resp.Header.Set("Connection", "close") // net/http takes it out
	}
	return answer{resp.StatusCode, resp.Header, string(body)}, err
}

// head is the start of a raw request up to its last header line.
func head(method, target string, lines ...string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: edge\r\n" + strings.Join(append(lines, ""), "\r\n")
}

// rawGet is a complete raw GET request.
func rawGet(target string, lines ...string) string { return head("GET", target, lines...) + "\r\n" }

// neverServerError fails the test for what would betray a panic or a bug.
func neverServerError(t *testing.T, got answer) {
	t.Helper()
	if got.status >= 500 {
		t.Errorf("expected no server error, got status %d with %q", got.status, got.body)
	}
}
