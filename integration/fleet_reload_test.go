package integration_test

import (
	"net/http"
	"testing"
	"time"
)

// TestReloadKeepsWhatIsKnownOfSessions: who is signed in, who was signed out, and
// that a client which missed an answer has new tokens already.
func TestReloadKeepsWhatIsKnownOfSessions(t *testing.T) {
	for _, row := range []struct {
		name    string
		client  bool // its refresh tokens rotate, with no grace period
		session string
		after   string // in the session block of the new configuration
	}{
		{"of a configuration that differs elsewhere", false, "", ""},
		{"of a configuration whose sessions differ", true, "refresh_token_rotation", "refresh_token_rotation\nidle 30h"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			client := shortTokens(3 * time.Second)
			client.RotateRefreshTokens = row.client
			f := startedFleet(t, fleetSetup{instances: 2, client: client, session: row.session})
			a := f.at[0]
			session, mo := a.signIn("jo"), a.signIn("mo")
			a.wantOK(a.signOut("mo"))
			f.longTokens()
			fresh := ""
			eventually(t, "the session is refreshed", func() bool {
				got := a.get("/", session)
				a.wantOK(got)
				fresh, _ = got.kept()
				return fresh != ""
			})
			f.global = "order respond last\n# another configuration"
			f.reloadAll(row.after)
			f.everywhere("the session", fresh)
			if got := a.status(session); got != http.StatusOK {
				t.Errorf("expected the session of a client that missed the answer to live, got %d", got)
			}
			if got := a.status(mo); got != http.StatusUnauthorized {
				t.Errorf("expected who was signed out to stay so, got %d", got)
			}
			if n := f.refreshes(); n != 1 {
				t.Errorf("expected 1 refresh in all, got %d", n)
			}
		})
	}
}
