package appstreaming

import "sync/atomic"

const (
	defaultBudget = 500
	retryCost     = 5 // tokens a retry takes
	successRefund = 1 // tokens a call that succeeded gives back, beside its retries'
)

// budget counts the retry tokens spent by a client and those derived from it.
// How many there are is told by each call's policy. It is safe for concurrent
// use.
type budget struct{ spent atomic.Int64 }

// take spends a retry's tokens if the policy has them.
func (b *budget) take(size int) bool {
	if size < 0 {
		return true
	}
	for {
		spent := b.spent.Load()
		if spent+retryCost > int64(size) {
			return false
		}
		if b.spent.CompareAndSwap(spent, spent+retryCost) {
			return true
		}
	}
}

// give returns tokens after a success.
func (b *budget) give(tokens int) {
	for {
		spent := b.spent.Load()
		left := max(0, spent-int64(tokens))
		if spent == left || b.spent.CompareAndSwap(spent, left) {
			return
		}
	}
}
