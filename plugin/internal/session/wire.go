package session

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
)

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendText writes any string, and one that is base64url between dots, as
// tokens are, in three quarters of its length. Each part says whether it was
// decoded: only one that encodes to the very same characters is.
func appendText(b []byte, s string) []byte {
	parts := strings.Split(s, ".")
	b = binary.AppendUvarint(b, uint64(len(parts)))
	for _, part := range parts {
		if decoded, ok := decodeExactly(part); ok {
			b = append(binary.AppendUvarint(b, uint64(len(decoded))<<1|1), decoded...)
			continue
		}
		b = append(binary.AppendUvarint(b, uint64(len(part))<<1), part...)
	}
	return b
}

// decodeExactly decodes base64url that is the only spelling of its bytes.
func decodeExactly(s string) ([]byte, bool) {
	decoded, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || base64.RawURLEncoding.EncodeToString(decoded) != s {
		return nil, false
	}
	return decoded, true
}

// reader reads what was appended. After a fault it returns zero values only.
type reader struct {
	rest   []byte
	broken bool
}

func (r *reader) fail() { r.rest, r.broken = nil, true }

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) bytes() []byte { return r.take(r.uvarint()) }

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// text reads what appendText wrote. Reading allocates in proportion to the
// input, whatever count that claims to have.
func (r *reader) text() string {
	var b []byte
	for i, n := uint64(0), r.uvarint(); i < n && !r.broken; i++ {
		if i > 0 {
			b = append(b, '.')
		}
		head := r.uvarint()
		part := r.take(head >> 1)
		if head&1 == 1 {
			b = base64.RawURLEncoding.AppendEncode(b, part)
		} else {
			b = append(b, part...)
		}
	}
	return string(b)
}
