package integration_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	oldSecret = "d3b07384d113edec49eaa6238ad5ff00a1b2c4"
	newSecret = "9e107d9d372bb6826bd81d3542a419d6c7f8e0"
)

// TestFleetThatStartsOnNothingAgreesOnOneKey: all of it starts at the same moment.
func TestFleetThatStartsOnNothingAgreesOnOneKey(t *testing.T) {
	t.Parallel()
	f := startedFleet(t, fleetSetup{})
	session := f.at[0].signIn("jo") // waits for the key
	f.everywhere("a session of a", session)
	f.everywhere("a session of b", f.at[1].signIn("mo"))
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	text, err := os.ReadFile(filepath.Join(f.dir, "storage", "cognito", "session", f.pool.ID(), signinClient, "keyring.json"))
	check(t, err)
	check(t, json.Unmarshal(text, &document))
	if len(document.Keys) != 1 {
		t.Errorf("expected one key in the storage, got %d", len(document.Keys))
	}
	for _, i := range f.at {
		status := i.ask(http.MethodGet, "/cognito/status", "")
		sessions := decode(t, status.body)["sessions"].([]any)[0].(map[string]any)
		keys := sessions["keys"].(map[string]any)
		if keys["source"] != "storage" || keys["count"] != 1.0 || keys["newest"] == nil || sessions["client_id"] != signinClient {
			t.Errorf("%s: expected one key of the storage, got %v", i.name, sessions)
		}
	}
}

// loseStorage puts a file in the place of the storage, and back when the test
// says so.
func (f *fleet) loseStorage() (restore func()) {
	f.Helper()
	storage, away := filepath.Join(f.dir, "storage"), filepath.Join(f.dir, "away")
	check(f.T, os.Rename(storage, away))
	check(f.T, os.WriteFile(storage, nil, 0o600))
	return func() {
		f.Helper()
		check(f.T, os.Remove(storage))
		check(f.T, os.Rename(away, storage))
	}
}

// TestStorageIsLost: known keys go on, refreshes and sign-outs work at each
// instance, and what others missed reaches them once the storage is back.
func TestStorageIsLost(t *testing.T) {
	t.Parallel()
	f := startedFleet(t, fleetSetup{instances: 2, client: shortTokens(5 * time.Second)})
	a, b := f.at[0], f.at[1]
	jo, mo := a.signIn("jo"), a.signIn("mo")
	f.everywhere("a session", jo)
	restore := f.loseStorage()
	f.everywhere("a session without the storage", jo)
	f.longTokens()
	f.everywhere("a session made without the storage", b.signIn("jo"))
	eventually(t, "a session is refreshed without the storage", func() bool {
		got := a.get("/", mo)
		a.wantOK(got)
		_, set := got.kept()
		return set
	})
	got := a.signOut("jo")
	if got.status != http.StatusBadGateway || !strings.Contains(got.body, "signed out at this instance, but others may not know yet") {
		t.Errorf("expected 502 that says who knows, got %d with %q", got.status, got.body)
	}
	if a.status(jo) != http.StatusUnauthorized || b.status(jo) != http.StatusOK {
		t.Error("expected the sign-out to count at a and not to have reached b")
	}
	restore()
	within(t, "the sign-out reaches b", func() bool { return b.status(jo) == http.StatusUnauthorized })
	if began, ended := a.logged("warn", "cannot use the storage for sign-outs"), a.logged("info", "the storage can be used for sign-outs again"); began != 1 || ended != 1 {
		t.Errorf("expected the beginning and the end of the outage in the log, got %d and %d lines", began, ended)
	}
}

func (i *instance) wantOK(got answer) {
	i.Helper()
	if got.status != http.StatusOK {
		i.Fatalf("%s: expected 200, got %d with %q", i.name, got.status, got.body)
	}
}

// TestInstanceStartsWithoutItsStorage: it runs, tells why nobody can sign in, and
// needs no help once the storage is there.
func TestInstanceStartsWithoutItsStorage(t *testing.T) {
	t.Parallel()
	f := newFleet(t, fleetSetup{})
	i := f.at[0]
	storage := filepath.Join(f.dir, "storage")
	check(t, os.WriteFile(storage, nil, 0o600))
	i.start()
	i.awaitReady()
	if got := i.get("/", "rubbish"); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("expected 503 with Retry-After, got %d with %q", got.status, got.body)
	}
	check(t, os.Remove(storage))
	eventually(t, "a session can be made", func() bool { return i.logged("info", "sessions can be used") == 1 })
	f.everywhere("a session", i.signIn("jo"))
	if n := i.logged("error", "nobody can sign in"); n != 1 {
		t.Errorf("expected one line about it, got %d", n)
	}
}

// TestBadSecretsAreRefusedAtLoad, and the running configuration goes on.
func TestBadSecretsAreRefusedAtLoad(t *testing.T) {
	t.Parallel()
	i := startedFleet(t, fleetSetup{instances: 1, session: "secret " + oldSecret}).at[0]
	session := i.signIn("jo")
	for _, row := range []struct{ name, secret, want string }{
		{"an empty secret", `""`, "secret"},
		{"a variable that is not set", "{env.NO_SUCH_VARIABLE}", "secret"},
		{"a short secret", "9e107d9d372bb682", "expected at least 32 characters"},
		{"a secret of an example", "example" + oldSecret, "word of examples"},
		{"a secret that repeats itself", strings.Repeat("9e107d9d", 5), "repeats itself"},
		{"a published secret", "MLFs4TT99kOOq8h3UAVRtYoCTDYXiRcZ", "published example"},
		{"a weak second secret", newSecret + " 123456781234567812345678123456789", "secret 2"},
	} {
		i.fleetSetup.session = "secret " + row.secret
		got := i.reload()
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, row.want) || strings.Contains(got.body, strings.Trim(row.secret, `"`)) && row.secret != `""` && !strings.HasPrefix(row.secret, "{") {
			t.Errorf("%s: expected 400 with %q and not the secret, got %d with %q", row.name, row.want, got.status, got.body)
		}
	}
	f := i.fleet
	f.everywhere("the session of before", session)
}

// TestSecretsAreRotated: sessions under the old secret open, are sealed with the
// new one, and outlive the old one.
func TestSecretsAreRotated(t *testing.T) {
	t.Parallel()
	f := startedFleet(t, fleetSetup{instances: 2, session: "secret " + oldSecret + "\nidle 60s"})
	old := f.at[0].signIn("jo")
	f.everywhere("a session under a configured secret", old)
	f.reloadAll("secret " + newSecret + " " + oldSecret + "\nidle 60s")
	f.everywhere("the session under the second secret", old)
	again := ""
	eventually(t, "the session is sealed anew", func() bool { // after a tenth of its idle time
		got := f.at[0].get("/", old)
		f.at[0].wantOK(got)
		again, _ = got.kept()
		return again != ""
	})
	f.reloadAll("secret " + newSecret + "\nidle 60s")
	f.everywhere("the session that was sealed anew", again)
	for _, i := range f.at {
		if got := i.status(old); got != http.StatusUnauthorized {
			t.Errorf("%s: expected the cookie under the secret that is gone to be refused, got %d", i.name, got)
		}
	}
}

// reloadAll has all instances load another session block.
func (f *fleet) reloadAll(session string) {
	f.Helper()
	f.session = session
	for _, i := range f.at {
		if got := i.reload(); got.status != http.StatusOK {
			f.Fatalf("%s: expected the configuration to load, got %d with %q", i.name, got.status, got.body)
		}
	}
}

// within is eventually for what must happen within 10 seconds.
func within(t *testing.T, what string, done func() bool) {
	t.Helper()
	began := time.Now()
	eventually(t, what, done)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("expected that within 10 seconds %s, took %v", what, took)
	}
}
