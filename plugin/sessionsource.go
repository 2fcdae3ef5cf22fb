package plugin

import (
	"context"
	"errors"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// sessionSource is the session cookie of the accepted pools. What it finds is
// verified like any other token.
type sessionSource struct {
	app   *App
	pools []string
	need  session.Need
}

// newSessionSource is for tokens of these uses: where both will do, requests go
// by the access token.
func newSessionSource(app *App, pools []string, uses []verifier.TokenUse) sessionSource {
	need := session.NeedAccess
	if !slices.Contains(uses, verifier.Access) {
		need = session.NeedID
	}
	return sessionSource{app, pools, need}
}

// find opens the session of the request and keeps its tokens good. The answer to
// the request, which must have an identity, gets the cookie when it changes. A
// session that is no session any more is cleared and counts as none.
func (s sessionSource) find(r *http.Request) (string, bool, error) {
	for _, pool := range s.pools {
		sessions := s.app.sessions[pool]
		if sessions == nil {
			continue
		}
		id := identityOf(r.Context())
		found, err := sessions.resume(r, id.answer, s.need)
		if found != nil || err != nil {
			id.session, id.sessions = found, sessions
			return s.token(found), found != nil, err
		}
	}
	return "", false, nil
}

func (s sessionSource) token(found *session.Session) string {
	switch {
	case found == nil:
		return ""
	case s.need == session.NeedID:
		return string(found.ID)
	}
	return string(found.Access)
}

// remove has nothing to do: [cleanRequest] removes all sessions.
func (s sessionSource) remove(*http.Request) {}

// removeSessions leaves no session to an upstream: whoever has the cookie is the
// user. The same goes for sign-ins on their way and remembered devices, which
// browsers send along below the paths of sign-in, also where those are no endpoint
// of ours.
func (a *App) removeSessions(r *http.Request) {
	if len(r.Header["Cookie"]) > 0 && len(a.sessions) > 0 {
		removeCookies(r, a.ownsCookie)
	}
}

func (a *App) ownsCookie(name string) bool {
	if name == browserCookie || strings.HasPrefix(name, config.FlowCookiePrefix) || strings.HasPrefix(name, config.DeviceCookiePrefix) {
		return true
	}
	for _, sessions := range a.sessions {
		if sessions.cookie == name {
			return true
		}
	}
	return false
}

// opened is the session that a request brings, or nil. A cookie that does not
// open is cleared, once and without a word: what is forged, truncated or ancient
// means signed out. The error is that of await.
func (s *sessions) opened(r *http.Request, answer http.Header) (*session.Opened, error) {
	values := cookieValues(sentCookies(r), s.cookie)
	if len(values) == 0 {
		return nil, nil
	}
	if err := s.await(r.Context()); err != nil {
		return nil, err
	}
	for _, value := range values {
		opened, err := s.codec.Open(r.Context(), value)
		if err == nil && !s.denied.Denied(opened.Session.OriginJTI, opened.Session.Subject, opened.Session.Created) {
			return opened, nil
		}
	}
	s.clear(answer)
	return nil, nil
}

// sentCookies are the Cookie headers as the client sent them.
func sentCookies(r *http.Request) []string {
	if id := identityOf(r.Context()); id != nil {
		return id.cookies
	}
	return r.Header["Cookie"]
}

// sentCookie is a cookie as the client sent it.
func sentCookie(r *http.Request, name string) (*http.Cookie, error) {
	return (&http.Request{Header: http.Header{"Cookie": sentCookies(r)}}).Cookie(name)
}

// cookieValues are the values of cookies of one name as they were sent. The
// parser of net/http looks at each byte of a long cookie, which is half the cost
// of a session; whoever opens a sealed value judges all of it anyway.
//
// Only what browsers trim is trimmed: a sibling host may set a cookie whose name is
// a space of Unicode and then __Host-…, which is no prefix to them, and would be our
// name, with the attacker's session in it (GHSA-r5rp-j6wh-rvv4 of Hono).
func cookieValues(lines []string, name string) (values []string) {
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			if key, value, ok := strings.Cut(textproto.TrimString(pair), "="); ok && key == name {
				values = append(values, value)
			}
		}
	}
	return values
}

// resume is the session of a request with good tokens, or nil.
func (s *sessions) resume(r *http.Request, answer http.Header, need session.Need) (*session.Session, error) {
	opened, err := s.opened(r, answer)
	if opened == nil {
		return nil, err
	}
	return s.goOn(r, answer, opened.Session, need)
}

// goOn keeps the tokens of a session good.
func (s *sessions) goOn(r *http.Request, answer http.Header, current *session.Session, need session.Need) (*session.Session, error) {
	fresh, changed, err := s.refresher.Fresh(r.Context(), current, need)
	if _, ended := errors.AsType[*session.EndedError](err); ended {
		s.clear(answer)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if fresh, touched := s.codec.Touch(fresh); changed || touched {
		s.store(r.Context(), answer, fresh)
	}
	return fresh, nil
}

// store sets the cookie of a session. One that does not fit any more is reported:
// the old cookie goes on until its tokens expire.
func (s *sessions) store(ctx context.Context, answer http.Header, current *session.Session) {
	if err := s.seal(answer, current); err != nil && ctx.Err() == nil && s.unsealed.due(s.pool.name) {
		s.env.Load().logger.Error("cannot keep a refreshed session", zap.String("pool", s.pool.name), zap.Error(err))
	}
}

// seal sets the cookie of a session, in place of any that was set before.
func (s *sessions) seal(answer http.Header, current *session.Session) error {
	sealed, err := s.codec.Seal(current)
	if err != nil {
		return err
	}
	if sealed.Rung != session.All {
		s.refresher.Remember(current)
	}
	metrics.sealed(s.pool.name, sealed)
	setCookie(answer, sealed.Cookie)
	return nil
}

func (s *sessions) clear(answer http.Header) { setCookie(answer, s.codec.Clear()) }

// clears reports whether an answer ends the session of its browser.
func (s *sessions) clears(answer http.Header) bool {
	return slices.ContainsFunc(answer["Set-Cookie"], func(line string) bool { return strings.HasPrefix(line, s.cookie+"=;") })
}

// setCookie replaces what was set under the same name. No cache may keep an
// answer with a session.
func setCookie(answer http.Header, cookie *http.Cookie) {
	prefix := cookie.Name + "="
	answer["Set-Cookie"] = slices.DeleteFunc(answer["Set-Cookie"], func(line string) bool {
		return len(line) >= len(prefix) && line[:len(prefix)] == prefix
	})
	answer.Add("Set-Cookie", cookie.String())
	answer.Set("Cache-Control", "no-store")
}

// keepPrivate has no shared cache keep what only this user may see, whatever a
// handler before us said and the upstream adds.
func keepPrivate(answer http.Header) {
	answer.Set("Cache-Control", privately(strings.Join(answer["Cache-Control"], ",")))
	varyByCookie(answer)
}

func varyByCookie(answer http.Header) {
	if !slices.Contains(answer["Vary"], "Cookie") { // of another handler on the route
		answer.Add("Vary", "Cookie")
	}
}
