package session_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

// Random secrets, of course: an example would be refused.
const (
	goodSecret  = "uJ2m0fQ9x7ZrYH1c5vKLbT8WqEoN3sDa6GiPXMkRw4c="
	otherSecret = "b81f0c9e62d74a35b0e1c7f2d9a8463e5c17fa08"
)

const (
	issuer    = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"
	client    = "1h57kf5cpq17m0eml12example"
	jo        = "5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a"
	originJTI = "b1f0d7a2-1111-4222-8333-944455556666"
)

func random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func uuid() string {
	b := random(16)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// jwt is a token that nobody signed: this package checks no signatures.
func jwt(header, claims string) session.Secret {
	return session.Secret(encode([]byte(header)) + "." + encode([]byte(claims)) + "." + encode(random(256)))
}

// user is what tokens are made for.
type user struct {
	sub, origin string
	groups      []string
	life        time.Duration
	extra       map[string]any
}

func (u user) claims(use string) string {
	now := time.Now()
	life := u.life
	if life == 0 {
		life = time.Hour
	}
	claims := map[string]any{
		"sub": u.sub, "iss": issuer, "token_use": use, "origin_jti": u.origin, "event_id": uuid(), "jti": uuid(),
		"auth_time": now.Unix(), "iat": now.Unix(), "exp": now.Add(life).Unix(),
	}
	if len(u.groups) > 0 {
		claims["cognito:groups"] = u.groups
	}
	switch use {
	case "id":
		maps.Copy(claims, map[string]any{
			"aud": client, "cognito:username": "jo", "email": "jo@example.org", "email_verified": true, "custom:tenant": "42",
		})
		maps.Copy(claims, u.extra)
	default:
		maps.Copy(claims, map[string]any{"client_id": client, "username": "jo", "scope": "aws.cognito.signin.user.admin openid email", "version": 2})
	}
	text, _ := json.Marshal(claims)
	return string(text)
}

func (u user) tokens() session.Tokens {
	return session.Tokens{
		ID:      jwt(`{"kid":"`+encode(random(32))+`=","alg":"RS256"}`, u.claims("id")),
		Access:  jwt(`{"kid":"`+encode(random(32))+`=","alg":"RS256"}`, u.claims("access")),
		Refresh: refreshToken(),
	}
}

// refreshToken is one of Cognito's size: a JWE of 1 846 characters.
func refreshToken() session.Secret {
	header := encode([]byte(`{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}`))
	return session.Secret(strings.Join([]string{header, encode(random(256)), encode(random(12)), encode(random(1046)), encode(random(16))}, "."))
}

func ourUser() user { return user{sub: jo, origin: originJTI} }

// groups are names of some twenty characters.
func groups(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("team-%03d-department", i)
	}
	return names
}

func newSession(t testing.TB, tokens session.Tokens) *session.Session {
	t.Helper()
	s, err := session.New(tokens, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newSecrets(t testing.TB, secrets ...string) *session.Secrets {
	t.Helper()
	keys, err := session.NewSecrets(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func hostCookie() http.Cookie {
	return http.Cookie{Name: "__Host-cognito", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

func newCodec(t testing.TB, change func(*session.CodecOptions)) *session.Codec {
	t.Helper()
	opts := session.CodecOptions{Keys: newSecrets(t, goodSecret), Cookie: hostCookie(), Site: "app.example.com", Pool: "eu-west-1_AbCdEfGhI"}
	if change != nil {
		change(&opts)
	}
	codec, err := session.NewCodec(opts)
	if err != nil {
		t.Fatal(err)
	}
	return codec
}

func seal(t testing.TB, codec *session.Codec, s *session.Session) *session.Sealed {
	t.Helper()
	sealed, err := codec.Seal(s)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

var errStorage = errors.New("storage is down")

// storage is a certmagic storage in memory.
type storage struct {
	mu    sync.Mutex
	files map[string][]byte
	down  bool // fails whatever it is asked
	full  bool // fails what it is asked to store
	loads int
	// stall delays a Store before it takes effect, as a slow network does.
	stall time.Duration
	// listed are keys that List returns beside its own, as some storages do.
	listed []string
}

func newStorage() *storage { return &storage{files: make(map[string][]byte)} }

func (s *storage) Store(_ context.Context, key string, value []byte) error {
	s.mu.Lock()
	stall := s.stall
	s.mu.Unlock()
	if stall > 0 {
		time.Sleep(stall)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down || s.full {
		return errStorage
	}
	s.files[key] = slices.Clone(value)
	return nil
}

func (s *storage) Load(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	if s.down {
		return nil, errStorage
	}
	value, ok := s.files[key]
	if !ok {
		return nil, fmt.Errorf("%s: %w", key, fs.ErrNotExist)
	}
	return slices.Clone(value), nil
}

func (s *storage) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, key)
	return nil
}

func (s *storage) List(_ context.Context, prefix string, _ bool) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errStorage
	}
	var keys []string
	for key := range s.files {
		if strings.HasPrefix(key, prefix+"/") {
			keys = append(keys, key)
		}
	}
	return append(keys, s.listed...), nil
}

func (s *storage) set(change func(*storage)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// looks is how often something was loaded.
func (s *storage) looks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loads
}

// places are the keys of all files.
func (s *storage) places() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.files))
}

func (s *storage) file(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.files[key])
}

// lockingStorage has locks that work.
type lockingStorage struct {
	*storage
	held chan struct{}
}

func newLockingStorage() *lockingStorage {
	return &lockingStorage{newStorage(), make(chan struct{}, 1)}
}

func (s *lockingStorage) Lock(ctx context.Context, _ string) error {
	select {
	case s.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *lockingStorage) Unlock(context.Context, string) error {
	<-s.held
	return nil
}
