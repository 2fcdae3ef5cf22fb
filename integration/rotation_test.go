package integration_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestRotationIsPickedUpByTheFirstTokenOfTheNewKey(t *testing.T) {
	w := started(t, setup{site: protected, pool: "cooldown 1ms"})
	before := w.access(nil)
	w.wantStatus(200, w.bearer(before))
	check(t, w.pool.RotateKeys())
	w.wantStatus(200, w.bearer(w.access(nil)))
	w.wantStatus(200, w.bearer(before)) // the old key is still published
	if n := w.cognito.Requests(cognitolocal.EndpointJWKS); n != 2 {
		t.Errorf("expected 2 fetches, got %d", n)
	}
}

func TestRotationDuringTheCooldownWaitsForARefresh(t *testing.T) {
	w := started(t, setup{site: protected, pool: "cooldown 1h"})
	w.wantStatus(200, w.bearer(w.access(nil)))
	check(t, w.pool.RotateKeys())
	token := w.access(nil)
	w.wantStatus(401, w.bearer(token))
	w.wantStatus(200, w.refresh())
	w.wantStatus(200, w.bearer(token)) // the refusal was not remembered
}

func TestRotationIsFoundByTheRefreshInTheBackground(t *testing.T) {
	w := started(t, setup{site: protected, pool: "cooldown 1h\nrefresh_interval 50ms"})
	w.wantStatus(200, w.bearer(w.access(nil)))
	check(t, w.pool.RotateKeys())
	token := w.access(nil)
	eventually(t, "the new key is known", func() bool { return w.bearer(token).status == 200 })
}

// TestWithdrawnKeyDiesWithTheNextFetch, together with the verified tokens that it
// signed.
func TestWithdrawnKeyDiesWithTheNextFetch(t *testing.T) {
	w := started(t, refusing(""))
	cached, uncached := w.access(nil), w.access(nil)
	w.wantStatus(200, w.bearer(cached))
	check(t, w.pool.RotateKeys())
	w.pool.DropOldKeys()
	w.wantStatus(200, w.bearer(cached)) // nobody has told us yet
	w.wantStatus(200, w.refresh())
	for _, token := range []string{cached, uncached} {
		got := w.bearer(token)
		w.wantStatus(401, got)
		if got.header.Get("X-Reason") != "unknown_key" {
			t.Errorf("expected unknown_key, got %q", got.header.Get("X-Reason"))
		}
	}
	w.wantStatus(200, w.bearer(w.access(nil)))
}

// TestKeyIDThatChangesItsKeyEndsOldTokens: the kid stayed, the key did not.
func TestKeyIDThatChangesItsKeyEndsOldTokens(t *testing.T) {
	w := started(t, refusing(""))
	token := w.access(nil)
	w.wantStatus(200, w.bearer(token))
	evil, err := cognitolocal.NewKeys()
	check(t, err)
	kid := w.pool.KeyID(cognitolocal.AccessToken)
	w.pool.PublishOnly(w.pool.KeyID(cognitolocal.IDToken))
	check(t, w.pool.PublishExtra(entry(t, jwkOf(&evil.Access.PublicKey, map[string]any{"kid": kid}))))
	w.wantStatus(200, w.refresh())
	w.wantStatus(401, w.bearer(token))
}

// TestKeySetWithTwoKeysOfOneIDIsRefused, and the last good one serves on.
func TestKeySetWithTwoKeysOfOneIDIsRefused(t *testing.T) {
	w := started(t, setup{site: protected})
	w.wantStatus(200, w.bearer(w.access(nil)))
	evil, err := cognitolocal.NewKeys()
	check(t, err)
	kid := w.pool.KeyID(cognitolocal.AccessToken)
	check(t, w.pool.PublishExtra(entry(t, jwkOf(&evil.Access.PublicKey, map[string]any{"kid": kid}))))
	w.wantStatus(502, w.refresh())
	w.wantStatus(200, w.bearer(w.access(nil)))
	forged := forge{w}.own(evil.Access, forge{w}.claims(), nil)
	w.wantStatus(401, w.bearer(forged))
}

// TestFloodOfUnknownKeysIsNoFloodOfFetches: at most one per cool-down, however
// many key IDs anybody makes up.
func TestFloodOfUnknownKeysIsNoFloodOfFetches(t *testing.T) {
	w := started(t, setup{site: protected, level: "INFO", pool: "cooldown 1h"})
	w.wantStatus(200, w.bearer(w.access(nil)))
	var all sync.WaitGroup
	_, payload, signature := forge{w}.parts()
	for worker := range 4 {
		all.Go(func() {
			for i := range 2500 {
				kid := b64(fmt.Appendf(nil, `{"alg":"RS256","kid":"made-up-%d-%d"}`, worker, i))
				got, err := try(t, w.web, http.MethodGet, "http://edge/", "", "Authorization: Bearer "+kid+"."+payload+"."+signature)
				if err != nil || got.status != 401 {
					t.Errorf("expected 401, got %d, %v", got.status, err)
					return
				}
			}
		})
	}
	all.Wait()
	if n := w.cognito.Requests(cognitolocal.EndpointJWKS); n != 1 {
		t.Errorf("expected 1 fetch, got %d", n)
	}
	w.wantStatus(200, w.bearer(w.access(nil)))
}

// TestFloodBeforeAnyKeyIsNoFloodOfFetches: the pauses after failures bound it.
func TestFloodBeforeAnyKeyIsNoFloodOfFetches(t *testing.T) {
	w := newWorld(t)
	w.cognito.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultStatus(500))
	w.load(setup{site: protected, level: "INFO"})
	token := w.access(nil)
	for range 500 {
		w.wantStatus(503, w.bearer(token))
	}
	if n := w.cognito.Requests(cognitolocal.EndpointJWKS); n > 4 {
		t.Errorf("expected a few fetches, got %d", n)
	}
}
