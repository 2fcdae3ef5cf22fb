package faults_test

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// kind is a kind of people, as the page names them.
type kind string

// The kinds. All but the last three are served when nothing is wrong.
const (
	callers   kind = "API calls"
	browsers  kind = "sessions"
	readers   kind = "downloads"
	uploaders kind = "uploads"
	signers   kind = "sign-ins"
	hosted    kind = "hosted sign-ins"
	leavers   kind = "sign-outs"
	strangers kind = "public pages"
	bare      kind = "routes without the plugin" // to compare with
	forgers   kind = "forged tokens"             // served means refused
	ghosts    kind = "sessions signed out"       // served means refused
)

// kinds in the order of the page.
var kinds = []kind{callers, browsers, readers, uploaders, signers, hosted, leavers, strangers}

// outcome is what somebody saw.
type outcome string

// The outcomes beside statuses with their reasons.
const (
	served  outcome = "served"
	refused outcome = "no connection"
	cutOff  outcome = "cut off" // after the request was sent
	letIn   outcome = "let in"  // who must not be: never allowed
	nobody  outcome = ""        // there was nothing to do
)

// sight is what one kind sees while something is wrong: each of must, and nothing
// else but what may be seen.
type sight struct{ must, may []outcome }

func sees(must ...outcome) sight { return sight{must: must} }

func mayBe(may ...outcome) sight { return sight{must: []outcome{served}, may: may} }

// or adds what may be seen as well.
func (s sight) or(may ...outcome) sight { return sight{s.must, append(s.may, may...)} }

type sights map[kind]sight

// dropping is what is seen when Caddy loads a configuration meanwhile or ends: it
// drops connections, with the plugin and without.
func (s sights) dropping(more ...outcome) sights {
	for _, k := range append(slices.Clone(kinds), bare) {
		saw := s[k]
		s[k] = sight{saw.must, append(append(saw.may, cutOff), more...)}
	}
	// A callback that is sent again after its connection broke has a used code.
	s[hosted] = sight{s[hosted].must, append(s[hosted].may, "422 page")}
	return s
}

// allows reports whether somebody may see it. Who should be refused may get any
// answer but being let in while something is wrong.
func (s sights) allows(k kind, o outcome) bool {
	switch {
	case o == letIn:
		return false
	case o == served:
		return true
	case s != nil && (k == forgers || k == ghosts):
		return true
	}
	return slices.Contains(s[k].must, o) || slices.Contains(s[k].may, o)
}

// phase is a time in which the same may be seen.
type phase struct {
	name string
	sees sights // nil when all is well

	mu    sync.Mutex // guards all below
	seen  map[kind]map[outcome]int
	row   map[*client]int // how often each was served, without anything else in between
	tried map[*client]int
}

func newPhase(name string, s sights) *phase {
	return &phase{name: name, sees: s, seen: make(map[kind]map[outcome]int), row: make(map[*client]int), tried: make(map[*client]int)}
}

func (p *phase) add(c *client, o outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[c.kind] == nil {
		p.seen[c.kind] = make(map[outcome]int)
	}
	p.seen[c.kind][o]++
	p.tried[c]++
	p.row[c]++
	if o != served {
		p.row[c] = 0
	}
}

// counts is how often a kind was served, and how often not.
func (p *phase) counts(k kind) (good, bad int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for o, n := range p.seen[k] {
		if o == served {
			good += n
		} else {
			bad += n
		}
	}
	return good, bad
}

// lacks is what must be seen and was not yet, beside being served: a row that
// begins late may find tokens and credentials at their end.
func (p *phase) lacks() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, s := range p.sees {
		for _, o := range s.must {
			if o != served && p.seen[k][o] == 0 {
				return fmt.Errorf("%s have not seen %q, but %v", k, o, p.seen[k])
			}
		}
	}
	return nil
}

// lacksTries is the client that has asked less often than n times.
func (p *phase) lacksTries(clients []*client, n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range clients {
		if p.tried[c] < n {
			return fmt.Errorf("one of %s has not asked %d times", c.kind, n)
		}
	}
	return nil
}

// lacksRow is the client that was not served n times in a row.
func (p *phase) lacksRow(clients []*client, n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range clients {
		if p.row[c] < n {
			return fmt.Errorf("one of %s is not served: %v", c.kind, p.seen[c.kind])
		}
	}
	return nil
}

// load is all who use the world.
type load struct {
	*world
	clients []*client
	done    chan struct{}
	running sync.WaitGroup
	stock   stock

	sessions atomic.Int64 // how many cookies of sessions were set

	mu       sync.Mutex // guards all below
	now      *phase
	reported map[string]int
	keptBack map[string]string // secrets by what they are, some of each
}

// stop ends it.
func (l *load) stop() {
	close(l.done)
	l.running.Wait()
}

// enter begins a phase.
func (l *load) enter(p *phase) *phase {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = p
	return p
}

func (l *load) phase() *phase {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// client is one of them.
type client struct {
	kind kind
	pace time.Duration
	ask  func() (o outcome, detail string)
}

// run asks and judges until the end.
func (l *load) run(c *client) {
	ticker := time.NewTicker(c.pace)
	defer ticker.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-ticker.C:
		}
		from := l.phase()
		began := time.Now()
		o, detail := c.ask()
		if o == nobody {
			continue
		}
		from.add(c, o)
		if to := l.phase(); !from.sees.allows(c.kind, o) && !to.sees.allows(c.kind, o) {
			l.report(from, to, c.kind, o, fmt.Sprintf("%s, after %v", detail, time.Since(began).Round(time.Millisecond)))
		}
	}
}

// report fails the test, but not a thousand times for the same.
func (l *load) report(from, to *phase, k kind, o outcome, detail string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := from.name + string(k) + string(o)
	if l.reported[key]++; l.reported[key] <= 3 {
		l.Errorf("%s (until %s): %s saw %q: %s", from.name, to.name, k, o, detail)
	}
}

// keepFrom remembers what no log may hold.
func (l *load) keepFrom(what, secret string) {
	if len(secret) < 16 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keptBack[fmt.Sprintf("%s %d", what, len(l.keptBack)%200)] = secret
}

func (l *load) secrets() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := maps.Clone(l.keptBack)
	l.cognito.RevokeSessions(func(s cognitolocal.Session) bool {
		all["secret of "+s.AccessKeyID], all["session token of "+s.AccessKeyID] = s.SecretAccessKey, s.SessionToken
		return false
	})
	return all
}
