package cognitolocal

import (
	"errors"
	"net/http"
	"net/url"
)

// browse makes an endpoint that a browser comes to for sign-in. Who has a
// session that will do goes on to the callback URL; show is for the others.
func (s *Server) browse(show func(http.ResponseWriter, *http.Request, authorizeRequest)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		req, err := s.pool.parseAuthorize(r.URL.Query())
		if err != nil {
			s.refuseBrowser(w, r, req, err)
			return
		}
		if signIn, ok := s.pool.hostedSignInOf(r, req); ok {
			s.finish(w, r, req, signIn)
			return
		}
		if req.asks(promptNone) {
			s.refuseBrowser(w, r, req, refusal(loginRequired))
			return
		}
		if provider := req.onlyProvider(); provider != ProviderCognito {
			s.toProvider(w, r, req, provider)
			return
		}
		show(w, r, req)
	}
}

// toLogin sends the browser to the page, with the parameters as they came.
func (s *Server) toLogin(w http.ResponseWriter, r *http.Request, _ authorizeRequest) {
	http.Redirect(w, r, loginPath+"?"+r.URL.RawQuery, http.StatusFound)
}

// finish sends the browser back to the client with a code.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, req authorizeRequest, signIn hostedSignIn) {
	code := s.pool.issueCode(req, signIn)
	http.Redirect(w, r, req.callback(url.Values{"code": {code}}), http.StatusFound)
}

// refuseBrowser shows the error page, or sends the browser back to the client
// with the error: never to an address that no client has registered.
func (s *Server) refuseBrowser(w http.ResponseWriter, r *http.Request, req authorizeRequest, err error) {
	if page, ok := errors.AsType[*pageError](err); ok {
		q := url.Values{"error": {page.text}}
		if page.clientID != "" {
			q.Set("client_id", page.clientID)
		}
		http.Redirect(w, r, errorPath+"?"+q.Encode(), http.StatusFound)
		return
	}
	http.Redirect(w, r, req.callback(asOAuthError(err).query()), http.StatusFound)
}
