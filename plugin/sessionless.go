package plugin

import (
	"slices"

	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// expectSessions remembers a handler that takes sessions of these pools and nothing
// else, until it is known which pools have sessions.
func (a *App) expectSessions(sources []config.TokenSource, pools []*verifier.Verifier) {
	if !slices.Equal(sources, []config.TokenSource{{From: config.SourceSession}}) {
		return
	}
	names := make([]string, len(pools))
	for i, pool := range pools {
		names[i] = pool.Name()
	}
	a.expected = append(a.expected, names)
}

// reportSessionless warns of handlers that let nobody in, by no fault of users.
func (a *App) reportSessionless() {
	for _, names := range a.expected {
		if !slices.ContainsFunc(names, func(name string) bool { return a.sessions[name] != nil }) {
			a.env.logger.Warn("a cognito_auth takes sessions alone, and its user pools have none; it lets nobody in until a cognito_signin names them",
				zap.Strings("pools", names))
		}
	}
}
