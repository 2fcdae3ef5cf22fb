// Command bench is the performance lab: what authorization costs, in this plugin
// and in other proxies, each compared with the same proxy without authorization,
// in one run, alternating, because machines are noisy and only ratios mean
// anything.
//
//	go run ./integration/bench
//	go run ./integration/bench -short            # behaviour alone, for CI
//	go run ./integration/bench -run 'plugin.*1 000'
//
// It gets what it measures by itself and installs nothing: Caddy and the proxies
// in Go are built, those of Debian downloaded and unpacked, into a folder that
// later runs use again. What cannot be had is said in the table. Where taskset
// exists, the proxy that is measured has one core and everything else the others.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// settings are the flags.
type settings struct {
	pairs       int
	duration    time.Duration
	connections int
	only        *regexp.Regexp
	short       bool
	profiles    string
	cache       string
}

// shorten is what -short makes of the settings.
func (s *settings) shorten() { s.pairs, s.duration = 3, 300*time.Millisecond }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	l, err := newLab(ctx, s)
	if err != nil {
		return err
	}
	defer l.close()
	return l.run()
}

func parse(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.IntVar(&s.pairs, "pairs", 5, "how many pairs of runs, without and with authorization, to take medians of")
	flags.DurationVar(&s.duration, "time", 2*time.Second, "how long one run takes; the latency takes a third more")
	flags.IntVar(&s.connections, "connections", 32, "how many connections send requests")
	flags.BoolVar(&s.short, "short", false, "check behaviour within seconds a row: who is let in and who is not, and that no ratio is absurd")
	flags.StringVar(&s.profiles, "profile", "", "a `folder` for CPU profiles of every Caddy, without and with authorization")
	flags.StringVar(&s.cache, "cache", "", "the `folder` that keeps what was built or unpacked; unset, it is in the user's cache")
	only := flags.String("run", "", "a `regexp` for the rows to measure, as they are called in the tables")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.short {
		s.shorten()
	}
	if s.cache == "" {
		folder, err := os.UserCacheDir()
		if err != nil {
			return s, err
		}
		s.cache = filepath.Join(folder, "caddy-cognito-bench")
	}
	s.only, err = regexp.Compile(*only)
	return s, err
}
