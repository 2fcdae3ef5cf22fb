package verifier

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Store keeps the last good key set somewhere that survives a restart, so that a
// process that starts during an outage can still verify. What it holds is as
// sensitive to tampering as a trust anchor, but not secret.
type Store interface {
	// Load returns what Save kept for url; an error when there is nothing.
	Load(ctx context.Context, url string) ([]byte, error)
	// Save replaces what is kept for url.
	Save(ctx context.Context, url string, data []byte) error
}

// stored is what is kept. The URL stands inside too: a file copied from one
// pool's place to another's must not lend that pool its keys.
type stored struct {
	URL     string          `json:"url"`
	Fetched time.Time       `json:"fetched"`
	JWKS    json.RawMessage `json:"jwks"`
}

func (s *RemoteKeySet) restore(ctx context.Context) error {
	data, err := s.opts.Store.Load(ctx, s.opts.URL)
	if err != nil {
		return err
	}
	var kept stored
	if err := json.Unmarshal(data, &kept); err != nil {
		return err
	}
	// Without a time the keys would be trusted for ever, as if they were pinned.
	if kept.URL != s.opts.URL || kept.Fetched.IsZero() || kept.Fetched.After(time.Now()) {
		return fmt.Errorf("stored key set is not one of %s", s.opts.URL)
	}
	keys, err := ParseKeySet(kept.JWKS)
	if err != nil {
		return err
	}
	snap := newSnapshot(keys, kept.Fetched, s.opts.MaxStale)
	snap.refresh = kept.Fetched // always due
	if before := s.current.Load(); snap.trusted(time.Now()) && (before == nil || before.fetched.IsZero()) {
		s.current.CompareAndSwap(before, snap) // newer than pinned keys, older than fetched ones
	}
	return nil
}

func (s *RemoteKeySet) save(ctx context.Context, at time.Time, jwks []byte) error {
	data, err := json.Marshal(stored{s.opts.URL, at, jwks})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.FetchTimeout)
	defer cancel()
	return s.opts.Store.Save(ctx, s.opts.URL, data)
}
