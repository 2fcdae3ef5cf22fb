package integration_test

import (
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"strings"
	"testing"
)

// nobodyThere is an upstream that is down.
const nobodyThere = "reverse_proxy unix/$DIR/nobody.sock"

// TestErrorRoutesKnowTheUser, whose request has lost its token and its session by
// then. Otherwise whoever is signed in would be sent to sign in when an upstream is
// down.
func TestErrorRoutesKnowTheUser(t *testing.T) {
	w := startedSignin(t, signinSetup{site: `@down path /down*
route @down {
	cognito_auth main
	` + nobodyThere + `
}
@group path /group*
route @group {
	cognito_auth main {
		require group nobody
	}
	reverse_proxy $UPSTREAM
}
handle_errors {
	cognito_signin signin
	cognito_auth main
	reverse_proxy $UPSTREAM
}`})
	session := w.signedIn("jo")
	token, err := w.pool.AccessToken("mo", signinClient, nil)
	check(t, err)
	for _, row := range []struct {
		name, target string
		lines        []string
		user         string // at the upstream of the error route; "": refused
		status       int
	}{
		{"a session whose upstream is down", "/down", lines(navigating, session), "jo", 200},
		{"a token whose upstream is down", "/down", []string{"Authorization: Bearer " + token}, "mo", 200},
		{"headers of a client beside them", "/down", []string{session, "X-Cognito-Username: root", "X_Cognito_Username: root"}, "jo", 200},
		{"a user who lacks a group", "/group", []string{session}, "jo", 200},
		{"nobody", "/down", []string{"X-Cognito-Username: root"}, "", 401},
		{"a browser without a session", "/down", navigating, "", 303},
		{"a bad token", "/down", []string{"Authorization: Bearer " + flipped(token)}, "", 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			w.wantStatus(row.status, w.send("GET", row.target, "", row.lines...))
			if row.user == "" {
				w.upstream.none(t)
				return
			}
			saw := w.upstream.one(t)
			if got := saw.header["X-Cognito-Username"]; len(got) != 1 || got[0] != row.user || saw.header["X_cognito_username"] != nil {
				t.Errorf("expected %q, got %q", row.user, got)
			}
			w.wantNoCookies(saw)
		})
	}
}

// TestTokensOfTheQueryReachNobody: Caddy keeps a copy of the request.
func TestTokensOfTheQueryReachNobody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer listener.Close()
	go func() {
		_ = fcgi.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.URL.RequestURI()+" "+fcgi.ProcessEnv(r)["REQUEST_URI"])
		}))
	}()
	w := started(t, setup{site: `cognito_auth main {
	token_source query token
}
@php path /php*
reverse_proxy @php ` + listener.Addr().String() + ` {
	transport fastcgi
}
` + nobodyThere + `
handle_errors {
	reverse_proxy $UPSTREAM
}`})
	token := w.access(nil)
	for _, target := range []string{"/php?a=1&token=", "/php?token=", "/down?a=1&token=", "/down?token="} {
		got := w.get(target + token)
		said := got.body
		if strings.HasPrefix(target, "/down") {
			said = w.upstream.one(t).uri
		}
		if got.status != http.StatusOK || strings.Contains(said, token[:20]) || strings.Contains(said, "a=1") != strings.Contains(target, "a=1") {
			t.Errorf("%s: expected the query without the token, got %d with %q", target, got.status, said)
		}
	}
}
