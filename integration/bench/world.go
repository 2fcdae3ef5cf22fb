package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

const (
	poolID = "eu-west-1_BenchPooL"
	issuer = "https://cognito-idp.eu-west-1.amazonaws.com/" + poolID
	client = "1h57kf5cpq17m0eml12example"
)

// world is everything that a measurement needs.
type world struct {
	dir                       string
	upstream                  net.Listener
	keys                      *http.Server
	bare, plain, silent, auth *proxy
	tokens                    []string
}

func newWorld() (w *world, err error) {
	dir, err := os.MkdirTemp("", "caddy-cognito-bench-")
	if err != nil {
		return nil, err
	}
	w = &world{dir: dir}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	signer, err := verifiertest.NewSigner("k1")
	if err != nil {
		return w, err
	}
	for i := range 50_000 {
		w.tokens = append(w.tokens, signer.Sign(claims(i)))
	}
	keys, err := w.serveKeys(verifiertest.JWKS(signer.JWK()))
	if err != nil {
		return w, err
	}
	upstream, err := w.serveUpstream()
	if err != nil {
		return w, err
	}
	binary := filepath.Join(dir, "caddy")
	build := exec.Command("go", "build", "-o", binary, "github.com/caddy-cognito/caddy-cognito/plugin/cmd/caddy")
	if output, err := build.CombinedOutput(); err != nil {
		return w, fmt.Errorf("building Caddy: %w\n%s", err, output)
	}
	if err := pinSelf(); err != nil {
		return w, fmt.Errorf("taskset: %w", err)
	}
	if w.bare, err = startProxy(dir, binary, upstream, "", ""); err != nil {
		return w, err
	}
	if w.plain, err = startProxy(dir, binary, upstream, "", plainConfig); err != nil {
		return w, err
	}
	pool := fmt.Sprintf(poolConfig, poolID, client, issuer, keys)
	if w.silent, err = startProxy(dir, binary, upstream, pool, silentConfig); err != nil {
		return w, err
	}
	w.auth, err = startProxy(dir, binary, upstream, pool, authConfig)
	return w, err
}

// claims are those of an access token that has 1 134 bytes when signed.
func claims(i int) string {
	return fmt.Sprintf(`{"sub":"5f0c2f6e-7c1d-4b5a-9d7e-%012d","cognito:groups":["admins","editors"],`+
		`"iss":%q,"version":2,"client_id":%q,"origin_jti":"b1f0d7a2-1111-4222-8333-944455556666",`+
		`"event_id":"c2f0d7a2-1111-4222-8333-944455556666","token_use":"access","scope":"openid email orders/read orders/write",`+
		`"auth_time":1790000000,"exp":4102444800,"iat":1790000000,"jti":"d3f0d7a2-1111-4222-8333-944455556666","username":"jo"}`,
		i, issuer, client)
}

// serveKeys serves the key set.
func (w *world) serveKeys(jwks string) (address string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	w.keys = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, jwks)
	})}
	go w.keys.Serve(listener) //nolint:errcheck // ends with Close
	return listener.Addr().String(), nil
}

// serveUpstream answers every request with a few bytes. A real HTTP server would
// take more time than the proxy that is measured.
func (w *world) serveUpstream() (address string, err error) {
	w.upstream, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		for {
			conn, err := w.upstream.Accept()
			if err != nil {
				return
			}
			go answer(conn)
		}
	}()
	return w.upstream.Addr().String(), nil
}

func answer(conn net.Conn) {
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
		if _, err := conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")); err != nil {
			return
		}
	}
}

func (w *world) close() error {
	var errs []error
	for _, p := range []*proxy{w.bare, w.plain, w.silent, w.auth} {
		if p != nil {
			errs = append(errs, p.stop())
		}
	}
	if w.upstream != nil {
		errs = append(errs, w.upstream.Close())
	}
	if w.keys != nil {
		errs = append(errs, w.keys.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}

// pinned runs a command on the last core when there is more than one and
// taskset can do it; this process keeps to the others.
func pinned(name string, args ...string) *exec.Cmd {
	taskset, err := exec.LookPath("taskset")
	if err != nil || runtime.NumCPU() < 2 {
		return exec.Command(name, args...)
	}
	return exec.Command(taskset, append([]string{"-c", fmt.Sprint(runtime.NumCPU() - 1), name}, args...)...)
}

// pinSelf keeps this process off the proxies' core.
func pinSelf() error {
	taskset, err := exec.LookPath("taskset")
	if err != nil || runtime.NumCPU() < 2 {
		return nil
	}
	return exec.Command(taskset, "-a", "-p", "-c", fmt.Sprintf("0-%d", runtime.NumCPU()-2), fmt.Sprint(os.Getpid())).Run()
}
