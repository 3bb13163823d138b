// Package singleflight fetches a value once for all concurrent callers.
//
// A [Gate] shares one fetch and its result, abandons a fetch that hangs, and
// fetches again after its value was refused. [Do] is for a single caller.
package singleflight

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrGivenUp reports that a fetch did not return in time.
var ErrGivenUp = errors.New("the fetch did not return in time")

// maxRunning bounds the fetches that run at once: the one that callers wait
// for, and those that were given up and have not returned.
const maxRunning = 16

// Source returns the value, or an error. It has no context: callers stop
// waiting when their own context ends.
type Source[T any] func() (T, error)

// Gate runs one fetch at a time and shares its result. Create one with [New].
// It is safe for concurrent use.
type Gate[T any] struct {
	open     func() Source[T]
	same     func(a, b T) bool
	freshFor time.Duration

	mu      sync.Mutex
	source  Source[T]  // asked by the next fetch; nil: open a new one
	shared  *result[T] // the newest value; nil: none, or it was refused
	current *flight[T] // the fetch callers wait for
	started int        // fetches started so far, which number them
	running int        // fetches that have not returned

	refused     T // the value that fetches up to refusedUpTo must not return
	refusedUpTo int
}

// result is a value and the fetch that returned it.
type result[T any] struct {
	value  T
	number int
	began  time.Time
	at     time.Time
}

// flight is one fetch.
type flight[T any] struct {
	number int
	began  time.Time

	landed     chan struct{} // closed when the fields below are set
	outcome    outcome[T]
	askAgain   bool // the value was refused while the fetch ran
	hasOutcome bool
}

// New returns a gate that shares a value for freshFor after it was fetched.
//
// The gate calls open for a source before its first fetch. It opens another
// one after a fetch that failed, was given up, or returned a value that was
// refused. It asks a source from one goroutine at a time. If open always
// returns the same source, a fetch that was given up can still run during the
// next one.
//
// same reports whether two values are equal.
func New[T any](freshFor time.Duration, same func(a, b T) bool, open func() Source[T]) *Gate[T] {
	return &Gate[T]{open: open, same: same, freshFor: freshFor}
}

// Get returns the shared value while it is fresh. Otherwise it waits for the
// fetch in flight, or starts one. A fetch that has run for about as long as
// patience is given up: Get starts another.
//
// Get returns ctx's cause when ctx ends, and [ErrGivenUp] after patience. A
// panic of the fetch reaches every caller that waits for it.
func (g *Gate[T]) Get(ctx context.Context, patience time.Duration) (T, error) {
	var none T
	var late <-chan time.Time
	for {
		value, flight := g.join(patience)
		if flight == nil {
			return value, nil
		}
		if late == nil {
			late = time.After(patience)
		}
		select {
		case <-flight.landed:
		case <-ctx.Done():
			return none, context.Cause(ctx)
		case <-late:
			return none, ErrGivenUp
		}
		if !flight.askAgain {
			return flight.outcome.deliver()
		}
	}
}

// Refuse reports that value was refused at the given time. If the gate
// shares value, and fetched it before, the next Get opens a new source. A
// fetch that runs now, and began before, does not bring value back: its
// callers wait for another fetch.
func (g *Gate[T]) Refuse(value T, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused, g.refusedUpTo = value, g.started
	if g.current != nil && g.current.began.After(at) {
		g.refusedUpTo = g.current.number - 1
	}
	if g.shared != nil && !g.shared.began.After(at) && g.same(g.shared.value, value) {
		g.shared, g.source = nil, nil
	}
}

// join returns the shared value, or else the flight to wait for.
func (g *Gate[T]) join(patience time.Duration) (T, *flight[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shared != nil && time.Since(g.shared.at) < g.freshFor {
		return g.shared.value, nil
	}
	// An attempt calls Get shortly after its own time has started. A fetch gets
	// a little less time, so the next attempt does not wait for the same fetch.
	if g.current != nil && time.Since(g.current.began) >= patience-patience/10 && g.running < maxRunning {
		g.current = nil
	}
	if g.current == nil {
		g.launch()
	}
	var none T
	return none, g.current
}

// launch starts a flight. The flight takes the source and returns it at the end,
// so no other flight can ask it in the meantime.
func (g *Gate[T]) launch() {
	g.started++
	g.running++
	f := &flight[T]{number: g.started, began: time.Now(), landed: make(chan struct{})}
	source := g.source
	g.current, g.source = f, nil
	start(func() (T, error) {
		if source == nil {
			source = g.open()
		}
		return source()
	}, func(o outcome[T]) { g.land(f, source, o) })
}

// land delivers a flight's outcome to its callers and shares its value.
func (g *Gate[T]) land(f *flight[T], source Source[T], o outcome[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	refused := o.returned() && f.number <= g.refusedUpTo && g.same(o.value, g.refused)
	f.deliver(o, refused)
	useful := o.returned() && !refused
	if g.current == f {
		g.current = nil
		if useful {
			g.source = source
		}
	}
	if !useful || g.shared != nil && g.shared.number > f.number {
		return
	}
	g.shared = &result[T]{value: o.value, number: f.number, began: f.began, at: time.Now()}
	if g.current != nil {
		// f was given up but has returned after all. Its value also ends the
		// wait of the next flight's callers.
		g.current.deliver(o, false)
		g.current = nil
	}
}

// deliver wakes the flight's callers. Only the first outcome counts.
func (f *flight[T]) deliver(o outcome[T], askAgain bool) {
	if f.hasOutcome {
		return
	}
	f.outcome, f.askAgain, f.hasOutcome = o, askAgain, true
	close(f.landed)
}
