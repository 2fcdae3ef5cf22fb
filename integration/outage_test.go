package integration_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// withOtherSite adds a site that has nothing to do with Cognito.
func withOtherSite(s setup) setup {
	s.more += "http://other {\nbind unix/$DIR/site.sock\nrespond hello\n}\n"
	return s
}

func (w *world) other() answer {
	w.Helper()
	return roundTrip(w.T, w.web, http.MethodGet, "http://other/", "")
}

// refresh asks the admin API to fetch the keys.
func (w *world) refresh() answer {
	w.Helper()
	return roundTrip(w.T, w.admin, http.MethodPost, "http://admin/cognito/refresh", "")
}

// faults are the ways in which a key set endpoint can be of no use.
func faults(evil string) []struct {
	name  string
	fault cognitolocal.Fault
} {
	return []struct {
		name  string
		fault cognitolocal.Fault
	}{
		{"hangs", cognitolocal.FaultHang()},
		{"answers 500", cognitolocal.FaultStatus(500)},
		{"answers 404", cognitolocal.FaultStatus(404)},
		{"answers 403", cognitolocal.FaultWAF()},
		{"talks garbage", cognitolocal.FaultGarbage()},
		{"has no keys", cognitolocal.FaultEmptyKeySet()},
		{"never stops talking", cognitolocal.FaultHuge()},
		{"redirects to another host", cognitolocal.FaultRedirect(evil)},
		{"redirects to nowhere", cognitolocal.FaultRedirect("http://127.0.0.1:1/")},
	}
}

// evilPool believes to be ours: the same issuer, other keys, another host.
func evilPool(t *testing.T, issuer string) *cognitolocal.Server {
	t.Helper()
	keys, err := cognitolocal.NewKeys()
	check(t, err)
	return newPool(t, cognitolocal.Options{Issuer: issuer, Keys: keys})
}

// TestOutageAtTheStart: Caddy starts, serves other sites and reloads, and a
// token that cannot be judged is 503, never 401 and never 200.
func TestOutageAtTheStart(t *testing.T) {
	w := newWorld(t)
	evil := evilPool(t, w.pool.Issuer())
	forged, err := evil.Pool().AccessToken("jo", webClient, nil)
	check(t, err)
	token := w.access(nil)
	for _, row := range faults(evil.Pool().JWKSURL()) {
		t.Run("the endpoint "+row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, cognito: w.cognito, pool: w.pool, upstream: w.upstream, web: w.web, admin: w.admin}
			check(t, edge.Stop())
			w.cognito.SetFault(cognitolocal.EndpointJWKS, row.fault)
			w.load(withOtherSite(setup{site: protected, pool: "fetch_timeout 300ms"}))
			w.wantStatus(200, w.other())
			w.wantStatus(401, w.get("/"))                           // nobody's outage
			w.wantStatus(401, w.bearer("x"))                        // rubbish stays rubbish
			w.wantStatus(401, w.bearer(w.access(with("exp", 1))))   // and expired, expired
			w.wantStatus(401, w.bearer(w.access(with("iss", "x")))) // and
			w.wantStatus(401, w.bearer(w.access(with("aud", "x")))) // so on
			for _, bearer := range []string{token, forged} {
				w.wantUnavailable(w.bearer(bearer))
			}
			w.reload(withOtherSite(setup{site: protected, pool: "fetch_timeout 300ms", level: "INFO"}))
			w.wantUnavailable(w.bearer(token))
			w.upstream.none(t)
			w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.Fault{})
			w.wantStatus(200, w.refresh())
			w.wantStatus(200, w.bearer(token))
			w.wantStatus(401, w.bearer(forged))
			w.upstream.one(t)
			check(t, edge.Stop())
			check(t, os.RemoveAll(filepath.Join(w.dir, "storage"))) // the next start must know nothing
		})
	}
	if n := evil.Requests(cognitolocal.EndpointJWKS); n > 0 {
		t.Errorf("expected no request to the host of the redirect, got %d", n)
	}
}

func (w *world) wantUnavailable(got answer) {
	w.Helper()
	w.wantStatus(503, got)
	if after, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || after < 1 || after > 60 {
		w.Errorf("expected Retry-After in seconds, got %q", got.header.Get("Retry-After"))
	}
	if got.header.Get("Www-Authenticate") != "" {
		w.Errorf("expected no challenge, got %q", got.header.Get("Www-Authenticate"))
	}
}

// TestOutageLater: known keys keep working whatever the endpoint says, and the
// log has one warning for the whole outage.
func TestOutageLater(t *testing.T) {
	w := newWorld(t)
	evil := evilPool(t, w.pool.Issuer())
	forged, err := evil.Pool().AccessToken("jo", webClient, nil)
	check(t, err)
	for _, row := range faults(evil.Pool().JWKSURL()) {
		t.Run("the endpoint "+row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, cognito: w.cognito, pool: w.pool, upstream: w.upstream, web: w.web, admin: w.admin}
			warnings, recoveries := w.outageLog()
			w.loadAndFetch(setup{site: protected, pool: "fetch_timeout 200ms"})
			w.cognito.SetFault(cognitolocal.EndpointJWKS, row.fault)
			for range 3 {
				w.wantStatus(502, w.refresh())
				w.wantStatus(200, w.bearer(w.access(nil)))
			}
			// With the keys known and healthy a moment ago, an unknown one is the
			// token's fault, and during a failure nobody can say.
			if got := w.bearer(forged); got.status != 401 && got.status != 503 {
				t.Errorf("expected a forged token to be refused, got %d", got.status)
			}
			w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.Fault{})
			w.wantStatus(200, w.refresh())
			eventually(t, "the recovery is logged", func() bool { _, n := w.outageLog(); return n > recoveries })
			if n, _ := w.outageLog(); n != warnings+1 {
				t.Errorf("expected 1 warning, got %d", n-warnings)
			}
			if n := w.logged("error", "cannot fetch"); n != 0 {
				t.Errorf("expected no error, got %d", n)
			}
			check(t, edge.Stop())
		})
	}
}

// loadAndFetch returns when the first fetch is over and reported.
func (w *world) loadAndFetch(s setup) {
	w.Helper()
	check(w.T, os.RemoveAll(filepath.Join(w.dir, "storage"))) // what is stored would need no fetch
	before := w.logged("info", "token keys changed")
	w.load(s)
	w.wantStatus(200, w.bearer(w.access(nil)))
	eventually(w.T, "the first fetch is reported", func() bool { return w.logged("info", "token keys changed") > before })
}

func (w *world) outageLog() (warnings, recoveries int) {
	w.Helper()
	return w.logged("warn", "cannot fetch token keys"), w.logged("info", "token keys can be fetched again")
}

// TestKnownKeysNeverWaitForAHangingEndpoint: each request finds the keys stale,
// and none may wait for the minute that the fetch takes.
func TestKnownKeysNeverWaitForAHangingEndpoint(t *testing.T) {
	w := started(t, setup{site: protected, level: "INFO", pool: "refresh_interval 1ms\nfetch_timeout 1m\ncooldown 1ms"})
	w.wantStatus(200, w.bearer(w.access(nil)))
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultHang())
	before := w.cognito.Requests(cognitolocal.EndpointJWKS)
	eventually(t, "a fetch hangs", func() bool { return w.cognito.Requests(cognitolocal.EndpointJWKS) > before })
	began := time.Now()
	for range 300 {
		w.wantStatus(200, w.bearer(w.access(nil))) // new tokens: the cache must not help
	}
	if spent := time.Since(began); spent > 20*time.Second {
		t.Errorf("expected full speed, got %v for 300 requests", spent)
	}
}

// TestFirstRequestWaitsForTheFirstKeys: it joins the fetch instead of failing.
func TestFirstRequestWaitsForTheFirstKeys(t *testing.T) {
	w := newWorld(t)
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultSlow(300*time.Millisecond))
	w.load(setup{site: protected})
	w.wantStatus(200, w.bearer(w.access(nil)))
	if n := w.cognito.Requests(cognitolocal.EndpointJWKS); n != 1 {
		t.Errorf("expected one fetch, got %d", n)
	}
}

// TestClientThatGoesAwayEndsNoFetch: the next one still gets the keys.
func TestClientThatGoesAwayEndsNoFetch(t *testing.T) {
	w := newWorld(t)
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultHang())
	w.load(setup{site: protected})
	conn := w.dial()
	_, err := conn.Write([]byte(rawGet("/", "Authorization: Bearer "+w.access(nil))))
	check(t, err)
	eventually(t, "the fetch hangs", func() bool { return w.cognito.Requests(cognitolocal.EndpointJWKS) == 1 })
	check(t, conn.Close())
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.Fault{})
	w.wantStatus(200, w.bearer(w.access(nil)))
	if n := w.cognito.Requests(cognitolocal.EndpointJWKS); n != 1 {
		t.Errorf("expected one fetch, got %d", n)
	}
}

func (w *world) storedKeys() []string {
	w.Helper()
	files, err := filepath.Glob(filepath.Join(w.dir, "storage", "cognito", "keys", "*.json"))
	check(w.T, err)
	return files
}

func TestRestartDuringAnOutageVerifiesFromStorage(t *testing.T) {
	w := started(t, setup{site: protected})
	w.wantStatus(200, w.bearer(w.access(nil)))
	eventually(t, "the keys are stored", func() bool { return len(w.storedKeys()) == 1 })
	check(t, edge.Stop())
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultHang())
	w.load(setup{site: protected})
	w.wantStatus(200, w.bearer(w.access(nil)))
	w.wantStatus(200, w.bearer(w.access(nil)))
}

// TestStoredKeysOfOthersAreNotBelieved: what stands in the storage must be a key
// set of this URL, of a known and recent time.
func TestStoredKeysOfOthersAreNotBelieved(t *testing.T) {
	w := newWorld(t)
	evil := evilPool(t, w.pool.Issuer())
	forged, err := evil.Pool().AccessToken("jo", webClient, nil)
	check(t, err)
	document, err := evil.Pool().JWKS()
	check(t, err)
	w.load(setup{site: protected})
	w.wantStatus(200, w.bearer(w.access(nil)))
	eventually(t, "the keys are stored", func() bool { return len(w.storedKeys()) == 1 })
	file := w.storedKeys()[0]
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultStatus(500))
	entry := func(url string, fetched time.Time) string {
		return fmt.Sprintf(`{"url":%q,"fetched":%q,"jwks":%s}`, url, fetched.Format(time.RFC3339), document)
	}
	for name, text := range map[string]string{
		"of another URL": entry(evil.Pool().JWKSURL(), time.Now()), "of the future": entry(w.pool.JWKSURL(), time.Now().Add(time.Hour)),
		"of long ago": entry(w.pool.JWKSURL(), time.Now().Add(-48*time.Hour)), "of no time": entry(w.pool.JWKSURL(), time.Time{}),
		"garbage": "{", "nothing": "", "without keys": strings.Replace(entry(w.pool.JWKSURL(), time.Now()), string(document), `{"keys":[]}`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, pool: w.pool, upstream: w.upstream, web: w.web}
			check(t, edge.Stop())
			check(t, os.WriteFile(file, []byte(text), 0o600))
			w.load(setup{site: protected})
			w.wantStatus(503, w.bearer(forged))
		})
	}
}

func TestPinnedKeysServeAStartWithoutNetwork(t *testing.T) {
	w := newWorld(t)
	document, err := w.pool.JWKS()
	check(t, err)
	check(t, os.WriteFile(filepath.Join(w.dir, "jwks.json"), document, 0o600))
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultHang())
	w.load(setup{site: protected, pool: "jwks_file $DIR/jwks.json"})
	w.wantStatus(200, w.bearer(w.access(nil)))
}

// TestHugeKeySetIsNotReadToItsEnd: of its 64 MiB the edge keeps a bounded part.
func TestHugeKeySetIsNotReadToItsEnd(t *testing.T) {
	w := newWorld(t)
	w.loadAndFetch(setup{site: protected})
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultHuge())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w.wantStatus(502, w.refresh())
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 32<<20 {
		t.Errorf("expected a bounded body, got %d bytes allocated", spent)
	}
	w.wantStatus(200, w.bearer(w.access(nil)))
}

// TestServerThatIsGone is an outage with nobody listening.
func TestServerThatIsGone(t *testing.T) {
	w := newWorld(t)
	w.load(withOtherSite(setup{site: protected}))
	token := w.access(nil)
	w.wantStatus(200, w.bearer(token))
	check(t, w.cognito.Close())
	w.wantStatus(502, w.refresh())
	w.wantStatus(200, w.bearer(token))
	w.wantStatus(200, w.bearer(w.access(nil)))
	w.wantStatus(200, w.other())
}
