package plugin

import (
	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/visitor"
)

// limiters are shared: each handler of a pool would let a guesser try as often
// again, and each reload give back what he has spent.
var limiters = caddy.NewUsagePool()

type limiterKey struct {
	pool, client string // IDs
	limits       visitor.Limits
}

type sharedLimiter struct{ *visitor.Limiter }

// Destruct has nothing to do.
func (sharedLimiter) Destruct() error { return nil }

// acquire makes or takes over the limiter, which release gives back.
func (k limiterKey) acquire() (*visitor.Limiter, error) {
	value, _, err := limiters.LoadOrNew(k, func() (caddy.Destructor, error) {
		return sharedLimiter{visitor.NewLimiter(k.limits)}, nil
	})
	if err != nil {
		return nil, err
	}
	return value.(sharedLimiter).Limiter, nil
}

func (k limiterKey) release() error {
	_, err := limiters.Delete(k)
	return err
}

func limitsOf(configured []config.Limit) visitor.Limits {
	var limits visitor.Limits
	for _, limit := range configured {
		switch limit.Per {
		case "address":
			limits.Address = limit.PerMinute
		case "user":
			limits.User = limit.PerMinute
		case "client":
			limits.Client = limit.PerMinute
		case "all":
			limits.All = limit.PerMinute
		}
	}
	return limits
}
