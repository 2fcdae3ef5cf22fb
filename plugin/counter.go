package plugin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// resultCounter counts what became of requests. The counters of successes are
// looked up beforehand, since they run for every request.
type resultCounter struct {
	first string // the pool that requests without a verified token are counted for
	ok    map[successKey]prometheus.Counter
}

type successKey struct {
	pool string
	use  verifier.TokenUse
}

func newResultCounter(pools []*verifier.Verifier) *resultCounter {
	c := &resultCounter{first: pools[0].Name(), ok: make(map[successKey]prometheus.Counter)}
	for _, pool := range pools {
		for _, use := range []verifier.TokenUse{verifier.Access, verifier.ID} {
			c.ok[successKey{pool.Name(), use}] = metrics.verified.WithLabelValues(pool.Name(), string(use), "ok")
		}
	}
	return c
}

// count counts one request: refused, anonymous when there is no token, or
// accepted. A token that was verified and is not enough counts for its pool: what
// an unverified one says of itself would let anybody choose.
func (c *resultCounter) count(tok *verifier.Token, err error) {
	pool, use := c.first, ""
	if tok != nil {
		pool, use = tok.Pool(), string(tok.Use())
	}
	switch {
	case err != nil:
		metrics.verified.WithLabelValues(pool, use, reasonOf(err)).Inc()
	case tok == nil:
		metrics.verified.WithLabelValues(pool, use, "anonymous").Inc()
	default:
		if counter := c.ok[successKey{tok.Pool(), tok.Use()}]; counter != nil {
			counter.Inc()
		}
	}
}
