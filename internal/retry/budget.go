package retry

import "sync/atomic"

const (
	retryCost     = 5 // tokens a retry takes
	successReward = 1 // tokens a successful call adds to those of its own retries
)

// Budget counts the retry tokens that calls have taken. Each call brings the size
// of the budget. The zero Budget is full. It is safe for concurrent use.
type Budget struct{ taken atomic.Int64 }

// Account returns the account of one call. Size is the number of tokens in the
// budget. A negative size means that the call's retries are unlimited; it then
// neither takes tokens nor adds any.
func (b *Budget) Account(size int) Account { return Account{budget: b, size: size} }

// take removes a retry's tokens if the budget holds them.
func (b *Budget) take(size int) bool {
	for {
		taken := b.taken.Load()
		if taken+retryCost > int64(size) {
			return false
		}
		if b.taken.CompareAndSwap(taken, taken+retryCost) {
			return true
		}
	}
}

// give adds tokens, up to a full budget.
func (b *Budget) give(tokens int64) {
	for {
		taken := b.taken.Load()
		left := max(0, taken-tokens)
		if taken == left || b.taken.CompareAndSwap(taken, left) {
			return
		}
	}
}

// Account holds the tokens that one call has taken. It is not safe for
// concurrent use.
type Account struct {
	budget   *Budget
	size     int
	reserved int64 // for a retry that has not begun
	spent    int64 // for retries that have
}

// Reserve takes the tokens of the next retry. It reports false when the budget
// does not hold them.
func (a *Account) Reserve() bool {
	if a.size < 0 {
		return true
	}
	if !a.budget.take(a.size) {
		return false
	}
	a.reserved += retryCost
	return true
}

// Spend marks the reserved tokens as used: the retry begins.
func (a *Account) Spend() { a.spent, a.reserved = a.spent+a.reserved, 0 }

// Succeed returns the tokens of the call's retries and adds the reward of a
// successful call.
func (a *Account) Succeed() {
	if a.size >= 0 {
		a.budget.give(a.spent + successReward)
		a.spent = 0
	}
}

// Close returns the tokens of a retry that never began, such as one whose wait
// was canceled.
func (a *Account) Close() {
	a.budget.give(a.reserved)
	a.reserved = 0
}

// Taken returns how many tokens are taken. It is for tests.
func (b *Budget) Taken() int64 { return b.taken.Load() }
