package verifier_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

const (
	issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"
	client = "1h57kf5cpq17m0eml12example"
)

// Tests run under testing/synctest, whose clock starts at 2000-01-01, 946684800.
// The tokens of a table are ten minutes old then and live for another fifty.
const (
	accessClaims = `{"sub":"5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a","cognito:groups":["admins","editors"],` +
		`"iss":"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI","version":2,` +
		`"client_id":"1h57kf5cpq17m0eml12example","origin_jti":"b1f0d7a2-1111-4222-8333-944455556666",` +
		`"event_id":"c2f0d7a2-1111-4222-8333-944455556666","token_use":"access","scope":"openid orders/read",` +
		`"auth_time":946684200,"exp":946687800,"iat":946684200,"jti":"d3f0d7a2-1111-4222-8333-944455556666","username":"jo"}`
	idClaims = `{"sub":"5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a","cognito:groups":["admins"],` +
		`"cognito:preferred_role":"arn:aws:iam::111122223333:role/Admins","cognito:roles":["arn:aws:iam::111122223333:role/Admins"],` +
		`"iss":"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI","cognito:username":"jo",` +
		`"aud":"1h57kf5cpq17m0eml12example","origin_jti":"b1f0d7a2-1111-4222-8333-944455556666","token_use":"id",` +
		`"auth_time":946684200,"exp":946687800,"iat":946684200,"jti":"e4f0d7a2-1111-4222-8333-944455556666",` +
		`"email":"jo@example.org","email_verified":true,"custom:tenant":"42"}`
	machineClaims = `{"sub":"1h57kf5cpq17m0eml12example","token_use":"access","scope":"orders/read orders/write",` +
		`"auth_time":946684200,"iss":"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI",` +
		`"exp":946687800,"iat":946684200,"version":2,"jti":"f5f0d7a2-1111-4222-8333-944455556666","client_id":"1h57kf5cpq17m0eml12example"}`
)

func newSigner(t testing.TB, keyID string) *verifiertest.Signer {
	t.Helper()
	signer, err := verifiertest.NewSigner(keyID)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// newKeySigner makes a key that no other signer has.
func newKeySigner(t testing.TB, keyID string) *verifiertest.Signer {
	t.Helper()
	signer, err := verifiertest.NewKeySigner(keyID, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// keySets holds the issuer with the keys k1 (access) and k2 (ID).
func keySets(t testing.TB) map[string]verifier.KeySet {
	t.Helper()
	return map[string]verifier.KeySet{issuer: staticKeys(t, newSigner(t, "k1"), newSigner(t, "k2"))}
}

func staticKeys(t testing.TB, signers ...*verifiertest.Signer) verifier.StaticKeySet {
	t.Helper()
	return verifier.NewStaticKeySet(parseKeys(t, signers...))
}

func parseKeys(t testing.TB, signers ...*verifiertest.Signer) []*verifier.Key {
	t.Helper()
	keys, err := verifier.ParseKeySet([]byte(keySetOf(signers...)))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func keySetOf(signers ...*verifiertest.Signer) string {
	var jwks []string
	for _, signer := range signers {
		jwks = append(jwks, signer.JWK())
	}
	return verifiertest.JWKS(jwks...)
}

// newVerifier fills in what a test leaves out.
func newVerifier(t testing.TB, opts verifier.Options) *verifier.Verifier {
	t.Helper()
	if opts.KeySets == nil {
		opts.KeySets = keySets(t)
	}
	if opts.Clients == nil && !opts.SkipClientCheck {
		opts.Clients = []string{client}
	}
	v, err := verifier.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// edit is base with the members of the JSON object set, and without drop.
func edit(t testing.TB, base, set, drop string) string {
	t.Helper()
	var claims, changes map[string]json.RawMessage
	if set == "" {
		set = "{}"
	}
	if err := errors.Join(json.Unmarshal([]byte(base), &claims), json.Unmarshal([]byte(set), &changes)); err != nil {
		t.Fatal(err)
	}
	maps.Copy(claims, changes)
	delete(claims, drop)
	edited, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return string(edited)
}

// inBubble runs a row of a table at 2000-01-01.
func inBubble(t *testing.T, name string, test func(*testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// expectReason fails unless err is what want says; nil wants no error.
func expectReason(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("expected %v, got %v", want, err)
	}
	if _, ok := errors.AsType[*verifier.TokenError](err); want != nil && !ok {
		t.Fatalf("expected a TokenError, got %T", err)
	}
}

// accept verifies a token that must pass.
func accept(t testing.TB, v *verifier.Verifier, raw string) *verifier.Token {
	t.Helper()
	tok, err := v.Verify(context.Background(), raw)
	if err != nil {
		t.Fatalf("expected the token to pass, got %v", err)
	}
	return tok
}

// verify only gives the error.
func verify(v *verifier.Verifier, raw string) error {
	_, err := v.Verify(context.Background(), raw)
	return err
}

// fakeIssuer answers requests for a key set without a network.
type fakeIssuer struct {
	mu      sync.Mutex // guards all below
	reply   func(*http.Request) (*http.Response, error)
	fetches int
}

const jwksURL = issuer + "/.well-known/jwks.json"

func newFakeIssuer(body string) *fakeIssuer {
	iss := new(fakeIssuer)
	iss.answer(body)
	return iss
}

// open starts a key set of the issuer and waits for its first fetch, if that
// does not hang.
func (f *fakeIssuer) open(t testing.TB, opts verifier.RemoteOptions) *verifier.RemoteKeySet {
	t.Helper()
	set := f.newSet(t, opts)
	set.Start()
	synctest.Wait()
	return set
}

func (f *fakeIssuer) newSet(t testing.TB, opts verifier.RemoteOptions) *verifier.RemoteKeySet {
	t.Helper()
	opts.URL, opts.Transport = jwksURL, verifiertest.RoundTripFunc(f.roundTrip)
	set, err := verifier.NewRemoteKeySet(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	return set
}

func (f *fakeIssuer) roundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.fetches++
	reply := f.reply
	f.mu.Unlock()
	return reply(r)
}

func (f *fakeIssuer) set(reply func(*http.Request) (*http.Response, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reply = reply
}

// count is how many requests there were.
func (f *fakeIssuer) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fetches
}

func (f *fakeIssuer) answer(body string) { f.set(replyWith(http.StatusOK, body)) }

func (f *fakeIssuer) fail() { f.set(replyWith(http.StatusServiceUnavailable, "")) }

// hang never answers.
func (f *fakeIssuer) hang() {
	f.set(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
}

// answerAfter answers late.
func (f *fakeIssuer) answerAfter(delay time.Duration, body string) {
	f.set(func(r *http.Request) (*http.Response, error) {
		time.Sleep(delay)
		return replyWith(http.StatusOK, body)(r)
	})
}

func replyWith(status int, body string, headers ...string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: status, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(body)), Request: r}
		for i := 0; i < len(headers); i += 2 {
			resp.Header.Set(headers[i], headers[i+1])
		}
		return resp, nil
	}
}

func refresh(t testing.TB, set *verifier.RemoteKeySet) {
	t.Helper()
	if err := set.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func expectUnavailable(t testing.TB, err error) {
	t.Helper()
	if unavailable, ok := errors.AsType[*verifier.UnavailableError](err); !ok || unavailable.RetryAfter <= 0 {
		t.Fatalf("expected an UnavailableError with a pause, got %v", err)
	}
	if _, ok := errors.AsType[*verifier.TokenError](err); ok {
		t.Fatalf("expected no TokenError, got %v", err)
	}
}
