package prefetch_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wuying-go/appstreaming/internal/prefetch"
)

// square is a fetch that takes a second.
func square(ctx context.Context, number int) (int, error) {
	select {
	case <-time.After(time.Second):
		return number * number, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("item %d: %w", number, context.Cause(ctx))
	}
}

func TestItemsComeInOrderHoweverLongTheyTake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var queue prefetch.Queue[int]
		slowFirst := func(_ context.Context, number int) (int, error) {
			time.Sleep(time.Duration(100-number) * time.Second)
			return number * number, nil
		}
		for number := 3; number <= 20; number++ {
			queue.Fill(t.Context(), 4, number, 20, slowFirst)
			value, found, err := queue.Take(t.Context(), number)
			if value != number*number || !found || err != nil {
				t.Fatalf("item %d: got %d, %v, %v", number, value, found, err)
			}
		}
		if _, found, err := queue.Take(t.Context(), 21); found || err != nil {
			t.Errorf("past the end: found %v, %v; want nothing", found, err)
		}
	})
}

func TestAgeIsHowLongTheFirstItemHasWaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var queue prefetch.Queue[int]
		if age := queue.Age(); age != 0 {
			t.Errorf("an empty queue has the age %v", age)
		}
		queue.Fill(t.Context(), 2, 1, 2, square)
		time.Sleep(500 * time.Millisecond)
		if age := queue.Age(); age != 0 {
			t.Errorf("an item in flight has the age %v", age)
		}
		time.Sleep(3 * time.Second)
		if age := queue.Age(); age != 2500*time.Millisecond {
			t.Errorf("an item that came 2.5 s ago has the age %v", age)
		}
		queue.Join()
	})
}

func TestTheQueueHoldsNoMoreThanItsSizeAndGoesNoFurtherThanItsEnd(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		size, from, to int
		want           []int
	}{
		{0, 1, 9, nil},
		{-1, 1, 9, nil},
		{1, 1, 9, []int{1}},
		{3, 2, 9, []int{2, 3, 4}},
		{9, 7, 9, []int{7, 8, 9}},
		{9, 9, 9, []int{9}},
		{9, 10, 9, nil},
		{9, math.MaxInt - 1, math.MaxInt, []int{math.MaxInt - 1, math.MaxInt}},
	} {
		t.Run(fmt.Sprint(test.size, test.from, test.to), func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var asked []int
			fetch := func(_ context.Context, number int) (int, error) {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, number)
				return number, nil
			}
			var queue prefetch.Queue[int]
			for range 2 { // the second call finds the queue full
				queue.Fill(t.Context(), test.size, test.from, test.to, fetch)
			}
			queue.Join()
			slices.Sort(asked)
			if !slices.Equal(test.want, asked) {
				t.Errorf("asked for %v, want %v", asked, test.want)
			}
		})
	}
}

func TestFillGoesOnAfterTheLastItem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		fetch := func(ctx context.Context, number int) (int, error) {
			asked.Add(1)
			return square(ctx, number)
		}
		var queue prefetch.Queue[int]
		start := time.Now()
		queue.Fill(t.Context(), 2, 1, 3, fetch) // 1 and 2
		if value, found, err := queue.Take(t.Context(), 1); value != 1 || !found || err != nil {
			t.Fatalf("got %d, %v, %v", value, found, err)
		}
		queue.Fill(t.Context(), 2, 2, 3, fetch) // 3
		queue.Fill(t.Context(), 9, 2, 3, fetch) // nothing more
		for number := 2; number <= 3; number++ {
			if value, found, err := queue.Take(t.Context(), number); value != number*number || !found || err != nil {
				t.Errorf("item %d: got %d, %v, %v", number, value, found, err)
			}
		}
		if asked.Load() != 3 || time.Since(start) != 2*time.Second {
			t.Errorf("%d fetches in %v, want 3 in 2s", asked.Load(), time.Since(start))
		}
	})
}

func TestAnotherNumberIsNotInTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var queue prefetch.Queue[int]
		queue.Fill(t.Context(), 2, 5, 9, square)
		for _, number := range []int{4, 6} {
			if _, found, err := queue.Take(t.Context(), number); found || err != nil {
				t.Errorf("item %d: found %v, %v; want nothing", number, found, err)
			}
		}
		if value, found, _ := queue.Take(t.Context(), 5); value != 25 || !found {
			t.Errorf("item 5 is gone: %d, %v", value, found)
		}
		queue.Join()
	})
}

func TestAnErrorComesInItsItemsPlace(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	fetch := func(_ context.Context, number int) (int, error) {
		if number == 2 {
			return 7, down
		}
		return number, nil
	}
	var queue prefetch.Queue[int]
	queue.Fill(t.Context(), 3, 1, 3, fetch)
	var got []error
	for number := 1; number <= 3; number++ {
		_, found, err := queue.Take(t.Context(), number)
		if !found {
			t.Fatalf("item %d is not in the queue", number)
		}
		got = append(got, err)
	}
	if want := []error{nil, down, nil}; !slices.Equal(want, got) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAPanicReachesTheConsumerAndTheNextItemIsTaken(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{"a text": "boom", "an error": errors.New("boom"), "nothing": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fetch := func(_ context.Context, number int) (int, error) {
				if number == 1 {
					panic(value)
				}
				return number, nil
			}
			var queue prefetch.Queue[int]
			queue.Fill(t.Context(), 2, 1, 2, fetch)
			got := recovered(func() { _, _, _ = queue.Take(t.Context(), 1) })
			if _, isNil := got.(*runtime.PanicNilError); value != nil && got != value || value == nil && !isNil {
				t.Errorf("the consumer recovered %v, want %v", got, value)
			}
			if value, found, err := queue.Take(t.Context(), 2); value != 2 || !found || err != nil {
				t.Errorf("then got %d, %v, %v", value, found, err)
			}
			queue.Join()
		})
	}
}

func recovered(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

func TestAPanicOfAnItemNobodyTakesIsNotSeen(t *testing.T) {
	t.Parallel()
	var queue prefetch.Queue[int]
	queue.Fill(t.Context(), 1, 1, 1, func(context.Context, int) (int, error) { panic("boom") })
	queue.Join()
}

func TestAFetchThatEndsItsGoroutineEndsTheConsumers(t *testing.T) {
	t.Parallel()
	var queue prefetch.Queue[int]
	queue.Fill(t.Context(), 1, 1, 1, func(context.Context, int) (int, error) { runtime.Goexit(); return 1, nil })
	ended := make(chan bool)
	go func() {
		wentOn := false
		defer func() { ended <- !wentOn }()
		_, _, _ = queue.Take(t.Context(), 1)
		wentOn = true
	}()
	if !<-ended {
		t.Error("Take returned")
	}
}

func TestDropCancelsAndJoinWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int32
		fetch := func(ctx context.Context, number int) (int, error) {
			running.Add(1)
			defer running.Add(-1)
			<-ctx.Done()
			time.Sleep(time.Second) // the time it takes to stop
			return 0, ctx.Err()
		}
		start := time.Now()
		var queue prefetch.Queue[int]
		queue.Fill(t.Context(), 3, 1, 3, fetch)
		synctest.Wait()
		queue.Drop()
		if _, found, err := queue.Take(t.Context(), 1); found || err != nil {
			t.Errorf("after Drop: found %v, %v; want an empty queue", found, err)
		}
		queue.Fill(t.Context(), 2, 7, 8, fetch) // the queue can be used again
		synctest.Wait()
		if running.Load() != 5 || time.Since(start) != 0 {
			t.Errorf("%d run after %v, want 5 at once", running.Load(), time.Since(start))
		}
		queue.Join()
		if running.Load() != 0 || time.Since(start) != time.Second {
			t.Errorf("%d run after %v, want none after 1s", running.Load(), time.Since(start))
		}
	})
}

func TestWhenCtxEndsItsErrorItsCauseAndTheFailureSurvive(t *testing.T) {
	t.Parallel()
	cause, refused := errors.New("the user left"), errors.New("refused")
	tests := map[string]struct {
		fetch prefetch.Fetch[int]
		after time.Duration // until ctx ends
		late  bool          // ctx ends before Take
		also  error
	}{
		"in the fetch, which knows the cause": {square, time.Second / 2, false, cause},
		"in the fetch, which does not": {
			func(ctx context.Context, _ int) (int, error) { <-ctx.Done(); return 1, refused }, 1, false, refused,
		},
		"after the fetch":        {square, 2 * time.Second, true, cause},
		"after the fetch failed": {func(context.Context, int) (int, error) { return 1, refused }, 1, true, refused},
	}
	ends := map[string]struct {
		end  func(context.Context, time.Duration) (context.Context, context.CancelFunc)
		want error
		not  error
	}{
		"cancelled": {func(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			timer := time.AfterFunc(d, func() { cancel(cause) })
			return ctx, func() { timer.Stop() }
		}, context.Canceled, context.DeadlineExceeded},
		"out of time": {func(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, d, cause)
		}, context.DeadlineExceeded, context.Canceled},
	}
	for name, test := range tests {
		for how, end := range ends {
			for _, sameCtx := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, %s, under the same ctx %v", name, how, sameCtx), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						ctx, stop := end.end(t.Context(), test.after)
						defer stop()
						var queue prefetch.Queue[int]
						parent := ctx
						if !sameCtx {
							parent = t.Context()
						}
						queue.Fill(parent, 1, 1, 1, test.fetch)
						if test.late {
							time.Sleep(test.after)
							synctest.Wait()
						}
						value, found, err := queue.Take(ctx, 1)
						if value != 0 || !found || !errors.Is(err, end.want) || !errors.Is(err, cause) || errors.Is(err, end.not) {
							t.Errorf("got %d, %v, %v; want %v and its cause", value, found, err, end.want)
						}
						if sameCtx && !errors.Is(err, test.also) {
							t.Errorf("%v lacks what failed", err)
						}
						queue.Join()
					})
				})
			}
		}
	}
}

func TestAnItemThatRunsUnderAnotherCtxStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var queue prefetch.Queue[int]
		queue.Fill(t.Context(), 2, 3, 9, square)
		short, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		start := time.Now()
		if _, found, err := queue.Take(short, 3); !found || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second/2 {
			t.Fatalf("got %v, %v after %v; want the deadline in time", found, err, time.Since(start))
		}
		if value, found, err := queue.Take(t.Context(), 3); value != 9 || !found || err != nil || time.Since(start) != time.Second {
			t.Errorf("then got %d, %v, %v after %v; want the item", value, found, err, time.Since(start))
		}
		queue.Join()
	})
}

func TestAFetchThatFailedUnderAnEndedCtxIsLeftToTheConsumer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithCancel(t.Context())
		var queue prefetch.Queue[int]
		queue.Fill(parent, 1, 1, 1, square)
		queue.Fill(parent, 2, 2, 2, func(context.Context, int) (int, error) { return 4, nil })
		synctest.Wait()
		cancel()
		if _, found, err := queue.Take(t.Context(), 1); found || err != nil {
			t.Errorf("got %v, %v; want that it is fetched again", found, err)
		}
		if value, found, err := queue.Take(t.Context(), 2); value != 4 || !found || err != nil {
			t.Errorf("got %d, %v, %v; want the item that was fetched before", value, found, err)
		}
	})
}

// A fetch may outlive its cancellation for a moment. The error must still be that
// of the caller's ctx, and the queue's own cancellation must not hide it.
func TestTheCallersCauseIsNeverLost(t *testing.T) {
	t.Parallel()
	cause := errors.New("the user left")
	for range 2000 {
		ctx, cancel := context.WithCancelCause(t.Context())
		var queue prefetch.Queue[int]
		queue.Fill(ctx, 4, 1, 4, func(ctx context.Context, _ int) (int, error) { <-ctx.Done(); return 0, context.Cause(ctx) })
		go cancel(cause)
		if _, found, err := queue.Take(ctx, 1); !found || !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, %v; want the cause", found, err)
		}
		queue.Join()
	}
}
