package cognitolocal

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Limits of the Logins parameter.
const (
	maxLogins     = 10
	maxLoginToken = 50_000
)

// proof is a verified login token.
type proof struct {
	login
	clientID string
	claims   map[string]any
}

// mappingKey is the key of the role mapping for the token.
func (p proof) mappingKey() string { return p.pool.ProviderName() + ":" + p.clientID }

// verifyAll verifies each of the logins, in the order of their names.
func (ip *IdentityPool) verifyAll(logins map[string]string) ([]proof, error) {
	if len(logins) > maxLogins {
		return nil, constraint(fmt.Sprint(len(logins), " logins"), "logins", fmt.Sprintf("length less than or equal to %d", maxLogins))
	}
	var out []proof
	for _, name := range slices.Sorted(maps.Keys(logins)) {
		if len(logins[name]) > maxLoginToken {
			return nil, constraint("a token", "logins", fmt.Sprintf("length less than or equal to %d", maxLoginToken))
		}
		p, err := ip.verify(name, logins[name])
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func invalidLogin(reason string) error { return notAuthorized("Invalid login token. " + reason) }

// verify checks a login token for the provider it was sent under.
func (ip *IdentityPool) verify(name, raw string) (proof, error) {
	if name == "" || strings.Contains(name, "://") {
		return proof{}, invalidParameter("Please provide a valid public provider")
	}
	claims, err := peekToken(raw)
	if err != nil {
		return proof{}, invalidLogin("Not a valid OpenId Connect identity token.")
	}
	provider, err := ip.provider(name, claims)
	if err != nil {
		return proof{}, err
	}
	if _, err := provider.Pool.openToken(raw); err != nil {
		return proof{}, invalidLogin("Couldn't verify signed token.")
	}
	if err := ip.checkClaims(provider, claims); err != nil {
		return proof{}, err
	}
	return proof{login{provider.Pool, text(claims, "sub")}, text(claims, "aud"), claims}, nil
}

// provider finds the provider that the name and the issuer agree on.
func (ip *IdentityPool) provider(name string, claims map[string]any) (Provider, error) {
	issuer := text(claims, "iss")
	for _, p := range ip.opts.Providers {
		if p.Pool.Issuer() == issuer && (name == p.Pool.ProviderName() || name == withoutScheme(issuer)) {
			return p, nil
		}
	}
	if name != withoutScheme(issuer) {
		return Provider{}, invalidLogin("Issuer doesn't match providerName")
	}
	return Provider{}, unsupportedProvider()
}

func unsupportedProvider() error {
	return notAuthorized("Token is not from a supported provider of this identity pool.")
}

func withoutScheme(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	return rest
}

// checkClaims judges the claims of a token with a good signature.
func (ip *IdentityPool) checkClaims(provider Provider, claims map[string]any) error {
	for _, name := range []string{"aud", "exp", "sub"} {
		if claims[name] == nil {
			return invalidLogin("Missing a required claim: " + name)
		}
	}
	if now, exp := ip.now().Unix(), number(claims, "exp"); now >= exp {
		return invalidLogin(fmt.Sprintf("Token expired: %d >= %d", now, exp))
	}
	if !provider.Pool.hasClient(text(claims, "aud"), provider.ClientIDs) {
		return unsupportedProvider()
	}
	// An access token can have an audience, too, after a trigger added one.
	if text(claims, "token_use") != string(IDToken) {
		return invalidLogin("Not a valid OpenId Connect identity token.")
	}
	if ip.opts.ServerSideTokenCheck && !provider.Pool.stillSignedIn(claims) {
		// AWS documents no text for this.
		return invalidLogin("User is signed out, disabled or deleted.")
	}
	return nil
}

// hasClient reports whether the client is among the listed ones, or, without a
// list, is one of the pool.
func (p *Pool) hasClient(id string, listed []string) bool {
	if listed != nil {
		return slices.Contains(listed, id)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.clients[id]
	return ok
}

// stillSignedIn reports whether the pool would go on serving the user of the
// token.
func (p *Pool) stillSignedIn(claims map[string]any) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.userBySub(text(claims, "sub"))
	return u != nil && !u.Disabled && !p.sessions.revoked(text(claims, "origin_jti"))
}

// text is a claim that is a string, or "".
func text(claims map[string]any, name string) string {
	s, _ := claims[name].(string)
	return s
}

// number is a claim that is a number, or 0.
func number(claims map[string]any, name string) int64 {
	n, _ := claims[name].(float64)
	return int64(n)
}

// texts is a claim that is a list of strings.
func texts(claims map[string]any, name string) []string {
	list, _ := claims[name].([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
