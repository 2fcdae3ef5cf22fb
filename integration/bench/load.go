package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
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

// send makes requests one after the other on one connection, with the tokens in
// turn, while more says so.
func send(address string, tokens []string, more func(sent int) bool) (sent int, err error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	answers := bufio.NewReaderSize(conn, 4<<10)
	var request bytes.Buffer
	for ; more(sent); sent++ {
		request.Reset()
		fmt.Fprintf(&request, "GET / HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", address, tokens[sent%len(tokens)])
		if _, err := conn.Write(request.Bytes()); err != nil {
			return sent, err
		}
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			return sent, err
		}
		if answer.StatusCode != http.StatusOK {
			return sent, fmt.Errorf("expected status 200, got %s", answer.Status)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
