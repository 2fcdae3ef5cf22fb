package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"
)

// backends are what the proxies speak to. Those that answer each request are no
// real HTTP servers, which would take more time than the proxy that is measured.
type backends struct {
	small, object        net.Listener     // the answer is smallPage or objectPage
	keys, tlsKeys, media *httptest.Server // one of the two for proxies that insist on https
	visitors             *visitors
	fetches              atomic.Int64 // of the key set
}

const smallPage = "hello"

var objectPage = strings.Repeat("0123456789abcdef", 1<<10)

// seenPath is where the upstreams answer with the header lines that they got.
const seenPath = "/seen"

func startBackends(jwks string) (*backends, error) {
	b := new(backends)
	keys := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		b.fetches.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, jwks)
	})
	b.keys, b.tlsKeys, b.media = httptest.NewServer(keys), httptest.NewTLSServer(keys), httptest.NewServer(new(identityPool))
	var errs [3]error
	b.small, errs[0] = serve(okAnswer(smallPage))
	b.object, errs[1] = serve(okAnswer(objectPage))
	b.visitors, errs[2] = startVisitors()
	return b, errors.Join(errs[:]...)
}

func (b *backends) close() (err error) {
	for _, server := range []*httptest.Server{b.keys, b.tlsKeys, b.media} {
		server.CloseClientConnections()
		server.Close()
	}
	for _, listener := range []net.Listener{b.small, b.object} {
		if listener != nil {
			err = errors.Join(err, listener.Close())
		}
	}
	if b.visitors != nil {
		err = errors.Join(err, b.visitors.Close())
	}
	return err
}

func okAnswer(body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// serve gives every request the same answer.
func serve(answer []byte) (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerAll(conn, answer)
		}
	}()
	return listener, nil
}

func answerAll(conn net.Conn, answer []byte) {
	defer conn.Close()
	requests := bufio.NewReaderSize(conn, 16<<10)
	for {
		seen, err := readHead(requests)
		if err != nil {
			return
		}
		if seen != "" {
			_, err = conn.Write(okAnswer(seen))
		} else {
			_, err = conn.Write(answer)
		}
		if err != nil {
			return
		}
	}
}

// readHead reads a request without a body. It returns the header lines when they
// are asked for.
func readHead(r *bufio.Reader) (seen string, err error) {
	line, err := r.ReadSlice('\n')
	wanted := bytes.Contains(line, []byte(seenPath+" "))
	for err == nil && len(line) > len("\r\n") {
		line, err = r.ReadSlice('\n')
		if wanted {
			seen += string(line)
		}
	}
	return seen, err
}

// identityPool gives every caller other credentials.
type identityPool struct{ issued atomic.Int64 }

func (p *identityPool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := p.issued.Add(1)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetId") {
		fmt.Fprintf(w, `{"IdentityId":"eu-west-1:00000000-0000-0000-0000-%012d"}`, n)
		return
	}
	fmt.Fprintf(w, `{"IdentityId":"eu-west-1:00000000-0000-0000-0000-%012d","Credentials":{"AccessKeyId":"ASIA%016d",`+
		`"SecretKey":"%040d","SessionToken":%q,"Expiration":%d}}`, n, n, n, strings.Repeat("t", 1_000), time.Now().Add(time.Hour).Unix())
}
