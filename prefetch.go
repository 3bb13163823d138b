package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// prefetcher holds the pages being fetched ahead of a pager, in order. Its
// fetches run on goroutines of their own; the rest is not safe for concurrent
// use.
type prefetcher struct {
	queue   []*pageFetch
	running sync.WaitGroup
}

// pageFetch is a page under way.
type pageFetch struct {
	number int
	parent context.Context // of the Next that started it
	cancel context.CancelFunc
	done   chan struct{} // closed when page and err are set
	page   *ListImageResponse
	err    error
}

func (f *prefetcher) len() int { return len(f.queue) }

// following returns the number of the first page that is not under way, given
// the next one the pager will want.
func (f *prefetcher) following(next int) int {
	if len(f.queue) == 0 {
		return next
	}
	return f.queue[len(f.queue)-1].number + 1
}

// start fetches a page in the background.
func (f *prefetcher) start(parent context.Context, number int, fetch func(context.Context, int) (*ListImageResponse, error)) {
	ctx, cancel := context.WithCancel(parent)
	p := &pageFetch{number: number, parent: parent, cancel: cancel, done: make(chan struct{})}
	f.queue = append(f.queue, p)
	f.running.Go(func() {
		defer close(p.done)
		defer cancel()
		p.page, p.err = fetch(ctx, number)
	})
}

// take removes the page of that number and waits for it. Neither a page nor an
// error means that it must be fetched now: it was not under way, or failed only
// because the ctx it was fetched under had ended.
func (f *prefetcher) take(ctx context.Context, number int) (*ListImageResponse, error) {
	if len(f.queue) == 0 || f.queue[0].number != number {
		return nil, nil
	}
	head := f.queue[0]
	f.queue[0] = nil // let go of the page with the slot
	f.queue = f.queue[1:]
	select {
	case <-head.done:
	case <-ctx.Done():
		head.cancel()
		<-head.done // at once, and it knows what had failed before
	}
	switch {
	case head.err == nil || ctx.Err() == nil && head.parent.Err() == nil:
		return head.page, head.err
	case ctx.Err() == nil:
		return nil, nil
	case errors.Is(head.err, ctx.Err()):
		return nil, head.err
	}
	return nil, fmt.Errorf("%w: %w", ctxError(ctx), head.err)
}

// drop cancels all that is under way.
func (f *prefetcher) drop() {
	for _, p := range f.queue {
		p.cancel()
	}
	f.queue = nil
}

// join waits for what was cancelled to end.
func (f *prefetcher) join() {
	f.drop()
	f.running.Wait()
}
