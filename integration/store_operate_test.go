package integration_test

import (
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// tryReload replaces the running configuration, or tells why not.
func (w *storeWorld) tryReload(s setup) error {
	w.Helper()
	w.web.CloseIdleConnections()
	return edge.Load(w.caddyfile(w.with(s)))
}

// exchangesShown are the exchanges that the admin API shows.
func (w *storeWorld) exchangesShown() []any {
	w.Helper()
	got := roundTrip(w.T, w.admin, http.MethodGet, "http://admin/cognito/status", "")
	w.wantStatus(200, got)
	shown, _ := decode(w.T, got.body)["credentials"].([]any)
	return shown
}

func TestReloadsKeepCredentialsAndLeakNothing(t *testing.T) {
	w := newStoreWorld(t)
	s := setup{site: bucketSite(), level: "INFO"}
	w.run(s)
	w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
	check(t, w.tryReload(s))
	w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
	before := settledGoroutines(t)
	for range 50 {
		check(t, w.tryReload(s))
		w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
	}
	if n := w.exchanges(); n != 1 {
		t.Errorf("expected 1 exchange over all reloads, got %d", n)
	}
	if n := len(w.exchangesShown()); n != 1 {
		t.Errorf("expected 1 exchange in use, got %d", n)
	}
	w.tap.hangUp() // Caddy leaves idle connections of old proxies to their timeout
	eventually(t, "the goroutines of old configurations end", func() bool {
		w.web.CloseIdleConnections()
		w.tap.hangUp()
		return runtime.NumGoroutine() <= before+10
	})
	check(t, edge.Stop())
	eventually(t, "no goroutine of ours is left", func() bool { return !oursOrCredentials.MatchString(stacks()) })
}

var oursOrCredentials = regexp.MustCompile(`github\.com/caddy-cognito/caddy-cognito/(plugin|verifier|caddyfile|credentials)[./]`)

// TestAnotherConfigurationOfAnExchangeIsAnotherExchange: nobody keeps a role that
// was taken from the configuration.
func TestAnotherConfigurationOfAnExchangeIsAnotherExchange(t *testing.T) {
	w := newStoreWorld(t)
	w.run(setup{site: bucketSite()})
	w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
	media := w.media
	w.media = strings.Replace(media, "user_pool main", "user_pool main\ngroup_role kings "+readerRole, 1)
	check(t, w.tryReload(setup{site: bucketSite()}))
	eventually(t, "jo has no role any more", func() bool { return w.as("jo", "GET", "/app.js", "").status == 403 })
	eventually(t, "the old exchange is gone", func() bool { return len(w.exchangesShown()) == 1 })
	w.media = media
	check(t, w.tryReload(setup{site: bucketSite()}))
	eventually(t, "jo has a role again", func() bool { return w.as("jo", "GET", "/app.js", "").status == 200 })
}

// TestAFailedReloadCostsNoCredentials: the running configuration goes on with them,
// while nobody could get new ones.
func TestAFailedReloadCostsNoCredentials(t *testing.T) {
	w := newStoreWorld(t)
	good := setup{site: bucketSite()}
	w.run(good)
	w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
	w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.FaultHang())
	for name, bad := range map[string]setup{
		"an exchange that is not there": {site: strings.ReplaceAll(bucketSite(), "credentials media", "credentials nosuch")},
		"another exchange beside it":    {site: "cognito_auth nosuch\n" + bucketSite(), pools: "web_identity more http://127.0.0.1:1 {\nuser_pool main\nrole_arn " + readerRole + "\n}\n"},
		"a transport that cannot be":    {site: bucketSite("transport {\ntls_trust_pool file $DIR/nosuch.pem\n}")},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.row(t)
			if err := w.tryReload(bad); err == nil {
				t.Error("expected the configuration to fail")
			}
			w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
		})
	}
	check(t, w.tryReload(good))
	w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
	if n := len(w.exchangesShown()); n != 1 {
		t.Errorf("expected 1 exchange in use, got %d", n)
	}
}

func TestStatusAndMetricsOfExchanges(t *testing.T) {
	w := newStoreWorld(t)
	w.run(setup{site: bucketSite()})
	shown := w.exchangesShown()
	if len(shown) != 1 {
		t.Fatalf("expected 1 exchange, got %v", shown)
	}
	first := shown[0].(map[string]any)
	if first["name"] != "media" || first["provider"] != "identity_pool" || first["entries"] != 0.0 || first["last_exchange"] != nil || first["next_expiry"] != nil {
		t.Errorf("expected an exchange that nobody has used, got %v", first)
	}
	const labels = `credentials="media",provider="identity_pool"`
	count := func(result string) int {
		return int(w.metric("caddy_cognito_credential_exchanges_total", labels+`,result="`+result+`"`))
	}
	ok, down, timed := count("ok"), count("unavailable"), w.metric("caddy_cognito_credential_exchange_duration_seconds_count", labels)
	for _, user := range []string{"jo", "mo", "jo"} {
		w.wantStatus(200, w.as(user, "GET", "/app.js", ""))
	}
	w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.FaultStatus(500))
	w.wantStatus(503, w.get("/app.js", "Authorization: Bearer "+w.idToken("jo", with("sub", "00000000-0000-4000-8000-000000000000"))))
	if n := count("ok") - ok; n != 2 {
		t.Errorf("expected 2 exchanges, got %d", n)
	}
	if n := count("unavailable") - down; n != 1 {
		t.Errorf("expected 1 failure, got %d", n)
	}
	if n := w.metric("caddy_cognito_credential_exchange_duration_seconds_count", labels) - timed; n != 3 {
		t.Errorf("expected 3 to be timed, got %v", n)
	}
	if n := w.metric("caddy_cognito_credential_cache_entries", labels); n < 2 || n > 3 {
		t.Errorf("expected 2 users, and perhaps a place for the third, got %v", n)
	}
	last := w.exchangesShown()[0].(map[string]any)
	if text, _ := last["last_error"].(string); !strings.Contains(text, "500") || last["entries"] != 2.0 {
		t.Errorf("expected two users with credentials, and the error of the third, got %v", last)
	}
	if last["last_result"] != "unavailable" || last["oldest_obtained"] == nil || last["next_expiry"] == nil || last["last_exchange"] == nil {
		t.Errorf("expected ages and the last outcome, got %v", last)
	}
	ok = count("ok")
	check(t, w.tryReload(setup{site: bucketSite()}))
	if n := count("ok"); n != ok {
		t.Errorf("expected counts to survive a reload, got %d for %d", n, ok)
	}
}

func TestEventsTellOfExchanges(t *testing.T) {
	recorded.mu.Lock()
	recorded.events = nil
	recorded.mu.Unlock()
	w := newStoreWorld(t)
	w.run(setup{site: bucketSite(), global: "events {\non cognito_credentials_unavailable test_recorder\non cognito_credentials_recovered test_recorder\n}"})
	w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.FaultStatus(500))
	w.wantStatus(503, w.as("jo", "GET", "/app.js", ""))
	w.wantStatus(503, w.as("mo", "GET", "/app.js", ""))
	w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.Fault{})
	eventually(t, "jo is served", func() bool { return w.as("jo", "GET", "/app.js", "").status == 200 })
	for _, name := range []string{"cognito_credentials_unavailable", "cognito_credentials_recovered"} {
		eventually(t, name+" comes", func() bool { return len(eventsNamed(name)) == 1 })
		if data := eventsNamed(name)[0]; data["credentials"] != "media" || data["provider"] != "identity_pool" {
			t.Errorf("%s: expected the exchange's name, got %v", name, data)
		}
	}
}

// TestPlaceholdersOfTheStore are for handlers behind the store's, such as the
// access log's.
func TestPlaceholdersOfTheStore(t *testing.T) {
	w := newStoreWorld(t)
	w.run(setup{site: "log_append identity {http.cognito.identity_id}\nlog_append reason {http.cognito.reason}\n" + bucketSite()})
	w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
	w.wantStatus(400, w.send("GET", "/app.js?acl", ""))
	var identity, reason, user bool
	for _, line := range w.logLines() {
		if line["msg"] == "handled request" {
			identity = identity || line["identity"] == w.identityOf("jo")
			reason = reason || line["reason"] == "store_request"
			user = user || line["user_id"] == w.sub("jo")
		}
	}
	if !identity || !reason || !user {
		t.Errorf("expected identity, reason and user in the access log, got %v, %v and %v", identity, reason, user)
	}
}
