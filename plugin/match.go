package plugin

import (
	"fmt"
	"net/http"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types/ref"
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// Match matches requests whose token, verified by cognito_auth earlier on the
// route, meets all requirements. It matches no request without such a token.
//
// In CEL expressions, with one requirement a call:
// `cognito('group', 'editors', 'admins')`.
type Match struct {
	config.Match

	requirements []verifier.Requirement
}

// CaddyModule returns the Caddy module information.
func (Match) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.matchers.cognito", New: func() caddy.Module { return new(Match) }}
}

// UnmarshalCaddyfile parses the matcher; see [parse.ParseMatch] for its syntax.
func (m *Match) UnmarshalCaddyfile(d *caddyfile.Dispenser) (err error) {
	m.Match, err = parse.ParseMatch(d)
	return err
}

// Provision parses the requirements.
func (m *Match) Provision(caddy.Context) (err error) {
	m.requirements, err = (&config.Check{Require: m.Require}).Requirements()
	return err
}

// MatchWithError implements [caddyhttp.RequestMatcherWithError].
func (m *Match) MatchWithError(r *http.Request) (bool, error) {
	id := identityOf(r.Context())
	if id == nil || id.token == nil {
		return false, nil
	}
	return meets(id.token, m.requirements) == nil, nil
}

// CELLibrary offers the matcher to expressions, with one requirement a call:
//
//	expression cognito('group', 'editors') || path('/public/*')
func (Match) CELLibrary(ctx caddy.Context) (cel.Library, error) {
	return caddyhttp.CELMatcherImpl("cognito", "cognito_matcher_request_list", []*cel.Type{cel.ListType(cel.StringType)},
		func(data ref.Val) (caddyhttp.RequestMatcherWithError, error) {
			words, ok := data.Value().([]ref.Val)
			if !ok {
				return nil, fmt.Errorf("cognito: expected strings, got %v", data.Type())
			}
			return matchOf(ctx, words)
		})
}

func matchOf(ctx caddy.Context, words []ref.Val) (*Match, error) {
	args := make([]string, len(words))
	for i, word := range words {
		args[i], _ = word.Value().(string)
	}
	match := new(Match) // Caddy's macro sees to it that there is an argument
	match.Require = []config.Requirement{{Kind: args[0], Values: args[1:]}}
	return match, match.Provision(ctx)
}

// Interface guards
var (
	_ caddy.Provisioner                 = (*Match)(nil)
	_ caddyhttp.RequestMatcherWithError = (*Match)(nil)
	_ caddyhttp.CELLibraryProducer      = (*Match)(nil)
	_ caddyfile.Unmarshaler             = (*Match)(nil)
)
