package peerjose_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"
	client = "1h57kf5cpq17m0eml12example"
)

// claims are those of a token as go-jose reads them, by exact name and without
// duplicates.
type claims map[string]json.RawMessage

// peer verifies tokens of the pool with go-jose: its parser, its choice of the key,
// its signature, its check of the registered claims. What is Cognito's own, and no
// JOSE library knows, is added in the fewest words.
type peer struct{ keys jose.JSONWebKeySet }

func newPeer(jwks string) (peer, error) {
	var p peer
	err := json.Unmarshal([]byte(jwks), &p.keys)
	return p, err
}

// verify returns the claims of a token that go-jose accepts at this time.
func (p peer) verify(raw string, now time.Time) (claims, error) {
	token, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	payload, err := token.Verify(p.keys)
	if err != nil {
		return nil, err
	}
	var registered jwt.Claims
	read := claims{}
	if err := errors.Join(json.Unmarshal(payload, &registered), json.Unmarshal(payload, &read)); err != nil {
		return nil, err
	}
	// go-jose also refuses iat in the future, which RFC 7519 §4.1.6 does not ask
	// for: with clocks that differ, every fresh token would be refused.
	registered.IssuedAt = nil
	if registered.Expiry == nil {
		return nil, errors.New("no exp")
	}
	if err := registered.ValidateWithLeeway(jwt.Expected{Issuer: issuer, Time: now}, 0); err != nil {
		return nil, err
	}
	return read, read.forClient(registered)
}

// forClient looks for the app client where a token of its use names it.
func (c claims) forClient(registered jwt.Claims) error {
	switch use := c.text("token_use"); {
	case use == "id" && registered.Audience.Contains(client), use == "access" && c.text("client_id") == client:
		return nil
	default:
		return fmt.Errorf("not for the client: %q", use)
	}
}

// text is a claim that is a string, or empty.
func (c claims) text(name string) (value string) {
	_ = json.Unmarshal(c[name], &value)
	return value
}
