// Command bench measures what authorization costs: the same Caddy with and
// without the plugin, in one run, alternating, because machines are noisy and
// only ratios mean anything.
//
//	go run ./integration/bench
//
// Where taskset exists, the proxies have one core and everything else the other.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"
)

// settings are the flags.
type settings struct {
	pairs       int
	duration    time.Duration
	connections int
	only        *regexp.Regexp
}

func main() {
	var s settings
	flag.IntVar(&s.pairs, "pairs", 7, "how many pairs of runs, with and without, to take medians of")
	flag.DurationVar(&s.duration, "duration", 3*time.Second, "how long one run takes")
	flag.IntVar(&s.connections, "connections", 32, "how many connections send requests")
	only := flag.String("run", "", "a regular expression for the scenarios to measure")
	flag.Parse()
	var err error
	if s.only, err = regexp.Compile(*only); err == nil {
		err = run(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures each scenario and prints a row for it.
func run(s settings) error {
	w, err := newWorld()
	if err != nil {
		return err
	}
	defer w.close()
	fmt.Printf("%-34s %10s %10s %7s %8s %9s\n", "scenario", "without", "with", "ratio", "added µs", "added MB")
	for _, scenario := range []struct {
		name          string
		without, with *proxy
		tokens        []string
	}{
		{"1 token", w.bare, w.auth, w.tokens[:1]},
		{"1 000 tokens", w.bare, w.auth, w.tokens[:1_000]},
		{"1 000 tokens, forward none", w.bare, w.silent, w.tokens[:1_000]},
		{"the same headers, unauthorized", w.bare, w.plain, w.tokens[:1_000]},
		{"1 000 tokens over the same headers", w.plain, w.auth, w.tokens[:1_000]},
		{"50 000 tokens, all cached", w.bare, w.auth, w.tokens},
		{"16 KiB signed for 1 000 users", w.object, w.signed, w.idTokens},
		{"16 KiB as a site, 1 000 users", w.object, w.site, w.idTokens},
	} {
		if !s.only.MatchString(scenario.name) {
			continue
		}
		if err := measure(scenario.name, scenario.without, scenario.with, scenario.tokens, s); err != nil {
			return err
		}
	}
	return nil
}

// measure runs the pairs of one scenario, after both proxies have seen all its
// tokens.
func measure(name string, a, b *proxy, tokens []string, s settings) error {
	for _, p := range []*proxy{a, b} {
		if err := sendAll(p.address, tokens); err != nil {
			return err
		}
	}
	var rpsA, rpsB, ratios, added []float64
	for range s.pairs {
		without, err := a.load(tokens, s)
		if err != nil {
			return err
		}
		with, err := b.load(tokens, s)
		if err != nil {
			return err
		}
		rpsA, rpsB = append(rpsA, without.perSecond), append(rpsB, with.perSecond)
		ratios = append(ratios, with.perSecond/without.perSecond)
		added = append(added, float64((with.cpu-without.cpu).Nanoseconds())/1_000)
	}
	fmt.Printf("%-34s %10.0f %10.0f %7.3f %8.1f %9.0f\n", name, median(rpsA), median(rpsB), median(ratios), median(added),
		float64(b.memory()-a.memory())/(1<<20))
	return nil
}
