package integration_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// echo takes over the connection, says who the user is, and repeats all it gets,
// as a WebSocket server below its frames.
func echo(w http.ResponseWriter, r *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"+r.Header.Get("X-Cognito-Sub")+"\n")
	_, _ = io.Copy(conn, buffered)
}

func TestWebSocketsPassWithTheIdentity(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(echo))
	defer srv.Close()
	w := started(t, setup{site: "cognito_auth main\nreverse_proxy " + srv.Listener.Addr().String()})
	upgrade := []string{"Connection: Upgrade, X-Cognito-Sub", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "X-Cognito-Sub: mallory"}
	w.wantStatus(401, w.raw(rawGet("/", upgrade...)))
	conn, reader := w.tunnel("/", append(upgrade, "Authorization: Bearer "+w.access(nil))...)
	defer conn.Close()
	who, err := reader.ReadString('\n')
	check(t, err)
	_, err = io.WriteString(conn, "hello\n")
	check(t, err)
	back, err := reader.ReadString('\n')
	check(t, err)
	if who != w.sub("jo")+"\n" || back != "hello\n" {
		t.Errorf("expected jo and an echo, got %q and %q", who, back)
	}
	w.closeTunnel(conn, 2)
}

// tunnel is a connection that switched to another protocol.
func (w *world) tunnel(target string, lines ...string) (net.Conn, *bufio.Reader) {
	w.Helper()
	conn := w.dial()
	_, err := io.WriteString(conn, rawGet(target, lines...))
	check(w.T, err)
	reader := bufio.NewReader(conn)
	resp, err := http.ReadResponse(reader, nil)
	check(w.T, err)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		w.Fatalf("expected status 101, got %d", resp.StatusCode)
	}
	return conn, reader
}

// closeTunnel waits until Caddy has logged so many requests, that of the tunnel
// among them: Caddy 2.11.9 has a data race of its own when it stops with one open.
func (w *world) closeTunnel(conn net.Conn, requests int) {
	w.Helper()
	check(w.T, conn.(*net.UnixConn).CloseWrite())
	eventually(w.T, "the tunnel is closed", func() bool { return w.logged("info", "handled request") == requests })
}
