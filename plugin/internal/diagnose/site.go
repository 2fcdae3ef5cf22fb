package diagnose

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// Site is what a configuration says about Cognito.
type Site struct {
	pools      []*pool
	guards     []*guard
	signins    []*signIn
	buckets    []*bucket
	spenders   []*spender
	strips     []Place
	enders     []ender
	rewrites   []Place
	upstreams  []upstream
	deleters   []Place // of identity headers
	matchers   []Place // the routes that ask the matcher cognito
	identities map[string]*config.IdentityPool
	webs       map[string]*config.WebIdentity
	repl       *caddy.Replacer
}

// pool is a user pool, by its name or, where a directive configures it, its ID.
type pool struct {
	name     string
	named    bool
	cfg      *config.UserPool // resolved
	sessions bool             // users can be signed in to it
}

// guard is a handler that verifies tokens.
type guard struct {
	Place
	name         string // of the directive
	alwaysRefuse int    // the status of every refusal; 0: as the reason has it
	pools        []*pool
	uses         []verifier.TokenUse
	requirements []verifier.Requirement
	optional     bool
	forwards     bool                 // the default identity headers
	sources      []config.TokenSource // as configured
	required     []config.Requirement // as configured
	forwarded    []config.Forward
}

// signIn is a handler that signs users in.
type signIn struct {
	Place
	cfg  *config.Signin // resolved
	pool *pool
}

// bucket is a handler that serves one.
type bucket struct {
	Place
	cfg *config.S3 // resolved, with its region
}

// Read reads a configuration, in the JSON of Caddy. Placeholders such as
// {env.POOL_ID} are replaced, by the environment of this process.
func Read(document []byte) (*Site, error) {
	var cfg struct {
		Apps struct {
			Cognito json.RawMessage `json:"cognito"`
		} `json:"apps"`
	}
	if err := json.Unmarshal(document, &cfg); err != nil {
		return nil, err
	}
	var app config.App
	if len(cfg.Apps.Cognito) > 0 {
		if err := caddy.StrictUnmarshalJSON(cfg.Apps.Cognito, &app); err != nil {
			return nil, fmt.Errorf("cognito: %w", err)
		}
	}
	w, err := walked(document)
	if err != nil {
		return nil, err
	}
	s := &Site{repl: caddy.NewReplacer(), matchers: w.matchers}
	if err := s.readApp(&app); err != nil {
		return nil, err
	}
	for _, h := range w.found {
		if err := s.read(h); err != nil {
			return nil, fmt.Errorf("%s at %s: %w", h.module, h.Place, err)
		}
	}
	return s, nil
}

func (s *Site) readApp(app *config.App) error {
	for _, name := range slices.Sorted(maps.Keys(app.UserPools)) {
		if _, err := s.addPool(name, app.UserPools[name]); err != nil {
			return fmt.Errorf("user_pool %s: %w", name, err)
		}
	}
	if err := app.ValidateReferences(); err != nil {
		return err
	}
	var err error
	if s.identities, err = resolved(app.IdentityPools, s.repl); err != nil {
		return fmt.Errorf("identity_pool %w", err)
	}
	if s.webs, err = resolved(app.WebIdentities, s.repl); err != nil {
		return fmt.Errorf("web_identity %w", err)
	}
	return nil
}

// settings are an entry of the global configuration.
type settings[T any] interface {
	Resolve(*caddy.Replacer) (T, error)
	Validate() error
}

func resolved[T settings[T]](entries map[string]T, repl *caddy.Replacer) (map[string]T, error) {
	all := make(map[string]T)
	for name, entry := range entries {
		var err error
		if all[name], err = entry.Resolve(repl); err == nil {
			err = all[name].Validate()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return all, nil
}

// addPool adds a pool; without a name, one that a directive configures.
func (s *Site) addPool(name string, cfg *config.UserPool) (*pool, error) {
	cfg, err := cfg.Resolve(s.repl)
	if err != nil {
		return nil, err
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	p := &pool{name: name, named: name != "", cfg: cfg, sessions: cfg.Session != nil}
	if !p.named {
		p.name = cfg.ID
	}
	s.pools = append(s.pools, p)
	return p, nil
}

func (s *Site) pool(name string) (*pool, error) {
	for _, p := range s.pools {
		if p.named && p.name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("pool: no user_pool is named %q; configure it in the global option cognito%s", name, config.ThereAre(s.namedPools))
}

// namedPools are the names that handlers can refer to.
func (s *Site) namedPools(yield func(string) bool) {
	for _, p := range s.pools {
		if p.named && !yield(p.name) {
			return
		}
	}
}

func (s *Site) read(h handler) error {
	s.addEnder(h)
	switch h.module {
	case "cognito_auth":
		return s.readAuth(h)
	case "authentication":
		return s.readProvider(h)
	case "cognito_signin":
		return s.readSignin(h)
	case "cognito_s3":
		return s.readBucket(h)
	case "cognito_credentials":
		s.spenders = append(s.spenders, &spender{Place: h.Place, name: h.module})
	case "reverse_proxy":
		return s.readProxy(h)
	case "cognito_strip":
		s.strips = append(s.strips, h.Place)
	case "headers":
		return s.readHeaders(h)
	case "rewrite":
		s.rewrites = append(s.rewrites, h.Place)
	}
	return nil
}

func (s *Site) readAuth(h handler) error {
	var cfg config.Auth
	if err := h.decode(&cfg); err != nil {
		return err
	}
	if err := cfg.Validate(); err != nil {
		return err
	}
	return s.addGuard(&guard{Place: h.Place, name: h.module, optional: cfg.Optional, forwards: !cfg.ForwardNone, forwarded: cfg.Forward}, &cfg.Check)
}

// readProvider is about Caddy's own handler, which refuses everything with 401.
func (s *Site) readProvider(h handler) error {
	providers, _ := h.raw["providers"].(map[string]any)
	raw, ok := providers["cognito"]
	if !ok {
		return nil
	}
	var cfg config.Check
	if err := decode(raw, &cfg); err != nil {
		return err
	}
	if err := cfg.ValidateProvider(); err != nil {
		return err
	}
	return s.addGuard(&guard{Place: h.Place, name: h.module, alwaysRefuse: 401}, &cfg)
}

func (s *Site) addGuard(g *guard, cfg *config.Check) (err error) {
	if g.requirements, err = cfg.Requirements(); err != nil {
		return err
	}
	for _, use := range cfg.TokenUse {
		g.uses = append(g.uses, verifier.TokenUse(use))
	}
	if g.uses == nil {
		g.uses = []verifier.TokenUse{verifier.Access}
	}
	g.sources, g.required = cfg.TokenSources, cfg.Require
	s.guards = append(s.guards, g)
	if cfg.UserPool != nil {
		inline, err := s.addPool("", cfg.UserPool)
		g.pools = []*pool{inline}
		return err
	}
	for _, name := range cfg.Pools {
		named, err := s.pool(name)
		if err != nil {
			return err
		}
		g.pools = append(g.pools, named)
	}
	return nil
}

func (s *Site) readSignin(h handler) error {
	cfg := new(config.Signin)
	if err := h.decode(cfg); err != nil {
		return err
	}
	cfg, err := cfg.Resolve(s.repl)
	if err != nil {
		return err
	}
	if err := cfg.Validate(); err != nil {
		return err
	}
	p, err := s.pool(cfg.Pool)
	if err != nil {
		return err
	}
	p.sessions = true
	s.signins = append(s.signins, &signIn{h.Place, cfg, p})
	return nil
}

func (s *Site) readBucket(h handler) error {
	cfg := new(config.S3)
	if err := h.decode(cfg); err != nil {
		return err
	}
	cfg, err := cfg.Resolve(s.repl)
	if err != nil {
		return err
	}
	if err := cfg.Validate(); err != nil {
		return err
	}
	if cfg.Region == "" {
		cfg.Region = s.regionOf(cfg.Credentials)
	}
	s.buckets = append(s.buckets, &bucket{h.Place, cfg})
	s.spenders = append(s.spenders, &spender{Place: h.Place, name: h.module})
	return nil
}

// regionOf is the region of credentials.
func (s *Site) regionOf(credentials string) string {
	if identity := s.identities[credentials]; identity != nil {
		return config.IdentityPoolRegion(identity.ID)
	}
	if web := s.webs[credentials]; web != nil && web.Region != "" {
		return web.Region
	}
	return "us-east-1"
}

// decode reads JSON that was decoded already into a struct, strictly.
func decode(value, into any) error {
	document, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return caddy.StrictUnmarshalJSON(document, into)
}

// HasPools reports whether there is anything to say.
func (s *Site) HasPools() bool { return len(s.pools) > 0 }

// ErrNoPools means that nothing in the configuration is about Cognito.
var ErrNoPools = errors.New("the configuration has no user pool")
