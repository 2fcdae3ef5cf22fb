package plugin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// refresh is the [session.RefreshFunc]: new tokens count only once they are
// verified.
func (s *sessions) refresh(ctx context.Context, old *session.Session) (tokens session.Tokens, err error) {
	ctx, end := beginSpan(ctx, "cognito session refresh", poolAttribute(s.pool.name))
	defer func() { end(refreshResult(err)) }()
	got, err := s.client.Refresh(ctx, signin.Secret(old.Refresh), old.DeviceKey, signin.Caller{})
	if err != nil {
		return session.Tokens{}, refreshError(err)
	}
	tokens = sessionTokens(got)
	_, err = s.verify(ctx, tokens)
	if tokens.Refresh != "" && tokens.Refresh != old.Refresh && lacksKey(err) {
		err = nil // the old refresh token is gone, and each request verifies these again
	}
	return tokens, err
}

// lacksKey reports whether a token could not be verified for want of its key.
func lacksKey(err error) bool {
	_, unavailable := errors.AsType[*verifier.UnavailableError](err)
	return unavailable || errors.Is(err, verifier.ErrUnknownKey)
}

// refreshError tells a definite refusal, which ends a session, from everything
// else, which does not: network trouble, throttling, and our own client secret.
func refreshError(err error) error {
	if errors.Is(err, signin.ErrRefreshToken) || errors.Is(err, signin.ErrRefreshTokenReused) {
		return fmt.Errorf("%w: %w", session.ErrRefused, err)
	}
	if unavailable, ok := errors.AsType[*signin.UnavailableError](err); ok {
		return &session.UnavailableError{RetryAfter: unavailable.RetryAfter, Err: err}
	}
	return err
}

func sessionTokens(t *signin.Tokens) session.Tokens {
	return session.Tokens{ID: session.Secret(t.ID), Access: session.Secret(t.Access), Refresh: session.Secret(t.Refresh)}
}

// verify checks the tokens of a session as any others: with the keys of the
// pool, and that they were issued to our app client. It returns the ID token.
func (s *sessions) verify(ctx context.Context, t session.Tokens) (*verifier.Token, error) {
	access, err := s.verifyOne(ctx, t.Access, verifier.Access)
	if err != nil {
		return nil, err
	}
	id, err := s.verifyOne(ctx, t.ID, verifier.ID)
	if err != nil {
		return nil, err
	}
	if id.Subject() != access.Subject() {
		return nil, session.ErrSubject
	}
	return id, nil
}

func (s *sessions) verifyOne(ctx context.Context, raw session.Secret, use verifier.TokenUse) (*verifier.Token, error) {
	tok, err := verifier.Verify(ctx, string(raw), s.pool.verifier)
	if err != nil {
		return nil, fmt.Errorf("the %s token that was issued: %w", use, err)
	}
	if tok.Use() != use || tok.ClientID() != s.clientID {
		return nil, fmt.Errorf("the %s token that was issued is a token for %s of app client %q", use, tok.Use(), tok.ClientID())
	}
	return tok, nil
}

// denies reports whether a verified token belongs to somebody who was signed out.
func (s *sessions) denies(tok *verifier.Token) bool {
	s.awaitSignOuts()
	if s.denied.Len() == 0 {
		return false
	}
	origin, _ := tok.StringClaim("origin_jti")
	signedIn, _ := tok.AuthTime()
	return s.denied.Denied(origin, tok.Subject(), signedIn)
}

// signOutUser ends all sessions of a user at all instances, and refuses tokens of
// sign-ins up to now until then. Cognito is not asked: elsewhere such tokens go on
// to verify. It takes effect here even if the error says that others may not know.
func (s *sessions) signOutUser(ctx context.Context, sub string) (until time.Time, err error) {
	until = s.deniedUntil(time.Now()).UTC().Truncate(time.Second)
	return until, s.denied.DenyUser(ctx, sub, until)
}

// deniedUntil is when no session and no token of a sign-in up to now is good any
// more, whoever refreshes it here.
func (s *sessions) deniedUntil(now time.Time) time.Time {
	return now.Add(max(s.lifetime, session.LongestToken) + duration(s.pool.cfg.Leeway))
}

// sessionsOf are the sessions of a pool, which this configuration keeps from now
// on.
func (a *App) sessionsOf(name string) (*sessions, error) {
	if s, ok := a.sessions[name]; ok {
		return s, nil
	}
	pool, ok := a.pools[name]
	if !ok {
		return nil, fmt.Errorf("pool: no user_pool is named %q; configure it in the global option cognito%s", name, config.ThereAre(maps.Keys(a.pools)))
	}
	s, err := acquireSessions(pool, a.env)
	if err != nil {
		return nil, err
	}
	a.sessions[name] = s // what Cleanup releases
	return s, nil
}

var _ caddy.Destructor = (*sessions)(nil)
