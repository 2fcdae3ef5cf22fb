package session_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

func TestAStateComesBackUntilItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := session.NewBox(newSecrets(t, goodSecret), "sign-in", "app.example.com")
		for _, state := range [][]byte{nil, []byte("state"), random(4000)} {
			value, err := box.Seal(state, time.Now().Add(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute - time.Second)
			if got, err := box.Open(t.Context(), value); err != nil || !bytes.Equal(got, state) {
				t.Errorf("expected the state, got %v", err)
			}
			time.Sleep(time.Second)
			if _, err := box.Open(t.Context(), value); !errors.Is(err, session.ErrExpired) {
				t.Errorf("expected %v, got %v", session.ErrExpired, err)
			}
		}
	})
}

// TestAValueHasOneSpelling changes the bits at the end that mean nothing.
func TestAValueHasOneSpelling(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	box := session.NewBox(newSecrets(t, goodSecret), "sign-in")
	for n := range 3 {
		value, err := box.Seal(make([]byte, n), time.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		for _, last := range alphabet {
			other := value[:len(value)-1] + string(last)
			if _, err := box.Open(t.Context(), other); (err == nil) != (other == value) {
				t.Errorf("%d characters: expected one spelling, got %v", len(value), err)
			}
		}
	}
}

func TestABoxRefuses(t *testing.T) {
	keys := newSecrets(t, goodSecret)
	seal := func(box *session.Box) string {
		value, err := box.Seal([]byte("state"), time.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	box := session.NewBox(keys, "sign-in", "a", "b")
	value := seal(box)
	cookie, err := newCodec(t, nil).Seal(newSession(t, ourUser().tokens()))
	if err != nil {
		t.Fatal(err)
	}
	large, err := box.Seal(make([]byte, session.MaxState), time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		value string
		want  error
	}{
		"nothing":                              {"", session.ErrMalformed},
		"rubbish":                              {strings.Repeat("?", 100), session.ErrMalformed},
		"more than it should be":               {strings.Repeat("A", session.MaxState+1), session.ErrMalformed},
		"a state that is larger than any":      {large, session.ErrMalformed},
		"a state of another purpose":           {seal(session.NewBox(keys, "return", "a", "b")), session.ErrForged},
		"a state of another place":             {seal(session.NewBox(keys, "sign-in", "a", "c")), session.ErrForged},
		"a state whose place only joins alike": {seal(session.NewBox(keys, "sign-in", "ab")), session.ErrForged},
		"a state of one part of the place":     {seal(session.NewBox(keys, "sign-in", "a")), session.ErrForged},
		"a state of another secret":            {seal(session.NewBox(newSecrets(t, otherSecret), "sign-in", "a", "b")), session.ErrUnknownKey},
		"a session":                            {cookie.Cookie.Value, session.ErrForged},
		"a state that was changed":             {flip(value, 60), session.ErrForged},
		"a state whose expiry was changed":     {flip(value, 40), session.ErrForged},
		"a state that was cut":                 {value[:len(value)/4*4-4], session.ErrForged},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := box.Open(t.Context(), row.value); !errors.Is(err, row.want) || got != nil {
				t.Errorf("expected %v, got %v", row.want, err)
			}
		})
	}
}
