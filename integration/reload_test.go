package integration_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// TestReloadUnderLoadCostsNoRequestMoreThanWithoutThePlugin: as Caddy reloads it
// drops connections, fresh ones too. A request may therefore be tried again, but
// an answer other than 200 is never its fault.
func TestReloadUnderLoadCostsNoRequestMoreThanWithoutThePlugin(t *testing.T) {
	w := newWorld(t)
	token := w.access(nil)
	without := w.failuresUnderReload(setup{site: "reverse_proxy $UPSTREAM", level: "INFO"}, token)
	with := w.failuresUnderReload(setup{site: protected, level: "INFO"}, token)
	if with > without {
		t.Errorf("expected at most %d failures as without the plugin, got %d", without, with)
	}
}

func (w *world) failuresUnderReload(s setup, token string) (failures int) {
	w.Helper()
	w.load(s)
	done := make(chan struct{})
	counts := make([]int, 4)
	var all sync.WaitGroup
	for i := range counts {
		all.Go(func() { counts[i] = w.hammer(done, token) })
	}
	for range 30 {
		check(w.T, edge.Load(w.caddyfile(s)))
	}
	close(done)
	all.Wait()
	for _, n := range counts {
		failures += n
	}
	return failures
}

// hammerPatience ends what Caddy and Go can do to each other: a reload duplicates a
// Unix socket, which makes it block for a moment, and an Accept of just then blocks
// until somebody connects; closing that listener waits for it, with a lock that the
// next listener needs. The next connection, of a request that is tried again, ends it.
const hammerPatience = 5 * time.Second

// hammer sends requests until done and counts those that failed.
func (w *world) hammer(done <-chan struct{}, token string) (failures int) {
	client := edge.Client(filepath.Join(w.dir, "site.sock"))
	client.Timeout = hammerPatience
	defer client.CloseIdleConnections()
	for {
		select {
		case <-done:
			return failures
		default:
		}
		if !w.served(client, token) {
			failures++
		}
	}
}

// served tries again when the connection was dropped, four times in all.
func (w *world) served(client *http.Client, token string) bool {
	for range 4 {
		got, err := try(w.T, client, http.MethodGet, "http://edge/", "", "Authorization: Bearer "+token)
		if err == nil {
			return got.status == http.StatusOK
		}
		client.CloseIdleConnections()
	}
	return false
}

// TestReloadsKeepKeysAndTokensAndLeakNothing: fifty of them. There is no
// reverse_proxy, whose old idle connections Caddy leaves to their timeout.
func TestReloadsKeepKeysAndTokensAndLeakNothing(t *testing.T) {
	w := newWorld(t)
	s := setup{site: "cognito_auth main\nrespond ok", level: "INFO"}
	token := w.access(nil)
	w.load(s)
	w.wantStatus(200, w.bearer(token))
	w.reload(s)
	hits, misses := w.verified("hit"), w.verified("miss")
	before := settledGoroutines(t)
	for range 50 {
		w.reload(s)
		w.wantStatus(200, w.bearer(token))
	}
	if n := w.verified("hit") - hits; n != 50 {
		t.Errorf("expected 50 cache hits, got %d", n)
	}
	if n := w.verified("miss") - misses; n != 0 {
		t.Errorf("expected no cache miss, got %d", n)
	}
	if n := w.cognito.Requests(cognitolocal.EndpointJWKS); n != 1 {
		t.Errorf("expected 1 fetch of keys, got %d", n)
	}
	eventually(t, "the goroutines of old configurations end", func() bool {
		w.web.CloseIdleConnections()
		return runtime.NumGoroutine() <= before+10
	})
}

// settledGoroutines is their number when it has stopped to change.
func settledGoroutines(t *testing.T) int {
	t.Helper()
	last, same := 0, 0
	eventually(t, "the number of goroutines settles", func() bool {
		if n := runtime.NumGoroutine(); n == last {
			same++
		} else {
			last, same = n, 0
		}
		return same > 20
	})
	return last
}

// metric is the sum of a metric's samples whose labels match.
func (w *world) metric(name, labels string) (sum float64) {
	w.Helper()
	got := roundTrip(w.T, w.admin, http.MethodGet, "http://admin/metrics", "")
	w.wantStatus(200, got)
	sample := regexp.MustCompile(`(?m)^` + name + `\{([^}]*)\} (\S+)$`)
	for _, match := range sample.FindAllStringSubmatch(got.body, -1) {
		if strings.Contains(match[1], labels) {
			value, err := strconv.ParseFloat(match[2], 64)
			check(w.T, err)
			sum += value
		}
	}
	return sum
}

func (w *world) verified(cache string) int {
	w.Helper()
	return int(w.metric("caddy_cognito_token_verify_duration_seconds_count", `cache="`+cache+`",pool="main"`))
}

// TestFailedReloadHurtsNothing: the running configuration goes on, with its keys
// and tokens, while nobody could fetch new ones.
func TestFailedReloadHurtsNothing(t *testing.T) {
	good := setup{site: protected}
	failing := func(change func(*setup)) setup {
		s := good
		change(&s)
		return s
	}
	rows := []struct {
		name string
		bad  setup
	}{
		{"an unknown pool", failing(func(s *setup) { s.site = "cognito_auth nosuch\n" + s.site })},
		{"a jwks_file that is not there", failing(func(s *setup) { s.pool = "jwks_file $DIR/nosuch.json" })},
		{"a jwks_file without keys", failing(func(s *setup) { s.pool = "jwks_file $DIR/empty.json" })},
		{"a placeholder without a value", failing(func(s *setup) { s.pool = "audience {env.NO_SUCH_VARIABLE}" })},
		{"a bad issuer", failing(func(s *setup) { s.pool = "issuer {env.HOME}" })},
		{"an inline pool beside a bad one", failing(func(s *setup) {
			s.site = "cognito_auth eu-west-1_AbCdEfGhI " + webClient + "\n" + s.site
			s.pools = "user_pool zzz eu-west-1_ZZZ {\nclient x\njwks_file $DIR/nosuch.json\n}"
		})},
		{"another module that fails later", failing(func(s *setup) {
			s.more = "http://other {\nbind unix/$DIR/site.sock\nreverse_proxy https://127.0.0.1:1 {\ntransport http {\ntls_trust_pool file $DIR/nosuch.pem\n}\n}\n}"
		})},
		// The last, see below.
		{"an app that cannot start", failing(func(s *setup) { s.more = "http://other {\nbind unix/$DIR/no/such/place.sock\n}" })},
	}
	w := started(t, good)
	check(t, os.WriteFile(filepath.Join(w.dir, "empty.json"), []byte(`{"keys":[]}`), 0o600))
	token := w.access(nil)
	w.wantStatus(200, w.bearer(token))
	misses := w.verified("miss")
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultHang())
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, cognito: w.cognito, pool: w.pool, upstream: w.upstream, web: w.web, admin: w.admin}
			if err := edge.Load(w.caddyfile(row.bad)); err == nil {
				t.Fatal("expected the configuration to fail")
			}
			w.web.CloseIdleConnections()
			w.wantStatus(200, w.bearer(token))
			w.wantStatus(200, w.bearer(w.access(nil))) // and the keys are there
		})
	}
	// On another socket: after a failed start, Caddy 2.11.9 may take the first one
	// for closed and never listen on it again.
	w.web.CloseIdleConnections()
	check(t, edge.Load(strings.ReplaceAll(w.caddyfile(good), "site.sock", "other.sock")))
	w.web = edge.Client(filepath.Join(w.dir, "other.sock"))
	w.wantStatus(200, w.bearer(token))
	// Not asked for in between: after a failed load, Caddy's admin endpoint is
	// already the failed configuration's, with metrics of its own.
	if n := w.verified("miss") - misses; n != len(rows) {
		t.Errorf("expected a cache miss for each new token only, got %d for %d", n, len(rows))
	}
	if n := len(w.pools()); n != 1 {
		t.Errorf("expected 1 pool in use, got %d", n)
	}
}

// pools are those that the admin API shows.
func (w *world) pools() []any {
	w.Helper()
	got := roundTrip(w.T, w.admin, http.MethodGet, "http://admin/cognito/status", "")
	w.wantStatus(200, got)
	pools, _ := decode(w.T, got.body)["user_pools"].([]any)
	return pools
}

// TestChangedPoolReplacesTheOldOne: other settings are another pool, and the old
// one goes away with its goroutines.
func TestChangedPoolReplacesTheOldOne(t *testing.T) {
	w := newWorld(t)
	token := w.access(nil)
	for i := range 5 {
		w.reload(setup{site: protected, pool: fmt.Sprintf("cooldown %ds", 100+i)})
		w.wantStatus(200, w.bearer(token))
		if n := len(w.pools()); n != 1 {
			t.Errorf("expected 1 pool in use, got %d", n)
		}
	}
	eventually(t, "one key set is kept fresh", func() bool { return strings.Count(stacks(), "RemoteKeySet).run(") == 1 })
}

// TestRemovedClientIsRefusedAfterTheReload, although its token was verified.
func TestRemovedClientIsRefusedAfterTheReload(t *testing.T) {
	w := newWorld(t)
	token, err := w.pool.AccessToken("jo", otherClient, nil)
	check(t, err)
	w.load(setup{site: protected, pool: "client " + otherClient})
	w.wantStatus(200, w.bearer(token))
	w.reload(setup{site: protected})
	eventually(t, "the token is refused", func() bool { return w.bearer(token).status == 401 })
}

// ours marks the goroutines of the product in a stack dump; the tests and the
// local pool live below integration.
var ours = regexp.MustCompile(`github\.com/caddy-cognito/caddy-cognito/(plugin|verifier|caddyfile)[./]`)

func stacks() string {
	buf := make([]byte, 4<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// TestStopLeavesNothingBehind, whatever the key set endpoint does meanwhile.
func TestStopLeavesNothingBehind(t *testing.T) {
	for name, fault := range map[string]cognitolocal.Fault{
		"healthy": {}, "hanging": cognitolocal.FaultHang(), "failing": cognitolocal.FaultStatus(500), "huge": cognitolocal.FaultHuge(),
	} {
		t.Run("with the endpoint "+name, func(t *testing.T) {
			w := newWorld(t)
			w.cognito.SetFault(cognitolocal.EndpointJWKS, fault)
			w.load(setup{site: protected, pool: "refresh_interval 10ms\nfetch_timeout 1m"})
			eventually(t, "a fetch begins", func() bool { return w.cognito.Requests(cognitolocal.EndpointJWKS) > 0 })
			check(t, edge.Stop())
			eventually(t, "no goroutine of ours is left", func() bool { return !ours.MatchString(stacks()) })
			// A configuration without pools shows that none is left in use.
			check(t, edge.Load("{\nadmin unix/"+w.dir+"/admin.sock\npersist_config off\n}\nhttp:// {\nbind unix/"+w.dir+"/site.sock\ncognito_strip\n}"))
			if pools := w.pools(); len(pools) != 0 {
				t.Errorf("expected no pool in use, got %v", pools)
			}
		})
	}
}
