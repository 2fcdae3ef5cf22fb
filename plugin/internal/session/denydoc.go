package session

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// maxDenyList bounds the document: more than the longest names need.
const maxDenyList = 8 << 20

var errDenyList = errors.New("what is stored there is no list of sign-outs that this version can read; delete it")

// denyDocument is the list in the storage.
type denyDocument struct {
	Version int           `json:"version"`
	Denied  []deniedEntry `json:"denied"`
}

type deniedEntry struct {
	User    string `json:"sub,omitempty"`
	Session string `json:"origin_jti,omitempty"`
	At      int64  `json:"at"`
	Until   int64  `json:"until"`
}

func parseDenyList(data []byte) (map[subject]denial, error) {
	list := make(map[subject]denial)
	if data == nil {
		return list, nil
	}
	var document denyDocument
	if len(data) > maxDenyList || json.Unmarshal(data, &document) != nil || document.Version != 1 {
		return nil, errDenyList
	}
	for _, entry := range document.Denied {
		who := subject{entry.User != "", cmp.Or(entry.User, entry.Session)}
		if who.name != "" && len(who.name) <= maxName {
			list[who] = denial{entry.At, entry.Until}
		}
	}
	return list, nil
}

func formatDenyList(list map[subject]denial) []byte {
	document := denyDocument{Version: 1, Denied: []deniedEntry{}}
	for who, entry := range list {
		stored := deniedEntry{At: entry.at, Until: entry.until}
		if who.user {
			stored.User = who.name
		} else {
			stored.Session = who.name
		}
		document.Denied = append(document.Denied, stored)
	}
	// One list has one spelling, so that nobody reads a document twice.
	slices.SortFunc(document.Denied, func(a, b deniedEntry) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Session, b.Session))
	})
	data, err := json.Marshal(document)
	if err != nil {
		panic(err) // strings and numbers
	}
	return data
}

// merge implements replicated.
func (d *DenyList) merge(stored []byte) (complete bool, err error) {
	if d.unchanged(stored) {
		return true, nil
	}
	read, err := parseDenyList(stored)
	if err != nil {
		return false, err
	}
	union, added := d.add(read, time.Now().Unix(), 0)
	for who, entry := range union {
		if read[who] != entry {
			return false, nil
		}
	}
	d.read, d.seen = stored, added
	return true, nil
}

// unchanged saves most polls the reading.
func (d *DenyList) unchanged(stored []byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return stored != nil && d.read != nil && d.seen == d.added && bytes.Equal(stored, d.read)
}

func (d *DenyList) encode() []byte { return formatDenyList(*d.denied.Load()) }
