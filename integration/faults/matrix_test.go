package faults_test

import (
	"testing"
	"time"
)

// lane is rows that one world goes through, below a heading of the page.
type lane struct {
	heading string
	setup
	rows []row
}

// lanes in the order of the page.
func lanes() []lane {
	long := setup{tokens: time.Hour, credentials: time.Hour, level: "DEBUG"}
	return []lane{
		{"Token keys", setup{}, keyRows()},
		{"Token keys", setup{rotation: true, strict: true}, otherKeyRows()},
		{"User pool", setup{}, apiRows()},
		{"User pool", setup{}, otherAPIRows()},
		{"Hosted sign-in", long, hostedRows()},
		{"Credentials", setup{level: "DEBUG"}, append(exchangeRows(), revoked())},
		{"Time-outs and outages", setup{}, hangRows()},
		{"Store and application", setup{}, storeRows()},
		{"Clocks", long, clockRows()},
		{"Storage of Caddy", setup{rotation: true}, storageRows()},
		{"Caddy itself", setup{rotation: true}, processRows()},
		{"Several instances", setup{instances: 2, rotation: true, level: "DEBUG"}, fleetRows()},
	}
}

// TestMatrix plays every row of the page.
func TestMatrix(t *testing.T) {
	t.Parallel()
	for _, l := range lanes() {
		t.Run(l.heading, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, l.setup)
			w.healthy("the start")
			for _, r := range l.rows {
				r.run(w)
			}
		})
	}
}
