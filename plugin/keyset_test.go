package plugin

import (
	"errors"
	"slices"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

func TestKeySetReportsAnOutageOnce(t *testing.T) {
	down := verifier.KeySetEvent{Err: errors.New("connection refused"), Keys: 2, Fetched: time.Now()}
	neverUp := verifier.KeySetEvent{Err: errors.New("connection refused")}
	up := verifier.KeySetEvent{Keys: 2, Fetched: time.Now()}
	unknown := verifier.KeySetEvent{Keys: 2, Fetched: time.Now(), Trigger: verifier.TriggerUnknownKey}
	rotated := verifier.KeySetEvent{Keys: 2, Fetched: time.Now(), Added: []string{"k3"}, Removed: []string{"k1"}}
	for _, row := range []struct {
		name   string
		lazy   bool
		events []verifier.KeySetEvent
		want   []string // "level message"
	}{
		{"nothing changes", false, []verifier.KeySetEvent{up, up}, nil},
		{"a long outage", false, []verifier.KeySetEvent{up, down, down, down, up, up}, []string{
			"warn cannot fetch token keys; known keys are used meanwhile", "info token keys can be fetched again"}},
		{"an outage from the start", false, []verifier.KeySetEvent{neverUp, neverUp, rotated}, []string{
			"error cannot fetch token keys; requests with tokens of this issuer get status 503",
			"info token keys can be fetched again", "info token keys changed"}},
		{"a rotation", false, []verifier.KeySetEvent{up, rotated}, []string{"info token keys changed"}},
		{"an issuer that is not in use, whom anybody can make us ask", true, []verifier.KeySetEvent{neverUp, neverUp}, nil},
		{"tokens with unknown keys, until the next regular fetch", false, []verifier.KeySetEvent{unknown, unknown, up, unknown}, []string{
			"warn a token names a key that its issuer does not have; for the cool-down, such tokens are refused without asking",
			"warn a token names a key that its issuer does not have; for the cool-down, such tokens are refused without asking"}},
		{"a store that fails", false, []verifier.KeySetEvent{{Keys: 2, Fetched: time.Now(), StoreErr: errors.New("read-only")}}, []string{
			"warn cannot store token keys; a restart during an outage would have none"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			set, logs := observedKeySet(t, row.lazy)
			for _, event := range row.events {
				set.observe(event)
			}
			wantLogged(t, logs, row.want)
		})
	}
}

// observedKeySet logs to memory, from level INFO.
func observedKeySet(t *testing.T, lazy bool) (*keySet, *observer.ObservedLogs) {
	t.Helper()
	app, err := loadApp(newContext(t))
	if err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zapcore.InfoLevel)
	env := *app.env
	env.logger = zap.New(core)
	set := &keySet{key: keySetKey{pool: "main", issuer: testIssuer, lazy: lazy}}
	set.env.Store(&env)
	return set, logs
}

func TestStorageKeysDiffer(t *testing.T) {
	a, b := storageKey("https://a.example/jwks.json"), storageKey("https://b.example/jwks.json")
	if a == b || a != storageKey("https://a.example/jwks.json") {
		t.Errorf("expected two stable keys, got %q and %q", a, b)
	}
}

// wantLogged compares all lines of a log, each with its level.
func wantLogged(t *testing.T, logs *observer.ObservedLogs, want []string) {
	t.Helper()
	var got []string
	for _, entry := range logs.All() {
		got = append(got, entry.Level.String()+" "+entry.Message)
	}
	if !slices.Equal(got, want) {
		t.Errorf("expected %q, got %q", want, got)
	}
}
