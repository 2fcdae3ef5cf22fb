package main

import (
	"errors"
	"net/http"
	"os"
	"testing"
	"time"
)

// proxyVar makes this test binary a proxy that passes nothing on.
const proxyVar = "BENCH_TEST_PROXY"

func TestMain(m *testing.M) {
	if os.Getenv(proxyVar) == "" {
		os.Exit(m.Run())
	}
	page := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(smallPage)) }
	if err := http.ListenAndServe(os.Args[1], http.HandlerFunc(page)); err != nil {
		os.Exit(1)
	}
}

// What fails in a row must be said there, and the other rows measured.
func TestAProxyThatDoesNotStartAgainFailsItsRow(t *testing.T) {
	t.Setenv(proxyVar, "1")
	l, err := newLab(t.Context(), settings{pairs: 2, duration: 600 * time.Millisecond, connections: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	failure, starts := errors.New("it does not start"), 0
	run := func(s site) ([]string, error) {
		if starts++; starts > 2 { // one for each of the first pair
			return nil, failure
		}
		return []string{s.address}, nil
	}
	self := &program{name: "itself"}
	l.kit.have = map[*program]obtained{self: {executable: executable{path: os.Args[0]}}}
	l.access.made = make([]string, 1_000_000) // more than can be sent
	c, err := l.measureRow(row{program: self, load: "new tokens", without: run, with: run, tokens: len(l.access.made), once: true})
	if !errors.Is(err, failure) || len(c.with) != 1 {
		t.Errorf("expected one pair, and then %v, got %d, %v", failure, len(c.with), err)
	}
}
