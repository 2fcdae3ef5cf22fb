package verifier_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

const api = "https://orders.example.org"

// Whoever redacts an error before it is logged must not change who is let in. Each
// row is refused with a list of the configuration, and again after that list was
// overwritten in the error.
func TestTheListOfAnErrorIsItsOwn(t *testing.T) {
	const other, written = "other", "written"
	for _, row := range []struct {
		name, base, set string
		want            string
		then            string // what would pass if the configuration had changed
	}{
		{"the app clients", accessClaims, `{"client_id":"` + other + `"}`, client, `{"client_id":"` + written + `"}`},
		{"the audiences", accessClaims, `{"aud":"` + other + `"}`, api, `{"aud":"` + written + `"}`},
		{"the values of a requirement", accessClaims, `{"cognito:groups":["` + other + `"]}`, "admins", `{"cognito:groups":["` + written + `"]}`},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			v := newVerifier(t, verifier.Options{Clients: []string{client}, Audiences: []string{api}})
			admins := verifier.Requirement{Kind: verifier.RequireGroup, Values: []string{"admins"}}
			refusal := func(set string) *verifier.TokenError {
				t.Helper()
				tok, err := v.Verify(t.Context(), newSigner(t, "k1").Sign(edit(t, row.base, set, "")))
				if err == nil {
					err = admins.Check(tok, time.Now())
				}
				refused, ok := err.(*verifier.TokenError)
				if !ok || len(refused.Want) != 1 || refused.Want[0] != row.want {
					t.Fatalf("expected a refusal that wants %q, got %+v", row.want, err)
				}
				return refused
			}
			refusal(row.set).Want[0] = written
			refusal(row.then)
		})
	}
}

func TestAVerifierKeepsTheOptionsThatItWasMadeWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := verifier.Options{KeySets: keySets(t), Clients: []string{client}, Audiences: []string{api}}
		v := newVerifier(t, opts)
		delete(opts.KeySets, issuer)
		opts.Clients[0], opts.Audiences[0] = "other", "other"
		accept(t, v, newSigner(t, "k1").Sign(edit(t, accessClaims, `{"aud":"`+api+`"}`, "")))
		for _, set := range []string{`{"client_id":"other"}`, `{"aud":"other"}`} {
			expectReason(t, verify(v, newSigner(t, "k1").Sign(edit(t, accessClaims, set, ""))), verifier.ErrClient)
		}
	})
}
