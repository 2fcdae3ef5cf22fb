package verifier

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// maxCommas bounds how many parts the JSON of a token may have: a hundred groups
// and all attributes are some two hundred. Thousands of tiny members would cost
// more to refuse than a good token costs to verify.
const maxCommas = 1024

// maxDepth is how deep the JSON of a token may be nested. Cognito's own claims
// need two levels, those of triggers a few more.
const maxDepth = 32

var errNotObject = errors.New("not one JSON object")

// object is a JSON object that was read once and strictly: UTF-8, no duplicate
// names at any level, nothing after it. It keeps the text and the places of its
// members, which takes a third of the memory of a map of decoded values.
type object struct {
	text    string
	members []member
	escapes bool // there are escapes, so names may have to be decoded
}

// member holds offsets into the text of its object: the name without its quotes,
// and the value. Sixteen bits suffice because [MaxTokenSize] is less than 64 KiB.
type member struct{ name, nameEnd, value, valueEnd uint16 }

// scratch is what reading a token needs for a moment. It is kept because a new
// one would cost more than the reading.
type scratch struct {
	decoder jsontext.Decoder
	reader  bytes.Buffer
	encoded []byte
	decoded []byte
	members []member
}

// bytes is text as bytes, until the next call: converting would allocate.
func (s *scratch) bytes(text string) []byte {
	s.encoded = append(s.encoded[:0], text...)
	return s.encoded
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// parseObject reads a base64url encoded object.
func parseObject(encoded string) (object, error) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	text, err := appendBase64(s.decoded[:0], s.bytes(encoded))
	if err != nil {
		return object{}, err
	}
	s.decoded, s.members = text, s.members[:0]
	if bytes.Count(text, []byte{','}) > maxCommas {
		return object{}, errNotObject
	}
	s.reader = *bytes.NewBuffer(text)
	s.decoder.Reset(&s.reader)
	if err := s.readMembers(); err != nil {
		return object{}, err
	}
	o := object{text: string(text), members: slices.Clone(s.members)}
	o.escapes = escaped(o.text)
	return o, nil
}

func (s *scratch) readMembers() error {
	dec := &s.decoder
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != jsontext.KindBeginObject {
		return errNotObject
	}
	for dec.PeekKind() == jsontext.KindString {
		m, err := readMember(dec)
		if err != nil {
			return err
		}
		s.members = append(s.members, m)
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return errNotObject
	}
	return nil
}

func readMember(dec *jsontext.Decoder) (member, error) {
	name, err := dec.ReadValue()
	if err != nil {
		return member{}, err
	}
	nameEnd := dec.InputOffset()
	nameStart := nameEnd - int64(len(name))
	value, err := dec.ReadValue()
	if err != nil {
		return member{}, err
	}
	if depth(value) >= maxDepth {
		return member{}, errNotObject
	}
	end := dec.InputOffset()
	return member{
		uint16(nameStart + 1), uint16(nameEnd - 1),
		uint16(end - int64(len(value))), uint16(end),
	}, nil
}

// depth is the nesting of a valid JSON value: 0 for a scalar.
func depth(value jsontext.Value) (deepest int) {
	if value[0] != '{' && value[0] != '[' {
		return 0
	}
	level, inString := 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{', c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}', c == ']':
			level--
		}
	}
	return deepest
}

// get finds a member by its exact name. Struct decoding of encoding/json would
// also match "SUB" for "sub", which lets a crafted claim shadow a checked one.
func (o *object) get(name string) (value string, ok bool) {
	for i := range o.members {
		m := &o.members[i]
		raw := o.text[m.name:m.nameEnd]
		if o.escapes && escaped(raw) {
			raw = unquote(o.text[m.name-1 : m.nameEnd+1])
		}
		if raw == name {
			return o.text[m.value:m.valueEnd], true
		}
	}
	return "", false
}

// names lists the member names, decoded.
func (o *object) names(yield func(string) bool) {
	for _, m := range o.members {
		if !yield(unquote(o.text[m.name-1 : m.nameEnd+1])) {
			return
		}
	}
}

// stringMember is the decoded string value of a member. Absent is "", false,
// nil; a value of another type is an error.
func (o *object) stringMember(name string) (value string, ok bool, err error) {
	raw, ok := o.get(name)
	if !ok {
		return "", false, nil
	}
	if raw[0] != '"' {
		return "", true, malformed(name)
	}
	return unquote(raw), true, nil
}

func escaped(s string) bool { return strings.IndexByte(s, '\\') >= 0 }

// unquote decodes a valid JSON string. Without escapes it is a part of the
// original text and costs nothing.
func unquote(quoted string) string {
	inner := quoted[1 : len(quoted)-1]
	if !escaped(inner) {
		return inner
	}
	decoded, _ := jsontext.AppendUnquote(nil, quoted)
	return string(decoded)
}
