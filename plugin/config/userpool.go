package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// UserPool describes a Cognito user pool and how its tokens are verified.
type UserPool struct {
	// ID is the user pool ID, such as `eu-west-1_AbCdEfGhI`. Required.
	ID string `json:"id,omitempty"`
	// Clients are the IDs of the app clients whose tokens are accepted. At least
	// one is required, unless `any_client` is set.
	Clients []string `json:"client,omitempty"`
	// ClientSecrets are the secrets of app clients that have some, by client ID:
	// the one, or the one and the next, so that they can be exchanged at leisure.
	// Only sign-in needs them.
	ClientSecrets map[string][]string `json:"client_secret,omitempty"`
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
	// change which issuers are accepted: a local pool needs `issuer`, too, where
	// its tokens name another than Cognito's own.
	Endpoint string `json:"endpoint,omitempty"`
	// Domain is that of the pool's hosted pages, such as `auth.example.com` or
	// `example.auth.eu-west-1.amazoncognito.com`; for local pools, a URL. Only
	// sign-in through hosted pages, or through other providers, needs it.
	Domain string `json:"domain,omitempty"`
	// Session says how users stay signed in. Without it, the defaults apply where
	// `cognito_signin` names the pool.
	Session *Session `json:"session,omitempty"`
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

// HostedURL is the base URL of the pool's hosted pages, without a slash at the
// end. Empty: the pool has no domain. The domain must be valid.
func (p *UserPool) HostedURL() string {
	if p.Domain == "" || strings.Contains(p.Domain, "://") {
		return strings.TrimRight(p.Domain, "/")
	}
	return "https://" + p.Domain
}

var errNull = errors.New("must not be null; give its settings")

// Validate checks the pool. Placeholders must have been replaced.
func (p *UserPool) Validate() error {
	if p == nil {
		return errNull
	}
	if err := p.validateID(); err != nil {
		return err
	}
	if len(p.Clients) == 0 && !p.AnyClient {
		return errors.New("client: required; name the app clients whose tokens are accepted, or set any_client to accept all of them")
	}
	if err := p.validateComplete(); err != nil {
		return err
	}
	return p.validate(false)
}

// ValidateSettings checks what is there, not whether something is missing, nor
// values with placeholders. With more to come, it passes over what a later setting
// can mend, so that a pool can be judged while it is read.
func (p *UserPool) ValidateSettings(more bool) error {
	if err := validateSettled(p, more); err != nil || more || p.HasPlaceholder() {
		return err
	}
	return p.validateSessionClient()
}

func (p *UserPool) validateComplete() error {
	if err := p.validateFilledSecrets(); err != nil || p.Session == nil {
		return err
	}
	if err := p.validateSessionClient(); err != nil {
		return err
	}
	if err := filledSecrets(p.Session.Secrets); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

func (p *UserPool) validateSessionClient() error {
	if p.Session == nil {
		return nil
	}
	return p.validateMember("session: client", p.Session.Client)
}

func (p *UserPool) validate(more bool) error {
	if p.ID != "" {
		if err := p.validateID(); err != nil {
			return err
		}
	}
	if len(p.Clients) > 0 && p.AnyClient {
		return errors.New("any_client: cannot be combined with client; remove one of them")
	}
	for _, check := range []func() error{
		p.validateLists, p.validateSecrets,
		func() error { return p.validateURLs(p.InsecureHTTP || more) },
		func() error { return p.Session.validate(more) },
		p.validateLimits,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if more {
		return nil
	}
	return p.validateStale()
}

func (p *UserPool) validateID() error {
	if _, err := verifier.ParseUserPool(p.ID); err != nil {
		return fmt.Errorf("id: %w", err)
	}
	return nil
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
	return distinct("issuer", p.Issuers)
}

func (p *UserPool) validateURLs(insecure bool) error {
	for _, issuer := range p.Issuers {
		if err := validateURL("issuer", issuer, insecure); err != nil {
			return err
		}
		if strings.HasSuffix(issuer, "/") {
			return fmt.Errorf("issuer: issuers of Cognito do not end in /, got %q", issuer)
		}
	}
	if err := validateURL("jwks_url", p.JWKSURL, insecure); err != nil {
		return err
	}
	if err := validateURL("endpoint", p.Endpoint, insecure); err != nil {
		return err
	}
	return validateDomain("domain", p.Domain, insecure)
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

func (p *UserPool) validateStale() error {
	refresh := cmp.Or(time.Duration(p.RefreshInterval), verifier.DefaultRefreshInterval)
	stale := cmp.Or(time.Duration(p.MaxStale), verifier.DefaultMaxStale)
	if stale < refresh {
		return fmt.Errorf("max_stale: expected at least the refresh_interval, %v, got %v; keys would lapse before they are fetched anew", refresh, stale)
	}
	return nil
}

// HasPlaceholder reports whether the pool can be judged only when it is loaded.
func (p *UserPool) HasPlaceholder() bool { return hasPlaceholder(p) || p.hasOpenSecretClient() }

// Resolve returns a copy with placeholders such as {env.POOL_ID} replaced, which
// shares nothing with the original. One that is unknown or empty is an error.
func (p *UserPool) Resolve(repl *caddy.Replacer) (*UserPool, error) {
	resolved, err := resolve(p, repl)
	if err == nil {
		err = resolved.resolveSecretClients(repl)
	}
	if err != nil {
		return nil, err
	}
	return resolved, nil
}

func (p *UserPool) replaceable() []replaceable {
	fields := append([]replaceable{
		replaceValue("id", &p.ID),
		replaceList("client", &p.Clients),
		replaceList("audience", &p.Audiences),
		replaceList("issuer", &p.Issuers),
		replaceValue("jwks_url", &p.JWKSURL),
		replaceValue("jwks_file", &p.JWKSFile),
		replaceValue("endpoint", &p.Endpoint),
		replaceValue("domain", &p.Domain),
	}, p.replaceableSecrets()...)
	if p.Session == nil {
		return fields
	}
	p.Session = copied(p.Session)
	return append(fields, within("session", p.Session.replaceable())...)
}
