// Package freeport finds addresses for servers that cannot tell which one they got,
// and for those that come back to theirs.
package freeport

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// The ports lie below those that kernels give to connections and to listeners on
// port 0, of which one that was just freed is soon given again.
const (
	lowest  = 20_000
	highest = 32_000
)

// given are the addresses that have an owner, who may not listen yet: two instances
// of Caddy would share one without a word.
var given sync.Map

// errNone is not expected: there are thousands.
var errNone = errors.New("no free port was found")

// Take returns an address of 127.0.0.1 at which nobody listens, as host:port, and
// never the same one again.
func Take() (string, error) {
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(lowest+rand.N(highest-lowest)))
		if _, taken := given.LoadOrStore(address, true); taken {
			continue
		}
		if listener, err := net.Listen("tcp", address); err == nil {
			return address, listener.Close()
		}
	}
	return "", errNone
}
