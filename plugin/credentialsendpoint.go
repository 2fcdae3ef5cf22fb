package plugin

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// CredentialsEndpoint gives a signed-in application its user's own temporary
// credentials, as an identity pool would, in the JSON that AWS SDKs read from a
// credentials endpoint (AWS_CONTAINER_CREDENTIALS_FULL_URI): AccessKeyId,
// SecretAccessKey, Token and Expiration.
//
// It needs a `cognito_auth` with `token_use id` on the route. A token in a header
// may come with GET or POST. One that the browser sends by itself, in a cookie,
// counts only with a POST from the same origin, so that no other site can make a
// browser fetch the credentials. Answers are never stored.
type CredentialsEndpoint struct {
	config.CredentialsEndpoint

	exchange *exchange
	problems *problemLog
}

// CaddyModule returns the Caddy module information.
func (CredentialsEndpoint) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.cognito_credentials", New: func() caddy.Module { return new(CredentialsEndpoint) }}
}

// UnmarshalCaddyfile parses the directive; see [parse.ParseCredentials].
func (c *CredentialsEndpoint) UnmarshalCaddyfile(d *caddyfile.Dispenser) (err error) {
	c.CredentialsEndpoint, err = parse.ParseCredentials(d)
	return err
}

// Provision finds the exchange.
func (c *CredentialsEndpoint) Provision(ctx caddy.Context) error {
	if err := c.CredentialsEndpoint.Validate(); err != nil {
		return err
	}
	app, err := loadApp(ctx)
	if err != nil {
		return err
	}
	if c.Path == "" {
		c.Path = config.DefaultCredentialsPath
	}
	c.problems = &problemLog{logger: ctx.Logger(), audit: app.env.audit, directive: "cognito_credentials"}
	c.exchange, err = app.exchange(c.Credentials)
	return err
}

// ServeHTTP implements [caddyhttp.MiddlewareHandler]. Other paths are not its.
func (c *CredentialsEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if r.URL.Path != c.Path {
		return next.ServeHTTP(w, r)
	}
	document, err := c.document(w, r)
	if err != nil {
		return c.problems.refuse(w, r, err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err = w.Write(document)
	return err
}

// errCrossOrigin means that another site may have made the browser ask.
var errCrossOrigin = errors.New("credentials are given to the same origin only, with POST")

func (c *CredentialsEndpoint) document(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		return nil, errMethod
	}
	if id := identityOf(r.Context()); id != nil && ambient(id.source) && !(r.Method == http.MethodPost && sameOrigin(r)) {
		return nil, errCrossOrigin
	}
	grant, user, err := c.exchange.grant(r.Context())
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]string{
		"AccessKeyId": grant.AccessKeyID, "SecretAccessKey": grant.SecretAccessKey, "Token": grant.SessionToken,
		"Expiration": c.exchange.expires(grant, user).UTC().Format(time.RFC3339),
	})
}

// sameOrigin reports whether the page that sent the request is of this site.
// Browsers say so in Sec-Fetch-Site, or, when they are old, in Origin.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	scheme, host, _ := strings.Cut(r.Header.Get("Origin"), "://")
	return strings.EqualFold(host, r.Host) && (scheme == "https" || scheme == "http" && r.TLS == nil)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*CredentialsEndpoint)(nil)
	_ caddyhttp.MiddlewareHandler = (*CredentialsEndpoint)(nil)
	_ caddyfile.Unmarshaler       = (*CredentialsEndpoint)(nil)
)
