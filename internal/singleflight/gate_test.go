package singleflight

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	freshFor = time.Second
	patience = 10 * time.Second
)

var errFetch = errors.New("fetch failed")

// script is a source. Its functions serve the fetches in the order in which they
// start, and the last function serves all further fetches.
type script struct {
	fetches []func() (string, error)
	asked   atomic.Int32
	opened  atomic.Int32
	running atomic.Int32
	peak    atomic.Int32 // most fetches at once
}

func (s *script) gate() *Gate[string] {
	return New(freshFor, func(a, b string) bool { return a == b }, func() Source[string] {
		s.opened.Add(1)
		return s.fetch
	})
}

func (s *script) fetch() (string, error) {
	i := int(s.asked.Add(1)) - 1
	s.peak.Store(max(s.peak.Load(), s.running.Add(1)))
	defer s.running.Add(-1)
	return s.fetches[min(i, len(s.fetches)-1)]()
}

// counts are the numbers of fetches and of sources opened.
func (s *script) counts() [2]int32 { return [2]int32{s.asked.Load(), s.opened.Load()} }

func after(d time.Duration, value string) func() (string, error) {
	return func() (string, error) { time.Sleep(d); return value, nil }
}

func failing() (string, error) { return "", errFetch }

func want(t *testing.T, got string, err error, wanted string) {
	t.Helper()
	if err != nil || got != wanted {
		t.Errorf("got %q, %v; want %q", got, err, wanted)
	}
}

func wantCounts(t *testing.T, s *script, fetches, opened int32) {
	t.Helper()
	if diff := cmp.Diff([2]int32{fetches, opened}, s.counts()); diff != "" {
		t.Errorf("fetches and sources opened (-want +got):\n%s", diff)
	}
}

func TestCallersShareOneFetchAndItsValueWhileItIsFresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{fetches: []func() (string, error){after(100*time.Millisecond, "a"), after(0, "b")}}
		gate := s.gate()
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				got, err := gate.Get(t.Context(), patience)
				want(t, got, err, "a")
			})
		}
		callers.Wait()
		time.Sleep(freshFor - 1)
		got, err := gate.Get(t.Context(), patience)
		want(t, got, err, "a")
		wantCounts(t, s, 1, 1)
		time.Sleep(1)
		got, err = gate.Get(t.Context(), patience)
		want(t, got, err, "b")
		wantCounts(t, s, 2, 1)
		if s.peak.Load() != 1 {
			t.Errorf("%d fetches ran at once, want 1", s.peak.Load())
		}
	})
}

func TestAFailureReachesItsCallersAndTheNextFetchUsesAnotherSource(t *testing.T) {
	t.Parallel()
	s := &script{fetches: []func() (string, error){failing, after(0, "a")}}
	gate := s.gate()
	if _, err := gate.Get(t.Context(), patience); err != errFetch {
		t.Errorf("got %v, want %v", err, errFetch)
	}
	got, err := gate.Get(t.Context(), patience)
	want(t, got, err, "a")
	wantCounts(t, s, 2, 2)
}

func TestAFailureAfterASuccessOpensAnotherSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{fetches: []func() (string, error){after(0, "a"), failing, after(0, "b")}}
		gate := s.gate()
		for _, wanted := range []string{"a", "", "b"} {
			got, err := gate.Get(t.Context(), patience)
			if got != wanted || (err != nil) != (wanted == "") {
				t.Errorf("got %q, %v; want %q", got, err, wanted)
			}
			time.Sleep(freshFor)
		}
		wantCounts(t, s, 3, 2)
	})
}

func TestACallerStopsWaitingWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{fetches: []func() (string, error){after(2*time.Second, "a")}}
		gate := s.gate()
		cause := errors.New("the caller's own cause")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
		defer cancel()
		start := time.Now()
		if _, err := gate.Get(ctx, patience); err != cause || time.Since(start) != time.Second {
			t.Errorf("got %v after %v, want the cause after 1s", err, time.Since(start))
		}
		got, err := gate.Get(t.Context(), patience)
		want(t, got, err, "a")
		wantCounts(t, s, 1, 1)
	})
}

func TestAHangingFetchIsGivenUpAndTheNextCallerFetchesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &script{fetches: []func() (string, error){
			func() (string, error) { <-release; return "", errFetch },
			after(0, "a"),
		}}
		gate := s.gate()
		start := time.Now()
		if _, err := gate.Get(t.Context(), patience); err != ErrGivenUp || time.Since(start) != patience {
			t.Errorf("got %v after %v, want %v after %v", err, time.Since(start), ErrGivenUp, patience)
		}
		got, err := gate.Get(t.Context(), patience)
		want(t, got, err, "a")
		wantCounts(t, s, 2, 2)
		close(release) // its failure comes too late to matter
		synctest.Wait()
		got, err = gate.Get(t.Context(), patience)
		want(t, got, err, "a")
		wantCounts(t, s, 2, 2)
	})
}

// An attempt calls Get shortly after its own time has started, and the next
// attempt may follow at once.
func TestAFetchIsGivenUpAfterNineTenthsOfThePatience(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		age     time.Duration
		fetches int32
	}{{patience*9/10 - 1, 1}, {patience * 9 / 10, 2}} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{fetches: []func() (string, error){after(patience, "slow"), after(0, "quick")}}
			gate := s.gate()
			ctx, cancel := context.WithTimeout(t.Context(), test.age)
			defer cancel()
			if _, err := gate.Get(ctx, patience); err != context.DeadlineExceeded {
				t.Errorf("got %v, want the deadline", err)
			}
			got, err := gate.Get(t.Context(), patience)
			want(t, got, err, map[int32]string{1: "slow", 2: "quick"}[test.fetches])
			wantCounts(t, s, test.fetches, test.fetches)
			time.Sleep(patience)
		})
	}
}

func TestALateValueServesThoseWhoWaitForTheNextFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{fetches: []func() (string, error){after(patience+time.Second, "late"), after(5*time.Second, "next")}}
		gate := s.gate()
		start := time.Now()
		_, _ = gate.Get(t.Context(), patience)
		got, err := gate.Get(t.Context(), patience)
		want(t, got, err, "late")
		if waited := time.Since(start); waited != patience+time.Second {
			t.Errorf("the value came after %v, want %v", waited, patience+time.Second)
		}
		wantCounts(t, s, 2, 2)
		time.Sleep(4*time.Second + 1) // the next one comes, and is newer
		got, err = gate.Get(t.Context(), patience)
		want(t, got, err, "next")
		wantCounts(t, s, 2, 2)
		time.Sleep(freshFor) // no source came back in order, so another is opened
		got, err = gate.Get(t.Context(), patience)
		want(t, got, err, "next")
		wantCounts(t, s, 3, 3)
	})
}

func TestALateValueDoesNotReplaceANewerOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{fetches: []func() (string, error){after(patience+time.Second, "old"), after(0, "new")}}
		gate := s.gate()
		_, _ = gate.Get(t.Context(), patience)
		got, err := gate.Get(t.Context(), patience)
		want(t, got, err, "new")
		time.Sleep(time.Second + freshFor/2) // the old one has come
		s.fetches[1] = after(time.Second, "newest")
		got, err = gate.Get(t.Context(), patience)
		want(t, got, err, "newest")
	})
}

func TestFetchesThatHangAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &script{fetches: []func() (string, error){func() (string, error) { <-release; return "a", nil }}}
		gate := s.gate()
		for range 2 * maxRunning {
			if _, err := gate.Get(t.Context(), patience); err != ErrGivenUp {
				t.Fatalf("got %v, want %v", err, ErrGivenUp)
			}
		}
		wantCounts(t, s, maxRunning, maxRunning)
		close(release)
		synctest.Wait()
		got, err := gate.Get(t.Context(), patience)
		want(t, got, err, "a")
		if gate.running != 0 {
			t.Errorf("%d fetches are counted as running, want 0", gate.running)
		}
	})
}

func TestARefusedValueIsFetchedFromAnotherSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{fetches: []func() (string, error){after(0, "a"), after(0, "b"), after(0, "c")}}
		gate := s.gate()
		ask := func(wanted string, fetches, opened int32) {
			t.Helper()
			got, err := gate.Get(t.Context(), patience)
			want(t, got, err, wanted)
			wantCounts(t, s, fetches, opened)
		}
		ask("a", 1, 1)
		time.Sleep(1)
		refusedAt := time.Now()
		time.Sleep(1)
		gate.Refuse("z", time.Now()) // never shared
		ask("a", 1, 1)
		gate.Refuse("a", refusedAt)
		ask("b", 2, 2)
		gate.Refuse("a", time.Now()) // a late refusal of a value that is no longer shared
		ask("b", 2, 2)
		gate.Refuse("b", refusedAt) // b was fetched after that
		ask("b", 2, 2)
		gate.Refuse("b", time.Now()) // at the very moment it was fetched
		ask("c", 3, 3)
	})
}

func TestAValueFetchedBeforeItsRefusalIsNotSharedAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{fetches: []func() (string, error){after(0, "a"), after(2*time.Second, "a"), after(2*time.Second, "b")}}
		gate := s.gate()
		got, err := gate.Get(t.Context(), patience)
		want(t, got, err, "a")
		time.Sleep(freshFor)
		var callers sync.WaitGroup
		ask := func() {
			callers.Go(func() {
				got, err := gate.Get(t.Context(), patience)
				want(t, got, err, "b")
			})
			synctest.Wait()
		}
		ask() // waits for the second fetch, which has the refused value
		time.Sleep(time.Second)
		gate.Refuse("a", time.Now())
		ask() // joins it
		callers.Wait()
		wantCounts(t, s, 3, 2)
	})
}

func TestASourceMayReturnTheRefusedValueAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{fetches: []func() (string, error){after(0, "a")}}
		gate := s.gate()
		for range 3 {
			got, err := gate.Get(t.Context(), patience)
			want(t, got, err, "a")
			gate.Refuse("a", time.Now())
		}
		wantCounts(t, s, 3, 3)
	})
}

// Callers that were refused the same value tell the gate one after the other.
func TestAFetchThatBeganAfterTheRefusalMayReturnTheValue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{fetches: []func() (string, error){after(0, "a"), after(time.Second, "a")}}
		gate := s.gate()
		_, _ = gate.Get(t.Context(), patience)
		refusedAt := time.Now()
		time.Sleep(1)
		gate.Refuse("a", refusedAt)
		done := make(chan struct{})
		go func() {
			defer close(done)
			got, err := gate.Get(t.Context(), patience)
			want(t, got, err, "a")
		}()
		synctest.Wait()
		gate.Refuse("a", refusedAt)
		<-done
		wantCounts(t, s, 2, 2)
	})
}

func TestALateValueThatWasRefusedIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{fetches: []func() (string, error){after(patience+2*time.Second, "a"), after(5*time.Second, "b")}}
		gate := s.gate()
		_, _ = gate.Get(t.Context(), patience)
		gate.Refuse("a", time.Now())
		got, err := gate.Get(t.Context(), patience)
		want(t, got, err, "b")
	})
}

func TestAPanicReachesEveryCallerAndTheNextFetchIsUnharmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{fetches: []func() (string, error){
			func() (string, error) { time.Sleep(1); panic("boom") },
			after(0, "a"),
		}}
		gate := s.gate()
		var callers sync.WaitGroup
		for range 3 {
			callers.Go(func() {
				defer func() {
					if got := recover(); got != "boom" {
						t.Errorf("recovered %v, want boom", got)
					}
				}()
				_, err := gate.Get(t.Context(), patience)
				t.Errorf("Get returned %v, want a panic", err)
			})
		}
		callers.Wait()
		got, err := gate.Get(t.Context(), patience)
		want(t, got, err, "a")
		wantCounts(t, s, 2, 2)
	})
}
