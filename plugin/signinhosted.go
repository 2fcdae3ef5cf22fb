package plugin

import (
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// newHosted is the way through the domain of the pool; nil when nothing uses it.
func newHosted(cfg *config.Signin, s *sessions) (*hosted.Client, error) {
	providers := cfg.Page != nil && len(cfg.Page.Providers) > 0
	if cfg.Hosted == nil && !providers {
		return nil, nil
	}
	base := s.pool.cfg.HostedURL()
	if base == "" {
		return nil, errors.New("the user_pool needs its domain, such as example.auth.eu-west-1.amazoncognito.com; add a line domain to it")
	}
	how := cfg.Hosted
	if how == nil {
		how = new(config.Hosted)
	}
	return hosted.New(hosted.Options{
		BaseURL: base, ClientID: s.clientID, Secrets: s.secrets(), Scopes: how.Scopes,
		IdentityProvider: how.IdentityProvider, IDPIdentifier: how.IDPIdentifier, Pass: how.Pass,
		InsecureHTTP: s.pool.cfg.InsecureHTTP, Trace: s.pool.traceDomain,
	})
}

func (s *sessions) secrets() (secrets []signin.Secret) {
	for _, secret := range s.pool.cfg.ClientSecrets[s.clientID] {
		secrets = append(secrets, signin.Secret(secret))
	}
	return secrets
}

// beginHosted sends the browser to the domain of the pool.
func (v *signinVisit) beginHosted(provider string) error {
	query := v.r.URL.Query()
	if provider != "" && !v.offers(provider) {
		return v.show(http.StatusBadRequest, v.wrongLink(""))
	}
	target, flow, err := v.hosted.Begin(v.origin(v.r)+v.path("callback"), hosted.Begin{
		Provider: provider, Return: v.returnTo(query.Get("return_to")), Query: query,
		Prompt: promptOf(query.Get("prompt")), Again: query.Get("again") != "",
	})
	if err != nil {
		v.problem("a sign-in through the hosted pages cannot begin", signin.Reason(err), zap.Error(err))
		return v.show(http.StatusInternalServerError, page.View{Kind: page.Misconfigured, Paths: page.Paths{Restart: v.url("sign-in", "")}})
	}
	if err := v.keepFlow(flow); err != nil {
		return v.noSession("hosted", err, flow.Return())
	}
	v.count("hosted", "challenge")
	return v.redirect(target)
}

// offers reports whether the page has such a provider.
func (v *signinVisit) offers(provider string) bool {
	if v.Page == nil {
		return false
	}
	for _, offered := range v.Page.Providers {
		if offered.Name == provider {
			return true
		}
	}
	return false
}

// promptOf lets links ask for a fresh sign-in, and for nothing else.
func promptOf(prompt string) string {
	if prompt == "login" {
		return prompt
	}
	return ""
}

// callback is where the domain sends browsers back to.
func (v *signinVisit) callback() error {
	callback, err := hosted.ParseCallback(v.r.URL.RawQuery)
	if err != nil {
		return v.strayCallback("")
	}
	flow, ok := v.openFlow(callback.State)
	switch {
	case !ok && callback.Err() != nil:
		return v.callbackFailed(callback.Err(), "/")
	case !ok:
		return v.strayCallback(callback.State)
	}
	if wait := v.allow(""); wait > 0 { // or a script with one flow has us ask the domain without end
		return v.tooMany(wait, v.wrongLink(flow.Return()))
	}
	v.setFlow(callback.State, "", -1) // it has served, whatever comes of it
	tokens, err := v.hosted.Exchange(v.r.Context(), flow, callback)
	if err != nil {
		return v.callbackFailed(err, flow.Return())
	}
	id, err := v.sessions.verify(v.r.Context(), sessionTokens(tokens))
	if err == nil {
		nonce, _ := id.StringClaim("nonce")
		err = flow.CheckNonce(nonce)
	}
	if err != nil {
		return v.callbackRefused(err, flow.Return())
	}
	if signedIn, _ := id.AuthTime(); !flow.Asked(signedIn) {
		return v.notAsked(flow.Return())
	}
	return v.complete("hosted", tokens, id.Username(), ticket{Return: flow.Return()})
}

// strayCallback is a callback without its flow: bookmarked, of a browser that
// keeps no cookies, or forged. Somebody with a session goes to the site; anybody
// else begins again, once.
func (v *signinVisit) strayCallback(state string) error {
	if opened, err := v.sessions.opened(v.r, v.w.Header()); err == nil && opened != nil {
		return v.redirect("/")
	}
	if hosted.Restarted(state) {
		v.problem("a browser did not send the cookie of its sign-in back", string(page.CauseCookieBlocked))
		return v.show(http.StatusBadRequest, page.View{Kind: page.CookieBlocked, Paths: page.Paths{Restart: v.url("sign-in", "")}})
	}
	return v.redirect(v.url("sign-in", "", "again", "1"))
}

// callbackFailed is a sign-in that the domain or the pool refused.
func (v *signinVisit) callbackFailed(err error, returnTo string) error {
	reason := signin.Reason(err)
	v.count("hosted", reason)
	v.logFailure("hosted", reason, err)
	view := v.wrongLink(returnTo)
	view.Problem = page.ProblemOf(err)
	status := statusOf(reason)
	switch {
	case reason == "rejected" && v.Page != nil: // or given up at the provider: there are other ways
		problem := view.Problem
		view = v.signInView(returnTo)
		view.Problem, view.Paths.Language = problem, ""
	case reason == "misconfigured":
		view.Kind, view.Problem = page.Misconfigured, page.Problem{}
	case status == http.StatusServiceUnavailable, reason == "answer":
		view.Kind, view.Problem = page.Unavailable, page.Problem{}
		v.retryAfter(time.Second)
	case reason == "session_expired":
		view.Kind, view.Problem = page.ExpiredStep, page.Problem{}
	}
	return v.show(status, view)
}

// wrongLink is a page that leads back to the beginning.
func (v *signinVisit) wrongLink(returnTo string) page.View {
	return page.View{Kind: page.WrongLink, Return: returnTo, Paths: page.Paths{Restart: v.url("sign-in", returnTo)}}
}

// callbackRefused is about tokens that are not what was asked for.
func (v *signinVisit) callbackRefused(err error, returnTo string) error {
	if errors.Is(err, hosted.ErrNonce) || errors.Is(err, session.ErrSubject) {
		v.fail("hosted", "nonce", http.StatusBadRequest, err)
		v.problem("the tokens of a sign-in belong to another one", "nonce")
		return v.show(http.StatusBadRequest, v.wrongLink(""))
	}
	return v.unusable("hosted", err, returnTo)
}

// notAsked is a pool that signed the user in without asking, although a page wants
// a fresh sign-in: that page would send him here again, and so on without end.
func (v *signinVisit) notAsked(returnTo string) error {
	v.fail("hosted", "not_asked", http.StatusBadRequest, nil)
	v.problem("the user pool did not ask the user again, which prompt=login is for", "not_asked")
	return v.show(http.StatusBadRequest, page.View{Kind: page.Loop, Return: returnTo, Paths: page.Paths{Restart: v.url("sign-in", returnTo, "prompt", "login")}})
}
