package plugin

import (
	"context"
	"errors"
	"regexp"
	"sync"

	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

// exchangeHealth is what was reported of an exchange, so that a long outage is
// one warning and a wrong role one a minute.
type exchangeHealth struct {
	refusals pace // by reason

	mu   sync.Mutex // guards down
	down bool
}

// observe reports an exchange: each one to the metrics, and to the log what an
// operator should know.
func (e *exchange) observe(event credentials.Exchange) {
	metrics.exchanged(e.Name, e.Kind, event)
	env := e.env.Load()
	fields := []zap.Field{
		zap.String("credentials", e.Name), zap.String("provider", e.Kind), zap.String("role_arn", event.Role),
		zap.Duration("duration", event.Duration), zap.String("reason", credentials.Reason(event.Err)),
	}
	_, down := errors.AsType[*credentials.UnavailableError](event.Err)
	switch {
	case errors.Is(event.Err, context.Canceled): // the cache closes
	case down:
		e.reportOutage(env, event, fields)
	case credentials.Reason(event.Err) == "misconfigured":
		e.reportMistake(env, event, fields)
	case event.Err != nil:
		e.reportRefusal(env, event, fields)
	default:
		e.reportSuccess(env, fields)
	}
}

func (e *exchange) reportOutage(env *environment, event credentials.Exchange, fields []zap.Field) {
	fields = append(fields, zap.Error(cause(event.Err)))
	e.health.mu.Lock()
	defer e.health.mu.Unlock()
	if e.health.down {
		env.logger.Debug("cannot get credentials", fields...)
		return
	}
	e.health.down = true
	env.logger.Warn("cannot get credentials; those that are valid are used meanwhile, and requests of other users get status 503", fields...)
	env.emit("cognito_credentials_unavailable", map[string]any{
		"credentials": e.Name, "provider": e.Kind, "error": cause(event.Err).Error(),
	})
}

func (e *exchange) reportRefusal(env *environment, event credentials.Exchange, fields []zap.Field) {
	log := env.logger.Debug
	if e.health.refusals.due(credentials.Reason(event.Err)) {
		log = env.logger.Warn
	}
	log("credentials were refused; if all users are, check the roles and their trust policies, and that the exchange knows the user pool and the app client",
		append(fields, zap.Error(cause(event.Err)))...)
}

// reportMistake is about what no user and no role can be to blame for.
func (e *exchange) reportMistake(env *environment, event credentials.Exchange, fields []zap.Field) {
	fields = append(fields, zap.Error(event.Err))
	if e.health.refusals.due(credentials.Reason(event.Err)) {
		env.logger.Error("nobody can get credentials as it is configured", fields...)
		return
	}
	env.logger.Debug("nobody can get credentials", fields...)
}

func (e *exchange) reportSuccess(env *environment, fields []zap.Field) {
	e.health.mu.Lock()
	defer e.health.mu.Unlock()
	if e.health.down {
		e.health.down = false
		env.logger.Info("credentials can be got again", fields...)
		env.emit("cognito_credentials_recovered", map[string]any{"credentials": e.Name, "provider": e.Kind})
		return
	}
	env.logger.Debug("got credentials", fields...)
}

// cause is what an error of the exchange does not show to clients: what the
// service said, as far as it may be logged.
func cause(err error) error {
	switch err := err.(type) {
	case interface{ Unwrap() []error }:
		if all := err.Unwrap(); len(all) > 0 {
			return withoutTokens(all[len(all)-1])
		}
	case interface{ Unwrap() error }:
		if inner := err.Unwrap(); inner != nil {
			return withoutTokens(inner)
		}
	}
	return err
}

var tokenForm = regexp.MustCompile(`eyJ[\w-]{8,}(\.[\w-]*)*`)

const maxCause = 512

// withoutTokens is the text of an error in which a service may have repeated what
// it was sent.
func withoutTokens(err error) error {
	text := tokenForm.ReplaceAllString(err.Error(), "[token]")
	return errors.New(text[:min(len(text), maxCause)])
}
