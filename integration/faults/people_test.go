package faults_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// startLoad has people use the world, two of each kind that keeps something.
func startLoad(w *world) *load {
	w.Helper()
	l := &load{world: w, done: make(chan struct{}), reported: make(map[string]int), keptBack: make(map[string]string)}
	l.keptBack["client secret"], l.keptBack["password"] = clientSecret, password
	l.enter(newPhase("the start", nil))
	l.add(callers, 120*time.Millisecond, l.caller("cal"))
	l.add(callers, 300*time.Millisecond, l.slowCaller("cas"))
	for _, name := range []string{"bo", "bea"} {
		l.add(browsers, 180*time.Millisecond, l.browser(name))
	}
	l.add(readers, 220*time.Millisecond, l.reader("ray"))
	l.add(uploaders, 250*time.Millisecond, l.uploader("una"))
	l.add(signers, 450*time.Millisecond, l.signer("sue", (*person).signIn))
	l.add(hosted, 550*time.Millisecond, l.signer("hal", (*person).signInHosted))
	l.add(leavers, 450*time.Millisecond, l.leaver())
	l.add(ghosts, 250*time.Millisecond, l.ghost())
	l.add(forgers, 500*time.Millisecond, l.forger("cal", ""))
	l.add(forgers, 500*time.Millisecond, l.forger("cal", "nosuchkey"))
	l.add(strangers, 350*time.Millisecond, l.stranger("/public"))
	l.add(bare, 120*time.Millisecond, l.stranger("/bare"))
	l.add(bare, 300*time.Millisecond, l.stranger("/bare/slow"))
	for _, c := range l.clients {
		l.running.Go(func() { l.run(c) })
	}
	w.T.Cleanup(func() {
		l.stop()
		for _, i := range w.at {
			w.noSecretIn(i)
		}
	})
	return l
}

func (l *load) add(k kind, pace time.Duration, ask func() (outcome, string)) {
	l.clients = append(l.clients, &client{k, pace, ask})
}

// asking are those who ask whatever happens: one cannot sign out when nobody has
// signed in.
func (l *load) asking() (all []*client) {
	for _, c := range l.clients {
		if c.kind != leavers && c.kind != ghosts {
			all = append(all, c)
		}
	}
	return all
}

// caller is a program with an access token.
func (l *load) caller(name string) func() (outcome, string) {
	p, token := l.person(l.user(name)), &bearer{mint: l.pool.AccessToken}
	return func() (outcome, string) { return p.is(p.send(http.MethodGet, "/api/x", "", token.header(p))) }
}

// slowCaller asks for what takes its time, by POST, which is never sent twice.
func (l *load) slowCaller(name string) func() (outcome, string) {
	p, token := l.person(l.user(name)), &bearer{mint: l.pool.AccessToken}
	return func() (outcome, string) { return p.is(p.send(http.MethodPost, "/api/slow", "body", token.header(p))) }
}

// browser has a session, and never signs out.
func (l *load) browser(name string) func() (outcome, string) {
	p := l.person(l.user(name))
	return func() (outcome, string) {
		if p.session() == "" {
			return p.signIn()
		}
		o, detail := p.is(p.send(http.MethodGet, "/page", ""))
		if p.session() == "" {
			return "signed out", detail
		}
		return o, detail
	}
}

// reader downloads from a private bucket.
func (l *load) reader(name string) func() (outcome, string) {
	p, token := l.person(l.user(name)), &bearer{mint: l.pool.IDToken}
	sub := l.subs[p.user]
	l.store.objects["/"+bucketName+"/u/"+sub+"/note"] = sub
	return func() (outcome, string) { return p.is(p.send(http.MethodGet, "/files/note", "", token.header(p))) }
}

// uploader uploads, and looks whether what was taken is there.
func (l *load) uploader(name string) func() (outcome, string) {
	p, token := l.person(l.user(name)), &bearer{mint: l.pool.IDToken}
	n, kept := 0, ""
	return func() (outcome, string) {
		if kept != "" {
			want := kept
			kept = ""
			r := p.send(http.MethodGet, "/files/up", "", token.header(p))
			if r.err == nil && r.status == http.StatusOK && r.body != want {
				return "lost", fmt.Sprintf("expected %.20q of %d bytes, got %.20q of %d", want, len(want), r.body, len(r.body))
			}
			return r.outcome(http.StatusOK), "downloading: " + r.detail()
		}
		n++
		body := strings.Repeat(fmt.Sprintf("upload %d;", n), 2000)
		r := p.send(http.MethodPut, "/files/up", body, token.header(p))
		if r.status == http.StatusOK {
			kept = body
		}
		return r.outcome(http.StatusOK), r.detail()
	}
}

// stranger has no token.
func (l *load) stranger(path string) func() (outcome, string) {
	p := l.person("")
	return func() (outcome, string) {
		r := p.send(http.MethodPost, path, "body")
		return r.outcome(http.StatusOK), r.detail()
	}
}

// forger has tokens that nobody issued: with the name of a key and a signature of
// something else, or with a key that there is not. To refuse the latter with 401,
// Caddy must have been able to ask for it.
func (l *load) forger(victim, kid string) func() (outcome, string) {
	p := l.person("")
	return func() (outcome, string) {
		header := l.pool.Header(cognitolocal.AccessToken)
		if kid != "" {
			header["kid"] = kid
		}
		token, err := l.pool.Sign(cognitolocal.AccessToken, header, fmt.Appendf(nil, `{"iss":%q,"client_id":%q,"token_use":"access","sub":%q,"exp":%d}`,
			l.pool.Issuer(), clientID, l.subs[victim], l.clock.now().Add(time.Hour).Unix()))
		if err != nil {
			l.Error(err)
		}
		cut := strings.LastIndexByte(token, '.') + 1
		forged := token[:cut] + strings.Map(func(r rune) rune {
			if r == 'A' {
				return 'B'
			}
			return 'A'
		}, token[cut:])
		return p.mustBeRefused(p.send(http.MethodGet, "/api/x", "", "Authorization: Bearer "+forged))
	}
}

func (p *person) mustBeRefused(r reply) (outcome, string) {
	if r.err == nil && r.status < 300 {
		return letIn, r.detail()
	}
	return r.outcome(http.StatusUnauthorized), r.detail()
}

// stock is what passes between those who sign in, those who sign out and those who
// come back with what was signed out.
type stock struct {
	mu   sync.Mutex // guards all below
	in   []*person
	gone []departure
}

// departure is a session that ended.
type departure struct {
	cookie string
	at     int // the instance
	when   time.Time
}

// Sizes of the stock.
const (
	stocked = 8
	mourned = 200
)

func (s *stock) put(p *person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.in) < stocked {
		s.in = append(s.in, p)
	}
}

func (s *stock) take() *person {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.in) == 0 {
		return nil
	}
	p := s.in[0]
	s.in = s.in[1:]
	return p
}

func (s *stock) bury(d departure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.gone) < mourned {
		s.gone = append(s.gone, d)
		return
	}
	s.gone[rand.N(mourned)] = d
}

// raise is a session that ended, most often one of the latest.
func (s *stock) raise() (departure, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.gone) == 0 {
		return departure{}, false
	}
	if n := len(s.gone); rand.N(2) == 0 {
		return s.gone[n-1-rand.N(min(n, 10))], true
	}
	return s.gone[rand.N(len(s.gone))], true
}

// spread is how long a sign-out may take to reach other instances.
const spread = 10 * time.Second

// leaver signs somebody out who is signed in.
func (l *load) leaver() func() (outcome, string) {
	return func() (outcome, string) {
		p := l.stock.take()
		if p == nil {
			return nobody, ""
		}
		cookie := p.session()
		r := p.send(http.MethodPost, "/_cognito/sign-out", "{}", "Content-Type: application/json", "Origin: "+site)
		if r.status == http.StatusOK {
			l.stock.bury(departure{cookie, r.at, time.Now()})
		}
		return r.outcome(http.StatusOK), r.detail()
	}
}

// ghost comes back with the cookie of a session that was signed out.
func (l *load) ghost() func() (outcome, string) {
	p := l.person("")
	return func() (outcome, string) {
		d, ok := l.stock.raise()
		if !ok {
			return nobody, ""
		}
		at := rand.N(len(p.web))
		if at != d.at && (time.Since(d.when) < spread || l.isolated()) {
			at = d.at
		}
		r := p.sendTo(at, http.MethodGet, site+"/page", "", "Cookie: "+sessionCookie+"="+d.cookie)
		p.forget()
		o, detail := p.mustBeRefused(r)
		return o, fmt.Sprintf("signed out %v ago at %d, came back at %d: %s", time.Since(d.when).Round(time.Millisecond), d.at, at, detail)
	}
}
