package hosted_test

import (
	"net/url"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// attack is what a browser comes back with, and the flow of its cookie.
type attack struct {
	flow     hosted.Flow
	callback hosted.Callback
	client   *hosted.Client // default: the one that began
	want     error
}

// What RFC 9700 asks of a client at its callback. In no row is the code sent.
func TestCallbacksThatRFC9700Forbids(t *testing.T) {
	opts := hosted.Options{HTTPClient: noCall(t)}
	client := newClient(t, opts)
	_, flow := begin(t, client, hosted.Begin{})
	_, other := begin(t, client, hosted.Begin{})
	elsewhere, sibling := opts, opts
	elsewhere.BaseURL, sibling.ClientID = "https://auth.evil.example", "2other"
	for name, row := range map[string]attack{
		"§4.7 CSRF: the callback of an attacker's flow":         {flow, back(t, other, "code", code), nil, hosted.ErrState},
		"§4.7 CSRF: no state":                                   {flow, hosted.Callback{Code: code}, nil, hosted.ErrState},
		"§4.7 CSRF: part of the state":                          {flow, hosted.Callback{State: flow.State()[:20], Code: code}, nil, hosted.ErrState},
		"§4.7 CSRF: neither state nor flow":                     {hosted.Flow{}, hosted.Callback{Code: code}, nil, hosted.ErrState},
		"§4.4 mix-up: the flow of another authorization server": {flow, back(t, flow, "code", code), newClient(t, elsewhere), hosted.ErrState},
		"§4.4 mix-up: the flow of another app client":           {flow, back(t, flow, "code", code), newClient(t, sibling), hosted.ErrState},
		"§4.4 mix-up: a refusal for another app client":         {flow, back(t, flow, "error", "access_denied"), newClient(t, sibling), hosted.ErrState},
		"RFC 6749 §4.1.2.1: an error response has no code":      {flow, back(t, flow, "error", "access_denied"), nil, hosted.ErrDenied},
		"§2.1.2 implicit grant: tokens instead of a code":       {flow, hosted.Callback{State: flow.State()}, nil, hosted.ErrCallback},
	} {
		if row.client == nil {
			row.client = client
		}
		got, err := row.client.Exchange(t.Context(), row.flow, row.callback)
		expectReason(t, name, err, row.want)
		if got != nil {
			t.Errorf("%s: expected no tokens", name)
		}
	}
}

// §2.1.1: PKCE with S256 for every client, with a secret or without, and a
// challenge that no visitor can replace.
func TestPKCEIsAlwaysThere(t *testing.T) {
	all := []string{"lang", "login_hint", "identity_provider", "idp_identifier", "acr_values", "max_age"}
	for _, opts := range []hosted.Options{{}, {Secrets: []signin.Secret{"a"}}, {Scopes: []string{"openid"}}, {Pass: all}} {
		for _, in := range []hosted.Begin{{}, {Again: true}, {Provider: "Google"}, {Prompt: "none"}, {Query: url.Values{"code_challenge": {"x"}, "code_challenge_method": {"plain"}}}} {
			query, _ := begin(t, newClient(t, opts), in)
			if query.Get("code_challenge_method") != "S256" || len(query.Get("code_challenge")) != 43 || len(query["code_challenge"]) != 1 {
				t.Errorf("expected PKCE, got %v", query)
			}
			if query.Get("response_type") != "code" || query.Has("response_mode") {
				t.Errorf("expected the code grant, got %v", query)
			}
		}
	}
}

// §4.1.3: the redirect URI is compared character by character, so it is sent as it
// is given, both times.
func TestTheRedirectURIIsExact(t *testing.T) {
	for _, redirectURI := range []string{callback, callback + "/", callback + "?tenant=1&x=%20+", "https://APP.example.org:443/a/../b", "http://localhost:8080"} {
		s := newStub(t, answer(tokens))
		client := s.client()
		raw, flow, err := client.Begin(redirectURI, hosted.Begin{})
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(raw)
		if _, err := client.Exchange(t.Context(), flow, back(t, flow, "code", code)); err != nil {
			t.Fatal(err)
		}
		if first, second := u.Query().Get("redirect_uri"), s.requests[0].form.Get("redirect_uri"); first != redirectURI || second != redirectURI {
			t.Errorf("expected %s twice, got %s and %s", redirectURI, first, second)
		}
	}
}

// §4.5: a code that was stolen elsewhere and brought in here passes PKCE in no
// case, and its ID token not the nonce.
func TestInjectedCodesAreRefused(t *testing.T) {
	client := newClient(t, hosted.Options{})
	query, flow := begin(t, client, hosted.Begin{})
	other, _ := begin(t, client, hosted.Begin{})
	nonce := query.Get("nonce")
	for name, claim := range map[string]string{
		"the nonce of another flow": other.Get("nonce"), "no nonce": "", "part of the nonce": nonce[:20], "more than the nonce": nonce + "x", "the state": query.Get("state"),
	} {
		err := flow.CheckNonce(claim)
		expectReason(t, name, err, hosted.ErrNonce)
		expectReason(t, name, err, signin.ErrSession)
	}
	if err := flow.CheckNonce(nonce); err != nil {
		t.Errorf("expected the nonce to be right, got %v", err)
	}
}

// §4.2.4: a code works once. The second call is Cognito's to refuse, and ends the
// sign-in.
func TestACodeIsSentOnceAndAReplayEndsTheSignIn(t *testing.T) {
	s := newStub(t, answer(tokens), fails("invalid_grant"))
	client := s.client()
	_, flow := begin(t, client, hosted.Begin{})
	if _, err := client.Exchange(t.Context(), flow, back(t, flow, "code", code)); err != nil || len(s.requests) != 1 {
		t.Fatalf("expected one call, got %d, %v", len(s.requests), err)
	}
	_, err := client.Exchange(t.Context(), flow, back(t, flow, "code", code))
	expectReason(t, "a replay", err, signin.ErrSession)
	s.done("a replay")
}
