package plugin

import (
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// outage makes lasting trouble two lines in the log, however many requests and
// polls meet it: a warning when it begins, and a line when it is over.
type outage struct {
	began, ended string // the messages

	mu     sync.Mutex // guards all below
	reason string     // why the last attempt failed; empty when it did not
	open   bool       // began was logged, ended was not
	warned time.Time
}

// outageEvery bounds how often an outage begins: where every other attempt fails,
// each would be one.
const outageEvery = time.Minute

// change is what an attempt means for the log.
type change int

const (
	outageLasts change = iota // or nothing is wrong
	outageBegins
	outageEnds
)

// note takes the outcome of another attempt: why it failed, or "".
func (o *outage) note(reason string) change {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	o.reason = reason
	switch {
	case reason == "" && o.open:
		o.open = false
		return outageEnds
	case reason != "" && !o.open && now.Sub(o.warned) >= outageEvery:
		o.open, o.warned = true, now
		return outageBegins
	}
	return outageLasts
}

// last is why the last attempt failed, or "".
func (o *outage) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reason
}

// observe notes and logs the outcome of another attempt, "" for success.
func (o *outage) observe(logger *zap.Logger, reason string, fields ...zap.Field) change {
	what := o.note(reason)
	level, message := zapcore.DebugLevel, o.began
	switch {
	case what == outageBegins:
		level = zapcore.WarnLevel
	case what == outageEnds:
		level, message = zapcore.InfoLevel, o.ended
	case reason == "":
		return what
	}
	logger.Log(level, message, fields...)
	return what
}

// sessionOutages is the trouble that sessions can have.
type sessionOutages struct{ refresh, handoff, keys, signOuts outage }

func newSessionOutages() *sessionOutages {
	return &sessionOutages{
		refresh:  outage{began: "cannot refresh sessions; they live on", ended: "sessions can be refreshed again"},
		handoff:  outage{began: "cannot store the hand-off of a refreshed session; whoever misses this answer must sign in again", ended: "hand-offs of refreshed sessions can be stored again"},
		keys:     outage{began: "cannot use the storage for session keys; the known ones stay in use", ended: "the storage can be used for session keys again"},
		signOuts: outage{began: "cannot use the storage for sign-outs; each instance goes by its own", ended: "the storage can be used for sign-outs again"},
	}
}

func (s *sessions) observeRefresh(event session.RefreshEvent) {
	metrics.refreshed(s.pool.name, event)
	logger := s.env.Load().logger
	fields := []zap.Field{zap.String("pool", s.pool.name), zap.Duration("duration", event.Duration)}
	if event.StoreErr != nil || event.Rotated && event.Source == session.FromCognito {
		s.outages.handoff.observe(logger, storageReason(event.StoreErr), append(fields, zap.Error(event.StoreErr))...)
	}
	switch unavailable, ok := errors.AsType[*session.UnavailableError](event.Err); {
	case ok:
		reason := refreshReason(unavailable.Err)
		fields = append(fields, zap.String("reason", reason), zap.NamedError("cause", unavailable.Err))
		s.outages.refresh.observe(logger, reason, append(fields, causeFields(unavailable.Err)...)...)
		return
	case event.Source == session.FromCognito: // a refusal is an answer, too
		s.outages.refresh.observe(logger, "", fields...)
	}
	if event.Err != nil {
		s.recordEnd(event)
	}
}

// recordEnd records that a session cannot go on.
func (s *sessions) recordEnd(event session.RefreshEvent) {
	e := s.auditOf("session_ended", "user_pool", event.Subject)
	e.result, e.reason, e.err = auditRefused, session.Reason(event.Err), event.Err
	s.env.Load().audit.record(endedLevel(event.Err), "session ended", nil, e)
}

// endedLevel is that of a session that ended: users who get the tokens of others
// are no everyday event.
func endedLevel(err error) zapcore.Level {
	if errors.Is(err, session.ErrSubject) {
		return zapcore.ErrorLevel
	}
	return zapcore.InfoLevel
}

// refreshResult is the word for what came of asking for new tokens.
func refreshResult(err error) string {
	if word := session.Reason(err); word != "other" {
		return word
	}
	return refreshReason(err)
}

// refreshReason is the word for why a refresh brought nothing.
func refreshReason(err error) string {
	if word := signin.Reason(err); word != "other" && word != "ok" {
		return word
	}
	return verifier.Reason(err)
}

func storageReason(err error) string {
	if err == nil {
		return ""
	}
	return "storage"
}

func (s *sessions) observeKeyring(event session.KeyringEvent) {
	env := s.env.Load()
	fields := []zap.Field{zap.String("pool", s.pool.name), zap.Int("keys", event.Keys), zap.Error(event.Err)}
	data := map[string]any{"pool": s.pool.name, "keys": event.Keys}
	switch s.outages.keys.observe(env.logger, storageReason(event.Err), fields...) {
	case outageBegins:
		env.emit("cognito_session_keys_unavailable", data)
	case outageEnds:
		env.emit("cognito_session_keys_recovered", data)
	}
}

func (s *sessions) observeDenyList(err error) {
	s.outages.signOuts.observe(s.env.Load().logger, storageReason(err), zap.String("pool", s.pool.name), zap.Error(err))
}
