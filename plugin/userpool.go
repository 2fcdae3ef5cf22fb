package plugin

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// userPools and keySets outlive configurations, so that a reload keeps verified
// tokens and keys. Their keys are all that changes how a value behaves.
var (
	userPools = caddy.NewUsagePool()
	keySets   = caddy.NewUsagePool()
)

// userPool is a pool at work. It is shared by all configurations that describe
// it alike, and releases its key sets when the last of them is gone.
type userPool struct {
	key      string
	name     string
	id       string
	cfg      *config.UserPool // resolved
	issuers  []string
	verifier *verifier.Verifier
	keySets  []*keySet
}

// acquireUserPool takes a reference; release gives it back.
func acquireUserPool(name string, cfg *config.UserPool, env *environment) (*userPool, error) {
	pinned, err := readPinned(cfg.JWKSFile)
	if err != nil {
		return nil, err
	}
	description, err := json.Marshal(cfg)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%s %s %x", name, description, sha256.Sum256(pinned))
	value, _, err := userPools.LoadOrNew(key, func() (caddy.Destructor, error) {
		return newUserPool(key, name, cfg, pinned, env)
	})
	if err != nil {
		return nil, err
	}
	return value.(*userPool), nil
}

func readPinned(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	document, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("jwks_file: %w", err)
	}
	if _, err := verifier.ParseKeySet(document); err != nil {
		return nil, fmt.Errorf("jwks_file: %s: %w", path, err)
	}
	return document, nil
}

func newUserPool(key, name string, cfg *config.UserPool, pinned []byte, env *environment) (*userPool, error) {
	pool := &userPool{key: key, name: name, id: cfg.ID, cfg: cfg}
	opts := verifier.Options{
		Name: name, Clients: cfg.Clients, SkipClientCheck: cfg.AnyClient, Audiences: cfg.Audiences,
		KeySets: make(map[string]verifier.KeySet), CacheSize: cfg.CacheSize,
		Leeway: duration(cfg.Leeway), Observe: metrics.verificationOf(name),
	}
	err := pool.acquireKeySets(cfg, pinned, env, opts.KeySets)
	if err != nil {
		return nil, errors.Join(err, pool.Destruct())
	}
	if pool.verifier, err = verifier.New(opts); err != nil {
		return nil, errors.Join(err, pool.Destruct())
	}
	return pool, nil
}

// acquireKeySets fills in the keys of each accepted issuer. Issuers whose keys
// come from one place share them.
func (p *userPool) acquireKeySets(cfg *config.UserPool, pinned []byte, env *environment, byIssuer map[string]verifier.KeySet) error {
	byURL := make(map[string]*keySet)
	for _, issuer := range cfg.IssuerKeys() {
		set := byURL[issuer.JWKSURL]
		if set == nil {
			var err error
			if set, err = acquireKeySet(p.name, issuer, cfg, pinned, env); err != nil {
				return err
			}
			byURL[issuer.JWKSURL] = set
			p.keySets = append(p.keySets, set)
		}
		byIssuer[issuer.Issuer] = set.remote
		p.issuers = append(p.issuers, issuer.Issuer)
	}
	return nil
}

// start begins to fetch keys.
func (p *userPool) start() {
	for _, set := range p.keySets {
		set.remote.Start()
	}
}

func (p *userPool) release() error {
	_, err := userPools.Delete(p.key)
	return err
}

// Destruct implements [caddy.Destructor].
func (p *userPool) Destruct() error {
	var all sync.WaitGroup
	errs := make([]error, len(p.keySets))
	for i, set := range p.keySets {
		all.Go(func() { _, errs[i] = keySets.Delete(set.key) })
	}
	all.Wait()
	return errors.Join(errs...)
}
