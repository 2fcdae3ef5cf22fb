package verifier_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

type waiterKey struct{}

// TestWaitIsToldOfTokensThatWait, with their own context and what came of it, and of
// no others.
func TestWaitIsToldOfTokensThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, ended := 0, []error(nil)
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{Wait: func(ctx context.Context) func(error) {
			if began++; ctx.Value(waiterKey{}) == nil {
				t.Error("expected the context of the caller")
			}
			return func(err error) { ended = append(ended, err) }
		}})
		ask := func(id string) {
			_, _ = set.Key(context.WithValue(t.Context(), waiterKey{}, true), id)
		}
		expectKey(t, set, "k1")
		ask("k1")
		ask("cooling-down")
		time.Sleep(time.Hour) // with its refreshes
		synctest.Wait()
		if began != 0 {
			t.Fatalf("expected nobody to wait, got %d", began)
		}
		time.Sleep(verifier.DefaultCooldown)
		iss.answer(keySetOf(newSigner(t, "k1"), newSigner(t, "k2")))
		ask("k2")
		time.Sleep(verifier.DefaultCooldown)
		ask("k3")
		time.Sleep(verifier.DefaultCooldown)
		iss.answer("rubbish")
		ask("k4")
		if began != 3 || len(ended) != 3 || ended[0] != nil || !errors.Is(ended[1], verifier.ErrUnknownKey) {
			t.Fatalf("expected a key, an unknown one and an outage, got %v", ended)
		}
		expectUnavailable(t, ended[2])
	})
}
