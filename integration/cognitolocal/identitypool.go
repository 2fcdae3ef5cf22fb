package cognitolocal

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// IdentityPoolOptions configures an identity pool. The zero value takes the ID
// tokens of the server's user pool and gives credentials to nobody, since it has
// no role.
type IdentityPoolOptions struct {
	// ID is the identity pool ID, "<region>:<UUID>". Empty: a new one.
	ID string

	// Region is where the pool is. Default: that of ID, or of the user pool.
	Region string

	// Providers are the user pools whose ID tokens count. Default: the server's
	// own, with all its app clients.
	Providers []Provider

	// ServerSideTokenCheck asks the user pool about each token: users who were
	// signed out, disabled or deleted are refused.
	ServerSideTokenCheck bool

	// Guests allows identities without a token (AllowUnauthenticatedIdentities).
	Guests bool

	// Classic allows the basic flow with GetOpenIdToken (AllowClassicFlow).
	Classic bool

	// AuthenticatedRole and UnauthenticatedRole are the ARNs of the pool's
	// roles. A role that was not given to Server.AddRole counts as one that
	// trusts the pool; one that was is held to its trust.
	AuthenticatedRole, UnauthenticatedRole string

	// RoleMappings choose roles by the token. The key is the provider and the
	// app client as in AWS: Pool.ProviderName() + ":" + client ID.
	RoleMappings map[string]RoleMapping

	// CredentialsLifetime is how long the credentials of the enhanced flow
	// last. Default an hour, which is fixed at AWS; here any positive value is
	// good, so that a test can see them expire.
	CredentialsLifetime time.Duration
}

// Provider is a user pool that an identity pool takes ID tokens from.
type Provider struct {
	// Pool is the user pool, which may be another server's. Nil: the own one.
	Pool *Pool

	// ClientIDs are the app clients whose tokens count. Nil means all that the
	// user pool has when a token arrives.
	ClientIDs []string
}

// IdentityPool is an identity pool of a Server. All methods are safe for
// concurrent use.
type IdentityPool struct {
	opts  IdentityPoolOptions // not changed after AddIdentityPool
	now   func() time.Time
	store identityStore
}

var (
	identityIDPattern = regexp.MustCompile(`^[\w-]+:[0-9a-f-]+$`)
	regionPattern     = regexp.MustCompile(`^[\w-]+$`)
)

// ProviderName is the pool's name among the providers of an identity pool, as
// for a pool in AWS: "cognito-idp.<region>.amazonaws.com/<pool ID>". It does
// not depend on the address of the server.
func (p *Pool) ProviderName() string {
	return "cognito-idp." + p.region() + ".amazonaws.com/" + p.id
}

func (p *Pool) region() string { return p.id[:strings.LastIndexByte(p.id, '_')] }

// AddIdentityPool adds an identity pool to the server. It fails when the ID is
// in use or a setting makes no sense. The options cannot be changed later; a
// server can have many pools.
func (s *Server) AddIdentityPool(o IdentityPoolOptions) (*IdentityPool, error) {
	o = o.withDefaults(s.pool)
	if err := o.validate(); err != nil {
		return nil, err
	}
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	if _, ok := s.account.pools[o.ID]; ok {
		return nil, fmt.Errorf("cognitolocal: identity pool %q already exists", o.ID)
	}
	pool := &IdentityPool{opts: o, now: s.account.now, store: newIdentityStore(o.Region)}
	s.account.pools[o.ID] = pool
	return pool, nil
}

// ID returns the identity pool ID.
func (ip *IdentityPool) ID() string { return ip.opts.ID }

func (o IdentityPoolOptions) withDefaults(own *Pool) IdentityPoolOptions {
	if region, _, ok := strings.Cut(o.ID, ":"); ok && o.Region == "" {
		o.Region = region
	}
	if o.Region == "" {
		o.Region = own.region()
	}
	if o.ID == "" {
		o.ID = o.Region + ":" + newUUID()
	}
	if o.CredentialsLifetime == 0 {
		o.CredentialsLifetime = time.Hour
	}
	o.Providers = ownProviders(o.Providers, own)
	o.RoleMappings = maps.Clone(o.RoleMappings)
	for key, mapping := range o.RoleMappings {
		mapping.Rules = slices.Clone(mapping.Rules)
		o.RoleMappings[key] = mapping
	}
	return o
}

func ownProviders(providers []Provider, own *Pool) []Provider {
	if providers == nil {
		return []Provider{{Pool: own}}
	}
	out := make([]Provider, 0, len(providers))
	for _, p := range providers {
		if p.Pool == nil {
			p.Pool = own
		}
		p.ClientIDs = slices.Clone(p.ClientIDs)
		out = append(out, p)
	}
	return out
}

func (o IdentityPoolOptions) validate() error {
	switch {
	case !regionPattern.MatchString(o.Region):
		return fmt.Errorf("cognitolocal: identity pool region %q: want letters, digits, _ or -", o.Region)
	case !identityIDPattern.MatchString(o.ID) || !strings.HasPrefix(o.ID, o.Region+":"):
		return fmt.Errorf("cognitolocal: identity pool ID %q: want %s:<UUID>", o.ID, o.Region)
	case o.CredentialsLifetime < 0:
		return errors.New("cognitolocal: identity pool: the credentials lifetime must be positive")
	}
	for _, arn := range []string{o.AuthenticatedRole, o.UnauthenticatedRole} {
		if arn != "" && !roleARNPattern.MatchString(arn) {
			return fmt.Errorf("cognitolocal: identity pool: %q is no role ARN", arn)
		}
	}
	for key, mapping := range o.RoleMappings {
		if !slices.ContainsFunc(o.Providers, func(p Provider) bool { return strings.HasPrefix(key, p.Pool.ProviderName()+":") }) {
			return fmt.Errorf("cognitolocal: role mapping %q: want <provider name>:<client ID> of a configured provider", key)
		}
		if err := mapping.validate(); err != nil {
			return fmt.Errorf("cognitolocal: role mapping %q: %w", key, err)
		}
	}
	return nil
}
