package verifier_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

func TestUnmetRequirements(t *testing.T) {
	for _, row := range []struct {
		name        string
		base, set   string
		requirement string
		want        error
	}{
		{"a scope that is not there", accessClaims, ``, "scope orders/write", verifier.ErrScope},
		{"no scope claim", accessClaims, `{"scope":""}`, "scope openid", verifier.ErrScope},
		{"a part of a scope", accessClaims, ``, "scope orders", verifier.ErrScope},
		{"a scope in another case", accessClaims, ``, "scope OPENID", verifier.ErrScope},
		{"a scope in an ID token, which grants none", idClaims, `{"scope":"orders/read"}`, "scope orders/read", verifier.ErrScope},
		{"a group as a scope", accessClaims, ``, "scope admins", verifier.ErrScope},
		{"a group that is not there", accessClaims, ``, "group owners", verifier.ErrGroup},
		{"no groups", machineClaims, ``, "group admins", verifier.ErrGroup},
		{"empty groups", accessClaims, `{"cognito:groups":[]}`, "group admins", verifier.ErrGroup},
		{"a part of a group", accessClaims, ``, "group admin", verifier.ErrGroup},
		{"a group in another case", accessClaims, ``, "group Admins", verifier.ErrGroup},
		{"a group name with the separator of another", accessClaims, `{"cognito:groups":["a,admins"]}`, "group admins", verifier.ErrGroup},
		{"a group name that looks like JSON", accessClaims, `{"cognito:groups":["x\",\"admins"]}`, "group admins", verifier.ErrGroup},
		{"no acr", accessClaims, ``, "acr urn:cognito:loa:4", verifier.ErrAuthContext},
		{"a lower acr", accessClaims, `{"acr":"urn:cognito:loa:1"}`, "acr urn:cognito:loa:4", verifier.ErrAuthContext},
		{"an acr that is a number", accessClaims, `{"acr":4}`, "acr 4", verifier.ErrAuthContext},
		{"a sign-in that is too old by a second", accessClaims, `{"auth_time":946684199}`, "max_age 10m", verifier.ErrAuthAge},
		{"a sign-in at the epoch", accessClaims, `{"auth_time":0}`, "max_age 10m", verifier.ErrAuthAge},
		{"a sign-in before the universe", accessClaims, `{"auth_time":-9223372036854775808}`, "max_age 10m", verifier.ErrAuthAge},
		{"a claim with another value", idClaims, ``, "claim custom:tenant 43", verifier.ErrClaim},
		{"a claim that is not there", idClaims, ``, "claim custom:plan gold", verifier.ErrClaim},
		{"a claim that is null", idClaims, `{"custom:plan":null}`, "claim custom:plan null", verifier.ErrClaim},
		{"a claim in another case", idClaims, `{"Custom:Plan":"gold"}`, "claim custom:plan gold", verifier.ErrClaim},
		{"an array without the value", accessClaims, `{"tags":["a","b"]}`, "claim tags c", verifier.ErrClaim},
		{"an array of numbers, of which only strings are compared", accessClaims, `{"tags":[1,2]}`, "claim tags 1", verifier.ErrClaim},
		{"a nested array", accessClaims, `{"tags":[["a"]]}`, "claim tags a", verifier.ErrClaim},
		{"an array as text", accessClaims, `{"tags":["a"]}`, `claim tags ["a"]`, verifier.ErrClaim},
		{"an object as text", accessClaims, `{"plan":{}}`, `claim plan {}`, verifier.ErrClaim},
		{"a string with its quotes", accessClaims, `{"plan":"gold"}`, `claim plan "gold"`, verifier.ErrClaim},
		{"a boolean with another value", idClaims, `{"email_verified":false}`, "claim email_verified true", verifier.ErrClaim},
		{"a number with another value", accessClaims, ``, "claim version 1", verifier.ErrClaim},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			expectReason(t, check(t, row.base, row.set, row.requirement), row.want)
		})
	}
}

func TestMetRequirements(t *testing.T) {
	for _, row := range []struct {
		name        string
		base, set   string
		requirement string
	}{
		{"one of the scopes", accessClaims, ``, "scope orders/write orders/read"},
		{"one of the groups", accessClaims, ``, "group owners editors"},
		{"a group with escapes", accessClaims, `{"cognito:groups":["\u0061dmins"]}`, "group admins"},
		{"one of the values of acr", accessClaims, `{"acr":"urn:cognito:loa:4"}`, "acr urn:cognito:loa:3 urn:cognito:loa:4"},
		{"a sign-in that is just young enough", accessClaims, ``, "max_age 10m"},
		{"a claim that is a string", idClaims, ``, "claim custom:tenant 41 42"},
		{"a claim that is a string that looks like a boolean", idClaims, `{"x":"true"}`, "claim x true"},
		{"a claim that is a boolean", idClaims, ``, "claim email_verified true"},
		{"a claim that is a number", accessClaims, ``, "claim version 2"},
		{"a claim that is a negative number", accessClaims, `{"x":-1.5}`, "claim x -1.5"},
		{"a member of an array", accessClaims, `{"tags":[1,"a",{"b":1},"b"]}`, "claim tags b"},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			if err := check(t, row.base, row.set, row.requirement); err != nil {
				t.Errorf("expected the requirement to be met, got %v", err)
			}
		})
	}
}

func check(t *testing.T, base, set, requirement string) error {
	t.Helper()
	words := strings.Fields(requirement)
	r, err := verifier.ParseRequirement(words[0], words[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return r.Check(accept(t, newVerifier(t, verifier.Options{}), newSigner(t, "k1").Sign(edit(t, base, set, ""))), time.Now())
}

// What a refusal repeats is for logs: nothing of a claim that may be personal.
func TestRefusalsSayWhatTheTokenHas(t *testing.T) {
	for _, row := range []struct{ name, base, set, requirement, want string }{
		{"all groups", accessClaims, `{"cognito:groups":["a","b"]}`, "group owners", "a b"},
		{"no groups", machineClaims, ``, "group owners", ""},
		{"all scopes", accessClaims, `{"scope":"openid orders/read"}`, "scope orders/write", "openid orders/read"},
		{"when the user signed in", accessClaims, `{"auth_time":1}`, "max_age 1m", "1"},
		{"not the value of a claim", accessClaims, `{"x":"jo@example.org"}`, "claim x y", ""},
		{"not the name of a claim's kind", accessClaims, `{"group":"jo@example.org"}`, "claim group y", ""},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			refused, _ := errors.AsType[*verifier.TokenError](check(t, row.base, row.set, row.requirement))
			if refused == nil || refused.Got != row.want {
				t.Errorf("expected %q, got %+v", row.want, refused)
			}
		})
	}
}

// A machine-to-machine token without auth_time has no age.
func TestMaxAgeNeedsAnAuthTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tok := accept(t, newVerifier(t, verifier.Options{}), newSigner(t, "k1").Sign(edit(t, accessClaims, "", "auth_time")))
		r := verifier.Requirement{Kind: verifier.RequireMaxAge, MaxAge: 1<<63 - 1}
		expectReason(t, r.Check(tok, time.Now()), verifier.ErrAuthAge)
	})
}

// A requirement that was never filled in must not let anybody pass.
func TestUnknownAndEmptyRequirementsRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tok := accept(t, newVerifier(t, verifier.Options{}), newSigner(t, "k1").Sign(accessClaims))
		for _, r := range []verifier.Requirement{
			{},
			{Kind: "role", Values: []string{"admins"}},
			{Kind: "GROUP", Values: []string{"admins"}},
			{Kind: verifier.RequireScope},
			{Kind: verifier.RequireGroup},
			{Kind: verifier.RequireACR},
			{Kind: verifier.RequireMaxAge},
			{Kind: verifier.RequireClaim},
			{Kind: verifier.RequireClaim, Claim: "version"},
			{Kind: verifier.RequireClaim, Claim: "absent", Values: []string{""}},
		} {
			if _, ok := r.Check(tok, time.Now()).(*verifier.TokenError); !ok {
				t.Errorf("expected %+v to refuse with a TokenError", r)
			}
		}
	})
}

func TestParseRequirement(t *testing.T) {
	for _, words := range []string{
		"", "role admins", "Scope openid", "scope", "group", "acr", "max_age", "max_age 15", "max_age 0s", "max_age -1m",
		"max_age 1m 2m", "max_age forever", "claim", "claim name",
	} {
		kind, rest, _ := strings.Cut(words, " ")
		if _, err := verifier.ParseRequirement(kind, strings.Fields(rest)...); err == nil {
			t.Errorf("expected an error for %q", words)
		}
	}
	for _, args := range [][]string{{""}, {"a", ""}, {"", "a"}} {
		for _, kind := range []string{"scope", "group", "acr", "claim"} {
			if _, err := verifier.ParseRequirement(kind, args...); err == nil {
				t.Errorf("expected an error for %q with %q", kind, args)
			}
		}
	}
}
