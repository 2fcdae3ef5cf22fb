package plugin

import (
	"encoding/json"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// auditOf is an event of the sessions' users.
func (s *sessions) auditOf(event, by, userID string) auditEvent {
	return auditEvent{event: event, result: auditOK, pool: s.pool.name, clientID: s.clientID, userID: userID, by: by}
}

func (v *signinVisit) audit() auditLog { return v.app.env.audit }

// signedIn tells of a sign-in that came to its end. name is the last step.
func (v *signinVisit) signedIn(name string, id *verifier.Token, t ticket) {
	v.count(name, "ok")
	v.sessions.env.Load().emit("cognito_sign_in", map[string]any{"pool": v.Pool, "sub": id.Subject(), "step": name})
	e := v.sessions.auditOf("sign_in", "user", id.Subject())
	e.how, e.steps = v.how(name), t.Passed
	if e.how == "hosted" {
		e.steps = identityProviders(id)
	}
	v.audit().record(zap.InfoLevel, "signed in", v.r, e)
}

// how is the way that a visitor takes.
func (v *signinVisit) how(name string) string {
	switch {
	case name == "hosted":
		return "hosted"
	case v.api:
		return "api"
	}
	return "page"
}

// identityProviders are those that vouch for a user who has no password here.
func identityProviders(id *verifier.Token) (names []string) {
	claim, _ := id.Claim("identities")
	var identities []map[string]any // by exact name
	if json.Unmarshal([]byte(claim), &identities) != nil {
		return nil
	}
	for _, identity := range identities {
		name, _ := identity["providerName"].(string)
		names = append(names, signin.Plain(name, maxAuditWord))
	}
	return names
}

// stepName is a step that a visitor took, in the audit log.
func (v *signinVisit) stepName(name string) string {
	if name == "start" {
		return string(v.flow())
	}
	return signin.NameOf(name)
}

// fail counts and records a step that came to nothing.
func (v *signinVisit) fail(name, reason string, status int, err error) {
	v.count(name, reason)
	v.recordFailure(name, reason, status, err, nil)
}

func (v *signinVisit) recordFailure(name, reason string, status int, err error, passed []string) {
	e := v.sessions.auditOf("sign_in_failed", "user", "")
	e.result, e.reason, e.status, e.err, e.how = resultOf(status), reason, status, err, v.how(name)
	if name != "hosted" {
		e.steps = append(passed[:len(passed):len(passed)], v.stepName(name))
	}
	v.audit().record(zap.DebugLevel, "sign-in failed", v.r, e)
}

// recordRefusal records a request that no page of ours sends.
func (v *signinVisit) recordRefusal(wrong *inputError) {
	e := v.sessions.auditOf("denied", "cognito_signin", "")
	e.result, e.reason, e.status = resultOf(wrong.status), wrong.code, wrong.status // not its text: that names fields, and what is a name there may be a password
	v.audit().record(zap.DebugLevel, "request refused", v.r, e)
}

// recordSignOut records that a user signed out. The reason is for what of it did
// not work.
func (v *signinVisit) recordSignOut(userID, reason string) {
	e := v.sessions.auditOf("sign_out", "user", userID)
	if reason != "ok" {
		e.result, e.reason = auditPartial, reason
	}
	v.audit().record(zap.InfoLevel, "signed out", v.r, e)
}

// recordRevocation records that an application gave a refresh token back. Cognito
// says yes to any text, so that anybody can cause it.
func (v *signinVisit) recordRevocation() {
	v.audit().record(zap.DebugLevel, "signed out", v.r, v.sessions.auditOf("sign_out", "application", ""))
}

// recordSignOut records that an administrator signed a user out.
func (s *sessions) recordSignOut(r *http.Request, userID string, err error) {
	e := s.auditOf("sign_out", "admin", userID)
	if err != nil {
		e.result, e.reason, e.err = auditPartial, "storage", err
	}
	s.env.Load().audit.record(zap.InfoLevel, "signed out by an administrator", r, e)
}
