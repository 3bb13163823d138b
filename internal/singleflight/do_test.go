package singleflight

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestDoReturnsWhatTheFunctionReturns(t *testing.T) {
	t.Parallel()
	got, err := Do(t.Context(), func() (string, error) { return "a", nil })
	want(t, got, err, "a")
	if _, err := Do(t.Context(), failing); err != errFetch {
		t.Errorf("got %v, want %v", err, errFetch)
	}
}

func TestDoReturnsWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func() (string, error){
		"returns late": after(time.Minute, "a"),
		"panics late":  func() (string, error) { time.Sleep(time.Minute); panic("nobody waits") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cause := errors.New("the caller's own cause")
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
				defer cancel()
				start := time.Now()
				if got, err := Do(ctx, f); got != "" || err != cause || time.Since(start) != time.Second {
					t.Errorf("got %q, %v after %v; want the cause after 1s", got, err, time.Since(start))
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestAPanicReachesTheCallerOfDo(t *testing.T) {
	t.Parallel()
	defer func() {
		if got := recover(); got != "boom" {
			t.Errorf("recovered %v, want boom", got)
		}
	}()
	_, err := Do(t.Context(), func() (string, error) { panic("boom") })
	t.Errorf("Do returned %v, want a panic", err)
}

// FailNow of package testing ends the goroutine it is called on.
func TestGoexitEndsTheGoroutineOfTheCallerOfDo(t *testing.T) {
	t.Parallel()
	returned := make(chan bool, 1)
	go func() {
		returns := false
		defer func() { returned <- returns }()
		_, _ = Do(context.Background(), func() (string, error) { runtime.Goexit(); return "", nil })
		returns = true
	}()
	if <-returned {
		t.Error("Do returned, want its goroutine ended")
	}
}
