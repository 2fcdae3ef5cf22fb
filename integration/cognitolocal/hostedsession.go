package cognitolocal

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The cookies of the hosted pages, named as Cognito names them.
const (
	sessionCookie = "cognito"
	csrfCookie    = "XSRF-TOKEN"
)

// hostedLifetime is fixed by Cognito.
const hostedLifetime = time.Hour

// cookieSize is the entropy of a cookie in bytes.
const cookieSize = 32

// hostedSignIn is a user signed in at the hosted pages.
type hostedSignIn struct {
	sub      string
	provider string
	authTime time.Time
	expires  time.Time
}

// hostedSignInOf returns the session of the browser if it will do for the
// request: recent enough, and from a provider that the client accepts.
// Signing the user out at the API does not end it; only the logout endpoint
// and time do.
func (p *Pool) hostedSignInOf(r *http.Request, req authorizeRequest) (hostedSignIn, bool) {
	if req.interactive() {
		return hostedSignIn{}, false
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return hostedSignIn{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.domain.signIns[cookie.Value]
	if !ok || !s.serves(req, p.now()) {
		return hostedSignIn{}, false
	}
	u := p.userBySub(s.sub)
	return s, u != nil && u.maySignIn() == nil
}

func (s hostedSignIn) serves(req authorizeRequest, now time.Time) bool {
	fresh := req.maxAge < 0 || now.Sub(s.authTime) <= req.maxAge
	wanted := req.provider == "" || req.provider == s.provider
	return now.Before(s.expires) && fresh && wanted && slices.Contains(req.client.IdentityProviders, s.provider)
}

// startHosted opens a session for the browser. The caller holds the lock.
func (p *Pool) startHosted(sub, provider string) (hostedSignIn, string) {
	now := p.now()
	maps.DeleteFunc(p.domain.signIns, func(_ string, s hostedSignIn) bool { return !now.Before(s.expires) })
	s := hostedSignIn{sub, provider, now, now.Add(hostedLifetime)}
	raw := encode(randomBytes(cookieSize))
	p.domain.signIns[raw] = s
	return s, raw
}

// endHosted forgets the session of the browser.
func (p *Pool) endHosted(r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.domain.signIns, cookie.Value)
	}
}

// setCookie sets a cookie for the domain. AWS always says Secure; a browser on
// plain HTTP would then drop it.
func (p *Pool) setCookie(w http.ResponseWriter, name, value string, lifetime time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(lifetime.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(p.DomainURL(), "https:"),
	})
}
