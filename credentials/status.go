package credentials

import "time"

// Status is a view of a [Cache] for operators. It holds no secret and names
// nobody.
type Status struct {
	// Entries is how many users have credentials that can be used now.
	Entries int
	// OldestObtained is when the oldest credentials in use were obtained; zero
	// without any.
	OldestObtained time.Time
	// NextExpiry is when the first of those in use expire; zero without any.
	NextExpiry time.Time
	// LastExchange is when the last exchange ended; zero before the first.
	LastExchange time.Time
	// LastReason is its outcome in the words of [Reason].
	LastReason string
	// LastErr is why it failed; nil when it did not. What it wraps may be what the
	// service said, which is for operators.
	LastErr error
}

// last is the last exchange.
type last struct {
	at  time.Time
	err error
}

// Status looks at every entry, which takes a moment, but keeps nobody who asks
// for credentials waiting longer than a copy of the list does.
func (c *Cache) Status() Status {
	now := time.Now()
	var status Status
	for _, e := range c.entries.Values() {
		if grant := e.current.Load(); grant.usable(now) {
			status.Entries++
			status.OldestObtained = earlier(status.OldestObtained, grant.obtained)
			status.NextExpiry = earlier(status.NextExpiry, grant.Expires)
		}
	}
	if last := c.last.Load(); last != nil {
		status.LastExchange, status.LastReason, status.LastErr = last.at, Reason(last.err), last.err
	}
	return status
}

// earlier takes zero for never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
