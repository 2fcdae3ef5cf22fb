package plugin

import (
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

// problemLog tells operators what to mend, once a minute for each thing: every
// request meets the same wrong region.
type problemLog struct {
	logger *zap.Logger

	mu   sync.Mutex // guards last
	last map[string]time.Time
}

const problemEvery = time.Minute

// report logs what only an operator can mend.
func (p *problemLog) report(err error) {
	key, level := "other", zap.ErrorLevel
	if wrong, ok := errors.AsType[*credentials.MisconfiguredError](err); ok {
		key = wrong.Key
		if key == "clock" && wrong.Got != "" { // we go by the store's time
			level = zap.WarnLevel
		}
	}
	if !p.due(key) {
		return
	}
	p.logger.Log(level, "the store or service does not work as configured", zap.String("key", key), zap.Error(err))
}

// logRefusal logs refusals at DEBUG, except those that a change of the
// configuration would end.
func (p *problemLog) logRefusal(re refusal, err error) {
	hint := map[string]string{
		"no_auth":      "put cognito_auth on the route, before what needs the user's credentials",
		"not_id_token": "identity pools and STS take ID tokens: set token_use id in cognito_auth",
		"foreign_pool": "name the user pool in the user_pool line of the identity_pool or web_identity",
	}[re.reason]
	if hint != "" && p.due(re.reason) {
		p.logger.Warn("request refused: "+hint, zap.String("reason", re.reason), zap.Int("status", re.status))
		return
	}
	logRefusal(p.logger, re, err)
}

func (p *problemLog) due(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if at, ok := p.last[key]; ok && now.Sub(at) < problemEvery {
		return false
	}
	if p.last == nil {
		p.last = make(map[string]time.Time)
	}
	p.last[key] = now
	return true
}
