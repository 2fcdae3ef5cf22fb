package main

// program is a proxy that can be had: built, or unpacked.
type program struct {
	name        string // as in the tables
	get         func(*kit) (executable, error)
	bare        variant // passes requests on
	authorizing variant // verifies tokens first and tells the upstream the user's ID
	keyFile     bool    // it has its key from a file and looks at no key ID
}

// variant is one way to run a program: it writes the configuration for a site and
// returns the arguments.
type variant func(site) ([]string, error)

// programs are all that is measured, in the order of the tables.
var programs = []*program{caddy, plugin, caddySecurity, haproxy, apacheOpenIDC, apacheOAuth2, nginxNJS, oauth2Proxy}

// row is one measurement: a program with authorization against the same without.
type row struct {
	program       *program
	load          string // what it is sent, as in the table
	without, with variant

	tokens  int     // how many there are
	once    bool    // each is sent once, so that it is new to the proxy
	id      bool    // they are ID tokens
	session bool    // the visitor signs in and sends a cookie
	object  bool    // the upstream's answer has 16 KiB
	proof   string  // what the upstream must see; "" where nobody is let in or kept out
	atMost  float64 // what a request may cost, as a multiple of one without; 0 where nothing is promised
}

func (r row) title() string { return r.program.name + ": " + r.load }

func (p *program) floodTitle() string { return p.name + ": refusals" }

func (r row) mint(l *lab) *mint {
	if r.id {
		return l.id
	}
	return l.access
}

// allRows are the rows of the table of costs.
func allRows() []row {
	rows := append([]row{{program: caddy, load: "against itself: the noise", without: caddy.bare, with: caddy.bare, tokens: 1_000}}, pluginRows()...)
	for _, p := range programs {
		if p == caddy || p == plugin {
			continue
		}
		for _, r := range []row{{load: "1 token", tokens: 1}, {load: "1 000 tokens", tokens: 1_000}, {load: "50 000 new tokens", tokens: 50_000, once: true}} {
			r.program, r.without, r.with, r.proof = p, p.bare, p.authorizing, subject(0)
			rows = append(rows, r)
		}
	}
	return rows
}
