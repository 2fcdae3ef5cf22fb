package freeport_test

import (
	"net"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/freeport"
)

func TestAddressesAreFreeAndGivenOnce(t *testing.T) {
	seen := make(map[string]bool)
	for range 200 {
		address, err := freeport.Take()
		if err != nil {
			t.Fatal(err)
		}
		if seen[address] {
			t.Errorf("expected %s once", address)
		}
		seen[address] = true
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatalf("expected a free address: %v", err)
		}
		listener.Close()
	}
}
