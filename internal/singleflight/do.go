package singleflight

import (
	"context"
	"runtime"
)

// Do calls f on another goroutine and waits for it until ctx ends. Then Do
// returns ctx's cause and drops the result that f returns later.
//
// A panic of f reaches the caller of Do while the caller waits. So does
// [runtime.Goexit], which FailNow of package testing calls.
func Do[T any](ctx context.Context, f func() (T, error)) (T, error) {
	done := make(chan outcome[T], 1)
	start(f, func(result outcome[T]) { done <- result })
	select {
	case result := <-done:
		return result.deliver()
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// outcome is how a call ended.
type outcome[T any] struct {
	value    T
	err      error
	panicked any  // the value the call panicked with
	exited   bool // the call did not return: it panicked or ended its goroutine
}

// start calls f on a new goroutine, which then calls finish, however f ends.
func start[T any](f func() (T, error), finish func(outcome[T])) {
	go func() {
		result := outcome[T]{exited: true}
		defer func() {
			if result.exited {
				result.panicked = recover()
			}
			finish(result)
		}()
		result.value, result.err = f()
		result.exited = false
	}()
}

// returned reports whether the call returned a value.
func (o *outcome[T]) returned() bool { return !o.exited && o.err == nil }

// deliver returns, panics or ends the goroutine, as the call did.
func (o *outcome[T]) deliver() (T, error) {
	if o.panicked != nil {
		panic(o.panicked)
	}
	if o.exited {
		runtime.Goexit()
	}
	return o.value, o.err
}
