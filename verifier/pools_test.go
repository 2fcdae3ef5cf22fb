package verifier_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

const (
	otherIssuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other"
	otherClient = "2h57kf5cpq17m0eml12example"
)

func TestTheIssuerChoosesThePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine, theirs := newKeySigner(t, "k1"), newKeySigner(t, "k1")
		a := newVerifier(t, verifier.Options{Name: "a", KeySets: map[string]verifier.KeySet{issuer: staticKeys(t, mine)}})
		b := newVerifier(t, verifier.Options{Name: "b", KeySets: map[string]verifier.KeySet{otherIssuer: staticKeys(t, theirs)}})
		c := newVerifier(t, verifier.Options{
			Name: "c", Clients: []string{otherClient},
			KeySets: map[string]verifier.KeySet{issuer: staticKeys(t, mine)},
		})
		ofA, ofB, ofC := accessClaims, edit(t, accessClaims, `{"iss":"`+otherIssuer+`"}`, ""), edit(t, accessClaims, `{"client_id":"`+otherClient+`"}`, "")

		for _, row := range []struct {
			name, raw, pool string
			want            error
		}{
			{"a token of a", mine.Sign(ofA), "a", nil},
			{"a token of a again, from the cache", mine.Sign(ofA), "a", nil},
			{"a token of b", theirs.Sign(ofB), "b", nil},
			{"a token of the other client of a's issuer", mine.Sign(ofC), "c", nil},
			{"the key of a with the issuer of b", mine.Sign(ofB), "", verifier.ErrSignature},
			{"the key of b with the issuer of a", theirs.Sign(ofA), "", verifier.ErrSignature},
			{"an issuer of neither", mine.Sign(edit(t, ofA, `{"iss":"https://attacker.example"}`, "")), "", verifier.ErrIssuer},
			{"a client of the other issuer", theirs.Sign(edit(t, ofB, `{"client_id":"`+otherClient+`"}`, "")), "", verifier.ErrClient},
			{"an expired token of c's client", mine.Sign(edit(t, ofC, `{"exp":1}`, "")), "", verifier.ErrExpired},
			{"a forged token of a", theirs.Sign(ofA), "", verifier.ErrSignature},
			{"a forged token of c's client", theirs.Sign(ofC), "", verifier.ErrSignature},
		} {
			for _, pools := range [][]*verifier.Verifier{{a, b, c}, {c, b, a}} {
				tok, err := verifier.Verify(context.Background(), row.raw, pools...)
				if !errors.Is(err, row.want) {
					t.Errorf("%s: expected %v, got %v", row.name, row.want, err)
				}
				if err == nil && tok.Pool() != row.pool {
					t.Errorf("%s: expected pool %q, got %q", row.name, row.pool, tok.Pool())
				}
			}
		}
	})
}

// A token in one pool's cache is none of another pool's business.
func TestACachedTokenCountsOnlyForItsPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sets := keySets(t)
		a := newVerifier(t, verifier.Options{KeySets: sets})
		c := newVerifier(t, verifier.Options{KeySets: sets, Clients: []string{otherClient}})
		raw := newSigner(t, "k1").Sign(accessClaims)
		if _, err := verifier.Verify(context.Background(), raw, c, a); err != nil {
			t.Fatal(err)
		}
		expectReason(t, verify(c, raw), verifier.ErrClient)
	})
}

// Of two pools that share an issuer, the one that the token was not meant for
// must not turn the other's outage into a refusal.
func TestAnOutageOutweighsAnotherClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := map[string]verifier.KeySet{issuer: unavailable{}}
		a := newVerifier(t, verifier.Options{KeySets: down})
		c := newVerifier(t, verifier.Options{KeySets: down, Clients: []string{otherClient}})
		raw := newSigner(t, "k1").Sign(accessClaims)
		for _, pools := range [][]*verifier.Verifier{{a, c}, {c, a}} {
			_, err := verifier.Verify(context.Background(), raw, pools...)
			if _, ok := errors.AsType[*verifier.UnavailableError](err); !ok {
				t.Errorf("expected an UnavailableError, got %v", err)
			}
		}
	})
}

type unavailable struct{}

func (unavailable) Key(context.Context, string) (*verifier.Key, error) {
	return nil, &verifier.UnavailableError{Err: errors.New("down")}
}
func (unavailable) Trusts(*verifier.Key) bool { return false }

// A pool that switches its issuer to the updated form issues both for a while.
func TestAPoolWithBothIssuers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const updated = "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"
		before, after := newKeySigner(t, "k1"), newKeySigner(t, "k1")
		v := newVerifier(t, verifier.Options{KeySets: map[string]verifier.KeySet{
			issuer: staticKeys(t, before), updated: staticKeys(t, after),
		}})
		accept(t, v, before.Sign(accessClaims))
		moved := edit(t, accessClaims, `{"iss":"`+updated+`"}`, "")
		accept(t, v, after.Sign(moved))
		accept(t, v, after.Sign(moved))
		expectReason(t, verify(v, before.Sign(moved)), verifier.ErrSignature)
		expectReason(t, verify(v, after.Sign(accessClaims)), verifier.ErrSignature)
	})
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	sets := keySets(t)
	for _, row := range []struct {
		name string
		opts verifier.Options
	}{
		{"no issuer", verifier.Options{Clients: []string{client}}},
		{"an empty issuer", verifier.Options{KeySets: map[string]verifier.KeySet{"": sets[issuer]}, Clients: []string{client}}},
		{"an empty client", verifier.Options{KeySets: sets, Clients: []string{client, ""}}},
		{"no client", verifier.Options{KeySets: sets}},
		{"a negative leeway", verifier.Options{KeySets: sets, Clients: []string{client}, Leeway: -1}},
		{"a negative cache size", verifier.Options{KeySets: sets, Clients: []string{client}, CacheSize: -1}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := verifier.New(row.opts); err == nil {
				t.Error("expected an error")
			}
		})
	}
}

func TestEveryOutcomeIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []verifier.Verification
		v := newVerifier(t, verifier.Options{Observe: func(outcome verifier.Verification) { seen = append(seen, outcome) }})
		good := newSigner(t, "k1").Sign(accessClaims)
		for _, raw := range []string{good, good, "x", string(make([]byte, verifier.MaxTokenSize+1)), newSigner(t, "k1").Sign(`{}`)} {
			_ = verify(v, raw)
		}
		want := []struct {
			reason string
			cached bool
			use    verifier.TokenUse
		}{{"ok", false, verifier.Access}, {"ok", true, verifier.Access}, {"malformed", false, ""}, {"malformed", false, ""}, {"issuer", false, ""}}
		if len(seen) != len(want) {
			t.Fatalf("expected %d outcomes, got %d", len(want), len(seen))
		}
		for i, outcome := range seen {
			if got := verifier.Reason(outcome.Err); got != want[i].reason || outcome.Cached != want[i].cached || outcome.Use != want[i].use {
				t.Errorf("outcome %d: expected %+v, got %q, %+v", i, want[i], got, outcome)
			}
		}
	})
}
