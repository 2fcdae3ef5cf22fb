package plugin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/visitor"
)

// signOut ends the session: by POST, or by a link on a page of this site. A link
// from anywhere else is asked about, since any site could have it followed. So is
// one that a browser fetches ahead, before anybody has followed it.
func (v *signinVisit) signOut() error {
	if v.r.Method == http.MethodPost || v.r.Header.Get("Sec-Fetch-Site") == "same-origin" && visitor.Navigates(v.r) {
		return v.endSession()
	}
	return v.show(http.StatusOK, page.View{Kind: page.SignOut, Return: "/", Paths: page.Paths{Submit: v.url("sign-out", ""), Language: v.path(v.name)}})
}

// endSession ends it here, at the pool and at all instances. That the browser
// forgets it does not depend on anybody else.
func (v *signinVisit) endSession() error {
	if token := v.in["refresh_token"]; token != "" && v.delivers() {
		if wait := v.allow(""); wait > 0 {
			return v.tooMany(wait, page.View{})
		}
		v.revokeToken(signin.Secret(token))
	}
	opened, _ := v.sessions.opened(v.r, v.w.Header())
	v.sessions.clear(v.w.Header())
	if opened != nil {
		v.revoke(opened.Session)
	}
	if v.api {
		return v.json(http.StatusOK, "application/json", map[string]any{"signed_in": false, "return_to": v.afterSignOut()})
	}
	return v.redirect(v.afterSignOut())
}

// signOutTimeout bounds how long a visitor waits for the pool.
const signOutTimeout = 3 * time.Second

// revoke ends a session for good: copies of the cookie and its tokens die, too.
func (v *signinVisit) revoke(old *session.Session) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), signOutTimeout)
	defer cancel()
	metrics.signOuts.WithLabelValues(v.Pool, "user").Inc()
	v.sessions.env.Load().emit("cognito_sign_out", map[string]any{"pool": v.Pool, "sub": old.Subject, "by": "user"})
	until := v.sessions.deniedUntil(time.Now())
	everywhere, revoked := v.revokeAtPool(ctx, old)
	if revoked == nil { // there will be no more tokens
		until = old.LastExpiry(time.Now()).Add(duration(v.sessions.pool.cfg.Leeway))
	}
	reason := signin.Reason(errors.Join(everywhere, revoked))
	if err := v.sessions.denied.DenySession(ctx, old.OriginJTI, until); err != nil {
		reason = "storage"
		v.problem("a sign-out may not have reached other instances yet", "storage", zap.Error(err))
	}
	v.recordSignOut(old.Subject, reason)
}

// revokeAtPool returns why the sessions of the user's other devices did not end,
// if they were to, and why the refresh token is not dead.
func (v *signinVisit) revokeAtPool(ctx context.Context, old *session.Session) (everywhere, revoked error) {
	if v.GlobalSignOut {
		old, everywhere = v.globalSignOut(ctx, old)
	}
	if old.Refresh == "" {
		return everywhere, nil
	}
	err := v.sessions.client.Revoke(ctx, signin.Secret(old.Refresh))
	if err != nil {
		v.problem("a refresh token cannot be revoked; the session is denied here all the same", signin.Reason(err), causeFields(err)...)
	}
	return everywhere, err
}

// globalSignOut ends the sessions of all devices of the user, at the pool and here.
// It returns the session as it is by then, whose refresh token may be a new one.
func (v *signinVisit) globalSignOut(ctx context.Context, old *session.Session) (*session.Session, error) {
	current, _, err := v.sessions.refresher.Fresh(ctx, old, session.NeedAccess)
	if err != nil {
		current = old
	} else {
		err = v.sessions.client.GlobalSignOut(ctx, signin.Secret(current.Access))
	}
	if err == nil {
		_, err = v.sessions.signOutUser(ctx, old.Subject)
	}
	if err != nil {
		v.problem("a user cannot be signed out everywhere; the access token needs the scope aws.cognito.signin.user.admin", signin.Reason(err), causeFields(err)...)
	}
	return current, err
}

// revokeToken is for applications that keep their tokens themselves. Anybody can
// send one that is none.
func (v *signinVisit) revokeToken(token signin.Secret) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), signOutTimeout)
	defer cancel()
	if err := v.sessions.client.Revoke(ctx, token); err != nil {
		v.logFailure("sign_out", signin.Reason(err), err)
		return
	}
	v.recordRevocation()
}

// afterSignOut is where to go: through the hosted logout where there is one, or
// else the next sign-in would succeed without a question.
func (v *signinVisit) afterSignOut() string {
	target := v.SignOutTo
	if v.hosted == nil {
		return target
	}
	if strings.HasPrefix(target, "/") {
		target = v.origin(v.r) + target
	}
	return v.hosted.LogoutURL(target)
}

// signedOut is the page after sign-out.
func (v *signinVisit) signedOut() error {
	return v.show(http.StatusOK, page.View{Kind: page.SignedOut, Return: "/", Paths: page.Paths{SignIn: v.url("sign-in", ""), Language: v.path(v.name)}})
}
