package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"hash/maphash"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/credentials"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// exchanges outlive configurations, so that a reload keeps credentials. Their
// keys are all that changes how a value behaves.
var exchanges = caddy.NewUsagePool()

// exchange is an identity pool or web identity at work: it gives users their
// temporary credentials. It is shared by all configurations that describe it
// alike.
type exchange struct {
	tenant
	exchangeSpec
	key    string
	cache  *credentials.Cache
	client *http.Client
	health exchangeHealth
}

// exchangeSpec describes an exchange. All of it but provider is its key.
type exchangeSpec struct {
	Name     string
	Kind     string // identity_pool or web_identity
	Region   string // of services, unless they have their own
	Config   any    // what provider was made from
	Logins   map[string]string
	Guests   bool
	Outlive  bool
	Roles    credentials.Roles
	Size     int
	provider func(*http.Client) (credentials.Provider, error)
}

// exchangeTimeout bounds an exchange with all its calls: requests wait for it.
const exchangeTimeout = 5 * time.Second

// acquireExchange takes a reference; release gives it back.
func acquireExchange(spec exchangeSpec, env *environment) (*exchange, error) {
	key, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	value, _, err := exchanges.LoadOrNew(string(key), func() (caddy.Destructor, error) {
		return newExchange(string(key), spec, env)
	})
	if err != nil {
		return nil, err
	}
	return value.(*exchange), nil
}

func newExchange(key string, spec exchangeSpec, env *environment) (*exchange, error) {
	e := &exchange{exchangeSpec: spec, key: key, client: newExchangeClient()}
	e.env.Store(env)
	provider, err := spec.provider(e.client)
	if err != nil {
		return nil, err
	}
	e.cache, err = credentials.NewCache(credentials.CacheOptions{
		Provider: traceExchange(spec, provider), Roles: spec.Roles, Size: spec.Size,
		Timeout: exchangeTimeout, Observe: e.observe,
	})
	return e, err
}

// newExchangeClient does not follow redirects: a token must not go to a place
// that the operator did not name.
func newExchangeClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16 // users come in crowds
	return &http.Client{
		Transport: bounded{transport}, Timeout: exchangeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bounded ends answers that are longer than any exchange's: the SDK would keep
// all of one in memory.
type bounded struct{ *http.Transport }

const maxExchangeAnswer = 1 << 20

// RoundTrip hides WriteTo of the SDK's bodies, as in package signin: closed early,
// it would have the connection closed under the answer.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	plain := *r
	if r.Body != nil {
		plain.Body = struct{ io.ReadCloser }{r.Body}
	}
	response, err := b.Transport.RoundTrip(&plain)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, maxExchangeAnswer)
	}
	return response, err
}

func (e *exchange) release() error {
	_, err := exchanges.Delete(e.key)
	return err
}

// Destruct implements [caddy.Destructor].
func (e *exchange) Destruct() error {
	err := e.cache.Close()
	e.client.CloseIdleConnections()
	return err
}

// The reasons why a request has no user for an exchange, beside a missing token.
var (
	errNoAuth     = errors.New("the request was not admitted by cognito_auth")
	errNotIDToken = errors.New("an ID token is needed to get credentials")
	// errSessionUse is the same of a session: its user has no other token to send,
	// and signing in again gives none.
	errSessionUse  = errors.New("an ID token of the session is needed to get credentials")
	errForeignPool = errors.New("tokens of this user pool are not exchanged for credentials here")
)

// user is the user of a request as the exchange knows it.
func (e *exchange) user(ctx context.Context) (credentials.Identity, error) {
	id := identityOf(ctx)
	switch {
	case id == nil || !id.admitted: // cognito_signin and others know the request, too
		return credentials.Identity{}, errNoAuth
	case id.token == nil && e.Guests:
		return credentials.Identity{}, nil
	case id.token == nil:
		return credentials.Identity{}, errNoToken
	case id.token.Use() != verifier.ID && id.session != nil:
		return credentials.Identity{}, errSessionUse
	case id.token.Use() != verifier.ID:
		return credentials.Identity{}, errNotIDToken
	}
	issuer, _ := id.token.StringClaim("iss")
	if _, ok := e.Logins[issuer]; !ok {
		return credentials.Identity{}, errForeignPool
	}
	preferred, _ := id.token.StringClaim("cognito:preferred_role")
	return credentials.Identity{
		Token: id.raw, TokenExpires: id.token.Expiry(), Issuer: issuer,
		Subject: id.token.Subject(), ClientID: id.token.ClientID(), Username: id.token.Username(),
		Groups: slices.Collect(id.token.Groups()), PreferredRole: preferred, Rights: rightsOf(id.token),
	}, nil
}

// passing are the claims that differ from one token of a user to the next, and by
// which nobody decides about rights.
var passing = map[string]bool{
	"at_hash": true, "auth_time": true, "event_id": true, "exp": true, "iat": true, "jti": true, "nbf": true, "nonce": true, "origin_jti": true,
}

var rightsSeed = maphash.MakeSeed()

// rightsOf is a hash of all claims by which an exchange may decide: an identity
// pool's rules and principal tags, and the policies of a store, look at any claim.
// A user who got one now must not be given the credentials of before. The order of
// claims does not matter.
func rightsOf(token *verifier.Token) (sum uint64) {
	for name := range token.Claims() {
		if !passing[name] {
			value, _ := token.Claim(name)
			sum += maphash.String(rightsSeed, name) ^ maphash.String(rightsSeed, value)*31
		}
	}
	return sum
}

// grant gets the credentials of a request's user.
func (e *exchange) grant(ctx context.Context) (*credentials.Grant, credentials.Identity, error) {
	user, err := e.user(ctx)
	if err != nil {
		return nil, user, err
	}
	grant, err := e.cache.Get(ctx, user)
	if err == nil {
		identityOf(ctx).identityID = grant.IdentityID
	}
	return grant, user, err
}

// expires is when credentials that leave the edge are said to expire: with the
// token, since nobody asks for another one when they are used.
func (e *exchange) expires(grant *credentials.Grant, user credentials.Identity) time.Time {
	if e.Outlive || user.TokenExpires.IsZero() || grant.Expires.Before(user.TokenExpires) {
		return grant.Expires
	}
	return user.TokenExpires
}
