package cognitolocal

import (
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"net/url"
	"time"
)

// codeLifetime is fixed by Cognito.
const codeLifetime = 5 * time.Minute

// authCode is an authorization code and what it was issued for.
type authCode struct {
	request authorizeRequest
	signIn  hostedSignIn
	expires time.Time
}

// issueCode makes a code for the signed-in user. Real codes are UUIDs, too.
func (p *Pool) issueCode(r authorizeRequest, signIn hostedSignIn) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	maps.DeleteFunc(p.domain.codes, func(_ string, c *authCode) bool { return !now.Before(c.expires) })
	raw := newUUID()
	p.domain.codes[raw] = &authCode{r, signIn, now.Add(codeLifetime)}
	return raw
}

// codeGrant is the grant authorization_code. It returns the nonce that the ID
// token is to carry.
func (p *Pool) codeGrant(c Client, form url.Values) (g grant, nonce string, err error) {
	if !c.allows(FlowCode) {
		return grant{}, "", refusal(unauthorizedClient)
	}
	if form.Get("code") == "" || form.Get("redirect_uri") == "" {
		return grant{}, "", refusal(invalidRequest)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code := p.takeCode(form.Get("code"), c)
	if code == nil || !code.matches(form, p.now()) {
		return grant{}, "", refusal(invalidGrant)
	}
	u := p.userBySub(code.signIn.sub)
	if u == nil || u.maySignIn() != nil {
		return grant{}, "", refusal(invalidGrant)
	}
	f, refresh := p.sessions.start(u.Sub, c, p.now())
	f.scopes, f.authTime = code.request.scopes, code.signIn.authTime
	g = p.grant(u, c, f)
	g.refresh = refresh
	return g, code.request.query.Get("nonce"), nil
}

// takeCode uses the code up. AWS does not say whether a failed exchange does:
// here it does, for a client must not count on a second try. Another client's
// attempt changes nothing. The caller holds the lock.
func (p *Pool) takeCode(raw string, c Client) *authCode {
	code := p.domain.codes[raw]
	if code == nil || code.request.client.ID != c.ID {
		return nil
	}
	delete(p.domain.codes, raw)
	return code
}

func (a *authCode) matches(form url.Values, now time.Time) bool {
	return now.Before(a.expires) && form.Get("redirect_uri") == a.request.redirectURI &&
		verifierMatches(a.request.challenge, form.Get("code_verifier"))
}

// verifierMatches checks PKCE. A verifier for a code without a challenge is
// refused, against the downgrade of RFC 9700 section 4.8.2.
func verifierMatches(challenge, verifier string) bool {
	if challenge == "" || verifier == "" {
		return challenge == verifier
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(encode(sum[:])), []byte(challenge)) == 1
}
