package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// keptBody is the body of a request to a service that wants it hashed. It is read
// before anybody is called, so that reverse_proxy, which tries another upstream
// when it could not reach the first, would find nothing left of it, and an empty
// request would be signed and sent.
type keptBody struct {
	source io.Reader
	read   bytes.Buffer
	err    error
}

// keep returns the body from its beginning, also when an attempt before has read
// of it.
func (id *identity) keep(body io.Reader) io.ReadCloser {
	if id.body == nil {
		id.body = &keptBody{source: body}
	}
	return &replay{kept: id.body}
}

// replay reads a kept body from its beginning. Closing it leaves the body open.
type replay struct {
	kept   *keptBody
	offset int
}

func (r *replay) Read(p []byte) (int, error) {
	kept := r.kept
	if kept.err != nil || r.offset < kept.read.Len() {
		n := copy(p, kept.read.Bytes()[r.offset:])
		r.offset += n
		if n == 0 {
			return 0, kept.err
		}
		return n, nil
	}
	n, err := kept.source.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", errBody, err)
	}
	kept.read.Write(p[:n])
	r.offset, kept.err = r.offset+n, err
	return n, err
}

// errBody means that the client broke its body off: nobody was called yet, so it
// is not the upstream that failed.
var errBody = errors.New("the body of the request cannot be read")

func (*replay) Close() error { return nil }
