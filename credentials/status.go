package credentials

import "time"

// Status is a view of a [Cache] for operators. It holds no secret and names
// nobody.
type Status struct {
	// Entries is how many users' places are kept, also of those whose
	// credentials have expired.
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
}

// last is the last exchange.
type last struct {
	at     time.Time
	reason string
}

// Status looks at every entry, which takes a moment, but keeps nobody who asks
// for credentials waiting longer than a copy of the list does.
func (c *Cache) Status() Status {
	now := time.Now()
	entries := c.entries.Values()
	status := Status{Entries: len(entries)}
	for _, e := range entries {
		if grant := e.current.Load(); grant.usable(now) {
			status.OldestObtained = earlier(status.OldestObtained, grant.obtained)
			status.NextExpiry = earlier(status.NextExpiry, grant.Expires)
		}
	}
	if last := c.last.Load(); last != nil {
		status.LastExchange, status.LastReason = last.at, last.reason
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
