package integration_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// tap passes connections on to a store and keeps what the edge sent.
type tap struct {
	url string

	mu    sync.Mutex // guards sent and conns
	sent  []*bytes.Buffer
	conns map[net.Conn]bool
}

func newTap(t *testing.T, store string) *tap {
	t.Helper()
	to, err := url.Parse(store)
	check(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	p := &tap{url: "http://" + listener.Addr().String(), conns: make(map[net.Conn]bool)}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.pass(conn, to.Host) })
		}
	})
	t.Cleanup(func() {
		check(t, listener.Close())
		p.hangUp()
		all.Wait()
	})
	return p
}

// hangUp closes all connections.
func (p *tap) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
	}
}

func (p *tap) pass(conn net.Conn, store string) {
	defer conn.Close()
	to, err := net.Dial("tcp", store)
	if err != nil {
		return
	}
	defer to.Close()
	sent := new(bytes.Buffer)
	p.mu.Lock()
	p.sent = append(p.sent, sent)
	p.conns[conn], p.conns[to] = true, true
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(conn, to)
		_ = conn.Close()
	})
	_, _ = io.Copy(io.MultiWriter(locked{p, sent}, to), conn)
	_ = to.Close()
	both.Wait()
}

type locked struct {
	p    *tap
	sent *bytes.Buffer
}

func (l locked) Write(b []byte) (int, error) {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	return l.sent.Write(b)
}

// text is all that the edge has sent since the last forget.
func (p *tap) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all strings.Builder
	for _, sent := range p.sent {
		all.Write(sent.Bytes())
	}
	return all.String()
}

func (p *tap) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, sent := range p.sent {
		sent.Reset()
	}
}

// requests are those that the edge has sent since the last forget.
func (p *tap) requests(t *testing.T) (all []*http.Request) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, sent := range p.sent {
		for r := bufio.NewReader(bytes.NewReader(sent.Bytes())); ; {
			request, err := http.ReadRequest(r)
			if err == io.EOF {
				break
			}
			check(t, err)
			body, err := io.ReadAll(request.Body)
			check(t, err)
			request.Body = io.NopCloser(bytes.NewReader(body))
			all = append(all, request)
		}
	}
	return all
}

// none fails the test when anything reached the store.
func (p *tap) none(t *testing.T) {
	t.Helper()
	if text := p.text(); text != "" {
		t.Errorf("expected nothing at the store, got %.300q", text)
	}
}
