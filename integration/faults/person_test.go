package faults_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// person is somebody, or a program, with cookies and connections of his own.
type person struct {
	*load
	user    string
	web     []*http.Client // one for each instance
	next    int
	cookies jar
}

// jar is cookies by host and name.
type jar map[string]map[string]string

func (l *load) person(user string) *person {
	p := &person{load: l, user: user, cookies: make(jar)}
	for _, i := range l.at {
		transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "localhost:80" {
				address = i.addr
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}}
		p.web = append(p.web, &http.Client{
			Transport: transport, Timeout: patience / 2,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		})
		l.Cleanup(transport.CloseIdleConnections)
	}
	return p
}

// reply is what somebody got.
type reply struct {
	status int
	header http.Header
	body   string
	at     int // the instance
	url    *url.URL
	err    error
}

// send sends a request to the site, to each instance in turn. When one cannot be
// reached it goes to the next, as a load balancer does: nothing was sent yet.
func (p *person) send(method, path, body string, headers ...string) (r reply) {
	p.next++
	for try := range p.web {
		at := (p.next + try) % len(p.web)
		r = p.sendTo(at, method, site+path, body, headers...)
		if failed, ok := errors.AsType[*net.OpError](r.err); !ok || failed.Op != "dial" {
			break
		}
	}
	return r
}

func (p *person) sendTo(at int, method, target, body string, headers ...string) reply {
	req, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return reply{err: err}
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	host := req.URL.Host
	for name, value := range p.cookies[host] {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := p.web[at].Do(req)
	if err != nil {
		return reply{at: at, err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	p.keep(host, resp.Cookies())
	return reply{resp.StatusCode, resp.Header, string(text), at, req.URL, err}
}

func (p *person) keep(host string, set []*http.Cookie) {
	if p.cookies[host] == nil {
		p.cookies[host] = make(map[string]string)
	}
	for _, cookie := range set {
		if cookie.MaxAge < 0 {
			delete(p.cookies[host], cookie.Name)
			continue
		}
		p.cookies[host][cookie.Name] = cookie.Value
		if cookie.Name == sessionCookie {
			p.sessions.Add(1)
		}
		p.keepFrom("cookie", cookie.Value)
	}
}

const sessionCookie = "__Host-cognito-main"

// session is the cookie of the session, empty without one.
func (p *person) session() string { return p.cookies["localhost"][sessionCookie] }

func (p *person) forget() { clear(p.cookies) }

// outcome is served when the status is the one that was wanted.
func (r reply) outcome(want int) outcome {
	if r.err != nil {
		if failed, ok := errors.AsType[*net.OpError](r.err); ok && failed.Op == "dial" {
			return refused
		}
		return cutOff
	}
	if r.status == want {
		return served
	}
	o := strconv.Itoa(r.status)
	if reason := r.reason(); reason != "" {
		o += " " + reason
	}
	if after, err := strconv.Atoi(r.header.Get("Retry-After")); r.status == http.StatusServiceUnavailable && (err != nil || after < 1 || after > 60) {
		o += " without Retry-After"
	}
	return outcome(o)
}

// reason is the word for a refusal, in problem details or as the site's error
// route tells it.
func (r reply) reason() string {
	var problem struct{ Code string }
	if json.Unmarshal([]byte(r.body), &problem) == nil {
		return problem.Code
	}
	switch {
	case r.body == "{http.cognito.reason}": // there is none
		return ""
	case strings.Contains(r.body, "<") || len(r.body) > 40:
		return "page"
	}
	return strings.TrimSpace(r.body)
}

func (r reply) detail() string {
	if r.err != nil {
		return r.err.Error()
	}
	location, _ := url.Parse(r.header.Get("Location"))
	return strconv.Itoa(r.status) + " to " + location.Path + " with " + strconv.Quote(r.body[:min(len(r.body), 200)])
}

// is is served when the answer is for this user, and let in when it is for
// another one.
func (p *person) is(r reply) (outcome, string) {
	o := r.outcome(http.StatusOK)
	if o == served && r.body != p.subs[p.user] {
		return letIn, "as somebody else: " + r.detail()
	}
	return o, r.detail()
}

// bearer is an Authorization header with a token that is not older than a second.
type bearer struct {
	mint  func(username, clientID string, mutate func(claims map[string]any)) (string, error)
	line  string
	since time.Time
}

func (b *bearer) header(p *person) string {
	if b.line == "" || time.Since(b.since) > time.Second {
		token, err := b.mint(p.user, clientID, nil)
		if err != nil {
			p.Error(err)
		}
		b.line, b.since = "Authorization: Bearer "+token, time.Now()
		p.keepFrom("token", token[strings.LastIndexByte(token, '.')+1:])
	}
	return b.line
}
