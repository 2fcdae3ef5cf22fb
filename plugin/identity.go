package plugin

import (
	"context"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

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
func withIdentity(w http.ResponseWriter, r *http.Request) (*http.Request, *identity) {
	if id := identityOf(r.Context()); id != nil {
		return r, id
	}
	id := identityBefore(r)
	if id == nil {
		id = newIdentity(w, r)
	}
	r.Trailer = nil
	return r.WithContext(context.WithValue(r.Context(), identityKey{}, id)), id
}

func newIdentity(w http.ResponseWriter, r *http.Request) *identity {
	id := &identity{cookies: r.Header["Cookie"], answer: w.Header()}
	caddyhttp.SetVar(r.Context(), identityVar, lentIdentity{func() *identity { return id }})
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(id.placeholder)
	}
	return id
}

// identityBefore is for error routes: who came before the error. Their request is
// Caddy's own, without our context, and has lost token and session: cognito_auth
// would take a user whose upstream is down for a stranger, and send him to sign in.
func identityBefore(r *http.Request) *identity {
	lent, ok := caddyhttp.GetVar(r.Context(), identityVar).(lentIdentity)
	if !ok {
		return nil
	}
	id := lent.of()
	id.cleaned = false // that request may have other headers
	id.refused, id.atStore, id.body = nil, false, nil
	return id
}

// identityVar is the name of a lentIdentity among Caddy's variables.
const identityVar = "cognito_identity"

// lentIdentity is an identity that placeholders and logs cannot look into.
type lentIdentity struct{ of func() *identity }

// String is what {http.vars.cognito_identity} shows.
func (lentIdentity) String() string { return "" }

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
