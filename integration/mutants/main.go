// Command mutants breaks the security checks of the product, one at a time, and
// runs the tests that are said to hold each of them. They must fail: a check that
// can be removed without a test noticing is one that will be removed some day.
//
//	go run ./integration/mutants
//	go run ./integration/mutants -run 'token|cookie'
//	go run ./integration/mutants -sample 8
//
// Nothing in the tree is changed: go test gets the broken files by -overlay. The
// list is in the files of this package, one for each part of the product; the page
// caddyfile/docs/threat-model.md shows it beside the threats.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"time"
)

func main() {
	only := flag.String("run", "", "a regular expression for the mutants to run, by what an attacker gains or by file")
	size := flag.Int("sample", 0, "run so many mutants of the libraries only, the same ones each time")
	limit := flag.Duration("limit", 3*time.Minute, "how long the tests of one mutant may take, without compiling")
	verbose := flag.Bool("v", false, "show the first words of the tests that fail")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	chosen, err := choose(*only, *size)
	if err == nil {
		err = runAll(ctx, chosen, *limit, *verbose)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// choose selects from the list.
func choose(only string, size int) ([]mutant, error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	var chosen []mutant
	for _, m := range allMutants() {
		if pattern.MatchString(m.gain) || pattern.MatchString(m.edits[0].file) {
			chosen = append(chosen, m)
		}
	}
	if size > 0 {
		chosen = sample(chosen, size)
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no mutant matches %q", only)
	}
	return chosen, nil
}

func runAll(ctx context.Context, chosen []mutant, limit time.Duration, verbose bool) error {
	r, err := newRunner(limit)
	if err != nil {
		return err
	}
	defer r.close()
	began, survived := time.Now(), 0
	err = r.judgeAll(ctx, chosen, func(m mutant, v verdict) {
		if v.what != killed {
			survived++
		}
		fmt.Printf("%-16s %5.1f s  %s\n", v.what, v.took.Seconds(), m.gain)
		if verbose || v.what != killed {
			fmt.Printf("%26s%s: %s\n", "", m.tests, v.why)
		}
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d mutants, %d killed, %.0f s\n", len(chosen), len(chosen)-survived, time.Since(began).Seconds())
	if survived > 0 {
		return fmt.Errorf("%d of %d mutants were not killed", survived, len(chosen))
	}
	return nil
}
