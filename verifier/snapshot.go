package verifier

import "time"

// snapshot is one state of a key set. It is immutable.
type snapshot struct {
	keys    map[string]*Key
	fetched time.Time // zero: pinned
	refresh time.Time // from then on stale
	expires time.Time // from then on not trusted; zero: never
}

func newSnapshot(keys []*Key, fetched time.Time, maxStale time.Duration) *snapshot {
	snap := &snapshot{keys: NewStaticKeySet(keys), fetched: fetched, refresh: fetched}
	if !fetched.IsZero() {
		// Wall clock: a machine that slept must not trust old keys for longer.
		snap.expires = fetched.Round(0).Add(maxStale)
	}
	return snap
}

func (s *snapshot) trusted(now time.Time) bool {
	return s.expires.IsZero() || now.Before(s.expires)
}

// adopt takes over the key values of old that did not change, so that tokens
// that were verified with them stay valid in caches: those compare pointers.
func (s *snapshot) adopt(old *snapshot) {
	if old == nil {
		return
	}
	for id, key := range s.keys {
		if before := old.keys[id]; key.equal(before) {
			s.keys[id] = before
		}
	}
}

// changes lists the key IDs that are in s and not in old, and the reverse.
func (s *snapshot) changes(old *snapshot) (added, removed []string) {
	if old == nil {
		return ids(s.keys, nil), nil
	}
	return ids(s.keys, old.keys), ids(old.keys, s.keys)
}

// ids lists the keys of a that b does not have.
func ids(a, b map[string]*Key) (list []string) {
	for id, key := range a {
		if b[id] != key {
			list = append(list, id)
		}
	}
	return list
}
