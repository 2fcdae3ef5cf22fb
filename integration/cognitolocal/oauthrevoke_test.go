package cognitolocal_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func (w *world) revokeAt(t *testing.T, auth string, pairs ...string) answer {
	t.Helper()
	return w.send(t, http.MethodPost, "/oauth2/revoke", auth, values(pairs...))
}

func TestRevokeEndpointEndsTheSession(t *testing.T) {
	w := newHosted(t)
	gone, kept := w.tokens(t), w.tokens(t)
	for range 2 { // repeating is fine
		a := w.revokeAt(t, "", "client_id", oauthClient, "token", gone.text("refresh_token"))
		if a.status != http.StatusOK || a.body != "" {
			t.Fatalf("expected 200 without a body, got %d %q", a.status, a.body)
		}
	}
	_, err := w.getTokens(t, oauthClient, gone.text("refresh_token"))
	wantCode(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	if a := w.userInfo(t, "Bearer "+gone.text("access_token")); a.status != http.StatusUnauthorized {
		t.Errorf("expected the access token to be dead at the pool, got %d", a.status)
	}
	if a := w.userInfo(t, "Bearer "+kept.text("access_token")); a.status != http.StatusOK {
		t.Errorf("expected the other session to go on, got %d", a.status)
	}
	noError(t, w.verify(t, gone.text("id_token"))) // nothing shows offline
}

func TestRevokeEndpointRefusals(t *testing.T) {
	w := newHosted(t)
	w.change(t, cognitolocal.Client{ID: confidential, Secrets: []string{firstSecret}, DisableRevocation: true})
	r := w.tokens(t)
	refresh := r.text("refresh_token")
	tests := []struct {
		name, auth string
		form       url.Values
		status     int
		want       string
	}{
		{"no token", "", values("client_id", oauthClient), 400, "invalid_request"},
		{"no client", "", values("token", refresh), 400, "invalid_request"},
		{"an unknown client", "", values("client_id", "nobody", "token", refresh), 401, "invalid_client"},
		{"a wrong secret", basic(confidential, "x"), values("token", refresh), 401, "invalid_client"},
		{"a missing secret", "", values("client_id", confidential, "token", refresh), 401, "invalid_client"},
		{"an access token", "", values("client_id", oauthClient, "token", r.text("access_token")), 400, "unsupported_token_type"},
		{"an ID token", "", values("client_id", oauthClient, "token", r.text("id_token")), 400, "unsupported_token_type"},
		{"a client without revocation", basic(confidential, firstSecret), values("token", refresh), 400, "invalid_request"},
		{"another client's token", "", values("client_id", webClient, "token", refresh), 400, "invalid_request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := w.send(t, http.MethodPost, "/oauth2/revoke", tt.auth, tt.form)
			if a.status != tt.status || a.text("error") != tt.want {
				t.Errorf("expected %d %q, got %d %s", tt.status, tt.want, a.status, a.body)
			}
		})
	}
	if a := w.revokeAt(t, "", "client_id", oauthClient, "token", "eyJjdHki.un.kno.w.n"); a.status != http.StatusOK {
		t.Errorf("expected an unknown token to be fine, got %d %s", a.status, a.body)
	}
	if p := w.browser(t).do(t, http.MethodGet, "/oauth2/revoke", nil); p.status != http.StatusMethodNotAllowed {
		t.Errorf("expected 405, got %d", p.status)
	}
	_, err := w.getTokens(t, oauthClient, refresh)
	noError(t, err) // no refusal has revoked it
}
