package verifier_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// tokenOf verifies a payload that is written byte by byte.
func tokenOf(t testing.TB, payload string) *verifier.Token {
	t.Helper()
	return accept(t, newVerifier(t, verifier.Options{}), newSigner(t, "k1").Sign(payload))
}

func TestAccessors(t *testing.T) {
	const sub = "5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a"
	type values struct {
		use                       verifier.TokenUse
		sub, client, user, scopes string
		groups                    string
	}
	for _, row := range []struct {
		name, claims string
		want         values
	}{
		{"an access token", accessClaims, values{verifier.Access, sub, client, "jo", "openid|orders/read", "admins|editors"}},
		{"an ID token", idClaims, values{verifier.ID, sub, client, "jo", "", "admins"}},
		{"a machine-to-machine token", machineClaims, values{verifier.Access, client, client, "", "orders/read|orders/write", ""}},
		{"an access token with the names of an ID token", edit(t, accessClaims, `{"cognito:username":"al","aud":"`+client+`"}`, "username"), values{verifier.Access, sub, client, "", "openid|orders/read", "admins|editors"}},
		{"an ID token with the names of an access token", edit(t, idClaims, `{"username":"al","client_id":"x","scope":"openid"}`, "cognito:username"), values{verifier.ID, sub, client, "", "", "admins"}},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			tok := tokenOf(t, row.claims)
			got := values{
				tok.Use(), tok.Subject(), tok.ClientID(), tok.Username(),
				strings.Join(slices.Collect(tok.Scopes()), "|"), strings.Join(slices.Collect(tok.Groups()), "|"),
			}
			if got != row.want {
				t.Errorf("expected %+v, got %+v", row.want, got)
			}
			if got := tok.Expiry(); !got.Equal(time.Unix(946687800, 0)) {
				t.Errorf("expected exp, got %v", got)
			}
			if at, ok := tok.AuthTime(); !ok || !at.Equal(time.Unix(946684200, 0)) {
				t.Errorf("expected auth_time, got %v, %v", at, ok)
			}
		})
	}
}

func TestNamesAndValuesWithEscapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tok := tokenOf(t, `{"\u0073ub":"\u0061\"\\\/\n\ud83d\ude00","plan\n":"gold","a\"b":1,`+
			strings.Replace(edit(t, accessClaims, "", "sub"), "{", "", 1))
		if got, want := tok.Subject(), "a\"\\/\n\U0001f600"; got != want {
			t.Errorf("expected sub %q, got %q", want, got)
		}
		if got, ok := tok.StringClaim("plan\n"); !ok || got != "gold" {
			t.Errorf("expected %q, got %q, %v", "gold", got, ok)
		}
		if got, ok := tok.Claim(`a"b`); !ok || got != "1" {
			t.Errorf("expected %q, got %q, %v", "1", got, ok)
		}
		for _, name := range []string{`plan\n`, `\u0073ub`, `a\"b`, "a", ""} {
			if got, ok := tok.Claim(name); ok {
				t.Errorf("expected no claim %q, got %q", name, got)
			}
		}
		names := slices.Collect(tok.Claims())
		if want := []string{"sub", "plan\n", `a"b`}; !slices.Equal(names[:3], want) {
			t.Errorf("expected the names %q first, got %q", want, names)
		}
		for range tok.Claims() {
			break // an iteration may end early
		}
	})
}

func TestListsOfStrings(t *testing.T) {
	for _, row := range []struct {
		name, json string
		want       []string
	}{
		{"an empty array", `[]`, nil},
		{"an empty array with blanks", "[ \n]", nil},
		{"one member", `["a"]`, []string{"a"}},
		{"white space everywhere", "[ \"a\" ,\r\n\t\"b\" ]", []string{"a", "b"}},
		{"an empty member", `["","a",""]`, []string{"", "a", ""}},
		{"separators inside members", `["a,b","c]d","e[f","g\"h","i\\"]`, []string{"a,b", "c]d", "e[f", `g"h`, `i\`}},
		{"escapes", `["\u0061","\ud83d\ude00","\/"]`, []string{"a", "\U0001f600", "/"}},
		{"blanks inside members", `[" a ","\t"]`, []string{" a ", "\t"}},
		{"members of other types are left out", `[1,"a",null,true,{"b":["c"]},["d"],"e"]`, []string{"a", "e"}},
		{"a string", `"a b"`, []string{"a b"}},
		{"a number", `1`, nil},
		{"null", `null`, nil},
		{"an object", `{"a":"b"}`, nil},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			tok := tokenOf(t, `{"list":`+row.json+`,`+accessClaims[1:])
			if got := slices.Collect(tok.StringsClaim("list")); !slices.Equal(got, row.want) {
				t.Errorf("expected %q, got %q", row.want, got)
			}
			for range tok.StringsClaim("list") {
				break
			}
		})
	}
}

func TestGroupsWithWhiteSpaceAndEscapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		claims := strings.Replace(accessClaims, `["admins","editors"]`, "[ \"\\u0061dmins\"\n,\t\"a]b\" ]", 1)
		if got, want := slices.Collect(tokenOf(t, claims).Groups()), []string{"admins", "a]b"}; !slices.Equal(got, want) {
			t.Errorf("expected %q, got %q", want, got)
		}
	})
}

func TestClaimsOfAnyType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tok := tokenOf(t, `{"text":"a","number":1.50,"yes":true,"nothing":null,"list":[1, 2],"object":{"a" : 1},`+accessClaims[1:])
		for name, want := range map[string]string{
			"text": `"a"`, "number": "1.50", "yes": "true", "nothing": "", "list": "[1, 2]", "object": `{"a" : 1}`, "absent": "",
		} {
			if got, ok := tok.Claim(name); got != want || ok != (want != "") {
				t.Errorf("%s: expected %q, got %q, %v", name, want, got, ok)
			}
			if got, ok := tok.StringClaim(name); ok != (name == "text") || ok && got != "a" {
				t.Errorf("%s: got the string %q, %v", name, got, ok)
			}
		}
	})
}

// Error is shown to anybody and logged: nothing of a hostile token may get there.
func TestErrorsRepeatNothingOfTheToken(t *testing.T) {
	const marker = "XXMARKERXX"
	set := func(change string) string { return edit(t, accessClaims, change, "") }
	signer := newSigner(t, "k1")
	for _, raw := range []string{
		marker,
		marker + "." + marker + "." + marker,
		strings.Repeat(marker, 10_000),
		signer.SignWith(`{"kid":"k1","alg":"`+marker+`"}`, accessClaims),
		signer.SignWith(`{"kid":"k1","alg":"RS256","typ":"`+marker+`"}`, accessClaims),
		signer.SignWith(`{"kid":"k1","alg":"RS256","crit":["`+marker+`"],"`+marker+`":1}`, accessClaims),
		signer.SignWith(`{"kid":"`+marker+`","alg":"RS256"}`, accessClaims),
		signer.SignWith(`{"kid":"`+strings.Repeat(marker, 30)+`","alg":"RS256"}`, accessClaims),
		signer.Sign(`{"` + marker + `":1,"` + marker + `":1}`),
		signer.Sign(accessClaims + marker),
		signer.Sign(set(`{"iss":"` + marker + `"}`)),
		signer.Sign(set(`{"iss":"` + strings.Repeat(marker, 1_000) + `"}`)),
		signer.Sign(set(`{"token_use":"` + marker + `"}`)),
		signer.Sign(set(`{"client_id":"` + marker + `"}`)),
		signer.Sign(set(`{"aud":"` + marker + `"}`)),
		signer.Sign(set(`{"aud":["` + marker + `"]}`)),
		signer.Sign(set(`{"exp":"` + marker + `"}`)),
		signer.Sign(set(`{"exp":1,"x":"` + marker + `"}`)),
		signer.Sign(set(`{"nbf":"` + marker + `"}`)),
		signer.Sign(set(`{"sub":["` + marker + `"]}`)),
		signer.Sign(set(`{"cognito:groups":"` + marker + `"}`)),
		signer.Sign(set(`{"username":{"` + marker + `":1}}`)),
		newKeySigner(t, "k1").Sign(set(`{"sub":"` + marker + `"}`)),
	} {
		err := verify(newVerifier(t, verifier.Options{}), raw)
		tokenErr, ok := errors.AsType[*verifier.TokenError](err)
		if !ok {
			t.Errorf("expected a TokenError, got %v", err)
			continue
		}
		if text := fmt.Sprintf("%v %+v %s", err, err, verifier.Reason(err)); strings.Contains(text, marker) {
			t.Errorf("expected nothing of the token, got %q", text)
		}
		if len(tokenErr.Got) > 70 {
			t.Errorf("expected Got to be cut, got %d bytes", len(tokenErr.Got))
		}
		if verifier.Reason(err) == "" || verifier.Reason(err) == "other" {
			t.Errorf("expected a reason for %v, got %q", err, verifier.Reason(err))
		}
	}
}

func TestReasonCoversEverySentinel(t *testing.T) {
	seen := make(map[string]bool)
	for _, sentinel := range []error{
		verifier.ErrMalformed, verifier.ErrAlgorithm, verifier.ErrIssuer, verifier.ErrTokenUse, verifier.ErrExpired,
		verifier.ErrNotYetValid, verifier.ErrClient, verifier.ErrUnknownKey, verifier.ErrSignature, verifier.ErrScope,
		verifier.ErrGroup, verifier.ErrClaim, verifier.ErrAuthContext, verifier.ErrAuthAge,
	} {
		err := fmt.Errorf("wrapped: %w", &verifier.TokenError{Reason: sentinel, Claim: "x"})
		reason := verifier.Reason(err)
		if reason == "" || reason == "other" || seen[reason] {
			t.Errorf("expected a word of its own for %v, got %q", sentinel, reason)
		}
		seen[reason] = true
		if !errors.Is(err, sentinel) {
			t.Errorf("expected the error to match %v", sentinel)
		}
	}
	for want, err := range map[string]error{
		"ok": nil, "other": errors.New("x"),
		"unavailable": fmt.Errorf("wrapped: %w", &verifier.UnavailableError{Err: errors.New("x")}),
	} {
		if got := verifier.Reason(err); got != want {
			t.Errorf("expected %q, got %q", want, got)
		}
	}
}

func TestUnavailableErrorHidesItsCause(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.1:443")
	err := &verifier.UnavailableError{URL: "https://internal.example", Err: cause}
	if strings.Contains(err.Error(), "internal") || strings.Contains(err.Error(), "10.0.0.1") {
		t.Errorf("expected no address, got %q", err)
	}
	if !errors.Is(err, cause) {
		t.Error("expected the error to match its cause")
	}
}

func TestElementsAndUnquote(t *testing.T) {
	for array, want := range map[string][]string{
		``: nil, `"a"`: nil, `{"a":[1]}`: nil, `1`: nil, `null`: nil, `[]`: nil, "[ \n]": nil,
		`[1]`: {"1"}, "[ 1 ,\n\"a\",null, true]": {"1", `"a"`, "null", "true"},
		`[[1,2],{"a":[3,"]"]},"],["]`: {"[1,2]", `{"a":[3,"]"]}`, `"],["`},
		`["\"",""]`:                   {`"\""`, `""`},
	} {
		if got := slices.Collect(verifier.Elements(array)); !slices.Equal(got, want) {
			t.Errorf("%s: expected %q, got %q", array, want, got)
		}
		for range verifier.Elements(array) {
			break
		}
	}
	for json, want := range map[string]string{`"a"`: "a", `""`: "", `"\u0061\""`: `a"`} {
		if got, ok := verifier.Unquote(json); !ok || got != want {
			t.Errorf("%s: expected %q, got %q, %v", json, want, got, ok)
		}
	}
	for _, json := range []string{``, `1`, `null`, `["a"]`, `{}`} {
		if got, ok := verifier.Unquote(json); ok {
			t.Errorf("%s: expected no string, got %q", json, got)
		}
	}
}
