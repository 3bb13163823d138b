package appstreaming

import (
	"sync/atomic"
	"time"
)

// maxSkew is how far a response's Date must be from the time a request was
// signed with before the clock is corrected: well inside the 15 minutes the
// service tolerates, well outside what a slow response explains.
const maxSkew = 4 * time.Minute

// clock is the local clock with a correction learnt from the service. It is
// safe for concurrent use.
type clock struct {
	offset atomic.Int64 // nanoseconds to add to the local time
}

func (c *clock) now(local time.Time) time.Time {
	return local.Add(time.Duration(c.offset.Load()))
}

// correct learns from a request that was refused for its time. It reports
// whether signing anew can help. A correction that is no longer right is
// undone the same way.
func (c *clock) correct(signed, local time.Time, date string) bool {
	server, err := time.Parse(time.RFC1123, date)
	if err != nil || server.Sub(signed).Abs() <= maxSkew {
		return false
	}
	c.offset.Store(int64(server.Sub(local)))
	return true
}
