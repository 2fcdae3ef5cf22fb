package plugin

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// checker decides whether a token is accepted. The handler and the
// authentication provider share it. It is immutable.
type checker struct {
	app          *App
	sources      []tokenSource
	pools        []*verifier.Verifier
	uses         []verifier.TokenUse
	requirements []verifier.Requirement
}

// newChecker makes what cfg describes.
func newChecker(ctx caddy.Context, cfg *config.Check) (*checker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	app, err := loadApp(ctx)
	if err != nil {
		return nil, err
	}
	c := &checker{app: app, uses: []verifier.TokenUse{verifier.Access}}
	if len(cfg.TokenUse) > 0 {
		c.uses = nil
		for _, use := range cfg.TokenUse {
			c.uses = append(c.uses, verifier.TokenUse(use))
		}
	}
	if c.requirements, err = cfg.Requirements(); err != nil {
		return nil, err
	}
	if c.pools, err = app.verifiers(cfg); err != nil {
		return nil, err
	}
	return c, nil
}

// session is the source of tokens that users of the pools carry in a session.
func (c *checker) session() tokenSource {
	names := make([]string, len(c.pools))
	for i, pool := range c.pools {
		names[i] = pool.Name()
	}
	return newSessionSource(c.app, names, c.uses)
}

// find returns the token of a request: the one that an earlier handler of the
// route verified, or else what the sources hold.
func (c *checker) find(r *http.Request, id *identity) (raw string, found bool, err error) {
	if id.token != nil {
		return id.raw, true, nil
	}
	raw, source, err := findToken(c.sources, r)
	if source == nil {
		id.missing = missing(c.sources, r)
	}
	id.source = source
	return raw, source != nil, err
}

// check verifies a token and what is required of it. With an error, it returns the
// token if that was verified: then it is true who was refused.
func (c *checker) check(ctx context.Context, raw string) (*verifier.Token, error) {
	tok, err := verifier.Verify(ctx, raw, c.pools...)
	if err != nil {
		return nil, err
	}
	if sessions := c.app.sessions[tok.Pool()]; sessions != nil && sessions.denies(tok) {
		return tok, errSignedOut
	}
	if !slices.Contains(c.uses, tok.Use()) {
		return tok, c.wrongUse(tok.Use())
	}
	return tok, meets(tok, c.requirements)
}

// wrongUse is the refusal of a token of another kind than those accepted.
func (c *checker) wrongUse(got verifier.TokenUse) error {
	refused := &verifier.TokenError{Reason: verifier.ErrTokenUse, Claim: "token_use", Got: string(got)}
	for _, use := range c.uses {
		refused.Want = append(refused.Want, string(use))
	}
	return refused
}

func meets(tok *verifier.Token, requirements []verifier.Requirement) error {
	if len(requirements) == 0 {
		return nil
	}
	now := time.Now()
	for _, required := range requirements {
		if err := required.Check(tok, now); err != nil {
			return err
		}
	}
	return nil
}
