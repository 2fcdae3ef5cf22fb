package integration_test

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestTokensThatAreIssuedAreVerified: what a sign-in ends with may be mixed up, or
// come from something that answers in place of the pool.
func TestTokensThatAreIssuedAreVerified(t *testing.T) {
	w := &signinWorld{newWorld(t)}
	w.addClient(cognitolocal.Client{})
	tamper := w.newTampering()
	s := w.setup(signinSetup{signin: unlimited, session: "client " + signinClient})
	s.pools = strings.Replace(s.pools, "endpoint $COGNITO", "client "+webClient+"\nendpoint "+tamper.url, 1)
	w.load(s)
	tokens := func(username, client string) (id, access string) {
		id, err := w.pool.IDToken(username, client, nil)
		check(t, err)
		access, err = w.pool.AccessToken(username, client, nil)
		check(t, err)
		return id, access
	}
	id, access := tokens("jo", signinClient)
	clientID, clientAccess := tokens("jo", webClient) // which cognito_auth accepts
	moID, moAccess := tokens("mo", signinClient)
	for _, row := range []struct {
		name, id, access string
		status           int
	}{
		{"as they should be", id, access, 200},
		{"both of another app client", clientID, clientAccess, 500},
		{"the ID token of another app client", clientID, access, 500},
		{"the access token of another app client", id, clientAccess, 500},
		{"the ID token of another user", moID, access, 500},
		{"the access token of another user", id, moAccess, 500},
		{"two ID tokens", id, id, 500},
		{"two access tokens", access, access, 500},
		{"an ID token that was changed", flipped(id), access, 500},
		{"an access token that was changed", id, flipped(access), 500},
		{"an ID token that is none", "x", access, 500},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			tamper.set(func(_ string, answer map[string]any) {
				if result, ok := answer["AuthenticationResult"].(map[string]any); ok {
					result["IdToken"], result["AccessToken"] = row.id, row.access
				}
			})
			defer tamper.change.Store(nil)
			got := w.sendJSON("/_cognito/sign-in", map[string]any{"username": "jo", "password": password})
			w.wantStatus(row.status, got)
			if cookie := setCookies(got)[sessionCookie]; (cookie != nil) != (row.status == 200) {
				t.Errorf("expected a session for verified tokens alone, got %v", got.header)
			}
		})
	}
}

// TestTokensOfARefreshAreVerified, too: what is not costs an outage and no session.
func TestTokensOfARefreshAreVerified(t *testing.T) {
	w := &signinWorld{newWorld(t)}
	w.addClient(cognitolocal.Client{AccessTokenLifetime: 3 * time.Second})
	tamper := w.newTampering()
	s := w.setup(signinSetup{signin: unlimited})
	s.pools = strings.Replace(s.pools, "endpoint $COGNITO", "endpoint "+tamper.url, 1)
	w.load(s)
	session := w.signedIn("jo")
	tamper.set(func(operation string, answer map[string]any) {
		if result, ok := answer["AuthenticationResult"].(map[string]any); ok && operation == "GetTokensFromRefreshToken" {
			result["AccessToken"] = flipped(result["AccessToken"].(string))
		}
	})
	defer tamper.change.Store(nil)
	eventually(t, "the old tokens expire", func() bool {
		got := w.send("GET", "/private", "", session)
		if len(setCookies(got)) > 0 {
			t.Fatalf("expected no session of such tokens, got %d with %v", got.status, got.header)
		}
		return got.status == 503
	})
	tamper.change.Store(nil)
	eventually(t, "the session goes on", func() bool {
		return w.send("GET", "/private", "", session).status == 200
	})
}

// TestSessionsOutliveWithdrawnKeys: who has a session need not sign in again when
// the pool signs with other keys and no longer shows the old ones.
func TestSessionsOutliveWithdrawnKeys(t *testing.T) {
	w := startedSignin(t, signinSetup{client: cognitolocal.Client{AccessTokenLifetime: 8 * time.Second}})
	session, gone := w.signedIn("jo"), w.signedIn("mo")
	w.send("POST", "/_cognito/sign-out", "", gone, "Origin: "+app)
	check(t, w.pool.RotateKeys())
	w.pool.DropOldKeys()
	w.wantStatus(200, w.refresh())
	var got answer
	eventually(t, "the session has tokens of the new key", func() bool {
		got = w.send("GET", "/private", "", session)
		if got.status != 200 && got.status != 503 {
			t.Fatalf("expected nobody to be sent to sign in, got %d with %v", got.status, got.header)
		}
		return got.status == 200
	})
	if setCookies(got)[sessionCookie] == nil {
		t.Errorf("expected the session to be renewed, got %v", got.header)
	}
	w.wantStatus(401, w.send("GET", "/private", "", gone))
}
