package plugin

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// issuePause is how long the key of a new token may take to show up here: keys that
// were fetched just before it are not fetched again at once.
func (s *sessions) issuePause() time.Duration {
	cfg := s.pool.cfg
	return cmp.Or(time.Duration(cfg.Cooldown), verifier.DefaultCooldown) + cmp.Or(time.Duration(cfg.FetchTimeout), verifier.DefaultFetchTimeout)
}

// errKeyToCome is no [verifier.TokenError]: nobody need sign in again.
var errKeyToCome = errors.New("the key of the new token is not there yet")

// checkRenewed gets the session of a request other tokens, and checks those. It is
// for tokens with a key that the user pool has withdrawn: whoever has a session
// need not sign in again for that. Tokens that were just issued have a new key
// that is not there yet, and so would the next ones.
func (c *checker) checkRenewed(r *http.Request, id *identity) (raw string, tok *verifier.Token, err error) {
	issued := id.session.Expires.Add(-id.session.Lifetime)
	if time.Since(issued) < min(id.sessions.issuePause(), id.session.Lifetime/4) {
		return "", nil, keyToCome()
	}
	for _, source := range c.sources {
		if s, ok := source.(sessionSource); ok {
			if raw, err = s.renew(r, id); err != nil {
				return "", nil, err
			}
		}
	}
	if raw == "" { // the session has ended
		return "", nil, errNoToken
	}
	if tok, err = c.check(r.Context(), raw); errors.Is(err, verifier.ErrUnknownKey) {
		return "", nil, keyToCome()
	}
	return raw, tok, err
}

func keyToCome() error { return &session.UnavailableError{RetryAfter: time.Second, Err: errKeyToCome} }

// renew refreshes the session whatever the age of its tokens.
func (s sessionSource) renew(r *http.Request, id *identity) (string, error) {
	refused := *id.session
	refused.Expires = time.Now() // or they would do
	found, err := id.sessions.goOn(r, id.answer, &refused, s.need)
	id.session = found
	return s.token(found), err
}
