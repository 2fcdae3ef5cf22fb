package plugin

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// auditLog tells who signed in and out, and what was refused. It is a logger of
// its own, cognito.audit, that operators can send wherever they like; all of its
// lines have the same fields. What anybody can cause is DEBUG, or the default log
// could be flooded.
//
// No line holds a token, a password, a code or a name that was typed, in place of
// which people type passwords.
type auditLog struct{ logger *zap.Logger }

func newAuditLog(module *zap.Logger) auditLog { return auditLog{module.Named("audit")} }

// The values of auditEvent.result.
const (
	auditOK      = "ok"
	auditPartial = "partial" // done, but not everywhere
	auditRefused = "refused"
	auditFailed  = "failed" // nothing could be decided, or the client went away
)

// auditEvent is what happened.
type auditEvent struct {
	event, result, reason string
	err                   error // for people to read in detail
	status                int   // of the refusal
	pool, clientID        string
	userID                string   // of a verified token or session only
	by                    string   // user, application, admin, user_pool; of a refusal, the directive
	how                   string   // of a sign-in: page, api, hosted
	steps                 []string // of a sign-in: those passed; of one that failed, the last failed
}

// resultOf is the result of a request that was refused with a status.
func resultOf(status int) string {
	if status >= statusClientGone {
		return auditFailed
	}
	return auditRefused
}

// record writes a line. r is nil for what no request did.
func (a auditLog) record(level zapcore.Level, message string, r *http.Request, e auditEvent) {
	line := a.logger.Check(level, message)
	if line == nil {
		return
	}
	line.Write(append([]zap.Field{
		zap.String("event", e.event), zap.String("result", e.result), zap.String("reason", e.reason),
		zap.String("detail", signin.Plain(detailOf(e.err), maxAuditText)), zap.Int("status", e.status),
		zap.String("pool", e.pool), zap.String("client_id", e.clientID), zap.String("user_id", e.userID),
		zap.String("by", e.by), zap.String("how", e.how), zap.Strings("steps", e.steps),
	}, requestFields(r)...)...)
}

// The longest texts of a client that a line repeats, in characters.
const (
	maxAuditText = 256
	maxAuditPath = 512
	maxAuditWord = 32
)

// detailOf is what is known of an error, as far as it may be logged. Of a refused
// token that is a value which may be hostile.
func detailOf(err error) string {
	if err == nil {
		return ""
	}
	if refused, ok := errors.AsType[*verifier.TokenError](err); ok {
		return refusedDetail(refused)
	}
	if said, word := causeOf(err); said.Operation != "" {
		return strings.Join(strings.Fields(strings.Join([]string{said.Operation, said.Code, word, said.RequestID}, " ")), " ")
	}
	text := err.Error()
	if inner := errors.Unwrap(err); inner != nil && !strings.Contains(text, inner.Error()) {
		text += ": " + inner.Error()
	}
	return withoutTokens(errors.New(text)).Error()
}

// refusedDetail leaves out what is not known, and writes times for people.
func refusedDetail(refused *verifier.TokenError) string {
	var known []string
	if got := refused.Got; got != "" {
		if at, err := strconv.ParseInt(got, 10, 64); err == nil && slices.Contains(timeClaims, refused.Claim) {
			got = time.Unix(at, 0).UTC().Format(time.RFC3339)
		}
		known = append(known, fmt.Sprintf("got %q", got))
	}
	if len(refused.Want) > 0 {
		known = append(known, fmt.Sprintf("want %q", refused.Want))
	}
	if known == nil {
		return refused.Error()
	}
	return refused.Error() + ": " + strings.Join(known, ", ")
}

// timeClaims are the claims whose values are times.
var timeClaims = []string{"exp", "nbf", "auth_time"}

// denied records that a directive refused a request, whose token was verified
// unless tok is nil.
func (a auditLog) denied(r *http.Request, by, pool string, tok *verifier.Token, re refusal, err error) {
	e := auditEvent{event: "denied", result: resultOf(re.status), reason: re.reason, err: err, status: re.status, pool: pool, by: by}
	if tok != nil {
		e.pool, e.clientID, e.userID = tok.Pool(), tok.ClientID(), tok.Subject()
	}
	a.record(zap.DebugLevel, "request refused", r, e)
}

// requestFields tell which request it was, in a form that no client can turn into
// another line or bring to control a terminal. The query is left out: it may hold
// tokens and codes.
func requestFields(r *http.Request) []zap.Field {
	var host, method, path, address, agent, id, traceID string
	if r != nil {
		original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request) // before any rewrite
		if !ok {
			original = *r
		}
		method, path = original.Method, original.URL.EscapedPath()
		if host = placeholder(r, "http.request.hostport"); host == "" { // r may be on its way to an upstream
			host = r.Host
		}
		address, agent, id = clientAddress(r), r.UserAgent(), requestID(r)
		if span := trace.SpanContextFromContext(r.Context()); span.HasTraceID() {
			traceID = span.TraceID().String()
		}
	}
	return []zap.Field{
		zap.String("client_ip", signin.Plain(address, maxAuditText)), zap.String("host", signin.Plain(host, maxAuditText)),
		zap.String("method", signin.Plain(method, maxAuditWord)), zap.String("path", signin.Plain(path, maxAuditPath)),
		zap.String("user_agent", signin.Plain(agent, maxAuditText)), zap.String("request_id", id), zap.String("trace_id", traceID),
	}
}

// clientAddress is where a request comes from, behind trusted proxies, too.
func clientAddress(r *http.Request) string {
	if address, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string); address != "" {
		return address
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
