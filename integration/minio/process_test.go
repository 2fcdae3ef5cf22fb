//go:build unix

package minio

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// These tests need no MinIO. Those that do are in interop_test.go.

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// program writes a shell script.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "minio")
	noError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700))
	return path
}

func TestACommandThatExistsIsNotBuilt(t *testing.T) {
	want := program(t, "")
	t.Setenv("PATH", "") // there is no go to build with
	got, err := build(t.Context(), filepath.Dir(want))
	noError(t, err)
	if got != want {
		t.Errorf("expected %s, got %s", want, got)
	}
}

func TestAFailedBuildLeavesNothingThatLooksBuilt(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", filepath.Dir(program(t, "")))
	noError(t, os.WriteFile(filepath.Join(os.Getenv("PATH"), "go"), []byte("#!/bin/sh\necho no proxy\nexit 1\n"), 0o700))
	_, err := build(t.Context(), dir)
	if err == nil || !strings.Contains(err.Error(), "no proxy") {
		t.Errorf("expected %q, got %v", "no proxy", err)
	}
	entries, err := os.ReadDir(dir)
	noError(t, err)
	if len(entries) != 1 || entries[0].Name() != "lock" {
		t.Errorf("expected the lock only, got %v", entries)
	}
}

func TestALockIsHeldUntilItIsUnlocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path)
	noError(t, err)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock(canceled, path); !errors.Is(err, context.Canceled) {
		t.Errorf("expected %v, got %v", context.Canceled, err)
	}
	unlock()
	unlock, err = lock(t.Context(), path)
	noError(t, err)
	unlock()
}

func TestTheClientSecretIsNeverEmpty(t *testing.T) {
	t.Setenv("MINIO_IDENTITY_OPENID_CLIENT_SECRET", "known")
	const name = "MINIO_IDENTITY_OPENID_CLIENT_SECRET="
	var seen []string
	for range 2 {
		for _, entry := range (Options{DiscoveryURL: "http://x", ClientID: "x"}).environment(newSecrets()) {
			if secret, ok := strings.CutPrefix(entry, name); ok {
				seen = append(seen, secret)
			}
		}
	}
	if len(seen) != 2 || len(seen[0]) < 32 || seen[0] == seen[1] {
		t.Errorf("expected two long secrets, got %q", seen)
	}
}

func TestStartTellsWhatTheProgramSaid(t *testing.T) {
	o, err := Options{Dir: t.TempDir()}.withDefaults()
	noError(t, err)
	_, err = start(t.Context(), program(t, "echo out of luck; exit 1\n"), o)
	if !errors.Is(err, errEnded) || !strings.Contains(err.Error(), "out of luck") {
		t.Errorf("expected %q, got %v", "out of luck", err)
	}
}

func TestAProgramThatIsNotReadyInTimeIsEnded(t *testing.T) {
	o, err := Options{Dir: t.TempDir()}.withDefaults()
	noError(t, err)
	pidFile := filepath.Join(o.Dir, "pid")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for !exists(pidFile) && ctx.Err() == nil {
			runtime.Gosched()
		}
		cancel()
	}()
	_, err = start(ctx, program(t, "echo $$ >pid.new; mv pid.new pid; exec sleep 600\n"), o)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("expected %v, got %v", context.Canceled, err)
	}
	text, err := os.ReadFile(pidFile)
	noError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	noError(t, err)
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("expected %v, got %v", syscall.ESRCH, err)
	}
}
