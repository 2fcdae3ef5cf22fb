package credentials

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// payload is the body of a request on its way.
type payload struct {
	hash     string
	length   int64         // of the body as it is announced by the client
	buffered []byte        // for services that want a hash of it
	stream   io.ReadCloser // can be sent once; nil for none and for a buffered one
	trailer  bool          // the stream gets a checksum
}

// replayable reports whether the request may be sent again. An application may
// have acted on a body, whatever its answer says.
func (p *payload) replayable(to Target) bool {
	return p.stream == nil && (p.buffered == nil || !to.application())
}

// close is for a payload that is not sent after all.
func (p *payload) close() {
	if p.stream != nil {
		_ = p.stream.Close()
	}
}

// refusesBody tells from the length of a body that it cannot be sent.
func (s *Sender) refusesBody(r *http.Request) error {
	switch {
	case !hasBody(r):
		return nil
	case s.opts.Target.s3() && r.ContentLength < 0:
		return ErrLengthRequired
	case !s.opts.Target.s3() && r.ContentLength > s.opts.MaxBody:
		return ErrBodyTooLarge
	}
	return nil
}

func hasBody(r *http.Request) bool {
	return r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0
}

// payloadOf decides how the body of r is sent, which refusesBody has let pass. It
// takes the body over, also when it fails.
func (s *Sender) payloadOf(r *http.Request) (*payload, error) {
	switch {
	case !hasBody(r):
		closeBody(r)
		return &payload{hash: EmptyPayload}, nil
	case !s.opts.Target.s3():
		return buffer(r, s.opts.MaxBody)
	case s.opts.Checksum && !hasChecksum(r.Header):
		return &payload{hash: trailerPayload, length: r.ContentLength, stream: r.Body, trailer: true}, nil
	}
	return &payload{hash: UnsignedPayload, length: r.ContentLength, stream: r.Body}, nil
}

// hasChecksum reports whether the client lets the store check the body: S3 takes
// one checksum only.
func hasChecksum(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, "X-Amz-Checksum-") && name != "X-Amz-Checksum-Mode" {
			return true
		}
	}
	return false
}

// buffer reads a body and hashes it.
func buffer(r *http.Request, most int64) (*payload, error) {
	defer closeBody(r)
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(body)) > most:
		return nil, ErrBodyTooLarge
	case len(body) == 0:
		return &payload{hash: EmptyPayload}, nil
	}
	sum := sha256.Sum256(body)
	return &payload{hash: hex.EncodeToString(sum[:]), length: int64(len(body)), buffered: body}, nil
}

// put makes the payload the body of r.
func (p *payload) put(r *http.Request) {
	r.ContentLength, r.GetBody, r.Body = p.length, nil, nil
	// A length is what S3 needs, and either of these would replace it by chunks.
	r.TransferEncoding, r.Trailer = nil, nil
	switch {
	case p.buffered != nil:
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(p.buffered)), nil }
		r.Body, _ = r.GetBody()
	case p.trailer:
		p.putChunked(r)
	case p.stream != nil:
		r.Body = p.stream
	}
}

func (p *payload) putChunked(r *http.Request) {
	r.Body, r.ContentLength = newChunked(p.stream, p.length), chunkedLength(p.length)
	coding := append([]string{"aws-chunked"}, r.Header["Content-Encoding"]...)
	r.Header.Set("Content-Encoding", strings.Join(coding, ","))
	r.Header.Set("X-Amz-Decoded-Content-Length", strconv.FormatInt(p.length, 10))
	r.Header.Set("X-Amz-Trailer", trailerName)
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}
