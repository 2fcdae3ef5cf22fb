package cognitolocal

import (
	"crypto/subtle"
	"net/http"
	"slices"
)

// loginPage is what the sign-in page shows.
type loginPage struct {
	formPage
	Username  string
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
	writePage(w, http.StatusOK, "login", loginPage{
		formPage: s.formPage(w, r, "Sign in", message), Username: username,
		Password:  slices.Contains(req.client.IdentityProviders, ProviderCognito),
		Providers: req.providerLinks(),
	})
}

// formPage is what all pages with a form of the pool have.
type formPage struct {
	frame
	Action string // of the form
	CSRF   string
	Error  string
}

func (s *Server) formPage(w http.ResponseWriter, r *http.Request, title, message string) formPage {
	return formPage{
		frame:  frame{s.language(w, r), title},
		Action: loginPath + "?" + r.URL.RawQuery, CSRF: s.csrfToken(w, r), Error: message,
	}
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
		writePage(w, http.StatusForbidden, "error", newErrorPage("The form has expired or comes from another site. Go back and try again."))
		return
	}
	next, step, err := s.pool.answerAtPage(req.client, r.PostForm)
	switch {
	case step != nil:
		s.writeStep(w, r, *step, err)
	case err != nil:
		s.writeLogin(w, r, req, r.PostForm.Get("username"), asAPIError(err).message)
	default:
		s.pool.setCookie(w, sessionCookie, next.cookie, hostedLifetime)
		s.finish(w, r, req, *next.atPage)
	}
}

func csrfMatches(r *http.Request) bool {
	cookie, err := r.Cookie(csrfCookie)
	return err == nil && cookie.Value != "" &&
		subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(r.PostForm.Get("_csrf"))) == 1
}

// passwordAtPage begins the sign-in of a user of the pool. ExplicitAuthFlows do
// not matter here: they are about the API. The caller holds the lock.
func (p *Pool) passwordAtPage(c Client, name, password string) (outcome, error) {
	if name == "" || password == "" {
		return outcome{}, notAuthorized(wrongPassword)
	}
	u := p.signInUser(name)
	if err := p.checkPassword(u, c, name, password); err != nil {
		return outcome{}, err
	}
	a := p.begin(c, u, name, nil)
	a.hosted = true
	return p.pass(a, c, FactorPassword)
}
