package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

const (
	poolID = "eu-west-1_BenchPooL"
	issuer = "https://cognito-idp.eu-west-1.amazonaws.com/" + poolID
	client = "1h57kf5cpq17m0eml12example"
)

// world is everything that a measurement needs.
type world struct {
	dir, binary               string
	backends                  *backends
	bare, plain, silent, auth *proxy // in front of a few bytes
	object, signed, site      *proxy // in front of 16 KiB
	tokens, idTokens          []string
	proxies                   []*proxy
}

func newWorld() (w *world, err error) {
	dir, err := os.MkdirTemp("", "caddy-cognito-bench-")
	if err != nil {
		return nil, err
	}
	w = &world{dir: dir, binary: filepath.Join(dir, "caddy")}
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
	for i := range 1_000 {
		w.idTokens = append(w.idTokens, signer.Sign(idClaims(i)))
	}
	if w.backends, err = startBackends(verifiertest.JWKS(signer.JWK())); err != nil {
		return w, err
	}
	build := exec.Command("go", "build", "-o", w.binary, "github.com/caddy-cognito/caddy-cognito/plugin/cmd/caddy")
	if output, err := build.CombinedOutput(); err != nil {
		return w, fmt.Errorf("building Caddy: %w\n%s", err, output)
	}
	if err := pinSelf(); err != nil {
		return w, fmt.Errorf("taskset: %w", err)
	}
	return w, w.startProxies()
}

func (w *world) startProxies() error {
	small, object := w.backends.small.Addr().String(), w.backends.object.Addr().String()
	pool := fmt.Sprintf(poolConfig, poolID, client, issuer, w.backends.keys.Addr, fmt.Sprintf(exchangeConfig, w.backends.media.Addr))
	for _, start := range []struct {
		proxy                  **proxy
		global, site, upstream string
	}{
		{&w.bare, "", "", small},
		{&w.plain, "", plainConfig, small},
		{&w.silent, pool, silentConfig, small},
		{&w.auth, pool, authConfig, small},
		{&w.object, "", "", object},
		{&w.signed, pool, signedConfig, object + " " + signedTransport},
		{&w.site, pool, fmt.Sprintf(s3Config, object), object},
	} {
		var err error
		if *start.proxy, err = startProxy(w.dir, w.binary, start.upstream, start.global, start.site); err != nil {
			return err
		}
		w.proxies = append(w.proxies, *start.proxy)
	}
	return nil
}

// claims are those of an access token that has 1 134 bytes when signed.
func claims(i int) string {
	return fmt.Sprintf(`{"sub":"5f0c2f6e-7c1d-4b5a-9d7e-%012d","cognito:groups":["admins","editors"],`+
		`"iss":%q,"version":2,"client_id":%q,"origin_jti":"b1f0d7a2-1111-4222-8333-944455556666",`+
		`"event_id":"c2f0d7a2-1111-4222-8333-944455556666","token_use":"access","scope":"openid email orders/read orders/write",`+
		`"auth_time":1790000000,"exp":4102444800,"iat":1790000000,"jti":"d3f0d7a2-1111-4222-8333-944455556666","username":"jo"}`,
		i, issuer, client)
}

// idClaims are those of an ID token.
func idClaims(i int) string {
	return fmt.Sprintf(`{"sub":"5f0c2f6e-7c1d-4b5a-9d7e-%012d","cognito:groups":["admins","editors"],"email_verified":true,`+
		`"iss":%q,"cognito:username":"user-%d","origin_jti":"b1f0d7a2-1111-4222-8333-944455556666","aud":%q,`+
		`"event_id":"c2f0d7a2-1111-4222-8333-944455556666","token_use":"id","auth_time":1790000000,"exp":4102444800,"iat":1790000000,`+
		`"jti":"d3f0d7a2-1111-4222-8333-944455556666","email":"user-%d@example.com"}`, i, issuer, i, client, i)
}

func (w *world) close() error {
	var errs []error
	for _, p := range w.proxies {
		errs = append(errs, p.stop())
	}
	if w.backends != nil {
		errs = append(errs, w.backends.close())
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
