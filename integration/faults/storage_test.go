package faults_test

import (
	"context"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/certmagic"
)

func init() { caddy.RegisterModule(brittle{}) }

// brittle is a storage on disk that fails as the file beside it says, since a test
// that runs as root cannot take its own rights away.
type brittle struct {
	Root string `json:"root,omitempty"`
}

// How a storage fails.
const (
	readOnly = "read-only"
	full     = "full"
	gone     = "gone"
	hanging  = "hanging"
)

func (brittle) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.storage.brittle", New: func() caddy.Module { return new(brittle) }}
}

func (b *brittle) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if !d.Args(&b.Root) {
		return d.ArgErr()
	}
	return nil
}

func (b *brittle) CertMagicStorage() (certmagic.Storage, error) {
	return &brittleStorage{&certmagic.FileStorage{Path: b.Root}}, nil
}

// brittleStorage is the storage itself. What it does not override only reads.
type brittleStorage struct{ *certmagic.FileStorage }

func (s *brittleStorage) fault() string {
	text, _ := os.ReadFile(s.Path + ".fault") // none is the usual case
	return strings.TrimSpace(string(text))
}

func (s *brittleStorage) readable() error {
	switch s.fault() {
	case gone:
		return syscall.EIO
	case hanging:
		// As a mount whose server is away: no deadline ends that.
		for s.fault() == hanging {
			time.Sleep(50 * time.Millisecond)
		}
	}
	return nil
}

func (s *brittleStorage) writable() error {
	switch s.fault() {
	case readOnly:
		return syscall.EROFS
	case full:
		return syscall.ENOSPC
	}
	return s.readable()
}

func (s *brittleStorage) Load(ctx context.Context, key string) ([]byte, error) {
	if err := s.readable(); err != nil {
		return nil, err
	}
	return s.FileStorage.Load(ctx, key)
}

func (s *brittleStorage) List(ctx context.Context, prefix string, recursive bool) ([]string, error) {
	if err := s.readable(); err != nil {
		return nil, err
	}
	return s.FileStorage.List(ctx, prefix, recursive)
}

func (s *brittleStorage) Store(ctx context.Context, key string, value []byte) error {
	if err := s.writable(); err != nil {
		return err
	}
	return s.FileStorage.Store(ctx, key, value)
}

func (s *brittleStorage) Delete(ctx context.Context, key string) error {
	if s.fault() == full {
		return s.FileStorage.Delete(ctx, key) // which makes room
	}
	if err := s.writable(); err != nil {
		return err
	}
	return s.FileStorage.Delete(ctx, key)
}

func (s *brittleStorage) Lock(ctx context.Context, name string) error {
	if err := s.writable(); err != nil {
		return err
	}
	return s.FileStorage.Lock(ctx, name)
}

// Interface guards
var (
	_ caddy.StorageConverter = (*brittle)(nil)
	_ caddyfile.Unmarshaler  = (*brittle)(nil)
	_ certmagic.Storage      = (*brittleStorage)(nil)
)
