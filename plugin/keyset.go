package plugin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// keySet is the key set of one issuer with its reporting.
type keySet struct {
	tenant
	key    keySetKey
	remote *verifier.RemoteKeySet

	mu      sync.Mutex // guards all below
	failing bool
	unknown bool // a token with an unknown key was reported
}

// keySetKey is all that changes how a key set behaves.
type keySetKey struct {
	pool, issuer, url, pinned            string
	refresh, maxStale, cooldown, timeout caddy.Duration
	lazy                                 bool
}

func acquireKeySet(pool string, issuer config.IssuerKeys, cfg *config.UserPool, pinned []byte, env *environment) (*keySet, error) {
	key := keySetKey{
		pool, issuer.Issuer, issuer.JWKSURL, string(pinned),
		cfg.RefreshInterval, cfg.MaxStale, cfg.Cooldown, cfg.FetchTimeout, issuer.Lazy,
	}
	value, _, err := keySets.LoadOrNew(key, func() (caddy.Destructor, error) {
		return newKeySet(key, env)
	})
	if err != nil {
		return nil, err
	}
	return value.(*keySet), nil
}

func newKeySet(key keySetKey, env *environment) (*keySet, error) {
	set := &keySet{key: key}
	set.env.Store(env)
	opts := verifier.RemoteOptions{
		URL: key.url, RefreshInterval: duration(key.refresh), MaxStale: duration(key.maxStale),
		Cooldown: duration(key.cooldown), FetchTimeout: duration(key.timeout),
		Lazy: key.lazy, Store: set, Observe: set.observe, Wait: key.traceWait,
	}
	if key.pinned != "" {
		var err error
		if opts.Pinned, err = verifier.ParseKeySet([]byte(key.pinned)); err != nil {
			return nil, err
		}
	}
	var err error
	set.remote, err = verifier.NewRemoteKeySet(opts)
	return set, err
}

// Destruct implements [caddy.Destructor].
func (s *keySet) Destruct() error { return s.remote.Close() }

// Load implements [verifier.Store] with Caddy's storage.
func (s *keySet) Load(ctx context.Context, url string) ([]byte, error) {
	return storedKeys{s.env.Load().storage}.Load(ctx, url)
}

// Save implements [verifier.Store] with Caddy's storage.
func (s *keySet) Save(ctx context.Context, url string, data []byte) error {
	return storedKeys{s.env.Load().storage}.Save(ctx, url, data)
}

func storageKey(url string) string {
	sum := sha256.Sum256([]byte(url))
	return path.Join("cognito", "keys", hex.EncodeToString(sum[:])+".json")
}

// observe reports what a fetch did: each one to the metrics, and to the log what
// changed for the operator, so that a long outage is one warning.
func (s *keySet) observe(event verifier.KeySetEvent) {
	metrics.fetched(s.key.pool, s.key.issuer, event)
	s.mu.Lock()
	defer s.mu.Unlock()
	env := s.env.Load()
	if event.StoreErr != nil {
		env.logger.Warn("cannot store token keys; a restart during an outage would have none", s.fields(event, zap.Error(event.StoreErr))...)
	}
	switch {
	case event.Err != nil:
		s.observeFailure(env, event)
	case s.failing:
		s.failing = false
		env.logger.Info("token keys can be fetched again", s.fields(event)...)
		env.emit("cognito_keys_recovered", s.data(event))
	}
	s.observeUnknown(env, event)
	if event.Err == nil && len(event.Added)+len(event.Removed) > 0 {
		env.logger.Info("token keys changed", s.fields(event, zap.Strings("added", event.Added), zap.Strings("removed", event.Removed))...)
		env.emit("cognito_keys_changed", s.data(event))
	}
}

// observeUnknown reports a key that its issuer does not have, once until the next
// regular fetch: anybody can make such tokens.
func (s *keySet) observeUnknown(env *environment, event verifier.KeySetEvent) {
	if event.Trigger != verifier.TriggerUnknownKey {
		s.unknown = false
		return
	}
	if event.Err == nil && len(event.Added) == 0 && !s.unknown {
		s.unknown = true
		env.logger.Warn("a token names a key that its issuer does not have; for the cool-down, such tokens are refused without asking", s.fields(event)...)
	}
}

func (s *keySet) observeFailure(env *environment, event verifier.KeySetEvent) {
	// Nobody may ever use the lazy issuer, and anybody can make us ask for it.
	if s.failing || s.key.lazy && event.Fetched.IsZero() {
		env.logger.Debug("cannot fetch token keys", s.fields(event, zap.Error(event.Err))...)
		return
	}
	s.failing = true
	level, consequence := zapcore.WarnLevel, "known keys are used meanwhile"
	if event.Keys == 0 {
		level, consequence = zapcore.ErrorLevel, "requests with tokens of this issuer get status 503"
	}
	env.logger.Log(level, "cannot fetch token keys; "+consequence, s.fields(event, zap.Error(event.Err))...)
	env.emit("cognito_keys_unavailable", s.data(event))
}

func (s *keySet) fields(event verifier.KeySetEvent, more ...zap.Field) []zap.Field {
	fields := []zap.Field{
		zap.String("pool", s.key.pool), zap.String("issuer", s.key.issuer), zap.String("url", event.URL),
		zap.String("trigger", string(event.Trigger)), zap.Duration("duration", event.Duration),
		zap.Int("fetched_keys", event.Keys),
	}
	if event.Err != nil && !event.Fetched.IsZero() {
		fields = append(fields, zap.Duration("stale_for", time.Since(event.Fetched)))
	}
	return append(fields, more...)
}

// data is what events carry.
func (s *keySet) data(event verifier.KeySetEvent) map[string]any {
	data := map[string]any{
		"pool": s.key.pool, "issuer": s.key.issuer, "keys": event.Keys,
		"added": event.Added, "removed": event.Removed,
	}
	if event.Err != nil {
		data["error"] = event.Err.Error()
	}
	return data
}

func duration(d caddy.Duration) time.Duration { return time.Duration(d) }
