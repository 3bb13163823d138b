package retry

import (
	"math/rand/v2"
	"time"
)

// Bound returns the longest wait after the attempt with the given number, from
// 1: base, doubled by every further attempt, and at most limit.
func Bound(base, limit time.Duration, attempt int) time.Duration {
	bound := min(base, limit)
	for range min(attempt-1, 63) { // the largest duration is less than 1ns doubled 63 times
		if bound > limit/2 {
			return limit
		}
		bound *= 2
	}
	return bound
}

// Jitter returns a random duration from 0 up to bound.
func Jitter(bound time.Duration) time.Duration {
	if bound <= 0 {
		return 0
	}
	return rand.N(bound)
}
