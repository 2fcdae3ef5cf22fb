package cognitolocal

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// Pool is the user pool behind a Server: its users, groups, app clients, keys
// and sessions. All methods are safe for concurrent use.
type Pool struct {
	id          string
	aliases     []string
	now         func() time.Time
	fixedIssuer string // Options.Issuer; empty: follow the base URL

	mu       sync.Mutex // guards all fields below
	baseURL  string
	ring     keyRing
	users    map[string]*User // by folded username
	groups   map[string]Group
	clients  map[string]Client
	sessions sessions
	lockouts lockouts
	auth     authState
	domain   domain // the hosted pages and the OAuth endpoints
}

func newPool(o Options) (*Pool, error) {
	p := &Pool{
		id: o.PoolID, aliases: o.AliasAttributes, now: o.Now, fixedIssuer: o.Issuer,
		baseURL:  o.BaseURL,
		users:    map[string]*User{},
		groups:   map[string]Group{},
		clients:  map[string]Client{},
		sessions: sessions{tokens: map[string]*refreshToken{}, families: map[string]*family{}},
		lockouts: lockouts{},
		auth:     newAuthState(o.SignIn),
		domain:   newDomain(),
	}
	return p, p.ring.rotate(o.Keys)
}

// ID returns the user pool ID.
func (p *Pool) ID() string { return p.id }

// errNoIssuer is what minting reports before the pool knows its address.
var errNoIssuer = errors.New(
	"cognitolocal: issuer unknown: start the server first, or set Options.BaseURL or Options.Issuer")

// Issuer returns the iss claim of the pool's tokens. It is empty until the
// server is started, unless Options.BaseURL or Options.Issuer was given.
func (p *Pool) Issuer() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.issuer()
}

// issuer is Issuer for callers that hold the lock.
func (p *Pool) issuer() string {
	if p.fixedIssuer != "" || p.baseURL == "" {
		return p.fixedIssuer
	}
	return p.baseURL + "/" + p.id
}

// JWKSURL returns where the server serves the key set: under the base URL,
// also when the configured issuer names another place.
func (p *Pool) JWKSURL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.baseURL + "/" + p.id + jwksPath
}

func (p *Pool) setBaseURL(url string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.baseURL = url
}

// user returns the user with this username, or nil. The caller holds the lock.
func (p *Pool) user(username string) *User { return p.users[fold(username)] }

// signInUser finds a user by username or by an alias attribute, or nil. Users
// of other providers are not found. The caller holds the lock.
func (p *Pool) signInUser(name string) *User {
	if u := p.user(name); u != nil && !p.domain.foreign(u.Sub) {
		return u
	}
	for _, u := range p.users {
		if !p.domain.foreign(u.Sub) && slices.ContainsFunc(p.aliases, func(a string) bool { return u.hasAlias(a, name) }) {
			return u
		}
	}
	return nil
}

// userBySub returns the user with this subject, or nil. The caller holds the
// lock. Sessions refer to subjects so that a user who is removed and added
// again under the same name does not inherit them.
func (p *Pool) userBySub(sub string) *User {
	for _, u := range p.users {
		if u.Sub == sub {
			return u
		}
	}
	return nil
}
