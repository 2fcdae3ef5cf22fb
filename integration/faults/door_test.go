package faults_test

import (
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
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

// given are the ports that have an owner, who may not listen yet: two instances of
// Caddy would share one without a word.
var given sync.Map

// freeAddress is a free port below those that the kernel gives to connections, so
// that it is still free when its owner comes back.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(20_000+rand.N(12_000)))
		if _, taken := given.LoadOrStore(addr, true); taken {
			continue
		}
		if listener, err := net.Listen("tcp", addr); err == nil {
			check(t, listener.Close())
			return addr
		}
	}
	t.Fatal("expected a free port")
	return ""
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
