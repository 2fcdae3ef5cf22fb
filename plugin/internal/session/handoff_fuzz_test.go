package session

import (
	"context"
	"io/fs"
	"testing"
	"time"
)

// anywhere is a storage that has the same record wherever one looks.
type anywhere struct {
	Storage
	record []byte
}

func (a *anywhere) Load(context.Context, string) ([]byte, error) {
	if a.record == nil {
		return nil, fs.ErrNotExist
	}
	return a.record, nil
}

func (a *anywhere) Store(_ context.Context, _ string, record []byte) error {
	a.record = record
	return nil
}

// FuzzHandoff puts any bytes where the successors of a refresh token stand: who
// holds the old token gets what was stored for it, or nothing, and nobody else gets
// anything.
func FuzzHandoff(f *testing.F) {
	storage := new(anywhere)
	h := &handoff{storage: storage, path: "handoff", keep: 24 * time.Hour}
	want := Tokens{ID: "id", Access: "access", Refresh: "successor"}
	if err := h.store(context.Background(), "old", want); err != nil {
		f.Fatal(err)
	}
	if got, ok := h.load(context.Background(), "old"); !ok || got != want {
		f.Fatalf("expected the tokens, got %v", ok)
	}
	f.Add(storage.record)
	f.Add(storage.record[:len(storage.record)/2])
	f.Add(append([]byte{'A'}, storage.record...))
	f.Add([]byte{})
	f.Add([]byte("AQ"))
	f.Fuzz(func(t *testing.T, record []byte) {
		storage.record = record
		if got, ok := h.load(t.Context(), "old"); ok != (got != Tokens{}) || ok && got != want {
			t.Fatalf("accepted what was never stored, %v", ok)
		}
		if got, ok := h.load(t.Context(), "another"); ok || got != (Tokens{}) {
			t.Fatal("opened for another refresh token")
		}
	})
}
