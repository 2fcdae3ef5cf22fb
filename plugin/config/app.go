package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// App is the global configuration: what the handlers of a server refer to by
// name.
type App struct {
	// UserPools are the Cognito user pools, by a name of your choice.
	UserPools map[string]*UserPool `json:"user_pool,omitempty"`
}

// Validate checks every pool, except that one with placeholders can be judged
// only when it is loaded, after Resolve.
func (a *App) Validate() error {
	for _, name := range slices.Sorted(maps.Keys(a.UserPools)) {
		if err := ValidateName(name); err != nil {
			return err
		}
		pool := a.UserPools[name]
		if pool != nil && pool.HasPlaceholder() {
			continue
		}
		if err := pool.Validate(); err != nil {
			return fmt.Errorf("user_pool %s: %w", name, err)
		}
	}
	return nil
}

var (
	nameForm   = regexp.MustCompile(`^[A-Za-z][\w-]*$`)
	poolIDForm = regexp.MustCompile(`^[a-z]{2,5}(-[a-z]+)+-\d+_[0-9A-Za-z]+$`)
)

// ValidateName keeps names apart from pool IDs, since both may follow
// cognito_auth.
func ValidateName(name string) error {
	if !nameForm.MatchString(name) || IsPoolID(name) {
		return fmt.Errorf("user_pool: expected a name of your choice, got %q; names start with a letter, hold letters, digits, - and _, and do not look like a pool ID", name)
	}
	return nil
}

// IsPoolID reports whether a word has the form of a pool ID of an AWS region,
// such as eu-west-1_AbCdEfGhI.
func IsPoolID(word string) bool { return poolIDForm.MatchString(word) }

// UserPool describes a Cognito user pool and how its tokens are verified.
type UserPool struct {
	// ID is the user pool ID, such as `eu-west-1_AbCdEfGhI`. Required.
	ID string `json:"id,omitempty"`
	// Clients are the IDs of the app clients whose tokens are accepted. At least
	// one is required, unless `any_client` is set.
	Clients []string `json:"client,omitempty"`
	// AnyClient accepts the tokens of every app client of the pool.
	AnyClient bool `json:"any_client,omitempty"`
	// Audiences are accepted in the `aud` claim of an access token, beside the
	// app clients: the URLs of resource-bound tokens (RFC 8707).
	Audiences []string `json:"audience,omitempty"`
	// Issuers are the accepted issuers. Default: both forms that Cognito uses,
	// `https://cognito-idp.<region>.amazonaws.com/<id>` and
	// `https://issuer-cognito-idp.<region>.amazonaws.com/<id>`, with the suffix
	// of the region's AWS partition.
	Issuers []string `json:"issuer,omitempty"`
	// JWKSURL is where the keys of all issuers come from. Default: each issuer's
	// own `/.well-known/jwks.json`.
	JWKSURL string `json:"jwks_url,omitempty"`
	// JWKSFile is the path of a key set that is used until the first fetch
	// succeeds or Caddy's storage has a newer one, however long that takes: for a
	// start without network. It is read when the configuration is loaded.
	JWKSFile string `json:"jwks_file,omitempty"`
	// Endpoint is the base URL of the user pool API, where it is not the public
	// one of the region: FIPS, VPC endpoints, local pools. Unless `jwks_url` says
	// otherwise, the keys of all issuers are fetched from there. It does not
	// change which issuers are accepted.
	Endpoint string `json:"endpoint,omitempty"`
	// InsecureHTTP allows http URLs to hosts other than this machine. Whoever
	// sits on the way can then forge every token: for test networks only.
	InsecureHTTP bool `json:"insecure_http,omitempty"`
	// Leeway is the clock tolerance for `exp` and `nbf`. Default 0.
	Leeway caddy.Duration `json:"leeway,omitempty"`
	// RefreshInterval is how often the keys are fetched anew. Default `15m`.
	RefreshInterval caddy.Duration `json:"refresh_interval,omitempty"`
	// MaxStale is how long keys are trusted after they were last fetched.
	// Default `24h`.
	MaxStale caddy.Duration `json:"max_stale,omitempty"`
	// Cooldown is the pause between fetches that tokens with unknown keys may
	// cause. Default `10s`.
	Cooldown caddy.Duration `json:"cooldown,omitempty"`
	// FetchTimeout bounds one fetch of the keys. Default `5s`.
	FetchTimeout caddy.Duration `json:"fetch_timeout,omitempty"`
	// CacheSize bounds how many verified tokens are remembered, about 1 kB
	// each. Default 50000.
	CacheSize int `json:"cache_size,omitempty"`
}

// IssuerKeys says where the keys of one accepted issuer come from.
type IssuerKeys struct {
	Issuer, JWKSURL string
	// Lazy keys are fetched when the first token of that issuer comes.
	Lazy bool
}

// IssuerKeys lists the accepted issuers. The ID must be valid.
func (p *UserPool) IssuerKeys() []IssuerKeys {
	list := p.issuers()
	for i := range list {
		list[i].JWKSURL = verifier.JWKSURL(list[i].Issuer)
		if url := p.keysOfAll(); url != "" {
			list[i].JWKSURL, list[i].Lazy = url, false
		}
	}
	return list
}

func (p *UserPool) issuers() (list []IssuerKeys) {
	for _, issuer := range p.Issuers {
		list = append(list, IssuerKeys{Issuer: issuer})
	}
	if pool, err := verifier.ParseUserPool(p.ID); err == nil && list == nil {
		// A pool that has not switched answers 403 for the updated form.
		list = []IssuerKeys{{Issuer: pool.Issuer()}, {Issuer: pool.UpdatedIssuer(), Lazy: true}}
	}
	return list
}

// keysOfAll is where the keys of all issuers come from; empty: each its own.
func (p *UserPool) keysOfAll() string {
	if p.JWKSURL == "" && p.Endpoint != "" {
		return verifier.JWKSURL(strings.TrimSuffix(p.Endpoint, "/") + "/" + p.ID)
	}
	return p.JWKSURL
}

var errNull = errors.New("must not be null; give the id of the user pool and its app clients")

// Validate checks the pool. Placeholders must have been replaced.
func (p *UserPool) Validate() error {
	if p == nil {
		return errNull
	}
	if _, err := verifier.ParseUserPool(p.ID); err != nil {
		return fmt.Errorf("id: %w", err)
	}
	if len(p.Clients) == 0 && !p.AnyClient {
		return errors.New("client: required; name the app clients whose tokens are accepted, or set any_client to accept all of them")
	}
	refresh, stale := or(p.RefreshInterval, verifier.DefaultRefreshInterval), or(p.MaxStale, verifier.DefaultMaxStale)
	if stale < refresh {
		return fmt.Errorf("max_stale: expected at least the refresh_interval, %v, got %v; keys would lapse before they are fetched anew", refresh, stale)
	}
	return p.ValidateSettings()
}

// ValidateSettings checks what is there, not whether something is missing, so
// that a pool can be judged while it is read.
func (p *UserPool) ValidateSettings() error {
	if len(p.Clients) > 0 && p.AnyClient {
		return errors.New("any_client: cannot be combined with client; remove one of them")
	}
	if err := p.validateLists(); err != nil {
		return err
	}
	return p.validateLimits()
}

func (p *UserPool) validateLimits() error {
	for _, limit := range []struct {
		key   string
		value caddy.Duration
	}{
		{"leeway", p.Leeway}, {"refresh_interval", p.RefreshInterval}, {"max_stale", p.MaxStale},
		{"cooldown", p.Cooldown}, {"fetch_timeout", p.FetchTimeout},
	} {
		if limit.value < 0 {
			return fmt.Errorf("%s: expected 0 or more, got %v", limit.key, time.Duration(limit.value))
		}
	}
	if p.RefreshInterval > 0 && time.Duration(p.RefreshInterval) < time.Millisecond {
		return fmt.Errorf("refresh_interval: expected a millisecond at least, got %v", time.Duration(p.RefreshInterval))
	}
	if p.CacheSize < 0 {
		return fmt.Errorf("cache_size: expected 0 or more, got %d", p.CacheSize)
	}
	return nil
}

func or(configured caddy.Duration, otherwise time.Duration) time.Duration {
	if configured > 0 {
		return time.Duration(configured)
	}
	return otherwise
}

func (p *UserPool) validateLists() error {
	if err := distinct("client", p.Clients); err != nil {
		return err
	}
	if i := slices.IndexFunc(p.Clients, IsPoolID); i >= 0 {
		return fmt.Errorf("client: expected an app client ID, got the pool ID %q; to accept several pools, configure each as a user_pool and use their names", p.Clients[i])
	}
	if err := distinct("audience", p.Audiences); err != nil {
		return err
	}
	if err := distinct("issuer", p.Issuers); err != nil {
		return err
	}
	for _, issuer := range p.Issuers {
		if err := p.validateURL("issuer", issuer); err != nil {
			return err
		}
		if strings.HasSuffix(issuer, "/") {
			return fmt.Errorf("issuer: issuers of Cognito do not end in /, got %q", issuer)
		}
	}
	if err := p.validateURL("jwks_url", p.JWKSURL); err != nil {
		return err
	}
	return p.validateURL("endpoint", p.Endpoint)
}

// validateURL accepts an empty value: nothing is configured.
func (p *UserPool) validateURL(key, value string) error {
	if value == "" {
		return nil
	}
	if strings.Contains(value, "@") { // do not show what may be a password
		return fmt.Errorf("%s: expected a URL without user and password", key)
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || strings.ContainsAny(value, "?#") || (u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("%s: expected a URL that starts with https:// and has no query and no fragment, got %q", key, value)
	}
	if u.Scheme == "http" && !p.InsecureHTTP && !isLoopback(u.Hostname()) {
		return fmt.Errorf("%s: http is for this machine only, got %q; use https, or set insecure_http in a test network", key, value)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

func distinct(key string, values []string) error {
	for i, value := range values {
		if value == "" {
			return fmt.Errorf("%s: must not be empty", key)
		}
		if slices.Contains(values[:i], value) {
			return fmt.Errorf("%s: %q stands here twice; remove one of them", key, value)
		}
	}
	return nil
}

// HasPlaceholder reports whether the pool can be judged only when it is loaded.
func (p *UserPool) HasPlaceholder() bool {
	resolved := *p
	for _, field := range resolved.replaceable() {
		if slices.ContainsFunc(field.values, func(value *string) bool { return strings.Contains(*value, "{") }) {
			return true
		}
	}
	return false
}

// Resolve returns a copy with placeholders such as {env.POOL_ID} replaced. One
// that is unknown or empty is an error.
func (p *UserPool) Resolve(repl *caddy.Replacer) (*UserPool, error) {
	if p == nil {
		return nil, errNull
	}
	resolved := *p
	for _, field := range resolved.replaceable() {
		for _, value := range field.values {
			replaced, err := repl.ReplaceOrErr(*value, true, true)
			if err != nil {
				return nil, fmt.Errorf("%s: %w; it needs a value when the configuration is loaded", field.key, err)
			}
			*value = replaced
		}
	}
	return &resolved, nil
}

// replaceable are the settings that may hold placeholders. The lists become the
// pool's own.
func (p *UserPool) replaceable() []replaceable {
	p.Clients, p.Audiences, p.Issuers = slices.Clone(p.Clients), slices.Clone(p.Audiences), slices.Clone(p.Issuers)
	return []replaceable{
		{"id", []*string{&p.ID}},
		{"client", pointers(p.Clients)},
		{"audience", pointers(p.Audiences)},
		{"issuer", pointers(p.Issuers)},
		{"jwks_url", []*string{&p.JWKSURL}},
		{"jwks_file", []*string{&p.JWKSFile}},
		{"endpoint", []*string{&p.Endpoint}},
	}
}

type replaceable struct {
	key    string
	values []*string
}

func pointers(values []string) []*string {
	list := make([]*string, len(values))
	for i := range values {
		list[i] = &values[i]
	}
	return list
}
