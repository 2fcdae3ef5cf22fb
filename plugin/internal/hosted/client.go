package hosted

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// Options configures a [Client].
type Options struct {
	// BaseURL is the domain of the user pool, such as "https://auth.example.com".
	// Required.
	BaseURL string
	// ClientID is the app client. Required.
	ClientID string
	// Secrets are the secrets of the app client: none, the one, or the one and the
	// next. Either of two will do, so that they can be exchanged at leisure.
	Secrets []signin.Secret
	// Scopes are asked for; "openid" must be among them, since there is no ID token
	// without. None means all that the app client allows.
	Scopes []string
	// IdentityProvider takes users straight to one provider of the pool.
	IdentityProvider string
	// IDPIdentifier takes users straight to the provider with that identifier. At
	// most one of the two can be given.
	IDPIdentifier string
	// Pass lists what a sign-in request may hand through: lang, login_hint,
	// identity_provider, idp_identifier, acr_values and max_age.
	Pass []string
	// InsecureHTTP allows http URLs to hosts other than this machine. Whoever sits
	// on the way then reads every token: for test networks only.
	InsecureHTTP bool
	// HTTPClient makes the calls. Default: one of this package. An [http.Client] is
	// used as a copy that follows no redirects; any other must not follow them.
	HTTPClient signin.HTTPClient
	// Trace is told of every call. Optional.
	Trace signin.Trace `json:"-"`
}

// Client is one app client behind the domain of its user pool. Its methods may be
// called concurrently.
type Client struct {
	opts    Options                // without the secrets
	secrets func() []signin.Secret // a function, which fmt cannot look into
	id      string                 // names the domain and the app client in a Flow
	http    *http.Client
	working atomic.Int32 // index of the secret that worked last
	now     func() time.Time
}

// New checks opts. It makes no call.
func New(opts Options) (*Client, error) {
	opts.BaseURL = strings.TrimSuffix(opts.BaseURL, "/")
	if err := opts.check(); err != nil {
		return nil, err
	}
	secrets := slices.Clone(opts.Secrets)
	opts.Secrets, opts.Scopes, opts.Pass = nil, slices.Clone(opts.Scopes), slices.Clone(opts.Pass)
	name := sha256.Sum256([]byte(opts.BaseURL + "\n" + opts.ClientID))
	return &Client{
		opts: opts, secrets: func() []signin.Secret { return secrets }, now: time.Now,
		id: base64.RawURLEncoding.EncodeToString(name[:12]), http: &http.Client{Transport: wire{clientOr(opts.HTTPClient)}, CheckRedirect: stay},
	}, nil
}

// Format shows no secret.
func (c *Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "hosted sign-in client of %s", c.opts.BaseURL)
}

// LogoutURL ends the session that the browser has with the domain and then sends
// it to logoutURI, which must be a sign-out URL of the app client, character by
// character. Cognito knows this endpoint by parameters of its own, not by those of
// OpenID Connect; it revokes no tokens and signs nobody out of another provider.
func (c *Client) LogoutURL(logoutURI string) string {
	return c.opts.BaseURL + "/logout?" + url.Values{"client_id": {c.opts.ClientID}, "logout_uri": {logoutURI}}.Encode()
}

// TokenPath is where codes are exchanged for tokens.
const TokenPath = "/oauth2/token"

// config is that of a call with one of the secrets. The way to send it is set:
// package oauth2 would try both, and a code works once.
func (c *Client) config(secret signin.Secret, redirectURI string) *oauth2.Config {
	style := oauth2.AuthStyleInHeader
	if secret == "" {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: c.opts.ClientID, ClientSecret: string(secret), RedirectURL: redirectURI, Scopes: c.opts.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: c.opts.BaseURL + "/oauth2/authorize", TokenURL: c.opts.BaseURL + TokenPath, AuthStyle: style},
	}
}
