package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// result is one run.
type result struct {
	perSecond float64
	cpu       time.Duration // of the proxy, per request
}

// load sends requests over keep-alive connections for the duration.
func (p *proxy) load(tokens []string, s settings) (result, error) {
	counts, errs := make([]int, s.connections), make([]error, s.connections)
	before, began := p.cpu(), time.Now()
	deadline := began.Add(s.duration)
	var all sync.WaitGroup
	for i := range s.connections {
		all.Go(func() {
			share := tokens[i*len(tokens)/s.connections:] // each connection starts elsewhere
			if len(tokens) < s.connections {
				share = tokens
			}
			counts[i], errs[i] = send(p.address, share, func(int) bool { return time.Now().Before(deadline) })
		})
	}
	all.Wait()
	total := 0
	for i, err := range errs {
		if err != nil {
			return result{}, err
		}
		total += counts[i]
	}
	seconds := time.Since(began).Seconds()
	return result{float64(total) / seconds, (p.cpu() - before) / time.Duration(max(total, 1))}, nil
}

// sendAll sends each token once.
func sendAll(address string, tokens []string) error {
	_, err := send(address, tokens, func(n int) bool { return n < len(tokens) })
	return err
}

// request is what a page makes a browser send. How many headers there are matters:
// where a few more make Go's maps of headers grow, which happens several times
// along the way, they cost more than anything else here.
const request = "GET /orders/42 HTTP/1.1\r\nHost: %s\r\nConnection: keep-alive\r\n" +
	"sec-ch-ua: \"Chromium\";v=\"156\", \"Not A(Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36\r\n" +
	"Accept: application/json, text/plain, */*\r\nOrigin: https://app.example.com\r\nSec-Fetch-Site: same-site\r\n" +
	"Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: https://app.example.com/\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\nAuthorization: Bearer %s\r\n\r\n"

// send makes requests one after the other on one connection, with the tokens in
// turn, while more says so.
func send(address string, tokens []string, more func(sent int) bool) (sent int, err error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	answers := bufio.NewReaderSize(conn, 4<<10)
	for ; more(sent); sent++ {
		if _, err := fmt.Fprintf(conn, request, address, tokens[sent%len(tokens)]); err != nil {
			return sent, err
		}
		if err := readAnswer(answers); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// readAnswer reads an answer with a Content-Length. A real HTTP client would take
// more time than the proxy that is measured.
func readAnswer(r *bufio.Reader) error {
	length := 0
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return fmt.Errorf("expected status 200, got %q", line)
		}
		if len(line) <= len("\r\n") {
			_, err := r.Discard(length)
			return err
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
