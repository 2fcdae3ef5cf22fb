package plugin

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/credentials"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// problemLog tells operators what to mend, once a minute for each thing: every
// request meets the same wrong region.
type problemLog struct {
	logger    *zap.Logger
	audit     auditLog
	directive string      // whose problems they are
	about     []zap.Field // where they are
	pace
}

// report logs what only an operator can mend.
func (p *problemLog) report(err error) {
	key, level := "other", zap.ErrorLevel
	if wrong, ok := errors.AsType[*credentials.MisconfiguredError](err); ok {
		if key = wrong.Key; wrong.Mended {
			level = zap.WarnLevel
		}
	}
	if !p.due(key) {
		return
	}
	p.logger.Log(level, "the store or service does not work as configured", p.with(zap.String("key", key), zap.Error(err))...)
}

// with is what is logged of a problem, and where that is.
func (p *problemLog) with(fields ...zap.Field) []zap.Field { return append(fields, p.about...) }

const takeIDTokens = "identity pools and STS take ID tokens: set token_use id in cognito_auth"

// hints are what an operator can do about refusals that nobody else can end.
var hints = map[string]string{
	"no_auth":           "put cognito_auth on the route, before what needs the user's credentials",
	"session_token_use": takeIDTokens,
	"not_id_token":      takeIDTokens,
	"foreign_pool":      "name the user pool in the user_pool line of the identity_pool or web_identity",
	"no_prefix":         "a placeholder of prefix is unknown, empty, or has a value with a slash",
}

// logRefusal tells operators of refusals that a change of the configuration would
// end, and records all.
func (p *problemLog) logRefusal(r *http.Request, re refusal, err error) {
	if hint := hints[re.reason]; hint != "" && p.due(re.reason) {
		p.logger.Warn("request refused: "+hint, zap.String("reason", re.reason), zap.Int("status", re.status))
	}
	var tok *verifier.Token
	if id := identityOf(r.Context()); id != nil {
		tok = id.token
	}
	p.audit.denied(r, p.directive, "", tok, re, err)
}

// refuse returns an error for Caddy's error routes to answer. What only an
// operator can mend is for the log alone: error routes may show the text.
func (p *problemLog) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	re := refusalOf(err)
	p.logRefusal(r, re, err)
	re.setHeaders(w.Header(), r)
	if re.status == http.StatusBadGateway || re.status == http.StatusInternalServerError {
		err = errNotServed
	}
	return caddyhttp.Error(re.status, err)
}
