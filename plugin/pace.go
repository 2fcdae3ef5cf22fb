package plugin

import (
	"sync"
	"time"
)

// pace lets each thing be told once a minute: every request meets the same mistake
// of a configuration. The zero value is ready. Keys are of a fixed set.
type pace struct {
	mu   sync.Mutex // guards last
	last map[string]time.Time
}

const problemEvery = time.Minute

// due reports whether the thing was not told for a minute, and notes that it is now.
func (p *pace) due(key string) bool {
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
