package signin

import (
	"encoding/binary"
	"maps"
	"slices"
)

// record writes texts one after the other, each with its length: a State has to
// fit into a cookie, and JSON would need a third more.
type record []byte

func (r *record) text(s string) {
	*r = append(binary.AppendUvarint(*r, uint64(len(s))), s...)
}

func (r *record) number(n int) { *r = binary.AppendUvarint(*r, uint64(n)) }

func (r *record) list(list []string) {
	r.number(len(list))
	for _, s := range list {
		r.text(s)
	}
}

// pairs are sorted, so that equal maps make equal records.
func (r *record) pairs(m map[string]string) {
	r.number(len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		r.text(key)
		r.text(m[key])
	}
}

// reading reads a record. After a fault everything reads as empty, and bad says
// so at the end.
type reading struct {
	rest []byte
	bad  bool
}

// maxNumber bounds numbers: no record is as long, and no sign-in has as many
// rounds.
const maxNumber = 1 << 16

func (r *reading) number() int {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > maxNumber {
		r.rest, r.bad = nil, true
		return 0
	}
	r.rest = r.rest[size:]
	return int(n)
}

func (r *reading) text() string {
	n := r.number()
	if n > len(r.rest) {
		r.rest, r.bad = nil, true
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

// list allocates as it reads, so that a false count costs nothing.
func (r *reading) list() []string {
	var list []string
	for n := r.number(); n > 0 && !r.bad; n-- {
		list = append(list, r.text())
	}
	return list
}

func (r *reading) pairs() map[string]string {
	var m map[string]string
	for n := r.number(); n > 0 && !r.bad; n-- {
		if m == nil {
			m = make(map[string]string)
		}
		key := r.text()
		m[key] = r.text()
	}
	return m
}

// done reports whether the record was whole and nothing follows it.
func (r *reading) done() bool { return !r.bad && len(r.rest) == 0 }
