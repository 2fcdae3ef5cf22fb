package peerjose_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

// pair is our verifier and the peer with the same keys, issuer and client.
type pair struct {
	ours    *verifier.Verifier
	theirs  peer
	signers []*verifiertest.Signer // the keys k1 and k2 of the pool, and a stranger's with the name of k1
}

func newPair(t testing.TB) *pair {
	t.Helper()
	k1, err := verifiertest.NewSigner("k1")
	check(t, err)
	k2, err := verifiertest.NewKeySigner("k2", 2048)
	check(t, err)
	stranger, err := verifiertest.NewKeySigner("k1", 2048)
	check(t, err)
	jwks := verifiertest.JWKS(k1.JWK(), k2.JWK())
	keys, err := verifier.ParseKeySet([]byte(jwks))
	check(t, err)
	ours, err := verifier.New(verifier.Options{
		KeySets: map[string]verifier.KeySet{issuer: verifier.NewStaticKeySet(keys)}, Clients: []string{client}, CacheSize: 1,
	})
	check(t, err)
	theirs, err := newPeer(jwks)
	check(t, err)
	return &pair{ours, theirs, []*verifiertest.Signer{k1, k2, stranger}}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// compare has both judge a token, and reports who accepts it.
func (p *pair) compare(t *testing.T, raw string) (ours, theirs bool) {
	t.Helper()
	claims, theirErr := p.theirs.verify(raw, time.Now())
	tok, err := p.ours.Verify(t.Context(), raw)
	if err == nil && theirErr != nil {
		t.Fatalf("accepted what go-jose refuses: %v\n%s", theirErr, raw)
	}
	if err == nil {
		agree(t, tok, claims)
	}
	return err == nil, theirErr == nil
}

// agree fails unless both read the same claims.
func agree(t *testing.T, tok *verifier.Token, want claims) {
	t.Helper()
	names := slices.Collect(tok.Claims())
	if len(names) != len(want) {
		t.Fatalf("expected the %d claims of go-jose, got %q", len(want), names)
	}
	for _, name := range names {
		if text, ok := tok.StringClaim(name); ok && text != want.text(name) {
			t.Errorf("claim %q: expected %q, got %q", name, want.text(name), text)
		}
		got, ok := tok.Claim(name)
		if theirs := string(want[name]); ok && got != theirs || !ok && theirs != "null" {
			t.Errorf("claim %q: expected %s, got %s", name, theirs, got)
		}
	}
	var groups []string
	_ = json.Unmarshal(want["cognito:groups"], &groups)
	if got := slices.Collect(tok.Groups()); !slices.Equal(got, groups) {
		t.Errorf("expected the groups %q, got %q", groups, got)
	}
	if tok.Subject() != want.text("sub") || string(tok.Use()) != want.text("token_use") {
		t.Errorf("expected %s, got %q for %q", want["sub"], tok.Subject(), tok.Use())
	}
}

// Where an edit of a script applies, and what it does to the member there.
const (
	inPayload, inHeader              = 0, 6
	rename, drop, repeat, twice, put = 0, 1, 2, 3, 4
)

// edits is a script that makes one edit of a token: at is the place of a member, or
// the end, where one is added.
func edits(genuine, part int, name, value string, at, what int) script {
	return script{byte(genuine), byte(part), byte(slices.Index(names, name)), byte(slices.Index(values, value)), byte(at), byte(what)}
}

// seeds are scripts by hand: a change of each kind, before and behind the
// signature.
func seeds() []script {
	list := []script{
		{0}, {1}, {0, 11, 1}, {0, 11, 2}, {0, 10, 1}, {0, 10, 2}, {1, 10, 5},
		{0, 7, 1}, {0, 7, 3}, {1, 7, 4}, {0, 8, 3}, {0, 8, 1}, {0, 9, 1}, {0, 9, 3}, {0, 9, 7}, {0, 9, 9}, {0, 9, 16},
	}
	for _, name := range []string{`"crit"`, `"b64"`, `"cty"`, `"typ"`, `"zip"`, `"alg"`, `"kid"`, `"jku"`} {
		for _, value := range []string{`["exp"]`, `["b64"]`, `false`, `"JWT"`, `"none"`, `"k2"`, `null`} {
			list = append(list, edits(0, inHeader, name, value, len(genuineHeader), put))
		}
	}
	for _, name := range []string{`"aud"`, `"nbf"`, `"exp"`, `"sub"`, `"Exp"`, `"\u0065xp"`, `"client_id"`, `"token_use"`, `"jti"`} {
		for _, value := range []string{`["` + client + `",5]`, `4102444800`, `4102444800.5`, `null`, `"id"`, `[]`} {
			list = append(list, edits(0, inPayload, name, value, len(genuineAccess), put), edits(1, inPayload, name, value, 2, put), edits(0, inPayload, name, value, 4, twice))
		}
	}
	for at := range genuineAccess {
		list = append(list, edits(0, inPayload, `"x5t"`, `0`, at, drop), edits(0, inPayload, `"ISS"`, `0`, at, rename), edits(0, inPayload, `"x5t"`, `0`, at, repeat))
	}
	return list
}

// FuzzAgainstGoJose must never accept what go-jose refuses.
func FuzzAgainstGoJose(f *testing.F) {
	for _, seed := range seeds() {
		f.Add([]byte(seed))
	}
	p := newPair(f)
	f.Fuzz(func(t *testing.T, s []byte) {
		p.compare(t, newToken(s, p.signers))
	})
}

// TestRandomMutantsAgainstGoJose is the same without a fuzzing engine. It counts,
// since mutants that nobody accepts would compare nothing.
func TestRandomMutantsAgainstGoJose(t *testing.T) {
	p := newPair(t)
	random := rand.New(rand.NewPCG(1, 2))
	both, stricter := 0, 0
	const mutants = 3000
	for range mutants {
		s := make(script, 1+random.IntN(14))
		for i := range s {
			s[i] = byte(random.Uint32())
		}
		switch ours, theirs := p.compare(t, newToken(s, p.signers)); {
		case ours:
			both++
		case theirs:
			stricter++
		}
	}
	t.Logf("of %d mutants, both accept %d, go-jose alone %d", mutants, both, stricter)
	if both < mutants/20 || stricter < mutants/50 {
		t.Errorf("expected more mutants that are worth comparing, got %d that both accept and %d that go-jose alone does", both, stricter)
	}
}

// What go-jose accepts and we refuse, each on purpose.
func TestWeRefuseMore(t *testing.T) {
	p := newPair(t)
	header, access, id := member{`"typ"`, `"JWT"`}, genuineAccess, genuineID
	for _, row := range []struct {
		name    string
		header  []member
		payload []member
		wrap    int
		tail    string
	}{
		{name: "a nested token, by its cty", header: []member{{`"cty"`, `"JWT"`}}, payload: access},
		{name: "a type that is no JWT's", header: []member{{`"typ"`, `"logout+jwt"`}}, payload: access},
		{name: "b64, which is the default", header: []member{{`"b64"`, `true`}, {`"crit"`, `["b64"]`}}, payload: access},
		{name: "a key ID that is hidden behind an escape is read, and a type behind one too", header: []member{{`"t\u0079p"`, `"x"`}}, payload: access},
		{name: "a line break in the signature", header: []member{header}, payload: access, wrap: 3},
		{name: "a line break in the payload", header: []member{header}, payload: id, wrap: 4},
		{name: "another spelling of the same signature", header: []member{header}, payload: access, wrap: 7},
		{name: "a time with a fraction", payload: with(access, `"exp"`, `4102444800.5`)},
		{name: "a time with an exponent", payload: with(access, `"exp"`, `4.1024448e9`)},
		{name: "a time after the year 9999", payload: with(access, `"exp"`, `253402300800`)},
		{name: "nbf that is null", payload: append(slices.Clone(access), member{`"nbf"`, `null`})},
		{name: "no subject", payload: without(access, `"sub"`)},
		{name: "an empty subject", payload: with(access, `"sub"`, `""`)},
		{name: "a subject that is null", payload: with(access, `"sub"`, `null`)},
		{name: "groups that are one string", payload: with(access, `"cognito:groups"`, `"admins"`)},
		{name: "groups of other types", payload: with(access, `"cognito:groups"`, `["admins",1]`)},
		{name: "scopes that are a list", payload: with(access, `"scope"`, `["openid"]`)},
		{name: "an audience that is not ours in an access token", payload: append(slices.Clone(access), member{`"aud"`, `"https://other.example"`})},
		{name: "an ID token for several audiences", payload: with(id, `"aud"`, `["`+client+`","x"]`)},
		{name: "a name twice, below the top", payload: append(slices.Clone(access), member{`"x"`, `{"a":1,"a":2}`})},
		{name: "half of a surrogate pair", payload: append(slices.Clone(access), member{`"x"`, `"\ud800"`})},
		{name: "a claim that is not UTF-8", payload: append(slices.Clone(access), member{`"x"`, "\"\xff\""})},
		{name: "nesting without an end", payload: append(slices.Clone(access), member{`"x"`, strings.Repeat("[", 40) + strings.Repeat("]", 40)})},
		{name: "thousands of parts", payload: append(slices.Clone(access), member{`"x"`, "[" + strings.Repeat("1,", 1100) + "1]"})},
		{name: "a token of 40 kB", payload: append(slices.Clone(access), member{`"x"`, `"` + strings.Repeat("x", 40_000) + `"`})},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := draft{
				header: append(slices.Clone(genuineHeader), row.header...), payload: row.payload, tail: row.tail,
				wrap: wrappings[row.wrap], forge: forgeries[0], signer: p.signers[0],
			}
			if ours, theirs := p.compare(t, d.token()); ours || !theirs {
				t.Errorf("expected go-jose alone to accept it, got %v and %v", theirs, ours)
			}
		})
	}
}

// What go-jose refuses and we accept: it reads keys that a token brings along, and
// parameters of other protocols, for nobody, and broken ones are an error. We never
// look at them (RFC 8725 §3.10), whatever they are. The key of a stranger opens
// nothing at either.
func TestWhatMeansNothingIsNotRead(t *testing.T) {
	p := newPair(t)
	for _, row := range []struct {
		name, header, value string
		signer              int
		ours, theirs        bool
	}{
		{"a jwk that is none", `"jwk"`, `{}`, 0, true, false},
		{"an x5c that is none", `"x5c"`, `["x"]`, 0, true, false},
		{"a nonce of ACME that is none", `"nonce"`, `1`, 0, true, false},
		{"a number that is larger than any float", `"url"`, `1e400`, 0, true, false},
		{"the jwk of the stranger who signed", `"jwk"`, p.signers[2].JWK(), 2, false, false},
		{"the jwk of a stranger, signed by the pool", `"jwk"`, p.signers[2].JWK(), 0, true, true},
		{"the URL of a stranger's keys", `"jku"`, `"https://evil.example/jwks.json"`, 2, false, false},
	} {
		d := draft{
			header: append(slices.Clone(genuineHeader), member{row.header, row.value}), payload: genuineAccess,
			wrap: wrappings[0], forge: forgeries[0], signer: p.signers[row.signer],
		}
		_, err := p.ours.Verify(t.Context(), d.token())
		_, theirErr := p.theirs.verify(d.token(), time.Now())
		if (err == nil) != row.ours || (theirErr == nil) != row.theirs {
			t.Errorf("%s: unexpected %v, and of go-jose %v", row.name, err, theirErr)
		}
	}
}

func with(object []member, name, value string) []member {
	return append(without(object, name), member{name, value})
}

func without(object []member, name string) []member {
	return slices.DeleteFunc(slices.Clone(object), func(m member) bool { return m.name == name })
}
