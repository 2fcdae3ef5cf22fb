package session

import (
	"hash/maphash"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Opened is a session as a cookie brought it.
type Opened struct {
	// Session is shared by all requests with the cookie.
	Session *Session
	// Rung says what the cookie had room for.
	Rung Rung

	value string
}

// memo remembers cookies that were opened, the most recently used ones. It
// remembers no refusals: those would let rubbish push out good cookies.
//
// The digest that finds an entry is one of the head alone, where the nonce makes
// every value differ, and keyed with a random seed; the comparison that follows is
// what decides. A cryptographic digest of a whole cookie would cost more than all
// the rest of a request. Nor does the time of the comparison help to guess a
// cookie: it takes one with the same nonce to get there, and goes by blocks of many
// characters.
type memo struct {
	seed   maphash.Seed
	opened *lru.Cache[uint64, *Opened]
}

func newMemo(size int) (*memo, error) {
	opened, err := lru.New[uint64, *Opened](size)
	return &memo{maphash.MakeSeed(), opened}, err
}

// memoHead covers version, key ID, nonce and some of the sealed text.
const memoHead = 64

func (m *memo) digest(value string) uint64 {
	return maphash.String(m.seed, value[:min(memoHead, len(value))])
}

func (m *memo) get(value string) (*Opened, bool) {
	o, ok := m.opened.Get(m.digest(value))
	return o, ok && o.value == value
}

// add returns the entry of value: another request may have been quicker.
func (m *memo) add(value string, o *Opened) *Opened {
	o.value = strings.Clone(value) // not a part of all the request's headers
	digest := m.digest(value)
	if before, ok, _ := m.opened.PeekOrAdd(digest, o); ok && before.value == value {
		return before
	}
	return o
}
