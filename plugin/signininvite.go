package plugin

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/visitor"
)

// freshSession is how young a session is that another sign-in cannot mend.
const freshSession = 30 * time.Second

// invite answers a refusal in a way that a person can go on from: somebody who
// navigates is sent to sign in, and told when that cannot help. Everybody else
// learns the address by re; then answered is false.
func (s *Signin) invite(w http.ResponseWriter, r *http.Request, id *identity, re *refusal, redirect string) (answered bool, err error) {
	if re.status == http.StatusUnauthorized {
		re.signInURL = s.origin(r) + s.path("sign-in")
	}
	if redirect == "never" || redirect != "always" && !visitor.Navigates(r) {
		return false, nil
	}
	v := s.newVisit(w, r)
	switch {
	case re.status == http.StatusServiceUnavailable:
		w.Header().Set("Refresh", strconv.Itoa(max(3, int(re.retryAfter/time.Second))))
		return true, v.show(http.StatusServiceUnavailable, page.View{Kind: page.Unavailable, Paths: page.Paths{Restart: v.here()}})
	case re.status == http.StatusForbidden && s.justSignedIn(w, r, id, re.reason):
		return true, v.denied(*re)
	case re.status == http.StatusUnauthorized && s.justSignedIn(w, r, id, re.reason):
		return true, v.breakLoop(*re)
	case re.status == http.StatusUnauthorized && (id.session != nil || re.reason == "missing"):
		w.Header().Del("WWW-Authenticate")
		return true, v.redirect(s.inviteURL(v, re.reason))
	}
	return false, nil
}

// justSignedIn reports whether another sign-in would come to the same refusal.
func (s *Signin) justSignedIn(w http.ResponseWriter, r *http.Request, id *identity, reason string) bool {
	current := id.session
	if current == nil && reason == "missing" && !s.sessions.clears(w.Header()) { // a session that the handler does not take: of another pool, say
		if opened, err := s.sessions.opened(r, w.Header()); err == nil && opened != nil {
			current = opened.Session
		}
	}
	switch {
	case current == nil || reason == "signed_out":
		return false
	case reason == "auth_age": // a hosted session signs in without a question, as of long ago
		return time.Since(authTime(current)) < freshSession
	}
	return time.Since(current.Created) < freshSession
}

// authTime is when the user was asked who he is.
func authTime(s *session.Session) time.Time {
	var claims map[string]any // by exact name
	if err := json.Unmarshal([]byte(s.AccessClaims), &claims); err != nil {
		return time.Time{}
	}
	seconds, _ := claims["auth_time"].(float64)
	return time.Unix(int64(seconds), 0)
}

// inviteURL is the sign-in that comes back to where the visitor was going.
func (s *Signin) inviteURL(v *signinVisit, reason string) string {
	query := url.Values{"return_to": {v.here()}}
	if reason == "auth_age" || reason == "auth_context" || reason == "signed_out" {
		query.Set("prompt", "login") // a hosted session would sign in silently, and no better
	}
	return s.path("sign-in") + "?" + query.Encode()
}

// loopCauses are why a session that was just made is refused.
var loopCauses = map[string]page.Cause{"expired": page.CauseClock, "not_yet_valid": page.CauseClock}

func (v *signinVisit) logRefusedAgain(re refusal) {
	v.problem("session refused right after sign-in; another would change nothing", re.reason)
}

// denied is for somebody who has just signed in and lacks a group or a right: he
// may have taken the wrong account.
func (v *signinVisit) denied(re refusal) error {
	v.logRefusedAgain(re)
	return v.show(re.status, page.View{Kind: page.Denied, Return: "/", Paths: page.Paths{Restart: v.url("sign-in", v.here())}})
}

// breakLoop says why another sign-in would change nothing, instead of sending a
// browser around in circles.
func (v *signinVisit) breakLoop(re refusal) error {
	v.logRefusedAgain(re)
	return v.show(re.status, page.View{
		Kind: page.Loop, Cause: loopCauses[re.reason], Return: v.here(), Paths: page.Paths{Restart: v.url("sign-in", v.here())},
	})
}

// here is where the visitor wants to go: the target of a GET, and else the page
// that a form was on.
func (v *signinVisit) here() string {
	original, ok := v.r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request) // before any rewrite
	if !ok {
		original = *v.r
	}
	if original.Method == http.MethodGet || original.Method == http.MethodHead {
		return v.returnTo(visitor.Of(&original))
	}
	if referer, err := url.Parse(v.r.Referer()); err == nil && referer.Host == v.r.Host {
		return v.returnTo(referer.RequestURI())
	}
	return "/"
}
