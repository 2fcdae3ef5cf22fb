package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

// FuzzOpen accepts no value but those that were sealed: of all values that open to
// one session there is one.
func FuzzOpen(f *testing.F) {
	codec := newCodec(f, nil)
	u := ourUser()
	sealed := make(map[session.Secret]string)
	for _, n := range []int{0, 30} {
		u.groups = groups(n)
		value := seal(f, codec, newSession(f, u.tokens())).Cookie.Value
		f.Add(value)
		f.Add(value[:len(value)/2])
		f.Add(flip(value, 100))
	}
	f.Add("")
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, value string) {
		opened, err := codec.Open(t.Context(), value)
		if err != nil {
			if opened != nil || session.Reason(err) == "other" {
				t.Fatalf("expected one of the package's errors, got %v", err)
			}
			return
		}
		if before, ok := sealed[opened.Session.Refresh]; ok && before != value {
			t.Fatal("accepted what was never sealed")
		}
		sealed[opened.Session.Refresh] = value
	})
}

// FuzzState seals what it is given, and opens what it is given.
func FuzzState(f *testing.F) {
	keys := newSecrets(f, goodSecret)
	box, other := session.NewBox(keys, "sign-in", "a"), session.NewBox(keys, "sign-in", "b")
	f.Add([]byte("state"), "")
	f.Add([]byte{}, "AQ")
	f.Fuzz(func(t *testing.T, state []byte, value string) {
		if _, err := box.Open(t.Context(), value); err == nil {
			t.Fatal("accepted what was never sealed")
		}
		value, err := box.Seal(state, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if len(value) > session.MaxState {
			return
		}
		if got, err := box.Open(t.Context(), value); err != nil || string(got) != string(state) {
			t.Fatalf("expected the state, got %v", err)
		}
		if _, err := other.Open(t.Context(), value); err == nil {
			t.Fatal("accepted the state of another place")
		}
	})
}

// FuzzKeyring starts a keyring on any document: it works or leaves it alone.
func FuzzKeyring(f *testing.F) {
	store := newStorage()
	ring, err := session.NewKeyring(session.KeyringOptions{Storage: store, Lifetime: day})
	if err != nil {
		f.Fatal(err)
	}
	if err := ring.Start(context.Background()); err != nil {
		f.Fatal(err)
	}
	if err := ring.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(store.file(session.DefaultKeyringPath)))
	for _, document := range []string{
		"", "null", "{}", `{"version":1}`, `{"version":1,"keys":[]}`, `{"version":1,"keys":[{}]}`, `{"version":1,"keys":null}{}`,
		`{"version":1,"keys":[{"secret":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","created":"9999-12-31T23:59:59Z"}]}`,
		`{"version":1,"keys":[{"secret":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","created":"-1"}]}`,
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		synctest.Test(t, func(t *testing.T) {
			store := newStorage()
			store.files[session.DefaultKeyringPath] = append([]byte{}, document...)
			ring, err := session.NewKeyring(session.KeyringOptions{Storage: store, Lifetime: day})
			if err != nil {
				t.Fatal(err)
			}
			defer ring.Close()
			box := session.NewBox(ring, "test")
			if err := ring.Start(t.Context()); err != nil {
				if store.file(session.DefaultKeyringPath) != string(document) {
					t.Fatal("changed a document that it does not understand")
				}
				return
			}
			value, err := box.Seal([]byte("state"), time.Now().Add(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := box.Open(t.Context(), value); err != nil {
				t.Fatal(err)
			}
		})
	})
}

// FuzzNew packs the tokens that it takes and gets them back.
func FuzzNew(f *testing.F) {
	codec := newCodec(f, nil)
	tokens := ourUser().tokens()
	f.Add(string(tokens.ID), string(tokens.Access), string(tokens.Refresh))
	f.Add("", string(tokens.Access)+"=", "..")
	f.Add("", "e30."+encode([]byte(`{"sub":"x","exp":1,"iat":-5}`))+".", "AB")
	f.Fuzz(func(t *testing.T, id, access, refresh string) {
		s, err := session.New(session.Tokens{ID: session.Secret(id), Access: session.Secret(access), Refresh: session.Secret(refresh)}, "")
		if err != nil {
			return
		}
		sealed, err := codec.Seal(s)
		if err != nil {
			return
		}
		opened, err := codec.Open(t.Context(), sealed.Cookie.Value)
		if err != nil {
			t.Fatal(err)
		}
		expectRung(t, s, opened, sealed.Rung)
	})
}
