package integration_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestTroubleWithCognitoEndsNoSession: requests go on with tokens that are good,
// then wait, and go on when the trouble is over.
func TestTroubleWithCognitoEndsNoSession(t *testing.T) {
	for _, row := range []struct {
		name  string
		fault cognitolocal.Fault
	}{
		{"Cognito is down", cognitolocal.FaultDown()},
		{"Cognito does not answer", cognitolocal.FaultHang()},
		{"Cognito fails", cognitolocal.FaultStatus(500)},
		{"Cognito throttles", cognitolocal.FaultThrottle()},
		{"Cognito answers garbage", cognitolocal.FaultGarbage()},
		{"a firewall blocks", cognitolocal.FaultWAF()},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			i := startedFleet(t, fleetSetup{instances: 1, client: shortTokens(3 * time.Second)}).at[0]
			session := i.signIn("jo")
			i.srv.SetFault(cognitolocal.EndpointAPI, row.fault)
			i.wantUnavailable(session)
			i.longTokens()
			i.srv.SetFault(cognitolocal.EndpointAPI, cognitolocal.Fault{})
			eventually(t, "the session works again", func() bool { return i.status(session) == http.StatusOK })
			eventually(t, "the log says so", func() bool { return i.logged("info", "sessions can be refreshed again") == 1 })
			if n := i.logged("warn", "cannot refresh sessions"); n != 1 {
				t.Errorf("expected one line for the outage, got %d", n)
			}
		})
	}
}

// wantUnavailable waits until the tokens of a session have expired and nobody
// can refresh them. All answers before that are good.
func (i *instance) wantUnavailable(session string) {
	i.Helper()
	var got answer
	eventually(i.T, "the tokens expire", func() bool {
		got = i.get("/", session)
		return got.status != http.StatusOK
	})
	after, err := strconv.Atoi(got.header.Get("Retry-After"))
	if got.status != http.StatusServiceUnavailable || err != nil || after < 1 || after > 60 {
		i.Errorf("expected 503 with Retry-After, got %d with %q", got.status, got.header)
	}
	if value, set := got.kept(); set {
		i.Errorf("expected the cookie to stay, got %q", value)
	}
	if got := i.get("/", session, navigation); got.status != http.StatusServiceUnavailable || got.header.Get("Refresh") == "" {
		i.Errorf("expected a page with 503 that reloads itself, got %d with %q", got.status, got.header)
	}
}

// TestSlowCognitoIsNotNoticed as long as the tokens are good; then requests wait.
func TestSlowCognitoIsNotNoticed(t *testing.T) {
	t.Parallel()
	i := startedFleet(t, fleetSetup{instances: 1, client: shortTokens(4 * time.Second)}).at[0]
	session := i.signIn("jo")
	expiry := time.Now().Add(4 * time.Second)
	i.longTokens()
	i.srv.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultSlow(3*time.Second))
	changed := false
	eventually(t, "the session has new tokens", func() bool {
		got := i.get("/", session)
		if got.status != http.StatusOK {
			t.Fatalf("expected 200, got %d with %q", got.status, got.body)
		}
		_, set := got.kept()
		changed = changed || set
		return changed && time.Now().After(expiry)
	})
	if n := i.refreshes(); n != 1 {
		t.Errorf("expected 1 refresh, got %d", n)
	}
}

// TestRefusedSessionEndsOnce, without any noise: the cookie is cleared, people are
// sent to sign in, and scripts are told where that is.
func TestRefusedSessionEndsOnce(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(*cognitolocal.Pool) error
	}{
		{"the user was signed out at Cognito", func(p *cognitolocal.Pool) error { return p.SignOut("jo") }},
		{"the user was disabled", func(p *cognitolocal.Pool) error { return p.SetDisabled("jo", true) }},
		{"the user was removed", func(p *cognitolocal.Pool) error { return p.RemoveUser("jo") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			i := startedFleet(t, fleetSetup{instances: 1, client: shortTokens(3 * time.Second)}).at[0]
			session := i.signIn("jo")
			check(t, row.end(i.pool))
			i.wantEnded(session, "missing")
			if n := i.refreshes(); n != 1 {
				t.Errorf("expected Cognito to be asked once, got %d times", n)
			}
			if n := i.logged("warn", "cannot refresh sessions") + i.logged("warn", "session refused"); n != 0 {
				t.Errorf("expected no warning, got %d", n)
			}
		})
	}
}

// wantEnded waits for the end of a session.
func (i *instance) wantEnded(session, code string) {
	i.Helper()
	var got answer
	eventually(i.T, "the session ends", func() bool {
		got = i.get("/", session)
		return got.status != http.StatusOK
	})
	body := decode(i.T, got.body)
	if got.status != http.StatusUnauthorized || body["sign_in_url"] != app+"/_cognito/sign-in" || body["code"] != code {
		i.Errorf("expected 401 with the code %s and the address of sign-in, got %d with %q", code, got.status, got.body)
	}
	i.wantCleared(got)
	got = i.get("/private", session, navigation)
	if location := got.header.Get("Location"); got.status != http.StatusSeeOther || !strings.HasPrefix(location, "/_cognito/sign-in?return_to=%2Fprivate") {
		i.Errorf("expected to be sent to sign-in, got %d to %q", got.status, location)
	}
	i.wantCleared(got)
}

func (i *instance) wantCleared(got answer) {
	i.Helper()
	if value, set := got.kept(); !set || value != "" {
		i.Errorf("expected the cookie to be cleared, got %q", got.header["Set-Cookie"])
	}
}

// mixedUp is Cognito with answers to refreshes that belong to mo.
func mixedUp(t *testing.T, pool func() *cognitolocal.Pool) *httptest.Server {
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		target, _ := url.Parse(strings.TrimSuffix(pool().Issuer(), "/"+pool().ID()))
		r.SetURL(target)
	}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetTokensFromRefreshToken") {
			proxy.ServeHTTP(w, r)
			return
		}
		id, _ := pool().IDToken("mo", signinClient, nil)
		access, _ := pool().AccessToken("mo", signinClient, nil)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(map[string]any{"AuthenticationResult": map[string]any{
			"IdToken": id, "AccessToken": access, "ExpiresIn": 3600, "TokenType": "Bearer",
		}})
	}))
	t.Cleanup(srv.Close)
	return srv
}

// TestTokensOfAnotherUserEndTheSession: whatever went wrong behind us, nobody
// becomes somebody else.
func TestTokensOfAnotherUserEndTheSession(t *testing.T) {
	t.Parallel()
	var pool atomic.Pointer[cognitolocal.Pool]
	f := newFleet(t, fleetSetup{client: shortTokens(3 * time.Second), endpoint: mixedUp(t, pool.Load).URL})
	pool.Store(f.pool)
	i := f.at[0]
	i.start()
	i.awaitReady()
	session := i.signIn("jo")
	mo, _ := f.pool.User("mo")
	eventually(t, "the session ends", func() bool {
		got := i.get("/", session)
		if strings.Contains(got.body, mo.Sub) {
			t.Fatalf("expected never to be mo, got %q", got.body)
		}
		return got.status != http.StatusOK
	})
	i.wantEnded(session, "missing")
	if n := i.logged("error", "session ended"); n != 1 {
		t.Errorf("expected the mix-up in the log, got %d lines", n)
	}
}

// TestClientSecretIsChangedUnderSessions: the other one is tried, and while none
// is right, sessions live on.
func TestClientSecretIsChangedUnderSessions(t *testing.T) {
	t.Parallel()
	const first, second, third = "1firstsecretofthisappclient", "2secondsecretofthisappclient", "3thirdsecretofthisappclient"
	client := shortTokens(3 * time.Second)
	client.Secrets = []string{second}
	i := startedFleet(t, fleetSetup{instances: 1, client: client, secrets: first + " " + second}).at[0]
	session := i.signIn("jo")
	i.change(func(c *cognitolocal.Client) { c.Secrets = []string{first} })
	eventually(t, "the session has new tokens by the other secret", func() bool {
		got := i.get("/", session)
		if got.status != http.StatusOK {
			t.Fatalf("expected 200, got %d with %q", got.status, got.body)
		}
		value, set := got.kept()
		if set {
			session = value
		}
		return set
	})
	i.change(func(c *cognitolocal.Client) { c.Secrets = []string{third} })
	i.wantUnavailable(session)
	i.change(func(c *cognitolocal.Client) { c.Secrets = []string{first} })
	i.longTokens()
	eventually(t, "the session works again", func() bool { return i.status(session) == http.StatusOK })
}
