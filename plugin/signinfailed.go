package plugin

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// failureStatus are the statuses of failures. Browsers take a page with 4xx for a
// sign-in that failed, and do not offer to save its password.
var failureStatus = map[string]int{
	"too_many_attempts": http.StatusTooManyRequests, "blocked": http.StatusForbidden,
	"unsupported_challenge": http.StatusNotImplemented, "misconfigured": http.StatusInternalServerError, "answer": http.StatusBadGateway,
	"throttled": http.StatusServiceUnavailable, "unavailable": http.StatusServiceUnavailable, "canceled": statusClientGone,
}

func statusOf(reason string) int {
	if status, ok := failureStatus[reason]; ok {
		return status
	}
	return http.StatusUnprocessableEntity
}

// failed goes on after an error of a step. again is the page to show once more.
func (v *signinVisit) failed(name, username string, err error, t ticket, again page.View) error {
	reason := signin.Reason(err)
	v.count(name, reason)
	v.logFailure(name, reason, err, t.Passed...)
	v.pad()
	switch {
	case errors.Is(err, signin.ErrUnconfirmed):
		return v.unconfirmed(username, t, err)
	case errors.Is(err, signin.ErrPasswordReset) && !v.Page.NoForgotPassword:
		return v.mustReset(username, t, err)
	}
	if kind, ok := failureKinds[reason]; ok {
		again = page.View{Kind: kind, Paths: page.Paths{Restart: v.url("sign-in", t.Return)}, Return: t.Return}
	}
	if unavailable, ok := errors.AsType[*signin.UnavailableError](err); ok {
		v.retryAfter(unavailable.RetryAfter)
	}
	return v.again(statusOf(reason), err, again)
}

// failureKinds are the failures that have a page of their own.
var failureKinds = map[string]page.Kind{
	"session_expired": page.ExpiredStep, "unsupported_challenge": page.UnknownChallenge, "misconfigured": page.Misconfigured,
}

// again shows a page with what is wrong.
func (v *signinVisit) again(status int, err error, view page.View) error {
	view.Problem = page.ProblemOf(err)
	if v.api {
		return v.apiFailure(status, err, view)
	}
	return v.show(status, view)
}

// tooMany refuses an attempt over the limit.
func (v *signinVisit) tooMany(wait time.Duration, again page.View) error {
	v.fail(v.endpointStep(), "limited", http.StatusTooManyRequests, nil)
	v.pad()
	v.retryAfter(wait)
	return v.again(http.StatusTooManyRequests, &signin.Error{Reason: signin.ErrAttempts}, again)
}

// endpointStep is the endpoint in metrics.
func (v *signinVisit) endpointStep() string {
	switch v.name {
	case "sign-in":
		return "start"
	case "callback":
		return "hosted"
	}
	return metricName(v.name)
}

// logFailure records a failure, and tells operators what only they can mend.
func (v *signinVisit) logFailure(name, reason string, err error, passed ...string) {
	v.recordFailure(name, reason, statusOf(reason), err, passed)
	switch reason {
	case "misconfigured", "unsupported_challenge", "answer", "throttled", "unavailable", "other":
		if v.problems.due("sign-in " + reason) {
			v.problem("sign-in failed for a reason that visitors cannot mend", reason, append(causeFields(v.withClient(err)), zap.String("step", name))...)
		}
	case "bad_credentials":
		v.reportImported(err)
	}
}

// reportImported is about users who have no password yet. Cognito says so whatever
// they type, and the page does not: it would tell anybody who has an account.
func (v *signinVisit) reportImported(err error) {
	if cause, _ := causeOf(err); cause.Code == "PasswordResetRequiredException" && v.problems.due("imported") {
		v.problem("a user who must reset the password is told that it is wrong; have imported users choose the way for a forgotten password", "bad_credentials", causeFields(err)...)
	}
}

// withClient names the app client where Cognito says that there is no such.
func (v *signinVisit) withClient(err error) error {
	refusal, ok := errors.AsType[*signin.Error](err)
	if !ok || refusal.Detail != "client" {
		return err
	}
	named := *refusal
	named.Detail = fmt.Sprintf("app client %s does not exist in user_pool %s, or the pool does not; check both IDs, and that the endpoint is of this region", v.sessions.clientID, v.Pool)
	return &named
}

// causeOf is what Cognito said, without what a user typed.
func causeOf(err error) (cause signin.Cause, detail string) {
	if refusal, ok := errors.AsType[*signin.Error](err); ok {
		return refusal.Cause, refusal.Detail
	}
	unavailable, ok := errors.AsType[*signin.UnavailableError](err)
	if !ok {
		return cause, ""
	}
	if unavailable.Err != nil {
		detail = unavailable.Err.Error()
	}
	return unavailable.Cause, detail
}

func causeFields(err error) []zap.Field {
	cause, detail := causeOf(err)
	return []zap.Field{
		zap.String("detail", detail), zap.String("operation", cause.Operation), zap.String("exception", cause.Code),
		zap.Int("status", cause.Status), zap.String("aws_request_id", cause.RequestID),
	}
}
