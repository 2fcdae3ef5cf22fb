package minio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// version is the last that can be had. Upstream has no release tags that Go
// understands, and is archived.
const version = "v0.0.0-20260212201848-7aac2a2c5b7c"

// Build returns the path of the minio command. The first time it compiles it,
// which takes some minutes, 1.5 GB of memory and the module proxy; then it is
// in the user's cache directory. Any number of processes may call it at once:
// one compiles, the others wait.
func Build(ctx context.Context) (path string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("minio: %w", err)
	}
	path, err = build(ctx, filepath.Join(cache, "caddy-cognito", "minio-"+version))
	if err != nil {
		return "", fmt.Errorf("minio: building: %w", err)
	}
	return path, nil
}

func build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "minio")
	if exists(path) {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(path) { // who held the lock has made it
		return path, nil
	}
	return path, install(ctx, path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// install compiles into a directory of its own, so that path is either absent
// or whole.
func install(ctx context.Context, path string) error {
	dir, err := os.MkdirTemp(filepath.Dir(path), "build-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cmd := exec.CommandContext(ctx, "go", "install", "-trimpath", "-ldflags", "-s -w", "github.com/minio/minio@"+version)
	cmd.Dir = dir // away from any go.mod
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOWORK=off", "GOFLAGS=-mod=mod", "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go install: %w: %s", err, tail(output))
	}
	return os.Rename(filepath.Join(dir, "minio"), path)
}

// tail is the end of a program's output, where it says why it gave up.
func tail(output []byte) []byte {
	const most = 2000
	return bytes.TrimSpace(output[max(0, len(output)-most):])
}

// lockPoll is how often a waiting process looks at the lock. The system's own
// waiting would not end with the context.
const lockPoll = 100 * time.Millisecond

// lock holds a file against other processes and other calls in this one.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := waitLock(ctx, f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil // which unlocks
}

func waitLock(ctx context.Context, f *os.File) error {
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for {
		if locked, err := tryLock(f); locked || err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
