package retry

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxHint is the longest hint, a year. Longer ones become MaxHint.
const MaxHint = 8760 * time.Hour

// Hint returns the delay that a response asks for, or 0 when it asks for none.
// The longest of these counts, also if a header is given several times:
//
//   - x-acs-retry-after, in milliseconds;
//   - Retry-After, in seconds or as a date, which is compared with the
//     response's own Date, or with now when there is none;
//   - TimeLeft in x-ratelimit-user-api and x-ratelimit-user, in milliseconds. It
//     counts only when the request was throttled or Remain is 0: a service that
//     counts requests reports the time left in every response.
func Hint(header http.Header, throttled bool, now time.Time) time.Duration {
	if date, ok := parseDate(header.Get("Date")); ok {
		now = date
	}
	var longest time.Duration
	for _, text := range header.Values("X-Acs-Retry-After") {
		longest = max(longest, parseDelay(text, time.Millisecond))
	}
	for _, text := range header.Values("Retry-After") {
		longest = max(longest, retryAfter(text, now))
	}
	for _, name := range [...]string{"X-Ratelimit-User-Api", "X-Ratelimit-User"} {
		for _, text := range header.Values(name) {
			longest = max(longest, timeLeft(text, throttled))
		}
	}
	return longest
}

func retryAfter(text string, now time.Time) time.Duration {
	if end, isDate := parseDate(text); isDate {
		return min(max(0, end.Sub(now)), MaxHint)
	}
	return parseDelay(text, time.Second)
}

// timeLeft reads "Limit:100,Remain:0,TimeLeft:1500,Reset:1".
func timeLeft(text string, throttled bool) time.Duration {
	var left time.Duration
	for field := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(field, ":")
		switch name = strings.TrimSpace(name); {
		case strings.EqualFold(name, "TimeLeft"):
			left = parseDelay(value, time.Millisecond)
		case strings.EqualFold(name, "Remain"):
			remain, err := strconv.Atoi(strings.TrimSpace(value))
			throttled = throttled || err == nil && remain <= 0
		}
	}
	if !throttled {
		return 0
	}
	return left
}

// parseDelay reads a number of units. Text other than digits means no delay.
func parseDelay(text string, unit time.Duration) time.Duration {
	text = strings.TrimSpace(text)
	if strings.Trim(text, "0123456789") != "" || text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil { // too many digits
		return MaxHint
	}
	return time.Duration(min(n, uint64(MaxHint/unit))) * unit
}
