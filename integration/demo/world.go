package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

//go:embed Caddyfile
var caddyfile string

const (
	clientID = "1h57kf5cpq17m0eml12example"
	password = "Correct-horse-1"
)

// world is everything that runs.
type world struct {
	dir         string
	site, admin string // addresses
	cognito     *cognitolocal.Server
	cognitoURL  string
	media       *cognitolocal.IdentityPool
	people      map[string]string // users by identity
	store       *store
	undo        []func() error
}

// run builds the world, explains it on out, and takes it down when ctx ends.
func run(ctx context.Context, out io.Writer) (err error) {
	w := new(world)
	defer func() { err = errors.Join(err, w.close()) }()
	for _, start := range []func() error{w.startDir, w.startCognito, w.startStore, w.startCaddy} {
		if err := start(); err != nil {
			return err
		}
	}
	if err := w.explain(out); err != nil {
		return err
	}
	<-ctx.Done()
	fmt.Fprintln(out, "\nStopped.")
	return nil
}

// close takes everything down, the last first.
func (w *world) close() (err error) {
	for len(w.undo) > 0 {
		last := len(w.undo) - 1
		err = errors.Join(err, w.undo[last]())
		w.undo = w.undo[:last]
	}
	return err
}

func (w *world) later(undo func() error) { w.undo = append(w.undo, undo) }

func (w *world) startDir() (err error) {
	w.dir, err = os.MkdirTemp("", "caddy-cognito-demo-")
	w.later(func() error { return os.RemoveAll(w.dir) })
	return err
}

// startCognito serves a user pool with two users, and an identity pool.
func (w *world) startCognito() (err error) {
	if w.cognito, err = cognitolocal.New(cognitolocal.Options{}); err != nil {
		return err
	}
	if err := fill(w.cognito.Pool()); err != nil {
		return err
	}
	w.media, err = w.cognito.AddIdentityPool(cognitolocal.IdentityPoolOptions{AuthenticatedRole: userRole})
	if err != nil {
		return err
	}
	if w.cognitoURL, err = w.cognito.Start(freeAddress("127.0.0.1:9229")); err != nil {
		return err
	}
	w.later(w.cognito.Close)
	w.people, err = identities(w.cognitoURL, w.cognito.Pool(), w.media.ID(), "maria", "jose")
	return err
}

func (w *world) startStore() (err error) {
	if w.store, err = startStore(w.dir, w.cognito, w.people); err == nil {
		w.later(w.store.close)
	}
	return err
}

// startCaddy serves the site, and an API behind it.
func (w *world) startCaddy() error {
	api, err := startAPI()
	if err != nil {
		return err
	}
	w.later(api.Close)
	w.site, w.admin = freeAddress("127.0.0.1:8080"), freeAddress("127.0.0.1:2019")
	_, port, err := net.SplitHostPort(w.site)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"PORT": port, "ADMIN": w.admin, "STORAGE": w.dir, "UPSTREAM": api.Addr,
		"POOL_ID": w.cognito.Pool().ID(), "CLIENT_ID": clientID, "ISSUER": w.cognito.Pool().Issuer(),
		"POOL": w.cognitoURL, "IDENTITY_POOL": w.media.ID(), "STORE": w.store.url(), "BUCKET": bucket,
	} {
		if err := os.Setenv("DEMO_"+name, value); err != nil {
			return err
		}
	}
	if err := edge.Load(caddyfile); err != nil {
		return fmt.Errorf("starting Caddy: %w", err)
	}
	w.later(edge.Stop)
	return nil
}

func (w *world) explain(out io.Writer) error {
	maria := ""
	for identity, user := range w.people {
		if user == "maria" {
			maria = identity
		}
	}
	return guide.Execute(out, map[string]string{
		"Site": w.site, "Admin": w.admin, "Pool": w.cognitoURL, "Client": clientID, "Password": password,
		"Store": w.store.url(), "Maria": maria,
	})
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
