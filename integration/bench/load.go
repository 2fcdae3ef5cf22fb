package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// host is whom all requests are for: a session needs https or this name.
const host = "localhost"

// request is what a page makes a browser send, but for the last line. How many
// headers there are matters: where a few more make Go's maps of headers grow, which
// happens several times along the way, they cost more than anything else here.
const request = "GET %s HTTP/1.1\r\nHost: " + host + "\r\nConnection: keep-alive\r\n" +
	"sec-ch-ua: \"Chromium\";v=\"156\", \"Not A(Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36\r\n" +
	"Accept: application/json, text/plain, */*\r\nOrigin: https://app.example.com\r\nSec-Fetch-Site: same-site\r\n" +
	"Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: https://app.example.com/\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n"

const measuredPath = "/orders/42"

var measuredHead = fmt.Appendf(nil, request, measuredPath)

// source gives the header lines with the credentials to all connections in turn.
type source struct {
	lines []string
	once  bool // it ends when each was given
	given atomic.Int64
}

func (s *source) next() (line string, more bool) {
	i := int(s.given.Add(1)) - 1
	if s.once && i >= len(s.lines) {
		return "", false
	}
	return s.lines[i%len(s.lines)], true
}

// page is what an answer must be: this page, or a refusal.
type page []byte

// refusal is the page that nobody gets.
var refusal page

func (p page) check(a answer) error {
	switch {
	case p == nil && (a.status == 401 || a.status == 403):
		return nil
	case p == nil:
		return fmt.Errorf("expected a refusal, got status %d", a.status)
	case a.status != 200:
		return fmt.Errorf("expected status 200, got %d: %.200q", a.status, a.body)
	case !bytes.Equal(a.body, p):
		return fmt.Errorf("expected another page, got %.200q", a.body)
	}
	return nil
}

// sample is one run of load.
type sample struct {
	requests  int
	perSecond float64
	cpu       float64 // microseconds of the proxy's, per request
	busy      float64 // share of the time that the proxy used of its core
	p50, p99  float64 // microseconds, with one request at a time
}

// measure sends requests one at a time first, then over many connections.
func (l *lab) measure(p *process, s *source, want page) (sample, error) {
	alone, err := l.load(p, s, want, 1, l.duration/3)
	if err != nil {
		return sample{}, err
	}
	many, err := l.load(p, s, want, l.connections, l.duration)
	many.p50, many.p99 = alone.p50, alone.p99
	return many, err
}

// load sends requests over keep-alive connections for the time, or until the
// source ends, and checks every answer.
func (l *lab) load(p *process, s *source, want page, connections int, duration time.Duration) (sample, error) {
	times, errs := make([][]time.Duration, connections), make([]error, connections)
	before, began := p.cpu(), time.Now()
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() { times[i], errs[i] = send(p.address, s, want, began.Add(duration)) })
	}
	all.Wait()
	took, used := time.Since(began), p.cpu()-before
	for _, err := range errs {
		if err != nil {
			return sample{}, err
		}
	}
	latencies := slices.Sorted(slices.Values(slices.Concat(times...)))
	n := len(latencies)
	if n == 0 {
		return sample{}, fmt.Errorf("no request in %s", took)
	}
	return sample{
		n, float64(n) / took.Seconds(), microseconds(used) / float64(n), used.Seconds() / took.Seconds(),
		microseconds(latencies[n/2]), microseconds(latencies[n*99/100]),
	}, nil
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1_000 }

// patience is how long a run may take longer than it should.
const patience = 10 * time.Second

// send makes requests one after the other until the deadline, and returns how long
// each took.
func send(address string, s *source, want page, deadline time.Time) (times []time.Duration, err error) {
	c, err := dial(address, deadline)
	if err != nil {
		return nil, err
	}
	defer func() { c.Close() }()
	for began := time.Now(); began.Before(deadline); {
		line, more := s.next()
		if !more {
			break
		}
		a, err := c.ask(measuredHead, line)
		if err == nil {
			err = want.check(a)
		}
		if err != nil {
			return times, err
		}
		ended := time.Now()
		times, began = append(times, ended.Sub(began)), ended
		if a.closes {
			c.Close()
			next, err := dial(address, deadline)
			if err != nil {
				return times, err
			}
			c = next
		}
	}
	return times, nil
}

// conn is a connection to a proxy.
type conn struct {
	net.Conn
	request []byte
	answers *bufio.Reader
}

func dial(address string, deadline time.Time) (*conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, answers: bufio.NewReaderSize(c, answerSize)}, c.SetDeadline(deadline.Add(patience))
}

// ask makes a request with one more header line, unless that is empty.
func (c *conn) ask(head []byte, line string) (answer, error) {
	c.request = append(append(c.request[:0], head...), line...)
	if line != "" {
		c.request = append(c.request, "\r\n"...)
	}
	if _, err := c.Write(append(c.request, "\r\n"...)); err != nil {
		return answer{}, err
	}
	return readAnswer(c.answers)
}
