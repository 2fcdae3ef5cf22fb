package faults_test

import (
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/freeport"
)

// door is the address of a service, at which it is there or not: connections are
// refused while it is shut.
type door struct {
	addr    string
	handler http.Handler
	server  *http.Server
}

// newDoor is open.
func newDoor(t *testing.T, handler http.Handler) *door {
	t.Helper()
	d := &door{addr: freeAddress(t), handler: handler}
	d.open(t)
	t.Cleanup(func() { _ = d.server.Close() })
	return d
}

func (d *door) url() string { return "http://" + d.addr }

func (d *door) open(t *testing.T) {
	t.Helper()
	var listener net.Listener
	eventually(t, d.addr+" can be listened on", func() (err error) {
		listener, err = net.Listen("tcp", d.addr)
		return err
	})
	d.server = &http.Server{Handler: d.handler, ReadHeaderTimeout: 10 * time.Second}
	go func(server *http.Server) { _ = server.Serve(listener) }(d.server)
}

// shut ends all connections, too.
func (d *door) shut(t *testing.T) {
	t.Helper()
	check(t, d.server.Close())
}

// freeAddress is still free when its owner comes back.
func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := freeport.Take()
	check(t, err)
	return address
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// patience is how long anything may take that must happen.
const patience = 60 * time.Second

// eventually waits until try returns nil.
func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	within(t, patience, what, try)
}

func within(t *testing.T, limit time.Duration, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("expected that %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
