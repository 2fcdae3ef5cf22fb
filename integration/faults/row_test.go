package faults_test

import "time"

// row is one thing that fails.
type row struct {
	name  string // as the page has it
	begin func(*world)
	end   func(*world) // nil when it is over by itself
	// met reports nil once the fault was of any effect.
	met  func(*world) error
	sees sights // what is not seen here is served
	also string // what else the page says
	// judge looks at what was seen while it lasted.
	judge func(*world, *phase)
}

// recovery is how long it may take after a fault until everybody is served. Pauses
// after failures grow to ten seconds, and to thirty between fetches of keys.
const recovery = 45 * time.Second

// run plays the row: it begins, everybody has seen what the row says, it ends,
// everybody is served again, and goes on being served.
func (r row) run(w *world) {
	w.Helper()
	began := time.Now()
	if r.sees == nil {
		r.sees = sights{}
	}
	during := w.load.enter(newPhase("while "+r.name, r.sees))
	r.begin(w)
	eventually(w.T, r.name+": everybody sees what they must", func() error {
		if r.met != nil {
			if err := r.met(w); err != nil {
				return err
			}
		}
		return during.lacks()
	})
	still := w.load.enter(newPhase("still "+r.name, r.sees))
	eventually(w.T, r.name+": nobody waits for ever", func() error { return still.lacksTries(w.load.asking(), 1) })
	if r.end != nil {
		r.end(w)
	}
	over := time.Now()
	after := w.load.enter(newPhase("after "+r.name, r.sees))
	within(w.T, recovery, r.name+": everybody is served again", func() error { return after.lacksRow(w.load.asking(), 2) })
	w.healthy(r.name)
	if r.judge != nil {
		r.judge(w, during)
	}
	w.Logf("%s: lasted %v, over after %v", r.name, over.Sub(began).Round(time.Millisecond), time.Since(over).Round(time.Millisecond))
}

// healthy checks that all is well for a while.
func (w *world) healthy(after string) {
	w.Helper()
	calm := w.load.enter(newPhase("long after "+after, nil))
	eventually(w.T, "everybody asks again", func() error { return calm.lacksTries(w.load.asking(), 1) })
}
