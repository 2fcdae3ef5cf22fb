// Package edge runs Caddy with the plugin in this process, for tests and the
// demo. Caddy knows one running configuration per process, and so does this
// package.
package edge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // stock Caddy

	_ "github.com/caddy-cognito/caddy-cognito" // and the plugin
)

// Adapt turns a Caddyfile into Caddy's JSON. Warnings are errors, except that
// the file may be indented freely.
func Adapt(caddyfile string) ([]byte, error) {
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return nil, err
	}
	for _, warning := range warnings {
		if !strings.Contains(warning.Message, "not formatted") {
			return nil, errors.New(warning.String())
		}
	}
	return config, nil
}

// Load adapts a Caddyfile and makes it the running configuration. When that
// fails, the previous one goes on.
func Load(caddyfile string) error {
	config, err := Adapt(caddyfile)
	if err != nil {
		return fmt.Errorf("adapting: %w", err)
	}
	return caddy.Load(config, true)
}

// Stop ends the running configuration.
func Stop() error { return caddy.Stop() }

// Client is an HTTP client for a site that listens on a Unix socket, whatever
// host its requests name. It follows no redirects. Close idle connections when
// done with it.
func Client(socket string) *http.Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
