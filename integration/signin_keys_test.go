package integration_test

import (
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// withdrawn is a world whose user pool has withdrawn the key of jo's session, and
// of a token. Keys of new tokens take a second to show up at most.
func withdrawn(t *testing.T, client cognitolocal.Client) (w *signinWorld, session, token string) {
	t.Helper()
	w = startedSignin(t, signinSetup{client: client, signin: unlimited, pool: "cooldown 1ms\nfetch_timeout 1s"})
	session = w.signedIn("jo")
	token, err := w.pool.AccessToken("jo", signinClient, nil)
	check(t, err)
	check(t, w.pool.RotateKeys())
	w.pool.DropOldKeys()
	w.wantStatus(200, w.refresh())
	return w, session, token
}

// TestSessionsOutliveTheKeysOfTheirTokens: their users need not sign in again.
func TestSessionsOutliveTheKeysOfTheirTokens(t *testing.T) {
	w, session, token := withdrawn(t, cognitolocal.Client{})
	w.wantStatus(401, w.bearer(token))
	var got answer
	eventually(t, "the session has tokens with another key", func() bool {
		if got = w.send("GET", "/private", "", session, "Sec-Fetch-Mode: navigate"); got.status != 503 {
			return true
		}
		if got.header.Get("Retry-After") == "" || len(setCookies(got)) > 0 {
			t.Errorf("expected to be asked to come again, got %v", got.header)
		}
		return false
	})
	w.wantStatus(200, got)
	renewed := setCookies(got)[sessionCookie]
	if renewed == nil || renewed.Value == "" {
		t.Fatalf("expected a cookie with the new tokens, got %v", got.header)
	}
	w.wantStatus(200, w.send("GET", "/private", "", cookieLine(renewed)))
	if n := w.cognito.Calls("GetTokensFromRefreshToken"); n != 1 {
		t.Errorf("expected one refresh, got %d", n)
	}
}

// TestRenewedTokensWithoutAKey: the next ones would be as bad, so requests wait for
// the key and get none. A refresh token that is good once is in the cookie by then.
func TestRenewedTokensWithoutAKey(t *testing.T) {
	for _, row := range []struct {
		name   string
		client cognitolocal.Client
	}{
		{"refresh tokens that stay", cognitolocal.Client{}},
		{"refresh tokens that are good once", cognitolocal.Client{AuthFlows: []string{cognitolocal.AllowUserSRPAuth}, RotateRefreshTokens: true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w, session, _ := withdrawn(t, row.client)
			began := time.Now()
			old := w.pool.KeyIDs()
			check(t, w.pool.RotateKeys())
			all := w.pool.KeyIDs()
			w.pool.PublishOnly(old...)
			refreshes := func() int { return w.cognito.Calls("GetTokensFromRefreshToken") }
			visit := func() {
				got := w.send("GET", "/private", "", session)
				w.wantStatus(503, got)
				cookie := setCookies(got)[sessionCookie]
				switch {
				case cookie == nil:
				case cookie.Value == "":
					t.Error("expected the session to live on")
				default:
					session = cookieLine(cookie)
				}
			}
			eventually(t, "the session has tokens of the new key", func() bool {
				visit()
				return refreshes() > 0
			})
			for range 20 {
				visit()
			}
			if n, took := refreshes(), time.Since(began); n > 1+int(took.Seconds()) {
				t.Errorf("expected one refresh a second at most, got %d in %v", n, took)
			}
			w.pool.PublishOnly(all...)
			eventually(t, "the key is there", func() bool { return w.send("GET", "/private", "", session).status == 200 })
		})
	}
}

// TestSessionsThatEndedDoNotOutliveTheirKeys: a refresh token that is refused ends
// a session, as ever.
func TestSessionsThatEndedDoNotOutliveTheirKeys(t *testing.T) {
	w, session, _ := withdrawn(t, cognitolocal.Client{})
	check(t, w.pool.SignOut("jo"))
	var got answer
	eventually(t, "the session ends", func() bool {
		got = w.send("GET", "/private", "", session)
		return got.status != 503
	})
	if w.wantStatus(401, got); !cleared(got, sessionCookie) {
		t.Errorf("expected the session to be cleared, got %v", got.header)
	}
}
