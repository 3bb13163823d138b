package retry

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Clock is the local clock with a correction learned from the service. The zero
// Clock has no correction. It is safe for concurrent use.
type Clock struct{ offset atomic.Int64 } // nanoseconds to add to the local time

// Now returns the corrected time.
func (c *Clock) Now(local time.Time) time.Time {
	return local.Add(time.Duration(c.offset.Load()))
}

// Correct sets the correction from the answer to a request that the service
// refused because of its time. Signed is the time in the request, date is the
// answer's Date header. It reports false, and changes nothing, when the two are
// at most four minutes apart or date is invalid. A later call replaces a
// correction that is no longer right.
func (c *Clock) Correct(signed, local time.Time, date string) bool {
	// A slow response explains less, and the service accepts up to 15 minutes.
	const maxSkew = 4 * time.Minute
	server, ok := parseDate(date)
	if !ok || server.Sub(signed).Abs() <= maxSkew {
		return false
	}
	c.offset.Store(int64(server.Sub(local)))
	return true
}

// parseDate reads a date in any of the three forms of HTTP.
func parseDate(text string) (date time.Time, ok bool) {
	if text == "" {
		return date, false
	}
	date, err := http.ParseTime(strings.TrimSpace(text))
	return date, err == nil
}
