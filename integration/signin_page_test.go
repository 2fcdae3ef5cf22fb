package integration_test

import (
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestSignInWithAPassword(t *testing.T) {
	w := startedSignin(t, signinSetup{signIn: cognitolocal.SignIn{}})
	b := w.newBrowser()
	got := b.open("/private?x=1")
	if got.status != 200 || got.url.Path != "/_cognito/sign-in" {
		t.Fatalf("expected the sign-in page, got %d at %v with %q", got.status, got.url, got.body)
	}
	got = b.submit("username", "jo", "password", password)
	if got.url.String() != app+"/private?x=1" {
		t.Fatalf("expected the private page, got %d at %v with %q", got.status, got.url, got.body)
	}
	if b.cookie(sessionCookie) == nil {
		t.Errorf("expected a session, got %v", b.cookies)
	}
	for _, saw := range w.upstream.take() {
		if saw.header.Get("X-Cognito-Username") != "jo" || strings.Contains(saw.header.Get("Cookie"), "cognito") {
			t.Errorf("expected the upstream to see jo and no session, got %v", saw.header)
		}
	}
}
