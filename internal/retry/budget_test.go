package retry_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming/internal/retry"
)

// allowed returns how many retries a budget of that size allows now. It does not
// use them.
func allowed(b *retry.Budget, size int) int {
	account := b.Account(size)
	defer account.Close()
	for n := 0; ; n++ {
		if !account.Reserve() {
			return n
		}
	}
}

func TestBudgetAllowsRetriesUntilItIsEmpty(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]int{0: 0, 4: 0, 5: 1, 9: 1, 10: 2, 500: 100} {
		if got := allowed(new(retry.Budget), size); got != want {
			t.Errorf("a budget of %d tokens allows %d retries, want %d", size, got, want)
		}
	}
}

func TestBudgetKeepsWhatFailedCallsSpent(t *testing.T) {
	t.Parallel()
	var b retry.Budget
	call := b.Account(15)
	for range 2 {
		if !call.Reserve() {
			t.Fatal("a retry within the budget is refused")
		}
		call.Spend()
	}
	call.Close()
	got := []int{allowed(&b, 15), allowed(&b, 30)}
	if diff := cmp.Diff([]int{1, 4}, got); diff != "" {
		t.Errorf("retries left of 15 and of 30 tokens (-want +got):\n%s", diff)
	}
}

func TestBudgetGetsBackWhatASuccessfulCallSpentAndAReward(t *testing.T) {
	t.Parallel()
	var b retry.Budget
	failed := b.Account(10)
	failed.Reserve()
	failed.Spend()
	failed.Close() // 5 tokens are gone
	for range 4 {
		call := b.Account(10)
		call.Reserve()
		call.Spend()
		call.Succeed()
		call.Close()
	}
	if got := allowed(&b, 10); got != 1 {
		t.Errorf("after four successes %d retries are allowed, want 1", got)
	}
	last := b.Account(10)
	last.Succeed()
	last.Close()
	if got := allowed(&b, 10); got != 2 {
		t.Errorf("after five successes %d retries are allowed, want 2", got)
	}
	again := b.Account(10)
	again.Succeed()
	if got := allowed(&b, 10); got != 2 {
		t.Errorf("a success with a full budget leaves %d retries, want 2", got)
	}
}

func TestBudgetIsRefilledByCallsThatCannotRetry(t *testing.T) {
	t.Parallel()
	var b retry.Budget
	failed := b.Account(5)
	failed.Reserve()
	failed.Spend()
	failed.Close()
	for range 5 {
		call := b.Account(0)
		if call.Reserve() {
			t.Fatal("a budget without tokens allows a retry")
		}
		call.Succeed()
	}
	if got := allowed(&b, 5); got != 1 {
		t.Errorf("after five successes %d retries are allowed, want 1", got)
	}
}

func TestBudgetGetsBackARetryThatNeverBegan(t *testing.T) {
	t.Parallel()
	var b retry.Budget
	call := b.Account(10)
	call.Reserve()
	call.Spend()
	call.Reserve() // its wait is canceled
	call.Close()
	call.Close()
	if got := allowed(&b, 10); got != 1 {
		t.Errorf("%d retries are left, want 1", got)
	}
}

func TestUnlimitedCallsLeaveTheBudgetAlone(t *testing.T) {
	t.Parallel()
	var b retry.Budget
	failed := b.Account(10)
	failed.Reserve()
	failed.Spend()
	failed.Close()
	for range 20 {
		unlimited := b.Account(-1)
		for range 20 {
			if !unlimited.Reserve() {
				t.Fatal("an unlimited retry is refused")
			}
			unlimited.Spend()
		}
		unlimited.Succeed()
		unlimited.Close()
	}
	if got := allowed(&b, 10); got != 1 {
		t.Errorf("%d retries are left, want 1", got)
	}
}

func TestBudgetCountsExactlyWhenCallsRunAtOnce(t *testing.T) {
	t.Parallel()
	var b retry.Budget
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() {
			for range 100 {
				call := b.Account(1_000_000)
				call.Reserve()
				call.Spend()
				call.Reserve()
				call.Close()
			}
		})
	}
	calls.Wait()
	if got := allowed(&b, 50*100*5+5); got != 1 {
		t.Errorf("%d retries are left, want 1", got)
	}
}
