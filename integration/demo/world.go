package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
	"github.com/caddy-cognito/caddy-cognito/integration/internal/freeport"
)

//go:embed Caddyfile
var caddyfile string

// theme changes the sign-in page: it adds two links.
//
//go:embed theme
var theme embed.FS

const (
	clientID = "1h57kf5cpq17m0eml12example"
	password = "Correct-horse-1"
)

// world is everything that runs.
type world struct {
	out         io.Writer
	dir         string
	site, admin string // addresses
	cognito     *cognitolocal.Server
	cognitoURL  string
	media       *cognitolocal.IdentityPool
	people      map[string]string // users by identity
	store       *store
	own         own
	undo        []func() error
}

// run builds the world, explains it on out, and takes it down when ctx ends.
func run(ctx context.Context, out io.Writer) (err error) {
	w := &world{out: out}
	defer func() { err = errors.Join(err, w.close()) }()
	for _, start := range []func() error{w.startDir, w.startCognito, w.startStore, w.startCaddy, w.writeOwn} {
		if err := start(); err != nil {
			return err
		}
	}
	if err := w.explain(); err != nil {
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
	return errors.Join(err, os.CopyFS(w.dir, theme))
}

// startCognito serves a user pool with users, and an identity pool. The app client
// has to know where the site will be, as at Cognito.
func (w *world) startCognito() (err error) {
	if w.site, err = siteAddress(); err != nil {
		return err
	}
	if w.cognito, err = cognitolocal.New(cognitolocal.Options{SignIn: signIn(w.deliver)}); err != nil {
		return err
	}
	if err := fill(w.cognito.Pool(), "http://"+w.site); err != nil {
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
	w.people, err = identities(w.cognitoURL, w.cognito.Pool(), w.media.ID(), names())
	return err
}

// deliver stands for all telephones and mailboxes.
func (w *world) deliver(m cognitolocal.Message) {
	fmt.Fprintf(w.out, "%s to %s, %s: the code is %s\n", m.Medium, m.Username, m.Destination, m.Code)
}

func (w *world) startStore() (err error) {
	if w.store, err = startStore(w.dir, w.cognito, w.people); err == nil {
		w.later(w.store.close)
	}
	return err
}

// startCaddy serves the site, and the application behind it.
func (w *world) startCaddy() error {
	upstream, err := startSite(w.cognito.Pool(), w.cognitoURL)
	if err != nil {
		return err
	}
	w.later(upstream.Close)
	w.admin = freeAddress("127.0.0.1:2019")
	_, port, err := net.SplitHostPort(w.site)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"PORT": port, "ADMIN": w.admin, "STORAGE": w.dir, "UPSTREAM": upstream.Addr, "THEME": filepath.Join(w.dir, "theme"),
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

func (w *world) explain() error {
	maria := ""
	for identity, user := range w.people {
		if user == "maria" {
			maria = identity
		}
	}
	return guide.Execute(w.out, map[string]any{
		"Site": w.site, "Admin": w.admin, "Pool": w.cognitoURL, "Client": clientID, "Password": password,
		"Store": w.store.url(), "Maria": maria, "People": people, "Own": w.own,
	})
}

// siteAddress is that of the site. Passkeys and the cookies of sign-in want the
// name localhost where there is no TLS.
func siteAddress() (string, error) {
	port, err := freePort("8080")
	return "localhost:" + port, err
}

// freeAddress is the wanted address, or another port when that is in use.
func freeAddress(wanted string) string {
	if listener, err := net.Listen("tcp", wanted); err == nil {
		defer listener.Close()
		return wanted
	}
	if other, err := freeport.Take(); err == nil {
		return other
	}
	return wanted
}
