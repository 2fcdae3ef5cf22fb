package plugin

import (
	"context"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// identity is what is known about the user of a request. It lives in the
// request's context, out of reach of placeholders such as {http.vars.*}, since
// it holds the token.
type identity struct {
	token        *verifier.Token // nil: anonymous, so far
	raw          string
	admitted     bool             // a cognito_auth let the request pass
	cleaned      bool             // the client's identity headers are gone
	forwardToken bool             // the upstream gets the token
	source       tokenSource      // where the token was; nil: nowhere
	cookies      []string         // of the request as it came in, with sessions
	session      *session.Session // that the token is from
	sessions     *sessions        // which keep it
	signins      []*Signin        // where the user can sign in
	identityID   string           // in the identity pool, once it was asked
	missing      error            // what to answer if a token is required
	refused      error            // why our transport did not send the request
	atStore      bool             // cognito_s3 has the transport send it
	answer       http.Header      // of the response
	body         *keptBody        // of the request, for another attempt
}

type identityKey struct{}

// identityOf finds the identity of a request; nil when no handler of ours has
// seen it.
func identityOf(ctx context.Context) *identity {
	id, _ := ctx.Value(identityKey{}).(*identity)
	return id
}

// withIdentity returns the request with its identity, which it makes and lends
// to the placeholders when it is missing. The request returned is a copy: what
// net/http adds to the original's trailers later does not reach it. The request
// that came in loses its trailers too, since error routes go on with that one.
func withIdentity(r *http.Request) (*http.Request, *identity) {
	if id := identityOf(r.Context()); id != nil {
		return r, id
	}
	id := &identity{cookies: r.Header["Cookie"]}
	r.Trailer = nil
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(id.placeholder)
	}
	return r.WithContext(context.WithValue(r.Context(), identityKey{}, id)), id
}

// set makes the request that of the token's user. Placeholders that an earlier
// authentication handler set would otherwise hide the claims of this token.
func (id *identity) set(r *http.Request, raw string, tok *verifier.Token) {
	id.token, id.raw = tok, raw
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.DeleteByPrefix(userPlaceholder)
	}
}

const userPlaceholder, ownPlaceholder = "http.auth.user.", "http.cognito."

// placeholder resolves {http.auth.user.id}, {http.auth.user.<claim>} and
// {http.cognito.*}. A claim that the token lacks is empty rather than unknown,
// because unknown placeholders reach upstreams literally. Ours have a prefix of
// their own, which no claim can forge.
func (id *identity) placeholder(key string) (any, bool) {
	if claim, ok := strings.CutPrefix(key, userPlaceholder); ok {
		return id.userPlaceholder(claim), true
	}
	if key == ownPlaceholder+"identity_id" && id.identityID != "" {
		return id.identityID, true
	}
	if id.token == nil {
		return nil, false
	}
	switch key {
	case ownPlaceholder + "pool":
		return id.token.Pool(), true
	case ownPlaceholder + "token_use":
		return string(id.token.Use()), true
	}
	return nil, false
}

func (id *identity) userPlaceholder(claim string) string {
	if id.token == nil {
		return ""
	}
	if claim == "id" {
		return id.token.Subject()
	}
	if value, ok := id.token.StringClaim(claim); ok {
		return value
	}
	value, _ := serializeClaim(id.token, claim, false)
	return value
}
