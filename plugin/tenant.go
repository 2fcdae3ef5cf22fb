package plugin

import (
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// environment is what a running configuration lends to shared state.
type environment struct {
	logger  *zap.Logger
	audit   auditLog
	storage certmagic.Storage
	events  *caddyevents.App
	ctx     caddy.Context
}

func (e *environment) emit(name string, data map[string]any) {
	if e.events.ShouldEmit(name) {
		e.events.Emit(e.ctx, name, data)
	}
}

// tenant is shared state that outlives configurations. It works in the
// environment of the one that runs.
type tenant struct{ env atomic.Pointer[environment] }

// tenancies are the environments that a configuration took over from.
type tenancies map[*tenant]*environment

// take lets state work for env.
func (t tenancies) take(state *tenant, env *environment) {
	if before := state.env.Swap(env); before != env {
		t[state] = before
	}
}

// giveBack undoes take where env still has the state.
func (t tenancies) giveBack(env *environment) {
	for state, before := range t {
		state.env.CompareAndSwap(env, before)
	}
}
