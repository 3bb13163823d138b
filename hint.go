package appstreaming

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryHint is how long the service asks to wait, 0 when it does not say. Of
// several headers the longest wait counts. x-acs-retry-after and TimeLeft are
// milliseconds, Retry-After is seconds or a date.
func retryHint(header http.Header, now time.Time) time.Duration {
	hint := milliseconds(header.Get("X-Acs-Retry-After"))
	hint = max(hint, retryAfter(header.Get("Retry-After"), now))
	hint = max(hint, timeLeft(header.Get("X-Ratelimit-User-Api")))
	return max(hint, timeLeft(header.Get("X-Ratelimit-User")))
}

// maxHint stands for any wait too long to count in nanoseconds.
const maxHint = 365 * 24 * time.Hour

func milliseconds(text string) time.Duration { return units(text, time.Millisecond) }

func units(text string, unit time.Duration) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	switch {
	case err != nil && !isAllDigits(strings.TrimSpace(text)):
		return 0
	case err != nil || n > uint64(maxHint/unit):
		return maxHint
	}
	return time.Duration(n) * unit
}

func isAllDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

func retryAfter(text string, now time.Time) time.Duration {
	if at, err := http.ParseTime(strings.TrimSpace(text)); err == nil {
		return min(max(0, at.Sub(now)), maxHint)
	}
	return units(text, time.Second)
}

// timeLeft reads "Limit:100,Remain:0,TimeLeft:1500,Reset:…".
func timeLeft(text string) time.Duration {
	for field := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(field, ":")
		if strings.TrimSpace(name) == "TimeLeft" {
			return milliseconds(value)
		}
	}
	return 0
}
