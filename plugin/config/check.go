package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"golang.org/x/net/http/httpguts"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// Check says which tokens are accepted and where they are found.
type Check struct {
	// Pools are the names of configured user pools. A token is verified with the
	// pool that its issuer belongs to.
	Pools []string `json:"pool,omitempty"`
	// UserPool is a pool that is configured here instead of by name.
	UserPool *UserPool `json:"user_pool,omitempty"`
	// TokenSources are the places where a token may come from. They are tried in
	// this order, and the first that holds something decides. Default: the
	// Authorization header, then, in `cognito_auth` only, the session of the pool,
	// where it has one. Answers to tokens from elsewhere than that header are
	// `private`, for caches.
	TokenSources []TokenSource `json:"token_source,omitempty"`
	// TokenUse lists the accepted kinds of tokens: `access`, `id` or both.
	// Default `access`.
	TokenUse []string `json:"token_use,omitempty"`
	// Require lists what a token must have; all of it. `cognito_auth` refuses tokens
	// that lack it with status 403, or 401 where signing in again helps; the
	// authentication provider refuses all with 401.
	Require []Requirement `json:"require,omitempty"`
}

// Validate checks what the JSON schema cannot say.
func (c *Check) Validate() error {
	if len(c.Pools) == 0 && c.UserPool == nil {
		return errors.New("pool: required; name a configured user_pool, or give a pool ID and its app clients")
	}
	if len(c.Pools) > 0 && c.UserPool != nil {
		return errors.New("user_pool: cannot be combined with pool; name the pools or configure one here")
	}
	if err := distinct("pool", c.Pools); err != nil {
		return err
	}
	if err := validateReferences(c.Pools); err != nil {
		return err
	}
	if err := distinct("token_use", c.TokenUse); err != nil {
		return err
	}
	for _, use := range c.TokenUse {
		if use != string(verifier.Access) && use != string(verifier.ID) {
			return fmt.Errorf("token_use: expected access or id, got %q", use)
		}
	}
	if err := validateSources(c.TokenSources); err != nil {
		return err
	}
	_, err := c.Requirements()
	return err
}

// ValidateProvider checks the configuration of the authentication provider. By
// default it takes the token of the Authorization header alone.
func (c *Check) ValidateProvider() error {
	if slices.Contains(c.TokenSources, TokenSource{From: SourceSession}) {
		return errors.New("token_source: session is for cognito_auth, since Caddy's authentication handler cannot renew a session, which sets cookies; use cognito_auth, or remove it here")
	}
	return c.Validate()
}

// validateReferences checks the names that follow cognito_auth.
func validateReferences(names []string) error {
	if i := slices.IndexFunc(names, IsPoolID); i >= 0 {
		return fmt.Errorf("pool: expected the name of a user_pool, got the pool ID %q; a pool that is used by its ID stands alone, and first, with its app clients after it", names[i])
	}
	for _, name := range names {
		if !nameForm.MatchString(name) {
			return fmt.Errorf("pool: expected the name of a user_pool, got %q; app clients belong into that user_pool", name)
		}
	}
	return nil
}

// Requirements are the parsed values of Require.
func (c *Check) Requirements() ([]verifier.Requirement, error) {
	list := make([]verifier.Requirement, len(c.Require))
	for i, r := range c.Require {
		var err error
		if list[i], err = r.parse(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (r Requirement) parse() (verifier.Requirement, error) {
	for _, value := range r.Values {
		if err := literal("require", value); err != nil {
			return verifier.Requirement{}, err
		}
	}
	values := r.Values
	switch verifier.RequirementKind(r.Kind) {
	case verifier.RequireClaim:
		if len(values) < 2 {
			return verifier.Requirement{}, errors.New("require: claim: expected the name of a claim and one or more values")
		}
	case verifier.RequireMaxAge:
		// As everywhere in Caddy, a day is a unit.
		if len(values) == 1 {
			if age, err := caddy.ParseDuration(values[0]); err == nil && age > 0 {
				values = []string{age.String()}
			}
		}
	}
	parsed, err := verifier.ParseRequirement(r.Kind, values...)
	if err != nil {
		err = fmt.Errorf("require: %w", err)
	}
	return parsed, err
}

var placeholderForm = regexp.MustCompile(`\{[a-z_]+\.[^}]+\}`)

// literal refuses placeholders where none are replaced: a requirement that
// nobody can meet, or a claim that no token has, is not what anybody meant.
func literal(key, value string) error {
	if found := placeholderForm.FindString(value); found != "" {
		return fmt.Errorf("%s: placeholders are not replaced here, got %s; in a Caddyfile, {$NAME} takes a value from the environment", key, found)
	}
	return nil
}

// Requirement is one thing that a token must have.
type Requirement struct {
	// Kind is `scope`, `group`, `acr`, `max_age` or `claim`.
	Kind string `json:"kind"`
	// Values are alternatives, one of which must be there. For `max_age` it is
	// one duration, the greatest age of the last sign-in. For `claim` the first
	// is the claim's name and the others are its accepted values.
	Values []string `json:"values"`
}

// The kinds of token sources.
const (
	SourceAuthorization = "authorization"
	SourceSession       = "session"
	SourceHeader        = "header"
	SourceCookie        = "cookie"
	SourceQuery         = "query"
)

// TokenSource is a place in a request where a token may stand. What it holds is
// not passed on to the upstream.
type TokenSource struct {
	// From is `authorization` (the header of that name with the Bearer scheme),
	// `session` (that of a user who signed in, in `cognito_auth` only), `header`
	// (any other, holding the token alone), `cookie` or `query`. Tokens in a query
	// end up in access logs and histories: avoid it.
	From string `json:"from"`
	// Name is the name of the header, cookie or query parameter. The first two
	// have none.
	Name string `json:"name,omitempty"`
}

func (s TokenSource) String() string { return strings.TrimSpace(s.From + " " + s.Name) }

// validateSources checks that every source is complete and stands there once.
func validateSources(sources []TokenSource) error {
	for i, s := range sources {
		if slices.ContainsFunc(sources[:i], s.equal) {
			return fmt.Errorf("token_source: %q stands here twice; remove one of them", s)
		}
		if err := s.validate(); err != nil {
			return fmt.Errorf("token_source: %w", err)
		}
	}
	return nil
}

func (s TokenSource) equal(other TokenSource) bool {
	return s == other || s.From == SourceHeader && other.From == SourceHeader && strings.EqualFold(s.Name, other.Name)
}

func (s TokenSource) validate() error {
	noun := s.From
	switch s.From {
	case SourceAuthorization, SourceSession:
		if s.Name != "" {
			return fmt.Errorf("%s takes no name, got %q", s.From, s.Name)
		}
		return nil
	case SourceHeader:
		if strings.EqualFold(s.Name, "Authorization") {
			return errors.New("for the Authorization header, write authorization instead of header Authorization")
		}
	case SourceCookie:
	case SourceQuery:
		noun = "query parameter"
	default:
		return fmt.Errorf("expected authorization, session, header, cookie or query, got %q", s.From)
	}
	if !httpguts.ValidHeaderFieldName(s.Name) {
		return fmt.Errorf("%s: expected the name of the %s, got %q", s.From, noun, s.Name)
	}
	return nil
}
