package plugin

import (
	"fmt"
	"maps"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// App holds the user pools, identity pools and web identities that handlers refer
// to by name, and keeps keys, verified tokens and credentials over reloads.
//
// Loading it needs no network: Caddy starts, reloads and serves other sites
// while Cognito cannot be reached. Keys are fetched in the background.
type App struct {
	config.App

	env       *environment
	repl      *caddy.Replacer
	pools     map[string]*userPool // those with a name
	exchanges map[string]*exchange
	sessions  map[string]*sessions // by the name of the pool
	expected  [][]string           // pools of handlers that take sessions alone
	acquired  []*userPool
	replaced  tenancies // what Start took over from
	protected *protectedNames
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "cognito", New: func() caddy.Module { return new(App) }}
}

// Provision takes over or makes the pools, without network.
func (a *App) Provision(ctx caddy.Context) error {
	a.pools = make(map[string]*userPool)
	a.protected = newProtectedNames()
	a.repl = caddy.NewReplacer()
	events, err := ctx.App("events")
	if err != nil {
		return err
	}
	logger := ctx.Logger()
	a.env = &environment{logger: logger, audit: newAuditLog(logger), storage: newBoundedStorage(ctx.Storage()), events: events.(*caddyevents.App), ctx: ctx}
	if err := metrics.register(ctx.GetMetricsRegistry()); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(a.UserPools)) {
		if err := config.ValidateName("user_pool", name); err != nil {
			return err
		}
		if a.pools[name], err = a.acquire(name, a.UserPools[name]); err != nil {
			return fmt.Errorf("user_pool %s: %w", name, err)
		}
	}
	if err := a.provisionSessions(); err != nil {
		return err
	}
	return a.provisionExchanges()
}

// provisionSessions is for pools with session settings; other pools get theirs
// when a cognito_signin names them.
func (a *App) provisionSessions() error {
	a.sessions = make(map[string]*sessions)
	for _, name := range slices.Sorted(maps.Keys(a.pools)) {
		if a.pools[name].cfg.Session == nil {
			continue
		}
		if _, err := a.sessionsOf(name); err != nil {
			return fmt.Errorf("user_pool %s: %w", name, err)
		}
	}
	return nil
}

// provisionExchanges comes after the user pools, since exchanges refer to them.
func (a *App) provisionExchanges() error {
	if err := a.ValidateReferences(); err != nil {
		return err
	}
	a.exchanges = make(map[string]*exchange)
	for _, name := range slices.Sorted(maps.Keys(a.IdentityPools)) {
		if err := a.addExchange(name, a.identityPoolSpec); err != nil {
			return fmt.Errorf("identity_pool %s: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.WebIdentities)) {
		if err := a.addExchange(name, a.webIdentitySpec); err != nil {
			return fmt.Errorf("web_identity %s: %w", name, err)
		}
	}
	return nil
}

func (a *App) addExchange(name string, specOf func(name string) (exchangeSpec, error)) error {
	spec, err := specOf(name)
	if err != nil {
		return err
	}
	exchange, err := acquireExchange(spec, a.env)
	if err != nil {
		return err
	}
	a.exchanges[name] = exchange // what Cleanup releases
	return nil
}

// Start lets the pools work for this configuration from now on: log to its
// logger, use its storage, and fetch their keys. Doing that any earlier would
// let a configuration that fails to load disturb the one that runs.
func (a *App) Start() error {
	a.reportSessionless()
	a.replaced = make(tenancies)
	for _, pool := range a.acquired {
		for _, set := range pool.keySets {
			a.replaced.take(&set.tenant, a.env)
		}
		pool.start()
	}
	for _, exchange := range a.exchanges {
		a.replaced.take(&exchange.tenant, a.env)
	}
	for _, sessions := range a.sessions {
		a.replaced.take(&sessions.tenant, a.env)
		sessions.begin()
	}
	return nil
}

// Stop gives the pools back to the configuration before, if this one is still
// theirs: then another app failed to start, and that configuration goes on.
// After a reload that succeeds they are the next one's already. They live on
// until Cleanup.
func (a *App) Stop() error {
	a.replaced.giveBack(a.env)
	return nil
}

// Cleanup gives back what Provision acquired and no more, since Caddy calls it
// for configurations that failed to load, too; without Stop before it when what
// failed came after the start of all apps.
func (a *App) Cleanup() error {
	a.replaced.giveBack(a.env)
	for name, sessions := range a.sessions { // before their pools
		if err := sessions.release(); err != nil {
			a.env.logger.Error("releasing sessions", zap.String("pool", name), zap.Error(err))
		}
	}
	for _, pool := range a.acquired {
		if err := pool.release(); err != nil {
			a.env.logger.Error("releasing a user pool", zap.String("pool", pool.name), zap.Error(err))
		}
	}
	for name, exchange := range a.exchanges {
		if err := exchange.release(); err != nil {
			a.env.logger.Error("releasing credentials", zap.String("credentials", name), zap.Error(err))
		}
	}
	// Sessions stay: the last requests of this configuration still look them up.
	a.acquired, a.exchanges, a.replaced = nil, nil, nil // or configurations would keep each other in memory
	return nil
}

// acquire makes or takes over a pool. One that a directive configures has its ID
// for a name.
func (a *App) acquire(name string, pool *config.UserPool) (*userPool, error) {
	resolved, err := pool.Resolve(a.repl)
	if err != nil {
		return nil, err
	}
	if err := resolved.Validate(); err != nil {
		return nil, err
	}
	if name == "" {
		name = resolved.ID
	}
	acquired, err := acquireUserPool(name, resolved, a.env)
	if err != nil {
		return nil, err
	}
	a.acquired = append(a.acquired, acquired)
	return acquired, nil
}

// verifiers finds the pools that a handler refers to, or makes the one that it
// configures itself.
func (a *App) verifiers(check *config.Check) ([]*verifier.Verifier, error) {
	if check.UserPool != nil {
		pool, err := a.acquire("", check.UserPool)
		if err != nil {
			return nil, fmt.Errorf("user_pool: %w", err)
		}
		return []*verifier.Verifier{pool.verifier}, nil
	}
	list := make([]*verifier.Verifier, len(check.Pools))
	for i, name := range check.Pools {
		pool, ok := a.pools[name]
		if !ok {
			return nil, fmt.Errorf("pool: no user_pool is named %q; configure it in the global option cognito, or give a pool ID and its app clients%s", name, config.ThereAre(maps.Keys(a.pools)))
		}
		list[i] = pool.verifier
	}
	return list, nil
}

// exchange finds the credentials that a handler refers to.
func (a *App) exchange(name string) (*exchange, error) {
	if exchange, ok := a.exchanges[name]; ok {
		return exchange, nil
	}
	return nil, fmt.Errorf("credentials: no identity_pool and no web_identity is named %q; configure it in the global option cognito%s", name, config.ThereAre(maps.Keys(a.exchanges)))
}

// loadApp finds the app of a configuration; it is made when nothing configured it.
func loadApp(ctx caddy.Context) (*App, error) {
	app, err := ctx.App("cognito")
	if err != nil {
		return nil, err
	}
	return app.(*App), nil
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
