package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

//go:embed Caddyfile
var caddyfile string

const (
	clientID = "1h57kf5cpq17m0eml12example"
	password = "Correct-horse-1"
)

// run builds the world, explains it on out, and takes it down when ctx ends.
func run(ctx context.Context, out io.Writer) (err error) {
	pool, poolURL, err := startPool()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	upstream, err := startAPI()
	if err != nil {
		return err
	}
	defer upstream.Close()
	storage, err := os.MkdirTemp("", "caddy-cognito-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(storage)

	site, admin := freeAddress("127.0.0.1:8080"), freeAddress("127.0.0.1:2019")
	_, port, err := net.SplitHostPort(site)
	if err != nil {
		return err
	}
	setenv(map[string]string{
		"DEMO_PORT": port, "DEMO_ADMIN": admin, "DEMO_STORAGE": storage, "DEMO_UPSTREAM": upstream.Addr,
		"DEMO_POOL_ID": pool.Pool().ID(), "DEMO_CLIENT_ID": clientID, "DEMO_ISSUER": pool.Pool().Issuer(),
	})
	if err := edge.Load(caddyfile); err != nil {
		return fmt.Errorf("starting Caddy: %w", err)
	}
	defer func() { err = errors.Join(err, edge.Stop()) }()
	err = guide.Execute(out, map[string]string{
		"Site": site, "Admin": admin, "Pool": poolURL, "Client": clientID, "Password": password,
	})
	if err != nil {
		return err
	}
	<-ctx.Done()
	fmt.Fprintln(out, "\nStopped.")
	return nil
}

// startPool serves a pool with two users.
func startPool() (*cognitolocal.Server, string, error) {
	server, err := cognitolocal.New(cognitolocal.Options{})
	if err != nil {
		return nil, "", err
	}
	if err := fill(server.Pool()); err != nil {
		return nil, "", err
	}
	url, err := server.Start(freeAddress("127.0.0.1:9229"))
	return server, url, err
}

func fill(pool *cognitolocal.Pool) error {
	_, noUser := pool.AddUser(cognitolocal.User{
		Username: "jose", Password: password,
		Attributes: map[string]string{"email": "jose@example.com", "email_verified": "true"},
	})
	errs := []error{
		noUser,
		pool.AddClient(cognitolocal.Client{
			ID: clientID, AuthFlows: []string{cognitolocal.AllowUserPasswordAuth, cognitolocal.AllowRefreshTokenAuth},
		}),
		pool.AddGroup(cognitolocal.Group{Name: "admins"}),
		pool.AddGroup(cognitolocal.Group{Name: "editors"}),
	}
	_, noAdmin := pool.AddUser(cognitolocal.User{
		Username: "maria", Password: password, Groups: []string{"admins", "editors"},
		Attributes: map[string]string{"email": "maria@example.com", "email_verified": "true"},
	})
	return errors.Join(append(errs, noAdmin)...)
}

// freeAddress is the wanted address, or another port when that is in use.
func freeAddress(wanted string) string {
	for _, address := range []string{wanted, "127.0.0.1:0"} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		defer listener.Close()
		return listener.Addr().String()
	}
	return wanted
}

func setenv(variables map[string]string) {
	for name, value := range variables {
		os.Setenv(name, value)
	}
}

// startAPI serves an API that shows what it was told about its caller.
func startAPI() (*http.Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: http.HandlerFunc(show), Addr: listener.Addr().String(), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) //nolint:errcheck // ends with Close
	return server, nil
}
