package credentials

import (
	"encoding/base64"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"strconv"
)

const (
	// trailerPayload is the hash of a body whose checksum follows it.
	trailerPayload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	trailerName    = "x-amz-checksum-crc32"
	// chunkSize is that of the AWS SDKs. Stores keep a chunk in memory and want
	// all but the last to have 8 KiB at least.
	chunkSize = 64 << 10
)

// trailerLength is that of the end: the chunk of size 0, the trailer and an empty
// line.
const trailerLength = int64(len("0\r\n" + trailerName + ":AAAAAA==\r\n\r\n"))

// chunkedLength is how long a body of this length becomes.
func chunkedLength(length int64) int64 {
	whole, rest := length/chunkSize, length%chunkSize
	total := whole*chunkLength(chunkSize) + trailerLength
	if rest > 0 {
		total += chunkLength(rest)
	}
	return total
}

func chunkLength(size int64) int64 {
	return int64(len(strconv.FormatInt(size, 16))) + int64(len("\r\n")) + size + int64(len("\r\n"))
}

// chunked is a body in the coding aws-chunked with a CRC32 behind it. Since its
// length is known, so is the size of each chunk, and nothing is kept in memory.
type chunked struct {
	body  io.ReadCloser
	left  int64 // of the body
	chunk int64 // of that, in this chunk
	frame []byte
	crc   hash.Hash32
	ended bool // the end is in frame, or read already
	err   error
}

func newChunked(body io.ReadCloser, length int64) *chunked {
	c := &chunked{body: body, left: length, crc: crc32.NewIEEE()}
	c.open("")
	return c
}

// open begins the next chunk behind the end of the last one.
func (c *chunked) open(end string) {
	c.chunk = min(c.left, chunkSize)
	if c.chunk > 0 {
		c.frame = fmt.Appendf(c.frame[:0], "%s%x\r\n", end, c.chunk)
		return
	}
	c.ended = true
	sum := base64.StdEncoding.EncodeToString(c.crc.Sum(nil))
	c.frame = fmt.Appendf(c.frame[:0], "%s0\r\n%s:%s\r\n\r\n", end, trailerName, sum)
}

// Read fails with [io.ErrUnexpectedEOF] when the body is shorter than announced
// and with [ErrBodyLength] when it is longer: the checksum would otherwise vouch
// for a part of it.
func (c *chunked) Read(p []byte) (int, error) {
	switch {
	case c.err != nil:
		return 0, c.err
	case len(p) == 0:
		return 0, nil
	case len(c.frame) > 0:
		n := copy(p, c.frame)
		c.frame = c.frame[n:]
		return n, nil
	case c.ended:
		return 0, io.EOF
	}
	n, err := c.data(p)
	c.err = err
	return n, err
}

// data passes a part of the body on.
func (c *chunked) data(p []byte) (int, error) {
	n, err := c.body.Read(p[:min(int64(len(p)), c.chunk)])
	_, _ = c.crc.Write(p[:n])
	c.chunk, c.left = c.chunk-int64(n), c.left-int64(n)
	switch {
	case err != nil && err != io.EOF:
		return n, err
	case err == io.EOF && c.left > 0:
		return n, fmt.Errorf("%w: %w", ErrBodyLength, io.ErrUnexpectedEOF)
	case c.left == 0 && err == nil:
		if err := c.last(); err != nil {
			return n, err
		}
	}
	if c.chunk == 0 {
		c.open("\r\n")
	}
	return n, nil
}

// last makes sure that nothing follows.
func (c *chunked) last() error {
	var more [1]byte
	n, err := io.ReadFull(c.body, more[:])
	if n > 0 {
		return ErrBodyLength
	}
	if err != io.EOF {
		return err
	}
	return nil
}

// Close closes the body.
func (c *chunked) Close() error { return c.body.Close() }
