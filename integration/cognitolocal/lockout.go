package cognitolocal

import "time"

// Cognito's lockout: the fifth failure locks for a second, each further one
// doubles that up to about a quarter of an hour, and a quarter of an hour
// without attempts forgets everything.
const (
	freeFailures  = 5
	maxLockout    = 15 * time.Minute
	lockoutMemory = 15 * time.Minute
)

// lockout counts failed sign-ins of one name.
type lockout struct {
	failures    int
	lockedUntil time.Time
	lastAttempt time.Time
}

// lockouts is keyed by the folded name that was sent, known or not: were only
// known users locked, the lock would tell them apart. Pool locks around it.
type lockouts map[string]*lockout

// locked reports whether attempts for the name are refused now. Attempts made
// while locked prolong nothing.
func (l lockouts) locked(name string, now time.Time) bool {
	entry := l[name]
	if entry == nil {
		return false
	}
	if now.Sub(entry.lastAttempt) >= lockoutMemory && !now.Before(entry.lockedUntil) {
		delete(l, name)
		return false
	}
	entry.lastAttempt = now
	return now.Before(entry.lockedUntil)
}

func (l lockouts) fail(name string, now time.Time) {
	entry := l[name]
	if entry == nil {
		entry = &lockout{}
		l[name] = entry
	}
	entry.failures++
	entry.lastAttempt = now
	if over := entry.failures - freeFailures; over >= 0 {
		entry.lockedUntil = now.Add(lockoutDuration(over))
	}
}

func lockoutDuration(over int) time.Duration {
	d := time.Second
	for range over {
		if d *= 2; d >= maxLockout {
			return maxLockout
		}
	}
	return d
}

func (l lockouts) reset(name string) { delete(l, name) }
