package verifier_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

// expectKey wants the key now: without waiting, not even for a fake second.
func expectKey(t testing.TB, set verifier.KeySet, id string) *verifier.Key {
	t.Helper()
	began := time.Now()
	key, err := set.Key(context.Background(), id)
	if err != nil {
		t.Fatalf("expected key %q, got %v", id, err)
	}
	if waited := time.Since(began); waited != 0 {
		t.Fatalf("expected key %q at once, waited %v", id, waited)
	}
	return key
}

func keyError(set verifier.KeySet, id string) error {
	_, err := set.Key(context.Background(), id)
	return err
}

func expectFetches(t testing.TB, iss *fakeIssuer, want int) {
	t.Helper()
	synctest.Wait()
	if got := iss.count(); got != want {
		t.Fatalf("expected %d fetches, got %d", want, got)
	}
}

// Rule 1 and 2: readers use what is there, also when it is stale and every
// refresh hangs.
func TestReadersOfAKnownKeyNeverWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{})
		iss.hang()
		for range 3_000 { // from fresh through several refreshes that hang
			expectKey(t, set, "k1")
			time.Sleep(time.Second)
		}
		if got := iss.count(); got < 3 {
			t.Errorf("expected several attempts to refresh, got %d", got)
		}
	})
}

// Rule 2: without the background, a reader of stale keys starts one refresh.
func TestAStaleKeyStartsOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		set := iss.newSet(t, verifier.RemoteOptions{Pinned: parseKeys(t, newSigner(t, "k1"))}) // not started
		iss.answerAfter(time.Second, keySetOf(newSigner(t, "k1")))
		for range 100 {
			expectKey(t, set, "k1")
		}
		expectFetches(t, iss, 1)
		time.Sleep(time.Minute)
		expectKey(t, set, "k1") // fresh now
		expectFetches(t, iss, 1)
	})
}

// Rule 3: all who miss the same set share one fetch.
func TestUnknownKeysJoinOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{})
		time.Sleep(verifier.DefaultCooldown)
		iss.answerAfter(time.Second, keySetOf(newSigner(t, "k1"), newSigner(t, "k2"), newSigner(t, "k3")))
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				if _, err := set.Key(context.Background(), fmt.Sprintf("k%d", 2+i%2)); err != nil {
					t.Errorf("expected the key, got %v", err)
				}
			})
		}
		group.Wait()
		expectFetches(t, iss, 2)
	})
}

// Rule 3 and 5: a flood of made-up key IDs must not become a flood of fetches.
func TestTenThousandUnknownKeysCauseOneFetchPerCooldown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{})
		flood := func() {
			var group sync.WaitGroup
			for i := range 10_000 {
				group.Go(func() {
					if err := keyError(set, fmt.Sprintf("made-up-%d", i)); !errors.Is(err, verifier.ErrUnknownKey) {
						t.Errorf("expected %v, got %v", verifier.ErrUnknownKey, err)
					}
				})
			}
			group.Wait()
		}
		flood()
		expectFetches(t, iss, 1) // the one at the start began the cool-down
		time.Sleep(verifier.DefaultCooldown - time.Nanosecond)
		flood()
		expectFetches(t, iss, 1)
		time.Sleep(time.Nanosecond)
		flood()
		expectFetches(t, iss, 2)
		flood()
		expectFetches(t, iss, 2)
	})
}

// Rule 4: the fetch belongs to the set.
func TestACancelEndsNeitherTheFetchNorOtherWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{})
		time.Sleep(verifier.DefaultCooldown)
		iss.answerAfter(2*time.Second, keySetOf(newSigner(t, "k2")))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() { // starts the fetch, then leaves
			if _, err := set.Key(ctx, "k2"); err != context.DeadlineExceeded {
				t.Errorf("expected %v, got %v", context.DeadlineExceeded, err)
			}
		})
		synctest.Wait()
		group.Go(func() {
			if _, err := set.Key(context.Background(), "k2"); err != nil {
				t.Errorf("expected the key, got %v", err)
			}
		})
		group.Wait()
		expectFetches(t, iss, 2)
	})
}

func TestAFetchGoesOnWhenNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{})
		time.Sleep(verifier.DefaultCooldown)
		iss.answerAfter(time.Second, keySetOf(newSigner(t, "k2")))
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		if _, err := set.Key(ctx, "k2"); err != context.DeadlineExceeded {
			t.Fatalf("expected %v, got %v", context.DeadlineExceeded, err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		expectKey(t, set, "k2")
	})
}

// Rule 5 and 7: an answer that is not a healthy key set changes nothing, and it
// does not start the cool-down, which would refuse good tokens.
func TestABadAnswerKeepsTheKeys(t *testing.T) {
	k1, k9 := newSigner(t, "k1"), newSigner(t, "k9")
	rogue := keySetOf(newKeySigner(t, "k1"), k9)
	moved := func(location string) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			if r.URL.String() == location {
				return replyWith(http.StatusOK, rogue)(r)
			}
			return replyWith(http.StatusFound, "", "Location", location)(r)
		}
	}
	var many []*verifiertest.Signer
	for i := range 65 {
		many = append(many, newSigner(t, fmt.Sprintf("k%d", i)))
	}
	for _, row := range []struct {
		name  string
		reply func(*http.Request) (*http.Response, error)
	}{
		{"no connection", func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }},
		{"no answer in time", func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }},
		{"status 503", replyWith(http.StatusServiceUnavailable, rogue)},
		{"status 404", replyWith(http.StatusNotFound, rogue)},
		{"status 403", replyWith(http.StatusForbidden, rogue)},
		{"status 204", replyWith(http.StatusNoContent, "")},
		{"status 206", replyWith(http.StatusPartialContent, rogue)},
		{"an empty body", replyWith(http.StatusOK, "")},
		{"a page of a captive portal", replyWith(http.StatusOK, "<html>Sign in</html>", "Content-Type", "text/html")},
		{"a set without keys", replyWith(http.StatusOK, `{"keys":[]}`)},
		{"a set with null keys", replyWith(http.StatusOK, `{"keys":null}`)},
		{"another JSON object", replyWith(http.StatusOK, `{"message":"throttled"}`)},
		{"JSON null", replyWith(http.StatusOK, `null`)},
		{"a set that was cut off", replyWith(http.StatusOK, rogue[:len(rogue)-1])},
		{"two keys with one ID", replyWith(http.StatusOK, keySetOf(k9, k9))},
		{"too many keys", replyWith(http.StatusOK, keySetOf(many...))},
		{"no key that can be used", replyWith(http.StatusOK, `{"keys":[{"kty":"oct","k":"AAAA","kid":"k9","alg":"HS256"}]}`)},
		{"a huge body", replyWith(http.StatusOK, rogue[:len(rogue)-1]+strings.Repeat(" ", 256<<10)+"}")},
		{"a body that breaks off", func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader(rogue), iotest.ErrReader(io.ErrUnexpectedEOF))), Request: r}, nil
		}},
		{"a body without end", func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(endless{}), Request: r}, nil
		}},
		{"a redirect to another host", moved("https://attacker.example/jwks.json")},
		{"a redirect to another port", moved("https://cognito-idp.eu-west-1.amazonaws.com:8443/jwks.json")},
		{"a redirect to plain text", moved("http://cognito-idp.eu-west-1.amazonaws.com/jwks.json")},
		{"a redirect to itself", replyWith(http.StatusFound, "", "Location", jwksURL)},
		{"a redirect to nowhere", replyWith(http.StatusFound, rogue)},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			iss := newFakeIssuer(keySetOf(k1))
			set := iss.open(t, verifier.RemoteOptions{})
			before := expectKey(t, set, "k1")
			iss.set(row.reply)
			time.Sleep(verifier.DefaultCooldown)
			expectUnavailable(t, keyError(set, "k9"))
			if status := set.Status(); status.Err == nil || !status.Trusted {
				t.Errorf("expected an error and trusted keys, got %+v", status)
			}
			if expectKey(t, set, "k1") != before {
				t.Error("expected the same key")
			}
			iss.answer(keySetOf(k1, k9))
			time.Sleep(time.Second) // the pause after one failure, far less than the cool-down
			if err := keyError(set, "k9"); err != nil {
				t.Errorf("expected the key after the pause, got %v", err)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestARedirectWithinTheHostIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		iss.set(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/moved") {
				return replyWith(http.StatusOK, keySetOf(newSigner(t, "k1")))(r)
			}
			return replyWith(http.StatusFound, "", "Location", "moved")(r)
		})
		expectKey(t, iss.open(t, verifier.RemoteOptions{}), "k1")
	})
}

func TestARedirectInCirclesIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		iss.set(replyWith(http.StatusFound, "", "Location", jwksURL))
		expectUnavailable(t, keyError(iss.newSet(t, verifier.RemoteOptions{}), "k1"))
		if got := iss.count(); got > 4 {
			t.Errorf("expected 4 requests at most, got %d", got)
		}
	})
}

func TestARotationIsSeenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k1, k2 := newKeySigner(t, "k1"), newKeySigner(t, "k2")
		iss := newFakeIssuer(keySetOf(k1))
		set := iss.open(t, verifier.RemoteOptions{})
		v := newVerifier(t, verifier.Options{KeySets: map[string]verifier.KeySet{issuer: set}})
		accept(t, v, k1.Sign(accessClaims))
		iss.answer(keySetOf(k1, k2))
		time.Sleep(verifier.DefaultCooldown)
		accept(t, v, k2.Sign(accessClaims))
		accept(t, v, k1.Sign(accessClaims))
		expectFetches(t, iss, 2)
	})
}

func TestABackgroundRefreshSeesNewAndWithdrawnKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{})
		withdrawn := expectKey(t, set, "k1")
		iss.answer(keySetOf(newSigner(t, "k2")))
		time.Sleep(verifier.DefaultRefreshInterval)
		expectFetches(t, iss, 2)
		expectKey(t, set, "k2")
		if set.Trusts(withdrawn) {
			t.Error("expected the withdrawn key not to be trusted")
		}
		time.Sleep(verifier.DefaultCooldown)
		expectReason(t, keyError(set, "k1"), verifier.ErrUnknownKey)
	})
}

func TestAnUnchangedRefreshKeepsTheKeyValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		changed := newKeySigner(t, "k2")
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1"), newSigner(t, "k2")))
		set := iss.open(t, verifier.RemoteOptions{})
		k1, k2 := expectKey(t, set, "k1"), expectKey(t, set, "k2")
		iss.answer(keySetOf(changed, newSigner(t, "k1")))
		refresh(t, set)
		if !set.Trusts(k1) || expectKey(t, set, "k1") != k1 {
			t.Error("expected the unchanged key to keep its value")
		}
		if set.Trusts(k2) || expectKey(t, set, "k2") == k2 {
			t.Error("expected the changed key to have a new value")
		}
	})
}

// Rule 6: the hard age.
func TestKeysThatAreTooOldAreNotTrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{})
		key := expectKey(t, set, "k1")
		iss.fail()
		time.Sleep(verifier.DefaultMaxStale - time.Nanosecond)
		expectKey(t, set, "k1")
		time.Sleep(time.Nanosecond)
		if set.Trusts(key) || set.Status().Trusted {
			t.Error("expected the key not to be trusted")
		}
		expectUnavailable(t, keyError(set, "k1"))
		expectUnavailable(t, keyError(set, "k9"))
		iss.answer(keySetOf(newSigner(t, "k1")))
		time.Sleep(30 * time.Second)
		expectKey(t, set, "k1")
	})
}

// A cool-down that outlasts the trust must not refuse good tokens.
func TestTheCooldownEndsWithTheTrust(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer(keySetOf(newSigner(t, "k1")))
		set := iss.open(t, verifier.RemoteOptions{MaxStale: time.Second, Cooldown: time.Hour})
		time.Sleep(2 * time.Second)
		expectKey(t, set, "k1")
		expectFetches(t, iss, 2)
	})
}

// Rule 6: the soft age. An issuer may shorten it, but not lengthen it.
func TestMaxAgeIsClamped(t *testing.T) {
	for _, row := range []struct {
		header string
		want   time.Duration
	}{
		{"", 15 * time.Minute},
		{"no-store", 15 * time.Minute},
		{"public, max-age=300", 5 * time.Minute},
		{"MAX-AGE=300,public", 5 * time.Minute},
		{"max-age=61", 61 * time.Second},
		{"max-age=1", time.Minute},
		{"max-age=0", 15 * time.Minute},
		{"max-age=-5", 15 * time.Minute},
		{"max-age=soon", 15 * time.Minute},
		{"max-age", 15 * time.Minute},
		{"s-maxage=300", 15 * time.Minute},
		{"max-age=31536000", 15 * time.Minute},
		{"max-age=99999999999999999999", 15 * time.Minute},
	} {
		inBubble(t, "Cache-Control "+row.header, func(t *testing.T) {
			iss := newFakeIssuer("")
			iss.set(replyWith(http.StatusOK, keySetOf(newSigner(t, "k1")), "Cache-Control", row.header))
			set := iss.open(t, verifier.RemoteOptions{})
			status := set.Status()
			if got := status.Refresh.Sub(status.Fetched); got > row.want || got < row.want*9/10 {
				t.Errorf("expected a refresh within a tenth below %v, got %v", row.want, got)
			}
			time.Sleep(row.want * 9 / 10)
			expectFetches(t, iss, 1)
			time.Sleep(row.want / 10)
			expectFetches(t, iss, 2)
		})
	}
}

// Rule 5 and 9: the set returns on its own timer, and not in step with others.
func TestBackOffDoublesWithJitterAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		iss := newFakeIssuer("")
		iss.set(func(r *http.Request) (*http.Response, error) {
			at = append(at, time.Now())
			return replyWith(http.StatusServiceUnavailable, "")(r)
		})
		set := iss.open(t, verifier.RemoteOptions{})
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		exact := 0
		for i, seconds := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			want := seconds * time.Second
			got := at[i+1].Sub(at[i])
			if got > want || got < want*9/10 {
				t.Errorf("pause %d: expected a tenth below %v, got %v", i, want, got)
			}
			if got == want {
				exact++
			}
		}
		if exact > 3 {
			t.Error("expected jitter")
		}
		iss.answer(keySetOf(newSigner(t, "k1")))
		time.Sleep(30 * time.Second)
		expectKey(t, set, "k1")
		if status := set.Status(); status.Err != nil || !status.Trusted {
			t.Errorf("expected to have recovered, got %+v", status)
		}
	})
}

// Rule 9: the first load fails, and nobody gets a 401 for it.
func TestAFirstLoadThatFailsRecoversWithinThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		iss.fail()
		set := iss.open(t, verifier.RemoteOptions{})
		for range 100 {
			expectUnavailable(t, keyError(set, "k1"))
		}
		expectFetches(t, iss, 1)
		iss.answer(keySetOf(newSigner(t, "k1")))
		time.Sleep(time.Second)
		synctest.Wait()
		expectKey(t, set, "k1")
	})
}

func TestAFirstLoadThatHangsIsUnavailableAfterTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := newFakeIssuer("")
		iss.hang()
		set := iss.newSet(t, verifier.RemoteOptions{}) // the first token starts it
		began := time.Now()
		expectUnavailable(t, keyError(set, "k1"))
		if waited := time.Since(began); waited != verifier.DefaultFetchTimeout {
			t.Errorf("expected to wait for %v, got %v", verifier.DefaultFetchTimeout, waited)
		}
	})
}

// The first keys can come at any moment of a look for one: young as they are,
// they have it.
func TestAKeyOfTheFirstFetchIsNeverUnknown(t *testing.T) {
	keys := keySetOf(newSigner(t, "k1"))
	for range 1_000 {
		set := newFakeIssuer(keys).newSet(t, verifier.RemoteOptions{})
		set.Start()
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if err := keyError(set, "k1"); err != nil {
					t.Errorf("expected the key, got %v", err)
				}
			})
		}
		group.Wait()
		set.Close()
	}
}
