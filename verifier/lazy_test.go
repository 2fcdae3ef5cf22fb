package verifier_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

func TestALazySetWaitsForAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{Lazy: true})
		time.Sleep(time.Hour)
		expectFetches(t, iss, 0)
		expectKey(t, set, "k1")
		expectFetches(t, iss, 1)
		time.Sleep(time.Hour) // from then on it is kept fresh
		if iss.count() < 4 {
			t.Errorf("expected a fetch every quarter of an hour, got %d in all", iss.count())
		}
	})
}

// Anybody can make a token that names the issuer that a pool does not use.
// Cognito answers 403 for its keys.
func TestALazySetThatIsNotInUseKnowsNoKeys(t *testing.T) {
	for _, row := range []struct {
		name   string
		lazy   bool
		status int
		want   error // nil: unavailable
	}{
		{"the issuer is not there", true, http.StatusForbidden, verifier.ErrUnknownKey},
		{"the issuer is not found", true, http.StatusNotFound, verifier.ErrUnknownKey},
		{"the issuer throttles", true, http.StatusTooManyRequests, nil},
		{"the issuer fails", true, http.StatusServiceUnavailable, nil},
		{"an issuer that is in use is refused", false, http.StatusForbidden, nil},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			iss := newFakeIssuer("")
			iss.set(replyWith(row.status, ""))
			set := iss.open(t, verifier.RemoteOptions{Lazy: row.lazy})
			err := keyError(set, "k1")
			if row.want == nil {
				expectUnavailable(t, err)
			} else {
				expectReason(t, err, row.want)
			}
			if before := iss.count(); row.lazy {
				time.Sleep(10 * time.Minute)
				if iss.count() != before {
					t.Errorf("expected no fetch that no token asks for, got %d", iss.count()-before)
				}
			}
		})
	}
}

func TestALazySetThatWasInUseIsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{Lazy: true})
		expectKey(t, set, "k1")
		iss.set(replyWith(http.StatusForbidden, ""))
		time.Sleep(verifier.DefaultCooldown)
		expectUnavailable(t, keyError(set, "k2"))
		expectKey(t, set, "k1")
	})
}

func TestStoredKeysAreNewerThanPinnedOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss, store := newFakeIssuer(""), newMemory()
		iss.fail()
		store.kept[jwksURL] = storedAgo(jwksURL, time.Hour, keySetOf(newSigner(t, "k2")))
		set := iss.open(t, verifier.RemoteOptions{Store: store, Pinned: parseKeys(t, newSigner(t, "k1"))})
		expectKey(t, set, "k2")
	})
}

// stuckStore returns when the test says so, whatever its context.
type stuckStore struct{ release chan struct{} }

func (s stuckStore) Load(ctx context.Context, _ string) ([]byte, error) {
	return nil, http.ErrNoLocation
}

func (s stuckStore) Save(ctx context.Context, _ string, _ []byte) error {
	<-s.release
	return nil
}

func TestCloseDoesNotWaitForAStoreForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := stuckStore{make(chan struct{})}
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.newSet(t, verifier.RemoteOptions{Store: store})
		set.Start()
		expectKey(t, set, "k1")
		began := time.Now()
		if err := set.Close(); err == nil {
			t.Error("expected an error, since the store does not return")
		}
		if waited := time.Since(began); waited != verifier.DefaultFetchTimeout {
			t.Errorf("expected Close to wait for the fetch timeout, got %v", waited)
		}
		close(store.release)
	})
}
