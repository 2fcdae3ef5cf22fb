package plugin

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-cognito/caddy-cognito/credentials"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// metrics are made once per process and registered with each configuration's
// registry, so that counts survive reloads.
var metrics = newCollectors()

type collectors struct {
	verified       *prometheus.CounterVec
	verifyDuration *prometheus.HistogramVec
	fetches        *prometheus.CounterVec
	fetchDuration  *prometheus.HistogramVec
	exchanges      *prometheus.CounterVec
	exchangeTime   *prometheus.HistogramVec
	signIns        *prometheus.CounterVec
	signOuts       *prometheus.CounterVec
	refreshes      *prometheus.CounterVec
	refreshTime    *prometheus.HistogramVec
	cookieSize     *prometheus.HistogramVec
	live           liveCollector
}

const namespace, subsystem = "caddy", "cognito"

func newCollectors() *collectors {
	return &collectors{
		verified: newCounter("tokens_verified_total",
			"Requests by what became of their token: ok, missing, or the reason for the refusal.",
			"pool", "token_use", "result"),
		verifyDuration: newHistogram("token_verify_duration_seconds",
			"How long it took to verify a token, found in the cache (hit) or not (miss).",
			[]float64{1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 1e-2, 0.1, 1, 5}, "pool", "cache"),
		fetches: newCounter("jwks_fetches_total",
			"Fetches of token keys by outcome (ok, error) and trigger (start, refresh, unknown_key, manual).",
			"pool", "issuer", "result", "trigger"),
		fetchDuration: newHistogram("jwks_fetch_duration_seconds",
			"How long fetches of token keys took.", nil, "pool", "issuer"),
		exchanges: newCounter("credential_exchanges_total",
			"Exchanges of tokens for temporary credentials by outcome: ok, or the reason for which there are none.",
			"credentials", "provider", "result"),
		exchangeTime: newHistogram("credential_exchange_duration_seconds",
			"How long exchanges of tokens for temporary credentials took.", nil, "credentials", "provider"),
		signIns: newCounter("sign_in_steps_total",
			"Steps of sign-ins by step (start, the challenge, hosted, …) and outcome: ok, challenge, or the reason for the refusal.",
			"pool", "step", "result"),
		signOuts: newCounter("sign_outs_total",
			"Sign-outs by who asked for them: user or admin.", "pool", "by"),
		refreshes: newCounter("session_refreshes_total",
			"Refreshes of sessions by where the tokens came from and outcome: ok, or the reason for which there are none.",
			"pool", "source", "result"),
		refreshTime: newHistogram("session_refresh_duration_seconds",
			"How long refreshes of sessions took.", nil, "pool"),
		cookieSize: newHistogram("session_cookie_bytes",
			"Sizes of session cookies by what they had room for.",
			[]float64{1000, 2000, 2500, 3000, 3300, 3600, 3900}, "pool", "rung"),
	}
}

func newCounter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}, labels)
}

// newHistogram has the standard buckets for seconds unless given others.
func newHistogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	opts := prometheus.HistogramOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help, Buckets: buckets}
	return prometheus.NewHistogramVec(opts, labels)
}

func (c *collectors) register(registry *prometheus.Registry) error {
	if registry == nil {
		return nil
	}
	for _, collector := range []prometheus.Collector{c.verified, c.verifyDuration, c.fetches, c.fetchDuration, c.exchanges, c.exchangeTime,
		c.signIns, c.signOuts, c.refreshes, c.refreshTime, c.cookieSize, c.live,
	} {
		var registered prometheus.AlreadyRegisteredError
		if err := registry.Register(collector); err != nil && !errors.As(err, &registered) {
			return err
		}
	}
	return nil
}

// verificationOf is the observer of one pool's verifier. The collectors are
// looked up once, since this runs for every request.
func (c *collectors) verificationOf(pool string) func(verifier.Verification) {
	hit := c.verifyDuration.WithLabelValues(pool, "hit")
	miss := c.verifyDuration.WithLabelValues(pool, "miss")
	return func(v verifier.Verification) {
		observer := miss
		if v.Cached {
			observer = hit
		}
		observer.Observe(v.Duration.Seconds())
	}
}

func (c *collectors) fetched(pool, issuer string, event verifier.KeySetEvent) {
	result := "ok"
	if event.Err != nil {
		result = "error"
	}
	c.fetches.WithLabelValues(pool, issuer, result, string(event.Trigger)).Inc()
	c.fetchDuration.WithLabelValues(pool, issuer).Observe(event.Duration.Seconds())
}

func (c *collectors) exchanged(name, kind string, event credentials.Exchange) {
	c.exchanges.WithLabelValues(name, kind, credentials.Reason(event.Err)).Inc()
	c.exchangeTime.WithLabelValues(name, kind).Observe(event.Duration.Seconds())
}

func (c *collectors) refreshed(pool string, event session.RefreshEvent) {
	c.refreshes.WithLabelValues(pool, string(event.Source), session.Reason(event.Err)).Inc()
	c.refreshTime.WithLabelValues(pool).Observe(event.Duration.Seconds())
}

func (c *collectors) sealed(pool string, cookie *session.Sealed) {
	c.cookieSize.WithLabelValues(pool, cookie.Rung.String()).Observe(float64(cookie.Size))
}

// liveCollector reads the state in use when metrics are scraped, so that what is
// gone does not raise alarms.
type liveCollector struct{}

var (
	lastSuccessDesc = prometheus.NewDesc(prometheus.BuildFQName(namespace, subsystem, "jwks_last_success_timestamp_seconds"),
		"When the token keys in use were fetched.", []string{"pool", "issuer"}, nil)
	keysDesc = prometheus.NewDesc(prometheus.BuildFQName(namespace, subsystem, "jwks_keys"),
		"How many token keys are in use.", []string{"pool", "issuer"}, nil)
	cacheEntriesDesc = prometheus.NewDesc(prometheus.BuildFQName(namespace, subsystem, "credential_cache_entries"),
		"How many users' temporary credentials are kept.", []string{"credentials", "provider"}, nil)
	troubleDesc = prometheus.NewDesc(prometheus.BuildFQName(namespace, subsystem, "session_trouble"),
		"1 while the last attempt failed, by what it was for: refresh at the user pool; handoff, keys and sign_outs at the storage.",
		[]string{"pool", "what"}, nil)
)

// Describe implements [prometheus.Collector].
func (liveCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- lastSuccessDesc
	descs <- keysDesc
	descs <- cacheEntriesDesc
	descs <- troubleDesc
}

// Collect implements [prometheus.Collector].
func (liveCollector) Collect(all chan<- prometheus.Metric) {
	for labels, status := range keySetsInUse() {
		all <- prometheus.MustNewConstMetric(keysDesc, prometheus.GaugeValue, float64(len(status.KeyIDs)), labels.pool, labels.issuer)
		if !status.Fetched.IsZero() {
			all <- prometheus.MustNewConstMetric(lastSuccessDesc, prometheus.GaugeValue, float64(status.Fetched.Unix()), labels.pool, labels.issuer)
		}
	}
	for labels, entries := range cacheEntries() {
		all <- prometheus.MustNewConstMetric(cacheEntriesDesc, prometheus.GaugeValue, float64(entries), labels.name, labels.kind)
	}
	for labels, trouble := range sessionTrouble() {
		all <- prometheus.MustNewConstMetric(troubleDesc, prometheus.GaugeValue, trouble, labels.pool, labels.what)
	}
}

type troubleLabels struct{ pool, what string }

// sessionTrouble is that of either, while a reload that changes a pool has its
// sessions twice.
func sessionTrouble() map[troubleLabels]float64 {
	trouble := make(map[troubleLabels]float64)
	for _, s := range liveSessions("") {
		for what, outage := range map[string]*outage{
			"refresh": &s.outages.refresh, "handoff": &s.outages.handoff, "keys": &s.outages.keys, "sign_outs": &s.outages.signOuts,
		} {
			labels := troubleLabels{s.pool.name, what}
			trouble[labels] += 0 // there is no trouble, which is worth telling
			if outage.last() != "" {
				trouble[labels] = 1
			}
		}
	}
	return trouble
}

type exchangeLabels struct{ name, kind string }

// cacheEntries adds up, since there are two caches during a reload that changes
// an exchange.
func cacheEntries() map[exchangeLabels]int {
	entries := make(map[exchangeLabels]int)
	exchanges.Range(func(_, value any) bool {
		e := value.(*exchange)
		entries[exchangeLabels{e.Name, e.Kind}] += e.cache.Len()
		return true
	})
	return entries
}

type keySetLabels struct{ pool, issuer string }

// keySetsInUse has one status for each pair of labels: during a reload that
// changes a pool there are two sets, of which the fresher counts.
func keySetsInUse() map[keySetLabels]verifier.KeySetStatus {
	inUse := make(map[keySetLabels]verifier.KeySetStatus)
	keySets.Range(func(_, value any) bool {
		set := value.(*keySet)
		labels, status := keySetLabels{set.key.pool, set.key.issuer}, set.remote.Status()
		if before, ok := inUse[labels]; !ok || before.Fetched.Before(status.Fetched) {
			inUse[labels] = status
		}
		return true
	})
	return inUse
}
