package session_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

func TestWeakSecretsAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		secrets []string
		says    string
	}{
		"none":                            {nil, "at least one"},
		"an empty one":                    {[]string{""}, "not set"},
		"a good one, then an empty one":   {[]string{goodSecret, ""}, "secret 2"},
		"a short one":                     {[]string{"x7K2pQ9zL4"}, "expected at least 32 characters, got 10"},
		"one of 31 characters":            {[]string{goodSecret[:31]}, "got 31"},
		"an unresolved placeholder":       {[]string{"{env.COGNITO_SESSION_KEY_OF_THIS_SITE}"}, "placeholder"},
		"an unresolved shell variable":    {[]string{"${COGNITO_SESSION_KEY_OF_THIS_SITE_1}"}, "placeholder"},
		"instructions instead of a value": {[]string{"<put thirty-two random bytes in here>"}, "placeholder"},
		"the same character":              {[]string{strings.Repeat("a", 64)}, "repeats"},
		"a short text again and again":    {[]string{"9f3a7c1e5b8d20469f3a7c1e5b8d2046"}, "repeats"},
		"a text that breaks off":          {[]string{strings.Repeat("k3Jx9Q", 7)[:40]}, "repeats"},
		"few different characters":        {[]string{"ababbabaabbabaababbaabbabaababba01"}, "different"},
		"an example of other software":    {[]string{"MLFs4TT99kOOq8h3UAVRtYoCTDYXiRcZ"}, "published"},
		"an example of a README":          {[]string{"your-32-character-secret-string!!"}, "word of examples"},
		"what everybody writes":           {[]string{"ThisIsMySuperSecretPassword_1234567"}, "word of examples"},
		"a request to change it":          {[]string{"CHANGEME-k3Jx9QzLw81mVbTnRyUe0PqH"}, "word of examples"},
		"a row of keys":                   {[]string{"qwertyuiopasdfghjklzxcvbnm1029384756"}, "word of examples"},
		"the alphabet":                    {[]string{"abcdefghijklmnopqrstuvwxyz0192837465"}, "word of examples"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := session.NewSecrets(row.secrets...)
			if err == nil || !strings.Contains(err.Error(), row.says) || !strings.Contains(err.Error(), "openssl rand -base64 32") {
				t.Fatalf("expected an error with %q that says how to make one, got %v", row.says, err)
			}
			for _, secret := range row.secrets {
				if secret != "" && strings.Contains(err.Error(), secret) {
					t.Errorf("expected the error to keep the secret, got %v", err)
				}
			}
		})
	}
}

func TestRandomSecretsAreAccepted(t *testing.T) {
	random := rand.NewChaCha8([32]byte{}) // the same ones each time: of all, some are refused
	for range 2000 {
		var b [32]byte
		_, _ = random.Read(b[:])
		for _, secret := range []string{base64.StdEncoding.EncodeToString(b[:]), hex.EncodeToString(b[:]), hex.EncodeToString(b[:16])} {
			if _, err := session.NewSecrets(secret); err != nil {
				t.Fatalf("refused a random secret: %v", err)
			}
		}
	}
}

func TestTheFirstSecretSealsAndAllOpen(t *testing.T) {
	s := newSession(t, ourUser().tokens())
	with := func(secrets ...string) *session.Codec {
		return newCodec(t, func(o *session.CodecOptions) { o.Keys = newSecrets(t, secrets...) })
	}
	before, during, after := with(goodSecret), with(otherSecret, goodSecret), with(otherSecret)
	old, fresh := seal(t, before, s).Cookie.Value, seal(t, during, s).Cookie.Value
	for name, row := range map[string]struct {
		codec *session.Codec
		value string
		want  error
	}{
		"an old session opens during the change":     {during, old, nil},
		"a new session opens during the change":      {during, fresh, nil},
		"a new session opens after the change":       {after, fresh, nil},
		"an old session does not open after it":      {after, old, session.ErrUnknownKey},
		"a new session does not open with old alone": {before, fresh, session.ErrUnknownKey},
	} {
		if _, err := row.codec.Open(t.Context(), row.value); !errors.Is(err, row.want) {
			t.Errorf("%s: expected %v, got %v", name, row.want, err)
		}
	}
}

func TestReasonsAreWordsOfAFixedSet(t *testing.T) {
	for _, row := range []struct {
		err  error
		want string
	}{
		{nil, "ok"},
		{session.ErrMalformed, "malformed"},
		{fmt.Errorf("opening: %w", session.ErrForged), "forged"},
		{session.ErrUnknownKey, "unknown_key"},
		{session.ErrExpired, "expired"},
		{session.ErrIdle, "idle"},
		{session.ErrNoKeys, "no_keys"},
		{session.ErrTokens, "tokens"},
		{&session.EndedError{Err: session.ErrSubject}, "subject"},
		{&session.EndedError{Err: session.ErrNoRefreshToken}, "no_refresh_token"},
		{&session.EndedError{Err: fmt.Errorf("%w: revoked", session.ErrRefused)}, "refused"},
		{&session.UnavailableError{RetryAfter: time.Second, Err: session.ErrTokens}, "unavailable"},
		{&session.SizeError{}, "too_large"},
		{errors.New("x"), "other"},
	} {
		if got := session.Reason(row.err); got != row.want {
			t.Errorf("%v: expected %q, got %q", row.err, row.want, got)
		}
	}
}

func TestErrorsKeepTheirCauseToThemselves(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.1: refused")
	for _, err := range []error{&session.EndedError{Err: cause}, &session.UnavailableError{Err: cause}} {
		if strings.Contains(err.Error(), "10.0.0.1") || !errors.Is(err, cause) {
			t.Errorf("expected the cause in the chain alone, got %v", err)
		}
	}
}
