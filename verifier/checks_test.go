package verifier_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

func TestRefusedClaims(t *testing.T) {
	const resource = "https://orders.example.org"
	for _, row := range []struct {
		name      string
		base      string
		set, drop string
		opts      verifier.Options
		want      error
	}{
		{"exp missing", accessClaims, ``, "exp", verifier.Options{}, verifier.ErrMalformed},
		{"exp zero", accessClaims, `{"exp":0}`, "", verifier.Options{}, verifier.ErrExpired},
		{"exp minus zero", accessClaims, `{"exp":-0}`, "", verifier.Options{}, verifier.ErrExpired},
		{"exp negative", accessClaims, `{"exp":-1}`, "", verifier.Options{}, verifier.ErrExpired},
		{"exp a string", accessClaims, `{"exp":"946687800"}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"exp null", accessClaims, `{"exp":null}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"exp true", accessClaims, `{"exp":true}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"exp an array", accessClaims, `{"exp":[946687800]}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"exp with a fraction", accessClaims, `{"exp":946687800.5}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"exp with an exponent", accessClaims, `{"exp":1e10}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"exp too large for 64 bits", accessClaims, `{"exp":9223372036854775808}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"exp a second ago", accessClaims, `{"exp":946684799}`, "", verifier.Options{}, verifier.ErrExpired},
		{"exp now", accessClaims, `{"exp":946684800}`, "", verifier.Options{}, verifier.ErrExpired},
		{"exp just outside the leeway", accessClaims, `{"exp":946684740}`, "", verifier.Options{Leeway: time.Minute}, verifier.ErrExpired},
		{"exp under another case", accessClaims, `{"EXP":946687800}`, "exp", verifier.Options{}, verifier.ErrMalformed},
		{"nbf in a second", accessClaims, `{"nbf":946684801}`, "", verifier.Options{}, verifier.ErrNotYetValid},
		{"nbf just outside the leeway", accessClaims, `{"nbf":946684861}`, "", verifier.Options{Leeway: time.Minute}, verifier.ErrNotYetValid},
		{"nbf a string", accessClaims, `{"nbf":"946684800"}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"nbf null", accessClaims, `{"nbf":null}`, "", verifier.Options{}, verifier.ErrMalformed},

		{"iss missing", accessClaims, ``, "iss", verifier.Options{}, verifier.ErrIssuer},
		{"iss empty", accessClaims, `{"iss":""}`, "", verifier.Options{}, verifier.ErrIssuer},
		{"iss a number", accessClaims, `{"iss":1}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"iss null", accessClaims, `{"iss":null}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"iss an array", accessClaims, `{"iss":["` + issuer + `"]}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"iss with a slash", accessClaims, `{"iss":"` + issuer + `/"}`, "", verifier.Options{}, verifier.ErrIssuer},
		{"iss in another case", accessClaims, `{"iss":"` + strings.ToLower(issuer) + `"}`, "", verifier.Options{}, verifier.ErrIssuer},
		{"iss of another pool", accessClaims, `{"iss":"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other"}`, "", verifier.Options{}, verifier.ErrIssuer},
		{"iss of an attacker", accessClaims, `{"iss":"https://attacker.example/eu-west-1_AbCdEfGhI"}`, "", verifier.Options{}, verifier.ErrIssuer},
		{"iss over http", accessClaims, `{"iss":"http://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"}`, "", verifier.Options{}, verifier.ErrIssuer},
		{"iss in the updated form, which is not configured", accessClaims, `{"iss":"https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"}`, "", verifier.Options{}, verifier.ErrIssuer},

		{"token_use missing", accessClaims, ``, "token_use", verifier.Options{}, verifier.ErrTokenUse},
		{"token_use refresh", accessClaims, `{"token_use":"refresh"}`, "", verifier.Options{}, verifier.ErrTokenUse},
		{"token_use in another case", accessClaims, `{"token_use":"Access"}`, "", verifier.Options{}, verifier.ErrTokenUse},
		{"token_use empty", accessClaims, `{"token_use":""}`, "", verifier.Options{}, verifier.ErrTokenUse},
		{"token_use a number", accessClaims, `{"token_use":1}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"token_use an array", accessClaims, `{"token_use":["access"]}`, "", verifier.Options{}, verifier.ErrMalformed},

		{"an ID token for another client", idClaims, `{"aud":"other"}`, "", verifier.Options{}, verifier.ErrClient},
		{"an ID token without aud", idClaims, ``, "aud", verifier.Options{}, verifier.ErrClient},
		{"an ID token with client_id in place of aud", idClaims, `{"client_id":"` + client + `"}`, "aud", verifier.Options{}, verifier.ErrClient},
		{"an ID token whose aud is an array", idClaims, `{"aud":["` + client + `"]}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"an ID token whose aud is an empty array", idClaims, `{"aud":[]}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"an ID token whose aud is null", idClaims, `{"aud":null}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"an ID token for a configured audience, which is for access tokens", idClaims, `{"aud":"` + resource + `"}`, "", verifier.Options{Audiences: []string{resource}}, verifier.ErrClient},
		{"an ID token without aud when any client will do", idClaims, ``, "aud", verifier.Options{SkipClientCheck: true}, verifier.ErrClient},
		{"an ID token with an empty aud when any client will do", idClaims, `{"aud":""}`, "", verifier.Options{SkipClientCheck: true}, verifier.ErrClient},
		{"an ID token that claims to be an access token", idClaims, `{"token_use":"access"}`, "", verifier.Options{}, verifier.ErrClient},
		{"an access token that claims to be an ID token", accessClaims, `{"token_use":"id"}`, "", verifier.Options{}, verifier.ErrClient},
		{"an access token of another client", accessClaims, `{"client_id":"other"}`, "", verifier.Options{}, verifier.ErrClient},
		{"an access token of a client in another case", accessClaims, `{"client_id":"` + strings.ToUpper(client) + `"}`, "", verifier.Options{}, verifier.ErrClient},
		{"an access token without client_id", accessClaims, ``, "client_id", verifier.Options{}, verifier.ErrClient},
		{"an access token with aud in place of client_id", accessClaims, `{"aud":"` + client + `"}`, "client_id", verifier.Options{}, verifier.ErrClient},
		{"an access token whose client_id is an array", accessClaims, `{"client_id":["` + client + `"]}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"an access token without client_id when any client will do", accessClaims, ``, "client_id", verifier.Options{SkipClientCheck: true}, verifier.ErrClient},
		{"an access token bound to a resource that is not configured", accessClaims, `{"aud":"` + resource + `"}`, "", verifier.Options{}, verifier.ErrClient},
		{"an access token bound to another resource", accessClaims, `{"aud":"https://elsewhere.example.org"}`, "", verifier.Options{Audiences: []string{resource}}, verifier.ErrClient},
		{"an access token bound to another resource when any client will do", accessClaims, `{"aud":"` + resource + `"}`, "", verifier.Options{SkipClientCheck: true}, verifier.ErrClient},
		{"an access token bound to other resources", accessClaims, `{"aud":["https://a.example.org","https://b.example.org"]}`, "", verifier.Options{Audiences: []string{resource}}, verifier.ErrClient},
		{"an access token bound to nothing", accessClaims, `{"aud":[]}`, "", verifier.Options{Audiences: []string{resource}}, verifier.ErrClient},
		{"an access token whose aud is null", accessClaims, `{"aud":null}`, "", verifier.Options{}, verifier.ErrClient},
		{"an access token whose aud is a number", accessClaims, `{"aud":1}`, "", verifier.Options{}, verifier.ErrClient},
		{"an access token whose aud has more than strings", accessClaims, `{"aud":["` + client + `",5]}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"an access token whose aud hides in a nested array", accessClaims, `{"aud":[["` + client + `"]]}`, "", verifier.Options{}, verifier.ErrClient},
		{"an access token whose aud hides in an object", accessClaims, `{"aud":{"a":"` + client + `"}}`, "", verifier.Options{}, verifier.ErrClient},

		{"sub missing", accessClaims, ``, "sub", verifier.Options{}, verifier.ErrMalformed},
		{"sub empty", accessClaims, `{"sub":""}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"sub null", accessClaims, `{"sub":null}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"sub a number", accessClaims, `{"sub":1}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"sub an array", accessClaims, `{"sub":["a"]}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"SUB in place of sub", accessClaims, `{"SUB":"admin"}`, "sub", verifier.Options{}, verifier.ErrMalformed},
		{"Sub in place of sub", accessClaims, `{"Sub":"admin"}`, "sub", verifier.Options{}, verifier.ErrMalformed},
		{"username a number", accessClaims, `{"username":1}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"username null", accessClaims, `{"username":null}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"cognito:username an object", idClaims, `{"cognito:username":{}}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"scope an array", accessClaims, `{"scope":["openid"]}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"scope null", accessClaims, `{"scope":null}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"groups a string", accessClaims, `{"cognito:groups":"admins"}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"groups of mixed types", accessClaims, `{"cognito:groups":["admins",1]}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"groups with null", accessClaims, `{"cognito:groups":[null]}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"groups with groups", accessClaims, `{"cognito:groups":[["admins"]]}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"groups null", accessClaims, `{"cognito:groups":null}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"groups an object", accessClaims, `{"cognito:groups":{"admins":true}}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"jti a number", accessClaims, `{"jti":1}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"origin_jti an array", accessClaims, `{"origin_jti":["a"]}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"client_id of an ID token a number", idClaims, `{"client_id":1}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"auth_time a string", accessClaims, `{"auth_time":"946684200"}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"auth_time with a fraction", accessClaims, `{"auth_time":946684200.0}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"auth_time null", accessClaims, `{"auth_time":null}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"iat a string", accessClaims, `{"iat":"946684200"}`, "", verifier.Options{}, verifier.ErrMalformed},
		{"no claims at all", `{}`, ``, "", verifier.Options{}, verifier.ErrIssuer},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			raw := newSigner(t, "k1").Sign(edit(t, row.base, row.set, row.drop))
			expectReason(t, verify(newVerifier(t, row.opts), raw), row.want)
		})
	}
}

func TestAcceptedClaims(t *testing.T) {
	const resource = "https://orders.example.org"
	for _, row := range []struct {
		name      string
		base      string
		set, drop string
		opts      verifier.Options
	}{
		{"an access token", accessClaims, ``, "", verifier.Options{}},
		{"an ID token", idClaims, ``, "", verifier.Options{}},
		{"a machine-to-machine token", machineClaims, ``, "", verifier.Options{}},
		{"exp in a second", accessClaims, `{"exp":946684801}`, "", verifier.Options{}},
		{"exp in the year 5138", accessClaims, `{"exp":100000000000}`, "", verifier.Options{}},
		{"exp just within the leeway", accessClaims, `{"exp":946684741}`, "", verifier.Options{Leeway: time.Minute}},
		{"nbf now", accessClaims, `{"nbf":946684800}`, "", verifier.Options{}},
		{"nbf just within the leeway", accessClaims, `{"nbf":946684860}`, "", verifier.Options{Leeway: time.Minute}},
		{"one of several clients", accessClaims, ``, "", verifier.Options{Clients: []string{"other", client}}},
		{"any client of an access token", accessClaims, `{"client_id":"other"}`, "", verifier.Options{SkipClientCheck: true}},
		{"any client of an ID token", idClaims, `{"aud":"other"}`, "", verifier.Options{SkipClientCheck: true}},
		{"an access token whose trigger added the client as aud", accessClaims, `{"aud":"` + client + `"}`, "", verifier.Options{}},
		{"the client as aud when any client will do", accessClaims, `{"client_id":"other","aud":"other"}`, "", verifier.Options{SkipClientCheck: true}},
		{"an access token bound to a configured resource", accessClaims, `{"aud":"` + resource + `"}`, "", verifier.Options{Audiences: []string{resource}}},
		{"an access token bound to several resources", accessClaims, `{"aud":["https://a.example.org","` + resource + `"]}`, "", verifier.Options{Audiences: []string{resource}}},
		{"no optional claim", accessClaims, `{"x":1}`, "cognito:groups", verifier.Options{}},
		{"empty groups", accessClaims, `{"cognito:groups":[]}`, "", verifier.Options{}},
		{"a federated user", idClaims, `{"cognito:username":"Google_1234","cognito:groups":["eu-west-1_AbCdEfGhI_Google"],` +
			`"identities":[{"userId":"1234","providerName":"Google","providerType":"Google","issuer":null,"primary":"true","dateCreated":"1790000000000"}]}`, "", verifier.Options{}},
		{"claims of a trigger of any type", accessClaims, `{"plan":{"name":"gold","limits":[1,2.5,{"a":null}]},"beta":true,"seats":12,"tags":["a",1,null]}`, "", verifier.Options{}},
		{"claims that look like checked ones in another case", accessClaims, `{"SUB":1,"Exp":0,"ISS":"x","Token_Use":"id","Client_Id":"x"}`, "", verifier.Options{}},
		{"step-up claims", accessClaims, `{"acr":"urn:cognito:loa:4","amr":["pwd","otp","mfa"]}`, "", verifier.Options{}},
	} {
		inBubble(t, row.name, func(t *testing.T) {
			claims := edit(t, row.base, row.set, row.drop)
			tok := accept(t, newVerifier(t, row.opts), newSigner(t, "k1").Sign(claims))
			if got, want := tok.Use(), edit(t, row.base, "", ""); !strings.Contains(want, `"token_use":"`+string(got)+`"`) {
				t.Errorf("expected the use of %s, got %q", want, got)
			}
		})
	}
}

// A SUB beside sub must not shadow it, as it would with a struct of encoding/json.
func TestClaimsAreFoundByExactName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		claims := edit(t, accessClaims, `{"SUB":"admin","Sub":"admin","sUb":"admin","USERNAME":"admin"}`, "")
		tok := accept(t, newVerifier(t, verifier.Options{}), newSigner(t, "k1").Sign(claims))
		if got, want := tok.Subject(), "5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a"; got != want {
			t.Errorf("expected sub %q, got %q", want, got)
		}
		if got := tok.Username(); got != "jo" {
			t.Errorf("expected the user %q, got %q", "jo", got)
		}
	})
}

// The order of checks decides what a flood costs: no fetch and no RSA operation
// for a token that a cheaper check refuses.
func TestCheapChecksComeBeforeTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVerifier(t, verifier.Options{KeySets: map[string]verifier.KeySet{issuer: failingKeySet{t}}})
		for _, row := range []struct {
			set  string
			want error
		}{
			{`{"token_use":"x"}`, verifier.ErrTokenUse},
			{`{"exp":1}`, verifier.ErrExpired},
			{`{"nbf":946684900}`, verifier.ErrNotYetValid},
			{`{"client_id":"x"}`, verifier.ErrClient},
			{`{"iss":"x"}`, verifier.ErrIssuer},
		} {
			expectReason(t, verify(v, newSigner(t, "k1").Sign(edit(t, accessClaims, row.set, ""))), row.want)
		}
	})
}

// failingKeySet fails the test that asks it for a key.
type failingKeySet struct{ t *testing.T }

func (s failingKeySet) Key(context.Context, string) (*verifier.Key, error) {
	s.t.Error("expected no key to be looked for")
	return nil, errors.New("no key")
}

func (s failingKeySet) Trusts(*verifier.Key) bool { return false }
