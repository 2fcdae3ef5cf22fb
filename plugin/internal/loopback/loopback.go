// Package loopback knows which hosts are this machine. Everybody asks it: if the
// configuration accepts a host over http that a page or a sign-in refuses later,
// nothing loads, and nobody sees why.
//
// The package imports nothing of this module and nothing of Caddy.
package loopback

import (
	"net/netip"
	"strings"
)

// Host reports whether a host is this machine, as browsers see it (W3C Secure
// Contexts §3.1): localhost, a name below it, or a loopback address. It is the
// host of a URL without the port, an IPv6 address with its brackets or without.
func Host(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback() && ip.Zone() == "" // a policy of a page has no words for a zone
}
