package cognitolocal

import (
	"crypto/subtle"
	"net/http"
	"slices"
)

// loginPage is what the sign-in page shows.
type loginPage struct {
	Action    string // of the form
	CSRF      string
	Username  string
	Lang      string // asked for; the page is English all the same
	Error     string
	Password  bool // the client accepts users of the pool
	Providers []providerLink
}

// providerLink is a button for another provider.
type providerLink struct{ Name, URL string }

func (s *Server) serveLogin(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		s.signInAtPage(w, r)
		return
	}
	s.browse(s.showLogin)(w, r)
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, req authorizeRequest) {
	s.writeLogin(w, r, req, req.query.Get("login_hint"), "")
}

func (s *Server) writeLogin(w http.ResponseWriter, r *http.Request, req authorizeRequest, username, message string) {
	csrf := s.csrfToken(w, r)
	writePage(w, http.StatusOK, "login", loginPage{
		Action: loginPath + "?" + r.URL.RawQuery, CSRF: csrf, Username: username,
		Lang: req.query.Get("lang"), Error: message,
		Password:  slices.Contains(req.client.IdentityProviders, ProviderCognito),
		Providers: req.providerLinks(),
	})
}

// csrfToken returns the token of the browser, which all its tabs share.
func (s *Server) csrfToken(w http.ResponseWriter, r *http.Request) string {
	if cookie, err := r.Cookie(csrfCookie); err == nil && cookie.Value != "" {
		return cookie.Value
	}
	token := newUUID()
	s.pool.setCookie(w, csrfCookie, token, hostedLifetime)
	return token
}

// signInAtPage takes the form. The request is checked again: the client may
// have changed since the page was shown.
func (s *Server) signInAtPage(w http.ResponseWriter, r *http.Request) {
	req, err := s.pool.parseAuthorize(r.URL.Query())
	if err != nil {
		s.refuseBrowser(w, r, req, err)
		return
	}
	if parseForm(w, r) != nil || !csrfMatches(r) {
		writePage(w, http.StatusForbidden, "error", errorPage{"The form has expired or comes from another site. Go back and try again."})
		return
	}
	username := r.PostForm.Get("username")
	signIn, cookie, err := s.pool.passwordAtPage(req.client, username, r.PostForm.Get("password"))
	if err != nil {
		s.writeLogin(w, r, req, username, asAPIError(err).message)
		return
	}
	s.pool.setCookie(w, sessionCookie, cookie, hostedLifetime)
	s.finish(w, r, req, signIn)
}

func csrfMatches(r *http.Request) bool {
	cookie, err := r.Cookie(csrfCookie)
	return err == nil && cookie.Value != "" &&
		subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(r.PostForm.Get("_csrf"))) == 1
}

// passwordAtPage signs a user of the pool in. ExplicitAuthFlows do not matter
// here: they are about the API.
func (p *Pool) passwordAtPage(c Client, name, password string) (hostedSignIn, string, error) {
	if !slices.Contains(c.IdentityProviders, ProviderCognito) || name == "" || password == "" {
		return hostedSignIn{}, "", notAuthorized(wrongPassword)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.signInUser(name)
	if err := p.checkPassword(u, c, name, password); err != nil {
		return hostedSignIn{}, "", err
	}
	if step := p.nextStep(u); step != "" {
		return hostedSignIn{}, "", notAuthorized("This sign-in needs another step, " + step + ", which these pages do not have.")
	}
	signIn, cookie := p.startHosted(u.Sub, ProviderCognito)
	return signIn, cookie, nil
}

// nextStep names what the user would have to do after the password. The real
// pages can do it; these send whoever needs it away. The caller holds the lock.
func (p *Pool) nextStep(u *User) string {
	mfa := p.auth.settings.MFA
	switch {
	case u.Status == ForceChangePassword:
		return challengeNewPassword
	case mfa == MFARequired, mfa == MFAOptional && len(p.mfaOf(u)) > 0:
		return "MFA"
	}
	return ""
}
