package session_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

// rotation is how an app client treats refresh tokens.
type rotation struct {
	on    bool
	grace time.Duration
	// strict makes a second refresh within the grace period end the token that the
	// first one brought.
	strict bool
}

// cognito is a user pool's refresh.
type cognito struct {
	mode  rotation
	delay time.Duration
	life  time.Duration

	mu      sync.Mutex
	calls   int
	refused int
	good    map[session.Secret]time.Time // until when; zero for ever
	after   map[session.Secret]session.Secret
	answer  func(t session.Tokens) (session.Tokens, error) // changes answers
}

func newCognito(mode rotation) *cognito {
	return &cognito{
		mode: mode, delay: 50 * time.Millisecond, life: time.Hour,
		good: make(map[session.Secret]time.Time), after: make(map[session.Secret]session.Secret),
	}
}

func (c *cognito) signIn(t testing.TB) *session.Session {
	u := ourUser()
	u.life = c.life
	tokens := u.tokens()
	c.mu.Lock()
	c.good[tokens.Refresh] = time.Time{}
	c.mu.Unlock()
	return newSession(t, tokens)
}

func (c *cognito) become(answer func(session.Tokens) (session.Tokens, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

func (c *cognito) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

func (c *cognito) revoke() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.good)
}

func (c *cognito) refresh(ctx context.Context, s *session.Session) (session.Tokens, error) {
	select {
	case <-time.After(c.delay / 2):
	case <-ctx.Done():
		return session.Tokens{}, ctx.Err()
	}
	t, err := c.redeem(s.Refresh)
	if err != nil {
		return t, err // a refusal is quick
	}
	time.Sleep(c.delay / 2)
	return t, nil
}

func (c *cognito) redeem(old session.Secret) (session.Tokens, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	until, ok := c.good[old]
	if !ok || !until.IsZero() && time.Now().After(until) {
		c.refused++
		return session.Tokens{}, fmt.Errorf("NotAuthorizedException: %w", session.ErrRefused)
	}
	u := ourUser()
	u.life = c.life
	t := u.tokens()
	if c.mode.on {
		if until.IsZero() {
			c.good[old] = time.Now().Add(c.mode.grace)
		}
		if c.mode.strict {
			delete(c.good, c.after[old])
		}
		c.good[t.Refresh], c.after[old] = time.Time{}, t.Refresh
	} else {
		t.Refresh = ""
	}
	if c.answer != nil {
		return c.answer(t)
	}
	return t, nil
}

// stillGood reports whether the session can be refreshed again.
func (c *cognito) stillGood(s *session.Session) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	until, ok := c.good[s.Refresh]
	return ok && until.IsZero()
}
