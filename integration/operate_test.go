package integration_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func init() { caddy.RegisterModule(eventRecorder{}) }

// eventRecorder is an event handler that remembers what it was told.
type eventRecorder struct{}

// recorded are the events of the running test.
var recorded struct {
	mu     sync.Mutex // guards events
	events []caddy.Event
}

func (eventRecorder) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "events.handlers.test_recorder", New: func() caddy.Module { return new(eventRecorder) }}
}

func (*eventRecorder) UnmarshalCaddyfile(*caddyfile.Dispenser) error { return nil }

func (*eventRecorder) Handle(_ context.Context, e caddy.Event) error {
	recorded.mu.Lock()
	defer recorded.mu.Unlock()
	recorded.events = append(recorded.events, e)
	return nil
}

var _ caddyevents.Handler = (*eventRecorder)(nil)

// eventsNamed are the data of the events of a name since the test began.
func eventsNamed(name string) (found []map[string]any) {
	recorded.mu.Lock()
	defer recorded.mu.Unlock()
	for _, event := range recorded.events {
		if event.Name() == name {
			found = append(found, event.Data)
		}
	}
	return found
}

func TestEventsTellOfKeys(t *testing.T) {
	recorded.mu.Lock()
	recorded.events = nil
	recorded.mu.Unlock()
	w := newWorld(t)
	w.loadAndFetch(setup{site: protected, global: "events {\non cognito_keys_changed test_recorder\n" +
		"on cognito_keys_unavailable test_recorder\non cognito_keys_recovered test_recorder\n}"})
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultStatus(500))
	w.wantStatus(502, w.refresh())
	w.wantStatus(502, w.refresh())
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.Fault{})
	check(t, w.pool.RotateKeys())
	w.wantStatus(200, w.refresh())
	for name, want := range map[string]int{"cognito_keys_changed": 2, "cognito_keys_unavailable": 1, "cognito_keys_recovered": 1} {
		eventually(t, name+" comes", func() bool { return len(eventsNamed(name)) == want })
		for _, data := range eventsNamed(name) {
			if data["pool"] != "main" || data["issuer"] != w.pool.Issuer() {
				t.Errorf("%s: expected pool and issuer, got %v", name, data)
			}
		}
	}
}

func TestAdminStatusAndRefresh(t *testing.T) {
	w := started(t, setup{site: protected})
	token := w.access(nil)
	w.wantStatus(200, w.bearer(token))
	pools := w.pools()
	if len(pools) != 1 {
		t.Fatalf("expected 1 pool, got %v", pools)
	}
	pool := pools[0].(map[string]any)
	if pool["pool"] != "main" || pool["user_pool_id"] != w.pool.ID() || pool["cached_tokens"] != 1.0 {
		t.Errorf("expected pool main with a token, got %v", pool)
	}
	set := pool["key_sets"].([]any)[0].(map[string]any)
	if set["issuer"] != w.pool.Issuer() || set["trusted"] != true || len(set["key_ids"].([]any)) != 2 || set["fetched"] == nil {
		t.Errorf("expected 2 trusted keys, got %v", set)
	}
	admin := func(method, path string, want int) answer {
		got := roundTrip(t, w.admin, method, "http://admin"+path, "")
		w.wantStatus(want, got)
		return got
	}
	admin(http.MethodPost, "/cognito/status", 405)
	admin(http.MethodGet, "/cognito/refresh", 405)
	admin(http.MethodPost, "/cognito/refresh?pool=nosuch", 404)
	admin(http.MethodPost, "/cognito/refresh?pool=main", 200)
	admin(http.MethodGet, "/cognito/status/x", 404)
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultGarbage())
	got := admin(http.MethodPost, "/cognito/refresh", 502)
	if strings.Contains(got.body, token) || !strings.Contains(got.body, "pool main") {
		t.Errorf("expected the pool's name in the error, got %q", got.body)
	}
}

func TestMetricsSurviveReloads(t *testing.T) {
	w := started(t, setup{site: protected})
	count := func(labels string) int {
		return int(w.metric("caddy_cognito_tokens_verified_total", labels))
	}
	results := map[string]func(){
		`pool="main",result="ok",token_use="access"`: func() { w.bearer(w.access(nil)) },
		`pool="main",result="missing",token_use=""`:  func() { w.get("/") },
		`pool="main",result="expired",token_use=""`:  func() { w.bearer(w.access(with("exp", 1))) },
		`pool="main",result="client",token_use=""`:   func() { w.bearer(w.access(with("client_id", otherClient))) },
	}
	for labels, request := range results {
		before := count(labels)
		request()
		w.reload(setup{site: protected})
		request()
		if n := count(labels) - before; n != 2 {
			t.Errorf("%s: expected 2 more, got %d", labels, n)
		}
	}
	issuer := `issuer="` + w.pool.Issuer() + `",pool="main"`
	if n := w.metric("caddy_cognito_jwks_keys", issuer); n != 2 {
		t.Errorf("expected 2 keys, got %v", n)
	}
	eventually(t, "the only fetch is counted, after its keys were stored", func() bool {
		return w.metric("caddy_cognito_jwks_fetches_total", issuer) == 1
	})
	if n := w.metric("caddy_cognito_jwks_last_success_timestamp_seconds", issuer); n < 1.7e9 {
		t.Errorf("expected a time, got %v", n)
	}
}
