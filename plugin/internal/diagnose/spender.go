package diagnose

import (
	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/loopback"
)

// spender is a handler that exchanges the user's token for credentials.
type spender struct {
	Place
	name  string   // of the directive
	plain []string // addresses on other machines to which credentials go without TLS
}

// proxy is what is looked at of Caddy's reverse_proxy.
type proxy struct {
	Upstreams []struct {
		Dial string `json:"dial"`
	} `json:"upstreams"`
	Dynamic   map[string]any `json:"dynamic_upstreams"`
	Transport struct {
		Protocol string `json:"protocol"`
		Inject   any    `json:"inject"`
		TLS      any    `json:"tls"`
	} `json:"transport"`
	Headers headerChanges `json:"headers"`
}

func (s *Site) readProxy(h handler) error {
	var p proxy
	if err := read(h.raw, &p); err != nil {
		return err
	}
	s.addUpstreams(h.Place, &p)
	if p.Transport.Protocol != "cognito_aws" {
		return nil
	}
	spends := &spender{Place: h.Place, name: "transport cognito_aws"}
	if p.Transport.Inject != nil && p.Transport.TLS == nil {
		spends.plain = p.elsewhere(s.repl.ReplaceKnown)
	}
	s.spenders = append(s.spenders, spends)
	return nil
}

// elsewhere are the upstreams that are, as far as can be told, other machines.
func (p *proxy) elsewhere(replace func(input, empty string) string) (addresses []string) {
	for _, upstream := range p.Upstreams {
		if address := replace(upstream.Dial, ""); !local(address) {
			addresses = append(addresses, address)
		}
	}
	if source, ok := p.Dynamic["source"].(string); ok {
		addresses = append(addresses, "dynamic "+source)
	}
	return addresses
}

// local reports whether an address is on this machine.
func local(address string) bool {
	parsed, err := caddy.ParseNetworkAddress(address)
	return err == nil && (parsed.IsUnixNetwork() || parsed.IsFdNetwork() || loopback.Host(parsed.Host))
}
