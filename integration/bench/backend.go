package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// backends are what the proxies speak to. Those that answer each request are no
// real HTTP servers, which would take more time than the proxy that is measured.
type backends struct {
	small, object net.Listener // the answer is a few bytes, or 16 KiB
	keys, media   *http.Server
}

func startBackends(jwks string) (*backends, error) {
	b := new(backends)
	var errs [4]error
	b.small, errs[0] = serve(page("hello"))
	b.object, errs[1] = serve(page(strings.Repeat("0123456789abcdef", 1<<10)))
	b.keys, errs[2] = serveHTTP(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, jwks) })
	b.media, errs[3] = serveHTTP(new(identityPool).ServeHTTP)
	return b, errors.Join(errs[:]...)
}

func (b *backends) close() (err error) {
	for _, listener := range []net.Listener{b.small, b.object} {
		if listener != nil {
			err = errors.Join(err, listener.Close())
		}
	}
	for _, server := range []*http.Server{b.keys, b.media} {
		if server != nil {
			err = errors.Join(err, server.Close())
		}
	}
	return err
}

func page(body string) []byte {
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
		line, err := requests.ReadSlice('\n')
		if err != nil {
			return
		}
		if len(line) > len("\r\n") {
			continue
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

func serveHTTP(handler http.HandlerFunc) (*http.Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, Addr: listener.Addr().String(), ReadHeaderTimeout: time.Minute}
	go server.Serve(listener) //nolint:errcheck // ends with Close
	return server, nil
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
