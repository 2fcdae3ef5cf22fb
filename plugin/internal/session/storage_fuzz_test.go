package session_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

// FuzzDenyList starts a list on any document. It follows it or leaves it alone, and
// neither way is a sign-out lost or anybody signed out who stands nowhere.
func FuzzDenyList(f *testing.F) {
	for _, document := range []string{
		"", "null", "{}", `{"version":1}`, `{"version":2,"denied":[]}`, `{"version":1,"denied":[]}`, `{"version":1,"denied":null}`,
		`{"version":1,"denied":[{"sub":"u1","at":946684800,"until":4102444800},{"origin_jti":"s1","at":1,"until":4102444800}]}`,
		`{"version":1,"denied":[{"origin_jti":"ours","at":0,"until":0}]}`, `{"version":1,"denied":[{"sub":"ours","at":-1,"until":-9223372036854775808}]}`,
		`{"version":1,"denied":[{"at":1,"until":9223372036854775807}]}`, `{"version":1,"denied":[]}{}`, `{"VERSION":1,"Denied":[{"SUB":"u1"}]}`,
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		synctest.Test(t, func(t *testing.T) {
			store := newStorage()
			store.files[session.DefaultDenyListPath] = append([]byte{}, document...)
			list := newDenyList(t, store, nil)
			unread := list.Start(t.Context())
			signOut := list.DenySession(t.Context(), "ours", time.Now().Add(time.Hour))
			if (unread == nil) != (signOut == nil) {
				t.Fatalf("expected one answer of the storage, got %v and %v", unread, signOut)
			}
			signedIn := time.Now().Add(-time.Minute)
			if !list.Denied("ours", "", signedIn) || list.Denied("somebody's", "somebody", signedIn) {
				t.Fatal("expected our sign-out and no other")
			}
			if unread != nil {
				if store.file(session.DefaultDenyListPath) != string(document) {
					t.Fatal("changed a document that it does not understand")
				}
				return
			}
			other := startDenyList(t, store, nil)
			if !other.Denied("ours", "", signedIn) || other.Len() != list.Len() {
				t.Fatalf("expected the other instance to know the same, got %d of %d", other.Len(), list.Len())
			}
			expectEntries(t, list, document)
		})
	})
}

// expectEntries compares the list with what encoding/json reads.
func expectEntries(t *testing.T, list *session.DenyList, document []byte) {
	t.Helper()
	var stored struct {
		Denied []struct {
			Sub       string `json:"sub"`
			OriginJTI string `json:"origin_jti"`
			At, Until int64
		}
	}
	if err := json.Unmarshal(document, &stored); err != nil {
		t.Fatalf("accepted what is no JSON: %v", err)
	}
	for _, entry := range stored.Denied {
		if entry.Until <= time.Now().Unix() || len(entry.Sub)+len(entry.OriginJTI) == 0 || len(entry.Sub)+len(entry.OriginJTI) > 256 {
			continue
		}
		if entry.Sub != "" && !list.Denied("", entry.Sub, time.Unix(entry.At, 0)) || entry.Sub == "" && !list.Denied(entry.OriginJTI, "", time.Now()) {
			t.Fatalf("the sign-out of %q %q was lost", entry.Sub, entry.OriginJTI)
		}
	}
}
