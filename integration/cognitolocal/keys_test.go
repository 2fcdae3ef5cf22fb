package cognitolocal_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// get fetches a path of the server without a keep-alive connection left over.
func (w *world) get(t *testing.T, path string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil)
	noError(t, err)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	noError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	noError(t, err)
	return resp, string(body)
}

const (
	jwks      = "/" + cognitolocal.DefaultPoolID + "/.well-known/jwks.json"
	discovery = "/" + cognitolocal.DefaultPoolID + "/.well-known/openid-configuration"
)

// verify checks a token by discovery with an independent library.
func (w *world) verify(t *testing.T, token string) error {
	t.Helper()
	provider, err := oidc.NewProvider(t.Context(), w.Pool().Issuer())
	noError(t, err)
	verifier := provider.Verifier(&oidc.Config{SkipClientIDCheck: true, Now: w.clock.Now})
	_, err = verifier.Verify(t.Context(), token)
	return err
}

func TestTokensVerifyAgainstTheServedKeySet(t *testing.T) {
	w := newWorld(t)
	r := w.signIn(t)
	machine, err := w.Pool().MachineToken(webClient, "api/read")
	noError(t, err)
	for _, token := range []string{*r.IdToken, *r.AccessToken, machine} {
		noError(t, w.verify(t, token))
	}
	if w.verify(t, (*r.IdToken)[:len(*r.IdToken)-8]+"AAAAAAAA") == nil {
		t.Error("expected a changed signature to be refused")
	}
}

func TestKeySetHasTheShapeOfCognitos(t *testing.T) {
	w := newWorld(t)
	resp, body := w.get(t, jwks)
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("expected JSON, got %q", got)
	}
	var set struct{ Keys []map[string]string }
	noError(t, json.Unmarshal([]byte(body), &set))
	if len(set.Keys) != 2 {
		t.Fatalf("expected two keys, got %d", len(set.Keys))
	}
	for _, key := range set.Keys {
		names := slices.Sorted(maps.Keys(key))
		if !slices.Equal(names, []string{"alg", "e", "kid", "kty", "n", "use"}) {
			t.Errorf("unexpected members %q", names)
		}
		if key["alg"] != "RS256" || key["e"] != "AQAB" || key["kty"] != "RSA" || key["use"] != "sig" {
			t.Errorf("unexpected key %q", key)
		}
		if len(key["kid"]) != 44 || !strings.HasSuffix(key["kid"], "=") || len(key["n"]) != 342 {
			t.Errorf("unexpected sizes of kid %q and n", key["kid"])
		}
	}
	if !strings.HasPrefix(body, `{"keys":[{"alg":"RS256","e":"AQAB","kid":"`) {
		t.Error("expected the members in Cognito's order")
	}
}

func TestTheTwoTokensHaveDifferentKeys(t *testing.T) {
	w := newWorld(t)
	r := w.signIn(t)
	id, access := part(t, *r.IdToken, 0)["kid"], part(t, *r.AccessToken, 0)["kid"]
	if id == access || id != w.Pool().KeyID(cognitolocal.IDToken) || access != w.Pool().KeyID(cognitolocal.AccessToken) {
		t.Errorf("unexpected key IDs %q and %q", id, access)
	}
}

func TestRotation(t *testing.T) {
	w := newWorld(t)
	p := w.Pool()
	before := *w.signIn(t).IdToken
	oldIDs := p.KeyIDs()
	noError(t, p.RotateKeys())
	after := *w.signIn(t).IdToken

	if got := p.KeyIDs(); len(got) != 4 || !slices.Equal(got[:2], oldIDs) {
		t.Errorf("expected the old keys to stay, got %q", got)
	}
	noError(t, w.verify(t, before))
	noError(t, w.verify(t, after))

	p.PublishOnly(oldIDs...)
	if w.verify(t, after) == nil {
		t.Error("expected a key set that lags behind to lack the new key")
	}
	_, err := w.getUser(t, *w.signIn(t).AccessToken)
	noError(t, err) // the pool itself knows its keys

	p.PublishOnly(append(oldIDs, p.KeyID(cognitolocal.IDToken))...)
	p.DropOldKeys()
	noError(t, w.verify(t, after))
	if w.verify(t, before) == nil {
		t.Error("expected tokens of dropped keys to be refused")
	}
	kid := p.KeyID(cognitolocal.IDToken)
	if !p.DropKey(kid) || p.DropKey(kid) || p.DropKey("unknown") {
		t.Error("expected DropKey to report whether the key was there")
	}
}

func TestRotateToRefusesBadKeys(t *testing.T) {
	p := newWorld(t).Pool()
	keys, err := cognitolocal.NewKeys()
	noError(t, err)
	noError(t, p.RotateTo(keys))
	for name, bad := range map[string]cognitolocal.Keys{
		"no keys": {}, "one key": {ID: keys.ID}, "the same key twice": {ID: keys.ID, Access: keys.ID},
		"keys in use": keys,
	} {
		t.Run(name, func(t *testing.T) {
			if p.RotateTo(bad) == nil {
				t.Error("expected an error")
			}
		})
	}
}

func TestExtraKeysAreServedAsTheyAre(t *testing.T) {
	w := newWorld(t)
	const extra = `{"kty":"EC","crv":"P-256","kid":"x"}`
	noError(t, w.Pool().PublishExtra(json.RawMessage(extra), json.RawMessage(`7`)))
	if _, body := w.get(t, jwks); !strings.HasSuffix(body, ","+extra+",7]}") {
		t.Error("expected the extra entries last")
	}
	if w.Pool().PublishExtra(json.RawMessage(`{`)) == nil {
		t.Error("expected text that is not JSON to be refused")
	}
	noError(t, w.Pool().PublishExtra())
	_, body := w.get(t, jwks)
	doc, err := w.Pool().JWKS()
	noError(t, err)
	if body != string(doc) || strings.Contains(body, "P-256") {
		t.Error("expected the pool's own keys only, as JWKS returns them")
	}
}

func TestSignTakesAnyBytes(t *testing.T) {
	w := newWorld(t)
	p := w.Pool()
	const payload = `{"iss":"a","iss":"b"}`
	genuine, err := p.Sign(cognitolocal.IDToken, nil, []byte(payload))
	noError(t, err)
	if part(t, genuine, 0)["kid"] != p.KeyID(cognitolocal.IDToken) || !strings.Contains(genuine, ".eyJpc3MiOiJhIiwiaXNzIjoiYiJ9.") {
		t.Error("expected the genuine header and the payload byte by byte")
	}
	header := p.Header(cognitolocal.AccessToken)
	header["alg"], header["typ"] = "none", "JWT"
	odd, err := p.Sign(cognitolocal.AccessToken, header, []byte("not json"))
	noError(t, err)
	if part(t, odd, 0)["alg"] != "none" {
		t.Error("expected the header as given")
	}
	raw, err := p.SignRaw(cognitolocal.IDToken, []byte(`{"alg":"RS256","alg":"none"}`), nil)
	noError(t, err)
	if !strings.HasPrefix(raw, "eyJhbGciOiJSUzI1NiIsImFsZyI6Im5vbmUifQ..") {
		t.Error("expected the raw header and an empty payload")
	}
}

func TestSignedBytesCarryAGoodSignature(t *testing.T) {
	w := newWorld(t)
	payload, err := json.Marshal(map[string]any{"iss": w.Pool().Issuer(), "exp": w.clock.Now().Unix() + 60})
	noError(t, err)
	token, err := w.Pool().Sign(cognitolocal.AccessToken, nil, payload)
	noError(t, err)
	noError(t, w.verify(t, token))
	if w.Pool().PublicKey(cognitolocal.IDToken).Equal(w.Pool().PublicKey(cognitolocal.AccessToken)) {
		t.Error("expected different public keys")
	}
}
