package main

import (
	"path"
	"slices"
	"strings"
)

// mutant is the product with a security check less.
type mutant struct {
	// gain is what an attacker gains by it, as a sentence.
	gain string
	// edits break the check. There are several where it is held twice: the attack
	// is stopped in two places, and only without both does it succeed.
	edits edits
	tests tests
}

// edit replaces a piece of a file, which stands there once.
type edit struct{ file, from, to string }

type edits []edit

// tests are those that must fail.
type tests struct {
	pkg   string // as for go test; empty: that of the first edit
	names []string
}

// area is a part of the list: a heading of the document.
type area struct {
	name    string
	mutants []mutant
}

// areas are in the order of a request on its way.
var areas = []area{
	{"Tokens", tokens},
	{"Keys of user pools", keys},
	{"Requirements", requirements},
	{"Requests and identity headers", requests},
	{"Exchange for credentials", exchanges},
	{"Signed requests", signing},
	{"Buckets", buckets},
	{"Sealed cookies", sealing},
	{"Life of a session", sessions},
	{"Sign-out", signingOut},
	{"Sign-in", signins},
	{"What a sign-in reveals", revealing},
	{"Hosted pages", hosted},
	{"Where a sign-in leads", returning},
	{"Our own pages", pages},
	{"Configuration and operation", operation},
}

// without replaces a piece of a file.
func without(file, from, to string) edits { return edits{{file, from, to}} }

// and replaces another piece, too.
func (e edits) and(file, from, to string) edits { return append(e, edit{file, from, to}) }

// unit are tests of the package of the first edit.
func unit(names ...string) tests { return tests{"", names} }

// world are tests of the whole: Caddy in process, with local services.
func world(names ...string) tests { return tests{"./integration", names} }

// in are tests of another package.
func in(pkg string, names ...string) tests { return tests{pkg, names} }

func allMutants() []mutant {
	var all []mutant
	for _, area := range areas {
		for _, m := range area.mutants {
			if m.tests.pkg == "" {
				m.tests.pkg = "./" + path.Dir(m.edits[0].file)
			}
			all = append(all, m)
		}
	}
	return all
}

// sample takes so many mutants, evenly spread, of those whose tests are quickly
// built: Caddy is not part of them.
func sample(all []mutant, size int) []mutant {
	quick := slices.DeleteFunc(slices.Clone(all), func(m mutant) bool { return m.tests.slow() })
	size = min(size, len(quick))
	chosen := make([]mutant, 0, size)
	for i := range size {
		chosen = append(chosen, quick[i*len(quick)/size])
	}
	return chosen
}

// slow tests are linked with Caddy.
func (t tests) slow() bool {
	return !strings.HasPrefix(t.pkg, "./verifier") && !strings.HasPrefix(t.pkg, "./credentials") && !strings.HasPrefix(t.pkg, "./plugin/internal/")
}

func (t tests) String() string { return t.pkg + " " + strings.Join(t.names, " ") }

// pattern is for -run.
func (t tests) pattern() string { return "^(" + strings.Join(t.names, "|") + ")$" }
