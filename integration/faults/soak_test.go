package faults_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"testing"
	"time"
)

var soak = flag.Duration("soak", 20*time.Second, "how long faults are drawn by chance")

// What may be added over a soak. Caddy remembers some thousands of the cookies that
// it opened last, so each new one adds what it weighs until then.
const (
	moreGoroutines = 50
	moreHeap       = 8 << 20
	heapOfCookie   = 10 << 10
)

// TestSoak draws one fault after the other, and at the end Caddy is as small as at
// the beginning.
func TestSoak(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{rotation: true, poolLines: "cache_size 200"})
	w.healthy("the start")
	reloads().run(w) // so that this is no growth
	before := w.at[0].size()
	began := time.Now()
	for n := 1; time.Since(began) < *soak; n++ {
		rows := soakRows() // they remember when they began
		rows[rand.N(len(rows))].run(w)
		if n%20 == 0 {
			t.Logf("after %v and %d faults: %v", time.Since(began).Round(time.Second), n, w.at[0].size())
		}
	}
	eventually(t, "goroutines and memory are those of the beginning", func() error {
		return w.at[0].size().above(before, int(w.load.sessions.Load()))
	})
	t.Logf("before: %v; after %v and %d cookies: %v", before, time.Since(began).Round(time.Second), w.load.sessions.Load(), w.at[0].size())
}

// soakRows are those in which the process lives on.
func soakRows() (rows []row) {
	for _, some := range [][]row{{reloads()}, keyRows(), otherKeyRows(), apiRows(), otherAPIRows(), hostedRows(), exchangeRows(), storeRows(), storageRows()} {
		rows = append(rows, some...)
	}
	return rows
}

// size is what a process needs.
type size struct{ goroutines, heap int }

var (
	goroutineTotal = regexp.MustCompile(`(?m)^goroutine profile: total (\d+)$`)
	heapAlloc      = regexp.MustCompile(`(?m)^# HeapAlloc = (\d+)$`)
)

// size is the least of some looks, since requests come and go.
func (i *instance) size() size {
	i.Helper()
	least := size{1 << 30, 1 << 60}
	for range 5 {
		least.goroutines = min(least.goroutines, number(i.T, goroutineTotal, i.ask("GET", "/debug/pprof/goroutine?debug=1", "")))
		least.heap = min(least.heap, number(i.T, heapAlloc, i.ask("GET", "/debug/pprof/heap?gc=1&debug=1", "")))
		time.Sleep(100 * time.Millisecond)
	}
	return least
}

func number(t *testing.T, pattern *regexp.Regexp, text string) int {
	t.Helper()
	match := pattern.FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("expected %v in %.200q", pattern, text)
	}
	n, err := strconv.Atoi(match[1])
	check(t, err)
	return n
}

func (s size) String() string {
	return fmt.Sprintf("%d goroutines, %.1f MiB", s.goroutines, float64(s.heap)/(1<<20))
}

// above is nil unless it has grown by more than so many cookies of sessions.
func (s size) above(before size, cookies int) error {
	if s.goroutines > before.goroutines+moreGoroutines || s.heap > before.heap+moreHeap+cookies*heapOfCookie {
		return fmt.Errorf("there were %v, there are %v", before, s)
	}
	return nil
}
