package cognitolocal_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// refreshed is the outcome of a refresh, by whichever way: the new refresh
// token, or the error code.
type refreshed struct{ token, err string }

// refreshWays are the two ways that serve a client with rotation, and what
// they call the reuse and the end of a session.
var refreshWays = []struct {
	name, reused, revoked string
	refresh               func(*testing.T, *world, string) refreshed
}{
	{"GetTokensFromRefreshToken", "RefreshTokenReuseException", "NotAuthorizedException", func(t *testing.T, w *world, token string) refreshed {
		r, err := w.getTokens(t, oauthClient, token)
		if err != nil {
			return refreshed{err: codeOf(t, err)}
		}
		if r.RefreshToken == nil {
			return refreshed{}
		}
		return refreshed{token: *r.RefreshToken}
	}},
	{"token endpoint", "invalid_grant", "invalid_grant", func(t *testing.T, w *world, token string) refreshed {
		a := w.token(t, "", "grant_type", "refresh_token", "client_id", oauthClient, "refresh_token", token)
		if (a.status == http.StatusOK) != (a.text("error") == "") {
			t.Errorf("unexpected answer %d %s", a.status, a.body)
		}
		return refreshed{a.text("refresh_token"), a.text("error")}
	}},
}

// eachWay runs the test both ways, with a world whose client rotates.
func eachWay(t *testing.T, grace time.Duration, test func(t *testing.T, w *world, first, reused, revoked string, refresh func(string) refreshed)) {
	for _, way := range refreshWays {
		t.Run(way.name, func(t *testing.T) {
			w := newHosted(t)
			w.change(t, cognitolocal.Client{
				ID: oauthClient, RotateRefreshTokens: true, RotationGrace: grace,
				AuthFlows: []string{cognitolocal.AllowUserPasswordAuth},
			})
			first := w.tokens(t, "scope", "openid").text("refresh_token")
			test(t, w, first, way.reused, way.revoked, func(token string) refreshed { return way.refresh(t, w, token) })
		})
	}
}

// good fails the test unless the refresh brought a new refresh token.
func (r refreshed) good(t *testing.T) string {
	t.Helper()
	if r.err != "" || r.token == "" {
		t.Fatalf("expected a new refresh token, got %+v", r)
	}
	return r.token
}

func (r refreshed) refused(t *testing.T, want string) {
	t.Helper()
	if r.err != want {
		t.Errorf("expected %q, got %+v", want, r)
	}
}

func TestRotationOff(t *testing.T) {
	for _, way := range refreshWays {
		t.Run(way.name, func(t *testing.T) {
			w := newHosted(t)
			token := w.tokens(t).text("refresh_token")
			for range 3 {
				if r := way.refresh(t, w, token); r != (refreshed{}) {
					t.Errorf("expected success without a new refresh token, got %+v", r)
				}
				w.clock.Advance(time.Hour)
			}
		})
	}
}

func TestRotationWithoutGrace(t *testing.T) {
	eachWay(t, 0, func(t *testing.T, _ *world, first, reused, _ string, refresh func(string) refreshed) {
		second := refresh(first).good(t)
		refresh(first).refused(t, reused)
		third := refresh(second).good(t)
		refresh(first).refused(t, reused)
		refresh(second).refused(t, reused)
		refresh(third).good(t) // reuse has no further consequences
	})
}

func TestRotationWithGrace(t *testing.T) {
	eachWay(t, time.Minute, func(t *testing.T, w *world, first, reused, _ string, refresh func(string) refreshed) {
		second := refresh(first).good(t)
		w.clock.Advance(59 * time.Second)
		retry := refresh(first).good(t)
		w.clock.Advance(time.Second)
		refresh(first).refused(t, reused)
		refresh(second).good(t)
		refresh(retry).good(t)
	})
}

func TestRotationBothWaysShareTheState(t *testing.T) {
	eachWay(t, 0, func(t *testing.T, w *world, first, _, _ string, refresh func(string) refreshed) {
		refresh(first).good(t)
		for _, other := range refreshWays {
			other.refresh(t, w, first).refused(t, other.reused)
		}
	})
}

func TestRotationKeepsTheFirstExpiry(t *testing.T) {
	eachWay(t, 0, func(t *testing.T, w *world, token, _, revoked string, refresh func(string) refreshed) {
		for range 29 {
			w.clock.Advance(24 * time.Hour)
			token = refresh(token).good(t)
		}
		w.clock.Advance(24 * time.Hour)
		refresh(token).refused(t, revoked)
	})
}

func TestRevocationWithRotation(t *testing.T) {
	eachWay(t, 0, func(t *testing.T, w *world, first, _, revoked string, refresh func(string) refreshed) {
		second := refresh(first).good(t)
		if a := w.revokeAt(t, "", "client_id", oauthClient, "token", first); a.status != http.StatusOK {
			t.Fatalf("expected a rotated token to revoke the session, got %d %s", a.status, a.body)
		}
		refresh(first).refused(t, revoked)
		refresh(second).refused(t, revoked)
	})
}

func TestRotationIsRefusedToADisabledUserAndLosesNothing(t *testing.T) {
	eachWay(t, 0, func(t *testing.T, w *world, first, _, revoked string, refresh func(string) refreshed) {
		noError(t, w.Pool().SetDisabled("jo", true))
		refresh(first).refused(t, revoked)
		noError(t, w.Pool().SetDisabled("jo", false))
		refresh(first).good(t)
	})
}

func TestRotationVariantReuseEndsSession(t *testing.T) {
	eachWay(t, 10*time.Second, func(t *testing.T, w *world, first, reused, revoked string, refresh func(string) refreshed) {
		w.Pool().SetRotationVariant(cognitolocal.RotationVariant{ReuseEndsSession: true})
		refresh(first).good(t)
		second := refresh(first).good(t) // within the grace
		w.clock.Advance(10 * time.Second)
		refresh(first).refused(t, reused)
		refresh(first).refused(t, revoked)
		refresh(second).refused(t, revoked)
	})
}

func TestRotationVariantLatestOnly(t *testing.T) {
	eachWay(t, 10*time.Second, func(t *testing.T, w *world, first, reused, _ string, refresh func(string) refreshed) {
		w.Pool().SetRotationVariant(cognitolocal.RotationVariant{LatestOnly: true})
		lost := refresh(first).good(t)
		kept := refresh(first).good(t)
		refresh(lost).refused(t, reused)
		refresh(kept).good(t)
	})
}

func TestRotationWithoutGraceHasOneWinner(t *testing.T) {
	eachWay(t, 0, func(t *testing.T, _ *world, first, reused, _ string, refresh func(string) refreshed) {
		var wg sync.WaitGroup
		outcomes := make([]string, 8)
		for i := range outcomes {
			wg.Go(func() { outcomes[i] = refresh(first).err })
		}
		wg.Wait()
		slices.Sort(outcomes)
		if outcomes[0] != "" || outcomes[1] != reused || outcomes[7] != reused {
			t.Errorf("expected one success, got %q", outcomes)
		}
	})
}

func TestRotationTurnedOnLater(t *testing.T) {
	w := newHosted(t)
	token := w.tokens(t).text("refresh_token")
	w.change(t, cognitolocal.Client{ID: oauthClient, RotateRefreshTokens: true})
	_, err := w.auth(t, "REFRESH_TOKEN_AUTH", oauthClient, "REFRESH_TOKEN", token)
	wantCode(t, err, "InvalidParameterException", "REFRESH_TOKEN_AUTH flow not enabled for this client")
	r, err := w.getTokens(t, oauthClient, token)
	noError(t, err)
	if r.RefreshToken == nil {
		t.Error("expected tokens from before to rotate")
	}
}
