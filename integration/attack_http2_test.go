package integration_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// h2 is an HTTP/2 connection without TLS and without manners.
type h2 struct {
	*world
	framer *http2.Framer
}

func (w *world) h2() h2 {
	w.Helper()
	conn := w.dial()
	w.Cleanup(func() { _ = conn.Close() })
	_, err := io.WriteString(conn, http2.ClientPreface)
	check(w.T, err)
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	check(w.T, framer.WriteSettings())
	return h2{w, framer}
}

// fields encodes name, value, …
func fields(pairs ...string) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(pairs); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}) // a Buffer never fails
	}
	return block.Bytes()
}

// request opens stream 1.
func (c h2) request(method, path string, end bool, pairs ...string) {
	c.Helper()
	block := fields(append([]string{":method", method, ":scheme", "http", ":authority", "edge", ":path", path}, pairs...)...)
	check(c.T, c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndStream: end, EndHeaders: true}))
}

// status is that of the answer on stream 1, or "reset" when there is none.
func (c h2) status() string {
	c.Helper()
	for {
		frame, err := c.framer.ReadFrame()
		if err != nil {
			if _, ok := err.(http2.StreamError); ok || isClosed(err) {
				return "reset"
			}
			c.Fatalf("expected an answer, got %v", err)
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			return frame.PseudoValue("status")
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return "reset"
		}
	}
}

// TestHTTP2ClientsCannotSpeakForOthers is the header table over HTTP/2, with what
// only its frames can say.
func TestHTTP2ClientsCannotSpeakForOthers(t *testing.T) {
	rows := []struct {
		name   string
		fields []string
		status string
	}{
		{"nothing special", nil, "200"},
		{"the header itself", []string{"x-cognito-sub", "mallory"}, "200"},
		{"a configured header", []string{"x-user-id", "mallory"}, "200"},
		{"twice", []string{"x-cognito-sub", "mallory", "x-cognito-sub", "mallory"}, "200"},
		{"underscores", []string{"x_cognito_sub", "mallory"}, "200"},
		{"dots", []string{"x.cognito.sub", "mallory"}, "200"},
		{"other separators", []string{"x!cognito~sub", "mallory"}, "200"},
		{"in upper case", []string{"X-Cognito-Sub", "mallory"}, "reset"},
		{"a connection header", []string{"connection", "x-cognito-sub"}, "400"},
		{"a proxy-connection header", []string{"proxy-connection", "x-cognito-sub"}, "400"},
		{"a transfer-encoding header", []string{"transfer-encoding", "chunked"}, "400"},
		{"an upgrade header", []string{"upgrade", "websocket"}, "400"},
		{"te with more than trailers", []string{"te", "trailers, x-cognito-sub"}, "400"},
		{"a line break in a value", []string{"x-other", "a\r\nx-cognito-sub: mallory"}, "reset"},
		{"a line break in a name", []string{"x-other: a\r\nx-cognito-sub", "mallory"}, "reset"},
		{"a NUL in a value", []string{"x-cognito-sub", "mal\x00lory"}, "reset"},
		{"a colon in a name", []string{"x-cognito-sub:", "mallory"}, "reset"},
		{"a pseudo-header after the others", []string{"x-a", "b", ":path", "/public"}, "reset"},
		{"an unknown pseudo-header", []string{":protocol", "websocket"}, "reset"},
		{"a second host", []string{"host", "evil.example"}, "reset"},
	}
	w := started(t, aliased)
	token := w.access(nil)
	jo := w.joHeaders("X-User-Id", w.sub("jo"))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, upstream: w.upstream}
			c := w.h2()
			c.request("GET", "/", true, append([]string{"authorization", "Bearer " + token}, row.fields...)...)
			if got := c.status(); got != row.status {
				t.Errorf("expected %s, got %s", row.status, got)
			}
			if row.status != "200" {
				w.upstream.none(t)
				return
			}
			w.upstream.one(t).wantIdentity(t, jo...)
		})
	}
}

func TestHTTP2TrailersCannotSpeak(t *testing.T) {
	w := started(t, aliased)
	rows := []struct {
		name, path, token string
		want              []string
	}{
		{"on a protected route", "/", w.access(nil), w.joHeaders("X-User-Id", w.sub("jo"))},
		{"on an optional route", "/optional", "", nil},
		{"on a public route", "/public", "", nil},
		{"on an error route", "/", "bad", nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, upstream: w.upstream}
			c := w.h2()
			lines := []string{"trailer", "x-cognito-sub, x_cognito_sub"}
			if row.token != "" {
				lines = append(lines, "authorization", "Bearer "+row.token)
			}
			c.request("POST", row.path, false, lines...)
			check(t, c.framer.WriteData(1, false, []byte("hello")))
			block := fields("x-cognito-sub", "mallory", "x_cognito_sub", "mallory", "x-cognito-groups", "kings")
			check(t, c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndStream: true, EndHeaders: true}))
			if got := c.status(); got != "200" {
				t.Errorf("expected 200, got %s", got)
			}
			got := w.upstream.one(t)
			got.wantIdentity(t, row.want...)
			if len(got.trailer) > 0 {
				t.Errorf("expected no trailers, got %v", got.trailer)
			}
		})
	}
}

// TestHTTP2RefusalComesBeforeTheBody, and the connection serves on.
func TestHTTP2RefusalComesBeforeTheBody(t *testing.T) {
	w := started(t, setup{site: protected, server: "protocols h1 h2c"})
	c := w.h2()
	c.request("POST", "/", false)
	check(t, c.framer.WriteData(1, false, []byte("hello")))
	if got := c.status(); got != "401" {
		t.Errorf("expected 401, got %s", got)
	}
	w.upstream.none(t)
}

// TestHTTP2StreamsKeepTheirOwnIdentity: many users on one connection.
func TestHTTP2StreamsKeepTheirOwnIdentity(t *testing.T) {
	w := started(t, setup{site: protected, server: "protocols h1 h2c", level: "INFO"})
	client := edge.Client(filepath.Join(w.dir, "site.sock"))
	transport := client.Transport.(*http.Transport)
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	results := make(chan string)
	const streams = 40
	for i := range streams {
		subject := fmt.Sprintf("user-%d", i)
		token := w.access(with("sub", subject))
		go func() {
			got, err := try(t, client, http.MethodGet, "http://edge/", "", "Authorization: Bearer "+token)
			results <- strings.TrimSpace(fmt.Sprint(got.body == subject, got.status, err))
		}()
	}
	for range streams {
		if got := <-results; got != "true 200 <nil>" {
			t.Errorf("expected the stream's own user, got %s", got)
		}
	}
}
