package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http/httputil"
	"strconv"
)

// answer is one of a proxy.
type answer struct {
	status int
	body   []byte // until the next is read
	closes bool   // the connection
}

// answerSize is the largest answer whose body can be read without copying it.
const answerSize = 32 << 10

// readAnswer reads an answer to a GET. A real HTTP client would take more time than
// the proxy that is measured.
func readAnswer(r *bufio.Reader) (a answer, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return a, fmt.Errorf("expected a status line, got %q", line)
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, err
	}
	length, chunked := -1, false
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return a, err
		}
		if len(line) <= len("\r\n") {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return a, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		case bytes.EqualFold(name, []byte("Connection")):
			a.closes = bytes.EqualFold(value, []byte("close"))
		}
	}
	a.body, err = readBody(r, length, chunked)
	return a, err
}

func readBody(r *bufio.Reader, length int, chunked bool) (body []byte, err error) {
	switch {
	case chunked:
		if body, err = io.ReadAll(httputil.NewChunkedReader(r)); err == nil {
			_, err = r.ReadSlice('\n')
		}
	case length < 0:
		body, err = io.ReadAll(r)
	case length <= r.Size():
		if body, err = r.Peek(length); err == nil {
			_, err = r.Discard(length)
		}
	default:
		body = make([]byte, length)
		_, err = io.ReadFull(r, body)
	}
	return body, err
}
