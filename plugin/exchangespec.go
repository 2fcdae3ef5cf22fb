package plugin

import (
	"net/http"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/credentials"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// identityPoolSpec describes an identity pool of the configuration.
func (a *App) identityPoolSpec(name string) (exchangeSpec, error) {
	if err := config.ValidateName("identity_pool", name); err != nil {
		return exchangeSpec{}, err
	}
	cfg, err := a.IdentityPools[name].Resolve(a.repl)
	if err != nil {
		return exchangeSpec{}, err
	}
	if err := cfg.Validate(); err != nil {
		return exchangeSpec{}, err
	}
	spec := a.exchangeSpec(name, "identity_pool", cfg, cfg.Exchange)
	spec.Region, spec.Guests = config.IdentityPoolRegion(cfg.ID), cfg.Guests
	for _, login := range cfg.Logins {
		for _, issuer := range a.pools[login.UserPool].issuers {
			spec.Logins[issuer] = login.Provider
		}
	}
	spec.provider = func(client *http.Client) (credentials.Provider, error) {
		return newIdentityPool(cfg, spec.Logins, client)
	}
	return spec, nil
}

func newIdentityPool(cfg *config.IdentityPool, logins map[string]string, client *http.Client) (credentials.Provider, error) {
	opts := credentials.IdentityPoolOptions{
		ID: cfg.ID, Logins: logins, Guests: cfg.Guests, Endpoint: cfg.Endpoint, HTTPClient: client,
	}
	if cfg.Basic != nil {
		basic := *cfg.Basic
		if basic.Region == "" {
			basic.Region = config.IdentityPoolRegion(cfg.ID)
		}
		var err error
		if opts.Basic, err = newWebIdentity(&basic, client); err != nil {
			return nil, err
		}
	}
	return credentials.NewIdentityPool(opts)
}

// webIdentitySpec describes a web identity of the configuration.
func (a *App) webIdentitySpec(name string) (exchangeSpec, error) {
	if err := config.ValidateName("web_identity", name); err != nil {
		return exchangeSpec{}, err
	}
	cfg, err := a.WebIdentities[name].Resolve(a.repl)
	if err != nil {
		return exchangeSpec{}, err
	}
	if err := cfg.Validate(); err != nil {
		return exchangeSpec{}, err
	}
	spec := a.exchangeSpec(name, "web_identity", cfg, cfg.Exchange)
	if spec.Region = cfg.Region; spec.Region == "" {
		spec.Region = "us-east-1"
	}
	spec.provider = func(client *http.Client) (credentials.Provider, error) { return newWebIdentity(&cfg.STS, client) }
	return spec, nil
}

func newWebIdentity(cfg *config.STS, client *http.Client) (*credentials.WebIdentity, error) {
	return credentials.NewWebIdentity(credentials.WebIdentityOptions{
		Endpoint: cfg.Endpoint, Region: cfg.Region, Duration: duration(cfg.Duration),
		Policy: cfg.Policy, PolicyARNs: cfg.PolicyARNs, HTTPClient: client,
	})
}

// exchangeSpec is what both kinds have in common.
func (a *App) exchangeSpec(name, kind string, cfg any, common config.Exchange) exchangeSpec {
	spec := exchangeSpec{
		Name: name, Kind: kind, Config: cfg, Logins: make(map[string]string), Outlive: common.OutliveToken, Size: common.CacheSize,
		Roles: credentials.Roles{Preferred: common.PreferredRole, Default: common.RoleARN},
	}
	for _, mapping := range common.GroupRoles {
		spec.Roles.Groups = append(spec.Roles.Groups, credentials.GroupRole{Group: mapping.Group, Role: mapping.RoleARN})
	}
	for _, pool := range common.UserPools {
		for _, issuer := range a.pools[pool].issuers {
			spec.Logins[issuer] = loginOf(issuer, a.pools[pool].id)
		}
	}
	return spec
}

// loginOf is the provider name by which Cognito knows the pool: that of the
// original issuer, also where the pool uses the updated one.
func loginOf(issuer, poolID string) string {
	if pool, err := verifier.ParseUserPool(poolID); err == nil && issuer == pool.UpdatedIssuer() {
		issuer = pool.Issuer()
	}
	_, name, _ := strings.Cut(issuer, "://")
	return name
}
