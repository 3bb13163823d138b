// Package prefetch fetches numbered items ahead of their consumer, several at a
// time, and delivers them in order.
package prefetch

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Fetch fetches the item of a number.
type Fetch[T any] func(ctx context.Context, number int) (T, error)

// Queue holds the items being fetched, in the order of their numbers. Fetches
// run on their own goroutines; the methods are for one goroutine at a time. The
// zero Queue is empty and ready to use.
type Queue[T any] struct {
	items   []*item[T]
	running sync.WaitGroup
}

// item is an item in flight, or one that waits for its consumer.
type item[T any] struct {
	number int
	parent context.Context // the ctx of the Fill that started the fetch
	cancel context.CancelFunc
	done   chan struct{} // closed when the fields below are set

	value    T
	err      error
	ended    time.Time
	returned bool // the fetch neither panicked nor ended its goroutine
	panicked any  // the value of its panic
}

// Fill starts fetches until size items are in the queue. It continues after the
// last item in the queue, or starts at from when the queue is empty, and does
// not go beyond to. Fetches end when ctx ends.
func (q *Queue[T]) Fill(ctx context.Context, size, from, to int, fetch Fetch[T]) {
	if n := len(q.items); n > 0 {
		last := q.items[n-1].number
		if last >= to {
			return
		}
		from = last + 1
	}
	for len(q.items) < size && from <= to {
		q.start(ctx, from, fetch)
		if from == to { // which may be the largest int
			return
		}
		from++
	}
}

func (q *Queue[T]) start(parent context.Context, number int, fetch Fetch[T]) {
	ctx, cancel := context.WithCancel(parent)
	it := &item[T]{number: number, parent: parent, cancel: cancel, done: make(chan struct{})}
	q.items = append(q.items, it)
	q.running.Go(func() {
		defer close(it.done)
		defer cancel()
		defer func() {
			it.ended = time.Now()
			if !it.returned {
				it.panicked = recover()
			}
		}()
		it.value, it.err = fetch(ctx, number)
		it.returned = true
	})
}

// Age returns how long the first item of the queue has waited for its consumer. It
// returns 0 while the item is being fetched, or when the queue is empty.
func (q *Queue[T]) Age() time.Duration {
	if len(q.items) == 0 {
		return 0
	}
	select {
	case <-q.items[0].done:
		return time.Since(q.items[0].ended)
	default:
		return 0
	}
}

// Take removes the first item of the queue and waits for it. It reports false
// when the consumer must fetch the item itself: the first item has another
// number, or its fetch failed and the ctx it ran under has ended.
//
// When ctx ends, Take returns an error that matches ctx.Err(), its cause, and
// the failure of the fetch. An item that runs under another ctx then stays in
// the queue. A panic of the fetch continues in Take.
func (q *Queue[T]) Take(ctx context.Context, number int) (value T, found bool, err error) {
	var none T
	if len(q.items) == 0 || q.items[0].number != number {
		return none, false, nil
	}
	it := q.items[0]
	if it.parent.Done() != ctx.Done() {
		select {
		case <-it.done:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return none, true, ended(ctx, nil)
		}
	}
	<-it.done // a fetch under ctx ends with ctx, and its error says what failed before
	q.items[0] = nil
	q.items = q.items[1:]
	if it.panicked != nil {
		panic(it.panicked)
	}
	if !it.returned {
		runtime.Goexit()
	}
	if ctx.Err() != nil {
		return none, true, ended(ctx, it.err)
	}
	if it.err != nil && it.parent.Err() != nil {
		return none, false, nil
	}
	return it.value, true, it.err
}

// Drop empties the queue and cancels its fetches.
func (q *Queue[T]) Drop() {
	for _, it := range q.items {
		it.cancel()
	}
	q.items = nil
}

// Join empties the queue, cancels its fetches, and waits until all fetches ever
// started have ended.
func (q *Queue[T]) Join() {
	q.Drop()
	q.running.Wait()
}

// ended returns an error that matches ctx.Err(), its cause and the failure.
func ended(ctx context.Context, failure error) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	if failure == nil {
		return err
	}
	if errors.Is(failure, ctx.Err()) && errors.Is(failure, context.Cause(ctx)) {
		return failure
	}
	return fmt.Errorf("%w; before that: %w", err, failure)
}
