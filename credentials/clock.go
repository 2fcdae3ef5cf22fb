package credentials

import (
	"sync/atomic"
	"time"
)

const (
	// headSkew is what tells a refusal over time from any other where the answer
	// does not say why. Stores allow 15 minutes, some services 5.
	headSkew = 5 * time.Minute
	// maxSkew bounds what is believed. Whoever can write a Date could otherwise
	// have us sign requests for a day to come, and keep them until then.
	maxSkew = 24 * time.Hour
	// goodClock is how far apart clocks may be without anybody being told.
	goodClock = 10 * time.Second
)

// clock is the time of a service as its answers tell it.
type clock struct{ offset atomic.Int64 } // nanoseconds that the service is ahead

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// off reports whether date is too far from what this clock says for the
// signature to have been accepted.
func (c *clock) off(date time.Time) bool {
	return !date.IsZero() && c.now().Sub(date).Abs() > headSkew
}

// set takes over the date of an answer. It is false for one that is not believed.
func (c *clock) set(date time.Time) (offset time.Duration, ok bool) {
	offset = time.Until(date)
	if date.IsZero() || offset.Abs() > maxSkew {
		return offset, false
	}
	c.offset.Store(int64(offset))
	return offset, true
}

// direction says how far this machine's clock is off.
func direction(offset time.Duration) string {
	rounded := offset.Abs().Round(10 * time.Second).String()
	if offset > 0 {
		return rounded + " behind"
	}
	return rounded + " ahead of"
}
