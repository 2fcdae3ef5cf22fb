package diagnose

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// diskKeys are the keys of an issuer that need no network: those of the last
// fetch, in Caddy's storage, or else the pinned ones.
type diskKeys struct{ set *verifier.RemoteKeySet }

var errOffline = errors.New("no network calls are made here")

// noNetwork answers every request with an error.
type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) { return nil, errOffline }

// newDiskKeys is a key set like that of a Caddy that starts during an outage.
func newDiskKeys(issuer config.IssuerKeys, cfg *config.UserPool, store verifier.Store) (*diskKeys, error) {
	opts := verifier.RemoteOptions{
		URL: issuer.JWKSURL, MaxStale: time.Duration(cfg.MaxStale), Store: store, Transport: noNetwork{},
	}
	if cfg.JWKSFile != "" {
		var err error
		if opts.Pinned, err = readKeys(cfg.JWKSFile); err != nil {
			return nil, fmt.Errorf("jwks_file: %w", err)
		}
	}
	set, err := verifier.NewRemoteKeySet(opts)
	return &diskKeys{set}, err
}

// Key implements [verifier.KeySet]. A key that is not among those on disk is
// unknown; only when there are none at all, nothing is decided.
func (d *diskKeys) Key(ctx context.Context, id string) (*verifier.Key, error) {
	key, err := d.set.Key(ctx, id)
	if status := d.set.Status(); err != nil && status.Trusted {
		return nil, &verifier.TokenError{Reason: verifier.ErrUnknownKey, Claim: "kid", Want: status.KeyIDs}
	}
	return key, err
}

// Trusts implements [verifier.KeySet].
func (d *diskKeys) Trusts(key *verifier.Key) bool { return d.set.Trusts(key) }

// givenKeys are those of a file that somebody named.
type givenKeys struct{ verifier.StaticKeySet }

// Key implements [verifier.KeySet].
func (g givenKeys) Key(ctx context.Context, id string) (*verifier.Key, error) {
	key, err := g.StaticKeySet.Key(ctx, id)
	if refusal, ok := errors.AsType[*verifier.TokenError](err); ok {
		for id := range g.StaticKeySet {
			refusal.Want = append(refusal.Want, id)
		}
		slices.Sort(refusal.Want)
	}
	return key, err
}

// readKeys does not repeat the path, which can be a token by mistake.
func readKeys(path string) ([]*verifier.Key, error) {
	document, err := os.ReadFile(path)
	if failure, ok := errors.AsType[*os.PathError](err); ok {
		err = failure.Err
	}
	if err != nil {
		return nil, err
	}
	return verifier.ParseKeySet(document)
}

// keySets are the keys of all issuers of a pool.
type keySets struct {
	byIssuer map[string]verifier.KeySet
	disk     []*diskKeys
}

func newKeySets(cfg *config.UserPool, given []*verifier.Key, store verifier.Store) (*keySets, error) {
	sets := &keySets{byIssuer: make(map[string]verifier.KeySet)}
	for _, issuer := range cfg.IssuerKeys() {
		if given != nil {
			sets.byIssuer[issuer.Issuer] = givenKeys{verifier.NewStaticKeySet(given)}
			continue
		}
		disk, err := newDiskKeys(issuer, cfg, store)
		if err != nil {
			return sets, errors.Join(err, sets.close())
		}
		sets.disk = append(sets.disk, disk)
		sets.byIssuer[issuer.Issuer] = disk
	}
	return sets, nil
}

func (s *keySets) close() error {
	var errs []error
	for _, disk := range s.disk {
		errs = append(errs, disk.set.Close())
	}
	return errors.Join(errs...)
}
