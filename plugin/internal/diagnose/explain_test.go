package diagnose_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/diagnose"
	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

// The clock of synctest starts at 2000-01-01, so what is said of times is known.
func TestWholeReports(t *testing.T) {
	config := withFile(site, keysFile(t))
	for name, change := range map[string]func(map[string]any){
		"good":    func(map[string]any) {},
		"expired": with("exp", 946684800-7380),
		"foreign": with("iss", otherIssuer),
		"id": func(claims map[string]any) {
			claims["token_use"], claims["aud"], claims["cognito:groups"] = "id", client, []string{"admins"}
			delete(claims, "client_id")
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			token := signer(t).Sign(payload(t, change))
			text, accepted := explained(t, config, diagnose.Question{Token: token})
			wantGolden(t, "explain_"+name, text)
			wantNothingOf(t, token, text)
			if want := name == "good" || name == "id"; accepted != want {
				t.Errorf("%s: expected accepted %v, got %v", name, want, accepted)
			}
		})
	}
}

func TestWithoutKeysTheSignatureIsNotChecked(t *testing.T) {
	config := strings.Replace(site, `, "jwks_file": "$FILE"`, "", 1)
	synctest.Test(t, func(t *testing.T) {
		token := signer(t).Sign(payload(t))
		text, accepted := explained(t, config, diagnose.Question{Token: token})
		wantGolden(t, "explain_nokeys", text)
		if accepted {
			t.Error("expected a token whose signature nobody checked not to be accepted")
		}
		text, accepted = explained(t, config, diagnose.Question{Token: token, KeysFile: keysFile(t)})
		if !accepted || !strings.Contains(text, "signature   ok") {
			t.Errorf("expected the given keys to be used, got\n%s", text)
		}
	})
}

// Each refusal of the verifier has its stage and its words.
func TestRefusals(t *testing.T) {
	config := withFile(site, keysFile(t))
	sign := func(changes ...func(map[string]any)) func(*testing.T) string {
		return func(t *testing.T) string { return signer(t).Sign(payload(t, changes...)) }
	}
	header := func(header string) func(*testing.T) string {
		return func(t *testing.T) string { return signer(t).SignWith(header, payload(t)) }
	}
	for _, row := range []struct {
		name  string
		token func(*testing.T) string
		want  string // one line
	}{
		{"rubbish", func(*testing.T) string { return "rubbishrubbishrubbish" }, "shape       FAILED       this is no token of Cognito as it was issued"},
		{"a refresh token", func(*testing.T) string { return "eyJjdHkiOiJKV1QifQ.a.b.c.d" }, "shape       FAILED       this is no token of Cognito"},
		{"no key", header(`{"alg":"RS256"}`), "algorithm   FAILED       kid: the header names no key"},
		{"an extension", header(`{"alg":"RS256","kid":"k1","crit":["b64"]}`), "algorithm   FAILED       crit: the header has what"},
		{"HS256", header(`{"alg":"HS256","kid":"k1"}`), `algorithm   FAILED       alg: expected RS256, got "HS256"`},
		{"no issuer", sign(with("iss", nil)), "issuer      FAILED       iss: the token names no issuer"},
		{"an issuer of another type", sign(with("iss", 1)), "issuer      FAILED       iss: missing or of another type"},
		{"another provider", sign(with("iss", "https://accounts.example.com")), "issuer      FAILED       iss: this is not an issuer of Cognito"},
		{"another pool", sign(with("iss", otherIssuer)), "issuer      FAILED       iss: this is a token of the pool eu-west-1_Other, which no user_pool names"},
		{"another form of the issuer", sign(with("iss", "https://proxy.example.com/eu-west-1_AbCdEfGhI")), "issuer      FAILED       iss: user_pool main has the ID of this pool, but accepts the issuer " + issuer},
		{"another token use", sign(with("token_use", "refresh")), `token_use   FAILED       token_use: expected access or id, got "refresh"`},
		{"no token use", sign(with("token_use", nil)), `token_use   FAILED       token_use: expected access or id, got ""`},
		{"no expiry", sign(with("exp", nil)), "lifetime    FAILED       exp: missing or of another type"},
		{"expired", sign(with("exp", 946684800-90)), "lifetime    FAILED       exp: expired 1m30s ago, at 1999-12-31T23:58:30Z; get a new one, and check the clock of this machine; where clocks differ, leeway 1m31s"},
		{"long expired", sign(with("exp", 1)), "lifetime    FAILED       exp: expired 10956d23h ago"},
		{"not yet valid", sign(with("nbf", 946684800+90)), "lifetime    FAILED       nbf: valid only in 1m30s"},
		{"another client", sign(with("client_id", "3otherclientexample")), "app client  FAILED       client_id: issued to app client 3otherclientexample, the pool accepts " + client},
		{"no client", sign(with("client_id", nil)), "app client  FAILED       client_id: the token names no app client"},
		{"another resource", sign(with("aud", "https://orders.example.org")), "app client  FAILED       aud: the token is bound to https://orders.example.org, the pool accepts nothing; add a line audience"},
		{"an unknown key", header(`{"alg":"RS256","kid":"k9"}`), "key         FAILED       kid: k9 is not among the keys at hand (k1)"},
		{"a changed token", func(t *testing.T) string {
			parts := strings.Split(signer(t).Sign(payload(t)), ".")
			return parts[0] + "." + verifiertest.Encode(payload(t, with("scope", "all"))) + "." + parts[2]
		}, "signature   FAILED       the token was changed"},
		{"groups of another type", sign(with("cognito:groups", "staff")), "claims      FAILED       cognito:groups: missing or of another type"},
		{"no subject", sign(with("sub", nil)), "claims      FAILED       sub: missing"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				token := row.token(t)
				text, accepted := explained(t, config, diagnose.Question{Token: token})
				if !strings.Contains(text, "\n  "+row.want) {
					t.Errorf("expected %q, got\n%s", row.want, text)
				}
				if accepted || strings.Count(text, ": 401, ") != 3 {
					t.Errorf("expected three refusals with 401, got\n%s", text)
				}
				wantNothingOf(t, token, text)
			})
		})
	}
}

// A verdict has the word that logs, metrics and problem details have, too.
func TestVerdictsNameTheReason(t *testing.T) {
	config := withFile(site, keysFile(t))
	for want, sign := range map[string]func() string{
		"malformed":     func() string { return "rubbishrubbishrubbish" },
		"algorithm":     func() string { return signer(t).SignWith(`{"alg":"HS256","kid":"k1"}`, payload(t)) },
		"expired":       func() string { return signer(t).Sign(payload(t, with("exp", 1))) },
		"not_yet_valid": func() string { return signer(t).Sign(payload(t, with("nbf", time.Now().Unix()+90))) },
		"client":        func() string { return signer(t).Sign(payload(t, with("client_id", "3otherclientexample"))) },
		"unknown_key, unless the key is among those that Caddy fetches first": func() string {
			return signer(t).SignWith(`{"alg":"RS256","kid":"k9"}`, payload(t))
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			text, _ := explained(t, config, diagnose.Question{Token: sign()})
			if strings.Count(text, ": 401, "+want+"\n") != 3 {
				t.Errorf("expected three verdicts 401, %s, got\n%s", want, text)
			}
		})
	}
}

func TestRequirements(t *testing.T) {
	for _, row := range []struct {
		require, change string
		want            string
	}{
		{`{"kind":"scope","values":["orders/read","orders/write"]}`, `{}`, "403, require scope orders/read or orders/write: the token has openid; allow the scope"},
		{`{"kind":"scope","values":["orders/read"]}`, `{"scope":null}`, "403, require scope orders/read: the token has none"},
		{`{"kind":"group","values":["admins"]}`, `{}`, "403, require group admins: the token has staff; add the user to the group"},
		{`{"kind":"group","values":["admins"]}`, `{"cognito:groups":null}`, "403, require group admins: the token has none"},
		{`{"kind":"claim","values":["custom:tenant","42"]}`, `{"custom:tenant":"43"}`, "403, require claim custom:tenant 42: the claim has another value"},
		{`{"kind":"claim","values":["custom:tenant","42"]}`, `{}`, "403, require claim custom:tenant 42: the claim is not in the token"},
		{`{"kind":"acr","values":["urn:cognito:loa:3"]}`, `{}`, "401, require acr urn:cognito:loa:3: the user signed in by weaker means"},
		{`{"kind":"max_age","values":["5m"]}`, `{}`, "401, require max_age 5m0s: the user signed in 10m0s ago"},
		{`{"kind":"max_age","values":["5m"]}`, `{"auth_time":null}`, "401, require max_age: the token does not say"},
	} {
		synctest.Test(t, func(t *testing.T) {
			config := withFile(strings.Replace(site, `{"kind": "group", "values": ["admins"]}`, row.require, 1), keysFile(t))
			var changes map[string]any
			check(t, json.Unmarshal([]byte(row.change), &changes))
			token := signer(t).Sign(payload(t, func(claims map[string]any) {
				for name, value := range changes {
					with(name, value)(claims)
				}
			}))
			text, accepted := explained(t, config, diagnose.Question{Token: token})
			if want := "cognito_auth at api.example.com/admin/* (srv0, route 1.1): " + row.want; !strings.Contains(text, want) || !accepted {
				t.Errorf("expected %q, got\n%s", want, text)
			}
			if strings.Contains(text, "43") && strings.Contains(row.require, "tenant") && strings.Contains(text, `"43"`) {
				t.Errorf("expected no value of the claim, got\n%s", text)
			}
			wantNothingOf(t, token, text)
		})
	}
}

// Of pools that share an issuer, one with the right app client decides.
func TestPoolsWithOneIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := fmt.Sprintf(`{"apps": {"cognito": {"user_pool": {
			"a": {"id": "eu-west-1_AbCdEfGhI", "client": ["other"], "jwks_file": %[1]q},
			"b": {"id": "eu-west-1_AbCdEfGhI", "client": [%[2]q], "jwks_file": %[1]q}}},
			"http": {"servers": {"srv0": {"routes": [
				{"handle": [{"handler": "cognito_auth", "pool": ["a", "b"]}]},
				{"handle": [{"handler": "authentication", "providers": {"cognito": {"pool": ["a"]}}}]},
				{"handle": [{"handler": "cognito_auth", "user_pool": {"id": "eu-west-1_Other", "client": ["x"]}}]}
			]}}}}}`, keysFile(t), client)
		text, accepted := explained(t, config, diagnose.Question{Token: signer(t).Sign(payload(t))})
		for _, want := range []string{
			"cognito_auth at srv0, route 1: accepted\n", "authentication at srv0, route 2: 401, client\n",
			"One more handler takes tokens of other pools only: 401.\n",
		} {
			if !strings.Contains(text, want) || !accepted {
				t.Errorf("expected %q, got\n%s", want, text)
			}
		}
		text, accepted = explained(t, config, diagnose.Question{Token: signer(t).Sign(payload(t)), Pool: "a"})
		if accepted || strings.Contains(text, "user_pool b") {
			t.Errorf("expected pool a alone, got\n%s", text)
		}
	})
}

// kept is a storage with one key set.
type kept struct {
	noStore
	document string
}

// The last good set in the storage is used as long as it may be trusted.
func TestKeysOfTheStorage(t *testing.T) {
	config := strings.Replace(site, `, "jwks_file": "$FILE"`, "", 1)
	for age, want := range map[time.Duration]string{time.Hour: "signature   ok", 25 * time.Hour: "signature   not checked"} {
		synctest.Test(t, func(t *testing.T) {
			store := kept{document: fmt.Sprintf(`{"url": %q, "fetched": %q, "jwks": %s}`, verifier.JWKSURL(issuer),
				time.Now().Add(-age).Format(time.RFC3339), verifiertest.JWKS(signer(t).JWK()))}
			if text, _ := explained(t, config, diagnose.Question{Token: signer(t).Sign(payload(t)), Store: store}); !strings.Contains(text, want) {
				t.Errorf("%v: expected %q, got\n%s", age, want, text)
			}
		})
	}
}

func TestErrorsRepeatNothing(t *testing.T) {
	s, err := diagnose.Read([]byte(withFile(site, keysFile(t))))
	check(t, err)
	const secret = "eyJhbGciOiJSUzI1NiJ9.secretsecret"
	for _, q := range []diagnose.Question{{Pool: secret}, {KeysFile: secret}} {
		q.Token, q.Store = secret, noStore{}
		_, err := s.Explain(t.Context(), new(strings.Builder), q)
		if err == nil {
			t.Fatalf("expected an error for %+v", q)
		}
		wantNothingOf(t, secret, err.Error())
	}
}

func TestCleanToken(t *testing.T) {
	for _, input := range []string{
		"a.b.c", "a.b.c\r\n", `"a.b.c"`, "Bearer a.b.c\n", "bearer a.b.c", "Authorization: Bearer a.b.c", `'Authorization: Bearer "a.b.c"' `, "`a.b.c`",
	} {
		if got := diagnose.CleanToken(input); got != "a.b.c" {
			t.Errorf("%q: got %q", input, got)
		}
	}
}

// What a hostile token says cannot change what a terminal shows, and a token inside
// of a claim is not shown.
func TestHostileClaims(t *testing.T) {
	config := withFile(site, keysFile(t))
	synctest.Test(t, func(t *testing.T) {
		inner := signer(t).Sign(payload(t))
		token := signer(t).Sign(payload(t, with("client_id", "\x1b[2J\u202e\n"+strings.Repeat("x", 500)), with("scope", inner)))
		text, _ := explained(t, config, diagnose.Question{Token: token})
		if strings.ContainsAny(text, "\x1b\u202e") || strings.Contains(text, strings.Repeat("x", 201)) {
			t.Errorf("expected plain and bounded text, got %q", text)
		}
		wantNothingOf(t, inner, text)
	})
}

// Load implements [verifier.Store].
func (k kept) Load(context.Context, string) ([]byte, error) { return []byte(k.document), nil }

// A pool that a directive configures has no lines.
func TestIssuersOfPoolsWithoutName(t *testing.T) {
	const inline = `{"apps": {"http": {"servers": {"srv0": {"listen": [":443"], "routes": [
		{"handle": [{"handler": "cognito_auth", "user_pool": {"id": "eu-west-1_AbCdEfGhI", "client": ["` + client + `"]}}]}
	]}}}}}`
	token := signer(t).Sign(payload(t, with("iss", "https://proxy.example.com/eu-west-1_AbCdEfGhI")))
	const want = "; name the pool as a user_pool in the global option cognito, and add a line issuer there, if this is right"
	if got, _ := explained(t, inline, diagnose.Question{Token: token}); !strings.Contains(got, want) {
		t.Errorf("expected %q, got\n%s", want, got)
	}
}
