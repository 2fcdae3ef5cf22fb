package loopback_test

import (
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/loopback"
)

func TestHost(t *testing.T) {
	for _, row := range []struct {
		name, host string
		want       bool
	}{
		{"the name", "localhost", true},
		{"the name in capitals", "LocalHost", true},
		{"a name below it", "auth.localhost", true},
		{"a name far below it", "a.b.localhost", true},
		{"the address", "127.0.0.1", true},
		{"another address of this machine", "127.0.0.2", true},
		{"the last address of this machine", "127.255.255.255", true},
		{"the IPv6 address", "::1", true},
		{"the IPv6 address in a URL", "[::1]", true},
		{"the IPv6 address in full", "0:0:0:0:0:0:0:1", true},
		{"the address in IPv6", "::ffff:127.0.0.1", true},
		{"nothing", "", false},
		{"a domain", "auth.example.com", false},
		{"a domain that only ends like it", "evillocalhost", false},
		{"a domain that only begins like it", "localhost.example.com", false},
		{"a domain that begins with the address", "127.0.0.1.example.com", false},
		{"an address of the network", "192.168.0.1", false},
		{"any address", "0.0.0.0", false},
		{"any IPv6 address", "::", false},
		{"an IPv6 address of the network", "[2001:db8::1]", false},
		{"the IPv6 address of an interface", "::1%eth0", false},
		{"an address that browsers read as this machine and resolvers perhaps not", "127.1", false},
		{"an address in octal", "0177.0.0.1", false},
		{"a port", "localhost:9229", false},
	} {
		if got := loopback.Host(row.host); got != row.want {
			t.Errorf("%s, %q: expected %t, got %t", row.name, row.host, row.want, got)
		}
	}
}
