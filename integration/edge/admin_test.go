package edge_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// deaf is a server that reads so many requests without a word before it answers with
// their bodies.
func deaf(t *testing.T, requests int) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for n := 0; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				body, _ := io.ReadAll(r.Body)
				if n >= requests {
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"+string(body))
				}
			}
			_ = conn.Close()
		}
	}()
	return socket
}

func TestAdminAsksAgainWhenNobodyHeard(t *testing.T) {
	for _, row := range []struct {
		name    string
		unheard int
		want    error
	}{
		{"a server that hears at once", 0, nil},
		{"one that was about to end", 2, nil},
		{"one that never answers", 100, io.EOF},
	} {
		t.Run(row.name, func(t *testing.T) {
			resp, err := edge.Admin(deaf(t, row.unheard)).Post("http://127.0.0.1/load", "text/caddyfile", strings.NewReader("a site"))
			if !errors.Is(err, row.want) {
				t.Fatalf("expected %v, got %v", row.want, err)
			}
			if err != nil {
				return
			}
			defer resp.Body.Close()
			if body, err := io.ReadAll(resp.Body); string(body) != "a site" || err != nil {
				t.Errorf("expected the whole request to come again, got %q, %v", body, err)
			}
		})
	}
}
