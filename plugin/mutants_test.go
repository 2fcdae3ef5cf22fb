package plugin

import (
	"iter"
	"math/rand/v2"
)

// mutants are the seeds and then n mutants of them, the same in every run. Fuzzing
// this package means to build Caddy anew for it, which takes minutes, so that its
// targets have a test beside them for every day.
func mutants(seeds []string, n int) iter.Seq[string] {
	random := rand.New(rand.NewPCG(1, 2))
	return func(yield func(string) bool) {
		for _, seed := range seeds {
			if !yield(seed) {
				return
			}
		}
		for range n {
			mutant := seeds[random.IntN(len(seeds))]
			for range 1 + random.IntN(3) {
				mutant = mutate(mutant, seeds[random.IntN(len(seeds))], random)
			}
			if !yield(mutant) {
				return
			}
		}
	}
}

// telling are the characters that parsers look for.
const telling = "\x00\r\n\t \"'%&+,./:;<=>?@[\\]^`{|}~\x7f\xc3\xff0aAuz_-"

// mutate changes one thing: it puts in, takes out, replaces or repeats, or goes on
// with another seed.
func mutate(s, other string, random *rand.Rand) string {
	from := random.IntN(len(s) + 1)
	to := min(len(s), from+random.IntN(4))
	switch random.IntN(6) {
	case 0:
		return s[:from] + string(telling[random.IntN(len(telling))]) + s[from:]
	case 1:
		return s[:from] + string(telling[random.IntN(len(telling))]) + s[to:]
	case 2:
		return s[:from] + s[to:]
	case 3:
		return s[:to] + s[from:]
	case 4:
		return s[:from] + other[random.IntN(len(other)+1):]
	}
	return s[:from] + other + s[from:]
}
