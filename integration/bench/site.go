package main

import (
	"encoding/base64"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/freeport"
)

// site is what a proxy is configured for.
type site struct {
	dir            string // for this proxy alone
	address, admin string // the latter for Caddy
	values         []string
}

// newSite is a site on free ports in front of one of the upstreams.
func (l *lab) newSite(dir string, program executable, upstream string) (site, error) {
	address, err := freeport.Take()
	if err != nil {
		return site{}, err
	}
	admin, err := freeport.Take()
	if err != nil {
		return site{}, err
	}
	key, err := os.ReadFile(filepath.Join(l.dir, "public.pem"))
	if err != nil {
		return site{}, err
	}
	block, _ := pem.Decode(key)
	_, port, _ := net.SplitHostPort(address)
	b, local := l.backends, l.backends.visitors
	return site{dir, address, admin, []string{
		"$ADDRESS", address, "$PORT", port, "$ADMIN", admin, "$UPSTREAM", upstream, "$DIR", dir, "$PREFIX", program.prefix,
		"$POOL", poolID, "$CLIENT", client, "$ISSUER", issuer, "$JWKS", b.keys.URL + "/jwks.json", "$TLS_JWKS", b.tlsKeys.URL + "/jwks.json", "$MEDIA", b.media.URL,
		"$PEM", filepath.Join(l.dir, "public.pem"), "$KEY", base64.StdEncoding.EncodeToString(block.Bytes),
		"$LOCAL_POOL", local.Pool().ID(), "$LOCAL_ISSUER", local.Pool().Issuer(), "$LOCAL_URL", local.url,
	}}, nil
}

// expand puts values in the place of names such as $ADDRESS: the given pairs
// first, since they may have such names in them.
func (s site) expand(template string, pairs ...string) string {
	return strings.NewReplacer(s.values...).Replace(strings.NewReplacer(pairs...).Replace(template))
}

// write writes a file of the configuration and returns its path.
func (s site) write(name, template string, pairs ...string) (string, error) {
	path := filepath.Join(s.dir, name)
	return path, os.WriteFile(path, []byte(s.expand(template, pairs...)), 0o600)
}
